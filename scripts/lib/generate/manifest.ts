import { withClient } from '../client.ts';
import { readManifest } from '../doctor/manifest.ts';

/** What is shipped, for `npm run doctor` to compare a database with. */
export async function generateManifest(url: string): Promise<string> {
  return withClient(url, async (client) => {
    const manifest = await readManifest(client);
    return `${JSON.stringify(manifest, sortKeys, 1)}\n`;
  });
}

/** Names in byte order, so that the file does not depend on the server's locale. */
function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return value;
  }
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
