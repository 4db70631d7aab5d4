import { describe, expect, it } from 'vitest';
import { callbackTimes, nearestTime } from './callback-times.js';

const windows = [
  { from: '2026-11-23T14:00:00Z', to: '2026-11-23T18:00:00Z' },
  { from: '2026-11-24T07:00:00Z', to: '2026-11-24T07:30:00Z' },
];

describe('times to ring back', () => {
  const days = callbackTimes(windows, 'Europe/Kyiv', Date.parse('2026-11-23T17:20:00Z'));

  it('are quarters of hours ahead, on the buyer’s clock, within the calling hours', () => {
    expect([...days]).toEqual([
      ['2026-11-23', ['19:30', '19:45']],
      ['2026-11-24', ['09:00', '09:15']],
    ]);
  });

  it('are found next to a wish', () => {
    expect(nearestTime(days, { day: '2026-11-23', time: '19:31' })).toEqual({ day: '2026-11-23', time: '19:45' });
    expect(nearestTime(days, { day: '2026-11-23', time: '21:00' })).toEqual({ day: '2026-11-24', time: '09:00' });
    expect(nearestTime(days, { day: '2026-11-24', time: '10:00' })).toBeNull();
  });
});
