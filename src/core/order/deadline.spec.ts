import { describe, expect, it } from 'vitest';
import { isInTime } from './deadline.js';

const at = (time: string): Date => new Date(`2026-03-10T${time}Z`);

describe('the deadline of a first call', () => {
  const byDay = { registeredAt: at('12:00:00'), callBy: at('12:10:00'), dueAt: at('12:00:00') };

  it.each([
    ['12:09:59', true],
    ['12:10:00', true],
    ['12:10:01', false],
  ])('of an order by day: at %s %s', (time, expected) => expect(isInTime(byDay, at(time))).toBe(expected));

  it('counts from the moment from which a call is permitted', () => {
    const byNight = { registeredAt: at('02:00:00'), callBy: at('02:10:00'), dueAt: at('09:00:00') };
    expect(isInTime(byNight, at('09:10:00'))).toBe(true);
    expect(isInTime(byNight, at('09:10:01'))).toBe(false);
  });

  it('is never earlier than callBy, and never there without one', () => {
    expect(isInTime({ ...byDay, callBy: at('15:00:00') }, at('14:59:00'))).toBe(true);
    expect(isInTime({ ...byDay, callBy: at('11:00:00') }, at('12:00:01'))).toBe(false);
    expect(isInTime({ ...byDay, callBy: null }, at('23:00:00'))).toBe(true);
  });
});
