import type { Call } from '../call/call.js';
import type { AttemptResult } from '../call/result.js';

/** What the pacing rule learns from. Durations are in seconds. */
export type PacingFact =
  | {
      /** A call left the stage of dialling: answered by a person, or anything else. */
      readonly kind: 'call_ended';
      readonly by: 'person' | 'machine' | 'nobody';
      readonly attempt: number;
      /** From the originate to the answer or to the failure. */
      readonly ageSeconds: number;
      /** From the ringing; null when it never rang or nobody told. */
      readonly ringingSeconds: number | null;
    }
  /** An answered buyer had no agent in time. */
  | { readonly kind: 'abandoned' }
  | { readonly kind: 'talk_ended'; readonly seconds: number }
  | { readonly kind: 'wrap_up_ended'; readonly seconds: number; readonly isReadyAfter: boolean };

/** Ends of unanswered calls that say nothing of whether buyers answer: ours, the shop's and the carrier's doing. */
const SAYS_NOTHING: readonly AttemptResult[] = ['withdrawn', 'system_failure', 'carrier_failure'];

/**
 * What one move of a call teaches.
 *
 * Whoever answers counts as a person: without a detection before the connection an answering machine takes an agent as well.
 *
 * @param number  the attempt's number of the order, from 1
 */
export function factsOfCall(before: Call, now: Call, number: number): PacingFact[] {
  const facts: PacingFact[] = [];
  if (before.answeredAt === null) {
    const placed = { dialedAt: now.dialedAt ?? now.plannedAt, ringingAt: now.ringingAt };
    if (now.answeredAt !== null) facts.push(ended(placed, number, 'person', now.answeredAt));
    else if (now.state === 'ended' && before.state !== 'ended' && !SAYS_NOTHING.includes(now.result))
      facts.push(ended(placed, number, 'nobody', now.endedAt));
  }
  if (isAbandoned(now) && !isAbandoned(before)) facts.push({ kind: 'abandoned' });
  return facts;
}

/** A call that is over, as it is remembered. */
export interface PastCallTimes {
  /** The attempt's number of the order, from 1. */
  readonly number: number;
  readonly dialedAt: Date;
  readonly ringingAt: Date | null;
  readonly answeredAt: Date | null;
  readonly connectedAt: Date | null;
  readonly endedAt: Date;
  /** When its agent had written down the result. */
  readonly wrappedUpAt: Date | null;
  readonly result: AttemptResult;
}

/** What a remembered call teaches. Abandoned ones are left out: what risk they were the price of is not remembered. */
export function factsOfPast(past: PastCallTimes): PacingFact[] {
  const { answeredAt, connectedAt, endedAt, wrappedUpAt, number, result } = past;
  const facts: PacingFact[] = [];
  if (answeredAt !== null) facts.push(ended(past, number, 'person', answeredAt));
  else if (!SAYS_NOTHING.includes(result)) facts.push(ended(past, number, 'nobody', endedAt));
  if (connectedAt !== null) facts.push({ kind: 'talk_ended', seconds: secondsBetween(connectedAt, endedAt) });
  if (connectedAt !== null && wrappedUpAt !== null)
    facts.push({ kind: 'wrap_up_ended', seconds: secondsBetween(endedAt, wrappedUpAt), isReadyAfter: true });
  return facts;
}

/** The buyer answered, found no agent, and hears or has heard the recorded message. */
export function isAbandoned(call: Call): boolean {
  if (call.state === 'ended') return call.result === 'abandoned';
  return (call.state === 'message' || call.state === 'ending') && call.because === 'abandoned';
}

function ended(
  call: { readonly dialedAt: Date; readonly ringingAt: Date | null },
  attempt: number,
  by: 'person' | 'nobody',
  at: Date,
): PacingFact {
  return {
    kind: 'call_ended',
    by,
    attempt,
    ageSeconds: secondsBetween(call.dialedAt, at),
    ringingSeconds: call.ringingAt === null ? null : secondsBetween(call.ringingAt, at),
  };
}

function secondsBetween(from: Date, to: Date): number {
  return Math.max(0, to.getTime() - from.getTime()) / 1000;
}
