import type { AgentLeg, Call, CallEvent } from './call.js';
import { agentOfLeg } from './leg-ids.js';
import type { Survey, TelephonyFact } from './telephony.js';
import { targetLegOf } from './transfer.js';

/** A fact about one leg. */
export type LegFact = Extract<TelephonyFact, { legId: string }>;

/** A call younger than this may have legs that a survey has not seen yet. */
const YOUNG_MS = 5_000;

/** What a fact about the buyer's leg is to the machine of the call; null: nothing. */
export function eventOfBuyer(fact: LegFact): CallEvent | null {
  switch (fact.kind) {
    case 'leg.dialing':
      return { kind: 'buyer.dialing' };
    case 'leg.ringing':
      return { kind: 'buyer.ringing' };
    case 'leg.progress':
      return { kind: 'buyer.progress' };
    case 'leg.answered':
      return { kind: 'buyer.answered' };
    case 'leg.ours':
      return { kind: 'buyer.ours' };
    case 'leg.talking':
      return { kind: 'buyer.talking', isTalking: fact.isTalking };
    case 'leg.ended': {
      const { cause, techCause, wasHungUpByUs } = fact;
      return { kind: 'buyer.ended', cause, techCause, wasHungUpByUs };
    }
    case 'leg.bridged':
    case 'leg.unbridged':
    case 'leg.dtmf':
      return null;
  }
}

/** What a fact about an agent's leg is to a call; null: nothing, or another agent's. A leg that was lost comes back under another id. */
export function eventOfAgent(call: Call, fact: LegFact): CallEvent | null {
  const { agent } = call;
  if (agent === null) return null;
  if (fact.kind === 'leg.ended' && agent.legId === fact.legId) return { kind: 'agent.ended', cause: fact.cause };
  if (fact.kind !== 'leg.ours' || !fact.legId.startsWith(`agent-${agent.agentId}-`)) return null;
  if (call.state === 'agent_lost') return { kind: 'cleared', agent: { ...agent, legId: fact.legId } };
  return agent.legId === fact.legId ? { kind: 'agent.up' } : null;
}

/** What a fact about the leg that is to take the buyer over is to a call; null: nothing, or another leg. */
export function eventOfTarget(call: Call, fact: LegFact): CallEvent | null {
  if (fact.legId !== targetLegOf(call.transfer)) return null;
  if (fact.kind === 'leg.ours') return { kind: 'target.up' };
  return fact.kind === 'leg.ended' ? { kind: 'target.ended', cause: fact.cause } : null;
}

/**
 * What it means that the exchange does not hold a leg. `undecided`: a command to call may still reach it; `explained`: it has run on since the call was
 * planned, so the leg ended as legs do, or never was; `unexplained`: it may have died with the leg.
 */
export type Absence = 'undecided' | 'explained' | 'unexplained';

/**
 * What a call has missed by a survey of its node, in order; the machine ignores what it knows already.
 *
 * @param now  when the survey was asked for: what has come about since cannot be in it
 */
export function eventsMissed(
  call: Call,
  survey: SurveyedLegs,
  now: Date,
  absence: Absence = 'unexplained',
): CallEvent[] {
  const isOld = now.getTime() - call.since.getTime() > YOUNG_MS;
  const agentLeg = call.agent === null ? undefined : survey.get(call.agent.legId);
  if (call.state === 'calling_agent') {
    if (agentLeg?.state === 'up') return [{ kind: 'agent.up' }];
    return agentLeg === undefined && isOld ? [{ kind: 'agent.ended', cause: 0 }] : [];
  }
  const leg = survey.get(call.callId);
  if (leg === undefined) {
    // A leg that was answered has been there: it is gone.
    const isUndecided = absence === 'undecided' && call.answeredAt === null;
    if (!isOld || isUndecided) return [];
    return [{ kind: 'buyer.missing', ...(absence === 'unexplained' ? {} : { isCarrierTold: true }) }];
  }
  const isAgentGone = call.agent !== null && agentLeg === undefined && isOld;
  const ofTarget = eventsOfTarget(call, survey, now);
  return [
    ...ofTarget,
    ...(isAgentGone ? [{ kind: 'agent.ended', cause: 0 } as const] : []),
    ...eventsOfLeg(call, leg, isOld),
  ];
}

/**
 * What a survey says beyond {@link eventsMissed} of a call that was just taken over: where its buyer stands is asked once, since from then on whoever moves
 * the buyer is ourselves, and a survey may be older than the move.
 */
export function eventsTakenOver(call: Call, survey: SurveyedLegs): CallEvent[] {
  const leg = survey.get(call.callId);
  if (leg?.state !== 'up' || leg.isInMessage) return [];
  if (call.state === 'message') return [{ kind: 'buyer.without_message' }];
  if (call.state !== 'connected' || call.agent === null) return [];
  return leg.bridgeId === call.agent.legId ? [] : [{ kind: 'buyer.apart' }];
}

function eventsOfTarget({ transfer }: Call, survey: SurveyedLegs, now: Date): CallEvent[] {
  const legId = targetLegOf(transfer);
  if (legId === null || transfer === null) return [];
  const leg = survey.get(legId);
  if (leg === undefined) {
    return now.getTime() - transfer.since.getTime() > YOUNG_MS ? [{ kind: 'target.ended', cause: 0 }] : [];
  }
  return leg.state === 'up' && transfer.state === 'calling' ? [{ kind: 'target.up' }] : [];
}

/** The legs of a survey by their ids. */
export type SurveyedLegs = ReadonlyMap<string, Survey['legs'][number]>;

function eventsOfLeg(call: Call, leg: Survey['legs'][number], isOld: boolean): CallEvent[] {
  if (leg.state === 'ringing') return [{ kind: 'buyer.ringing' }];
  if (leg.state !== 'up') return [];
  if (leg.isInMessage) return [{ kind: 'buyer.in_message' }];
  if (call.state === 'message') return isOld ? [{ kind: 'buyer.without_message' }] : [];
  const isUnanswered = call.state === 'dialing' || call.state === 'ringing';
  const isUnbridged = isUnanswered || call.state === 'waiting';
  return [
    ...(isUnanswered ? [{ kind: 'buyer.answered' } as const, { kind: 'buyer.ours' } as const] : []),
    ...(leg.bridgeId !== null && isUnbridged ? [bridgedIn(call, leg.bridgeId)] : []),
  ];
}

/** An agent's bridge has the name of their leg. Who was found for the buyer at the answer may not be written down yet. */
function bridgedIn({ agent }: Call, bridgeId: string): CallEvent {
  const agentId = agentOfLeg(bridgeId);
  if (agentId === null || agent?.legId === bridgeId) return { kind: 'buyer.bridged' };
  const found: AgentLeg = { agentId, legId: bridgeId, connection: 'persistent' };
  return { kind: 'buyer.bridged', agent: found };
}
