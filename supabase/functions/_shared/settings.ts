/** A setting is missing or wrong; the message names it and never shows its value. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/** Reads a variable of the environment. */
export type Env = (name: string) => string | undefined;

/** The value of a variable that must be there. */
export function required(env: Env, name: string): string {
  const value = env(name);
  if (!value) {
    throw new SettingsError(`${name} is missing.`, `Set ${name} in the secrets of the function.`);
  }
  return value;
}
