import type { Parameter, Signature } from './signatures.ts';

/** A value as SQL and as TypeScript write it. */
interface Example {
  sql: string;
  ts: string;
}

function text(value: string): Example {
  return { sql: `'${value.replaceAll("'", "''")}'`, ts: `'${value.replaceAll("'", "\\'")}'` };
}

function json(value: unknown): Example {
  const written = JSON.stringify(value, null, 1).replaceAll(/\s+/g, ' ');
  return {
    sql: `'${written.replaceAll("'", "''")}'`,
    ts: written.replaceAll(/"([A-Za-z_]\w*)":/g, '$1:').replaceAll('"', "'"),
  };
}

function list(values: readonly string[]): Example {
  return {
    sql: `'{${values.join(',')}}'`,
    ts: `[${values.map((value) => `'${value}'`).join(', ')}]`,
  };
}

function number(value: number): Example {
  return { sql: String(value), ts: String(value) };
}

/** Values that mean something, by the parameter's name; of one function by `function.parameter`. */
const BY_NAME: Readonly<Record<string, Example>> = {
  'search.query': text('audit'),
  'find_leaked_api_keys.content': text('key = "lytbub_…"'),
  'remove_ip_allowlist_entry.network': text('203.0.113.0/24'),
  'verify_compliance_identity.method': text('email'),
  'issue_api_key.name': text('Nightly export'),
  'put_company_secret.name': text('openai'),
  'delete_company_secret.name': text('openai'),
  'read_company_secret.name': text('openai'),
  'put_company_secret.value': text('sk-…'),
  'set_security_policy.policy': json({ required_aal: 'aal2' }),
  'log_api_usage_batch.events': json([{ service: 'chat.completions', cost: 0.0123 }]),
  'is_processing_allowed.purpose': text('newsletter'),
  'submit_compliance_request.regulation': text('gdpr'),
  'submit_compliance_request.kind': text('access'),
  'adjust_budget.reason': text('Credit for the outage of 3 May'),
  'extend_compliance_request.reason': text('Number of requests'),
  'lift_processing_restriction.reason': text('Objection withdrawn'),
  'log_api_usage_and_update_budget.cost': number(0.0123),
  'check_budget_before_usage.estimated_cost': number(0.05),
  amount: number(25),
  attempt: number(1),
  permission: text('services.read'),
  permissions: list(['services.read']),
  service: text('chat.completions'),
  description: text('Answer to a customer'),
  api_key: text('lytbub_…'),
  reason: text('Requested by the customer'),
  email: text('carol@example.com'),
  full_name: text('Carol'),
  role: text('agent'),
  token: text('…'),
  name: text('example'),
};

/** A value of a type, where the name says nothing. */
function byType(type: string): Example {
  if (type.endsWith('[]')) {
    return list([]);
  }
  switch (type.replace(/\(.*\)/, '')) {
    case 'uuid':
      return text('0190b5a0-0000-7000-8000-000000000001');
    case 'boolean':
      return { sql: 'true', ts: 'true' };
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'numeric':
    case 'double precision':
    case 'real':
      return number(1);
    case 'date':
      return text('2026-01-01');
    case 'timestamp with time zone':
      return text('2026-01-01T00:00:00Z');
    case 'interval':
      return text('1 hour');
    case 'inet':
    case 'cidr':
      return text('203.0.113.7');
    case 'json':
    case 'jsonb':
      return json({});
    default:
      return text('example');
  }
}

function exampleOf(name: string, parameter: Parameter): Example {
  return (
    BY_NAME[`${name}.${parameter.name}`] ??
    (parameter.type === 'uuid' ? undefined : BY_NAME[parameter.name]) ??
    byType(parameter.type)
  );
}

/** Calls of a function with what has to be given, from SQL and from supabase-js. */
export function examplesOf(signature: Signature): { sql: string; ts: string } {
  const given = signature.parameters
    .filter((parameter) => parameter.default === null)
    .map((parameter) => ({ parameter, example: exampleOf(signature.name, parameter) }));
  const sqlArguments = given.map(
    ({ parameter, example }) => `${parameter.identifier} => ${example.sql}`,
  );
  const tsArguments = given.map(({ parameter, example }) => `${parameter.name}: ${example.ts}`);
  const isRow = signature.columns.length > 0 || signature.returns_set;
  const call = (separator: string, end: string): string =>
    `public.${signature.name}(${separator}${sqlArguments.join(`,${separator || ' '}`)}${end})`;
  const inLine = `select ${isRow ? '* from ' : ''}${call('', '')};`;
  const object = `{ ${tsArguments.join(', ')} }`;
  const begin = signature.returns_nothing ? 'const { error }' : 'const { data, error }';
  const tsInLine = `${begin} = await supabase.rpc('${signature.name}'${given.length > 0 ? `, ${object}` : ''});`;
  return {
    sql: inLine.length <= 100 ? inLine : `select ${isRow ? '* from ' : ''}${call('\n  ', '\n')};`,
    ts:
      tsInLine.length <= 100
        ? tsInLine
        : `${begin} = await supabase.rpc('${signature.name}', {\n${tsArguments.map((line) => `  ${line},\n`).join('')}});`,
  };
}
