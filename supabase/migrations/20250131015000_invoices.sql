-- migrate:up
-- Invoices and their lines. Amounts are exact (I10), follow from the lines, and are frozen once the invoice is sent.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- Invoices of a company. Lines may change while it is a draft; after that only its status does, along the
-- allowed transitions.
create table if not exists public.invoices (
  company_id uuid not null references public.companies (id) on delete restrict,
  id uuid not null default gen_random_uuid(),
  number text not null,
  status text not null default 'draft',
  customer_name text not null,
  customer_email text,
  customer_address text,
  currency text not null default 'USD',
  subtotal_amount numeric(14,2) not null default 0,
  tax_amount numeric(14,2) not null default 0,
  total_amount numeric(14,2) not null generated always as (subtotal_amount + tax_amount) stored,
  issued_on date,
  due_on date,
  paid_at timestamptz,
  voided_at timestamptz,
  notes text,
  stripe_invoice_id text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  primary key (company_id, id),
  constraint invoices_number_is_unique_in_company unique (company_id, number),
  constraint invoices_stripe_invoice_id_is_unique_in_company unique (company_id, stripe_invoice_id),
  constraint invoices_number_is_not_blank check (number ~ '\S' and length(number) <= 60),
  constraint invoices_status_is_known check (status in ('draft', 'open', 'paid', 'void', 'uncollectible')),
  constraint invoices_customer_name_is_not_blank check (customer_name ~ '\S'),
  constraint invoices_customer_email_is_email check (customer_email ~ '^[^@\s]+@[^@\s]+\.[^@\s]+$'),
  constraint invoices_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
  constraint invoices_amounts_are_not_negative check (
    subtotal_amount >= 0 and subtotal_amount <> 'NaN' and tax_amount >= 0 and tax_amount <> 'NaN'),
  constraint invoices_issued_on_set_when_sent check (status = 'draft' or issued_on is not null),
  constraint invoices_due_not_before_issue check (due_on >= issued_on),
  constraint invoices_paid_at_set_when_paid check ((status = 'paid') = (paid_at is not null)),
  constraint invoices_voided_at_set_when_void check ((status = 'void') = (voided_at is not null)),
  constraint invoices_stripe_invoice_id_is_stripe check (stripe_invoice_id ~ '^in_[A-Za-z0-9_]+$')
);

-- Lines of an invoice. Quantities and prices are exact; the invoice's totals follow by trigger.
create table if not exists public.invoice_line_items (
  company_id uuid not null references public.companies (id) on delete restrict,
  id uuid not null default gen_random_uuid(),
  invoice_id uuid not null,
  service_id uuid,
  position integer not null default 1,
  description text not null,
  quantity numeric(14,6) not null default 1,
  unit_amount numeric(14,6) not null,
  tax_rate_percent numeric(5,2) not null default 0,
  amount numeric(14,2) not null generated always as (round(quantity * unit_amount, 2)) stored,
  tax_amount numeric(14,2) not null generated always as (round(quantity * unit_amount * tax_rate_percent / 100, 2)) stored,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  primary key (company_id, id),
  constraint invoice_line_items_invoice_fk foreign key (company_id, invoice_id)
    references public.invoices (company_id, id) on delete cascade,
  constraint invoice_line_items_service_fk foreign key (company_id, service_id)
    references public.services (company_id, id) on delete no action,
  constraint invoice_line_items_position_is_positive check (position > 0),
  constraint invoice_line_items_description_is_not_blank check (description ~ '\S'),
  constraint invoice_line_items_quantity_is_positive check (quantity > 0 and quantity <> 'NaN'),
  constraint invoice_line_items_unit_amount_is_not_negative check (unit_amount >= 0 and unit_amount <> 'NaN'),
  constraint invoice_line_items_tax_rate_percent_is_in_range check (tax_rate_percent between 0 and 100)
);

-- What is open and overdue.
create index if not exists invoices_company_id_status_due_on_idx
  on public.invoices (company_id, status, due_on);
-- Latest invoices.
create index if not exists invoices_company_id_created_at_idx
  on public.invoices (company_id, created_at desc);
-- Invoices of a period.
create index if not exists invoices_company_id_issued_on_idx
  on public.invoices (company_id, issued_on desc);

-- Lines of an invoice in order.
create index if not exists invoice_line_items_company_id_invoice_id_position_idx
  on public.invoice_line_items (company_id, invoice_id, position);
-- Lines that bill a service.
create index if not exists invoice_line_items_company_id_service_id_idx
  on public.invoice_line_items (company_id, service_id);

create or replace function private.tg_invoices__check() returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  if private.is_importing() then
    return coalesce(new, old);
  end if;
  if tg_op = 'DELETE' then
    if old.status <> 'draft' then
      raise exception 'invoice % has been sent and cannot be deleted', old.number
        using errcode = '23514',
              detail = 'invoice_not_draft',
              hint = 'Set its status to void instead.';
    end if;
    return old;
  end if;
  if tg_op = 'INSERT' and new.status <> 'draft' then
    raise exception 'an invoice begins as a draft, not as %', new.status
      using errcode = '23514',
            detail = 'invalid_transition',
            hint = 'Insert it as a draft, add its lines, then set its status.';
  end if;
  -- OLD is null in an insert.
  if old.status <> 'draft' then
    if not (case old.status
        when 'open' then new.status in ('open', 'paid', 'void', 'uncollectible')
        when 'uncollectible' then new.status in ('uncollectible', 'paid', 'void')
        else new.status = old.status
      end)
    then
      raise exception 'an invoice cannot go from % to %', old.status, new.status
        using errcode = '23514',
              detail = 'invalid_transition',
              hint = 'draft to any; open to paid, void or uncollectible; uncollectible to paid or void.';
    end if;
    if (new.number, new.customer_name, new.customer_email, new.customer_address, new.currency, new.subtotal_amount,
        new.tax_amount, new.issued_on, new.due_on, new.notes)
       is distinct from
       (old.number, old.customer_name, old.customer_email, old.customer_address, old.currency, old.subtotal_amount,
        old.tax_amount, old.issued_on, old.due_on, old.notes)
    then
      raise exception 'invoice % has been sent and cannot be changed', old.number
        using errcode = '23514',
              detail = 'invoice_not_draft',
              hint = 'Void it and write a new one.';
    end if;
  end if;
  if new.status <> 'draft' then
    -- Today at the company, not at the caller.
    new.issued_on := coalesce(new.issued_on, (now() at time zone coalesce(
      (select c.time_zone from public.companies as c where c.id = new.company_id), 'UTC'))::date);
  end if;
  new.paid_at := case when new.status = 'paid' then coalesce(new.paid_at, now()) end;
  new.voided_at := case when new.status = 'void' then coalesce(new.voided_at, now()) end;
  return new;
end
$fn$;
revoke execute on function private.tg_invoices__check() from public;

-- Definer, because members may not write the totals themselves; it touches only the invoices of the changed lines,
-- once a statement. The lock makes two writers of an invoice add up one after the other; it is the weaker one, since
-- the lines' foreign key has locked the invoice already and two writers could not both strengthen that.
create or replace function private.tg_invoice_line_items__sum_up() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_invoice record;
begin
  if private.is_importing() then
    return null;
  end if;
  for v_invoice in
    select i.company_id, i.id, i.status
      from public.invoices as i
     where exists (select from changed as l where l.company_id = i.company_id and l.invoice_id = i.id)
     order by i.company_id, i.id
       for no key update of i
  loop
    if v_invoice.status <> 'draft' then
      raise exception 'the lines of a sent invoice cannot be changed'
        using errcode = '23514',
              detail = 'invoice_not_draft',
              hint = 'Void the invoice and write a new one.';
    end if;
    update public.invoices as i
       set subtotal_amount = s.subtotal, tax_amount = s.tax
      from (select coalesce(sum(l.amount), 0) as subtotal, coalesce(sum(l.tax_amount), 0) as tax
              from public.invoice_line_items as l
             where l.company_id = v_invoice.company_id and l.invoice_id = v_invoice.id) as s
     where i.company_id = v_invoice.company_id and i.id = v_invoice.id
       and (i.subtotal_amount, i.tax_amount) is distinct from (s.subtotal, s.tax);
  end loop;
  return null;
end
$fn$;
revoke execute on function private.tg_invoice_line_items__sum_up() from public;

create or replace trigger set_row_meta
  before insert or update on public.invoices
  for each row execute function private.tg_row__set_meta();
create or replace trigger keep_tenant
  before update on public.invoices
  for each row when (new.company_id is distinct from old.company_id or new.id is distinct from old.id)
  execute function private.tg_row__refuse_move('invoices');
create or replace trigger check_invoice
  before insert or update or delete on public.invoices
  for each row execute function private.tg_invoices__check();

create or replace trigger set_row_meta
  before insert or update on public.invoice_line_items
  for each row execute function private.tg_row__set_meta();
create or replace trigger keep_tenant
  before update on public.invoice_line_items
  for each row when (new.company_id is distinct from old.company_id or new.id is distinct from old.id)
  execute function private.tg_row__refuse_move('invoice_line_items');
create or replace trigger sum_up_inserted
  after insert on public.invoice_line_items
  referencing new table as changed
  for each statement execute function private.tg_invoice_line_items__sum_up();
create or replace trigger sum_up_updated
  after update on public.invoice_line_items
  referencing new table as changed
  for each statement execute function private.tg_invoice_line_items__sum_up();
create or replace trigger sum_up_deleted
  after delete on public.invoice_line_items
  referencing old table as changed
  for each statement execute function private.tg_invoice_line_items__sum_up();

alter table public.invoices enable row level security;
drop policy if exists select_member on public.invoices;
create policy select_member on public.invoices
  for select to authenticated
  using (company_id = (select private.company_for('invoices.read')));
drop policy if exists insert_member on public.invoices;
create policy insert_member on public.invoices
  for insert to authenticated
  with check (company_id = (select private.company_for('invoices.write')));
drop policy if exists update_member on public.invoices;
create policy update_member on public.invoices
  for update to authenticated
  using (company_id = (select private.company_for('invoices.write')))
  with check (company_id = (select private.company_for('invoices.write')));
drop policy if exists delete_member on public.invoices;
create policy delete_member on public.invoices
  for delete to authenticated
  using (company_id = (select private.company_for('invoices.write')));
drop policy if exists all_platform_admin on public.invoices;
create policy all_platform_admin on public.invoices
  for all to platform_admin
  using ((select private.is_platform_admin()))
  with check ((select private.is_platform_admin()));

alter table public.invoice_line_items enable row level security;
drop policy if exists select_member on public.invoice_line_items;
create policy select_member on public.invoice_line_items
  for select to authenticated
  using (company_id = (select private.company_for('invoices.read')));
drop policy if exists insert_member on public.invoice_line_items;
create policy insert_member on public.invoice_line_items
  for insert to authenticated
  with check (company_id = (select private.company_for('invoices.write')));
drop policy if exists update_member on public.invoice_line_items;
create policy update_member on public.invoice_line_items
  for update to authenticated
  using (company_id = (select private.company_for('invoices.write')))
  with check (company_id = (select private.company_for('invoices.write')));
drop policy if exists delete_member on public.invoice_line_items;
create policy delete_member on public.invoice_line_items
  for delete to authenticated
  using (company_id = (select private.company_for('invoices.write')));
drop policy if exists all_platform_admin on public.invoice_line_items;
create policy all_platform_admin on public.invoice_line_items
  for all to platform_admin
  using ((select private.is_platform_admin()))
  with check ((select private.is_platform_admin()));

revoke all on table public.invoices from public, anon, authenticated, platform_admin, service_role;
grant select, delete on table public.invoices to authenticated;
grant insert (
  company_id, id, number, status, customer_name, customer_email, customer_address, currency, issued_on,
  due_on, notes
) on table public.invoices to authenticated;
grant update (
  number, status, customer_name, customer_email, customer_address, currency, issued_on, due_on, notes
) on table public.invoices to authenticated;
grant select, delete on table public.invoices to platform_admin;
grant insert (
  company_id, id, number, status, customer_name, customer_email, customer_address, currency, issued_on,
  due_on, notes
) on table public.invoices to platform_admin;
grant update (
  number, status, customer_name, customer_email, customer_address, currency, issued_on, due_on, notes
) on table public.invoices to platform_admin;
grant select, delete on table public.invoices to service_role;
grant insert (
  company_id, id, number, status, customer_name, customer_email, customer_address, currency,
  subtotal_amount, tax_amount, issued_on, due_on, paid_at, voided_at, notes, stripe_invoice_id,
  created_at, updated_at, created_by, updated_by
) on table public.invoices to service_role;
grant update (
  number, status, customer_name, customer_email, customer_address, currency, subtotal_amount, tax_amount,
  issued_on, due_on, paid_at, voided_at, notes, stripe_invoice_id, updated_at, created_by, updated_by
) on table public.invoices to service_role;

revoke all on table public.invoice_line_items from public, anon, authenticated, platform_admin, service_role;
grant select, delete on table public.invoice_line_items to authenticated;
grant insert (
  company_id, id, invoice_id, service_id, position, description, quantity, unit_amount, tax_rate_percent
) on table public.invoice_line_items to authenticated;
grant update (
  service_id, position, description, quantity, unit_amount, tax_rate_percent
) on table public.invoice_line_items to authenticated;
grant select, delete on table public.invoice_line_items to platform_admin;
grant insert (
  company_id, id, invoice_id, service_id, position, description, quantity, unit_amount, tax_rate_percent
) on table public.invoice_line_items to platform_admin;
grant update (
  service_id, position, description, quantity, unit_amount, tax_rate_percent
) on table public.invoice_line_items to platform_admin;
grant select, delete on table public.invoice_line_items to service_role;
grant insert (
  company_id, id, invoice_id, service_id, position, description, quantity, unit_amount, tax_rate_percent,
  created_at, updated_at, created_by, updated_by
) on table public.invoice_line_items to service_role;
grant update (
  service_id, position, description, quantity, unit_amount, tax_rate_percent, updated_at, created_by,
  updated_by
) on table public.invoice_line_items to service_role;

comment on table public.invoices is 'Invoices. Amounts come from the lines; a sent invoice is frozen.';
comment on column public.invoices.company_id is 'Company (tenant) that the row belongs to. Never changes.';
comment on column public.invoices.id is 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';
comment on column public.invoices.number is 'Invoice number, unique within the company.';
comment on column public.invoices.status is 'draft, open, paid, void or uncollectible (Stripe''s states).';
comment on column public.invoices.customer_name is 'Who is billed.';
comment on column public.invoices.customer_email is 'Where it is sent.';
comment on column public.invoices.customer_address is 'Postal address of the customer.';
comment on column public.invoices.currency is 'ISO 4217.';
comment on column public.invoices.subtotal_amount is 'Sum of the lines before tax, in currency; kept by trigger.';
comment on column public.invoices.tax_amount is 'Sum of the lines'' tax, in currency; kept by trigger.';
comment on column public.invoices.total_amount is 'Subtotal plus tax, in currency.';
comment on column public.invoices.issued_on is 'Date of issue; required once it is no draft.';
comment on column public.invoices.due_on is 'Date by which it must be paid.';
comment on column public.invoices.paid_at is 'When it was paid; set exactly when it is.';
comment on column public.invoices.voided_at is 'When it was voided; set exactly when it is.';
comment on column public.invoices.notes is 'Text printed on the invoice.';
comment on column public.invoices.stripe_invoice_id is 'Stripe invoice, in_…, when mirrored from there.';
comment on column public.invoices.created_at is 'When the row was created.';
comment on column public.invoices.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.invoices.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.invoices.updated_by is 'Auth user who changed the row last; null for backend jobs.';
comment on policy select_member on public.invoices is 'Members holding invoices.read see the rows of their active company.';
comment on policy insert_member on public.invoices is 'Members holding invoices.write add rows to their active company only.';
comment on policy update_member on public.invoices is 'Members holding invoices.write change rows of their active company and cannot move them out of it.';
comment on policy delete_member on public.invoices is 'Members holding invoices.write delete rows of their active company.';
comment on policy all_platform_admin on public.invoices is 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

comment on table public.invoice_line_items is 'Lines of invoices; only a draft''s may change.';
comment on column public.invoice_line_items.company_id is 'Company (tenant) that the row belongs to. Never changes.';
comment on column public.invoice_line_items.id is 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';
comment on column public.invoice_line_items.invoice_id is 'Invoice that the line stands on, of the same company.';
comment on column public.invoice_line_items.service_id is 'Service that is billed, of the same company.';
comment on column public.invoice_line_items.position is 'Order on the invoice, from 1.';
comment on column public.invoice_line_items.description is 'What is billed.';
comment on column public.invoice_line_items.quantity is 'Units, more than 0.';
comment on column public.invoice_line_items.unit_amount is 'Price of one unit, in the invoice''s currency.';
comment on column public.invoice_line_items.tax_rate_percent is 'Tax in percent, 0 to 100.';
comment on column public.invoice_line_items.amount is 'Quantity times price, rounded to 2 places, before tax.';
comment on column public.invoice_line_items.tax_amount is 'Tax on the line, rounded to 2 places.';
comment on column public.invoice_line_items.created_at is 'When the row was created.';
comment on column public.invoice_line_items.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.invoice_line_items.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.invoice_line_items.updated_by is 'Auth user who changed the row last; null for backend jobs.';
comment on policy select_member on public.invoice_line_items is 'Members holding invoices.read see the rows of their active company.';
comment on policy insert_member on public.invoice_line_items is 'Members holding invoices.write add rows to their active company only.';
comment on policy update_member on public.invoice_line_items is 'Members holding invoices.write change rows of their active company and cannot move them out of it.';
comment on policy delete_member on public.invoice_line_items is 'Members holding invoices.write delete rows of their active company.';
comment on policy all_platform_admin on public.invoice_line_items is 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

comment on function private.tg_invoices__check() is
  'Row trigger: allowed transitions, frozen once sent, paid_at and voided_at in step with status. Errors: 23514 invalid_transition, invoice_not_draft.';
comment on function private.tg_invoice_line_items__sum_up() is
  'Statement trigger: keeps the invoices'' totals; refuses lines of a sent invoice. Errors: 23514 invoice_not_draft.';

-- migrate:down
