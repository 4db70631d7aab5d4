import { describe, expect, it } from 'vitest';
import { historyFrom, historyOf } from './board-history.js';

const NOW = new Date('2026-11-22T12:34:56.000Z');

describe('the last hour', () => {
  it('begins 59 minutes before the present one', () => {
    expect(historyFrom(NOW).toISOString()).toBe('2026-11-22T11:35:00.000Z');
  });

  it('tells at the end of each minute what had come and not gone', () => {
    const of = (kind: 'placed' | 'ended' | 'answered', minute: number, n = 1) => ({
      shop: 's',
      group: 'g',
      kind,
      minute,
      n,
    });
    const { at, calls, shops } = historyOf(
      historyFrom(NOW),
      {
        calls: [of('placed', -1, 2), of('ended', 10), of('placed', 20, 3), of('ended', 59), of('answered', 10)],
        orders: [
          { shop: 's', kind: 'came', minute: -1, n: 4 },
          { shop: 's', kind: 'called', minute: 30, n: 3 },
        ],
        work: [],
      },
      () => ['g'],
    );
    expect(at).toBe('2026-11-22T12:34:00.000Z');
    const [one] = calls;
    expect([0, 9, 10, 19, 20, 58, 59].map((minute) => one?.live[minute])).toEqual([2, 2, 1, 1, 4, 4, 3]);
    expect(one?.answered[10]).toBe(1);
    expect(one?.answered.reduce((sum, n) => sum + n, 0)).toBe(1);
    expect(shops).toMatchObject([{ shop: 's', groups: ['g'] }]);
    expect([29, 30, 59].map((minute) => shops[0]?.waiting[minute])).toEqual([4, 1, 1]);
  });

  it('keeps people of the same groups together', () => {
    const one = { groups: ['a', 'b'], minute: 5, busySeconds: 10.4, freeSeconds: 49.6 };
    const { work } = historyOf(
      historyFrom(NOW),
      { calls: [], orders: [], work: [one, { ...one, minute: 6 }] },
      () => [],
    );
    expect(work).toHaveLength(1);
    expect([work[0]?.busySeconds[5], work[0]?.freeSeconds[6], work[0]?.busySeconds[7]]).toEqual([10, 50, 0]);
  });
});
