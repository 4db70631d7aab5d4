import { describe, expect, it } from 'vitest';
import { doMeet, parseHours, weekOf, type CallingHours } from './calling-hours.js';

describe('parseHours', () => {
  it.each(['9:00-20:00', '09:00-09:00', '20:00-09:00', '09:00-24:01', '09:00–20:00', '25:00-26:00', ''])(
    'refuses %s',
    (text) => {
      expect(parseHours(text)).toBeNull();
    },
  );

  it('takes the end of the day', () => {
    expect(parseHours('00:00-24:00')).toEqual({ fromMinute: 0, toMinute: 1_440 });
  });
});

describe('weekOf', () => {
  it('closes days that are left out, and permits nothing where it cannot read', () => {
    const week = weekOf({ tue: ['10:00-13:00', '14:00-20:00'], sun: ['9-20'] });
    expect(week).toEqual([
      [],
      [
        { fromMinute: 600, toMinute: 780 },
        { fromMinute: 840, toMinute: 1_200 },
      ],
      [],
      [],
      [],
      [],
      [],
    ]);
  });
});

describe('doMeet', () => {
  const week = (hours: CallingHours) => weekOf(hours);
  it.each<[string, CallingHours, CallingHours, boolean]>([
    ['any hour', 'always', 'always', true],
    ['any hour and closed all days', 'always', {}, false],
    ['the same days', { mon: ['09:00-20:00'] }, { mon: ['10:00-13:00'] }, true],
    ['other days', { sun: ['09:00-20:00'] }, { mon: ['09:00-20:00'] }, false],
    ['one ends where the other begins', { mon: ['06:00-10:00'] }, { mon: ['10:00-13:00'] }, false],
    ['the second window of a day', { mon: ['06:00-07:00', '12:59-14:00'] }, { mon: ['10:00-13:00'] }, true],
  ])('%s', (_name, a, b, isMet) => {
    expect(doMeet(week(a), week(b))).toBe(isMet);
    expect(doMeet(week(b), week(a))).toBe(isMet);
  });
});
