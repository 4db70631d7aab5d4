/** Counts at either end that are less likely than this are left out: a long sum costs no more than its width. */
const IMPOSSIBLE = 1e-15;

/** How many of several independent things happen, each with its own chance (Poisson-binomial, by convolution); grows by one thing at a time. */
export class CountDistribution {
  /** The lowest count that is not all but impossible. */
  private first = 0;
  private chances = new Float64Array(64);
  private length = 1;
  private highest = Infinity;

  /** Nothing yet: the count is 0 for certain. Counts of `highest` (≥ 0) and more are kept together as one. */
  reset(highest = Infinity): void {
    this.first = 0;
    this.length = 1;
    this.chances[0] = 1;
    this.highest = highest;
  }

  /** Starts anew with many unlikely things, `mean` of which are expected: a Poisson distribution, close when each chance is small. */
  resetPoisson(mean: number, highest = Infinity): void {
    this.reset(highest);
    if (mean <= 0 || highest < 1) return;
    let chance = Math.exp(-mean);
    let left = 1 - chance;
    this.chances[0] = chance;
    for (let count = 1; left > 1e-12; count += 1) {
      if (count === this.chances.length) this.grow();
      this.length = count + 1;
      if (count >= highest) {
        this.chances[count] = left;
        return;
      }
      chance *= mean / count;
      this.chances[count] = chance;
      left -= chance;
      if (chance < 1e-15 && count > mean) return;
    }
  }

  /** One more thing that happens with this chance (0–1). */
  add(chance: number): void {
    if (chance <= 0) return;
    if (this.length > this.highest) {
      this.addAtTheTop(chance);
      return;
    }
    if (this.length === this.chances.length) this.grow();
    const { chances, length } = this;
    const top = chances[length - 1]! * chance;
    this.shift(length - 1, chance);
    if (top < IMPOSSIBLE) return;
    chances[length] = top;
    this.length = length + 1;
  }

  /** Possible counts: 0 … size − 1. */
  get size(): number {
    return this.length;
  }

  /** Counts below this one do not occur. */
  get lowest(): number {
    return this.first;
  }

  /** Chance (0–1) of exactly this count. */
  at(count: number): number {
    return count >= 0 && count < this.length ? this.chances[count]! : 0;
  }

  /** What has reached the highest count stays there. */
  private addAtTheTop(chance: number): void {
    const { chances, length } = this;
    if (length === 1) return;
    const reach = chances[length - 2]! * chance;
    this.shift(length - 2, chance);
    chances[length - 1]! += reach;
  }

  /** Moves a share of each count up to `last` to the next one. */
  private shift(last: number, chance: number): void {
    const { chances, first } = this;
    if (first > last) return;
    const stay = 1 - chance;
    for (let count = last; count > first; count -= 1)
      chances[count] = chances[count]! * stay + chances[count - 1]! * chance;
    chances[first]! *= stay;
    if (chances[first]! >= IMPOSSIBLE || first >= last) return;
    chances[first] = 0;
    this.first = first + 1;
  }

  private grow(): void {
    const wide = new Float64Array(this.chances.length * 2);
    wide.set(this.chances);
    this.chances = wide;
  }
}

/** Chance (0–1) that the count of `few` plus `start` does not exceed the count of `many`, the two being independent. */
export function chanceOfShortage(few: CountDistribution, many: CountDistribution, start: number): number {
  let chance = 0;
  let fewUpTo = 0;
  let next = few.lowest;
  for (let count = Math.max(many.lowest, start); count < many.size; count += 1) {
    for (; next <= count - start && next < few.size; next += 1) fewUpTo += few.at(next);
    chance += many.at(count) * fewUpTo;
  }
  return Math.min(1, chance);
}
