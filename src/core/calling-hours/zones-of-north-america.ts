import { AREA_CODES_OF_ZONES } from './zone-data.js';

/**
 * Where in the United States or Canada a number or an address is, as far as it tells. Zones stand for all with the same clock, as in
 * `zone-data.ts`. Sources: 49 CFR part 71 (zones of the states; a state in two has both), Canada Post's first letters of postal codes.
 */
const STATES: Readonly<Record<string, string>> = {
  'America/New_York': 'CT DC DE FL GA IN KY MA MD ME MI NC NH NJ NY OH PA RI SC TN VA VT WV',
  'America/Chicago': 'AL AR FL IA IL IN KS KY LA MI MN MO MS ND NE OK SD TN TX WI',
  'America/Denver': 'AZ CO ID KS MT ND NE NM NV OR SD TX UT WY',
  'America/Phoenix': 'AZ',
  'America/Los_Angeles': 'CA ID NV OR WA',
  'America/Anchorage': 'AK',
  'America/Adak': 'AK',
  'Pacific/Honolulu': 'HI',
};
const PROVINCES: Readonly<Record<string, string>> = {
  'America/St_Johns': 'A',
  'America/Halifax': 'A B C E G',
  'America/Blanc-Sablon': 'G',
  'America/Toronto': 'G H J K L M N P X',
  'America/Atikokan': 'P X',
  'America/Winnipeg': 'P R X',
  'America/Regina': 'S',
  'America/Edmonton': 'S T V X',
  'America/Creston': 'V Y',
  'America/Vancouver': 'V',
};

const zonesOfAreas = invert(AREA_CODES_OF_ZONES, (zones) => zones.split(' '));
const zonesOfStates = invert(STATES, (zone) => [zone]);
const zonesOfProvinces = invert(PROVINCES, (zone) => [zone]);

// Two capitals before a ZIP code, or after a comma at the end: "Austin, TX 78701", "Austin, TX", "Austin, TX, USA".
const STATE = /\b([A-Z]{2})[,\s]+\d{5}(?:-\d{4})?\b|,\s*([A-Z]{2})\s*(?:,\s*(?:USA?|U\.S\.A?\.|United States))?\s*$/;
const CANADIAN_CODE = /\b([ABCEGHJ-NPRSTVXY])\d[A-Z][ -]?\d[A-Z]\d\b/i;

/** Zones of an E.164 number with the prefix +1; none when its area code is not known to lie in a part of its country. */
export function zonesOfNorthAmericanNumber(phone: string): readonly string[] {
  return zonesOfAreas.get(phone.slice(2, 5)) ?? [];
}

/** Zones of an address in the United States, by its state; none when it names none. */
export function zonesOfAmericanPlace(place: { readonly city: string; readonly address: string }): readonly string[] {
  for (const text of [place.city, place.address, `${place.address}, ${place.city}`]) {
    const match = STATE.exec(text.trim());
    const zones = zonesOfStates.get(match?.[1] ?? match?.[2] ?? '');
    if (zones !== undefined) return zones;
  }
  return [];
}

/** Zones of an address in Canada, by its postal code; none when it has none. */
export function zonesOfCanadianPlace(place: { readonly city: string; readonly address: string }): readonly string[] {
  const letter = CANADIAN_CODE.exec(`${place.address} ${place.city}`)?.[1]?.toUpperCase();
  return zonesOfProvinces.get(letter ?? '') ?? [];
}

function invert(
  table: Readonly<Record<string, string>>,
  zonesOf: (key: string) => readonly string[],
): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [key, text] of Object.entries(table)) {
    for (const name of text.split(' ')) found.set(name, [...(found.get(name) ?? []), ...zonesOf(key)]);
  }
  return found;
}
