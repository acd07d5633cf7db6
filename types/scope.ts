/** How the types of a database are cut down to what one role may read, write and call. */

/** What the Supabase CLI generates for a schema. */
export interface GeneratedSchema {
  Tables: Record<string, GeneratedTable>;
  Views: Record<string, { Row: object; Relationships: readonly unknown[] }>;
  Functions: Record<string, { Args: unknown; Returns: unknown }>;
  Enums: object;
  CompositeTypes: object;
}

interface GeneratedTable {
  Row: object;
  Insert: object;
  Update: object;
  Relationships: readonly unknown[];
}

/** Columns of a table that a role may read, insert and update; `string` for all, `never` for none. */
export interface TableAccess {
  select: string;
  insert: string;
  update: string;
}

/** What a role may do. */
export interface RoleAccess {
  Tables: Record<string, TableAccess>;
  Views: Record<string, { select: string }>;
  /** Names of the functions that it may call. */
  Functions: string;
}

/**
 * What the generated types get wrong about null, because the CLI reads no more than the catalog: it takes no column of
 * a view for certain, and every column of a function's result.
 */
export interface NullCorrections {
  /** Columns of views that are never null. */
  Views: Record<string, string>;
  /** Functions whose parameters or results differ. */
  Functions: Record<
    string,
    {
      /** Parameters that may be null. */
      args: string;
      /** Columns of the result that may be null; `true` for a single value that may be. */
      nullable: string | true;
      /** Columns of the result that are never null although they are those of a composite type. */
      required: string;
    }
  >;
}

type Some<T, Columns> = Pick<T, Extract<keyof T, Columns>>;

/** `never` where nothing may be written, so that no call with values compiles. */
type Writable<T, Columns> = [Columns] extends [never] ? never : Some<T, Columns>;

type Corrected<T, Nullable, Required> = {
  [K in keyof T]: K extends Nullable ? T[K] | null : K extends Required ? NonNullable<T[K]> : T[K];
};

/** Relationships to tables and views that the role can read; the others could not be embedded. */
type Reachable<T extends readonly unknown[], Names> = T extends readonly [
  infer First,
  ...infer Rest,
]
  ? First extends { referencedRelation: Names }
    ? [First, ...Reachable<Rest, Names>]
    : Reachable<Rest, Names>
  : [];

type Result<T, Nullable, Required> = Nullable extends true
  ? T | null
  : [Nullable | Required] extends [never]
    ? T
    : T extends readonly (infer Row)[]
      ? Row extends object
        ? Corrected<Row, Nullable, Required>[]
        : T
      : T extends object
        ? Corrected<T, Nullable, Required>
        : T;

type WithNulls<F, C> = F extends { Args: infer Args; Returns: infer Returns }
  ? C extends { args: infer A; nullable: infer N; required: infer R }
    ? Omit<F, 'Args' | 'Returns'> & {
        Args: [Args] extends [never] ? never : Corrected<Args, A, never>;
        Returns: Result<Returns, N, R>;
      }
    : F
  : F;

type ReadableNames<A extends RoleAccess> =
  | {
      [T in keyof A['Tables']]: [A['Tables'][T]['select']] extends [never] ? never : T;
    }[keyof A['Tables']]
  | keyof A['Views'];

/** The types of a database for one role: the tables, columns and functions in reach, and what is null as it is. */
export type Scoped<
  Full extends { public: GeneratedSchema },
  A extends RoleAccess,
  N extends NullCorrections,
> = Omit<Full, Exclude<keyof Full, '__InternalSupabase'>> & {
  public: {
    Tables: {
      [T in Extract<keyof Full['public']['Tables'], keyof A['Tables']>]: {
        Row: Some<Full['public']['Tables'][T]['Row'], A['Tables'][T]['select']>;
        Insert: Writable<Full['public']['Tables'][T]['Insert'], A['Tables'][T]['insert']>;
        Update: Writable<Full['public']['Tables'][T]['Update'], A['Tables'][T]['update']>;
        Relationships: Reachable<Full['public']['Tables'][T]['Relationships'], ReadableNames<A>>;
      };
    };
    Views: {
      [V in Extract<keyof Full['public']['Views'], keyof A['Views']>]: {
        Row: Corrected<
          Some<Full['public']['Views'][V]['Row'], A['Views'][V]['select']>,
          never,
          V extends keyof N['Views'] ? N['Views'][V] : never
        >;
        Relationships: Reachable<Full['public']['Views'][V]['Relationships'], ReadableNames<A>>;
      };
    };
    Functions: {
      [F in Extract<keyof Full['public']['Functions'], A['Functions']>]: WithNulls<
        Full['public']['Functions'][F],
        F extends keyof N['Functions'] ? N['Functions'][F] : undefined
      >;
    };
    Enums: Full['public']['Enums'];
    CompositeTypes: Full['public']['CompositeTypes'];
  };
};
