import { getCountries } from 'libphonenumber-js/max';
import { describe, expect, it } from 'vitest';
import { isTimeZone } from '../shared/locale.js';
import { candidateZones, type Whereabouts } from './candidate-zones.js';
import { AREA_CODES_OF_ZONES, ZONES_OF_COUNTRIES } from './zone-data.js';

const UKRAINE = { country: 'UA', timeZone: 'Europe/Kyiv' };
const RUSSIA = { country: 'RU', timeZone: 'Europe/Moscow' };
const AMERICA = { country: 'US', timeZone: 'America/New_York' };

function zones(
  phone: string,
  place: Partial<Whereabouts['delivery']> = {},
  shop = UKRAINE,
  timeZone: string | null = null,
) {
  return candidateZones({ timeZone, phone, delivery: { city: null, address: null, ...place }, shop });
}

describe('candidateZones', () => {
  it('takes the zone the shop gave, and nothing else', () => {
    expect(zones('+12125550123', { city: 'Київ' }, UKRAINE, 'Asia/Tokyo')).toEqual(['Asia/Tokyo']);
    expect(zones('+380671234567', {}, UKRAINE, 'Mars/Olympus')).toEqual(['Europe/Kyiv']);
  });

  it.each([
    ['+380671234567', ['Europe/Kyiv']],
    ['+48221234567', ['Europe/Warsaw']],
    ['+33612345678', ['Europe/Paris']],
    ['+77012345678', ['Asia/Almaty']],
    ['+442079460000', ['Europe/London']],
    ['+12125550123', ['America/New_York']],
    ['+13125550123', ['America/Chicago']],
    ['+18505550123', ['America/New_York', 'America/Chicago']],
    ['+16025550123', ['America/Phoenix']],
    ['+18085550123', ['Pacific/Honolulu']],
    ['+16045550123', ['America/Vancouver']],
    ['+73432123456', ['Asia/Yekaterinburg']],
    ['+74951234567', ['Europe/Moscow']],
    ['+74012123456', ['Europe/Kaliningrad']],
    ['+74112123456', ['Asia/Chita', 'Asia/Vladivostok', 'Asia/Magadan']],
    ['+79781234567', ['Europe/Moscow']],
  ])('tells by the number %s', (phone, expected) => {
    expect(zones(phone)).toEqual(expected);
  });

  it('takes all zones of a country when the number tells no more', () => {
    expect(zones('+79161234567')).toHaveLength(11);
    expect(zones('+5215512345678').length).toBeGreaterThan(3);
    expect(zones('+61412345678')).toContain('Australia/Perth');
  });

  it.each<[string, Partial<Whereabouts['delivery']>, string[]]>([
    ['a city', { city: 'Екатеринбург' }, ['Asia/Yekaterinburg']],
    ['a city with its kind', { city: 'г. Владивосток' }, ['Asia/Vladivostok']],
    ['a small town by its region', { city: 'Омская обл., с. Лузино' }, ['Asia/Omsk']],
    ['a name of several words', { city: 'Нижний Тагил' }, ['Asia/Yekaterinburg']],
    ['Latin letters', { city: 'Novosibirsk' }, ['Asia/Novosibirsk']],
    ['the letter ё', { city: 'Орёл' }, ['Europe/Moscow']],
    ['two towns of one name', { city: 'Благовещенск' }, ['Asia/Yekaterinburg', 'Asia/Chita']],
    [
      'an index',
      { city: 'Мирный', address: '678170, ул. Ленина, 1' },
      ['Asia/Chita', 'Asia/Vladivostok', 'Asia/Magadan'],
    ],
    ['an index of Moscow', { address: 'ул. Омская, 5, 101000' }, ['Europe/Moscow']],
  ])('narrows a mobile number of Russia by %s', (_name, place, expected) => {
    expect(zones('+79161234567', place, RUSSIA)).toEqual(expected);
  });

  it('leaves all zones when the address says nothing', () => {
    expect(zones('+79161234567', { city: 'Лузино', address: 'ул. Московская, 5' }, RUSSIA)).toHaveLength(11);
  });

  it('reads states and postal codes of North America', () => {
    expect(zones('+18005550123', { city: 'Austin, TX' }, AMERICA)).toEqual(['America/Chicago', 'America/Denver']);
    expect(zones('+12125550123', { address: '1 Main St, New York, NY 10001' }, AMERICA)).toEqual(['America/New_York']);
    expect(zones('+18505550123', { address: 'Ocean Dr, Miami, FL, USA' }, AMERICA)).toEqual([
      'America/New_York',
      'America/Chicago',
    ]);
    expect(
      zones('+18675550123', { address: '5 Ave, Whitehorse Y1A 1A1' }, { country: 'CA', timeZone: 'America/Toronto' }),
    ).toEqual(['America/Creston']);
  });

  it('takes the zones of number and address when they contradict each other', () => {
    expect(zones('+12125550123', { address: 'Los Angeles, CA 90001' }, AMERICA)).toEqual([
      'America/New_York',
      'America/Los_Angeles',
    ]);
    expect(zones('+380671234567', { city: 'Хабаровск' }, RUSSIA)).toEqual(['Europe/Kyiv', 'Asia/Vladivostok']);
    expect(zones('+12125550123', { city: 'Львів' })).toEqual(['America/New_York', 'Europe/Kyiv']);
  });

  it('a number without a country leaves the shop’s zone', () => {
    expect(zones('+999123')).toEqual(['Europe/Kyiv']);
  });
});

describe('the data', () => {
  const all = [...Object.values(ZONES_OF_COUNTRIES), ...Object.keys(AREA_CODES_OF_ZONES)].flatMap((text) =>
    text.split(' '),
  );

  it('names zones that this Node knows', () => {
    expect([...new Set(all)].filter((zone) => !isTimeZone(zone))).toEqual([]);
    expect(new Set(all).size).toBeGreaterThan(250);
  });

  it('has zones for every country whose numbers are called', () => {
    expect(getCountries().filter((country) => ZONES_OF_COUNTRIES[country] === undefined)).toEqual([]);
  });

  it('names no area code twice, and only zones of its country', () => {
    const codes = Object.values(AREA_CODES_OF_ZONES).flatMap((text) => text.split(' '));
    expect(new Set(codes).size).toBe(codes.length);
    const known = new Set(`${ZONES_OF_COUNTRIES['US']} ${ZONES_OF_COUNTRIES['CA']}`.split(' '));
    const named = Object.keys(AREA_CODES_OF_ZONES).flatMap((text) => text.split(' '));
    expect(named.filter((zone) => !known.has(zone))).toEqual([]);
  });
});
