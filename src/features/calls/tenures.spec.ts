import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bothClocks, Tenures } from './tenures.js';

describe('a tenure', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'Date'] }));
  afterEach(() => void vi.useRealTimers());

  it('lasts as long as the lease is surely ours, counted from before it was asked for', () => {
    const tenures = new Tenures();
    expect(tenures.isHeld('g')).toBe(false);
    const from = bothClocks();
    vi.advanceTimersByTime(1_000);
    tenures.grant(['g'], from, 5_500);
    vi.advanceTimersByTime(4_400);
    expect(tenures.isHeld('g')).toBe(true);
    expect(tenures.isHeld('other')).toBe(false);
    vi.advanceTimersByTime(200);
    expect(tenures.isHeld('g')).toBe(false);
  });

  it('is over for a machine that slept, whose monotonic clock stood', () => {
    const tenures = new Tenures();
    tenures.grant(['g'], bothClocks(), 5_500);
    vi.setSystemTime(Date.now() + 60_000);
    expect(tenures.isHeld('g')).toBe(false);
  });

  it('ends at once for a group that is given up, and for all when the link is lost', () => {
    const tenures = new Tenures();
    tenures.grant(['g', 'h', 'i'], bothClocks(), 5_500);
    tenures.end('g');
    expect(['g', 'h', 'i'].map((group) => tenures.isHeld(group))).toEqual([false, true, true]);
    tenures.endWhere((group) => group !== 'i');
    expect(['g', 'h', 'i'].map((group) => tenures.isHeld(group))).toEqual([false, false, true]);
    tenures.endWhere(() => true);
    expect(['g', 'h', 'i'].some((group) => tenures.isHeld(group))).toBe(false);
  });
});
