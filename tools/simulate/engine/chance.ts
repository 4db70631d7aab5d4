/** A length of time or a count that is drawn anew each time; seconds unless said otherwise. `atLeast` and `atMost` cut it. */
export type Distribution = Cut &
  (
    | { readonly kind: 'constant'; readonly value: number }
    | { readonly kind: 'uniform'; readonly from: number; readonly to: number }
    | { readonly kind: 'exponential'; readonly mean: number }
    /** Half of the draws lie below `median`; `sigma` is the spread of the logarithm. */
    | { readonly kind: 'lognormal'; readonly median: number; readonly sigma: number }
    /** One of the values, each as likely: what was measured somewhere. */
    | { readonly kind: 'samples'; readonly values: readonly number[] }
    | {
        readonly kind: 'mixture';
        readonly of: readonly { readonly weight: number; readonly distribution: Distribution }[];
      }
  );

interface Cut {
  readonly atLeast?: number;
  readonly atMost?: number;
}

/**
 * A seeded source of chance (sfc32). Each part of the world has a stream of its own, told apart by name: one more draw in one of them leaves the
 * others as they are.
 */
export class Chance {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  constructor(private readonly seed: string) {
    [this.a, this.b, this.c] = hash(seed);
    for (let i = 0; i < 12; i++) this.next();
  }

  stream(name: string): Chance {
    return new Chance(`${this.seed}/${name}`);
  }

  /** A share in [0, 1). */
  readonly next = (): number => {
    const sum = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (this.c << 21) | (this.c >>> 11);
    this.c = (this.c + sum) | 0;
    return (sum >>> 0) / 4_294_967_296;
  };

  isTrue(share: number): boolean {
    return this.next() < share;
  }

  between(from: number, to: number): number {
    return from + (to - from) * this.next();
  }

  /** One of the words, by weight; null when there is none with a weight. */
  pick<T extends string>(weights: Readonly<Partial<Record<T, number>>>): T | null {
    const entries = Object.entries(weights) as [T, number][];
    const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
    let rest = this.next() * total;
    for (const [word, weight] of entries) {
      rest -= weight;
      if (rest < 0) return word;
    }
    return total > 0 ? entries.at(-1)![0] : null;
  }

  draw(distribution: Distribution): number {
    const { atLeast = 0, atMost = Infinity } = distribution;
    return Math.min(atMost, Math.max(atLeast, this.drawUncut(distribution)));
  }

  private drawUncut(distribution: Distribution): number {
    switch (distribution.kind) {
      case 'constant':
        return distribution.value;
      case 'uniform':
        return this.between(distribution.from, distribution.to);
      case 'exponential':
        return -Math.log(1 - this.next()) * distribution.mean;
      case 'lognormal':
        return distribution.median * Math.exp(distribution.sigma * this.normal());
      case 'samples':
        return distribution.values[Math.floor(this.next() * distribution.values.length)] ?? 0;
      case 'mixture': {
        const total = distribution.of.reduce((sum, part) => sum + part.weight, 0);
        let rest = this.next() * total;
        for (const part of distribution.of) {
          rest -= part.weight;
          if (rest < 0) return this.draw(part.distribution);
        }
        return this.draw(distribution.of.at(-1)!.distribution);
      }
    }
  }

  private normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }
}

/** Three well-mixed words of a text (cyrb53's mixing). */
function hash(text: string): [number, number, number] {
  let [h1, h2, h3] = [0xdeadbeef, 0x41c6ce57, 0x9e3779b9];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    h1 = Math.imul(h1 ^ code, 2654435761);
    h2 = Math.imul(h2 ^ code, 1597334677);
    h3 = Math.imul(h3 ^ code, 2246822519);
  }
  h1 = Math.imul(h1 ^ (h1 >>> 16), 2246822507) ^ Math.imul(h2 ^ (h2 >>> 13), 3266489909);
  h2 = Math.imul(h2 ^ (h2 >>> 16), 2246822507) ^ Math.imul(h3 ^ (h3 >>> 13), 3266489909);
  h3 = Math.imul(h3 ^ (h3 >>> 16), 2246822507) ^ Math.imul(h1 ^ (h1 >>> 13), 3266489909);
  return [h1 | 0, h2 | 0, h3 | 0];
}
