import { describe, expect, it } from 'vitest';
import { PublicHolidays } from './public-holidays.js';

const holidays = new PublicHolidays();
const of = (country: string, year: number, region: string | null = null) => holidays.dates({ country, region }, year);

describe('PublicHolidays', () => {
  it('knows fixed and movable ones', async () => {
    expect(await of('FR', 2026)).toEqual([
      ...['2026-01-01', '2026-04-06', '2026-05-01', '2026-05-08', '2026-05-14', '2026-05-25'],
      ...['2026-07-14', '2026-08-15', '2026-11-01', '2026-11-11', '2026-12-25'],
    ]);
  });

  it('knows days in place of a week-end, and those of a region', async () => {
    expect(await of('GB', 2026)).toContain('2026-12-28');
    expect(await of('DE', 2026)).not.toContain('2026-01-06');
    expect(await of('DE', 2026, 'BY')).toContain('2026-01-06');
  });

  it('names each day of a long one', async () => {
    const dates = (await of('TR', 2026)).filter((date) => date > '2026-05-20' && date < '2026-06-10');
    expect(dates).toEqual(['2026-05-27', '2026-05-28', '2026-05-29', '2026-05-30']);
  });

  it.each(['UA', 'US', 'GB', 'FR', 'RU', 'KZ', 'PL', 'DE'])('has some in %s', async (country) => {
    expect((await of(country, 2027)).length).toBeGreaterThan(5);
  });

  it('tells which regions there are, and what it does not know', async () => {
    expect(await holidays.regionsOf('DE')).toContain('BY');
    expect(await holidays.regionsOf('KZ')).toEqual([]);
    expect(await holidays.regionsOf('XX')).toBeNull();
    expect(await of('XX', 2026)).toEqual([]);
  });
});
