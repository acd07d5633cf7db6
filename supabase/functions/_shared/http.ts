/** What went wrong, in the form that PostgREST uses too. */
export interface ErrorBody {
  code: string;
  message: string;
  hint: string | null;
  /** The token of the database's error, where it is one. */
  details?: string;
}

/** An answer that is an error; whoever throws it has made up their mind about status and words. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly code: string;
  readonly hint: string | null;
  readonly details: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    hint: string | null = null,
    more: { details?: string | undefined; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint;
    this.details = more.details;
    this.headers = more.headers ?? {};
  }

  /** The answer. */
  toResponse(headers: Readonly<Record<string, string>> = {}): Response {
    const body: ErrorBody = {
      code: this.code,
      message: this.message,
      hint: this.hint,
      ...(this.details === undefined ? {} : { details: this.details }),
    };
    return json(this.status, body, { ...headers, ...this.headers });
  }
}

/** Headers that let a browser of any origin call a function; who may do what is decided by the token. */
export const CORS: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers':
    'authorization, x-client-info, apikey, content-type, x-company-id, idempotency-key',
  'access-control-allow-methods': 'POST, OPTIONS',
};

/** An answer in JSON. */
export function json(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...headers, 'content-type': 'application/json' },
  });
}

/** Refuses every method but POST. */
export function requirePost(request: Request): void {
  if (request.method !== 'POST') {
    throw new Problem(405, 'method_not_allowed', 'Use POST.', null, {
      headers: { allow: 'POST, OPTIONS' },
    });
  }
}

/** The body as text; refuses what is longer than anybody needs. */
export async function readText(request: Request, maxBytes: number): Promise<string> {
  const reader = request.body?.getReader();
  if (!reader) {
    return '';
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (true) {
    const { done, value } = await reader.read();
    if (done) {
      break;
    }
    size += value.length;
    if (size > maxBytes) {
      await reader.cancel();
      throw new Problem(413, 'body_too_large', `The body is longer than ${maxBytes} bytes.`);
    }
    chunks.push(value);
  }
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return new TextDecoder().decode(bytes);
}

/** The body as an object of texts: what is named, and nothing else of it. */
export async function readFields<Name extends string>(
  request: Request,
  names: readonly Name[],
): Promise<Record<Name, string>> {
  let body: unknown;
  try {
    body = JSON.parse(await readText(request, 20_000));
  } catch (error) {
    if (error instanceof Problem) {
      throw error;
    }
  }
  const fields = (body ?? {}) as Partial<Record<Name, unknown>>;
  for (const name of names) {
    if (typeof fields[name] !== 'string') {
      throw new Problem(
        400,
        'invalid_body',
        `"${name}" is missing.`,
        `Send a JSON object with ${names.join(', ')}, each a text.`,
      );
    }
  }
  return Object.fromEntries(names.map((name) => [name, fields[name]])) as Record<Name, string>;
}
