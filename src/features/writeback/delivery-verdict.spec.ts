import { describe, expect, it } from 'vitest';
import type { Exchange } from '../../platform/http/outbound-client.js';
import { judge } from './delivery-verdict.js';
import { nextTryAt, PAUSE_JITTER_RATIO, readRetryAfter, RETRY_FOR_MS, RETRY_PAUSES_MS } from './retry-schedule.js';

const now = new Date('2026-11-22T10:00:00Z');
const inMs = (ms: number) => new Date(now.getTime() + ms);
const answered = (status: number, retryAfter: string | null = null): Exchange => ({
  kind: 'answered',
  status,
  retryAfter,
});
const verdict = (exchange: Exchange, tries = 1, random = 0.5) =>
  judge(exchange, { tries, firstTryAt: now }, now, () => random);

describe('the table of pauses', () => {
  it('keeps trying for 76 hours even when every pause is shortened to the least', () => {
    const sum = RETRY_PAUSES_MS.reduce((total, pause) => total + pause, 0);
    expect(sum * (1 - PAUSE_JITTER_RATIO)).toBeGreaterThanOrEqual(RETRY_FOR_MS);
    expect(RETRY_PAUSES_MS.length + 1).toBe(12);
  });

  it.each([0, 0.5, 0.999])('parks after twelve tries and not before 76 hours, with chance %d', (chance) => {
    let at = now;
    let tries = 0;
    for (;;) {
      tries += 1;
      const next = nextTryAt({ tries, firstTryAt: now, now: at, retryAfterMs: null, random: () => chance });
      if (!next) break;
      at = next;
    }
    expect(tries).toBe(12);
    expect(at.getTime() - now.getTime()).toBeGreaterThanOrEqual(RETRY_FOR_MS);
  });

  it('does not wait longer for tries that came soon because the shop asked for it', () => {
    const at = (seconds: number) => new Date(now.getTime() + seconds * 1_000);
    const pause = (tries: number, seconds: number) =>
      (nextTryAt({ tries, firstTryAt: now, now: at(seconds), retryAfterMs: null, random: () => 0.5 })?.getTime() ?? 0) -
      at(seconds).getTime();
    expect(pause(5, 0)).toBe(5_000);
    expect(pause(5, 9)).toBe(30_000);
    expect(pause(20, 60)).toBe(120_000);
    // Without such tries it is the table, also when each pause was shortened by the whole jitter.
    expect(pause(4, 0.8 * 155)).toBe(600_000);
    expect(pause(5, 755)).toBe(1_800_000);
  });

  it('tries for 76 hours too when the shop asks for short pauses all the time, and does not hammer it', () => {
    let at = now;
    let tries = 0;
    for (;;) {
      tries += 1;
      const next = nextTryAt({ tries, firstTryAt: now, now: at, retryAfterMs: 1_000, random: () => 0 });
      if (!next) break;
      expect(next.getTime() - at.getTime()).toBeGreaterThanOrEqual(1_000);
      at = next;
    }
    expect(at.getTime() - now.getTime()).toBeGreaterThanOrEqual(RETRY_FOR_MS);
    expect(tries).toBeLessThan(100);
  });
});

describe('an answer', () => {
  it.each([200, 201, 202, 204, 299])('%d is delivered', (status) =>
    expect(verdict(answered(status))).toEqual({ kind: 'delivered' }),
  );
  it.each([400, 401, 403, 404, 422])('%d is parked at once', (status) =>
    expect(verdict(answered(status)).kind).toBe('parked'),
  );
  it('410 switches the destination off', () => expect(verdict(answered(410)).kind).toBe('disabled'));
  it.each([301, 302, 303, 307, 308, 304, 402, 405, 408, 409, 413, 425, 429, 500, 502, 503, 504, 100])(
    '%d is tried again',
    (status) => {
      expect(verdict(answered(status))).toEqual({ kind: 'retry', at: inMs(5_000), because: `answered ${status}` });
    },
  );
  it.each(['timeout', 'connect_timeout', 'econnrefused', 'address_refused'])('none (%s) is tried again', (reason) => {
    expect(verdict({ kind: 'failed', reason })).toEqual({ kind: 'retry', at: inMs(5_000), because: reason });
  });
  it('varies the pause by a fifth', () => {
    expect(verdict(answered(500), 1, 0)).toMatchObject({ at: inMs(4_000) });
    expect(verdict(answered(500), 1, 1)).toMatchObject({ at: inMs(6_000) });
  });
});

describe('Retry-After', () => {
  const cases: [string | null, number | null][] = [
    [null, null],
    ['7', 7_000],
    ['0', 1_000],
    ['-5', null],
    ['1.5', null],
    ['99999999', 86_400_000],
    ['Sun, 22 Nov 2026 10:00:30 GMT', 30_000],
    ['Sun, 22 Nov 2026 09:00:00 GMT', 1_000],
    ['Sun, 22 Nov 2027 10:00:00 GMT', 86_400_000],
    ['Sunday, 22-Nov-26 10:00:30 GMT', 30_000],
    ['soon', null],
    ['2026-11-22T10:00:30Z', null],
  ];
  it.each(cases)('%s is %s ms', (text, ms) => expect(readRetryAfter(text, now)).toBe(ms));

  it.each([429, 503])('is honoured with %d: never earlier', (status) => {
    expect(verdict(answered(status, '90'), 1, 0)).toMatchObject({ kind: 'retry', at: inMs(90_000) });
    expect(verdict(answered(status, '90'), 1, 1)).toMatchObject({ kind: 'retry', at: inMs(108_000) });
    expect(verdict(answered(status, 'soon'))).toMatchObject({ kind: 'retry', at: inMs(5_000) });
  });
  it('means nothing with another status', () => {
    expect(verdict(answered(500, '90'))).toMatchObject({ at: inMs(5_000) });
  });
});
