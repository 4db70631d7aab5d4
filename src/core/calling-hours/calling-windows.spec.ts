import { describe, expect, it } from 'vitest';
import { callingWindows } from './calling-windows.js';

const timeZone = 'Europe/Kyiv';
const text = (windows: ReturnType<typeof callingWindows>) =>
  windows.map(({ from, to }) => `${from.toISOString()}/${to.toISOString()}`);

describe('when a buyer may be called', () => {
  // Thursday, noon in Kyiv; the clocks go back in the night to Sunday.
  const now = new Date('2026-10-22T09:00:00Z');

  it('is the calling hours of each day on the clock of the buyer', () => {
    const hours = { thu: ['09:00-13:00', '14:00-20:00'], sun: ['10:00-24:00'] };
    expect(text(callingWindows({ hours, timeZone, now, days: 4 }))).toEqual([
      '2026-10-22T09:00:00.000Z/2026-10-22T10:00:00.000Z',
      '2026-10-22T11:00:00.000Z/2026-10-22T17:00:00.000Z',
      '2026-10-25T08:00:00.000Z/2026-10-25T22:00:00.000Z',
    ]);
  });

  it('ends with the last day', () => {
    const hours = { fri: ['09:00-20:00'] };
    expect(text(callingWindows({ hours, timeZone, now, days: 1 }))).toEqual([
      '2026-10-23T06:00:00.000Z/2026-10-23T09:00:00.000Z',
    ]);
  });

  it('is any time for a shop that always calls, and never in an unknown zone', () => {
    expect(text(callingWindows({ hours: 'always', timeZone, now, days: 1 }))).toEqual([
      '2026-10-22T09:00:00.000Z/2026-10-23T09:00:00.000Z',
    ]);
    expect(callingWindows({ hours: 'always', timeZone: 'Mars/Olympus', now, days: 1 })).toEqual([]);
  });
});
