/**
 * How long agents talk or wrap up, learnt as a hazard by elapsed time: a piecewise constant rate, so that what is left of a talk follows from how
 * long it has lasted already. Mean minus elapsed calls every long talk "about to end"; most are not.
 *
 * Old durations are forgotten slowly. Memory is fixed: one counter for each bin.
 */
export class DurationModel {
  private readonly ended: Float64Array;
  private readonly exposureSeconds: Float64Array;
  private survival: Float64Array;
  private seen = 0;

  /**
   * @param edges                 upper ends of the bins, seconds, ascending; the last one is where the table ends
   * @param prior.meanSeconds     assumed before evidence; long is careful
   * @param prior.weight          as many durations the assumption counts
   * @param forgetting            share of the weight that older durations keep with each new one (0–1)
   */
  constructor(
    private readonly edges: readonly number[],
    private readonly prior: { readonly meanSeconds: number; readonly weight: number },
    private readonly forgetting: number,
  ) {
    this.ended = new Float64Array(edges.length);
    this.exposureSeconds = new Float64Array(edges.length);
    this.survival = new Float64Array(0);
    this.refresh();
  }

  /** Durations learnt so far, forgotten ones included. */
  get count(): number {
    return this.seen;
  }

  learn(seconds: number): void {
    this.seen += 1;
    const { ended, exposureSeconds, edges, forgetting } = this;
    let from = 0;
    for (let bin = 0; bin < edges.length; bin += 1) {
      const to = edges[bin]!;
      ended[bin]! *= forgetting;
      exposureSeconds[bin]! *= forgetting;
      const isLast = bin === edges.length - 1;
      if (seconds > from) exposureSeconds[bin]! += Math.min(seconds, to) - from;
      if (seconds >= from && (seconds < to || isLast)) ended[bin]! += 1;
      from = to;
    }
  }

  /** Brings the table up to date with what was learnt; the shares below read the table. */
  refresh(): void {
    const { ended, exposureSeconds, edges, prior } = this;
    let allEnded = prior.weight;
    let allSeconds = prior.weight * prior.meanSeconds;
    for (let bin = 0; bin < edges.length; bin += 1) {
      allEnded += ended[bin]!;
      allSeconds += exposureSeconds[bin]!;
    }
    const rate = allEnded / allSeconds;
    const last = edges[edges.length - 1]!;
    const survival = new Float64Array(last + 1);
    survival[0] = 1;
    let from = 0;
    for (let bin = 0; bin < edges.length; bin += 1) {
      // One duration's worth of the overall rate stands in each bin, so that an empty one is neither never nor at once.
      const hazard = (ended[bin]! + 1) / (exposureSeconds[bin]! + 1 / rate);
      const keep = Math.exp(-hazard);
      for (let second = from; second < edges[bin]!; second += 1) survival[second + 1] = survival[second]! * keep;
      from = edges[bin]!;
    }
    this.survival = survival;
  }

  /** Chance (0–1) that a duration is longer than this. */
  survivalAt(seconds: number): number {
    const { survival } = this;
    const last = survival.length - 1;
    if (seconds <= 0) return 1;
    if (seconds >= last) {
      const tail = survival[last]! / survival[last - 1]!;
      return survival[last]! * tail ** (seconds - last);
    }
    const whole = Math.floor(seconds);
    const share = seconds - whole;
    return survival[whole]! * (1 - share) + survival[whole + 1]! * share;
  }

  /** Chance (0–1) that what has lasted `elapsed` seconds ends within the next `horizon` seconds. */
  endsWithin(elapsed: number, horizon: number): number {
    if (horizon <= 0) return 0;
    const now = this.survivalAt(elapsed);
    return now <= 0 ? 0 : 1 - this.survivalAt(elapsed + horizon) / now;
  }
}
