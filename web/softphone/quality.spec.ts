import { describe, expect, it } from 'vitest';
import { figuresBetween, qualityOf, type LineCounters } from './quality.js';

const counters = (more: Partial<LineCounters>): LineCounters => ({
  received: 0,
  lost: 0,
  sent: 0,
  jitterMs: 2,
  roundTripMs: 20,
  farLossRatio: 0,
  ...more,
});

describe('the quality of the line', () => {
  it('counts what was lost since the last look, the worse direction', () => {
    const before = counters({ received: 1_000, lost: 500 });
    expect(figuresBetween(before, counters({ received: 1_095, lost: 505 }))?.lossRatio).toBeCloseTo(0.05);
    expect(figuresBetween(before, counters({ received: 1_100, lost: 500, farLossRatio: 0.2 }))?.lossRatio).toBe(0.2);
    expect(figuresBetween(before, before)).toBeNull();
  });

  it.each([
    [{ lossRatio: 0, jitterMs: 3, roundTripMs: null }, 'good'],
    [{ lossRatio: 0.02, jitterMs: 3, roundTripMs: 30 }, 'fair'],
    [{ lossRatio: 0, jitterMs: 45, roundTripMs: 30 }, 'fair'],
    [{ lossRatio: 0, jitterMs: 3, roundTripMs: 600 }, 'poor'],
    [{ lossRatio: 0.2, jitterMs: 3, roundTripMs: 30 }, 'poor'],
    [null, 'unknown'],
  ] as const)('is put into a word: %j', (figures, word) => {
    expect(qualityOf(figures)).toBe(word);
  });
});
