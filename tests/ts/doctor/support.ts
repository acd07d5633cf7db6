import type pg from 'pg';
import { type ActorName, CAST, COMPANIES, type CompanySlug } from '../../../scripts/lib/cast.ts';
import type { Finding } from '../../../scripts/lib/doctor/types.ts';
import { claimsWithin } from '../../../scripts/lib/token.ts';
import { become } from '../support/actors.ts';

/** A question to `diagnose()`. */
export interface Ask {
  company?: CompanySlug;
  user?: ActorName;
  permission?: string;
  /** Claims of the person's request, laid over those that the token hook gives them; undefined removes one. */
  claims?: Record<string, unknown>;
  /** Claims of another token altogether. */
  token?: Record<string, unknown>;
  headers?: Record<string, string>;
  /** The person asks, through the API's role, about themselves. */
  self?: boolean;
}

/** A fault, what is to be found then, and what mends it. */
export interface Case {
  /** The one check that must find it. */
  check: string;
  /** Told apart from other cases of the same check. */
  as?: string;
  ask: Ask;
  /** Statements that plant the fault; none where the question itself is at fault. */
  plant?: string;
  /** What goes before mending, or mends it where no statement can: what a person or another program does. */
  mend?: string;
  /** The question as it is when the fault was in the question. */
  mended?: Ask;
  /** Locally only the superuser may run the mend; on Supabase `postgres` may. */
  superuser?: boolean;
  /** A sound database of this kind shows it: it must vanish by the mend, and is not planted. */
  isThereAlready?: boolean;
}

export const ACME = COMPANIES.acme.id;
export const GLOBEX = COMPANIES.globex.id;
export const idOf = (name: ActorName): string => CAST[name].id ?? '';

/** The answer to a question, without what is in order. */
export async function ask(client: pg.Client, question: Ask): Promise<Finding[]> {
  const { company, user, permission, claims, token, headers, self } = question;
  if (self && user) {
    await become(client, {
      as: user,
      ...(claims ? { claims } : {}),
      ...(headers ? { headers } : {}),
    });
    const { rows } = await client.query<Finding>('select * from public.diagnose()');
    await client.query(
      `select set_config('role', 'none', true), set_config('request.jwt.claims', '', true),
              set_config('request.headers', '', true)`,
    );
    return rows.filter(({ severity }) => severity !== 'ok');
  }
  const request =
    token || claims || headers
      ? {
          claims: token ?? { ...(await claimsWithin(client, { as: user ?? 'alice' })), ...claims },
          headers: headers ?? {},
        }
      : null;
  const { rows } = await client.query<Finding>('select * from public.diagnose($1, $2, $3, $4)', [
    company ? COMPANIES[company].id : null,
    user ? idOf(user) : null,
    permission ?? null,
    request === null ? null : JSON.stringify(request),
  ]);
  return rows.filter(({ severity }) => severity !== 'ok');
}

/** What is there now and was not before. */
export function newOnes(before: readonly Finding[], now: readonly Finding[]): Finding[] {
  const key = ({ check_id, finding }: Finding): string => `${check_id} ${finding}`;
  const known = new Set(before.map(key));
  return now.filter((finding) => !known.has(key(finding)));
}
