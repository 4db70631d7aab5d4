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
    if (now.answeredAt !== null) facts.push(ended(now, number, 'person', now.answeredAt));
    else if (now.state === 'ended' && before.state !== 'ended' && !SAYS_NOTHING.includes(now.result))
      facts.push(ended(now, number, 'nobody', now.endedAt));
  }
  if (isAbandoned(now) && !isAbandoned(before)) facts.push({ kind: 'abandoned' });
  return facts;
}

/** The buyer answered, found no agent, and hears or has heard the recorded message. */
export function isAbandoned(call: Call): boolean {
  if (call.state === 'ended') return call.result === 'abandoned';
  return (call.state === 'message' || call.state === 'ending') && call.because === 'abandoned';
}

function ended(call: Call, attempt: number, by: 'person' | 'nobody', at: Date): PacingFact {
  const since = (from: Date): number => Math.max(0, at.getTime() - from.getTime()) / 1000;
  return {
    kind: 'call_ended',
    by,
    attempt,
    ageSeconds: since(call.dialedAt ?? call.plannedAt),
    ringingSeconds: call.ringingAt === null ? null : since(call.ringingAt),
  };
}
