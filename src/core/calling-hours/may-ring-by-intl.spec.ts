import { describe, expect, it } from 'vitest';
import { DEFAULT_SHOP_SETTINGS, type ShopSettings } from '../order/shop-settings.js';
import { closedBy, mayRing, ringRules, type RingRules } from './may-ring.js';

// The rule once more, by the formatter of the JavaScript engine alone: it writes the wall clock as text, and texts are compared.

const ZONES = [
  ...[
    'Europe/Kyiv',
    'Europe/London',
    'Europe/Paris',
    'Europe/Lisbon',
    'Europe/Moscow',
    'Europe/Kaliningrad',
    'Europe/Samara',
  ],
  ...['Asia/Yekaterinburg', 'Asia/Omsk', 'Asia/Novosibirsk', 'Asia/Irkutsk', 'Asia/Yakutsk', 'Asia/Vladivostok'],
  ...['Asia/Magadan', 'Asia/Kamchatka', 'Asia/Almaty', 'Asia/Kolkata', 'Asia/Kathmandu', 'Asia/Tehran', 'Asia/Gaza'],
  ...[
    'America/New_York',
    'America/Chicago',
    'America/Denver',
    'America/Phoenix',
    'America/Los_Angeles',
    'America/Anchorage',
  ],
  ...[
    'America/Adak',
    'Pacific/Honolulu',
    'America/St_Johns',
    'America/Sao_Paulo',
    'America/Santiago',
    'America/Havana',
  ],
  ...[
    'Africa/Cairo',
    'Africa/Casablanca',
    'Australia/Lord_Howe',
    'Australia/Adelaide',
    'Pacific/Auckland',
    'Pacific/Chatham',
  ],
  ...['Pacific/Apia', 'Pacific/Kiritimati'],
];
const INSTANTS = 10_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const FIRST = Date.UTC(2024, 0, 1);
const LAST = Date.UTC(2030, 0, 1);

interface Policy {
  readonly settings: ShopSettings;
  readonly closed: readonly string[];
  readonly rules: RingRules;
}

function policy(given: Partial<ShopSettings>, closed: readonly string[] = []): Policy {
  const settings = { ...DEFAULT_SHOP_SETTINGS, timeZone: 'UTC', ...given };
  return { settings, closed, rules: ringRules(settings, closed) };
}

const everyDay = (...windows: string[]) =>
  Object.fromEntries(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'].map((day) => [day, windows]));
const POLICIES = [
  policy({}),
  policy({ jurisdiction: 'us', callingHours: 'always' }),
  policy({ jurisdiction: 'fr', callingHours: 'always' }, ['2026-05-01', '2026-07-14', '2026-11-11', '2027-01-01']),
  policy({ jurisdiction: 'uk', callingHours: everyDay('08:30-12:15', '13:00-24:00') }),
  // Hours of the night, where clocks are changed.
  policy({ callingHours: everyDay('00:00-00:30', '01:30-02:30', '03:15-04:00', '23:30-24:00') }),
  policy({ callingHours: { sun: ['02:15-02:45'], sat: ['00:00-24:00'] } }, ['2026-03-28', '2026-10-24']),
];

/** What the law for the seven days of a week is in words of its own, for the jurisdictions above. */
const BOUNDS: Readonly<Record<string, (weekday: string) => readonly string[]>> = {
  generic: () => ['00:00-24:00'],
  us: () => ['08:00-21:00'],
  fr: (weekday) => (weekday === 'Sat' || weekday === 'Sun' ? [] : ['10:00-13:00', '14:00-20:00']),
  uk: (weekday) => [weekday === 'Sun' ? '10:00-18:00' : '09:00-20:00'],
};

const formats = new Map<string, Intl.DateTimeFormat>();
function isOpenByText({ settings, closed }: Policy, zone: string, atMs: number): boolean {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('sv-SE', {
      timeZone: zone,
      ...{ weekday: 'short', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' },
    });
    formats.set(zone, format);
  }
  const text = format.format(atMs);
  const date = /\d{4}-\d\d-\d\d/.exec(text)?.[0] ?? '';
  const time = /\d\d:\d\d/.exec(text)?.[0] ?? '';
  const weekday = new Date(`${date}T12:00:00Z`).toUTCString().slice(0, 3);
  if (closed.includes(date)) return false;
  const isIn = (windows: readonly string[]) => windows.some((w) => w.slice(0, 5) <= time && time < w.slice(6));
  const { callingHours } = settings;
  const own = callingHours === 'always' ? ['00:00-24:00'] : callingHours[weekday.toLowerCase() as 'mon'];
  return isIn(own ?? []) && isIn(BOUNDS[settings.jurisdiction]?.(weekday) ?? []);
}

/** A small generator, so that a failure comes again (Numerical Recipes' constants). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}

/** Half of them anywhere in six years, half within three hours of a change of some zone's clock. */
function instants(count: number, seed: number): number[] {
  const random = generator(seed);
  const changes = ZONES.flatMap((zone) => changesOf(zone));
  return Array.from({ length: count }, (_, i) =>
    i % 2 === 0 || changes.length === 0
      ? Math.floor(FIRST + random() * (LAST - FIRST))
      : changes[Math.floor(random() * changes.length)]! + Math.floor((random() - 0.5) * 6 * HOUR_MS),
  );
}

/** Days at whose noon another name of the offset is written than the day before. */
function changesOf(zone: string): number[] {
  const format = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' });
  const found: number[] = [];
  let before = '';
  for (let at = FIRST; at < LAST; at += 6 * HOUR_MS) {
    const offset = format.format(at).split(', ').at(-1) ?? '';
    if (before !== '' && offset !== before) found.push(at - 3 * HOUR_MS);
    before = offset;
  }
  return found;
}

describe('mayRing and the formatter of the engine', () => {
  it(`agree on ${INSTANTS.toLocaleString('en')} instants in each of ${ZONES.length} zones`, () => {
    const wrong: string[] = [];
    let open = 0;
    instants(INSTANTS, 1).forEach((atMs, i) => {
      const one = POLICIES[i % POLICIES.length]!;
      for (const zone of ZONES) {
        const isOpen = closedBy(one.rules, [zone], atMs) === null;
        if (isOpen) open++;
        if (isOpen !== isOpenByText(one, zone, atMs))
          wrong.push(`${zone} ${new Date(atMs).toISOString()} ${i % POLICIES.length}`);
      }
    });
    expect(wrong).toEqual([]);
    expect(open).toBeGreaterThan((INSTANTS * ZONES.length) / 5);
  }, 60_000);

  it('agree on when the next window begins, in one zone and in two at once', () => {
    const random = generator(2);
    const wrong: string[] = [];
    for (const [i, atMs] of instants(300, 3).entries()) {
      const one = POLICIES[i % POLICIES.length]!;
      const timeZones = Array.from({ length: 1 + (i % 2) }, () => ZONES[Math.floor(random() * ZONES.length)]!);
      const isOpenAt = (ms: number) => timeZones.every((zone) => isOpenByText(one, zone, ms));
      const { isOpen, opensAt } = mayRing({ rules: one.rules, timeZones, now: new Date(atMs) });
      if (isOpen !== isOpenAt(atMs)) wrong.push(`${timeZones.join()} ${new Date(atMs).toISOString()}`);
      if (isOpen || opensAt === null) continue;
      // All windows begin at a multiple of five minutes, and clocks are changed at one.
      let next = Math.ceil(atMs / (5 * MINUTE_MS)) * 5 * MINUTE_MS;
      while (!isOpenAt(next) && next < opensAt.getTime()) next += 5 * MINUTE_MS;
      if (next !== opensAt.getTime())
        wrong.push(`${timeZones.join()} ${new Date(atMs).toISOString()} ${opensAt.toISOString()}`);
    }
    expect(wrong).toEqual([]);
  }, 60_000);
});
