import { describe, expect, it } from 'vitest';
import {
  abandonedRatio,
  answeredRatio,
  callsPerOrder,
  confirmedRatio,
  firstCallSeconds,
  linesUsed,
  occupancy,
  percentile,
  shareWithin,
} from './kpi.js';

const T0 = Date.parse('2026-11-22T10:00:00Z');
const at = (seconds: number) => new Date(T0 + seconds * 1_000);
const order = (waited: number | null, outcome: 'confirmed' | 'changed' | 'declined' | 'withdrawn' | null = null) => ({
  registeredAt: at(0),
  firstCallAt: waited === null ? null : at(waited),
  outcome,
  calls: waited === null ? 0 : 2,
});

describe('the reported numbers', () => {
  it('occupancy counts talk and wrap-up; a reservation is waiting', () => {
    expect(occupancy({ ready: 100, reserved: 100, talking: 500, wrapUp: 300 })).toBeCloseTo(0.8);
    expect(occupancy({ ready: 0, reserved: 0, talking: 0, wrapUp: 0 })).toBeNull();
  });

  it('abandoned is a share of what a person answered; machines and others do not count', () => {
    const calls = [
      { answeredAt: at(1), result: 'answered' },
      { answeredAt: at(1), result: 'abandoned' },
      { answeredAt: at(1), result: 'machine' },
      { answeredAt: null, result: 'no_answer' },
      { answeredAt: at(1), result: 'withdrawn' },
    ] as const;
    expect(abandonedRatio(calls)).toBe(0.5);
    expect(abandonedRatio([])).toBeNull();
    expect(answeredRatio(calls)).toBe(0.75);
  });

  it('order to first call: percentiles by rank, shares of all orders but those withdrawn before any call', () => {
    const orders = [order(700), order(3), order(299, 'confirmed'), order(null), order(null, 'withdrawn')];
    expect(firstCallSeconds(orders)).toEqual([3, 299, 700]);
    expect(shareWithin(orders, 300)).toBe(0.5);
    expect(shareWithin(orders, 600)).toBe(0.5);
    const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
    expect([0.5, 0.95, 0.99, 1, 0].map((share) => percentile(hundred, share))).toEqual([50, 95, 99, 100, 1]);
    expect(percentile([], 0.5)).toBeNull();
  });

  it('confirmed is a share of final orders, calls per order an average of called ones', () => {
    const orders = [order(1, 'confirmed'), order(1, 'changed'), order(1, 'declined'), order(1), order(null)];
    expect(confirmedRatio(orders)).toBeCloseTo(2 / 3);
    expect(callsPerOrder(orders)).toBe(2);
  });

  it('lines: the most at once, and the mean over the time', () => {
    const calls = [
      { dialedAt: at(0), endedAt: at(10) },
      { dialedAt: at(5), endedAt: at(15) },
      { dialedAt: at(10), endedAt: at(20) },
      { dialedAt: null, endedAt: at(20) },
    ];
    expect(linesUsed(calls, 60)).toEqual({ most: 2, mean: 0.5 });
    expect(linesUsed([], 60)).toEqual({ most: 0, mean: 0 });
  });
});
