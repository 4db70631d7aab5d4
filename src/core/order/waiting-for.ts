import type { OrderStatus, Outcome } from './order.js';

/** Why an order is not being called right now. */
export const WAITING_CODES = [
  'final',
  'calling_now',
  'held',
  'paused',
  'accepted',
  'callback',
  'retry_gap',
  'delay',
  'outside_calling_hours',
  'no_agent',
  'trunk_full',
  'number_busy',
  'shop_limit',
  'pacing',
  'next',
] as const;
export type WaitingCode = (typeof WAITING_CODES)[number];

/** Why the dialer puts an order off that it meets in its queue. */
export type PutOffReason = 'outside_calling_hours' | 'trunk_full' | 'number_busy';

export interface WaitingFor {
  readonly code: WaitingCode;
  /** One English sentence, without personal data. */
  readonly sentence: string;
  /** When the reason ends, as far as it is known. */
  readonly until: Date | null;
}

export interface WaitingForInput {
  readonly now: Date;
  readonly status: OrderStatus;
  readonly outcome: Outcome | null;
  readonly holdReason: string | null;
  readonly isShopPaused: boolean;
  readonly attempts: number;
  readonly notBefore: Date | null;
  /** Set when the dialer itself has put the order off until `notBefore`. */
  readonly waitReason: string | null;
  readonly callbackAt: Date | null;
  /** From `mayCall`: whether the buyer may be called now, and when next. */
  readonly isOpen: boolean;
  readonly opensAt: Date | null;
  /** The shop has as many calls alive as it wants at once. */
  readonly isShopAtLimit: boolean;
  /** Agents of the shop's groups that are ready. */
  readonly agentsReady: number;
  /** The reason of the last pacing decision of the shop's groups, e.g. `trunk_full`, `no_agent`, `abandon_cap`; null: none known. */
  readonly pacingReason: string | null;
}

/**
 * Says in one code and one sentence why the order is not being called right now. The first reason that holds is given, in the order in which the
 * dialer itself would meet them; of a gap and closed hours the one that lasts longer.
 */
export function waitingFor(input: WaitingForInput): WaitingFor {
  const { now, notBefore } = input;
  const isLater = (at: Date | null): at is Date => at !== null && at > now;
  if (input.status === 'final') {
    return say('final', `The order is closed with the outcome "${input.outcome ?? 'unknown'}".`);
  }
  if (input.status === 'wrap_up') return say('calling_now', 'The talk is over; the agent is writing down its result.');
  if (input.status !== 'accepted' && input.status !== 'scheduled') {
    return say('calling_now', 'The buyer is being called right now.');
  }
  if (input.holdReason !== null) return say('held', `The order is held: ${input.holdReason}.`);
  if (input.isShopPaused) return say('paused', 'Calls of this shop are paused by an administrator.');
  if (input.status === 'accepted') return say('accepted', 'The order has just been accepted and is being scheduled.');
  if (isLater(input.callbackAt)) {
    return say('callback', `The buyer asked to be called at ${input.callbackAt.toISOString()}.`, input.callbackAt);
  }
  if (isLater(notBefore) && input.waitReason === 'trunk_full') {
    return say('trunk_full', 'No telephone line leads to the number of the buyer now.', notBefore);
  }
  if (isLater(notBefore) && input.waitReason === 'number_busy') {
    return say('number_busy', 'The number is on another call of ours.', notBefore);
  }
  // The dialer puts an order that it meets outside the hours off until they begin.
  const isPutOff = !input.isOpen && input.opensAt !== null && notBefore !== null && notBefore <= input.opensAt;
  if (isLater(notBefore) && !isPutOff) {
    return input.attempts > 0
      ? say('retry_gap', `The next attempt is due at ${notBefore.toISOString()}.`, notBefore)
      : say('delay', `The first call is due at ${notBefore.toISOString()}.`, notBefore);
  }
  if (!input.isOpen) {
    return input.opensAt === null
      ? say(
          'outside_calling_hours',
          'The buyer may not be called now, and no calling hours are known for the next days.',
        )
      : say(
          'outside_calling_hours',
          `The buyer may not be called before ${input.opensAt.toISOString()}.`,
          input.opensAt,
        );
  }
  if (input.isShopAtLimit) return say('shop_limit', 'The shop has as many calls alive as it wants at once.');
  if (input.pacingReason === 'trunk_full') return say('trunk_full', 'All telephone lines are busy.');
  if (input.agentsReady === 0) return say('no_agent', 'No agent is ready to take the call.');
  if (input.pacingReason !== null) {
    return say(
      'pacing',
      `The dialer waits so as not to reach more buyers than agents can take (${input.pacingReason}).`,
    );
  }
  return say('next', 'The order is in the queue and will be called next.');
}

function say(code: WaitingCode, sentence: string, until: Date | null = null): WaitingFor {
  return { code, sentence, until };
}
