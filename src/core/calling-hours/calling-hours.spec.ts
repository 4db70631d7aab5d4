import { describe, expect, it } from 'vitest';
import { parseHours, weekOf } from './calling-hours.js';

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
