/** The certificate as JSON: in a stable order, to be committed and compared. */
import { z } from 'zod';
import { messageOf, UserError } from '../../errors.ts';
import { type Certificate, OBJECT_KINDS, RULES, type Rule, VERBS } from '../types.ts';
import { cellOrder, compareTexts, findingOrder, TARGETS } from './order.ts';

const strings = z.array(z.string());
const count = z.int().nonnegative();
const ruleNames = Object.keys(RULES) as [Rule, ...Rule[]];

const evidence = z.strictObject({
  sql: z.string(),
  withVictim: z.string(),
  withoutVictim: z.exactOptional(z.string()),
  damage: z.exactOptional(z.string()),
  control: z.exactOptional(z.strictObject({ by: z.string(), sql: z.string(), result: z.string() })),
});

/** The shape of a certificate; the order of the fields is the order in which they are written. */
const schema = z.strictObject({
  format: z.literal(1),
  tool: z.string(),
  server: z.string(),
  summary: z.strictObject({
    result: z.enum(['proven', 'leak', 'unproven']),
    leaks: count,
    unproven: count,
    notCovered: count,
    notes: count,
    excepted: count,
    cells: count,
    denied: count,
    allowed: count,
    statements: count,
  }),
  tenancy: z.strictObject({
    column: z.string(),
    root: z.string().nullable(),
    membership: z.string().nullable(),
    roles: strings,
    schemas: strings,
  }),
  actors: z.array(
    z.strictObject({
      name: z.string(),
      kind: z.enum(['attacker', 'operator']),
      description: z.string(),
    }),
  ),
  objects: z.array(
    z.strictObject({
      name: z.string(),
      kind: z.enum(OBJECT_KINDS),
      scope: z.enum(['tenant', 'shared', 'none']),
      reachable: strings,
    }),
  ),
  findings: z.array(
    z.strictObject({
      id: z.string(),
      level: z.enum(['leak', 'unproven', 'not covered', 'note']),
      rule: z.enum(ruleNames),
      object: z.string(),
      kind: z.enum(OBJECT_KINDS),
      verb: z.enum(VERBS),
      actor: z.string(),
      message: z.string(),
      fix: z.string(),
      exception: z.exactOptional(z.string()),
      evidence: z.exactOptional(evidence),
    }),
  ),
  setup: z.string(),
  cells: z.array(
    z.strictObject({
      object: z.string(),
      kind: z.enum(OBJECT_KINDS),
      actor: z.string(),
      verb: z.enum(VERBS),
      target: z.enum(TARGETS),
      verdict: z.enum(['denied', 'allowed', 'leak', 'unproven', 'not covered']),
      statements: count,
      control: z.exactOptional(z.string()),
      reason: z.exactOptional(z.string()),
    }),
  ),
});

function check(value: unknown, source: string): Certificate {
  const result = schema.safeParse(value);
  if (!result.success) {
    throw new UserError(`${source} is not a certificate`, {
      details: z.prettifyError(result.error),
      fix: 'take a file that the prover wrote with the same version of its format',
    });
  }
  return result.data;
}

/** The same certificate in its one order. */
function inOrder(certificate: Certificate): Certificate {
  return {
    ...certificate,
    objects: [...certificate.objects].sort((a, b) => compareTexts(a.name, b.name)),
    findings: [...certificate.findings].sort(findingOrder),
    cells: [...certificate.cells].sort(cellOrder(certificate)),
  };
}

function field([name, value]: readonly [string, unknown]): string {
  // A cell is a line, so that a difference shows it whole.
  const text =
    name === 'cells' && Array.isArray(value) && value.length > 0
      ? `[\n${value.map((cell) => `    ${JSON.stringify(cell)}`).join(',\n')}\n  ]`
      : JSON.stringify(value, null, 2).replaceAll('\n', '\n  ');
  return `  ${JSON.stringify(name)}: ${text}`;
}

/** The certificate as JSON, indented by two spaces, one line for each cell. */
export function toJson(certificate: Certificate): string {
  // Checking it also puts the fields into their order.
  const fields = Object.entries(check(inOrder(certificate), 'what the prover made'));
  return `{\n${fields.map(field).join(',\n')}\n}\n`;
}

/**
 * Reads a certificate, and checks it.
 *
 * @param source what the user knows the text by, for the error
 */
export function fromJson(text: string, source = 'the text'): Certificate {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${source} is not JSON`, {
      details: messageOf(error),
      fix: 'name a file that the prover wrote as JSON',
    });
  }
  return check(value, source);
}
