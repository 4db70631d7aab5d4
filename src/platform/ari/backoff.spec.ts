import { expect, test } from 'vitest';
import { backoffMs } from './backoff.js';

test('waits a share of a doubling limit, and never longer than 2 s', () => {
  const longest = (tries: number): number => backoffMs(tries, () => 1);
  expect([0, 1, 2, 3, 4, 5, 6, 1_000].map(longest)).toEqual([100, 200, 400, 800, 1_600, 2_000, 2_000, 2_000]);
  expect(backoffMs(5, () => 0)).toBe(0);
  expect(backoffMs(5, () => 0.25)).toBe(500);
});
