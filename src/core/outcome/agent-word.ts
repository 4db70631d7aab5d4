import type { AgentOutcome, Outcome } from '../order/order.js';
import type { FieldError } from '../shared/errors.js';
import type { OutcomeChanges } from './changes.js';

/** What an agent says of a talk. Personal data: `changes` and `note` are kept encrypted only. */
export interface AgentWord {
  readonly outcome: AgentOutcome;
  readonly changes: OutcomeChanges | null;
  readonly note: string | null;
  readonly callbackAt: Date | null;
  /** Who rings back: the same agent, or anybody who is free then. */
  readonly callbackAgent: 'me' | 'anyone' | null;
}

/** What a word leads to: the end of the order, a call at the buyer's wish, or another attempt by the shop's rules. */
export type Meaning =
  | { readonly kind: 'final'; readonly outcome: Outcome }
  | { readonly kind: 'callback'; readonly at: Date; readonly isSameAgent: boolean }
  | { readonly kind: 'retry' };

/** A buyer may ask to be rung back this far ahead. */
export const MAX_CALLBACK_DAYS = 30;

/** Reads a word that `checkWord` has found in order. */
export function meaningOf(word: AgentWord): Meaning {
  switch (word.outcome) {
    case 'callback':
      if (!word.callbackAt) throw new Error('a callback without its time was not checked');
      return { kind: 'callback', at: word.callbackAt, isSameAgent: word.callbackAgent === 'me' };
    case 'no_decision':
      return { kind: 'retry' };
    case 'confirmed':
    case 'changed':
    case 'declined':
    case 'invalid_number':
    case 'duplicate':
    case 'do_not_call':
      return { kind: 'final', outcome: word.outcome };
  }
}

/** Whether the parts of a word fit together; every fault is named. The content of `changes` is checked by `readChanges`. */
export function checkWord(word: AgentWord, now: Date): FieldError[] {
  const errors: FieldError[] = [];
  if (word.outcome === 'changed' && !word.changes) {
    errors.push({ pointer: '/changes', detail: 'say what has changed, or send "confirmed"' });
  }
  if (word.outcome !== 'changed' && word.changes) {
    errors.push({ pointer: '/changes', detail: 'belongs to the outcome "changed" only' });
  }
  if (word.outcome === 'callback') {
    if (!word.callbackAt) errors.push({ pointer: '/callbackAt', detail: 'a callback needs its time' });
    else if (word.callbackAt <= now) errors.push({ pointer: '/callbackAt', detail: 'must lie ahead' });
    else if (word.callbackAt.getTime() > now.getTime() + MAX_CALLBACK_DAYS * 86_400_000) {
      errors.push({ pointer: '/callbackAt', detail: `must lie within ${MAX_CALLBACK_DAYS} days` });
    }
  } else {
    if (word.callbackAt) errors.push({ pointer: '/callbackAt', detail: 'belongs to the outcome "callback" only' });
    if (word.callbackAgent)
      errors.push({ pointer: '/callbackAgent', detail: 'belongs to the outcome "callback" only' });
  }
  return errors;
}

/** The call's stage as it counts for its agent's word: talking, finishing up afterwards, or closed. */
export type TalkStage = 'talking' | 'wrap_up' | 'over';

/** What a word does to the order; `withdrawn` when the shop has taken the order back and the buyer did not decide. */
export type Effect = Meaning | { readonly kind: 'final'; readonly outcome: 'withdrawn' };

/**
 * What to do with an agent's word.
 *
 * `keep` until the call has ended; `apply` its effect now; `correct` the final outcome (a new version, told to the shop again); or `refuse`.
 */
export type WordDecision =
  | { readonly kind: 'keep' }
  | { readonly kind: 'apply'; readonly effect: Effect }
  | { readonly kind: 'correct'; readonly outcome: Outcome }
  | { readonly kind: 'refuse'; readonly code: 'call.closed' | 'call.state_refused' };

/**
 * @param stage               of the call that the word is about
 * @param order.outcome       null while the order is open
 * @param order.isElsewhere   the order has moved on: another call is placed for it
 * @param isWithdrawRequested the shop took the order back while the talk went on; a decision of the buyer's still stands
 */
export function decideWord(input: {
  readonly stage: TalkStage;
  readonly order: { readonly outcome: Outcome | null; readonly isElsewhere: boolean };
  readonly meaning: Meaning;
  readonly isWithdrawRequested: boolean;
}): WordDecision {
  const { stage, order, meaning } = input;
  if (stage === 'over' || order.isElsewhere) return { kind: 'refuse', code: 'call.closed' };
  if (order.outcome !== null) {
    return meaning.kind === 'final'
      ? { kind: 'correct', outcome: meaning.outcome }
      : { kind: 'refuse', code: 'call.state_refused' };
  }
  if (stage === 'talking') return { kind: 'keep' };
  return { kind: 'apply', effect: effectOf(meaning, input.isWithdrawRequested) };
}

/** The buyer's decision stands against the shop's withdrawal; anything less gives way to it. */
export function effectOf(meaning: Meaning, isWithdrawRequested: boolean): Effect {
  return isWithdrawRequested && meaning.kind !== 'final' ? { kind: 'final', outcome: 'withdrawn' } : meaning;
}
