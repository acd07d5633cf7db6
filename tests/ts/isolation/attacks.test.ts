import { beforeEach, describe, expect, it } from 'vitest';
import { CAST, COMPANIES } from '../../../scripts/lib/cast.ts';
import { withClient } from '../../../scripts/lib/client.ts';
import { asActor, attempt, become } from '../support/actors.ts';
import { useApi } from '../support/api.ts';
import { twoSessions, untilBlocked, useDatabase } from '../support/database.ts';

const acme = COMPANIES.acme.id;
const globex = COMPANIES.globex.id;
const nobody = '00000000-0000-4000-8000-0000000bad00';

/** What an answer says, without the ids that the caller sent. */
function transcript(
  error: { code: string; message: string; details: string; hint: string } | null,
): unknown {
  return error === null
    ? null
    : JSON.parse(
        JSON.stringify(error).replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>'),
      );
}

describe('attacks over the API', () => {
  const db = useDatabase();
  const api = useApi(db);
  let globexService = '';
  let globexKey = '';

  beforeEach(async () => {
    const { rows } = await db.client.query<{ id: string }>(
      'select id from public.services where company_id = $1 order by code limit 1',
      [globex],
    );
    globexService = rows[0]?.id ?? '';
    expect(globexService).not.toBe('');
    const keys = await db.client.query<{ id: string }>(
      'select id from public.api_keys where company_id = $1',
      [globex],
    );
    globexKey = keys.rows[0]?.id ?? '';
    expect(globexKey).not.toBe('');
  });

  it('moves no row to another company: not by a member, an admin or the service role', async () => {
    const { data: own } = await (await api.as('alice'))
      .from('services')
      .select('id')
      .limit(1)
      .single();
    const id = own?.id ?? '';
    for (const client of [await api.as('alice'), await api.as('olga'), api.asService()]) {
      const moved = await client
        .from('services')
        .update({ company_id: globex })
        .eq('company_id', acme)
        .eq('id', id);
      expect(moved.error?.code).toBe('42501');
      const renamed = await client
        .from('services')
        .update({ name: 'Still ours' }, { count: 'exact' })
        .eq('company_id', acme)
        .eq('id', id);
      expect(renamed).toMatchObject({ error: null, count: 1 });
    }
  });

  it('upserts nothing into another company, and tells nothing by the way it refuses', async () => {
    const alice = await api.as('alice');
    const row = (id: string, company_id: string) => ({
      company_id,
      id,
      code: 'UPSERT',
      name: 'Taken over',
    });
    const options = { onConflict: 'company_id,id' };
    const there = await alice
      .from('services')
      .upsert(row(globexService, globex), { ...options, ignoreDuplicates: true });
    const absent = await alice
      .from('services')
      .upsert(row(nobody, globex), { ...options, ignoreDuplicates: true });
    expect(there.error?.code).toBe('42501');
    expect(transcript(there.error)).toEqual(transcript(absent.error));
    const merged = await alice.from('services').upsert(row(globexService, globex), options);
    expect(merged.error?.code).toBe('42501');
    const { rows } = await db.client.query('select name from public.services where id = $1', [
      globexService,
    ]);
    expect(rows).not.toEqual([{ name: 'Taken over' }]);

    // Control: an insert that may be retried.
    for (let time = 0; time < 2; time += 1) {
      const own = await alice
        .from('services')
        .upsert(row(nobody, acme), { ...options, ignoreDuplicates: true });
      expect(own.error).toBeNull();
    }
    await db.client.query('delete from public.services where id = $1', [nobody]);
  });

  it('gives away nothing by unique constraints', async () => {
    const alice = await api.as('alice');
    await db.client.query(
      `insert into public.services (company_id, code, name) values ($1, 'GLOBEX-ONLY', 'Secret')`,
      [globex],
    );
    const sameCode = await alice
      .from('services')
      .insert({ company_id: acme, code: 'GLOBEX-ONLY', name: 'Ours' });
    expect(sameCode.error).toBeNull();
    const sameId = await alice
      .from('services')
      .insert({ company_id: acme, id: globexService, code: 'SAME-ID', name: 'Ours' });
    expect(sameId.error).toBeNull();
    const again = await alice
      .from('services')
      .insert({ company_id: acme, code: 'GLOBEX-ONLY', name: 'Ours' });
    expect(again.error?.code).toBe('23505');
    await db.client.query(`delete from public.services where code in ('SAME-ID', 'GLOBEX-ONLY')`);
  });

  it('gives away nothing by foreign keys', async () => {
    const alice = await api.as('alice');
    const job = (service_id: string) =>
      alice.from('jobs').insert({ company_id: acme, kind: 'oracle', service_id });
    const there = await job(globexService);
    const absent = await job(nobody);
    expect(there.error?.code).toBe('23503');
    expect(transcript(there.error)).toEqual(transcript(absent.error));
    const { data: own } = await alice.from('services').select('id').limit(1).single();
    expect((await job(own?.id ?? '')).error).toBeNull();
  });

  it('counts, embeds and returns nothing of another company', async () => {
    const alice = await api.as('alice');
    const counted = await alice
      .from('services')
      .select('*', { count: 'exact', head: true })
      .eq('company_id', globex);
    expect(counted).toMatchObject({ error: null, count: 0 });
    const control = await alice.from('services').select('*', { count: 'exact', head: true });
    expect(control.count).toBeGreaterThan(0);
    for (const count of ['planned', 'estimated'] as const) {
      // The planner's guess would know rows that the policy hides.
      const guessed = await alice.from('services').select('*', { count });
      expect(guessed).toMatchObject({
        status: 400,
        error: { code: 'PT400', details: 'count_not_exact' },
      });
    }
    const embedded = await alice
      .from('invoices')
      .select('company_id, invoice_line_items(company_id), companies(id)');
    const text = JSON.stringify(embedded.data);
    expect(text).toContain(acme);
    expect(text).not.toContain(globex);
    const returned = await alice
      .from('services')
      .insert({ company_id: globex, code: 'RETURNING', name: 'x' })
      .select();
    expect(returned.error?.code).toBe('42501');
  });

  it('takes a forged x-company-id for what it is', async () => {
    const seen = async (as: 'alice' | 'mia', company: string) => {
      const client = await api.as({ as, headers: { 'x-company-id': company } });
      const { data, error } = await client.from('services').select('company_id');
      expect(error).toBeNull();
      return [...new Set(data?.map((row) => row.company_id))];
    };
    expect(await seen('alice', globex)).toEqual([]);
    expect(await seen('alice', 'nonsense')).toEqual([]);
    expect(await seen('alice', acme)).toEqual([acme]);
    expect(await seen('mia', globex)).toEqual([globex]);
    expect(await seen('mia', acme)).toEqual([acme]);
    expect(await seen('mia', COMPANIES.initech.id)).toEqual([]);
  });

  it("refuses every function with another company's id", async () => {
    const alice = await api.as('alice');
    const refused = [
      await alice.rpc('switch_company', { company_id: globex }),
      await alice.rpc('assign_permission', { user_id: CAST.bob.id ?? '', permission: 'jobs.read' }),
      await alice.rpc('remove_permission', { user_id: CAST.bob.id ?? '', permission: 'jobs.read' }),
      await alice.rpc('maintain_partitions'),
      await alice.rpc('budget_status', { company_id: globex }),
      await alice.rpc('budget_forecast', { company_id: globex }),
      await alice.rpc('check_budget_before_usage', {
        company_id: globex,
        agent_id: null as unknown as string,
        estimated_cost: 1,
      }),
      await alice.rpc('log_api_usage_batch', {
        company_id: globex,
        events: [{ service: 'x', cost: 1 }],
      }),
      await alice.rpc('check_rate_limit', { company_id: globex }),
      await alice.rpc('adjust_budget', {
        company_id: acme,
        month: '2026-01-01',
        amount: -1,
        reason: 'x',
      }),
      await alice.rpc('claim_events'),
      await alice.rpc('explain_ip_access', { company_id: globex }),
      await alice.rpc('search', { company_id: globex, query: 'audit' }),
      await alice.rpc('search', { company_id: globex, query: '', contains: { a: 1 } }),
      await (await api.as('adam')).rpc('search', {
        company_id: acme,
        query: 'audit',
        tables: ['invoices'],
      }),
      await (await api.as('cora')).rpc('search', { company_id: acme, query: 'audit' }),
      await (await api.as('anonymous')).rpc('search', { company_id: acme, query: 'audit' }),
      await alice.rpc('search_audit_log', { company_id: globex }),
      await alice.rpc('export_audit_log', { company_id: globex }),
      await alice.rpc('verify_audit_chain', { company_id: globex }),
      await alice.rpc('run_data_retention', { company_id: globex }),
      await alice.rpc('run_data_retention'),
      await alice.rpc('run_data_retention', { company_id: acme }),
      await alice.rpc('process_compliance_request', { id: acme, company_id: globex }),
      await alice.rpc('process_compliance_request', { id: acme }),
      await alice.rpc('submit_compliance_request', {
        company_id: globex,
        kind: 'access',
        regulation: 'gdpr',
      }),
      await alice.rpc('verify_compliance_identity', {
        company_id: acme,
        request_id: acme,
        method: 'email',
      }),
      await alice.rpc('extend_compliance_request', {
        company_id: acme,
        request_id: acme,
        reason: 'x',
      }),
      await alice.rpc('read_compliance_bundle', { company_id: acme, request_id: acme }),
      await alice.rpc('lift_processing_restriction', {
        company_id: acme,
        restriction_id: acme,
        reason: 'x',
      }),
      await alice.rpc('is_processing_allowed', {
        company_id: globex,
        purpose: 'x',
        subject_email: 'a@b.example',
      }),
      await alice.rpc('maintain_compliance'),
      await alice.rpc('issue_api_key', { company_id: globex, name: 'x', permissions: [] }),
      await (await api.as('adam')).rpc('issue_api_key', {
        company_id: acme,
        name: 'x',
        permissions: [],
      }),
      await alice.rpc('rotate_api_key', { company_id: globex, api_key_id: globexKey }),
      await alice.rpc('revoke_api_key', { company_id: globex, api_key_id: globexKey }),
      await alice.rpc('verify_api_key', { api_key: 'x' }),
      await alice.rpc('find_leaked_api_keys', { content: 'x' }),
      await alice.rpc('compliance_status', { company_id: globex }),
      await alice.rpc('record_compliance_review', { company_id: acme }),
      await alice.rpc('put_company_secret', { company_id: globex, name: 'x', value: 'x' }),
      await (await api.as('adam')).rpc('put_company_secret', {
        company_id: acme,
        name: 'x',
        value: 'x',
      }),
      await alice.rpc('read_company_secret', { company_id: acme, name: 'x' }),
      await alice.rpc('delete_company_secret', { company_id: globex, name: 'x' }),
      await alice.rpc('list_company_secrets', { company_id: globex }),
      await alice.rpc('rotate_master_key'),
      await alice.rpc('drop_company_data_key', { company_id: acme }),
      await alice.rpc('set_security_policy', {
        company_id: acme,
        policy: { notes: 'mine' },
      }),
      await (await api.as('anonymous')).rpc('my_companies'),
    ];
    expect(refused.map((answer) => answer.error?.code)).toEqual(refused.map(() => '42501'));
    const controls = [
      await alice.rpc('switch_company', { company_id: acme }),
      await alice.rpc('assign_permission', {
        user_id: CAST.adam.id ?? '',
        permission: 'jobs.read',
      }),
      await alice.rpc('my_companies'),
      await alice.rpc('budget_status', { company_id: acme }),
      await alice.rpc('budget_forecast', { company_id: acme }),
      await alice.rpc('check_budget_before_usage', {
        company_id: acme,
        agent_id: null as unknown as string,
        estimated_cost: 1,
      }),
      await alice.rpc('log_api_usage_batch', {
        company_id: acme,
        events: [{ service: 'x', cost: 1 }],
      }),
      await alice.rpc('check_rate_limit', { company_id: acme }),
      await alice.rpc('explain_ip_access', { company_id: acme }),
      await alice.rpc('search', { company_id: acme, query: 'audit' }),
      await (await api.as('adam')).rpc('search', { company_id: acme, query: 'audit' }),
      await alice.rpc('search_audit_log', { company_id: acme }),
      await alice.rpc('export_audit_log', { company_id: acme }),
      await alice.rpc('verify_audit_chain', { company_id: acme }),
      await (await api.as('cora')).rpc('set_security_policy', {
        company_id: acme,
        policy: { notes: 'ours' },
      }),
      await (await api.as('cora')).rpc('run_data_retention', { company_id: acme, dry_run: true }),
      await alice.rpc('submit_compliance_request', {
        company_id: acme,
        kind: 'access',
        regulation: 'gdpr',
        request_id: '00000000-0000-4000-8000-00000000ff01',
      }),
      await alice.rpc('my_compliance_requests'),
      await (await api.as('cora')).rpc('extend_compliance_request', {
        company_id: acme,
        request_id: '00000000-0000-4000-8000-00000000ff01',
        reason: 'x',
      }),
      await (await api.as('cora')).rpc('process_compliance_request', {
        id: '00000000-0000-4000-8000-00000000ff01',
      }),
      await alice.rpc('read_compliance_bundle', {
        company_id: acme,
        request_id: '00000000-0000-4000-8000-00000000ff01',
      }),
      await alice.rpc('is_processing_allowed', {
        company_id: acme,
        purpose: 'x',
        subject_email: 'a@b.example',
      }),
      await api.asService().rpc('maintain_compliance'),
      await alice.rpc('issue_api_key', {
        company_id: acme,
        name: 'x',
        permissions: ['services.read'],
        api_key_id: '00000000-0000-4000-8000-00000000ff02',
      }),
      await alice.rpc('rotate_api_key', {
        company_id: acme,
        api_key_id: '00000000-0000-4000-8000-00000000ff02',
      }),
      await alice.rpc('revoke_api_key', {
        company_id: acme,
        api_key_id: '00000000-0000-4000-8000-00000000ff02',
      }),
      await api.asService().rpc('verify_api_key', { api_key: 'x' }),
      await api.asService().rpc('find_leaked_api_keys', { content: 'x' }),
      await (await api.as('cora')).rpc('compliance_status', { company_id: acme }),
      await (await api.as('cora')).rpc('record_compliance_review', { company_id: acme }),
      await api.asService().rpc('put_company_secret', {
        company_id: acme,
        name: 'x',
        value: 'x',
        master_key: 'm'.repeat(32),
      }),
      await api.asService().rpc('read_company_secret', {
        company_id: acme,
        name: 'x',
        master_key: 'm'.repeat(32),
      }),
      await alice.rpc('list_company_secrets', { company_id: acme }),
      await alice.rpc('delete_company_secret', { company_id: acme, name: 'x' }),
      await api.asService().rpc('rotate_master_key', { master_key: 'm'.repeat(32) }),
      await api.asService().rpc('drop_company_data_key', { company_id: acme }),
      await api.asService().rpc('claim_events'),
      await api.asService().rpc('maintain_partitions'),
    ];
    expect(controls.map((answer) => answer.error)).toEqual(controls.map(() => null));
  });

  it('exposes no function but these', async () => {
    const { rows } = await db.client.query<{ name: string; roles: string }>(
      `select p.proname as name, string_agg(r.role, ',' order by r.role) as roles
         from pg_proc as p
         join unnest(array['anon', 'authenticated', 'platform_admin', 'service_role']) as r (role)
           on has_function_privilege(r.role, p.oid, 'execute')
        where p.pronamespace = 'public'::regnamespace
          and not exists (select from pg_depend as d where d.objid = p.oid and d.deptype = 'e')
        group by p.proname order by 1`,
    );
    expect(rows).toEqual([
      { name: 'accept_invitation', roles: 'authenticated,platform_admin' },
      { name: 'adjust_budget', roles: 'platform_admin,service_role' },
      { name: 'apply_stripe_state', roles: 'service_role' },
      { name: 'assign_company_cell', roles: 'platform_admin,service_role' },
      { name: 'assign_permission', roles: 'authenticated' },
      { name: 'begin_stripe_sync', roles: 'service_role' },
      { name: 'billing_overview', roles: 'platform_admin,service_role' },
      { name: 'billing_totals', roles: 'platform_admin,service_role' },
      { name: 'budget_forecast', roles: 'authenticated,platform_admin,service_role' },
      { name: 'budget_status', roles: 'authenticated,platform_admin,service_role' },
      { name: 'change_company_plan', roles: 'platform_admin,service_role' },
      { name: 'change_member_role', roles: 'authenticated,platform_admin,service_role' },
      { name: 'check_budget_before_usage', roles: 'authenticated,service_role' },
      { name: 'check_rate_limit', roles: 'authenticated,service_role' },
      { name: 'check_request', roles: 'anon,authenticated,platform_admin,service_role' },
      { name: 'claim_events', roles: 'service_role' },
      { name: 'claim_stripe_accounts', roles: 'service_role' },
      { name: 'claim_stripe_usage', roles: 'service_role' },
      { name: 'close_company', roles: 'platform_admin,service_role' },
      { name: 'company_capacity', roles: 'platform_admin,service_role' },
      { name: 'company_details', roles: 'platform_admin,service_role' },
      { name: 'company_directory', roles: 'platform_admin,service_role' },
      { name: 'company_lifecycle', roles: 'platform_admin,service_role' },
      { name: 'company_overview', roles: 'platform_admin,service_role' },
      { name: 'compliance_status', roles: 'authenticated,platform_admin,service_role' },
      { name: 'create_company', roles: 'platform_admin,service_role' },
      { name: 'delete_company_secret', roles: 'authenticated,service_role' },
      { name: 'diagnose', roles: 'authenticated,platform_admin,service_role' },
      { name: 'disable_member', roles: 'authenticated,platform_admin,service_role' },
      { name: 'drop_company_data_key', roles: 'platform_admin,service_role' },
      { name: 'enable_member', roles: 'authenticated,platform_admin,service_role' },
      { name: 'explain_ip_access', roles: 'authenticated,platform_admin,service_role' },
      { name: 'export_audit_log', roles: 'authenticated,platform_admin,service_role' },
      { name: 'extend_compliance_request', roles: 'authenticated,platform_admin,service_role' },
      { name: 'fail_stripe_event', roles: 'service_role' },
      { name: 'find_leaked_api_keys', roles: 'platform_admin,service_role' },
      { name: 'finish_event', roles: 'service_role' },
      { name: 'finish_stripe_usage', roles: 'service_role' },
      { name: 'forget_company_cell', roles: 'platform_admin,service_role' },
      { name: 'invite_member', roles: 'authenticated,platform_admin,service_role' },
      { name: 'is_processing_allowed', roles: 'authenticated,platform_admin,service_role' },
      { name: 'issue_api_key', roles: 'authenticated,service_role' },
      { name: 'leave_company', roles: 'authenticated,platform_admin' },
      { name: 'lift_processing_restriction', roles: 'authenticated,platform_admin,service_role' },
      { name: 'list_cells', roles: 'platform_admin,service_role' },
      { name: 'list_company_secrets', roles: 'authenticated,platform_admin,service_role' },
      { name: 'list_invitations', roles: 'authenticated,platform_admin,service_role' },
      { name: 'log_api_usage_and_update_budget', roles: 'authenticated,service_role' },
      { name: 'log_api_usage_batch', roles: 'authenticated,service_role' },
      { name: 'maintain_billing', roles: 'service_role' },
      { name: 'maintain_compliance', roles: 'service_role' },
      { name: 'maintain_partitions', roles: 'service_role' },
      { name: 'my_billing', roles: 'authenticated' },
      { name: 'my_companies', roles: 'authenticated,platform_admin' },
      { name: 'my_company', roles: 'authenticated' },
      { name: 'my_company_cells', roles: 'authenticated,platform_admin' },
      { name: 'my_compliance_requests', roles: 'authenticated' },
      { name: 'my_usage', roles: 'authenticated' },
      { name: 'platform_usage', roles: 'platform_admin,service_role' },
      { name: 'platform_usage_totals', roles: 'platform_admin,service_role' },
      { name: 'prepare_billing_portal', roles: 'authenticated' },
      { name: 'prepare_checkout', roles: 'authenticated' },
      { name: 'process_compliance_request', roles: 'authenticated,platform_admin,service_role' },
      { name: 'put_company_secret', roles: 'authenticated,service_role' },
      { name: 'reactivate_company', roles: 'platform_admin,service_role' },
      { name: 'read_company_secret', roles: 'service_role' },
      { name: 'read_compliance_bundle', roles: 'authenticated,platform_admin,service_role' },
      { name: 'reconcile_budget', roles: 'platform_admin,service_role' },
      { name: 'reconcile_usage', roles: 'platform_admin,service_role' },
      { name: 'record_compliance_review', roles: 'authenticated,service_role' },
      { name: 'record_stripe_event', roles: 'service_role' },
      { name: 'release_budget_reservation', roles: 'authenticated,service_role' },
      { name: 'remove_ip_allowlist_entry', roles: 'authenticated,platform_admin,service_role' },
      { name: 'remove_member', roles: 'authenticated,platform_admin,service_role' },
      { name: 'remove_permission', roles: 'authenticated' },
      { name: 'request_stripe_customers', roles: 'service_role' },
      { name: 'resend_invitation', roles: 'authenticated,platform_admin,service_role' },
      { name: 'revoke_api_key', roles: 'authenticated,platform_admin,service_role' },
      { name: 'revoke_invitation', roles: 'authenticated,platform_admin,service_role' },
      { name: 'roll_up_usage', roles: 'service_role' },
      { name: 'rotate_api_key', roles: 'authenticated,service_role' },
      { name: 'rotate_master_key', roles: 'service_role' },
      { name: 'run_data_retention', roles: 'authenticated,platform_admin,service_role' },
      { name: 'search', roles: 'authenticated,platform_admin,service_role' },
      { name: 'search_audit_log', roles: 'authenticated,platform_admin,service_role' },
      { name: 'set_cell', roles: 'platform_admin,service_role' },
      { name: 'set_security_policy', roles: 'authenticated,platform_admin,service_role' },
      { name: 'set_system_setting', roles: 'platform_admin,service_role' },
      { name: 'store_stripe_customer', roles: 'service_role' },
      { name: 'stripe_backlog', roles: 'service_role' },
      { name: 'stripe_cursor', roles: 'service_role' },
      { name: 'submit_compliance_request', roles: 'authenticated,platform_admin,service_role' },
      { name: 'suspend_company', roles: 'platform_admin,service_role' },
      { name: 'switch_company', roles: 'authenticated,platform_admin' },
      { name: 'system_setting_history', roles: 'platform_admin,service_role' },
      { name: 'system_settings', roles: 'platform_admin,service_role' },
      { name: 'usage_anomalies', roles: 'authenticated,platform_admin,service_role' },
      { name: 'usage_movers', roles: 'platform_admin,service_role' },
      { name: 'usage_series', roles: 'authenticated,platform_admin,service_role' },
      { name: 'verify_api_key', roles: 'service_role' },
      { name: 'verify_audit_chain', roles: 'authenticated,platform_admin,service_role' },
      { name: 'verify_compliance_identity', roles: 'authenticated,platform_admin,service_role' },
    ]);
  });

  it('lets nobody promote themselves', async () => {
    const alice = await api.as('alice');
    for (const change of [
      { role: 'admin' },
      { role: 'compliance_admin' },
      { granted_permissions: ['compliance.manage'] },
      { revoked_permissions: [] },
      { status: 'active' },
      { selected_at: '2026-01-01T00:00:00Z' },
      { company_id: COMPANIES.lytbub.id },
    ]) {
      const { error } = await alice
        .from('users')
        .update(change)
        .eq('id', CAST.alice.id ?? '');
      expect(error?.code, JSON.stringify(change)).toBe('42501');
    }
    const joined = await alice.from('users').insert({
      company_id: globex,
      id: CAST.alice.id ?? '',
      email: 'alice@acme.example',
      full_name: 'Alice',
      role: 'client',
    });
    expect(joined.error?.code).toBe('42501');
    const plan = await alice
      .from('company_plans')
      .update({ monthly_limit_usd: 1_000_000 })
      .eq('company_id', acme);
    expect(plan.error?.code).toBe('42501');
    const profile = await alice
      .from('users')
      .update({ job_title: 'Boss' }, { count: 'exact' })
      .eq('id', CAST.alice.id ?? '');
    expect(profile).toMatchObject({ error: null, count: 1 });
  });

  it('asks the tables, not the token, from the next request on', async () => {
    const seen = async (client: Awaited<ReturnType<typeof api.as>>) =>
      (await client.from('services').select('id')).data?.length ?? -1;
    const bob = await api.as('bob');
    const olga = await api.as('olga');
    expect(await seen(bob)).toBeGreaterThan(0);
    expect(await seen(olga)).toBeGreaterThan(0);

    const undo: [string, string, unknown][] = [
      [
        `update public.users set status = 'disabled' where id = $1`,
        `update public.users set status = 'active' where id = $1`,
        CAST.bob.id,
      ],
      [
        `update public.companies set status = 'suspended' where id = $1`,
        `update public.companies set status = 'active' where id = $1`,
        globex,
      ],
      [
        `update public.users set role = 'compliance_admin' where id = $1`,
        `update public.users set role = 'client' where id = $1`,
        CAST.bob.id,
      ],
    ];
    for (const [change, back, id] of undo) {
      await db.client.query(change, [id]);
      expect(await seen(bob), change).toBe(0);
      await db.client.query(back, [id]);
      expect(await seen(bob), back).toBeGreaterThan(0);
    }

    await db.client.query(`update public.users set role = 'client' where id = $1`, [CAST.olga.id]);
    expect(await seen(olga)).toBe(0);
    await db.client.query(`update public.users set role = 'admin' where id = $1`, [CAST.olga.id]);
    expect(await seen(olga)).toBeGreaterThan(0);

    await db.client.query('delete from public.users where id = $1', [CAST.bob.id]);
    expect(await seen(bob)).toBe(0);
  });

  it('trusts no claim but who it is', async () => {
    const seen = async (client: Awaited<ReturnType<typeof api.as>>) => {
      const { data, error } = await client.from('services').select('company_id');
      return error === null ? [...new Set(data.map((row) => row.company_id))] : error.code;
    };
    const forged = { company_id: acme, role: 'admin', permissions: ['services.read'] };
    expect(
      await seen(
        await api.as({ as: 'eve', claims: { user_metadata: forged, app_metadata: forged } }),
      ),
    ).toEqual([]);
    expect(
      await seen(
        await api.as({
          as: 'eve',
          claims: { company_id: acme, company_role: 'client', permissions: ['services.read'] },
        }),
      ),
    ).toEqual([]);
    expect(await seen(await api.as({ as: 'alice', claims: { company_id: globex } }))).toEqual([]);
    expect(await seen(await api.as({ as: 'alice', claims: { role: 'platform_admin' } }))).toEqual(
      [],
    );
    expect(await seen(await api.as({ as: 'alice', claims: { is_anonymous: true } }))).toEqual([]);
    expect(await seen(await api.as({ as: 'alice', claims: { sub: nobody } }))).toEqual([]);
    expect(await seen(await api.as({ as: 'alice', claims: { sub: 'alice' } }))).toEqual([]);
    expect(await seen(await api.as({ as: 'alice', claims: { sub: undefined } }))).toEqual([]);
    expect(await seen(await api.as('anonymous'))).toBe('42501');
    expect(await seen(await api.as('alice'))).toEqual([acme]);
    const token = await api.token('alice');
    const tampered = `${token.slice(0, -4)}${token.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`;
    const { status } = await api.withToken(tampered).from('services').select('id');
    expect(status).toBe(401);
  });

  it('keeps people apart who share the connections of a pool', async () => {
    const clients = [
      await api.as('alice'),
      await api.as({ as: 'mia', company: 'globex' }),
      await api.as('eve'),
    ];
    const expected = [[acme], [globex], []];
    const answers = await Promise.all(
      Array.from({ length: 90 }, async (_, index) => {
        const { data } = (await clients[index % 3]?.from('services').select('company_id')) ?? {};
        return [...new Set(data?.map((row) => row.company_id))];
      }),
    );
    expect(answers).toEqual(answers.map((_, index) => expected[index % 3]));
  });

  it('serves no schema but public', async () => {
    const alice = await api.as('alice');
    const { error, status } = await alice
      .schema('private' as never)
      .from('role_permissions')
      .select('*');
    expect(status).toBe(406);
    expect(error).not.toBeNull();
  });
});

describe('attacks with raw SQL', () => {
  const db = useDatabase();

  it('app.importing opens nothing for a member, inside a definer function or outside', async () => {
    await asActor(db.client, 'alice', async (client) => {
      await client.query(`select set_config('app.importing', 'on', true)`);
      const { rows: before } = await client.query<{ id: string; updated_at: Date }>(
        'select id, updated_at from public.services limit 1',
      );
      const changed = await attempt(
        client,
        `update public.services set name = 'Imported?' where id = $1 returning updated_at > $2 as touched`,
        [before[0]?.id, before[0]?.updated_at],
      );
      expect(changed.rows).toEqual([{ touched: true }]);
      const draft = await client.query<{ id: string }>(
        `insert into public.invoices (company_id, number, customer_name) values ($1, 'IMP', 'x') returning id`,
        [acme],
      );
      await client.query(`update public.invoices set status = 'open' where id = $1`, [
        draft.rows[0]?.id,
      ]);
      const line = await attempt(
        client,
        `insert into public.invoice_line_items (company_id, invoice_id, description, unit_amount) values ($1, $2, 'x', 1)`,
        [acme, draft.rows[0]?.id],
      );
      expect(line).toMatchObject({ code: '23514', token: 'invoice_not_draft' });
    });
  });

  it("a function in pg_temp takes no built-in's place", async () => {
    await asActor(db.client, 'bob', async (client) => {
      await client.query(
        `create function pg_temp.strpos(text, text) returns integer language sql as 'select 1'`,
      );
      await client.query(
        `create function pg_temp.current_setting(text, boolean) returns text language sql as $$ select '{"sub": "00000000-0000-4000-8000-00000000a001"}' $$`,
      );
      await client.query('create temp table companies (id uuid, status text)');
      const { rows } = await client.query('select distinct company_id from public.services');
      expect(rows).toEqual([{ company_id: globex }]);
    });
  });
});

describe('attacks on files', () => {
  const db = useDatabase();
  const insert = 'insert into storage.objects (bucket_id, name) values ($1, $2)';

  it("no name climbs out of the company's folder", async () => {
    await asActor(db.client, 'alice', async (client) => {
      for (const bucket of ['documents', 'media']) {
        for (const name of [
          `${acme}/../${globex}/x.pdf`,
          `${acme}/./x.pdf`,
          `${acme}/..`,
          `${globex}/x.pdf`,
          `/${acme}/x.pdf`,
          acme,
          'x.pdf',
          `${acme.toUpperCase()}x/x.pdf`,
        ]) {
          expect(await attempt(client, insert, [bucket, name]), name).toMatchObject({
            code: '42501',
          });
        }
        const control = await attempt(client, insert, [bucket, `${acme}/folder/x..y.pdf`]);
        expect(control).toMatchObject({ code: null, rowCount: 1 });
        const moved = `update storage.objects set name = $2 where bucket_id = $1 and name like '%x..y.pdf'`;
        expect(await attempt(client, moved, [bucket, `${globex}/x.pdf`])).toMatchObject({
          code: '42501',
        });
        expect(await attempt(client, moved, [bucket, `${acme}/../x.pdf`])).toMatchObject({
          code: '42501',
        });
        expect(await attempt(client, moved, [bucket, `${acme}/x..y.pdf`])).toMatchObject({
          code: null,
          rowCount: 1,
        });
      }
      expect(await attempt(client, insert, ['avatars', `${acme}/x.pdf`])).toMatchObject({
        code: '42501',
      });
    });
  });

  it('an operator moves no file to another company', async () => {
    await asActor(db.client, 'olga', async (client) => {
      const moved = await attempt(
        client,
        `update storage.objects set name = $1 where name like $2`,
        [`${globex}/moved.pdf`, `${acme}/%`],
      );
      expect([moved.code ?? '42501', moved.rowCount]).toEqual(['42501', 0]);
      const { rows } = await client.query(
        `select distinct split_part(name, '/', 1) as folder from storage.objects where name like $1`,
        [`${acme}/%`],
      );
      expect(rows).toEqual([{ folder: acme }]);
    });
  });
});

describe('races', () => {
  const db = useDatabase();

  it('two sessions that add lines to an invoice at once leave the exact total', async () => {
    const [first, second] = await twoSessions(db);
    const { rows } = await db.client.query<{ id: string }>(
      `insert into public.invoices (company_id, number, customer_name) values ($1, 'RACE', 'x') returning id`,
      [acme],
    );
    const invoice = rows[0]?.id;
    const insert = `insert into public.invoice_line_items (company_id, invoice_id, description, unit_amount) values ($1, $2, 'x', $3)`;
    await first.query('begin');
    await first.query(insert, [acme, invoice, 10]);
    const waiting = second.query(insert, [acme, invoice, 5]);
    await untilBlocked(db, second);
    await first.query('commit');
    await waiting;
    const { rows: totals } = await db.client.query(
      'select subtotal_amount from public.invoices where id = $1',
      [invoice],
    );
    expect(totals).toEqual([{ subtotal_amount: '15.00' }]);
  });

  it('eight sessions that write to one invoice finish without a deadlock, with the exact total', async () => {
    const sessions = await Promise.all(Array.from({ length: 8 }, () => db.connect()));
    const { rows } = await db.client.query<{ id: string }>(
      `insert into public.invoices (company_id, number, customer_name) values ($1, 'CROWD', 'x') returning id`,
      [acme],
    );
    await Promise.all(
      sessions.map(async (session) => {
        for (let line = 0; line < 10; line += 1) {
          await session.query(
            `insert into public.invoice_line_items (company_id, invoice_id, description, unit_amount) values ($1, $2, 'x', 1.01)`,
            [acme, rows[0]?.id],
          );
        }
      }),
    );
    const { rows: totals } = await db.client.query(
      'select subtotal_amount from public.invoices where id = $1',
      [rows[0]?.id],
    );
    expect(totals).toEqual([{ subtotal_amount: '80.80' }]);
  });

  it('of two members who disarm each other at once, one is late', async () => {
    const [first, second] = await twoSessions(db);
    await db.client.query(
      `update public.users set granted_permissions = '{users.read,users.write}' where company_id = $1 and id = any ($2)`,
      [acme, [CAST.adam.id, CAST.mia.id]],
    );
    const remove = 'select public.remove_permission($1, $2)';
    await first.query('begin');
    await become(first, 'adam');
    await first.query(remove, [CAST.mia.id, 'users.write']);
    await second.query('begin');
    await become(second, { as: 'mia', claims: { company_id: acme } });
    const late = second
      .query(remove, [CAST.adam.id, 'users.write'])
      .catch((error: unknown) => error);
    await untilBlocked(db, second);
    await first.query('commit');
    expect(await late).toMatchObject({ code: '42501', detail: 'permission_not_held' });
    await second.query('rollback');
    const { rows } = await db.client.query(
      `select id from public.users where company_id = $1 and 'users.write' = any (granted_permissions)`,
      [acme],
    );
    expect(rows).toEqual([{ id: CAST.adam.id }]);
  });

  it('of two admins who remove each other at once, one stays', async () => {
    const [first, second] = await twoSessions(db);
    await db.client.query(
      `insert into public.users (company_id, id, email, full_name, role)
       values ($1, $2, 'eve@outsider.example', 'Eve', 'admin')`,
      [COMPANIES.lytbub.id, CAST.eve.id],
    );
    const remove = `delete from public.users where company_id = $1 and id = $2`;
    await first.query('begin');
    await become(first, 'olga');
    await first.query(remove, [COMPANIES.lytbub.id, CAST.eve.id]);
    await second.query('begin');
    await become(second, 'eve');
    const late = second
      .query(remove, [COMPANIES.lytbub.id, CAST.olga.id])
      .catch((error: unknown) => error);
    await untilBlocked(db, second);
    await first.query('commit');
    expect(await late).toMatchObject({ code: '42501', detail: 'last_admin' });
    await second.query('rollback');
    const { rows } = await db.client.query(
      `select id from public.users where role = 'admin' and status = 'active'`,
    );
    expect(rows).toEqual([{ id: CAST.olga.id }]);
  });
});

describe('imports', () => {
  const db = useDatabase();

  it('a superuser imports, too, though without BYPASSRLS; a role with neither does not', async () => {
    await withClient(db.superUrl(), async (client) => {
      await client.query(`begin; set local app.importing = 'on'`);
      for (const [attribute, imports] of [
        ['superuser', true],
        ['nosuperuser', false],
      ] as const) {
        const role = `importer_${attribute}`;
        await client.query(
          `create role ${role} ${attribute}; grant usage on schema private to ${role};
           grant execute on function private.is_importing() to ${role}; set local role ${role}`,
        );
        const { rows } = await client.query('select private.is_importing() as imports');
        expect(rows).toEqual([{ imports }]);
        await client.query('reset role');
      }
      await client.query('rollback');
    });
  });
});
