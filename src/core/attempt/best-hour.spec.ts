import fc from 'fast-check';
import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';
import { towardsBestHour } from './best-hour.js';

const timeZone = 'Europe/Kyiv';
const kyiv = (iso: string) => DateTime.fromISO(iso, { zone: timeZone }).toJSDate();
const move = (at: string, until: string, answered: string[], chance = 0) =>
  towardsBestHour(kyiv(at), { until: kyiv(until), answeredAt: answered.map(kyiv), timeZone, random: () => chance });

describe('an hour in which the buyer picked up before', () => {
  it('draws the retry when it begins soon enough', () => {
    expect(move('2026-11-22T16:20', '2026-11-22T18:20', ['2026-11-10T18:40'])).toEqual(kyiv('2026-11-22T18:00'));
    expect(move('2026-11-22T16:20', '2026-11-22T17:59', ['2026-11-10T18:40'])).toEqual(kyiv('2026-11-22T16:20'));
    expect(move('2026-11-22T16:20', '2026-11-22T18:20', [])).toEqual(kyiv('2026-11-22T16:20'));
  });

  it('leaves a retry alone that falls into one', () => {
    expect(move('2026-11-22T16:20', '2026-11-22T18:20', ['2026-11-10T16:59', '2026-11-11T18:00'])).toEqual(
      kyiv('2026-11-22T16:20'),
    );
  });

  it('is that with most answers, else the nearest', () => {
    const answered = ['2026-11-10T17:10', '2026-11-11T18:10', '2026-11-12T18:30'];
    expect(move('2026-11-22T16:20', '2026-11-22T20:00', answered)).toEqual(kyiv('2026-11-22T18:00'));
    expect(move('2026-11-22T16:20', '2026-11-22T20:00', answered.slice(0, 2))).toEqual(kyiv('2026-11-22T17:00'));
  });

  it('is one of the buyer’s clock, in summer time and winter time', () => {
    expect(move('2026-10-25T08:30', '2026-10-25T10:30', ['2026-10-24T10:15'])).toEqual(kyiv('2026-10-25T10:00'));
  });

  it('has its calls spread over three quarters of it', () => {
    expect(move('2026-11-22T16:20', '2026-11-22T19:00', ['2026-11-10T18:40'], 0.999)).toEqual(
      new Date(kyiv('2026-11-22T18:00').getTime() + Math.floor(45 * 60_000 * 0.999)),
    );
    expect(move('2026-11-22T16:20', '2026-11-22T18:10', ['2026-11-10T18:40'], 0.999) < kyiv('2026-11-22T18:10')).toBe(
      true,
    );
  });
});

it('never comes before its time, nor after the latest, and moves only into such hours', () => {
  const from = kyiv('2026-03-28T00:00').getTime();
  const instant = fc.integer({ min: 0, max: 72 * 3_600_000 }).map((ms) => new Date(from + ms));
  fc.assert(
    fc.property(
      instant,
      fc.integer({ min: 0, max: 30 * 3_600_000 }),
      fc.array(instant, { maxLength: 5 }),
      fc.constantFrom('Europe/Kyiv', 'Asia/Kolkata', 'America/New_York', 'Australia/Lord_Howe'),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (at, roomMs, answeredAt, zone, chance) => {
        const until = new Date(at.getTime() + roomMs);
        const moved = towardsBestHour(at, { until, answeredAt, timeZone: zone, random: () => chance });
        expect(moved >= at && moved <= until).toBe(true);
        const hour = (instant: Date) => DateTime.fromJSDate(instant, { zone }).hour;
        if (moved.getTime() !== at.getTime()) expect(answeredAt.map(hour)).toContain(hour(moved));
      },
    ),
  );
});
