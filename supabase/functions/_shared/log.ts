/** Writes one line of JSON an entry. Says what happened to which ids, never what somebody sent. */
export interface Log {
  info(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

/** What an entry says beside its event. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/**
 * A log of a function. Secrets are hidden wherever they turn up, also within a message of somebody
 * else's.
 */
export function createLog(
  name: string,
  secrets: readonly (string | undefined)[],
  write: (line: string) => void,
): Log {
  // Whatever is short is no secret, and hiding it would make entries unreadable.
  const hidden = secrets
    .flatMap((secret) => secret?.split(/\s+/) ?? [])
    .filter((secret) => secret.length >= 8)
    .sort((a, b) => b.length - a.length);
  const clean = (value: LogFields[string]): LogFields[string] =>
    typeof value === 'string'
      ? hidden
          .reduce((rest, secret) => rest.replaceAll(secret, '[hidden]'), value)
          .replaceAll(/(?:sk|rk|whsec)_[A-Za-z0-9_]{8,}|eyJ[\w-]+\.[\w-]+\.[\w-]*/g, '[hidden]')
          .slice(0, 500)
      : value;
  const entry = (level: string, event: string, fields: LogFields = {}): void => {
    const shown = Object.entries(fields).map(([key, value]) => [key, clean(value)]);
    write(JSON.stringify({ level, function: name, event, ...Object.fromEntries(shown) }));
  };
  return {
    info: (event, fields) => entry('info', event, fields),
    error: (event, fields) => entry('error', event, fields),
  };
}

/** What an error says, for a log or a column that operators read. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown error';
}
