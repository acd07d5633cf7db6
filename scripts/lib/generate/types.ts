import { execa } from 'execa';
import { packageBin, rootDir } from '../paths.ts';
import { genTypes } from '../supabase-cli.ts';
import { generatedHeader } from './markdown.ts';

/** TypeScript types of the schema `public`, from the Supabase CLI, formatted like the rest of the repository. */
export async function generateTypes(url: string): Promise<string> {
  const types = await genTypes(url);
  // biome.json leaves generated/ alone; a name outside of it gets the same rules.
  const { stdout } = await execa(
    packageBin('biome'),
    ['format', '--stdin-file-path=database.types.ts'],
    { cwd: rootDir, input: types },
  );
  return `// ${generatedHeader('types')}\n\n${stdout.trim()}\n`;
}
