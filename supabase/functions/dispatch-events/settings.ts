import { type Env, required, SettingsError } from '../_shared/settings.ts';

/** Where the outbox is, and where its events go. */
export interface Settings {
  supabaseUrl: string;
  serviceKey: string;
  webhook: WebhookSettings | undefined;
  email: EmailSettings | undefined;
  /** What no error may show: secrets, keys, and the addresses of the receivers, which may hold some. */
  secrets: string[];
}

/** A receiver of signed webhooks. */
export interface WebhookSettings {
  url: URL;
  /** It gets the secrets that events carry, since nobody else sends the mail. */
  isMailer: boolean;
  /** One key, or several while they are exchanged. */
  keys: Uint8Array<ArrayBuffer>[];
}

/** A service that sends e-mails. */
export interface EmailSettings {
  url: URL;
  token: string;
  /** The page of the application where an invitation is accepted. */
  invitationUrl: URL | undefined;
}

/** Reads the settings. A receiver that is configured by halves is an error, not left out. */
export function readSettings(env: Env): Settings {
  const supabaseUrl = required(env, 'SUPABASE_URL');
  const serviceKey = required(env, 'SUPABASE_SERVICE_ROLE_KEY');
  const webhook = pair(env, 'EVENTS_WEBHOOK_URL', 'EVENTS_WEBHOOK_SECRET');
  const email = pair(env, 'EVENTS_EMAIL_HOOK_URL', 'EVENTS_EMAIL_HOOK_TOKEN');
  if (!webhook && !email) {
    throw new SettingsError(
      'No receiver is configured: EVENTS_WEBHOOK_URL and EVENTS_EMAIL_HOOK_URL are missing.',
      'Set EVENTS_WEBHOOK_URL with EVENTS_WEBHOOK_SECRET, or EVENTS_EMAIL_HOOK_URL with EVENTS_EMAIL_HOOK_TOKEN.',
    );
  }
  const urls = [webhook, email].flatMap((both) => (both ? variantsOf(both.url) : []));
  const webhookSecrets = webhook?.secret.split(/\s+/).filter((one) => one !== '') ?? [];
  return {
    supabaseUrl,
    serviceKey,
    webhook: webhook && {
      url: webhook.url,
      isMailer: !email,
      keys: webhookKeys(webhookSecrets),
    },
    email: email && {
      url: email.url,
      token: email.secret,
      invitationUrl: env('INVITATION_URL')
        ? receiverUrl('INVITATION_URL', required(env, 'INVITATION_URL'))
        : undefined,
    },
    secrets: [
      required(env, 'DISPATCH_SECRET'),
      serviceKey,
      ...webhookSecrets.map((one) => one.slice(PREFIX.length)),
      ...(email ? [email.secret] : []),
      ...urls,
    ],
  };
}

function pair(
  env: Env,
  urlName: string,
  secretName: string,
): { url: URL; secret: string } | undefined {
  if (!env(urlName) && !env(secretName)) {
    return undefined;
  }
  return { url: receiverUrl(urlName, required(env, urlName)), secret: required(env, secretName) };
}

const LOCAL_HOSTS = ['localhost', '127.0.0.1'];

function receiverUrl(name: string, value: string): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const isLocal = url?.protocol === 'http:' && LOCAL_HOSTS.includes(url.hostname);
  if (!url || (url.protocol !== 'https:' && !isLocal)) {
    throw new SettingsError(
      `${name} is not an https address.`,
      `Set ${name} to an https:// address; http:// is for localhost and 127.0.0.1 only.`,
    );
  }
  return url;
}

/** The forms in which an address, or the part of it that may be secret, turns up in messages. */
function variantsOf(url: URL): string[] {
  const { href, pathname, search, username, password } = url;
  // Short values are no secrets, and hiding them would make messages unreadable.
  const values = [...url.searchParams.values()].filter((value) => value.length >= 8);
  return [href, pathname + search, pathname, search, username, password, ...values].filter(
    (part) => part.length > 1,
  );
}

const PREFIX = 'whsec_';

/** Standard Webhooks asks for 24 to 64 bytes. */
function webhookKeys(secrets: string[]): Uint8Array<ArrayBuffer>[] {
  const keys = secrets.map((secret) => {
    const bytes = secret.startsWith(PREFIX) ? base64(secret.slice(PREFIX.length)) : undefined;
    return bytes && bytes.length >= 24 && bytes.length <= 64 ? bytes : undefined;
  });
  const usable = keys.filter((key) => key !== undefined);
  if (usable.length === 0 || usable.length < keys.length) {
    throw new SettingsError(
      'EVENTS_WEBHOOK_SECRET is not a webhook secret.',
      'Set it to whsec_ followed by 24 to 64 random bytes in base64; several are separated by spaces.',
    );
  }
  return usable;
}

function base64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
