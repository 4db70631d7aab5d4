import fc from 'fast-check';
import { expect, it } from 'vitest';
import { nextAttempt } from '../attempt/next-attempt.js';
import { ATTEMPT_RESULTS } from '../call/result.js';
import { DEFAULT_SHOP_SETTINGS, JURISDICTIONS, type ShopSettings } from '../order/shop-settings.js';
import { attemptLimits, heldBack, type PastCall } from './attempt-limits.js';
import { WEEKDAYS } from './calling-hours.js';
import { effectiveRetry } from './jurisdiction.js';
import { mayRing, ringRules } from './may-ring.js';

const ZONES = ['Europe/Kyiv', 'Europe/Paris', 'America/New_York', 'America/Los_Angeles', 'Asia/Almaty', 'Asia/Tokyo'];
const NOW = Date.UTC(2026, 2, 28, 12);
const HOUR_MS = 3_600_000;

const someInstant = fc.integer({ min: 0, max: 250 * 24 * 60 }).map((minutes) => new Date(NOW + minutes * 60_000));
const someZones = fc.uniqueArray(fc.constantFrom(...ZONES), { minLength: 1, maxLength: 3 });
const someWindows = fc
  .tuple(fc.integer({ min: 0, max: 22 }), fc.integer({ min: 1, max: 24 }))
  .map(([from, length]) => [
    `${String(from).padStart(2, '0')}:00-${String(Math.min(24, from + length)).padStart(2, '0')}:00`,
  ]);
const someSettings: fc.Arbitrary<ShopSettings> = fc
  .record({
    jurisdiction: fc.constantFrom(...JURISDICTIONS),
    days: fc.uniqueArray(fc.constantFrom(...WEEKDAYS)),
    windows: someWindows,
    isAlways: fc.boolean(),
    maxAttempts: fc.integer({ min: 1, max: 8 }),
    maxPer24Hours: fc.integer({ min: 1, max: 5 }),
    gapMinutes: fc.integer({ min: 1, max: 600 }),
    busyGap: fc.option(fc.integer({ min: 1, max: 600 })),
  })
  .map(({ jurisdiction, days, windows, isAlways, busyGap, ...retry }) => ({
    ...DEFAULT_SHOP_SETTINGS,
    timeZone: 'Europe/Kyiv',
    jurisdiction,
    callingHours: isAlways ? 'always' : Object.fromEntries(days.map((day) => [day, windows])),
    retry: {
      ...DEFAULT_SHOP_SETTINGS.retry,
      ...retry,
      byResult: busyGap === null ? {} : { busy: { maxAttempts: 9, gapMinutes: busyGap } },
    },
  }));
const somePast = (now: Date): fc.Arbitrary<PastCall[]> =>
  fc.array(
    fc
      .record({
        minutesAgo: fc.integer({ min: 0, max: 40 * 24 * 60 }),
        result: fc.constantFrom(...ATTEMPT_RESULTS),
        hasRung: fc.boolean(),
        isOfOrder: fc.boolean(),
        isConcluded: fc.boolean(),
      })
      .map(({ minutesAgo, ...call }) => {
        const at = new Date(now.getTime() - minutesAgo * 60_000);
        return { ...call, startedAt: at, endedAt: at };
      }),
    { maxLength: 8 },
  );
const someQuestion = someInstant.chain((now) =>
  fc.record({
    now: fc.constant(now),
    timeZones: someZones,
    settings: someSettings,
    closed: fc.array(fc.integer({ min: -2, max: 9 }), { maxLength: 4 }),
    history: somePast(now),
  }),
);

const dateOf = (now: Date, days: number) => new Date(now.getTime() + days * 24 * HOUR_MS).toISOString().slice(0, 10);

it('the next opening is open, is ahead, and has a reason', () => {
  fc.assert(
    fc.property(someQuestion, ({ now, timeZones, settings, closed, history }) => {
      const rules = ringRules(
        settings,
        closed.map((days) => dateOf(now, days)),
      );
      const answer = mayRing({ rules, timeZones, now, history });
      expect(answer.reason === null).toBe(answer.isOpen);
      if (answer.opensAt === null) return;
      expect(answer.isOpen).toBe(false);
      expect(answer.opensAt.getTime()).toBeGreaterThan(now.getTime());
      expect(mayRing({ rules, timeZones, now: answer.opensAt, history }).isOpen).toBe(true);
    }),
    { numRuns: 400 },
  );
});

it('another zone, closed day, earlier call or jurisdiction never permits what was forbidden', () => {
  fc.assert(
    fc.property(
      someQuestion,
      fc.constantFrom(...ZONES, 'Mars/Olympus'),
      fc.constantFrom(...JURISDICTIONS),
      ({ now, timeZones, settings, closed, history }, zone, jurisdiction) => {
        const generic = { ...settings, jurisdiction: 'generic' as const };
        const dates = closed.map((days) => dateOf(now, days));
        const isOpen = (given: { settings?: ShopSettings; dates?: string[]; zones?: string[]; past?: PastCall[] }) =>
          mayRing({
            rules: ringRules(given.settings ?? generic, given.dates ?? dates),
            timeZones: given.zones ?? timeZones,
            now,
            history: given.past ?? history,
          }).isOpen;
        if (isOpen({})) return;
        expect(isOpen({ zones: [...timeZones, zone] })).toBe(false);
        expect(isOpen({ dates: [...dates, dateOf(now, 0)] })).toBe(false);
        const call: PastCall = {
          startedAt: now,
          endedAt: null,
          result: null,
          hasRung: true,
          isOfOrder: true,
          isConcluded: false,
        };
        expect(isOpen({ past: [...history, call] })).toBe(false);
        if (jurisdiction !== 'demo') expect(isOpen({ settings: { ...settings, jurisdiction } })).toBe(false);
      },
    ),
    { numRuns: 400 },
  );
});

it('the next attempt is planned for a time at which the limits on the order permit it', () => {
  fc.assert(
    fc.property(someQuestion, fc.double({ min: 0, max: 0.999, noNaN: true }), ({ now, settings, history }, chance) => {
      const limits = attemptLimits(settings);
      if (limits === null || history.length === 0) return;
      const ofOrder = history
        .map((call) => ({ ...call, isOfOrder: true }))
        .sort((a, b) => a.startedAt.getTime() - b.startedAt.getTime());
      const last = ofOrder.at(-1)!;
      const next = nextAttempt({
        last: last.result!,
        attempts: ofOrder.map(({ result, startedAt, hasRung }) => ({ result: result!, startedAt, hasRung })),
        retry: effectiveRetry(settings),
        isDemo: false,
        now,
        giveUpAt: null,
        random: () => chance,
      });
      if (next.kind !== 'again') return;
      const held = heldBack({ ...limits, maxPer30Days: Infinity }, ofOrder);
      // Gaps are counted from the end of an attempt, which is now when the next one is planned.
      if (held !== null && held.rule !== 'gap') expect(held.untilMs).toBeLessThanOrEqual(next.at.getTime());
    }),
    { numRuns: 500 },
  );
});
