/** Ages beyond this are one class, seconds. Longer than the longest permitted ringing (60 s) with its set-up. */
const OLDEST = 75;

/** As many calls as the shapes assumed before evidence count. */
const PRIOR_CALLS = 4;

/**
 * When calls are answered and when they fail, by their age, learnt as two histograms with a step of one second. The age counts from the
 * originate with the usual set-up time before the ringing, so that a call known to ring is placed by its ringing.
 */
export class RingModel {
  private readonly answered = new Float64Array(OLDEST + 1);
  private readonly failed = new Float64Array(OLDEST + 1);
  private readonly answeredBy = new Float64Array(OLDEST + 2);
  private readonly failedBy = new Float64Array(OLDEST + 2);
  private setUpSeconds = 3;
  private setUpsSeen = 0;

  constructor(
    ringSeconds: number,
    private readonly forgetting = 0.998,
  ) {
    const end = Math.min(OLDEST, Math.round(ringSeconds) + 3);
    for (let age = 3; age < end; age += 1)
      this.answered[age] = (PRIOR_CALLS * (end - age)) / ((end - 3) * (end - 2) * 0.5);
    for (let age = 3; age < 6; age += 1) this.failed[age] = (0.3 * PRIOR_CALLS) / 3;
    this.failed[end] = 0.7 * PRIOR_CALLS;
    this.refresh();
  }

  learn(call: {
    readonly isAnswered: boolean;
    readonly ageSeconds: number;
    readonly ringingSeconds: number | null;
  }): void {
    if (call.ringingSeconds !== null) {
      this.setUpsSeen += 1;
      this.setUpSeconds += (call.ageSeconds - call.ringingSeconds - this.setUpSeconds) / Math.min(200, this.setUpsSeen);
    }
    const counts = call.isAnswered ? this.answered : this.failed;
    for (let age = 0; age < counts.length; age += 1) counts[age]! *= this.forgetting;
    const age = Math.round(this.ageOf(call.ageSeconds, call.ringingSeconds));
    counts[Math.min(OLDEST, Math.max(0, age))]! += 1;
  }

  /** Brings the two distributions up to date with what was learnt. */
  refresh(): void {
    cumulate(this.answered, this.answeredBy);
    cumulate(this.failed, this.failedBy);
  }

  /** The age that the distributions go by, seconds. */
  ageOf(ageSeconds: number, ringingSeconds: number | null): number {
    return ringingSeconds === null ? Math.min(ageSeconds, this.setUpSeconds) : this.setUpSeconds + ringingSeconds;
  }

  /** Share (0–1) of answered calls that are answered by this age. */
  answeredByAge(age: number): number {
    return at(this.answeredBy, age);
  }

  /** Share (0–1) of failing calls that have failed by this age. */
  failedByAge(age: number): number {
    return at(this.failedBy, age);
  }

  /** The age by which this share (0–1) of answered calls is answered, seconds. */
  answerAge(share: number): number {
    const { answeredBy } = this;
    let age = 0;
    while (age < answeredBy.length - 1 && answeredBy[age + 1]! < share) age += 1;
    if (age >= answeredBy.length - 1) return age;
    const step = answeredBy[age + 1]! - answeredBy[age]!;
    return step <= 0 ? age : age + (share - answeredBy[age]!) / step;
  }
}

/** `by[i]` = share below age i; a count at age i lies between i − ½ and i + ½ and is told half to either side. */
function cumulate(counts: Float64Array, by: Float64Array): void {
  let all = 0;
  for (const count of counts) all += count;
  let sum = 0;
  for (let age = 0; age < by.length; age += 1) {
    const here = age < counts.length ? counts[age]! : 0;
    by[age] = (sum + here / 2) / all;
    sum += here;
  }
  by[0] = 0;
  by[by.length - 1] = 1;
}

function at(by: Float64Array, age: number): number {
  if (age <= 0) return 0;
  if (age >= by.length - 1) return 1;
  const whole = Math.floor(age);
  const share = age - whole;
  return by[whole]! * (1 - share) + by[whole + 1]! * share;
}
