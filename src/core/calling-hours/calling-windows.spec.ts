import { describe, expect, it } from 'vitest';
import { DEFAULT_SHOP_SETTINGS, type ShopSettings } from '../order/shop-settings.js';
import { callingWindows } from './calling-windows.js';
import { closedBy, ringRules } from './may-ring.js';

const timeZones = ['Europe/Kyiv'];
const rulesOf = (given: Partial<ShopSettings>, closed: readonly string[] = []) =>
  ringRules({ ...DEFAULT_SHOP_SETTINGS, timeZone: 'Europe/Kyiv', ...given }, closed);
const text = (windows: ReturnType<typeof callingWindows>) =>
  windows.map(({ from, to }) => `${from.toISOString()}/${to.toISOString()}`);

describe('when a buyer may be called', () => {
  // Thursday, noon in Kyiv; the clocks go back in the night to Sunday.
  const now = new Date('2026-10-22T09:00:00Z');

  it('is the calling hours of each day on the clock of the buyer', () => {
    const callingHours = { thu: ['09:00-13:00', '14:00-20:00'], sun: ['10:00-24:00'] };
    expect(text(callingWindows({ rules: rulesOf({ callingHours }), timeZones, now, days: 4 }))).toEqual([
      '2026-10-22T09:00:00.000Z/2026-10-22T10:00:00.000Z',
      '2026-10-22T11:00:00.000Z/2026-10-22T17:00:00.000Z',
      '2026-10-25T08:00:00.000Z/2026-10-25T22:00:00.000Z',
    ]);
  });

  it('ends with the last day', () => {
    const callingHours = { fri: ['09:00-20:00'] };
    expect(text(callingWindows({ rules: rulesOf({ callingHours }), timeZones, now, days: 1 }))).toEqual([
      '2026-10-23T06:00:00.000Z/2026-10-23T09:00:00.000Z',
    ]);
  });

  it('is any time for a shop that always calls, and never in an unknown zone', () => {
    const always = rulesOf({ callingHours: 'always' });
    expect(text(callingWindows({ rules: always, timeZones, now, days: 1 }))).toEqual([
      '2026-10-22T09:00:00.000Z/2026-10-23T09:00:00.000Z',
    ]);
    expect(callingWindows({ rules: rulesOf({}), timeZones: ['Mars/Olympus'], now, days: 1 })).toEqual([]);
    expect(callingWindows({ rules: rulesOf({}), timeZones: [], now, days: 1 })).toEqual([]);
  });

  it('leaves out closed days and the hours of the night that the jurisdiction closes', () => {
    const rules = rulesOf({ callingHours: 'always', jurisdiction: 'ua' }, ['2026-10-23']);
    expect(text(callingWindows({ rules, timeZones, now, days: 2 }))).toEqual([
      '2026-10-22T09:00:00.000Z/2026-10-22T17:00:00.000Z',
      '2026-10-24T06:00:00.000Z/2026-10-24T09:00:00.000Z',
    ]);
  });

  it('is what mayRing permits, minute by minute, over a change of the clocks in two zones', () => {
    const rules = rulesOf({ callingHours: { sat: ['08:00-24:00'], sun: ['00:00-03:30', '09:00-20:00'] } });
    const both = ['Europe/Kyiv', 'Europe/London'];
    const windows = callingWindows({ rules, timeZones: both, now, days: 4 });
    expect(windows.length).toBeGreaterThan(2);
    for (let at = now.getTime(); at < now.getTime() + 4 * 86_400_000; at += 60_000) {
      const isIn = windows.some(({ from, to }) => from.getTime() <= at && at < to.getTime());
      expect(isIn, new Date(at).toISOString()).toBe(closedBy(rules, both, at) === null);
    }
  });
});
