/** What the cap is measured on, so far. */
export interface AbandonCount {
  /** Answered calls in the window over which the cap is measured. */
  readonly answered: number;
  /** Those of them that had no agent in time. */
  readonly abandoned: number;
  /**
   * The window, when it is judged only at its end (a day of dialling): seconds since its begin and to its end.
   * Null for a sliding window: it is judged at every instant.
   */
  readonly window: { readonly passedSeconds: number; readonly leftSeconds: number } | null;
  /** Highest share (0–1) permitted in this window; absent: the cap of the rule. */
  readonly cap?: number;
}

/**
 * Aimed at, as a share of the cap, less half a call: chance puts the end of the window a little to either side. More so when calls are screened: some of
 * those counted as answered were machines.
 */
const AIM = 0.955;
const AIM_SCREENED = 0.92;
const RESERVE_CALLS = 0.5;

/** Share of the answers still to come in the window that may be counted on when the cap is guarded. */
const TRUSTED_AHEAD = 0.5;

/** Surplus or debt is worked off over at least so many answers, in a sliding window over this share of it. */
const FEWEST_ANSWERS_AHEAD = 60;
const SLIDING_SHARE = 0.25;

/** The rate aimed at stays between these multiples of the usual one. */
const LEAST_RATE = 0.2;
const HIGHEST_RATE = 3;

/** Chance accepted for the last call, for each share that is to be abandoned, before evidence; it counts as so many abandoned calls. */
const FIRST_PRICE = 1.3;
const PRICE_WEIGHT = 20;

/** A chance above this is never accepted. */
const HIGHEST_CHANCE = 0.7;

/**
 * How great a chance of one more abandoned call may be accepted for one more answered call.
 *
 * The cap is a budget of the whole window. It buys most when every call is weighed at the same price, so the accepted chance is held steady: surplus and
 * debt are worked off over all that is left of the window, not at once. Measured on the plant of the pacing bench: the same budget spent by a quick feedback
 * loop, which falls to 1:1 and back, buys a third less.
 * Of several windows the tightest one decides. When one more abandoned call could break a cap, nothing is accepted: only calls with an agent of their own
 * (docs/decisions/0014-predictive-pacing.md).
 */
export class AbandonBudget {
  private takenSum = 0;
  private lastAnswered = 0;
  private lastAbandoned = 0;
  private abandonedSeen = 0;
  private taken = 0;

  private readonly cap: number;
  private readonly aimShare: number;

  /**
   * @param options.cap         highest share (0–1) of answered calls that may find no agent, for windows that name none
   * @param options.isScreened  true when a detection of answering machines runs after the answer
   */
  constructor(options: { readonly cap: number; readonly isScreened: boolean }) {
    this.cap = options.cap;
    this.aimShare = options.isScreened ? AIM_SCREENED : AIM;
  }

  /**
   * What was taken against what came of it: the price of a call at the margin, for each abandoned one on average.
   *
   * @param answered   calls answered so far, all told; never falls
   * @param abandoned  those of them that had no agent in time
   */
  learn(answered: number, abandoned: number): void {
    this.takenSum += Math.max(0, answered - this.lastAnswered) * this.taken;
    this.abandonedSeen += Math.max(0, abandoned - this.lastAbandoned);
    this.lastAnswered = answered;
    this.lastAbandoned = abandoned;
    if (this.abandonedSeen < 500) return;
    this.takenSum /= 2;
    this.abandonedSeen /= 2;
  }

  /**
   * Chance (0–1) that may be accepted now; 0 when no risk may be taken.
   *
   * @param windows each with its own counts; none: no risk may be taken
   * @param waiting answered buyers without an agent at this instant: they may be abandoned in a moment
   */
  accept(windows: readonly AbandonCount[], waiting = 0): number {
    return windows.length === 0 ? 0 : Math.min(...windows.map((window) => this.acceptIn(window, waiting)));
  }

  /**
   * The chance (0–1) that was taken with the last call, from now on: less than accepted where there was nobody else to call, or more agents free than
   * calls. Answers of such hours cost nothing; counted at what was accepted they would make the price of the busy ones look low.
   */
  took(chance: number): void {
    this.taken = chance;
  }

  private acceptIn(count: AbandonCount, waiting: number): number {
    const { answered, abandoned, window } = count;
    const cap = count.cap ?? this.cap;
    if (!hasRoom(count, cap, waiting)) return 0;
    const ahead = answersAhead(count);
    const horizon = Math.max(FEWEST_ANSWERS_AHEAD, window === null ? SLIDING_SHARE * answered : ahead);
    const aim = cap * this.aimShare;
    const rate = (aim * (answered + horizon) - abandoned - RESERVE_CALLS) / horizon;
    const price = (this.takenSum + FIRST_PRICE * PRICE_WEIGHT) / (this.abandonedSeen + PRICE_WEIGHT);
    return Math.min(HIGHEST_CHANCE, price * Math.min(HIGHEST_RATE * aim, Math.max(LEAST_RATE * aim, rate)));
  }
}

/**
 * Whether one more abandoned call would leave the share within the cap.
 *
 * @param waiting answered buyers without an agent at this instant, and what is to be expected of calls that ring
 */
export function hasRoom(count: AbandonCount, cap: number, waiting = 0): boolean {
  return cap * (count.answered + TRUSTED_AHEAD * answersAhead(count)) - count.abandoned - waiting >= 1;
}

/** Whether a share that somebody was abandoned for has reached the cap. */
export function isAtCap(count: AbandonCount, cap: number, waiting = 0): boolean {
  const abandoned = count.abandoned + waiting;
  return abandoned > 0 && abandoned >= cap * count.answered;
}

/** Answers still to come in a window that is judged at its end, as things go so far. */
function answersAhead({ answered, window }: AbandonCount): number {
  return window === null ? 0 : (answered * Math.max(0, window.leftSeconds)) / Math.max(600, window.passedSeconds);
}
