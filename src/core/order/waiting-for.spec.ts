import { describe, expect, it } from 'vitest';
import type { RingRefusal } from '../calling-hours/may-ring.js';
import { waitingFor, type WaitingForInput } from './waiting-for.js';

const now = new Date('2026-11-22T10:00:00Z');
const later = new Date('2026-11-22T12:00:00Z');
const ready: WaitingForInput = {
  now,
  status: 'scheduled',
  outcome: null,
  holdReason: null,
  isShopPaused: false,
  attempts: 0,
  notBefore: null,
  waitReason: null,
  isShopAtLimit: false,
  callbackAt: null,
  isOpen: true,
  opensAt: null,
  reason: null,
  agentsReady: 1,
  way: 'free',
  awaitedAgent: null,
  hasNoHours: false,
  pacingReason: null,
};

describe('waitingFor', () => {
  it.each<[string, Partial<WaitingForInput>, string]>([
    ['nothing in the way', {}, 'next'],
    ['final', { status: 'final', outcome: 'declined', isShopPaused: true }, 'final'],
    ['dialing', { status: 'dialing', isShopPaused: true }, 'calling_now'],
    ['ringing', { status: 'ringing' }, 'calling_now'],
    ['connected', { status: 'connected' }, 'calling_now'],
    ['wrap-up', { status: 'wrap_up' }, 'calling_now'],
    ['held before paused', { holdReason: 'parked after three failures', isShopPaused: true }, 'held'],
    ['paused before the gap', { isShopPaused: true, notBefore: later, attempts: 1 }, 'paused'],
    ['accepted', { status: 'accepted' }, 'accepted'],
    [
      'the buyer talks with us about another order',
      { isBuyerOnCall: true, isOpen: false, agentsReady: 0 },
      'number_busy',
    ],
    ['its own gap before that', { isBuyerOnCall: true, notBefore: later, attempts: 1 }, 'retry_gap'],
    ['callback', { callbackAt: later, notBefore: later, attempts: 1 }, 'callback'],
    ['a callback that is due', { callbackAt: now, notBefore: now, attempts: 1 }, 'next'],
    ['retry gap before the hours', { notBefore: later, attempts: 2, isOpen: false }, 'retry_gap'],
    [
      'a gap that ends before the hours begin',
      { notBefore: later, attempts: 2, isOpen: false, opensAt: later },
      'outside_calling_hours',
    ],
    [
      'a gap that ends after the hours begin',
      { notBefore: later, attempts: 2, isOpen: false, opensAt: now },
      'retry_gap',
    ],
    [
      'a retry that waits for its own gap',
      { notBefore: later, attempts: 1, isOpen: false, opensAt: later, reason: 'gap' },
      'retry_gap',
    ],
    [
      'put off because of another call to the buyer',
      { notBefore: later, isOpen: false, opensAt: later, reason: 'gap', waitReason: 'outside_calling_hours' },
      'outside_calling_hours',
    ],
    [
      'put off without an end in sight',
      {
        notBefore: later,
        attempts: 6,
        isOpen: false,
        reason: 'attempts_of_order',
        waitReason: 'outside_calling_hours',
      },
      'outside_calling_hours',
    ],
    ['put off until the hours begin', { notBefore: later, isOpen: false, opensAt: later }, 'outside_calling_hours'],
    ['first call delayed', { notBefore: later }, 'delay'],
    ['outside the hours', { isOpen: false, opensAt: later, agentsReady: 0 }, 'outside_calling_hours'],
    ['never open', { isOpen: false }, 'outside_calling_hours'],
    ['no agent', { agentsReady: 0 }, 'no_agent'],
    ['no agent with the skill', { agentsReady: 0, skillsNeeded: ['tv'] }, 'no_agent'],
    ['no agent tells more than the pacer', { agentsReady: 0, pacingReason: 'no_agent' }, 'no_agent'],
    ['put off while circuits are open', { notBefore: later, attempts: 1, waitReason: 'trunk_down' }, 'trunk_down'],
    ['all circuits to the number open', { way: 'down', agentsReady: 0 }, 'trunk_down'],
    ['lines to the number busy', { way: 'full', agentsReady: 0, pacingReason: 'no_agent' }, 'trunk_full'],
    ['lines to the number busy, though others are free', { way: 'full', pacingReason: null }, 'trunk_full'],
    ['no line leads there', { way: 'none' }, 'trunk_full'],
    ['lines to other numbers were all busy', { pacingReason: 'trunk_full' }, 'next'],
    ['the agent who promised the call', { awaitedAgent: { until: later, isPromised: true } }, 'agent_awaited'],
    [
      'the agent who knows the buyer, with others ready',
      { awaitedAgent: { until: later, isPromised: false }, pacingReason: 'no_agent' },
      'agent_awaited',
    ],
    ['lines before the agent', { way: 'full', awaitedAgent: { until: later, isPromised: true } }, 'trunk_full'],
    [
      'hours that never open',
      { isOpen: false, hasNoHours: true, notBefore: later, waitReason: 'outside_calling_hours' },
      'outside_calling_hours',
    ],
    ['every ready agent promised to a ringing call', { pacingReason: 'no_agent' }, 'pacing'],
    ['enough phones ring, though no agent is ready', { pacingReason: 'predicted', agentsReady: 0 }, 'pacing'],
    ['the cap, though no agent is ready', { pacingReason: 'cap_reached', agentsReady: 0 }, 'pacing'],
    ['the shop near its cap in a group that dials ahead', { pacingReason: 'predicted', isNearCap: true }, 'pacing'],
    ['no agent before no evidence', { pacingReason: 'no_evidence', agentsReady: 0 }, 'no_agent'],
    ['no evidence', { pacingReason: 'no_evidence' }, 'pacing'],
  ])('%s', (_name, change, code) => {
    const answer = waitingFor({ ...ready, ...change });
    expect(answer.code).toBe(code);
    expect(answer.sentence).toMatch(/^[A-Z].*\.$/);
  });

  it.each<[RingRefusal, string]>([
    ['shop_hours', "outside the shop's calling hours"],
    ['jurisdiction_hours', 'hours of the jurisdiction'],
    ['closed_date', 'public holiday'],
    ['attempts_in_24_hours', 'within 24 hours'],
    ['attempts_of_order', 'as many attempts as are allowed'],
    ['gap', 'not long enough ago'],
    ['unknown_zone', 'time zone is not known'],
  ])('names the rule %s', (reason, words) => {
    const answer = waitingFor({ ...ready, isOpen: false, opensAt: later, reason });
    expect(answer).toMatchObject({ code: 'outside_calling_hours', until: later });
    expect(answer.sentence).toContain(words);
    expect(answer.sentence).toContain('2026-11-22T12:00:00.000Z');
  });

  it('says which agent is waited for, and that hours never open', () => {
    const one = waitingFor({ ...ready, awaitedAgent: { until: later, isPromised: true } });
    expect(one).toMatchObject({ until: later, sentence: expect.stringContaining('who promised') as string });
    const other = waitingFor({ ...ready, awaitedAgent: { until: later, isPromised: false } });
    expect(other.sentence).toContain('talked with the buyer before');
    expect(waitingFor({ ...ready, isOpen: false, hasNoHours: true, reason: 'shop_hours' }).sentence).toContain('never');
  });

  it('tells when the reason ends, as far as it is known', () => {
    expect(waitingFor({ ...ready, isOpen: false, opensAt: later }).until).toEqual(later);
    expect(waitingFor({ ...ready, agentsReady: 0 }).until).toBeNull();
  });

  it('says what the pacing weighed', () => {
    const predicted = { ...ready, pacingReason: 'predicted', pacingRisk: 0.234, pacingAcceptedRisk: 0.041 };
    expect(waitingFor(predicted).sentence).toContain('with a chance of 23 %, and 4.1 % is accepted');
    expect(waitingFor({ ...predicted, pacingRisk: null }).sentence).toBe(
      'As many phones ring as there will be agents for.',
    );
    expect(waitingFor({ ...predicted, isNearCap: true }).sentence).toContain('could break a cap');
  });
});
