import pc from 'picocolors';
import type { Collision } from './collisions.ts';
import { PACKAGE } from './package-files.ts';
import type { Plan } from './plan.ts';
import type { Status } from './status.ts';

function collisionLines({ object, where, why, fix, accept }: Collision): string[] {
  return [
    `${pc.red('✘')} ${object} ${pc.dim(`· ${where}`)}`,
    `    ${why}`,
    `    ${pc.cyan('fix')} ${fix}${accept ? ` (--accept ${accept})` : ''}`,
  ];
}

/** A plan for people: what is done, or would be, and what comes next. */
export function describePlan(plan: Plan, isDryRun: boolean): string {
  const lines: string[] = [];
  if (plan.collisions.length > 0) {
    lines.push(...plan.collisions.flatMap(collisionLines), '');
    lines.push(
      `${plan.collisions.length} of these stand in the way; nothing was written or applied.`,
    );
    return `${lines.join('\n')}\n`;
  }
  for (const { path, how } of plan.writes) {
    lines.push(`${pc.green(how === 'create' ? '+' : '~')} ${path}`);
  }
  lines.push(...plan.accepted.map(({ object }) => `${pc.yellow('!')} accepted: ${object}`));
  lines.push(...plan.notes.map((note) => `${pc.dim('·')} ${note}`));
  lines.push(...plan.todo.map((text) => `${pc.yellow('!')} ${text}`));
  const done = isDryRun ? 'would be written (dry run)' : 'written';
  lines.push(
    plan.writes.length === 0
      ? `${PACKAGE} ${plan.to}: nothing to do`
      : `${PACKAGE} ${plan.from !== undefined && plan.from !== plan.to ? `${plan.from} → ` : ''}${plan.to}: ${plan.writes.length} files ${done}, ${plan.newMigrations.length} of them new migrations`,
  );
  if (plan.next.length > 0) {
    lines.push('', 'Next:', ...plan.next.map((step) => `  ${step}`));
  }
  return `${lines.join('\n')}\n`;
}

/** How a project stands, for people. */
export function describeStatus(status: Status): string {
  const list = (mark: string, paths: readonly string[], what: string): string[] =>
    paths.map((path) => `${mark} ${path} ${pc.dim(`· ${what}`)}`);
  const bad = pc.red('✘');
  const open = pc.yellow('!');
  const database = status.database;
  return `${[
    `${PACKAGE} ${status.installed} installed, ${status.migrations} migrations, for ${status.tool === 'dbmate' ? 'dbmate' : 'the Supabase CLI'}; this is ${status.package}`,
    ...list(
      bad,
      status.changed,
      'changed here; restore it, and change things in a migration of your own',
    ),
    ...list(bad, status.missing, 'missing; restore it, or run init again'),
    ...list(open, status.available, 'new in this version of the package; run upgrade'),
    ...(database === undefined
      ? [`${pc.dim('·')} --db <url> shows what is applied`]
      : [
          `${pc.dim('·')} ${database.applied} applied in the database, ${database.pending.length} pending`,
          ...list(open, database.pending, 'not applied yet'),
          ...list(bad, database.applied_otherwise, 'applied with another text than the file has'),
        ]),
    status.is_current ? `${pc.green('✔')} nothing to do` : 'there is something to do',
  ].join('\n')}\n`;
}
