/** One call of a trunk, as far as its calls per second must know it. */
export interface InviteMark {
  /** Since when the call has had a line of the trunk, ms. */
  readonly takenMsAgo: number;
  /** When its INVITE had left at the latest, ms ago; null: it may still be on its way to the carrier. */
  readonly leftMsAgo: number | null;
}

/** What a trunk's calls per second leave to new calls. */
export interface RateLeft {
  readonly calls: number;
  /** When another call may leave; null: now. */
  readonly nextInMs: number | null;
}

/** An order to the exchange that has not been answered for so long left with its line, or never. */
export const INVITE_PENDING_MS = 10_000;

/** How far back INVITEs count: a second, or the time between two calls where there is less than one in a second. */
export function rateWindowMs(perSecond: number): number {
  return 1_000 / Math.min(1, perSecond);
}

/**
 * How many calls may leave over a trunk now, so that in no second whatever, wherever it begins, more than `perSecond` INVITEs leave; below 1 it is
 * one call in `1 / perSecond` seconds. An INVITE counts from the last instant at which it may have left, so that neither a slow exchange nor two
 * dialers at once bring more of them together than were planned.
 *
 * @param perSecond  what the trunk bears; of a fraction above 1 the whole part counts
 * @param invites    all calls with a line of the last {@link INVITE_PENDING_MS} and the window before it, whoever placed them, in any order
 */
export function rateLeft(perSecond: number, invites: readonly InviteMark[]): RateLeft {
  const most = Math.max(1, Math.floor(perSecond));
  const windowMs = rateWindowMs(perSecond);
  const counted = invites
    .map(countsFromMsAgo)
    .filter((msAgo) => msAgo < windowMs)
    .sort((a, b) => b - a);
  const oldest = counted[counted.length - most];
  return oldest === undefined
    ? { calls: most - counted.length, nextInMs: null }
    : { calls: 0, nextInMs: windowMs - oldest };
}

function countsFromMsAgo({ takenMsAgo, leftMsAgo }: InviteMark): number {
  if (leftMsAgo !== null) return Math.max(0, leftMsAgo);
  return takenMsAgo < INVITE_PENDING_MS ? 0 : takenMsAgo;
}
