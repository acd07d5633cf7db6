import { UserError } from '../errors.ts';
import { LOCAL_JWT_SECRET } from '../keys.ts';
import { signClaims } from '../token.ts';
import type { ApiRequest, Rate } from './types.ts';

/** Repeats a request in one connection; requests a second. */
export async function apiLoad(
  baseUrl: string,
  request: ApiRequest,
  seconds: number,
): Promise<Rate> {
  const token = await signClaims(request.claims, LOCAL_JWT_SECRET);
  const init: RequestInit = {
    method: request.method ?? 'GET',
    headers: {
      authorization: `Bearer ${token}`,
      ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...request.headers,
    },
    ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
  };
  const started = performance.now();
  let sent = 0;
  for (; performance.now() - started < seconds * 1000; sent += 1) {
    const response = await fetch(`${baseUrl}${request.path}`, init);
    const body = await response.text();
    if (!response.ok || body === '[]') {
      throw new UserError(`PostgREST answered ${response.status} to ${request.path}.`, {
        details: body,
      });
    }
  }
  return { perSecond: (sent * 1000) / (performance.now() - started) };
}
