/** An application of somebody else's that imports the types of the packed package. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { examplesOf } from '../../../scripts/lib/generate/examples.ts';
import { readSignatures } from '../../../scripts/lib/generate/signatures.ts';
import { generateTypes, generateTypesByRole } from '../../../scripts/lib/generate/types.ts';
import { rootDir } from '../../../scripts/lib/paths.ts';
import { useDatabase } from '../support/database.ts';
import { linkDependencies, pack, unpack } from '../support/package.ts';

/** What an application may do with the types, and what must be a mistake: an unused directive is an error, too. */
const APP = `
import { createClient } from '@supabase/supabase-js';
import {
  Constants,
  type CompositeTypes,
  type Database,
  type Enums,
  type FunctionReturns,
  type Json,
  type Role,
  type Tables,
  type TablesInsert,
  type TablesUpdate,
} from 'lytbub-supabase-shell';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <T extends true>(): T | undefined => undefined;

const everything = createClient<Database>('http://127.0.0.1', 'key');
const client = createClient<Database<'client'>>('http://127.0.0.1', 'key');
const agent = createClient<Database<'agent'>>('http://127.0.0.1', 'key');
const compliance = createClient<Database<'compliance_admin'>>('http://127.0.0.1', 'key');
const admin = createClient<Database<'admin'>>('http://127.0.0.1', 'key');

export async function asClient(company_id: string): Promise<string[]> {
  const { data } = await client.from('services').select('id, name, description, companies(name)').eq('company_id', company_id);
  const service: TablesInsert<'services', 'client'> = { company_id, code: 'A', name: 'Audit' };
  await client.from('services').insert(service);
  const change: TablesUpdate<'services', 'client'> = { name: 'Other' };
  await client.from('services').update(change).eq('code', 'A');
  const status = await client.rpc('budget_status', { company_id });
  is<Equal<NonNullable<typeof status.data>[number]['agent_id'], string | null>>();
  is<Equal<NonNullable<typeof status.data>[number]['scope'], string>>();
  // null is as good as nothing where it is the default
  await client.rpc('check_budget_before_usage', { company_id, agent_id: '', estimated_cost: 1, service: null });

  // @ts-expect-error no client sees compliance requests
  client.from('compliance_requests');
  // @ts-expect-error nobody but the backend writes a service's time of creation
  await client.from('services').insert({ company_id, code: 'A', name: 'x', created_at: '2026-01-01' });
  // @ts-expect-error a row keeps its company
  await client.from('services').update({ company_id });
  // @ts-expect-error usage is recorded by a function
  await client.from('api_usage').insert({ company_id });
  // @ts-expect-error only operators adjust budgets
  await client.rpc('adjust_budget', { company_id, month: '2026-01-01', amount: 1, reason: 'x' });
  // @ts-expect-error only the backend reads secrets
  await client.rpc('read_company_secret', { company_id, name: 'x' });
  const embedded = await client.from('companies').select('name, compliance_requests(id)');
  // @ts-expect-error what is out of reach cannot be embedded either
  embedded.data?.[0]?.compliance_requests[0].id;
  return (data ?? []).map(({ name, companies }) => \`\${name} \${companies.name}\`);
}

export async function asAgent(company_id: string): Promise<string> {
  const { data } = await agent.from('jobs').select('*').limit(1).single();
  // @ts-expect-error agents begin without invoices
  agent.from('invoices');
  // @ts-expect-error and without writing services
  await agent.from('services').update({ name: 'x' });
  // @ts-expect-error and without budgets
  await agent.rpc('budget_status', { company_id });
  await agent.rpc('my_companies');
  return data?.id ?? '';
}

export async function asComplianceAdmin(company_id: string): Promise<void> {
  await compliance.rpc('compliance_status', { company_id });
  await compliance.from('data_retention_policies').select('*');
  // @ts-expect-error billing is none of their business
  compliance.from('company_plans');
  // @ts-expect-error neither is the work
  compliance.from('services');
}

export async function asAdmin(company_id: string): Promise<void> {
  await admin.rpc('adjust_budget', { company_id, month: '2026-01-01', amount: 1, reason: 'x' });
  await admin.from('companies').insert({ name: 'x', slug: 'x', contact_email: 'x@example.com' });
  // @ts-expect-error not an operator either
  await admin.rpc('read_company_secret', { company_id, name: 'x' });
}

export async function asBackend(company_id: string): Promise<string | null> {
  const { data } = await everything.rpc('read_company_secret', { company_id, name: 'x' });
  return data;
}

is<Equal<Role, 'everything' | 'agent' | 'client' | 'compliance_admin' | 'admin'>>();
is<Equal<Tables<'services'>, Tables<'services', 'client'>>>();
is<Equal<FunctionReturns<'list_company_secrets', 'client'>[number]['agent_id'], string | null>>();
is<Equal<FunctionReturns<'list_company_secrets', 'client'>[number]['name'], string>>();
// @ts-expect-error the equality above can fail
is<Equal<FunctionReturns<'list_company_secrets', 'client'>[number]['name'], string | null>>();
// @ts-expect-error not in reach
export type Hidden = Tables<'company_plans', 'compliance_admin'>;
export type Decision = CompositeTypes<'budget_decision'>;
export const none: Enums<never>[] = [];
export const some: Json = { of: [1, null] };
export const enums = Constants.public.Enums;
`;

/** What the package ships of a generated module. */
const declarationsOf = (source: string): string => ts.transpileDeclaration(source, {}).outputText;

describe('a consumer of the packed types', () => {
  const db = useDatabase();
  const folder = mkdtempSync(join(tmpdir(), 'lytbub-consumer-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  beforeAll(async () => {
    const installed = await unpack(await pack(rootDir, folder), folder);
    // The types of this moment's migrations, also where the committed ones are a step behind.
    const generated = join(installed, 'dist/generated');
    writeFileSync(
      join(generated, 'database.types.d.ts'),
      declarationsOf(await generateTypes(db.url())),
    );
    writeFileSync(
      join(generated, 'roles.types.d.ts'),
      declarationsOf(await generateTypesByRole(db.url())),
    );
    await linkDependencies(folder, ['@supabase']);
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', private: true }));
    mkdirSync(join(folder, 'src'));
    writeFileSync(join(folder, 'src/app.ts'), APP);
    const examples = (await readSignatures(db.client)).map(
      (signature, i) =>
        `export async function call${i}() {\n${examplesOf(signature).ts}\nreturn error;\n}`,
    );
    writeFileSync(
      join(folder, 'src/examples.ts'),
      [
        "import { createClient } from '@supabase/supabase-js';",
        "import type { Database } from 'lytbub-supabase-shell';",
        "const supabase = createClient<Database>('http://127.0.0.1', 'key');",
        ...examples,
      ].join('\n'),
    );
  }, 180_000);

  const compile = (options: ts.CompilerOptions, file: string): string[] => {
    const program = ts.createProgram([join(folder, file)], {
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
      types: [],
      ...options,
    });
    return (
      ts
        .getPreEmitDiagnostics(program)
        // What supabase-js brings along is not ours to check.
        .filter(
          ({ file: at }) =>
            at === undefined || !/@supabase|node_modules\/(?!lytbub)/.test(at.fileName),
        )
        .map(({ file: at, start = 0, messageText }) => {
          const line = at ? at.getLineAndCharacterOfPosition(start).line + 1 : 0;
          return `${at?.fileName.slice(folder.length) ?? ''}:${line} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
        })
    );
  };
  const nodenext: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
  };
  const bundler: ts.CompilerOptions = {
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
  };

  it('compiles in Node, and where a role may not it does not', () => {
    expect(compile(nodenext, 'src/app.ts')).toEqual([]);
  }, 120_000);

  it('compiles for a bundler', () => {
    expect(compile(bundler, 'src/app.ts')).toEqual([]);
  }, 120_000);

  it('compiles the examples of the reference page', () => {
    expect(compile(nodenext, 'src/examples.ts')).toEqual([]);
  }, 120_000);
});
