import type { Receiver } from './delivery.ts';
import { type ClaimedEvent, secretOf } from './outbox.ts';
import type { EmailSettings } from './settings.ts';

/**
 * A service that sends e-mails. It is told of budgets that reached a threshold, when the company
 * has stated addresses, and of invitations, and of nothing else.
 */
export function emailReceiver(settings: EmailSettings): Receiver {
  const { url, token } = settings;
  return {
    name: 'e-mail hook',
    messageFor(event) {
      const email = emailAbout(event, settings);
      if (!email || email.to.length === 0) {
        return Promise.resolve(undefined);
      }
      return Promise.resolve({
        url,
        headers: { authorization: `Bearer ${token}`, 'idempotency-key': event.event_id },
        body: JSON.stringify({ idempotency_key: event.event_id, ...email }),
      });
    },
  };
}

interface Email {
  to: string[];
  subject: string;
  text: string;
}

function emailAbout(event: ClaimedEvent, settings: EmailSettings): Email | undefined {
  switch (event.topic) {
    case 'budget.threshold_reached': {
      const to = event.notification_emails.filter((address) => address !== null);
      return { to: to.filter((address) => address.trim()), ...budgetEmail(event) };
    }
    case 'member.invited':
      // Without a token whoever invited sends the mail.
      return secretOf(event) === undefined
        ? undefined
        : { to: [text(event.payload.email)], ...invitationEmail(event, settings.invitationUrl) };
    default:
      return undefined;
  }
}

/** Subject and text of an invitation. The token follows `#`, so that no server logs it. */
export function invitationEmail(
  event: ClaimedEvent,
  invitationUrl: URL | undefined,
): { subject: string; text: string } {
  const company = event.company_name.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim();
  const token = text(secretOf(event));
  const until = new Date(text(event.payload.expires_at)).toISOString().slice(0, 16);
  const link = invitationUrl && new URL(invitationUrl);
  if (link) {
    link.hash = `invitation_token=${token}`;
  }
  return {
    subject: `Invitation to ${company}`,
    text: [
      `You are invited to become a member of ${company}.`,
      '',
      link ? `Accept the invitation here: ${link.href}` : `The code of your invitation: ${token}`,
      '',
      `It works once, for ${text(event.payload.email)} only, until ${until.replace('T', ' ')} UTC.`,
      'If you do not know what this is about, ignore it.',
      '',
    ].join('\n'),
  };
}

/** Subject and text about a budget that reached a threshold. */
export function budgetEmail(event: ClaimedEvent): { subject: string; text: string } {
  const { payload } = event;
  const company = event.company_name.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim();
  const month = monthName(payload.month);
  const percent = number(payload.threshold_percent);
  const budget = budgetName(payload);
  const counted = new Date(event.created_at).toISOString().slice(0, 16).replace('T', ' ');
  return {
    subject: `${company}: ${percent}% of the ${budget} for ${month} is used`,
    text: [
      `${company} has used ${usDollars(payload.spent_micro_usd)} of ${usDollars(payload.limit_micro_usd)}, the ${budget} for ${month}.`,
      `The alert is set at ${percent}%. The amount is that of ${counted} UTC.`,
      '',
      payload.enforcement === 'soft'
        ? 'Usage beyond the limit is accepted and flagged.'
        : 'Usage beyond the limit is refused.',
      '',
    ].join('\n'),
  };
}

function budgetName({ scope, agent_id, service }: Record<string, unknown>): string {
  switch (scope) {
    case 'agent':
      return `budget of agent ${agent_id}`;
    case 'service':
      return `budget of service ${service}`;
    default:
      return 'budget';
  }
}

/** `2025-02` in words. */
function monthName(month: unknown): string {
  return new Intl.DateTimeFormat('en-GB', {
    month: 'long',
    year: 'numeric',
    timeZone: 'UTC',
  }).format(new Date(`${month}-01T00:00:00Z`));
}

/** An amount with cents; below a dollar as exact as it is counted. */
function usDollars(microUsd: unknown): string {
  const amount = number(microUsd) / 1_000_000;
  return new Intl.NumberFormat('en-GB', {
    style: 'currency',
    currency: 'USD',
    minimumFractionDigits: 2,
    maximumFractionDigits: Math.abs(amount) < 1 ? 6 : 2,
  }).format(amount);
}

function text(value: unknown): string {
  if (typeof value !== 'string') {
    throw new TypeError('the payload is not that of an invitation');
  }
  return value;
}

function number(value: unknown): number {
  if (typeof value !== 'number') {
    throw new TypeError('the payload is not that of a budget');
  }
  return value;
}
