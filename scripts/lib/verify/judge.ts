/** What the outcomes mean: leak, denial, or nothing that proves anything. */
import type { Actor } from './actors.ts';
import type { VerifyConfig } from './config.ts';
import type { Probe } from './probes/probe.ts';
import type { Outcome } from './session.ts';
import type { Rule } from './types.ts';

/** A statement that was tried by somebody. */
export interface Tried {
  readonly actor: Actor;
  readonly probe: Probe;
  /** With company B's data there. */
  readonly seen: Outcome;
  /** Without it; the repetitions show what differs by itself (generated ids, clocks). */
  unseen: Outcome[];
  /** Rows of company B that came, went or changed. */
  readonly damage: readonly string[];
}

/** The judgement on one try. */
export type Opinion =
  | { readonly kind: 'leak' | 'note'; readonly rule: Rule }
  | { readonly kind: 'denied' | 'allowed' | 'quiet' }
  | { readonly kind: 'odd'; readonly code: string };

const DENIED = '42501';

/** A denial by right, row level security or because nothing was found. */
export function isDenial(outcome: Outcome, config: VerifyConfig): boolean {
  if (outcome.code === null) {
    return outcome.count === 0;
  }
  return (
    outcome.code === DENIED ||
    config.denials.some(({ sqlstate }) => sqlstate === outcome.code) ||
    // PostgreSQL's own refusal of COPY FROM under row level security has a code of its own.
    (outcome.code === '0A000' &&
      /COPY FROM not supported with row.level security/.test(outcome.leaves[0] ?? ''))
  );
}

/** True if both came to the same, but for what differs between repetitions of the second. */
export function isSame(seen: Outcome, unseen: readonly Outcome[]): boolean {
  const [first, ...others] = unseen;
  if (!first) {
    return false;
  }
  const steady = <T>(of: (outcome: Outcome) => T): boolean =>
    others.every((other) => of(other) === of(first));
  if (steady(({ code }) => code) && seen.code !== first.code) {
    return false;
  }
  if (steady(({ count }) => count) && seen.count !== first.count) {
    return false;
  }
  if (seen.leaves.length !== first.leaves.length) {
    return !steady(({ leaves }) => leaves.length);
  }
  return seen.leaves.every((leaf, index) => {
    const one = tokens(first.leaves[index] ?? '');
    const repeated = others.map((other) => tokens(other.leaves[index] ?? ''));
    const mine = tokens(leaf);
    if (mine.length !== one.length) {
      return repeated.some((other) => other.length !== one.length);
    }
    return mine.every(
      (token, place) =>
        token === one[place] || repeated.some((other) => other[place] !== one[place]),
    );
  });
}

function tokens(text: string): string[] {
  return text.match(/[0-9a-f]{8}-[0-9a-f-]{27}|[\w.+:-]+|\s+|[^\w\s]/gi) ?? [];
}

/** What of company B stands in an outcome that did not stand in the question. */
export function foreignWords(tried: Tried, b: { tag: string; idPrefix: string }): string[] {
  const pattern = new RegExp(
    `${b.idPrefix}-0000-4000-8000-[0-9a-f]{12}|[\\w@.-]*${b.tag}[\\w@.-]*`,
    'gi',
  );
  const question =
    `${tried.probe.sql} ${tried.probe.input ?? ''} ${JSON.stringify(tried.actor.settings)}`.toLowerCase();
  // What is answered without company B, too, was made from the question.
  const anyway = new Set(
    tried.unseen.flatMap(({ leaves }) => leaves.flatMap((leaf) => leaf.match(pattern) ?? [])),
  );
  const found = tried.seen.leaves.flatMap((leaf) => leaf.match(pattern) ?? []);
  return [...new Set(found)].filter(
    (word) => !anyway.has(word) && !question.includes(word.toLowerCase()),
  );
}

/** What somebody may do where they may do something. */
function atHome({ probe, seen }: Tried, config: VerifyConfig): Opinion {
  if (seen.code === null) {
    return { kind: seen.count > 0 || probe.judge === 'blind' ? 'allowed' : 'denied' };
  }
  return isDenial(seen, config) ? { kind: 'denied' } : { kind: 'odd', code: seen.code };
}

/** Judges one try. */
export function judge(
  tried: Tried,
  b: { tag: string; idPrefix: string },
  config: VerifyConfig,
): Opinion {
  const { probe, seen, actor } = tried;
  if (actor.kind === 'operator') {
    return probe.rule === 'tenant-changed' && tried.damage.length > 0
      ? { kind: 'leak', rule: 'tenant-changed' }
      : atHome(tried, config);
  }
  if (tried.damage.length > 0) {
    return {
      kind: 'leak',
      rule: probe.rule === 'tenant-changed' ? 'tenant-changed' : 'row-written',
    };
  }
  if (foreignWords(tried, b).length > 0) {
    return { kind: 'leak', rule: 'row-read' };
  }
  if (probe.target === 'own') {
    return isSame(seen, tried.unseen)
      ? atHome(tried, config)
      : { kind: 'leak', rule: 'row-inferred' };
  }
  if (probe.judge === 'privilege') {
    return isDenial(seen, config) && seen.code !== null
      ? { kind: 'denied' }
      : { kind: 'leak', rule: probe.rule };
  }
  if (probe.judge === 'direct' && seen.code === null && seen.count > 0) {
    return { kind: 'leak', rule: probe.rule };
  }
  if (probe.target !== 'shared' || probe.judge !== 'direct') {
    if (!isSame(seen, tried.unseen)) {
      if (probe.unguessable) {
        return { kind: 'note', rule: 'unguessable-id' };
      }
      return {
        kind: 'leak',
        rule: probe.judge === 'oracle' ? probe.rule : 'row-inferred',
      };
    }
  }
  if (isDenial(seen, config)) {
    return { kind: 'denied' };
  }
  if (probe.judge === 'direct') {
    return { kind: 'odd', code: seen.code ?? '' };
  }
  return probe.target === 'shared' && seen.code === null
    ? { kind: 'allowed' }
    : seen.code === null
      ? { kind: 'quiet' }
      : { kind: 'odd', code: seen.code };
}
