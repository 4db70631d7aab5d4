import { describe, expect, it } from 'vitest';
import { DEFAULT_SHOP_SETTINGS, JURISDICTIONS, type ShopSettings } from '../order/shop-settings.js';
import { type PastCall } from './attempt-limits.js';
import { mayRing, ringRules } from './may-ring.js';

const KYIV = ['Europe/Kyiv'];
const HOUR_MS = 3_600_000;

interface Given {
  readonly timeZones?: readonly string[];
  readonly settings?: Partial<ShopSettings>;
  readonly closedDates?: readonly string[];
  readonly history?: readonly PastCall[];
  readonly isCallback?: boolean;
}

function answer(now: string, given: Given = {}) {
  const settings = { ...DEFAULT_SHOP_SETTINGS, timeZone: 'Europe/Kyiv', ...given.settings };
  return mayRing({
    rules: ringRules(settings, given.closedDates ?? []),
    timeZones: given.timeZones ?? KYIV,
    now: new Date(now),
    ...(given.history ? { history: given.history } : {}),
    ...(given.isCallback ? { isCallback: true } : {}),
  });
}

/** `open`, or the rule and the instant of the next opening. */
function ask(now: string, given: Given = {}): string {
  const { isOpen, opensAt, reason } = answer(now, given);
  return isOpen ? 'open' : `${reason} ${opensAt?.toISOString() ?? 'never'}`;
}

describe("a shop's hours on the buyer's wall clock", () => {
  it.each([
    ['in the morning, winter time', '2026-11-23T07:00:00Z', 'open'],
    ['a second before nine', '2026-11-23T06:59:59Z', 'shop_hours 2026-11-23T07:00:00.000Z'],
    ['a second before eight in the evening', '2026-11-23T17:59:59Z', 'open'],
    ['at eight in the evening', '2026-11-23T18:00:00Z', 'shop_hours 2026-11-24T07:00:00.000Z'],
    ['the night before summer time begins', '2026-03-28T19:00:00Z', 'shop_hours 2026-03-29T06:00:00.000Z'],
    ['the morning after summer time began', '2026-03-29T06:00:00Z', 'open'],
    ['the night before winter time begins', '2026-10-24T19:00:00Z', 'shop_hours 2026-10-25T07:00:00.000Z'],
  ])('%s', (_name, now, expected) => {
    expect(ask(now)).toBe(expected);
  });

  it('permit a call at any hour when they say always, even without a zone', () => {
    expect(ask('2026-11-23T01:00:00Z', { timeZones: [], settings: { callingHours: 'always' } })).toBe('open');
  });

  it('look over a closed week-end', () => {
    const settings = { callingHours: { mon: ['10:00-13:00', '14:00-24:00'] } };
    expect(ask('2026-11-20T18:30:00Z', { settings })).toBe('shop_hours 2026-11-23T08:00:00.000Z');
    expect(ask('2026-11-23T21:59:59Z', { settings })).toBe('open');
    expect(ask('2026-11-23T11:00:00Z', { settings })).toBe('shop_hours 2026-11-23T12:00:00.000Z');
  });
});

describe('a night in which the clocks change', () => {
  const night = (from: string, to: string) => ({ settings: { callingHours: { sun: [`${from}-${to}`] } } });

  it('a beginning that is skipped opens when the clocks jump over it', () => {
    // Kyiv, 29 March 2026: 03:00 becomes 04:00 at 01:00 UTC.
    expect(ask('2026-03-29T00:30:00Z', night('03:30', '05:00'))).toBe('shop_hours 2026-03-29T01:00:00.000Z');
    expect(ask('2026-03-29T01:00:00Z', night('03:30', '05:00'))).toBe('open');
    expect(ask('2026-03-29T02:00:00Z', night('03:30', '05:00'))).toBe('shop_hours 2026-04-05T00:30:00.000Z');
  });

  it('a window that is skipped altogether does not come', () => {
    expect(ask('2026-03-29T00:00:00Z', night('03:10', '03:50'))).toBe('shop_hours 2026-04-05T00:10:00.000Z');
  });

  it('a window that comes twice opens twice', () => {
    // Kyiv, 25 October 2026: 04:00 becomes 03:00 at 01:00 UTC.
    const window = night('03:00', '03:30');
    expect(ask('2026-10-25T00:00:00Z', window)).toBe('open');
    expect(ask('2026-10-25T00:30:00Z', window)).toBe('shop_hours 2026-10-25T01:00:00.000Z');
    expect(ask('2026-10-25T01:29:59Z', window)).toBe('open');
    expect(ask('2026-10-25T01:30:00Z', window)).toBe('shop_hours 2026-11-01T01:00:00.000Z');
  });
});

describe('where the buyer may be', () => {
  it('all candidate zones must permit the call', () => {
    const timeZones = ['Europe/Kyiv', 'America/New_York'];
    expect(ask('2026-11-23T07:30:00Z', { timeZones })).toBe('shop_hours 2026-11-23T14:00:00.000Z');
    expect(ask('2026-11-23T14:00:00Z', { timeZones })).toBe('open');
    expect(ask('2026-11-23T07:30:00Z', { timeZones: ['Europe/Kyiv', 'Pacific/Honolulu'] })).toBe('shop_hours never');
  });

  it('unknown never fails open', () => {
    expect(ask('2026-11-23T10:00:00Z', { timeZones: [] })).toBe('unknown_zone never');
    expect(ask('2026-11-23T10:00:00Z', { timeZones: ['Mars/Olympus'] })).toBe('unknown_zone never');
    expect(ask('2026-11-23T10:00:00Z', { timeZones: ['Europe/Kyiv', ''] })).toBe('unknown_zone never');
    expect(ask('2026-11-23T10:00:00Z', { settings: { callingHours: { mon: ['9-20'] } } })).toBe('shop_hours never');
    const closedDates = ['2026-12-25'];
    expect(ask('2026-11-23T10:00:00Z', { timeZones: [], settings: { callingHours: 'always' }, closedDates })).toBe(
      'unknown_zone never',
    );
  });
});

describe('closed days', () => {
  const settings = { callingHours: 'always' as const };

  it("are days of the buyer's calendar", () => {
    const closedDates = ['2026-12-25', '2026-12-26'];
    expect(ask('2026-12-24T21:59:59Z', { settings, closedDates })).toBe('open');
    expect(ask('2026-12-24T22:00:00Z', { settings, closedDates })).toBe('closed_date 2026-12-26T22:00:00.000Z');
    expect(ask('2026-12-24T22:00:00Z', { settings, closedDates, timeZones: ['America/New_York'] })).toBe('open');
  });

  it('push the opening to the first open day', () => {
    expect(ask('2026-12-24T20:00:00Z', { closedDates: ['2026-12-25'] })).toBe('shop_hours 2026-12-26T07:00:00.000Z');
  });
});

describe('jurisdictions', () => {
  const always = (jurisdiction: ShopSettings['jurisdiction'], timeZone: string, now: string, more: Given = {}) =>
    ask(now, { ...more, timeZones: [timeZone], settings: { callingHours: 'always', jurisdiction } });

  it.each([
    ['us', 'America/New_York', '2026-11-23T12:59:59Z', 'jurisdiction_hours 2026-11-23T13:00:00.000Z'],
    ['us', 'America/New_York', '2026-11-24T01:59:59Z', 'open'],
    ['us', 'America/New_York', '2026-11-24T02:00:00Z', 'jurisdiction_hours 2026-11-24T13:00:00.000Z'],
    ['uk', 'Europe/London', '2026-11-22T09:59:59Z', 'jurisdiction_hours 2026-11-22T10:00:00.000Z'],
    ['uk', 'Europe/London', '2026-11-22T18:00:00Z', 'jurisdiction_hours 2026-11-23T09:00:00.000Z'],
    ['eu', 'Europe/Berlin', '2026-11-21T19:00:00Z', 'jurisdiction_hours 2026-11-23T08:00:00.000Z'],
    ['fr', 'Europe/Paris', '2026-11-23T11:59:59Z', 'open'],
    ['fr', 'Europe/Paris', '2026-11-23T12:00:00Z', 'jurisdiction_hours 2026-11-23T13:00:00.000Z'],
    ['fr', 'Europe/Paris', '2026-11-21T10:00:00Z', 'jurisdiction_hours 2026-11-23T09:00:00.000Z'],
    ['ua', 'Europe/Kyiv', '2026-11-23T18:00:00Z', 'jurisdiction_hours 2026-11-24T07:00:00.000Z'],
    ['ru', 'Asia/Kamchatka', '2026-11-23T08:00:00Z', 'jurisdiction_hours 2026-11-23T21:00:00.000Z'],
    ['kz', 'Asia/Almaty', '2026-11-23T04:00:00Z', 'open'],
    ['kz', 'Asia/Almaty', '2026-11-23T03:59:59Z', 'jurisdiction_hours 2026-11-23T04:00:00.000Z'],
    ['generic', 'Europe/Kyiv', '2026-11-23T01:00:00Z', 'open'],
    ['demo', 'Europe/Kyiv', '2026-11-23T01:00:00Z', 'open'],
  ] as const)('%s in %s at %s', (jurisdiction, zone, now, expected) => {
    expect(always(jurisdiction, zone, now)).toBe(expected);
  });

  it('narrow the hours of a shop, and never widen them', () => {
    const settings = { callingHours: { mon: ['07:00-12:00'] }, jurisdiction: 'us' as const };
    const timeZones = ['America/New_York'];
    expect(ask('2026-11-23T12:30:00Z', { settings, timeZones })).toBe('jurisdiction_hours 2026-11-23T13:00:00.000Z');
    expect(ask('2026-11-23T17:00:00Z', { settings, timeZones })).toBe('shop_hours 2026-11-30T13:00:00.000Z');
  });
});

describe('limits on attempts', () => {
  const NOON = '2026-11-23T10:00:00Z';
  const ago = (hours: number) => new Date(Date.parse(NOON) - hours * HOUR_MS);
  const past = (hoursAgo: number, given: Partial<PastCall> = {}): PastCall => ({
    startedAt: ago(hoursAgo),
    endedAt: ago(hoursAgo),
    result: 'no_answer',
    hasRung: true,
    isOfOrder: true,
    isConcluded: false,
    ...given,
  });
  const other = (hoursAgo: number, given: Partial<PastCall> = {}) => past(hoursAgo, { isOfOrder: false, ...given });
  const at = (history: PastCall[], more: Given = {}) => ask(NOON, { ...more, history });

  it('keep the gap after the end of the last call to the number, whichever order it was for', () => {
    expect(at([past(2)])).toBe('open');
    expect(at([past(1.5)])).toBe('gap 2026-11-23T10:30:00.000Z');
    expect(at([other(1.5)])).toBe('gap 2026-11-23T10:30:00.000Z');
  });

  it('take the gap of the result, and a short one after an abandoned call', () => {
    const retry = { ...DEFAULT_SHOP_SETTINGS.retry, byResult: { busy: { maxAttempts: 3, gapMinutes: 15 } } };
    expect(at([past(0.5, { result: 'busy' })], { settings: { retry } })).toBe('open');
    expect(at([past(0.5, { result: 'abandoned' })])).toBe('open');
    expect(at([past(0.01, { result: 'abandoned' })])).toBe('gap 2026-11-23T10:00:24.000Z');
  });

  it('allow three calls to a number in 24 hours', () => {
    expect(at([past(23), past(20)])).toBe('open');
    expect(at([past(23), past(20), other(10)])).toBe('attempts_in_24_hours 2026-11-23T11:00:00.000Z');
    expect(at([past(24), past(20), other(10)])).toBe('open');
  });

  it('say the hours when they last longer, and the limit when it does', () => {
    const evening = '2026-11-23T17:59:00Z';
    const endedAt = new Date('2026-11-23T16:30:00Z');
    const history = [past(0, { startedAt: endedAt, endedAt })];
    expect(ask(evening, { history })).toBe('gap 2026-11-24T07:00:00.000Z');
    expect(ask('2026-11-23T18:00:00Z', { history })).toBe('shop_hours 2026-11-24T07:00:00.000Z');
  });

  it('end with the maximum of the order', () => {
    const six = [150, 140, 120, 100, 80, 60].map((hours) => past(hours));
    expect(at(six)).toBe('attempts_of_order never');
    expect(at([...six.slice(1), past(150, { result: 'carrier_failure', hasRung: false })])).toBe('open');
    expect(at(six.map((call) => ({ ...call, isOfOrder: false })))).toBe('open');
  });

  it('count a call that is alive', () => {
    const alive = { endedAt: null, result: null, hasRung: false };
    expect(at([past(23), past(20), other(0.1, alive)])).toBe('attempts_in_24_hours 2026-11-23T11:00:00.000Z');
  });

  it('do not count what the buyer did not hear, nor a talk that settled another order', () => {
    const unheard = { result: 'carrier_failure', hasRung: false } as const;
    expect(at([past(0.1, unheard), past(0.2, unheard), past(0.3, unheard)])).toBe('open');
    expect(at([other(0.1, { result: 'answered', isConcluded: true })])).toBe('open');
    expect(at([other(0.1, { result: 'answered' })])).toBe('gap 2026-11-23T11:54:00.000Z');
  });

  it('do not hold back a call that the buyer asked for', () => {
    expect(at([past(3), past(2), past(1)], { isCallback: true })).toBe('open');
    expect(ask('2026-11-23T18:00:00Z', { history: [past(1)], isCallback: true })).toBe(
      'shop_hours 2026-11-24T07:00:00.000Z',
    );
  });

  it('are four in 30 days in France, and two hours at least in the United States', () => {
    const four = [700, 300, 200, 100].map((hours) => past(hours));
    expect(at(four, { timeZones: ['Europe/Paris'], settings: { jurisdiction: 'fr' } })).toBe(
      'attempts_in_30_days 2026-11-24T09:00:00.000Z',
    );
    const retry = { ...DEFAULT_SHOP_SETTINGS.retry, gapMinutes: 10, maxPer24Hours: 9 };
    const timeZones = ['America/New_York'];
    const us = { settings: { jurisdiction: 'us', retry } as const, timeZones };
    const noon = '2026-11-23T17:00:00Z';
    const since = (minutes: number) => {
      const endedAt = new Date(Date.parse(noon) - minutes * 60_000);
      return past(0, { startedAt: endedAt, endedAt });
    };
    expect(ask(noon, { ...us, history: [since(60)] })).toBe('gap 2026-11-23T18:00:00.000Z');
    expect(ask(noon, { settings: { retry }, timeZones, history: [since(60)] })).toBe('open');
    expect(ask(noon, { ...us, history: [since(1_300), since(900), since(400)] })).toBe(
      'attempts_in_24_hours 2026-11-23T19:20:00.000Z',
    );
  });

  it('there are none in the demo', () => {
    const settings = { jurisdiction: 'demo' as const, callingHours: 'always' as const };
    const many = Array.from({ length: 50 }, (_, i) => past(i / 3600));
    expect(at(many, { settings })).toBe('open');
  });

  it('each jurisdiction but the demo keeps the default limits', () => {
    for (const jurisdiction of JURISDICTIONS) {
      if (jurisdiction === 'demo') continue;
      expect(answer(NOON, { settings: { jurisdiction }, history: [past(0.01)] }).isOpen, jurisdiction).toBe(false);
    }
  });
});
