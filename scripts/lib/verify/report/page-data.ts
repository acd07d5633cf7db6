/** What the page gets: the certificate with its cells as rows of numbers, so that 15,000 of them stay small. */
import { type Certificate, type Finding, RULES, VERB_MEANINGS, VERBS } from '../types.ts';
import { cellReader, PROBLEMS, STATUSES } from './cells.ts';
import { flawsOf } from './flaws.ts';
import { LETTER_MEANINGS, VERB_LETTERS } from './matrix.ts';
import { allActors, LEVEL_TITLES, LEVELS, objectsByKind, TARGETS } from './order.ts';
import { SIGNS } from './terminal-matrix.ts';

/** The order of a cell's numbers. `control` and `reason` are places among the texts, -1 for none. */
const CELL_FIELDS = [
  'object',
  'actor',
  'verb',
  'target',
  'status',
  'statements',
  'control',
  'reason',
] as const;

/** Keeps each text once. */
function textStore(): { readonly texts: string[]; place(text: string | undefined): number } {
  const texts: string[] = [];
  const places = new Map<string, number>();
  return {
    texts,
    place(text) {
      if (text === undefined) {
        return -1;
      }
      const place = places.get(text) ?? texts.push(text) - 1;
      places.set(text, place);
      return place;
    },
  };
}

function placesOf(names: readonly string[]): (name: string) => number {
  const places = new Map(names.map((name, index) => [name, index]));
  return (name) => places.get(name) ?? -1;
}

function cellRows(
  certificate: Certificate,
  objects: readonly string[],
  store: ReturnType<typeof textStore>,
): readonly (readonly number[])[] {
  const reader = cellReader(certificate);
  const objectPlace = placesOf(objects);
  const actorPlace = placesOf(allActors(certificate).map((actor) => actor.name));
  return certificate.cells.map((cell) => {
    const numbers: Record<(typeof CELL_FIELDS)[number], number> = {
      object: objectPlace(cell.object),
      actor: actorPlace(cell.actor),
      verb: VERBS.indexOf(cell.verb),
      target: TARGETS.indexOf(cell.target),
      status: STATUSES.indexOf(reader.status(cell)),
      statements: cell.statements,
      control: store.place(cell.control),
      reason: store.place(cell.reason),
    };
    return CELL_FIELDS.map((name) => numbers[name]);
  });
}

/** Everything that the page shows, as JSON can hold it. */
export function pageData(certificate: Certificate): object {
  const { tool, server, tenancy, summary, setup, findings } = certificate;
  const actors = allActors(certificate);
  const objects = objectsByKind(certificate).flatMap((group) => group.objects);
  const store = textStore();
  const places = new Map<Finding, number>(findings.map((finding, index) => [finding, index]));
  return {
    certificate: { tool, server, tenancy, summary, setup, actors, objects, findings },
    cells: cellRows(
      certificate,
      objects.map((one) => one.name),
      store,
    ),
    cellFields: CELL_FIELDS,
    texts: store.texts,
    flaws: flawsOf(findings).map((flaw) => ({
      first: places.get(flaw.finding),
      findings: flaw.findings.map((finding) => places.get(finding)),
    })),
    verbs: VERBS.map((name) => ({
      name,
      meaning: VERB_MEANINGS[name],
      letter: VERB_LETTERS[name] ?? '',
    })),
    letters: LETTER_MEANINGS,
    targets: TARGETS,
    statuses: STATUSES.map((name) => ({ name, sign: SIGNS[name], problem: PROBLEMS.has(name) })),
    levels: LEVELS.map((name) => ({ name, title: LEVEL_TITLES[name] })),
    rules: RULES,
  };
}
