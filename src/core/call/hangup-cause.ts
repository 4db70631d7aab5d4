import type { AttemptResult } from './result.js';

/** What is known of an unanswered leg when it ends. */
export interface UnansweredEnd {
  /** Q.850 cause; 0 when the exchange gave none (its own ring time-out does that). */
  readonly cause: number;
  /** SIP status of the refusal, or null. */
  readonly techCause: number | null;
  /** A hang-up of ours or our ring time-out ended it. */
  readonly wasHungUpByUs: boolean;
  /** The buyer's phone rang, or early media was heard: the number was reached. */
  readonly hasRung: boolean;
}

/** SIP statuses that speak for themselves, whatever the Q.850 cause beside them says (RFC 3261, RFC 3398 section 7.2.4.1). */
const BY_SIP_STATUS: Readonly<Record<number, AttemptResult>> = {
  404: 'invalid_number',
  410: 'invalid_number',
  484: 'invalid_number',
  485: 'invalid_number',
  604: 'invalid_number',
  486: 'busy',
  600: 'busy',
  603: 'rejected',
  607: 'rejected',
  401: 'carrier_failure',
  402: 'carrier_failure',
  403: 'carrier_failure',
  407: 'carrier_failure',
  488: 'carrier_failure',
  500: 'carrier_failure',
  502: 'carrier_failure',
  503: 'carrier_failure',
  504: 'carrier_failure',
};

/** Q.850 causes, for exchanges that give no SIP status. */
const BY_CAUSE: Readonly<Record<number, AttemptResult>> = {
  1: 'invalid_number',
  22: 'invalid_number',
  28: 'invalid_number',
  17: 'busy',
  21: 'rejected',
  19: 'no_answer',
  20: 'unobtainable',
  27: 'carrier_failure',
  34: 'carrier_failure',
  38: 'carrier_failure',
  41: 'carrier_failure',
  42: 'carrier_failure',
  44: 'carrier_failure',
  58: 'carrier_failure',
};

/**
 * The one word for a leg that ended without an answer.
 *
 * 480 and 408 say only that nobody answered in the end: after ringing that is `no_answer`; without it the phone is switched off (480) or
 * the carrier is silent (408). A time-out of ours without any sign of ringing is the carrier's fault, not the buyer's.
 */
export function resultOfUnanswered(end: UnansweredEnd): AttemptResult {
  if (end.wasHungUpByUs) return end.hasRung ? 'no_answer' : 'carrier_failure';
  if (end.techCause === 480) return end.hasRung ? 'no_answer' : 'unobtainable';
  if (end.techCause === 408) return end.hasRung ? 'no_answer' : 'carrier_failure';
  const bySip = end.techCause === null ? undefined : BY_SIP_STATUS[end.techCause];
  if (bySip !== undefined) return bySip;
  const byCause = BY_CAUSE[end.cause];
  if (byCause !== undefined) return byCause;
  return end.hasRung ? 'no_answer' : 'carrier_failure';
}
