/** An order as far as it says what could have been. Instants in ms since 1970. */
export interface FirstCallDue {
  readonly registeredMs: number;
  /** When it ceased to matter without a call (taken back by the shop); null: never. */
  readonly goneMs: number | null;
}

/** Agents at work over a stretch of time, breaks left out. */
export interface Staffing {
  readonly fromMs: number;
  readonly toMs: number;
  readonly agents: number;
}

const STEP_MS = 10_000;

/**
 * The share (0–1) of orders that could have had their first call within so many seconds, had the agents done nothing but first calls, always those that
 * could still be in time, and never waited for an answer. A bound to hold a result against: where it is far below 1, too few people were at work; where
 * the result is far below it, the rule is to blame. Null: there were no orders.
 *
 * @param of.firstCallSeconds  an agent's talk and wrap-up for a first call on average, those that nobody answers included
 * @param of.talkSeconds       the same of a talk: an idle floor can take a burst of as many calls as fill it with talks
 * @param of.opensMs           no call before
 */
export function mostInTime(
  orders: readonly FirstCallDue[],
  staffing: readonly Staffing[],
  of: {
    readonly withinSeconds: number;
    readonly firstCallSeconds: number;
    readonly talkSeconds: number;
    readonly opensMs: number;
  },
): number | null {
  const queue = [...orders].sort((a, b) => a.registeredMs - b.registeredMs);
  if (queue.length === 0) return null;
  if (of.firstCallSeconds <= 0) return 1;
  const limitMs = of.withinSeconds * 1_000;
  let next = 0;
  let inTime = 0;
  let room = 0;
  for (const { fromMs, toMs, agents } of staffing) {
    for (let atMs = fromMs; atMs < toMs; atMs += STEP_MS) {
      if (atMs + STEP_MS <= of.opensMs) continue;
      const most = (agents * of.talkSeconds) / of.firstCallSeconds;
      room = Math.min(most, room + (agents * STEP_MS) / 1_000 / of.firstCallSeconds);
      for (; next < queue.length && queue[next]!.registeredMs < atMs + STEP_MS; next += 1) {
        const { registeredMs, goneMs } = queue[next]!;
        if (registeredMs + limitMs < atMs || (goneMs !== null && goneMs < atMs)) continue;
        if (room < 1) break;
        room -= 1;
        inTime += 1;
      }
    }
  }
  return inTime / queue.length;
}

/** A call that a cap counts. */
export interface CappedCall {
  readonly endedMs: number;
  readonly isAbandoned: boolean;
}

/** The cap permits so many abandoned calls in a window before it is judged: below, one call more or less decides. */
const ENOUGH_PERMITTED = 5;

/**
 * The highest abandoned share (0–1) of any sliding window of a cap, judged at the end of each call, as soon as there are so many answered calls in it that
 * the cap permits {@link ENOUGH_PERMITTED} abandoned ones. Null: there never were.
 *
 * @param calls  in the order of their ends
 * @param past   answered calls that were in the window from the begin
 */
export function worstWindow(
  calls: readonly CappedCall[],
  { maxRatio, windowHours }: { readonly maxRatio: number; readonly windowHours: number },
  past: { readonly answered: number; readonly abandoned: number } = { answered: 0, abandoned: 0 },
): number | null {
  let worst: number | null = null;
  let from = 0;
  let { abandoned } = past;
  for (let i = 0; i < calls.length; i += 1) {
    const { endedMs, isAbandoned } = calls[i]!;
    if (isAbandoned) abandoned += 1;
    for (; calls[from]!.endedMs <= endedMs - windowHours * 3_600_000; from += 1)
      if (calls[from]!.isAbandoned) abandoned -= 1;
    const answered = past.answered + i + 1 - from;
    if (answered * maxRatio < ENOUGH_PERMITTED) continue;
    worst = Math.max(worst ?? 0, abandoned / answered);
  }
  return worst;
}
