import { describe, expect, it } from 'vitest';
import { fromWallClock, knownZone, slotParts, wallClock } from './zoned-time.js';

const KYIV = 'Europe/Kyiv';

describe('times on the wall of another zone', () => {
  it.each([
    ['2026-11-23', '10:00', '2026-11-23T10:00:00+02:00'],
    ['2026-07-01', '10:00', '2026-07-01T10:00:00+03:00'],
    // The clocks went back at 4:00 that night.
    ['2026-10-25', '05:30', '2026-10-25T05:30:00+02:00'],
    ['2026-10-25', '01:30', '2026-10-25T01:30:00+03:00'],
  ])('%s %s in Kyiv', (day, time, instant) => {
    expect(fromWallClock(day, time, KYIV)).toBe(instant);
    expect(wallClock(new Date(instant), KYIV)).toEqual({ day, time });
  });

  it('is none without day or time', () => {
    expect(fromWallClock('', '10:00', KYIV)).toBeNull();
    expect(fromWallClock('2026-11-23', '', KYIV)).toBeNull();
    expect(fromWallClock('2026-13-23', '10:00', KYIV)).toBeNull();
  });

  it('knows zones, and does not trust names', () => {
    expect(knownZone(KYIV)).toBe(KYIV);
    expect(knownZone('Mars/Olympus')).toBeNull();
    expect(knownZone(null)).toBeNull();
  });

  it('reads a slot as it was written', () => {
    expect(slotParts('2026-11-23T10:00+02:00/2026-11-23T12:00+02:00')).toEqual({
      day: '2026-11-23',
      from: '10:00',
      to: '12:00',
      lastDay: '2026-11-23',
    });
    expect(slotParts('tomorrow')).toBeNull();
    expect(slotParts(null)).toBeNull();
  });
});
