import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ATTEMPT_RESULTS, type AttemptResult } from '../call/result.js';
import type { RetryPolicy } from '../order/shop-settings.js';
import { nextAttempt, outcomeInTime, restAfterLostCall, type PastAttempt } from './next-attempt.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const now = new Date('2026-11-22T10:00:00Z');
const inMs = (ms: number) => new Date(now.getTime() + ms);
const retry: RetryPolicy = { maxAttempts: 6, maxPer24Hours: 3, gapMinutes: 120, patienceMinutes: 30, byResult: {} };

/** Attempts with the given results, the last of them ending now, one day apart so that the daily limit keeps out of it. */
function past(...results: AttemptResult[]): PastAttempt[] {
  return results.map((result, i) => ({
    result,
    startedAt: inMs(-(results.length - 1 - i) * 25 * HOUR_MS - 30_000),
    hasRung: !['carrier_failure', 'system_failure', 'invalid_number'].includes(result),
  }));
}

function decide(attempts: PastAttempt[], more: Partial<Parameters<typeof nextAttempt>[0]> = {}) {
  const last = more.last ?? attempts.at(-1)!.result;
  return nextAttempt({
    last,
    attempts,
    retry,
    isDemo: false,
    now,
    giveUpAt: inMs(200 * HOUR_MS),
    random: () => 0,
    ...more,
  });
}

describe('what follows a single attempt', () => {
  it('leaves a number alone that the carrier may still be ringing, in the demo too', () => {
    const restUntil = restAfterLostCall(inMs(-30_000));
    expect(decide(past('system_failure'), { isDemo: true, restUntil })).toMatchObject({ at: inMs(155_000) });
    expect(decide(past('busy'), { restUntil })).toMatchObject({ at: inMs(120 * MINUTE_MS) });
  });

  it('calls soon again, once, when a call was lost on our side before it rang', () => {
    expect(decide(past('system_failure'), { wasUnheard: true })).toMatchObject({ kind: 'again', at: inMs(3_000) });
    expect(decide(past('system_failure', 'system_failure'), { wasUnheard: true })).toEqual(
      decide(past('system_failure', 'system_failure')),
    );
  });

  const again: [AttemptResult, number][] = [
    ['answered', 120],
    ['machine', 120],
    ['busy', 120],
    ['no_answer', 120],
    ['rejected', 120],
    ['unobtainable', 120],
    ['abandoned', 1],
    ['carrier_failure', 1],
    ['system_failure', 0.5],
  ];
  it.each(again)('%s is tried again after %d min', (result, minutes) => {
    expect(decide(past(result))).toMatchObject({
      kind: 'again',
      at: inMs(minutes * MINUTE_MS),
      isAbandoned: result === 'abandoned',
    });
  });

  it.each(['invalid_number', 'withdrawn'] as const)('%s ends the order at once', (result) => {
    expect(decide(past(result))).toMatchObject({ kind: 'final', outcome: result });
  });
});

describe('maximum of attempts', () => {
  it('gives up after six in all, whatever they were', () => {
    expect(decide(past('busy', 'busy', 'no_answer', 'machine', 'answered'))).toMatchObject({ kind: 'again' });
    expect(decide(past('busy', 'busy', 'no_answer', 'machine', 'answered', 'abandoned'))).toMatchObject({
      kind: 'final',
      outcome: 'unreachable',
    });
  });

  it('does not charge the buyer with failures of the carrier or of ourselves', () => {
    expect(
      decide(past('carrier_failure', 'system_failure', 'carrier_failure', 'system_failure', 'busy', 'busy')),
    ).toMatchObject({ kind: 'again' });
  });

  it('has a maximum of its own for the failures', () => {
    const failures = (n: number, result: AttemptResult) => past(...Array.from({ length: n }, () => result));
    expect(decide(failures(11, 'carrier_failure'))).toMatchObject({ kind: 'again' });
    expect(decide(failures(12, 'carrier_failure'))).toMatchObject({ kind: 'final', outcome: 'unreachable' });
    expect(decide(failures(9, 'system_failure'))).toMatchObject({ kind: 'again' });
    expect(decide(failures(10, 'system_failure'))).toMatchObject({ kind: 'hold' });
  });

  it('doubles the gap after failures up to the overall gap', () => {
    const gapMinutes = (n: number) => {
      const verdict = decide(past(...Array.from({ length: n }, () => 'carrier_failure' as const)));
      return verdict.kind === 'again' ? (verdict.at.getTime() - now.getTime()) / MINUTE_MS : null;
    };
    expect([1, 2, 3, 7, 8, 9].map(gapMinutes)).toEqual([1, 2, 4, 64, 120, 120]);
  });

  it('goes over another trunk at once, without a gap or a maximum', () => {
    const failures = past(...Array.from({ length: 12 }, () => 'carrier_failure' as const));
    const strict: RetryPolicy = { ...retry, byResult: { carrier_failure: { maxAttempts: 1, gapMinutes: 60 } } };
    for (const given of [{ retry }, { retry: strict }, { isDemo: true }]) {
      expect(decide(failures, { ...given, hasOtherWay: true })).toMatchObject({
        kind: 'again',
        at: inMs(1),
        isAbandoned: false,
      });
    }
    expect(decide(failures, { hasOtherWay: true, giveUpAt: inMs(1) })).toMatchObject({ kind: 'final' });
  });

  it('carries no answer of the buyer’s side over another trunk', () => {
    for (const result of ATTEMPT_RESULTS.filter((one) => one !== 'carrier_failure')) {
      expect(decide(past(result), { hasOtherWay: true })).toEqual(decide(past(result)));
    }
  });

  it('takes gap and maximum of a result from the shop', () => {
    const own: RetryPolicy = { ...retry, byResult: { busy: { maxAttempts: 2, gapMinutes: 10 } } };
    expect(decide(past('busy'), { retry: own })).toMatchObject({
      kind: 'again',
      at: inMs(10 * MINUTE_MS),
      isAbandoned: false,
    });
    expect(decide(past('busy', 'busy'), { retry: own })).toMatchObject({ kind: 'final', outcome: 'unreachable' });
    expect(decide(past('busy', 'no_answer'), { retry: own })).toMatchObject({
      kind: 'again',
      at: inMs(120 * MINUTE_MS),
    });
  });
});

describe('three in 24 hours', () => {
  const sameDay: PastAttempt[] = [5, 2.5, 0.1].map((hours) => ({
    result: 'no_answer',
    startedAt: inMs(-hours * HOUR_MS),
    hasRung: true,
  }));

  it('waits until the third last is a day old', () => {
    expect(decide(sameDay)).toMatchObject({ kind: 'again', at: inMs(19 * HOUR_MS), isAbandoned: false });
  });

  it('holds for an abandoned buyer too, who has been disturbed as well', () => {
    const attempts = [
      ...sameDay.slice(0, 2),
      { result: 'abandoned' as const, startedAt: inMs(-0.1 * HOUR_MS), hasRung: true },
    ];
    expect(decide(attempts)).toMatchObject({ kind: 'again', at: inMs(19 * HOUR_MS), isAbandoned: true });
  });

  it('counts a failure of ours only when the phone rang', () => {
    const failure = (hasRung: boolean): PastAttempt[] => [
      ...sameDay.slice(0, 2),
      { result: 'system_failure', startedAt: inMs(-0.1 * HOUR_MS), hasRung },
    ];
    expect(decide(failure(false))).toMatchObject({ at: inMs(0.5 * MINUTE_MS) });
    expect(decide(failure(true))).toMatchObject({ at: inMs(19 * HOUR_MS) });
  });
});

describe('time to give up', () => {
  it('ends as unreachable when no attempt fits before it', () => {
    expect(decide(past('busy'), { giveUpAt: inMs(121 * MINUTE_MS) })).toMatchObject({ kind: 'again' });
    expect(decide(past('busy'), { giveUpAt: inMs(120 * MINUTE_MS) })).toMatchObject({
      kind: 'final',
      outcome: 'unreachable',
    });
  });
  it('ends as expired when no call was possible until then: the carrier or we failed, and nothing rang', () => {
    const short = { giveUpAt: inMs(1) };
    const failures = (n: number, result: AttemptResult) =>
      past(...Array.from({ length: n }, () => result)).map((attempt) => ({ ...attempt, hasRung: false }));
    expect(decide(failures(3, 'carrier_failure'), short)).toMatchObject({ kind: 'final', outcome: 'expired' });
    expect(decide(failures(3, 'system_failure'), short)).toMatchObject({ kind: 'final', outcome: 'expired' });
    const rung = failures(3, 'carrier_failure').map((attempt, n) => ({ ...attempt, hasRung: n === 0 }));
    expect(decide(rung, short)).toMatchObject({ kind: 'final', outcome: 'unreachable' });
    const charged = [...past('no_answer'), ...failures(2, 'carrier_failure')];
    expect(decide(charged, short)).toMatchObject({ kind: 'final', outcome: 'unreachable' });
    expect(outcomeInTime([])).toBe('expired');
  });
  it('has no limit when there is none', () => {
    expect(decide(past('busy'), { giveUpAt: null })).toMatchObject({ kind: 'again' });
  });
});

describe('habits of the buyer', () => {
  // 10:00 UTC is noon in Kyiv; the gap of two hours ends at 14:00 there.
  const habits = { timeZone: 'Europe/Kyiv', answeredAt: [new Date('2026-11-10T13:20:00Z')] };
  const threePm = new Date('2026-11-22T13:00:00Z');

  it('move a retry by up to one more gap into an hour in which the buyer picked up', () => {
    expect(decide(past('no_answer'), { habits })).toMatchObject({
      kind: 'again',
      at: threePm,
      isAbandoned: false,
      isAtBestHour: true,
    });
    const evening = { ...habits, answeredAt: [new Date('2026-11-10T15:20:00Z')] };
    expect(decide(past('no_answer'), { habits: evening })).toMatchObject({
      kind: 'again',
      at: inMs(120 * MINUTE_MS),
      isAbandoned: false,
    });
  });

  it('do not delay what is owed, what failed on our side, nor the demo', () => {
    for (const result of ['abandoned', 'carrier_failure', 'system_failure'] as const) {
      expect(decide(past(result), { habits })).toEqual(decide(past(result)));
    }
    expect(decide(past('no_answer'), { habits, isDemo: true })).toEqual(decide(past('no_answer'), { isDemo: true }));
  });

  it('do not move it behind the time to give up', () => {
    const giveUpAt = new Date('2026-11-22T12:30:00Z');
    expect(decide(past('no_answer'), { habits, giveUpAt })).toMatchObject({ at: inMs(120 * MINUTE_MS) });
    const barely = decide(past('no_answer'), { habits, giveUpAt: new Date(threePm.getTime() + 1) });
    expect(barely).toMatchObject({ at: threePm });
  });
});

it('limits that reach beyond the order hold a retry back', () => {
  const heldBackUntil = inMs(30 * HOUR_MS);
  expect(decide(past('busy'), { heldBackUntil })).toMatchObject({ at: heldBackUntil });
  expect(decide(past('busy'), { heldBackUntil, giveUpAt: inMs(29 * HOUR_MS) })).toMatchObject({ kind: 'final' });
});

describe('the demo', () => {
  it('has gaps of seconds and no daily limit', () => {
    const attempts = past('busy').concat(
      [1, 2, 3].map((h) => ({ result: 'busy', startedAt: inMs(-h * HOUR_MS), hasRung: true })),
    );
    expect(decide(attempts, { isDemo: true })).toMatchObject({ kind: 'again', at: inMs(5_000), isAbandoned: false });
  });
  it('keeps a shorter gap of the shop', () => {
    expect(decide(past('busy'), { isDemo: true, retry: { ...retry, gapMinutes: 0.05 } })).toMatchObject({
      at: inMs(3_000),
    });
  });
});

it('never rings before the gap, after the time to give up, above a maximum or above three in 24 hours', () => {
  const attempt = fc.record({
    result: fc.constantFrom(...ATTEMPT_RESULTS),
    startedAt: fc.integer({ min: 0, max: 72 * 60 }).map((minutes) => inMs(-minutes * MINUTE_MS)),
    hasRung: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(attempt, { minLength: 1, maxLength: 14 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      fc.integer({ min: 1, max: 100 }),
      (attempts, chance, hours) => {
        const last = attempts[0]!.result;
        const giveUpAt = inMs(hours * HOUR_MS);
        const verdict = decide(attempts, { last, giveUpAt, random: () => chance });
        if (verdict.kind !== 'again') return;
        expect(['invalid_number', 'withdrawn']).not.toContain(last);
        expect(verdict.at.getTime()).toBeGreaterThan(now.getTime());
        expect(verdict.at.getTime()).toBeLessThan(giveUpAt.getTime());
        const charged = attempts.filter((a) => !['carrier_failure', 'system_failure', 'withdrawn'].includes(a.result));
        expect(charged.length).toBeLessThan(6);
        const recent = attempts
          .filter((a) => a.hasRung || charged.includes(a))
          .filter((a) => a.startedAt.getTime() > verdict.at.getTime() - 24 * HOUR_MS);
        expect(recent.length).toBeLessThan(3);
      },
    ),
  );
});
