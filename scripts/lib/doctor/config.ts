import type { Raw } from './types.ts';

/** The lines of a section of a TOML file, without comments. */
function section(toml: string, name: string): string[] {
  const lines = toml.split('\n').map((line) => line.replace(/\s+#.*$/, '').trim());
  const start = lines.indexOf(`[${name}]`);
  if (start < 0) {
    return [];
  }
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => line.startsWith('['));
  return end < 0 ? rest : rest.slice(0, end);
}

/** What is wrong in `supabase/config.toml`: what the local stack is started with, and `supabase config push` sends. */
export function checkConfig(toml: string): Raw[] {
  const hook = section(toml, 'auth.hook.custom_access_token');
  const isOn =
    hook.some((line) => /^enabled\s*=\s*true$/.test(line)) &&
    hook.some((line) => /^uri\s*=.*\/private\/custom_access_token_hook"$/.test(line));
  const isExposed = section(toml, 'api').some((line) => /^schemas\s*=.*"private"/.test(line));
  return [
    ...(isOn ? [] : [{ check_id: 'schema.config_hook_off', evidence: {} }]),
    ...(isExposed ? [{ check_id: 'schema.config_private_exposed', evidence: {} }] : []),
  ];
}
