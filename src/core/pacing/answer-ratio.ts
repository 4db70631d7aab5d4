/** Attempts are told apart as first, second, later. */
const CLASSES = 3;

/** Calls' worth of memory of the slow and of the fast estimate. */
const SLOW = 400;
const FAST = 60;

/** How far the fast estimate must lie from the slow one, in standard errors, to be believed. */
const BELIEVED_AT = 3;

/**
 * The share of calls that a person answers, by attempt: one level that follows the hour, times a slow factor for each class of attempt.
 *
 * The level is the mean of many calls, until the mean of the last few differs by more than chance explains; then the last few are all that counts.
 * Before evidence it is assumed to be high, which is careful: a high ratio permits fewer calls.
 */
export class AnswerRatio {
  private readonly classAnswers = new Float64Array(CLASSES);
  private readonly classExpected = new Float64Array(CLASSES);
  private readonly slow: Mean;
  private readonly fast: Mean;
  private seen = 0;

  constructor(prior: { readonly ratio: number; readonly weight: number }) {
    this.slow = { answers: prior.ratio * prior.weight, calls: prior.weight };
    this.fast = { answers: prior.ratio * prior.weight, calls: prior.weight };
    this.classAnswers.fill(prior.ratio * 30);
    this.classExpected.fill(prior.ratio * 30);
  }

  /** Calls learnt so far. */
  get count(): number {
    return this.seen;
  }

  learn(attempt: number, isAnswered: boolean): void {
    this.seen += 1;
    const kind = classOf(attempt);
    const factor = this.factor(kind);
    const answer = isAnswered ? 1 : 0;
    const level = this.level();
    for (const [mean, memory] of [
      [this.slow, SLOW],
      [this.fast, FAST],
    ] as const) {
      const keep = 1 - 1 / memory;
      mean.answers = mean.answers * keep + answer;
      mean.calls = mean.calls * keep + factor;
    }
    const keep = 1 - 1 / 1000;
    this.classAnswers[kind] = this.classAnswers[kind]! * keep + answer;
    this.classExpected[kind] = this.classExpected[kind]! * keep + level;
    this.followChange();
  }

  /** Expected share of answers (0–1) for the call's attempt number (first = 1), `margin` standard errors above the mean. */
  ratio(attempt: number, margin = 0): number {
    const level = this.level();
    const error = Math.sqrt((level * Math.max(0.05, 1 - level)) / this.slow.calls);
    return Math.min(0.98, Math.max(0.01, (level + margin * error) * this.factor(classOf(attempt))));
  }

  private level(): number {
    return this.slow.answers / this.slow.calls;
  }

  private factor(kind: number): number {
    return this.classAnswers[kind]! / this.classExpected[kind]!;
  }

  private followChange(): void {
    const slow = this.level();
    const fast = this.fast.answers / this.fast.calls;
    const error = Math.sqrt((slow * Math.max(0.05, 1 - slow)) / Math.min(FAST, this.fast.calls) / 2);
    if (this.seen < FAST || this.slow.calls < 2 * FAST || Math.abs(fast - slow) < BELIEVED_AT * error) return;
    this.slow.answers = this.fast.answers;
    this.slow.calls = this.fast.calls;
  }
}

interface Mean {
  answers: number;
  calls: number;
}

function classOf(attempt: number): number {
  return Math.min(CLASSES, Math.max(1, Math.round(attempt))) - 1;
}
