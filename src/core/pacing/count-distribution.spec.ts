import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chanceOfShortage, CountDistribution } from './count-distribution.js';

const chances = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 9 });

function distribution(of: readonly number[], highest?: number): CountDistribution {
  const count = new CountDistribution();
  count.reset(highest);
  for (const chance of of) count.add(chance);
  return count;
}

/** All 2ⁿ ways, one by one. */
function byEnumeration(of: readonly number[]): number[] {
  const counts = Array.from({ length: of.length + 1 }, () => 0);
  for (let ways = 0; ways < 2 ** of.length; ways += 1) {
    let chance = 1;
    let count = 0;
    of.forEach((one, i) => {
      const happens = (ways >> i) % 2 === 1;
      chance *= happens ? one : 1 - one;
      count += happens ? 1 : 0;
    });
    counts[count]! += chance;
  }
  return counts;
}

describe('CountDistribution', () => {
  it('equals the sum over all ways', () => {
    fc.assert(
      fc.property(chances, (of) => {
        const count = distribution(of);
        byEnumeration(of).forEach((chance, i) => expect(count.at(i)).toBeCloseTo(chance, 10));
      }),
    );
  });

  it('keeps the highest counts together', () => {
    fc.assert(
      fc.property(chances, fc.nat(5), (of, highest) => {
        const count = distribution(of, highest);
        const all = byEnumeration(of);
        for (let i = 0; i < highest && i < all.length; i += 1) expect(count.at(i)).toBeCloseTo(all[i]!, 10);
        if (all.length > highest)
          expect(count.at(highest)).toBeCloseTo(
            all.slice(highest).reduce((sum, chance) => sum + chance, 0),
            10,
          );
      }),
    );
  });

  it.each([
    [0, 5],
    [0.3, 5],
    [4, 3],
    [40, 200],
    [2, 0],
  ])('many unlikely things, %d expected, %d at most: chances sum to 1', (mean, highest) => {
    const count = new CountDistribution();
    count.resetPoisson(mean, highest);
    count.add(0.5);
    let sum = 0;
    for (let i = 0; i < count.size; i += 1) sum += count.at(i);
    expect(sum).toBeCloseTo(1, 9);
    expect(count.size).toBeLessThanOrEqual(highest + 1);
  });

  it('grows beyond its first size', () => {
    const count = distribution(Array.from({ length: 300 }, () => 0.5));
    expect(count.at(150)).toBeCloseTo(0.04603, 4);
  });
});

describe('chanceOfShortage', () => {
  it.each([
    ['one agent ready, one call at 0.4: never two answers', [], [0.4], 1, 0.4],
    ['nobody ready, nobody to become free', [], [], 0, 1],
    ['nobody ready, one becomes free at 0.7', [0.7], [], 0, 0.3],
    ['two ready, one call', [], [0.9], 2, 0],
    ['one answer too many already', [0.5], [], -1, 1],
    ['free at 0.5 against an answer at 0.5', [0.5], [0.5], 0, 0.75],
  ])('%s', (_name, few, many, start, expected) => {
    expect(chanceOfShortage(distribution(few), distribution(many), start)).toBeCloseTo(expected, 10);
  });
});
