import { relative } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import pc from 'picocolors';
import { EXIT, main, printError, UserError } from './lib/errors.ts';
import { deviations, renderMatrix } from './lib/matrix.ts';
import { createReporter } from './lib/output.ts';
import { createStack, type Stack } from './lib/stack.ts';

/** What `npm start` understands. */
export interface StartOptions {
  once?: boolean;
  json?: boolean;
  db?: string;
  port?: number;
}

/** Adds the options of `npm start` to a command. */
export function addStartOptions(command: Command): Command {
  return command
    .option('--once', 'exit after printing: 0, or 1 if a cell of the matrix is not as declared')
    .option('--json', 'print JSON on stdout; progress goes to stderr')
    .option('--db <url>', 'use this database instead of the embedded one')
    .option(
      '--port <port>',
      'port of the base URL (default: 54321, or the next free one)',
      parsePort,
    );
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new InvalidArgumentError('a port is a number from 1 to 65535');
  }
  return port;
}

/** Starts the stack, prints how to use it, and stays until it is told to stop. */
export async function start(options: StartOptions): Promise<number> {
  const stack = createStack({
    reporter: createReporter(),
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.db === undefined ? {} : { db: options.db }),
  });
  let up = false;
  const told = new Promise<NodeJS.Signals>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      let times = 0;
      process.on(name, () => {
        times += 1;
        if (times > 1) {
          // Impatient: children get their signal from the exit handler.
          process.exit(130);
        }
        resolve(name);
      });
    }
  });
  const begun = stack.start();
  // When the start is interrupted its own failure is of no interest any more.
  begun.catch(() => undefined);
  try {
    const first = await Promise.race([begun, told]);
    if (typeof first === 'string') {
      return 130;
    }
    up = true;
    print(first, options);
    const matrixIsFine = !first.matrix || deviations(first.matrix).length === 0;
    if (options.once) {
      return matrixIsFine ? EXIT.ok : EXIT.failed;
    }
    if (!options.json) {
      process.stderr.write(`\n${pc.green('Ready.')} Ctrl-C stops everything.\n`);
    }
    const end = await Promise.race([told, first.broken.then((part) => ({ part }))]);
    if (typeof end === 'object') {
      return printError(
        new UserError(`${end.part} has ended by itself.`, {
          fix: 'see the logs in .lytbub, then run `npm start` again',
          exitCode: EXIT.tool,
        }),
      );
    }
    return EXIT.ok;
  } finally {
    if (up && !options.once && !options.json) {
      process.stderr.write(`${pc.dim('stopping …')}\n`);
    }
    await stack.stop();
  }
}

function print(stack: Stack, options: StartOptions): void {
  if (options.json) {
    process.stdout.write(`${JSON.stringify(asJson(stack), null, 2)}\n`);
    return;
  }
  const rows: [string, string][] = [
    ['Base URL', `${stack.url}   (supabase-js, /rest/v1, /functions/v1)`],
    ['Functions', stack.functions.map((name) => `${stack.url}/functions/v1/${name}`).join(' ')],
    ['Database', stack.dbUrl],
    ...(stack.superUrl ? [['Superuser', stack.superUrl] as [string, string]] : []),
    ['anon key', stack.keys.anonKey],
    ['service key', stack.keys.serviceRoleKey],
    ['JWT secret', stack.jwtSecret],
  ];
  const lines = ['', ...rows.map(([name, value]) => `${pc.bold(name.padEnd(12))}${value}`)];
  lines.push(
    pc.dim('Keys, secret and passwords are the well-known ones for local development.'),
    '',
  );
  for (const person of stack.cast) {
    lines.push(
      `${pc.bold(person.name)} ${pc.dim(person.description)}`,
      `  ${curl(stack, person.headersFile)}`,
    );
  }
  if (stack.matrix) {
    lines.push('', renderMatrix(stack.matrix).trimEnd());
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}

function curl(stack: Stack, headersFile: string): string {
  const file = relative(process.cwd(), headersFile);
  const quoted = /^[\w./-]+$/.test(file) ? `@${file}` : `'@${file}'`;
  return `curl -s -H ${quoted} '${stack.url}/rest/v1/services?select=name'`;
}

function asJson(stack: Stack): unknown {
  const wrong = stack.matrix ? deviations(stack.matrix) : [];
  return {
    url: stack.url,
    rest_url: `${stack.url}/rest/v1`,
    functions_url: `${stack.url}/functions/v1`,
    functions: stack.functions,
    db_url: stack.dbUrl,
    db_superuser_url: stack.superUrl ?? null,
    anon_key: stack.keys.anonKey,
    service_role_key: stack.keys.serviceRoleKey,
    jwt_secret: stack.jwtSecret,
    cast: stack.cast.map((person) => ({
      name: person.name,
      description: person.description,
      token: person.token,
      curl: curl(stack, person.headersFile),
    })),
    matrix: stack.matrix ? { cells: stack.matrix.cells, deviations: wrong } : null,
  };
}

await main(import.meta.url, async () => {
  const command = addStartOptions(
    new Command('npm start --')
      .description('Start the local stack: PostgreSQL, PostgREST, edge functions, one base URL.')
      .addHelpText(
        'after',
        '\nExit codes: 0 stopped or --once and all as declared; 1 a cell of the matrix is not as declared;\n2 it cannot run here; 3 it already runs; 4 a program that it needs failed; 130 interrupted while starting.',
      ),
  );
  command.exitOverride().parse();
  return start(command.opts<StartOptions>());
});
