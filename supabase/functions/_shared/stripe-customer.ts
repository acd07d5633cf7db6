import { type Database, DatabaseError } from './database.ts';
import type { Stripe } from './stripe.ts';

interface Company {
  id: string;
  name: string;
  contact_email: string;
  status: string;
  is_operator: boolean;
  stripe_customer_id: string | null;
  /** One row a company. */
  billing_accounts: { customer_attempt: number } | null;
}

/**
 * The Stripe customer of a company, made if there is none; undefined for a company that gets none. Safe to
 * repeat after a crash at any point: for a day the idempotency key, which follows from the company's id,
 * answers the customer that was made before, and after that a search finds it.
 */
export async function ensureCustomer(
  stripe: Stripe,
  db: Database,
  companyId: string,
): Promise<string | undefined> {
  const [company] = await db.select<Company>('companies', {
    id: `eq.${companyId}`,
    select:
      'id,name,contact_email,status,is_operator,stripe_customer_id,billing_accounts(customer_attempt)',
  });
  if (!company || company.is_operator || company.status === 'closed') {
    return undefined;
  }
  if (company.stripe_customer_id !== null) {
    return company.stripe_customer_id;
  }
  const found = await stripe.customers.search({
    query: `metadata['company_id']:'${company.id}'`,
    limit: 10,
  });
  for (const candidate of found.data.toSorted((a, b) => a.created - b.created)) {
    // What the search has in its index may be out of date.
    if ('deleted' in candidate || candidate.metadata.company_id !== company.id) {
      continue;
    }
    const stored = await store(db, company.id, candidate.id);
    if (stored !== undefined) {
      return stored;
    }
  }
  const attempt = company.billing_accounts?.customer_attempt ?? 0;
  // Nothing here may differ between two attempts: Stripe refuses a key that comes with something else.
  const created = await stripe.customers.create(
    { metadata: { company_id: company.id } },
    { idempotencyKey: `customer-${company.id}-${attempt}` },
  );
  await stripe.customers.update(created.id, { name: company.name, email: company.contact_email });
  return await store(db, company.id, created.id);
}

/** The customer in force afterwards; undefined when another company has this one, whatever its metadata says. */
async function store(
  db: Database,
  companyId: string,
  customerId: string,
): Promise<string | undefined> {
  try {
    return await db.call<string>('store_stripe_customer', {
      company_id: companyId,
      stripe_customer_id: customerId,
    });
  } catch (error) {
    if (error instanceof DatabaseError && error.token === 'customer_taken') {
      return undefined;
    }
    throw error;
  }
}
