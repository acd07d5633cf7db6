/** The types of the package's schema, whole and by role, for supabase-js. */
export { Constants, type Json } from '../generated/database.types.ts';
export type {
  Access,
  CompositeTypes,
  Database,
  Enums,
  FunctionArgs,
  FunctionReturns,
  Nulls,
  Role,
  Tables,
  TablesInsert,
  TablesUpdate,
} from '../generated/roles.types.ts';
export type {
  GeneratedSchema,
  NullCorrections,
  RoleAccess,
  Scoped,
  TableAccess,
} from './scope.ts';
