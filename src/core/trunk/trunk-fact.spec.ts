import { describe, expect, it } from 'vitest';
import { ATTEMPT_RESULTS, type AttemptResult } from '../call/result.js';
import { trunkFactKind, wasRefusedByTrunk } from './trunk-fact.js';

const quiet = { hasRung: false, wasPlaced: true, cause: null, techCause: null };

describe('what a call says of its trunk', () => {
  it.each<[AttemptResult | null, 'reached' | 'failed' | null]>([
    ['carrier_failure', 'failed'],
    ['withdrawn', null],
    ['system_failure', null],
    [null, null],
    ...ATTEMPT_RESULTS.filter((one) => !['carrier_failure', 'withdrawn', 'system_failure'].includes(one)).map(
      (one): [AttemptResult, 'reached'] => [one, 'reached'],
    ),
  ])('%s: %s', (result, expected) => {
    expect(trunkFactKind({ result, hasRung: false })).toBe(expected);
    expect(trunkFactKind({ result, hasRung: true })).toBe('reached');
  });
});

describe('whether another trunk may carry the call', () => {
  it.each<[string, AttemptResult, number | null, number | null, boolean]>([
    ['congestion', 'carrier_failure', 34, 503, true],
    ['the trunk forbids the number', 'carrier_failure', 21, 403, true],
    ['a refusal without a status', 'carrier_failure', 34, null, true],
    ['nobody knows how it ended', 'carrier_failure', null, null, false],
    ['the carrier is silent', 'carrier_failure', 18, 408, false],
    ['our own limit ended it unheard', 'carrier_failure', 19, 480, false],
    ['the same without a status', 'carrier_failure', 0, null, false],
    ['any other failure of the server', 'carrier_failure', 127, 513, true],
    ['busy', 'busy', 17, 486, false],
    ['declined', 'rejected', 21, 603, false],
    ['no such number', 'invalid_number', 1, 404, false],
    ['switched off', 'unobtainable', 19, 480, false],
    ['our own failure', 'system_failure', null, null, false],
  ])('%s', (_name, result, cause, techCause, expected) => {
    expect(wasRefusedByTrunk({ ...quiet, result, cause, techCause })).toBe(expected);
  });

  it('when the exchange would not even place it, unless the fault is ours', () => {
    expect(wasRefusedByTrunk({ ...quiet, result: 'carrier_failure', wasPlaced: false })).toBe(true);
    expect(wasRefusedByTrunk({ ...quiet, result: 'system_failure', wasPlaced: false })).toBe(false);
  });

  it('never once the phone has rung', () => {
    for (const result of ATTEMPT_RESULTS) {
      expect(wasRefusedByTrunk({ ...quiet, result, hasRung: true, cause: 34, techCause: 503 })).toBe(false);
    }
  });
});
