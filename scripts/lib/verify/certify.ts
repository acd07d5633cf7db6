/** From tries to cells and findings. */

import type { Actor } from './actors.ts';
import type { VerifyConfig } from './config.ts';
import { foreignWords, judge, type Opinion, type Tried } from './judge.ts';
import type { Probe, Scene } from './probes/probe.ts';
import { describeOutcome, scriptOf } from './session.ts';
import type { ActorSummary, Cell, Finding, Rule, Target, Verb, Verdict } from './types.ts';
import { RULES, VERBS } from './types.ts';
import { type Control, controlOf } from './world.ts';

/** What to do, in one sentence. */
const FIXES: Readonly<Record<Rule, string>> = {
  'row-read':
    'compare the company in the policy (USING), and let views be security_invoker and functions filter by the caller’s company',
  'row-inferred':
    'let the answer depend on the caller’s company only: filter by it in every query behind the answer',
  'row-written':
    'compare the company in USING and WITH CHECK of every policy that allows the command, and in every definer function that writes',
  'tenant-changed':
    'give UPDATE policies a WITH CHECK on the company, leave the column out of UPDATE grants, and refuse the change in a trigger',
  'reference-crossed': 'make the foreign key composite so that it carries the company',
  'unique-oracle': 'let the unique constraint begin with the company',
  'shared-written': 'revoke the verb from the API roles',
  'definer-search-path': 'set search_path on the function',
  'sequence-exposed':
    'revoke all on the sequence from the API roles; identity columns need no grant',
  'publication-deletes': 'publish inserts and updates only',
  'default-privileges': 'revoke the default privileges',
  'unprotectable-relation': 'revoke select',
  'planner-estimate': 'know it; refuse count=planned and EXPLAIN at the API',
  'unguessable-id': 'know it, or begin the key with the company',
  'not-a-denial':
    'raise SQLSTATE 42501, or list the SQLSTATE under `denials` with a reason; if the statement itself is wrong, give values under `rows` or `functions`',
  'no-control':
    'give the prover a row or a parameter with which the statement works for somebody, under `rows`, `functions` or `members`',
  'not-covered': 'give values for the columns under `rows` in the configuration',
};

interface Judged {
  readonly tried: Tried;
  readonly opinion: Opinion;
}

/** Cells and findings of all tries. */
export function certify(
  scene: Scene,
  tried: readonly Tried[],
  controls: ReadonlyMap<string, Control>,
): { cells: Cell[]; findings: Finding[] } {
  const cells: Cell[] = [];
  const findings: Finding[] = [];
  for (const group of grouped(scene, tried).values()) {
    const { cell, found } = concludeCell(scene, group, controls);
    cells.push(cell);
    findings.push(...found);
  }
  return { cells, findings };
}

function grouped(scene: Scene, tried: readonly Tried[]): Map<string, Judged[]> {
  const groups = new Map<string, Judged[]>();
  for (const one of tried) {
    const { actor, probe } = one;
    const key = `${actor.name}\n${probe.object}\n${probe.verb}\n${probe.target}`;
    const judged = { tried: one, opinion: judge(one, scene.b.party, scene.config) };
    const group = groups.get(key);
    if (group) {
      group.push(judged);
    } else {
      groups.set(key, [judged]);
    }
  }
  return groups;
}

function concludeCell(
  scene: Scene,
  group: readonly Judged[],
  controls: ReadonlyMap<string, Control>,
): { cell: Cell; found: Finding[] } {
  const first = group[0]?.tried as Tried;
  const { actor, probe } = first;
  const base = {
    actor: actor.name,
    object: probe.object,
    kind: probe.kind,
    verb: probe.verb,
    target: probe.target,
    statements: group.length,
  };
  const found: Finding[] = [];
  const leaks = group.filter(({ opinion }) => opinion.kind === 'leak');
  for (const rule of new Set(leaks.map(({ opinion }) => ruleOf(opinion)))) {
    const worst = leaks.find(({ opinion }) => ruleOf(opinion) === rule);
    if (worst) {
      found.push(
        finding('leak', rule, worst.tried, controls, leakMessage(scene, worst.tried, rule)),
      );
    }
  }
  if (leaks.length > 0) {
    return { cell: { ...base, verdict: 'leak', reason: found[0]?.message ?? '' }, found };
  }
  const note = group.find(({ opinion }) => opinion.kind === 'note');
  if (note) {
    const rule = ruleOf(note.opinion);
    found.push(
      finding(
        'note',
        rule,
        note.tried,
        controls,
        `${actor.name} can tell in ${probe.object} whether a random id that they were told exists`,
      ),
    );
  }
  if (probe.target === 'own' || actor.kind === 'operator') {
    const allowed = group.some(({ opinion }) => opinion.kind === 'allowed');
    const odd = group.find(({ opinion }) => opinion.kind === 'odd');
    return {
      cell: {
        ...base,
        verdict: allowed ? 'allowed' : 'denied',
        ...(odd && !allowed ? { reason: `fails with ${describeOutcome(odd.tried.seen)}` } : {}),
      },
      found,
    };
  }
  const problem = unproven(group, controls);
  if (problem) {
    found.push(
      finding(
        'unproven',
        problem.rule,
        problem.tried,
        controls,
        `${actor.name}, ${probe.verb} on ${probe.object}: ${problem.message}`,
      ),
    );
    return { cell: { ...base, verdict: 'unproven', reason: problem.message }, found };
  }
  const open = probe.target === 'shared' && group.some(({ opinion }) => opinion.kind === 'allowed');
  const control = group
    .map(({ tried }) => controlOf(controls, tried))
    .find((one) => one !== undefined);
  return {
    cell: {
      ...base,
      verdict: open ? 'allowed' : 'denied',
      ...(control ? { control: control.by.name } : {}),
    },
    found,
  };
}

function ruleOf(opinion: Opinion): Rule {
  return 'rule' in opinion ? opinion.rule : 'no-control';
}

/** Why a group of refused tries proves nothing. */
function unproven(
  group: readonly Judged[],
  controls: ReadonlyMap<string, Control>,
): { rule: Rule; tried: Tried; message: string } | undefined {
  const aimed = group.filter(
    ({ tried }) => tried.probe.judge === 'direct' || tried.probe.judge === 'privilege',
  );
  for (const { tried, opinion } of aimed) {
    if (opinion.kind === 'odd') {
      return {
        rule: 'not-a-denial',
        tried,
        message: `it fails with ${describeOutcome(tried.seen)}`,
      };
    }
    if (!controlOf(controls, tried)) {
      return {
        rule: 'no-control',
        tried,
        message: 'nobody at all can do this here, so the refusal proves nothing',
      };
    }
  }
  if (aimed.length > 0 || group.every(({ tried }) => tried.probe.judge === 'oracle')) {
    return undefined;
  }
  const shown = group.some(
    ({ tried, opinion }) =>
      opinion.kind !== 'odd' &&
      (opinion.kind === 'allowed' || controlOf(controls, tried) !== undefined),
  );
  const example = group[0];
  if (shown || !example) {
    return undefined;
  }
  const odd = group.every(({ opinion }) => opinion.kind === 'odd');
  return odd
    ? {
        rule: 'not-a-denial',
        tried: example.tried,
        message: `it fails with ${describeOutcome(example.tried.seen)}`,
      }
    : {
        rule: 'no-control',
        tried: example.tried,
        message: 'it works for nobody, or shows nothing to anybody',
      };
}

function leakMessage(scene: Scene, tried: Tried, rule: Rule): string {
  const { actor, probe, seen, damage } = tried;
  const what = `${actor.name} (${probe.verb} on ${probe.object})`;
  if (damage.length > 0) {
    const tables = [...new Set(damage.map((line) => line.slice(2).split(' | ')[0]))].join(', ');
    return rule === 'tenant-changed'
      ? `${what} moves a row of ${tables} to another company`
      : `${what} changes rows of company B in ${tables}`;
  }
  if (probe.judge === 'privilege') {
    return `${what} has the right to: ${RULES[rule]}`;
  }
  const words = foreignWords(tried, scene.b.party);
  if (words.length > 0) {
    return `${what} gets values of company B: ${words.slice(0, 3).join(', ')}`;
  }
  if (rule === 'row-inferred' || rule === 'unique-oracle' || rule === 'reference-crossed') {
    return `${what} gets another answer when company B has data: ${RULES[rule]}`;
  }
  return `${what} reaches ${seen.count} ${seen.count === 1 ? 'row' : 'rows'}: ${RULES[rule]}`;
}

function finding(
  level: Finding['level'],
  rule: Rule,
  tried: Tried,
  controls: ReadonlyMap<string, Control>,
  message: string,
): Finding {
  const { actor, probe, seen, unseen, damage } = tried;
  const control = controlOf(controls, tried);
  const without = unseen[0];
  return {
    id: `${rule}:${probe.object}:${probe.verb}:${actor.name}`,
    level,
    rule,
    object: probe.object,
    kind: probe.kind,
    verb: probe.verb,
    actor: actor.name,
    message,
    fix: FIXES[rule],
    evidence: {
      sql: scriptOf(actor, probe),
      withVictim: describeOutcome(seen),
      ...(without ? { withoutVictim: describeOutcome(without) } : {}),
      ...(damage.length > 0 ? { damage: damage.join('\n') } : {}),
      ...(control
        ? {
            control: {
              by: control.by.name,
              sql: scriptOf(control.by, { ...probe, sql: probe.control ?? probe.sql }),
              result: describeOutcome(control.outcome),
            },
          }
        : {}),
    },
  };
}

/** A finding about what could not be tried. */
export function notCovered(
  object: string,
  kind: Probe['kind'],
  actor: string,
  reason: string,
  verb: Verb = 'select',
): Finding {
  return {
    id: `not-covered:${object}:${verb}:${actor}`,
    level: 'not covered',
    rule: 'not-covered',
    object,
    kind,
    verb,
    actor,
    message: `${actor ? `${actor}: ` : ''}${object} could not be tried: ${reason}`,
    fix: FIXES['not-covered'],
  };
}

/** Marks the findings that the configuration allows. */
export function applyExceptions(
  findings: readonly Finding[],
  config: VerifyConfig,
): { findings: Finding[]; unused: string[] } {
  const used = new Set<number>();
  const marked = findings.map((one): Finding => {
    const index = config.exceptions.findIndex(
      (exception) =>
        matches(exception.object, one.object) &&
        (exception.rule === undefined || exception.rule === one.rule) &&
        (exception.verb === undefined || exception.verb === one.verb) &&
        (exception.actor === undefined || matches(exception.actor, one.actor)),
    );
    const exception = config.exceptions[index];
    if (!exception || one.level === 'note') {
      return one;
    }
    used.add(index);
    return { ...one, exception: exception.reason };
  });
  return {
    findings: marked,
    unused: config.exceptions
      .filter((_, index) => !used.has(index))
      .map(({ object, rule }) => `${object}${rule ? ` (${rule})` : ''}`),
  };
}

function matches(pattern: string, text: string): boolean {
  const regex = pattern
    .split('*')
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${regex}$`).test(text);
}

const LEVELS: readonly Finding['level'][] = ['leak', 'unproven', 'not covered', 'note'];

/** Stable order of findings. */
export function sortFindings(
  findings: readonly Finding[],
  actors: readonly ActorSummary[],
): Finding[] {
  const rank = new Map(actors.map(({ name }, index) => [name, index]));
  return findings.toSorted(
    (one, two) =>
      LEVELS.indexOf(one.level) - LEVELS.indexOf(two.level) ||
      compare(one.object, two.object) ||
      VERBS.indexOf(one.verb) - VERBS.indexOf(two.verb) ||
      compare(one.rule, two.rule) ||
      (rank.get(one.actor) ?? -1) - (rank.get(two.actor) ?? -1),
  );
}

const TARGETS: readonly Target[] = ['own', 'other', 'shared'];

/** Stable order of cells. */
export function sortCells(cells: readonly Cell[], actors: readonly ActorSummary[]): Cell[] {
  const rank = new Map(actors.map(({ name }, index) => [name, index]));
  return cells.toSorted(
    (one, two) =>
      compare(one.object, two.object) ||
      (rank.get(one.actor) ?? -1) - (rank.get(two.actor) ?? -1) ||
      VERBS.indexOf(one.verb) - VERBS.indexOf(two.verb) ||
      TARGETS.indexOf(one.target) - TARGETS.indexOf(two.target),
  );
}

function compare(one: string, two: string): number {
  return one < two ? -1 : one > two ? 1 : 0;
}

/** How many cells have a verdict. */
export function countVerdict(cells: readonly Cell[], verdict: Verdict): number {
  return cells.filter((cell) => cell.verdict === verdict).length;
}

/** How an actor stands in the certificate. */
export function summaryOf(actor: Actor): ActorSummary {
  return {
    name: actor.name,
    kind: actor.kind === 'operator' ? 'operator' : 'attacker',
    description: actor.description,
  };
}
