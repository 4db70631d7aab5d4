import { describe, expect, it } from 'vitest';
import { mostInTime, worstWindow } from './capacity.js';

describe('mostInTime', () => {
  const hour = { fromMs: 0, toMs: 3_600_000 };
  const of = { withinSeconds: 300, firstCallSeconds: 60, talkSeconds: 100, opensMs: 0 };
  const every = (seconds: number, count: number) =>
    Array.from({ length: count }, (_, i) => ({ registeredMs: i * seconds * 1_000, goneMs: null }));

  it('is all of them where the agents suffice, and what they can do where they do not', () => {
    expect(mostInTime(every(30, 100), [{ ...hour, agents: 2 }], of)).toBe(1);
    expect(mostInTime(every(15, 200), [{ ...hour, agents: 2 }], of)).toBeCloseTo(0.53, 1);
    expect(mostInTime(every(30, 100), [{ ...hour, agents: 0 }], of)).toBe(0);
    expect(mostInTime([], [{ ...hour, agents: 2 }], of)).toBeNull();
  });

  it('counts orders as late that come long before the first call may be made, and leaves those out that are gone', () => {
    const night = every(0, 10);
    const opensAt = (opensMs: number) => mostInTime(night, [{ ...hour, agents: 20 }], { ...of, opensMs });
    expect(opensAt(200_000)).toBe(1);
    expect(opensAt(400_000)).toBe(0);
    const gone = [{ registeredMs: 0, goneMs: 5_000 }, ...every(0, 1)];
    expect(mostInTime(gone, [{ ...hour, agents: 1 }], { ...of, opensMs: 60_000 })).toBe(0.5);
  });

  it('lets an idle floor take a burst that fills it', () => {
    const burst = every(0, 60);
    const share = mostInTime(burst, [{ ...hour, agents: 10 }], { ...of, withinSeconds: 1 });
    expect(share).toBeCloseTo(0.03, 1);
    const later = burst.map((order) => ({ ...order, registeredMs: 600_000 }));
    expect(mostInTime(later, [{ ...hour, agents: 10 }], { ...of, withinSeconds: 1 })).toBeCloseTo(16 / 60, 2);
  });
});

describe('worstWindow', () => {
  const calls = (text: string) => [...text].map((one, i) => ({ endedMs: i * 60_000, isAbandoned: one === 'x' }));

  it('is the highest share at any instant, from enough answers on', () => {
    const day = { maxRatio: 0.1, windowHours: 24 };
    expect(worstWindow(calls('xxxx' + '.'.repeat(46)), day)).toBeCloseTo(4 / 50);
    expect(worstWindow(calls('.'.repeat(60) + 'xxxxxx' + '.'.repeat(60)), day)).toBeCloseTo(6 / 66);
    expect(worstWindow(calls('x'.repeat(40)), day)).toBeNull();
  });

  it('forgets what has left the window, and counts what was in it before', () => {
    const hour = { maxRatio: 0.1, windowHours: 1 };
    expect(worstWindow(calls('.'.repeat(60) + 'x' + '.'.repeat(200)), hour)).toBeCloseTo(1 / 60);
    expect(worstWindow(calls('x'), hour, { answered: 99, abandoned: 9 })).toBeCloseTo(0.1);
  });
});
