import type { WayTo } from '../trunk/choose-trunk.js';
import { isAboutHours, type RingRefusal } from '../calling-hours/may-ring.js';
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
  'agent_awaited',
  'trunk_full',
  'trunk_down',
  'number_busy',
  'shop_limit',
  'pacing',
  'next',
] as const;
export type WaitingCode = (typeof WAITING_CODES)[number];

/** Why the dialer puts an order off that it meets in its queue. */
export type PutOffReason = 'outside_calling_hours' | 'trunk_full' | 'trunk_down' | 'number_busy';

const CARRIER_REFUSES = 'The carrier refuses call after call just now; single calls try whether it works again.';

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
  /** From `mayRing`: whether the buyer may be called now, when next, and the rule that forbids it. */
  readonly isOpen: boolean;
  readonly opensAt: Date | null;
  readonly reason: RingRefusal | null;
  /** The buyer is on another call of ours, or its agent is still writing down the result; absent: no. */
  readonly isBuyerOnCall?: boolean;
  /** The shop has as many calls alive as it wants at once. */
  readonly isShopAtLimit: boolean;
  /** Agents of the shop's groups that are ready and have the skills that the order needs. */
  readonly agentsReady: number;
  /** Absent: none. */
  readonly skillsNeeded?: readonly string[];
  /** How it stands with the lines to the buyer's number. */
  readonly way: WayTo;
  /** The buyer's own agent is busy and is waited for until then: who promised the callback, or talked with the buyer before. Null: nobody is. */
  readonly awaitedAgent: { readonly until: Date; readonly isPromised: boolean } | null;
  /** On no day of the week do the shop's calling hours and those of its jurisdiction meet. */
  readonly hasNoHours: boolean;
  /** The reason of the last pacing decision of the shop's groups, e.g. `no_agent`, `predicted`; null: none known. */
  readonly pacingReason: string | null;
  /** Of that decision: the chance (0–1) that one more answered call finds no agent, and the highest one that is accepted. */
  readonly pacingRisk?: number | null;
  readonly pacingAcceptedRisk?: number | null;
  /** One more abandoned call could break a cap of this shop. */
  readonly isNearCap?: boolean;
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
    return say('trunk_full', NO_LINE, notBefore);
  }
  if (isLater(notBefore) && input.waitReason === 'trunk_down') return say('trunk_down', CARRIER_REFUSES, notBefore);
  if (isLater(notBefore) && input.waitReason === 'number_busy') {
    return say('number_busy', NUMBER_BUSY, notBefore);
  }
  // The dialer puts an order that it meets outside the hours, or too soon after another call to the buyer, off until it may be called.
  const isPutOffByDialer = input.waitReason === 'outside_calling_hours';
  const beginsLater = input.opensAt !== null && notBefore !== null && notBefore <= input.opensAt;
  // Of limits the retry rules know as well: a gap that is not longer than theirs is just a gap.
  const isByHours = input.reason === null || isAboutHours(input.reason);
  const isPutOff = !input.isOpen && (isPutOffByDialer || (beginsLater && isByHours));
  if (isLater(notBefore) && !isPutOff) {
    return input.attempts > 0
      ? say('retry_gap', `The next attempt is due at ${notBefore.toISOString()}.`, notBefore)
      : say('delay', `The first call is due at ${notBefore.toISOString()}.`, notBefore);
  }
  if (input.isBuyerOnCall === true) return say('number_busy', NUMBER_BUSY);
  if (!input.isOpen) {
    return say('outside_calling_hours', input.hasNoHours ? NO_HOURS : refusalSentence(input), input.opensAt);
  }
  if (input.isShopAtLimit) return say('shop_limit', 'The shop has as many calls alive as it wants at once.');
  if (input.way === 'down') return say('trunk_down', CARRIER_REFUSES);
  if (input.way === 'none') return say('trunk_full', NO_LINE);
  if (input.way === 'full') return say('trunk_full', 'All telephone lines that lead to the number are busy.');
  if (input.awaitedAgent !== null) return awaited(input.awaitedAgent);
  const isAhead = input.pacingReason === 'predicted';
  if (isAhead && input.isNearCap !== true) return say('pacing', riskSentence(input));
  if (isAhead || input.pacingReason === 'cap_reached') return say('pacing', NEAR_CAP);
  if (input.agentsReady === 0) return say('no_agent', nobodySentence(input.skillsNeeded ?? []));
  if (input.pacingReason === 'no_evidence') return say('pacing', NO_EVIDENCE);
  // Lines that were all busy at the last decision are free by now.
  if (input.pacingReason !== null && input.pacingReason !== 'trunk_full') {
    return say('pacing', 'Each agent who is ready is already kept for a buyer whose phone rings.');
  }
  return say('next', 'The order is in the queue and will be called in its turn.');
}

function awaited({ until, isPromised }: NonNullable<WaitingForInput['awaitedAgent']>): WaitingFor {
  const who = isPromised ? 'The agent who promised this call' : 'The agent who talked with the buyer before';
  return say('agent_awaited', `${who} is busy and is waited for until ${until.toISOString()}.`, until);
}

function nobodySentence(skills: readonly string[]): string {
  if (skills.length === 0) return 'No agent is ready to take the call.';
  return `No agent is ready who has the skill the order needs: ${skills.join(', ')}.`;
}

const NO_LINE = 'No telephone line leads to the number of the buyer now.';
const NO_HOURS =
  "The buyer can never be called: on no day of the week do the shop's calling hours and those of its jurisdiction meet.";
const NUMBER_BUSY = 'The number is on another call of ours.';
const NEAR_CAP =
  'One more abandoned call could break a cap of the shop, so that its buyers are called only with an agent reserved, and none is free.';
const NO_EVIDENCE =
  'Too few calls have been seen yet to call ahead of the agents: each ready agent is kept for a buyer whose phone rings.';

function riskSentence({ pacingRisk, pacingAcceptedRisk }: WaitingForInput): string {
  const enough = 'As many phones ring as there will be agents for';
  if (pacingRisk == null || pacingAcceptedRisk == null) return `${enough}.`;
  return `${enough}: one more answered call would find no agent with a chance of ${percent(pacingRisk)}, and ${percent(pacingAcceptedRisk)} is accepted.`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}

/** Why a buyer may not be rung, as a part of a sentence. */
const REFUSALS: Readonly<Record<RingRefusal, string>> = {
  unknown_zone: "the buyer's time zone is not known",
  closed_date: "no calls are made on this day of the buyer's calendar (a public holiday, or one the shop has closed)",
  shop_hours: "it is outside the shop's calling hours where the buyer is or may be",
  jurisdiction_hours: 'it is outside the hours of the jurisdiction where the buyer is or may be',
  attempts_of_order: 'the order has had as many attempts as are allowed',
  attempts_in_24_hours: 'the buyer has been called as often as is allowed within 24 hours',
  attempts_in_30_days: 'the buyer has been called as often as is allowed within 30 days',
  gap: 'the last call to the buyer is not long enough ago',
};

function refusalSentence(input: Pick<WaitingForInput, 'reason' | 'opensAt'>): string {
  const why = input.reason === null ? '' : `: ${REFUSALS[input.reason]}`;
  return input.opensAt === null
    ? `The buyer may not be called now, and no permitted time is known for the next weeks${why}.`
    : `The buyer may not be called before ${input.opensAt.toISOString()}${why}.`;
}

function say(code: WaitingCode, sentence: string, until: Date | null = null): WaitingFor {
  return { code, sentence, until };
}
