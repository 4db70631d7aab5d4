import type { Random } from '../../core/shared/clock.js';
import type { Exchange } from '../../platform/http/outbound-client.js';
import { nextTryAt, readRetryAfter } from './retry-schedule.js';

/** What becomes of a delivery after a try. `because` is a word or status for the administrator, without personal data. */
export type Verdict =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'retry'; readonly at: Date; readonly because: string }
  | { readonly kind: 'parked'; readonly because: string }
  | { readonly kind: 'disabled'; readonly because: string };

/** The shop will refuse the same request again: a person has to look. */
const PARKED_AT_ONCE = new Set([400, 401, 403, 404, 422]);
const GONE = 410;
const ASKS_FOR_PATIENCE = new Set([429, 503]);

/** Judges one exchange with a shop (contract, section 3). Redirects are failures like any other. */
export function judge(
  exchange: Exchange,
  delivery: { readonly tries: number; readonly firstTryAt: Date },
  now: Date,
  random: Random,
): Verdict {
  if (exchange.kind === 'answered') {
    const { status } = exchange;
    if (status >= 200 && status <= 299) return { kind: 'delivered' };
    if (status === GONE) return { kind: 'disabled', because: 'answered 410: the destination is gone' };
    if (PARKED_AT_ONCE.has(status)) return { kind: 'parked', because: `answered ${status}` };
  }
  const because = exchange.kind === 'answered' ? `answered ${exchange.status}` : exchange.reason;
  const isPatience = exchange.kind === 'answered' && ASKS_FOR_PATIENCE.has(exchange.status);
  const retryAfterMs = isPatience ? readRetryAfter(exchange.retryAfter, now) : null;
  const at = nextTryAt({ ...delivery, now, retryAfterMs, random });
  return at ? { kind: 'retry', at, because } : { kind: 'parked', because };
}
