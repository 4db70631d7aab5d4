import { describe, expect, it } from 'vitest';
import { FAULTS } from './nemesis.js';
import { planTracks, WANTED_ROUNDS } from './schedule.js';

describe('the schedule of a run', () => {
  it('does every kind that is not for runs of its own three times in 20 minutes', () => {
    for (const seed of [1, 7, 42]) {
      const counts = new Map(planTracks(FAULTS, 20 * 60 - 6, seed).flatMap(({ counts: each }) => [...each]));
      for (const { name, isLong } of FAULTS) {
        if (isLong === true) expect(counts.has(name), name).toBe(false);
        else expect(counts.get(name), name).toBeGreaterThanOrEqual(WANTED_ROUNDS);
      }
    }
  });

  it('is the same for the same seed, and another one for another', () => {
    const names = (seed: number) => planTracks(FAULTS, 600, seed).map(({ order }) => order.map(({ name }) => name));
    expect(names(7)).toEqual(names(7));
    expect(names(7)).not.toEqual(names(8));
  });

  it('does the long ones, once each, when they are asked for alone', () => {
    const long = FAULTS.filter(({ isLong }) => isLong === true);
    expect(long.length).toBeGreaterThan(2);
    const [plan] = planTracks(long, 300, 1);
    expect([...plan!.counts.values()]).toEqual(long.map(() => 1));
  });
});
