import { countryOf } from '../shared/phone-number.js';
import { isTimeZone } from '../shared/locale.js';
import { ZONES_OF_COUNTRIES } from './zone-data.js';
import { zonesOfAmericanPlace, zonesOfCanadianPlace, zonesOfNorthAmericanNumber } from './zones-of-north-america.js';
import { zonesOfRussianNumber, zonesOfRussianPlace } from './zones-of-russia.js';

/** What is known of a buyer's whereabouts. */
export interface Whereabouts {
  /** IANA zone the shop gave for this buyer. */
  readonly timeZone: string | null;
  /** E.164. */
  readonly phone: string;
  /** Where the goods go, as the shop wrote it. */
  readonly delivery: { readonly city: string | null; readonly address: string | null };
  readonly shop: { readonly country: string; readonly timeZone: string };
}

interface Place {
  readonly city: string;
  readonly address: string;
}

const ZONES_OF_NUMBER: Readonly<Record<string, (phone: string) => readonly string[]>> = {
  US: zonesOfNorthAmericanNumber,
  CA: zonesOfNorthAmericanNumber,
  RU: zonesOfRussianNumber,
};
const ZONES_OF_PLACE: Readonly<Record<string, (place: Place) => readonly string[]>> = {
  US: zonesOfAmericanPlace,
  CA: zonesOfCanadianPlace,
  RU: zonesOfRussianPlace,
};

/**
 * The time zones in which a buyer may be; a call must be permitted in all of them. The zone the shop gave decides alone. Else number and delivery
 * address say what they can: where they agree on some zones these are taken, where they contradict each other those of both. A number that
 * tells only its country may be in all zones of it, one without a country in the shop's zone.
 */
export function candidateZones(buyer: Whereabouts): string[] {
  if (buyer.timeZone !== null && isTimeZone(buyer.timeZone)) return [buyer.timeZone];
  const country = countryOf(buyer.phone);
  const byNumber = country === null ? [] : zonesOfNumber(buyer.phone, country);
  const byPlace = zonesOfDelivery(buyer, country);
  if (byNumber.length === 0) return byPlace.length > 0 ? [...byPlace] : [buyer.shop.timeZone];
  if (byPlace.length === 0) return [...byNumber];
  const both = byNumber.filter((zone) => byPlace.includes(zone));
  return both.length > 0 ? both : [...new Set([...byNumber, ...byPlace])];
}

function zonesOfNumber(phone: string, country: string): readonly string[] {
  const narrow = ZONES_OF_NUMBER[country]?.(phone) ?? [];
  return narrow.length > 0 ? narrow : zonesOfCountry(country);
}

/** The address lies in the number's country or in the shop's: whichever can read it. */
function zonesOfDelivery({ delivery, shop }: Whereabouts, ofNumber: string | null): readonly string[] {
  const place = { city: delivery.city ?? '', address: delivery.address ?? '' };
  if (place.city === '' && place.address === '') return [];
  for (const country of new Set([ofNumber, shop.country])) {
    const zones = country === null ? [] : (ZONES_OF_PLACE[country]?.(place) ?? []);
    if (zones.length > 0) return zones;
  }
  return ofNumber === null || ofNumber === shop.country ? [] : [shop.timeZone];
}

function zonesOfCountry(country: string): readonly string[] {
  const zones = ZONES_OF_COUNTRIES[country];
  return zones === undefined ? [] : zones.split(' ');
}
