/** How much a finding matters. `info` works as configured, and is said because somebody may wonder. */
export type Severity = 'ok' | 'info' | 'warning' | 'error';

/** An area of the diagnosis, as `private.diagnosis_areas` has it. */
export interface Area {
  area: string;
  title: string;
  permission: string | null;
}

/** The definition of a check, as `private.diagnosis_checks` has it. */
export interface Definition {
  check_id: string;
  area: string;
  severity: Severity;
  asked_by: 'diagnose' | 'doctor';
  finding: string;
  explanation: string;
  mend: string | null;
  mend_sql: string | null;
}

/** What was found, in the words of its definition. */
export interface Finding {
  check_id: string;
  area: string;
  severity: Severity;
  finding: string;
  explanation: string;
  mend: string | null;
  /** A statement for the owner of the database that mends it, with nothing left to fill in. */
  mend_sql: string | null;
  evidence: Record<string, unknown>;
}

/** What a module of the doctor found: the id of a check, what it was found on, and the statement that mends it. */
export interface Raw {
  check_id: string;
  evidence: Record<string, unknown>;
  mend_sql?: string | undefined;
}
