import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** How far a webhook's timestamp may lie from our clock, either way (contract, section 2). */
export const TOLERANCE_SECONDS = 300;

export interface WebhookEnvelope {
  /** The header `webhook-id`: the same on each repeat of one message. */
  readonly id: string;
  /** The header `webhook-timestamp`. */
  readonly sentAt: Date;
}

const ID = /^[\x21-\x7e]{1,256}$/;
const SECONDS = /^\d{1,12}$/;
const SIGNATURE = /^v1,([A-Za-z0-9+/]{43}=)$/;
const MOST_SIGNATURES = 100;
/** As many secrets are tried for every shop, known or not, so that the time taken tells nothing; two of a shop may be live at once. */
const SECRETS_TRIED = 2;
const NO_SECRET = Buffer.alloc(32);

/**
 * Checks the signature of a webhook as Standard Webhooks 1.0.0 says: HMAC-SHA256 over `id.timestamp.body`, the body as the bytes that came.
 *
 * @param secrets  live ones of the shop, `whsec_` + base64; none for an unknown shop, which takes as long as a wrong signature
 * @returns        null: a header is missing or malformed, no signature is right, or the timestamp lies outside the tolerance
 */
export function verifyWebhook(
  body: Buffer,
  headers: IncomingHttpHeaders,
  secrets: readonly string[],
  now: Date,
): WebhookEnvelope | null {
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map(
    (name) => headers[name],
  );
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signatures !== 'string') return null;
  if (!ID.test(id) || !SECONDS.test(timestamp)) return null;
  const given = signatures.split(' ', MOST_SIGNATURES).flatMap((entry) => {
    const match = SIGNATURE.exec(entry);
    return match?.[1] === undefined ? [] : [Buffer.from(match[1], 'base64')];
  });
  const keys = secrets.map((secret) => Buffer.from(secret.replace(/^whsec_/, ''), 'base64'));
  let isSigned = false;
  for (let index = 0; index < Math.max(SECRETS_TRIED, keys.length); index++) {
    const key = keys[index];
    const expected = createHmac('sha256', key ?? NO_SECRET)
      .update(`${id}.${timestamp}.`)
      .update(body)
      .digest();
    // No early end: how long it takes does not say which secret or which signature was right.
    for (const signature of given) if (timingSafeEqual(signature, expected) && key !== undefined) isSigned = true;
  }
  const sentAt = new Date(Number(timestamp) * 1000);
  const isInTime = Math.abs(sentAt.getTime() - now.getTime()) <= TOLERANCE_SECONDS * 1000;
  return isSigned && isInTime ? { id, sentAt } : null;
}
