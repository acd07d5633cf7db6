import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createProxyServer } from 'httpxy';
import { errors, jwtVerify } from 'jose';
import { EXIT, messageOf, UserError } from './errors.ts';
import type { FunctionsRuntime } from './functions-runtime.ts';
import { type ApiKeys, LOCAL_JWT_SECRET } from './keys.ts';

export interface GatewayOptions {
  /** A port on 127.0.0.1; 0 for any. */
  port: number;
  /** Base URL of PostgREST, when it runs. */
  restUrl?: string;
  /** Edge functions, when there are any. */
  functions?: FunctionsRuntime;
  keys: ApiKeys;
  jwtSecret?: string;
}

/** One base URL under which supabase-js works. */
export interface Gateway {
  url: string;
  port: number;
  stop(): Promise<void>;
}

const CORS_METHODS = 'GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS';
const CORS_EXPOSED =
  'Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, Transfer-Encoding, Range-Unit';

/** Starts the gateway: `/rest/v1` goes to PostgREST, `/functions/v1/<name>` to the function. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const proxy = createProxyServer({});
  // CORS headers are ours for PostgREST, and a function's own for functions.
  const restRequests = new WeakSet<IncomingMessage>();
  proxy.on('error', (_error, _request, response) => {
    if (response && 'writeHead' in response) {
      answer(response as ServerResponse, 502, { message: 'The service did not answer.' });
    }
  });
  proxy.on('proxyRes', (upstream, request) => {
    if (restRequests.has(request)) {
      for (const name of Object.keys(upstream.headers)) {
        if (name.startsWith('access-control-')) {
          delete upstream.headers[name];
        }
      }
      Object.assign(upstream.headers, corsHeaders(request));
    }
  });

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      const detail = error instanceof UserError ? { details: error.details, hint: error.fix } : {};
      answer(response, 500, { message: messageOf(error), ...detail });
    });
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    trustOnlyTheSocket(request);
    const url = new URL(request.url ?? '/', 'http://gateway');
    const [, service, version, name = ''] = url.pathname.split('/');
    if (version === 'v1' && service === 'rest') {
      if (request.method === 'OPTIONS') {
        response.writeHead(200, corsHeaders(request));
        response.end();
        return;
      }
      const problem = authorise(request, url, options.keys);
      if (problem) {
        answer(response, 401, problem, corsHeaders(request));
        return;
      }
      request.url = url.pathname.slice('/rest/v1'.length).replace(/^(?!\/)/, '/') + url.search;
      if (options.restUrl === undefined) {
        answer(response, 503, { message: 'PostgREST does not run.' }, corsHeaders(request));
        return;
      }
      restRequests.add(request);
      await proxy.web(request, response, { target: options.restUrl });
      return;
    }
    if (version === 'v1' && service === 'functions' && options.functions) {
      await handleFunction(request, response, url, name, options.functions);
      return;
    }
    if (url.pathname === '/') {
      answer(response, 200, { rest: '/rest/v1', functions: '/functions/v1' });
      return;
    }
    answer(response, 404, { message: 'no Route matched with those values' });
  }

  async function handleFunction(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    name: string,
    functions: FunctionsRuntime,
  ): Promise<void> {
    if (request.method !== 'OPTIONS' && functions.verifiesJwt(name)) {
      const problem = await verify(request, options.jwtSecret ?? LOCAL_JWT_SECRET);
      if (problem) {
        answer(
          response,
          401,
          { code: 401, message: problem },
          { 'access-control-allow-origin': '*' },
        );
        return;
      }
    }
    const target = await functions.urlOf(name);
    if (target === undefined) {
      answer(response, 404, { code: 'NOT_FOUND', message: 'Requested function was not found' });
      return;
    }
    // A function sees its own name as the first part of the path, as on Supabase.
    request.url = url.pathname.slice('/functions/v1'.length) + url.search;
    await proxy.web(request, response, { target });
  }

  const port = await listen(server, options.port);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The client's address is what the socket says; whatever a client claims about it is dropped. */
function trustOnlyTheSocket(request: IncomingMessage): void {
  const address = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  for (const name of ['forwarded', 'cf-connecting-ip', 'true-client-ip', 'x-client-ip']) {
    delete request.headers[name];
  }
  request.headers['x-forwarded-for'] = address;
  request.headers['x-real-ip'] = address;
}

interface KeyProblem {
  message: string;
  hint: string;
}

/**
 * The header `apikey` (or the parameter) must be one of the project's keys; a request without a
 * token of its own is made with the key's role.
 */
function authorise(request: IncomingMessage, url: URL, keys: ApiKeys): KeyProblem | undefined {
  const key = request.headers.apikey ?? url.searchParams.get('apikey') ?? undefined;
  if (typeof key !== 'string' || key === '') {
    return {
      message: 'No API key found in request',
      hint: 'No `apikey` request header or url param was found.',
    };
  }
  if (key !== keys.anonKey && key !== keys.serviceRoleKey) {
    return {
      message: 'Invalid API key',
      hint: 'Double check your Supabase `anon` or `service_role` API key.',
    };
  }
  // PostgREST would take the parameter for a filter.
  url.searchParams.delete('apikey');
  request.headers.authorization ??= `Bearer ${key}`;
  return undefined;
}

async function verify(request: IncomingMessage, secret: string): Promise<string | undefined> {
  const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (!token) {
    return 'Missing authorization header';
  }
  try {
    await jwtVerify(token, new TextEncoder().encode(secret), { algorithms: ['HS256'] });
    return undefined;
  } catch (error) {
    return error instanceof errors.JWTExpired ? 'JWT expired' : 'Invalid JWT';
  }
}

function corsHeaders(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {
    'access-control-allow-origin': '*',
    'access-control-expose-headers': CORS_EXPOSED,
  };
  if (request.method === 'OPTIONS') {
    headers['access-control-allow-methods'] = CORS_METHODS;
    headers['access-control-allow-headers'] =
      request.headers['access-control-request-headers'] ?? '*';
    headers['access-control-max-age'] = '3600';
  }
  return headers;
}

function answer(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        new UserError(`The gateway cannot listen on 127.0.0.1:${port}: ${error.message}.`, {
          fix: 'choose another port with --port',
          exitCode: EXIT.tool,
        }),
      );
    });
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
