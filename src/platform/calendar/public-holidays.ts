import type Holidays from 'date-holidays';

const DAY_MS = 86_400_000;
/** A day on which the clocks are put forward is so much shorter. */
const CLOCK_CHANGE_MS = 3_600_000;

/**
 * Public holidays of countries and their regions, as dates. The data are those of `date-holidays`, which is read when it is first asked for:
 * it is large, and most installations close on no holidays.
 */
export class PublicHolidays {
  private calendar: Promise<typeof Holidays> | null = null;
  private readonly found = new Map<string, Promise<readonly string[]>>();

  /** Regions (ISO 3166-2 without the country) of a country (ISO 3166) that have holidays of their own; null: nothing is known of the country. */
  async regionsOf(country: string): Promise<readonly string[] | null> {
    const calendar = new (await this.load())();
    // The library's types leave out that countries without regions, and unknown ones, have no answer.
    const countries = calendar.getCountries() as Record<string, string> | undefined;
    if (countries === undefined || !Object.hasOwn(countries, country)) return null;
    return Object.keys((calendar.getStates(country) as Record<string, string> | undefined) ?? {});
  }

  /** `YYYY-MM-DD` of the days that are public holidays there, days in place of ones that fall on a week-end among them; none for an unknown country. */
  async dates(place: { country: string; region: string | null }, year: number): Promise<readonly string[]> {
    const key = `${place.country} ${place.region} ${year}`;
    const dates = this.found.get(key) ?? this.read(place, year);
    this.found.set(key, dates);
    dates.catch(() => this.found.delete(key));
    return dates;
  }

  private async read({ country, region }: { country: string; region: string | null }, year: number): Promise<string[]> {
    const Calendar = await this.load();
    const options = { types: ['public' as const] };
    const calendar = region === null ? new Calendar(country, options) : new Calendar(country, region, options);
    return [...new Set(calendar.getHolidays(year).flatMap(daysOf))].sort();
  }

  private load(): Promise<typeof Holidays> {
    this.calendar ??= import('date-holidays').then((module) => module.default);
    return this.calendar;
  }
}

/** Some last several days. Those that begin in the evening before stand with the day that follows it. */
function daysOf(holiday: { readonly date: string; readonly start: Date; readonly end: Date }): string[] {
  const first = Date.parse(`${holiday.date.slice(0, 10)}T00:00:00Z`);
  const days = Math.max(1, Math.floor((holiday.end.getTime() - holiday.start.getTime() + CLOCK_CHANGE_MS) / DAY_MS));
  return Array.from({ length: days }, (_, day) => new Date(first + day * DAY_MS).toISOString().slice(0, 10));
}
