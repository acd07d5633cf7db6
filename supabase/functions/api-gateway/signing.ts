import { type CryptoKey, importJWK, type JWK, SignJWT } from 'npm:jose@6.2.17';
import { SettingsError } from '../_shared/settings.ts';

/** Signs the claims of a token. */
export type Sign = (claims: Record<string, unknown>) => Promise<string>;

const VARIABLE = 'API_GATEWAY_SIGNING_KEY';
const MIN_SECRET_BYTES = 32;

/**
 * A signer for the key that the project's API trusts: its JWT secret (HS256), or a private key as
 * JWK with `alg` and `kid`.
 */
export async function createSigner(key: string): Promise<Sign> {
  const { header, material } = key.trimStart().startsWith('{') ? await fromJwk(key) : secret(key);
  return (claims) => new SignJWT(claims).setProtectedHeader(header).sign(material);
}

interface Signer {
  header: { alg: string; kid?: string; typ: 'JWT' };
  material: CryptoKey | Uint8Array;
}

function secret(key: string): Signer {
  const material = new TextEncoder().encode(key);
  // RFC 7518, section 3.2: a key of the size of the hash or more.
  if (material.length < MIN_SECRET_BYTES) {
    throw wrong(`is shorter than ${MIN_SECRET_BYTES} bytes`);
  }
  return { header: { alg: 'HS256', typ: 'JWT' }, material };
}

async function fromJwk(key: string): Promise<Signer> {
  try {
    const jwk = JSON.parse(key) as JWK;
    if (!jwk.alg || !jwk.kid || !jwk.d) {
      throw new TypeError('alg, kid or d is missing');
    }
    return {
      header: { alg: jwk.alg, kid: jwk.kid, typ: 'JWT' },
      material: await importJWK(jwk),
    };
  } catch {
    // What the library says may show the key.
    throw wrong('is no private key');
  }
}

function wrong(what: string): SettingsError {
  return new SettingsError(
    `${VARIABLE} ${what}.`,
    `Set ${VARIABLE} to the project's JWT secret, or to a private key as JWK with alg, kid and d.`,
  );
}
