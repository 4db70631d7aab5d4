import { describe, expect, it } from 'vitest';
import type { AgentLeg, Call } from './call.js';
import { planCall } from './decide-call.js';
import {
  eventOfAgent,
  eventOfBuyer,
  eventsMissed,
  eventsTakenOver,
  type LegFact,
  type SurveyedLegs,
} from './call-facts.js';

const T0 = new Date('2026-11-22T10:00:00Z');
const at = (seconds: number) => new Date(T0.getTime() + seconds * 1000);
const anna: AgentLeg = { agentId: 'anna', legId: 'agent-anna-1', connection: 'persistent' };

const callIn = (state: Call['state'], more: Partial<Call> = {}) =>
  ({
    ...planCall({ callId: 'c1', ringSeconds: 25, maxTalkSeconds: 3600, detectsMachine: false, agent: anna }, T0).call,
    state,
    ...more,
  }) as Call;
const factOf = (more: Partial<LegFact> & { kind: LegFact['kind'] }) => ({ legId: 'c1', ...more }) as LegFact;
const surveyOf = (...legs: { legId: string; state?: 'dialing' | 'ringing' | 'up'; [more: string]: unknown }[]) =>
  new Map(
    legs.map((leg) => [leg.legId, { state: 'up', isInMessage: false, bridgeId: null, createdAt: T0, ...leg }]),
  ) as SurveyedLegs;

describe('a fact about the buyer', () => {
  it('keeps what the end was and who ended it', () => {
    const fact = factOf({ kind: 'leg.ended', cause: 17, techCause: 486, wasHungUpByUs: false });
    expect(eventOfBuyer(fact)).toEqual({ kind: 'buyer.ended', cause: 17, techCause: 486, wasHungUpByUs: false });
  });

  it('is nothing to the call when it is about its bridge or its keys', () => {
    for (const kind of ['leg.bridged', 'leg.unbridged', 'leg.dtmf'] as const)
      expect(eventOfBuyer(factOf({ kind }))).toBeNull();
  });
});

describe('a fact about an agent', () => {
  it("ends the agent's part only for the leg that the call has", () => {
    const ended = (legId: string) => factOf({ kind: 'leg.ended', legId, cause: 16 });
    expect(eventOfAgent(callIn('connected'), ended('agent-anna-1'))).toEqual({ kind: 'agent.ended', cause: 16 });
    expect(eventOfAgent(callIn('connected'), ended('agent-anna-0'))).toBeNull();
    expect(eventOfAgent(callIn('connected', { agent: null }), ended('agent-anna-1'))).toBeNull();
  });

  it('brings back an agent who was lost under the new leg, and nobody else', () => {
    const ours = (legId: string) => factOf({ kind: 'leg.ours', legId });
    const back = eventOfAgent(callIn('agent_lost'), ours('agent-anna-2'));
    expect(back).toEqual({ kind: 'cleared', agent: { ...anna, legId: 'agent-anna-2' } });
    expect(eventOfAgent(callIn('agent_lost'), ours('agent-anna'))).toBeNull();
    expect(eventOfAgent(callIn('agent_lost'), ours('agent-annabel-1'))).toBeNull();
    expect(eventOfAgent(callIn('calling_agent'), ours('agent-anna-1'))).toEqual({ kind: 'agent.up' });
    expect(eventOfAgent(callIn('calling_agent'), ours('agent-anna-2'))).toBeNull();
  });
});

describe('what a survey tells a call', () => {
  const both = (buyer: object) => surveyOf({ legId: 'c1', ...buyer }, { legId: 'agent-anna-1' });
  const kinds = (call: Call, survey: SurveyedLegs, seconds: number) =>
    eventsMissed(call, survey, at(seconds)).map((event) => event.kind);

  it('that a leg is missing only when the call is old enough to have been seen', () => {
    const call = callIn('dialing');
    expect(kinds(call, surveyOf(), 4.9)).toEqual([]);
    expect(kinds(call, surveyOf(), 5.1)).toEqual(['buyer.missing']);
    expect(kinds(callIn('calling_agent'), surveyOf(), 4.9)).toEqual([]);
    expect(kinds(callIn('calling_agent'), surveyOf(), 5.1)).toEqual(['agent.ended']);
  });

  it('the answer that nobody heard, and the bridge it stands in already', () => {
    expect(kinds(callIn('dialing'), both({ state: 'ringing' }), 9)).toEqual(['buyer.ringing']);
    expect(kinds(callIn('ringing'), both({}), 9)).toEqual(['buyer.answered', 'buyer.ours']);
    expect(kinds(callIn('ringing'), both({ bridgeId: 'b1' }), 9)).toEqual([
      'buyer.answered',
      'buyer.ours',
      'buyer.bridged',
    ]);
    expect(kinds(callIn('waiting'), both({ bridgeId: 'b1' }), 9)).toEqual(['buyer.bridged']);
    expect(kinds(callIn('connected'), both({ bridgeId: 'b1' }), 9)).toEqual([]);
  });

  it('with whom the buyer talks, when whoever brought them together did not live to write it down', () => {
    const agentId = '01a00000-0000-7000-8000-0000000a9e17';
    const legId = `agent-${agentId}-7`;
    const agent = { agentId, legId, connection: 'persistent' };
    const bridged = both({ bridgeId: legId });
    expect(eventsMissed(callIn('waiting', { agent: null }), bridged, at(3))).toEqual([
      { kind: 'buyer.bridged', agent },
    ]);
    expect(eventsMissed(callIn('waiting'), bridged, at(3))).toEqual([{ kind: 'buyer.bridged', agent }]);
    const known = callIn('waiting', { agent: { ...anna, agentId, legId } });
    expect(eventsMissed(known, bridged, at(3))).toEqual([{ kind: 'buyer.bridged' }]);
  });

  it('that the dialplan plays its message, and that the agent is gone meanwhile', () => {
    expect(kinds(callIn('ringing'), both({ isInMessage: true }), 9)).toEqual(['buyer.in_message']);
    expect(kinds(callIn('connected'), surveyOf({ legId: 'c1' }), 9)).toEqual(['agent.ended']);
    expect(kinds(callIn('connected'), surveyOf({ legId: 'c1' }), 3)).toEqual([]);
  });

  it('that the buyer does not hear the message which the call has come to', () => {
    const message = callIn('message', { agent: null });
    expect(kinds(message, both({ bridgeId: 'b1' }), 5.1)).toEqual(['buyer.without_message']);
    // It may be on its way.
    expect(kinds(message, both({ bridgeId: 'b1' }), 4.9)).toEqual([]);
    expect(eventsTakenOver(message, both({ bridgeId: 'b1' }))).toEqual([{ kind: 'buyer.without_message' }]);
    expect(eventsTakenOver(message, both({ isInMessage: true }))).toEqual([]);
  });

  it('that a leg is missing without an answer only when no command can bring it any more', () => {
    const late = at(9);
    expect(eventsMissed(callIn('dialing'), surveyOf(), late, 'undecided')).toEqual([]);
    expect(eventsMissed(callIn('ringing'), surveyOf(), late, 'undecided')).toEqual([]);
    expect(eventsMissed(callIn('dialing'), surveyOf(), late, 'unexplained')).toEqual([{ kind: 'buyer.missing' }]);
    const told = [{ kind: 'buyer.missing', isCarrierTold: true }];
    expect(eventsMissed(callIn('dialing'), surveyOf(), late, 'explained')).toEqual(told);
    // An answered leg has been there.
    expect(eventsMissed({ ...callIn('connected'), answeredAt: at(1) }, surveyOf(), late, 'undecided')).toEqual(told);
  });
});

describe('what a survey tells a call that was just taken over', () => {
  const buyerIn = (bridgeId: string | null, more: object = {}) => surveyOf({ legId: 'c1', bridgeId, ...more });

  it('that the buyer of a talk does not stand where the agent sits', () => {
    const talk = callIn('connected');
    expect(eventsTakenOver(talk, buyerIn(null))).toEqual([{ kind: 'buyer.apart' }]);
    expect(eventsTakenOver(talk, buyerIn('agent-oleh-1'))).toEqual([{ kind: 'buyer.apart' }]);
    expect(eventsTakenOver(talk, buyerIn('agent-anna-1'))).toEqual([]);
  });

  it('nothing when the buyer is gone, hears the message, or has nobody to stand with', () => {
    expect(eventsTakenOver(callIn('connected'), surveyOf())).toEqual([]);
    expect(eventsTakenOver(callIn('connected'), buyerIn(null, { isInMessage: true }))).toEqual([]);
    expect(eventsTakenOver(callIn('connected', { agent: null }), buyerIn(null))).toEqual([]);
    expect(eventsTakenOver(callIn('waiting'), buyerIn(null))).toEqual([]);
  });
});
