import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { Command } from 'commander';
import ts from 'typescript';
import { parseArguments } from './lib/arguments.ts';
import { EXIT, main, UserError } from './lib/errors.ts';
import { rootDir } from './lib/paths.ts';

/** Compiles the commands (from the roots in tsconfig.package.json) and the types that the package exports. */
const PROJECTS = ['tsconfig.package.json', 'types/tsconfig.json'];

/** Folders whose files are read at run time and go along as they are. */
const ASSETS = ['lib/verify/report/page'];

/** Emits one project in memory: path of each file, and its text. */
function compile(project: string): Map<string, string> {
  const file = join(rootDir, project);
  const parsed = ts.getParsedCommandLineOfConfigFile(file, undefined, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
      throw new UserError(ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'));
    },
  });
  if (parsed === undefined) {
    throw new UserError(`${project} is no project of TypeScript`);
  }
  const program = ts.createProgram(parsed.fileNames, parsed.options);
  const emitted = new Map<string, string>();
  // `npm run check` has the types checked; here only what would leave a file unwritten matters.
  const { diagnostics, emitSkipped } = program.emit(undefined, (path, text) => {
    emitted.set(path, text);
  });
  const problems = [...program.getSyntacticDiagnostics(), ...diagnostics];
  if (emitSkipped || problems.length > 0) {
    throw new UserError(`${project} does not compile`, {
      details: ts.formatDiagnostics(problems, {
        getCanonicalFileName: (name) => name,
        getCurrentDirectory: () => rootDir,
        getNewLine: () => '\n',
      }),
      fix: 'npx tsc --noEmit -p .',
      exitCode: EXIT.failed,
    });
  }
  return emitted;
}

/** Replaces a file at once, and only if it changes: two builds at a time do no harm to each other. */
async function put(file: string, text: string): Promise<void> {
  if ((await readFile(file, 'utf8').catch(() => undefined)) === text) {
    return;
  }
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, text);
  await rename(temporary, file);
}

await main(import.meta.url, async () => {
  parseArguments(
    new Command('npm run build --')
      .description('Compiles what the package ships into dist/. npm pack does it by itself.')
      .addHelpText('after', '\nExit codes: 0 compiled, 1 it does not compile.'),
  );
  const emitted = new Map(PROJECTS.flatMap((project) => [...compile(project)]));
  for (const folder of ASSETS) {
    for (const name of await readdir(join(rootDir, 'scripts', folder))) {
      const text = await readFile(join(rootDir, 'scripts', folder, name), 'utf8');
      emitted.set(join(rootDir, 'dist', folder, name), text);
    }
  }
  for (const [file, text] of emitted) {
    await put(file, text);
  }
  const dist = join(rootDir, 'dist');
  for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    // A file of a build that runs at the same time ends in its process id.
    if (entry.isFile() && !emitted.has(file) && !/\.\d+$/.test(file)) {
      await rm(file);
    }
  }
  process.stderr.write(`${emitted.size} files in ${relative(process.cwd(), dist)}\n`);
  return EXIT.ok;
});
