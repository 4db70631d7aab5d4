import { JURISDICTION_PROFILES } from '../../core/calling-hours/jurisdiction.js';
import type { ShopSettings } from '../../core/order/shop-settings.js';
import type { PublicHolidays } from '../../platform/calendar/public-holidays.js';

/** The days on which a shop's buyers are not called: those it names, and public holidays where it or its jurisdiction closes on them. */
export class ClosedDates {
  constructor(private readonly holidays: PublicHolidays) {}

  /** `YYYY-MM-DD`, of the year of `now` and those beside it. */
  async of(settings: ShopSettings, now: Date): Promise<readonly string[]> {
    const { isClosed, country, region, dates } = settings.holidays;
    const places = [];
    if (isClosed) places.push({ country: country ?? settings.country, region });
    const byLaw = JURISDICTION_PROFILES[settings.jurisdiction].closedHolidaysOf;
    if (byLaw !== null) places.push({ country: byLaw, region: null });
    const year = now.getUTCFullYear();
    const found = places.flatMap((place) => [year - 1, year, year + 1].map((one) => this.holidays.dates(place, one)));
    return [...dates, ...(await Promise.all(found)).flat()];
  }
}
