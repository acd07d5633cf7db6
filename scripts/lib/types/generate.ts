import { loadModule } from '@libpg-query/parser';
import { withClient } from '../client.ts';
import { type RenderOptions, renderRoleTypes } from './render.ts';
import { readRoleModel } from './roles.ts';

/** The text of the types by role, read from a database's catalog. */
export async function generateRoleTypes(url: string, options: RenderOptions): Promise<string> {
  await loadModule();
  return withClient(url, async (client) => renderRoleTypes(await readRoleModel(client), options));
}
