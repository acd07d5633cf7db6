import type { TestProject } from 'vitest/node';
import {
  startTestServer,
  TEST_SERVER_ENV,
  type TestServerInfo,
} from '../../../scripts/lib/test-server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    testServer: TestServerInfo;
  }
}

/** Uses the server that `npm test` has set up, or sets one up when vitest was started by itself. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env[TEST_SERVER_ENV];
  if (given) {
    project.provide('testServer', JSON.parse(given) as TestServerInfo);
    return async () => undefined;
  }
  const server = await startTestServer();
  project.provide('testServer', { superUrl: server.superUrl, templates: server.templates });
  return () => server.stop();
}
