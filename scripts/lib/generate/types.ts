import { execa } from 'execa';
import { packageBin, rootDir } from '../paths.ts';
import { genTypes } from '../supabase-cli.ts';
import { generateRoleTypes } from '../types/generate.ts';
import { generatedHeader } from './markdown.ts';

/** TypeScript types of the schema `public`, from the Supabase CLI, formatted like the rest of the repository. */
export async function generateTypes(url: string): Promise<string> {
  const types = await formatted('database.types.ts', await genTypes(url));
  return `// ${generatedHeader('types')}\n\n${types}`;
}

/** The same cut down to what each role may read, write and call, with null where it can be. */
export async function generateTypesByRole(url: string): Promise<string> {
  const types = await generateRoleTypes(url, {
    header: [
      generatedHeader('role-types'),
      'From the grants, policies and functions in the catalog, and from private.role_permissions.',
    ],
    generated: './database.types.ts',
    scope: '../types/scope.ts',
  });
  return formatted('roles.types.ts', types);
}

/** Formatted as the rest; biome.json leaves generated/ alone, a name outside of it gets the same rules. */
async function formatted(name: string, text: string): Promise<string> {
  const { stdout } = await execa(packageBin('biome'), ['format', `--stdin-file-path=${name}`], {
    cwd: rootDir,
    input: text,
  });
  return `${stdout.trim()}\n`;
}
