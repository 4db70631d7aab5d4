import { describe, expect, it } from 'vitest';
import { readTime, slotDays, slotTimes, startsAs } from './slot-times.js';

describe('times of a delivery', () => {
  it.each([
    ['9', '09:00'],
    ['17', '17:00'],
    ['930', '09:30'],
    ['1745', '17:45'],
    ['9.30', '09:30'],
    [' 09:30 ', '09:30'],
    ['0', '00:00'],
    ['23:59', '23:59'],
    ['24', null],
    ['9:75', null],
    ['975', null],
    ['9 pm', null],
    ['', null],
  ])('%o is read as %o', (text, time) => {
    expect(readTime(text)).toBe(time);
  });

  it('are offered by the half hour, with those of the order between them', () => {
    const times = slotTimes('10:20', '', '10:30');
    expect(times).toHaveLength(49);
    expect(times.slice(20, 23)).toEqual(['10:00', '10:20', '10:30']);
    expect(times.at(-1)).toBe('23:30');
  });

  it('are found by what is typed of them', () => {
    const found = (typed: string) => slotTimes().filter((time) => startsAs(time, typed));
    expect(found('9')).toEqual(['09:00', '09:30']);
    expect(found('17')).toEqual(['17:00', '17:30']);
    expect(found('17:3')).toEqual(['17:30']);
    expect(found('')).toHaveLength(48);
  });

  it('have days from today on, over the end of a month, and the order’s own day', () => {
    const days = slotDays('2026-11-29', '2026-11-20', '');
    expect(days.slice(0, 4)).toEqual(['2026-11-20', '2026-11-29', '2026-11-30', '2026-12-01']);
    expect(days).toHaveLength(46);
  });
});
