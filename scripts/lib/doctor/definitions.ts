import type pg from 'pg';
import type { Area, Definition, Finding, Raw } from './types.ts';

/** Reads the definitions from a migrated database. */
export async function readDefinitions(
  client: pg.ClientBase,
): Promise<{ areas: Area[]; checks: Definition[] }> {
  const areas = await client.query<Area>(
    'select area, title, permission from private.diagnosis_areas order by place',
  );
  const checks = await client.query<Definition>(
    `select k.check_id, k.area, k.severity, k.asked_by, k.finding, k.explanation, k.mend, k.mend_sql
       from private.diagnosis_checks as k
       join private.diagnosis_areas as a on a.area = k.area
      order by a.place, array_position('{error,warning,info,ok}', k.severity), k.check_id collate "C"`,
  );
  return { areas: areas.rows, checks: checks.rows };
}

/** The text with `{name}` filled in, in one pass, as `private.fill_in()` does. */
export function fillIn(text: string, evidence: Record<string, unknown>): string {
  return text.replaceAll(/\{([a-z_]+)\}/g, (_, name: string) => String(evidence[name] ?? '?'));
}

/** Puts what a module found into the words of its definition. */
export function toFinding(raw: Raw, checks: readonly Definition[]): Finding {
  const definition = checks.find((check) => check.check_id === raw.check_id);
  if (!definition) {
    throw new Error(`check ${raw.check_id} has no definition in private.diagnosis_checks`);
  }
  const { check_id, area, severity, finding, explanation, mend } = definition;
  return {
    check_id,
    area,
    severity,
    finding: fillIn(finding, raw.evidence),
    explanation: fillIn(explanation, raw.evidence),
    mend: mend === null ? null : fillIn(mend, raw.evidence),
    mend_sql: raw.mend_sql ?? null,
    evidence: raw.evidence,
  };
}
