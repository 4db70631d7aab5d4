import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AGENT_CONNECTIONS,
  AGENT_STATES,
  decide,
  MOVES,
  newPresence,
  type AgentConnection,
  type AgentEvent,
  type AgentState,
  type Presence,
  type Wish,
} from './agent.js';

const limits = { reservedSeconds: 60, maxTalkSeconds: 3600, wrapUpSeconds: 45 };
const now = new Date('2026-01-01T10:00:00Z');
const inSeconds = (seconds: number) => new Date(now.getTime() + seconds * 1000);

function after(connection: AgentConnection, ...events: AgentEvent[]): Presence {
  return events.reduce<Presence>(
    (presence, event) => {
      const decision = decide(presence, event, now, limits);
      return 'ignored' in decision ? presence : decision.presence;
    },
    newPresence(connection, now),
  );
}

const signedIn: AgentEvent = { kind: 'signed_in' };
const signedOut: AgentEvent = { kind: 'signed_out' };
const wishReady = { kind: 'wished', wish: { to: 'ready' } } as const satisfies AgentEvent;
const wishBreak = { kind: 'wished', wish: { to: 'break', reason: 'lunch' } } as const satisfies AgentEvent;
const reserved: AgentEvent = { kind: 'reserved', callId: 'c1' };
const connected: AgentEvent = { kind: 'connected', callId: 'c1' };
const overToWrapUp: AgentEvent = { kind: 'call_over', callId: 'c1', to: 'wrap_up', reason: null };
const overToReady: AgentEvent = { kind: 'call_over', callId: 'c1', to: 'ready', reason: null };
const overToBreak: AgentEvent = { kind: 'call_over', callId: 'c1', to: 'break', reason: 'not_responding' };
const outcome: AgentEvent = { kind: 'outcome_given', callId: 'c1' };
const limitReached: AgentEvent = { kind: 'wrap_up_over', callId: 'c1', hadLimit: true };
const wrapUpOver: AgentEvent = { kind: 'wrap_up_over', callId: 'c1', hadLimit: false };
const legUp: AgentEvent = { kind: 'leg_up', legId: 'l1' };
const legDown: AgentEvent = { kind: 'leg_down', legId: 'l1', isRefused: false };
const legRefused: AgentEvent = { kind: 'leg_down', legId: 'l1', isRefused: true };
const legGivenUp: AgentEvent = { kind: 'leg_given_up', legId: 'l1' };

describe('the presence machine', () => {
  it.each<[string, AgentConnection, AgentEvent[], AgentState, string | null]>([
    ['signing in with a phone rung per call', 'per_call', [signedIn], 'break', 'signed_in'],
    ['signing in with a standing phone', 'persistent', [signedIn], 'connecting', null],
    ['the phone stands', 'persistent', [signedIn, legUp], 'break', 'signed_in'],
    ['ready was wished meanwhile', 'persistent', [signedIn, wishReady, legUp], 'ready', null],
    ['the phone refuses', 'persistent', [signedIn, wishReady, legRefused], 'break', 'not_responding'],
    ['ready without a leg connects', 'persistent', [signedIn, legRefused, wishReady], 'connecting', null],
    ['a standing phone goes down', 'persistent', [signedIn, wishReady, legUp, legDown], 'connecting', null],
    [
      'a line makes place for one elsewhere',
      'persistent',
      [signedIn, wishReady, legUp, legGivenUp],
      'connecting',
      null,
    ],
    ['… but not while reserved', 'persistent', [signedIn, wishReady, legUp, reserved, legGivenUp], 'reserved', null],
    ['… nor in a talk', 'persistent', [signedIn, wishReady, legUp, reserved, connected, legGivenUp], 'talking', null],
    [
      'a phone goes down while reserved',
      'persistent',
      [signedIn, wishReady, legUp, reserved, legDown],
      'connecting',
      null,
    ],
    ['ready per call', 'per_call', [signedIn, wishReady], 'ready', null],
    ['reserved', 'per_call', [signedIn, wishReady, reserved], 'reserved', null],
    [
      'the phone does not take the call',
      'per_call',
      [signedIn, wishReady, reserved, legRefused],
      'break',
      'not_responding',
    ],
    ['the buyer did not answer', 'per_call', [signedIn, wishReady, reserved, overToReady], 'ready', null],
    [
      'sent away after an offer let pass',
      'per_call',
      [signedIn, wishReady, reserved, overToBreak],
      'break',
      'not_responding',
    ],
    [
      'a break wished while reserved',
      'per_call',
      [signedIn, wishReady, reserved, wishBreak, overToReady],
      'break',
      'lunch',
    ],
    ['a talk', 'per_call', [signedIn, wishReady, reserved, connected], 'talking', null],
    [
      'a wish during the talk waits',
      'per_call',
      [signedIn, wishReady, reserved, connected, wishBreak],
      'talking',
      null,
    ],
    ['after the talk', 'per_call', [signedIn, wishReady, reserved, connected, overToWrapUp], 'wrap_up', null],
    [
      'a reserved agent has nothing to wrap up',
      'per_call',
      [signedIn, wishReady, reserved, overToWrapUp],
      'ready',
      null,
    ],
    [
      'ready ends the wrap-up',
      'per_call',
      [signedIn, wishReady, reserved, connected, overToWrapUp, wishReady],
      'ready',
      null,
    ],
    [
      'ready of this call ends the wrap-up',
      'per_call',
      [signedIn, wishReady, reserved, connected, overToWrapUp, { ...wishReady, atCall: 'c1' }],
      'ready',
      null,
    ],
    [
      'ready of an earlier call does not',
      'per_call',
      [signedIn, wishReady, reserved, connected, overToWrapUp, { ...wishReady, atCall: 'c0' }],
      'wrap_up',
      null,
    ],
    [
      'nor does it take back a break',
      'per_call',
      [signedIn, wishReady, reserved, connected, wishBreak, { ...wishReady, atCall: 'c0' }, overToWrapUp, wrapUpOver],
      'break',
      'lunch',
    ],
    [
      'a break of an earlier call follows this one',
      'per_call',
      [signedIn, wishReady, reserved, connected, { ...wishBreak, atCall: 'c0' }, overToReady],
      'break',
      'lunch',
    ],
    [
      'ready of a call that is over by then',
      'per_call',
      [
        signedIn,
        wishReady,
        reserved,
        connected,
        outcome,
        overToWrapUp,
        wishBreak,
        wrapUpOver,
        { ...wishReady, atCall: 'c1' },
      ],
      'ready',
      null,
    ],
    [
      'the wish of the talk comes true',
      'per_call',
      [signedIn, wishReady, reserved, connected, wishBreak, overToWrapUp, wrapUpOver],
      'break',
      'lunch',
    ],
    [
      'the limit without a word',
      'per_call',
      [signedIn, wishReady, reserved, connected, overToWrapUp, limitReached],
      'break',
      'no_outcome',
    ],
    [
      'the limit with a word',
      'per_call',
      [signedIn, wishReady, reserved, connected, outcome, overToWrapUp, limitReached],
      'ready',
      null,
    ],
    ['signing out while talking', 'per_call', [signedIn, wishReady, reserved, connected, signedOut], 'talking', null],
    [
      '… leaves after the call',
      'per_call',
      [signedIn, wishReady, reserved, connected, signedOut, overToWrapUp, limitReached],
      'offline',
      null,
    ],
    [
      'signing out in wrap-up',
      'per_call',
      [signedIn, wishReady, reserved, connected, overToWrapUp, signedOut],
      'offline',
      null,
    ],
    [
      'the leg is lost in the talk',
      'persistent',
      [signedIn, wishReady, legUp, reserved, connected, legDown],
      'lost',
      null,
    ],
    [
      '… and comes back',
      'persistent',
      [signedIn, wishReady, legUp, reserved, connected, legDown, legUp],
      'talking',
      null,
    ],
    [
      '… or the call ends',
      'persistent',
      [signedIn, wishReady, legUp, reserved, connected, legDown, overToWrapUp],
      'wrap_up',
      null,
    ],
    [
      '… and the phone is rung again',
      'persistent',
      [signedIn, wishReady, legUp, reserved, connected, legDown, overToWrapUp, wrapUpOver],
      'connecting',
      null,
    ],
    ['a late fact of another call', 'per_call', [signedIn, wishReady, { ...connected, callId: 'c0' }], 'ready', null],
    ['nobody can wish while offline', 'per_call', [wishReady], 'offline', null],
    [
      'signing in anew takes the agent off the floor',
      'per_call',
      [signedIn, wishReady, signedIn],
      'break',
      'signed_in',
    ],
    [
      'signing in anew leaves the talk alone',
      'per_call',
      [signedIn, wishReady, reserved, connected, signedIn, overToReady],
      'ready',
      null,
    ],
  ])('%s', (_name, connection, events, state, reason) => {
    const presence = after(connection, ...events);
    expect(presence.state).toBe(state);
    expect(presence.state === 'break' ? presence.reason : null).toBe(reason);
  });

  it('counts the limits of the states with a call', () => {
    const talk = [signedIn, wishReady, reserved];
    expect(after('per_call', ...talk)).toMatchObject({ callId: 'c1', limitAt: inSeconds(60) });
    expect(after('per_call', ...talk, connected)).toMatchObject({ limitAt: inSeconds(3600) });
    expect(after('per_call', ...talk, connected, overToWrapUp)).toMatchObject({ limitAt: inSeconds(45) });
    expect(after('per_call', ...talk, connected, signedOut, overToWrapUp)).toMatchObject({ limitAt: now });
  });

  it('tells once that a wrap-up has ended', () => {
    const wrappingUp = after('per_call', signedIn, wishReady, reserved, connected, overToWrapUp);
    for (const [event, hadLimit] of [
      [limitReached, true],
      [wrapUpOver, false],
      [wishReady, false],
      [signedOut, false],
    ] as const) {
      expect(decide(wrappingUp, event, now, limits)).toMatchObject({
        actions: [{ kind: 'wrap_up_ended', callId: 'c1', hadLimit }],
      });
    }
    expect(decide(after('per_call', signedIn), limitReached, now, limits)).toHaveProperty('ignored');
  });
});

describe('the table of moves', () => {
  it('reaches every state from offline', () => {
    const reached = new Set<AgentState>(['offline']);
    for (const state of reached) for (const next of MOVES[state].to) reached.add(next);
    expect([...reached].sort()).toEqual([...AGENT_STATES].sort());
  });

  it('lets every state be left, and bounds every state with a call in time', () => {
    for (const state of AGENT_STATES) {
      expect(MOVES[state].to.length, state).toBeGreaterThan(0);
      expect(MOVES[state].to, state).not.toContain(state);
    }
    for (const state of ['reserved', 'talking', 'wrap_up', 'lost'] as const)
      expect(MOVES[state].limit).toHaveProperty('by');
  });
});

const callIds = fc.constantFrom('c1', 'c2');
const legIds = fc.constantFrom('l1', 'l2');
const reasons = fc.option(fc.constantFrom('lunch', 'not_responding'), { nil: null });
const wishes = fc.oneof(
  fc.constant<Wish>({ to: 'ready' }),
  reasons.map((reason): Wish => ({ to: 'break', reason })),
) as fc.Arbitrary<Exclude<Wish, { to: 'offline' }>>;
const events: fc.Arbitrary<AgentEvent> = fc.oneof(
  fc.constant(signedIn),
  fc.constant(signedOut),
  fc
    .tuple(wishes, fc.option(callIds, { nil: null }))
    .map(([wish, atCall]): AgentEvent => ({ kind: 'wished', wish, atCall })),
  callIds.map((callId): AgentEvent => ({ kind: 'reserved', callId })),
  callIds.map((callId): AgentEvent => ({ kind: 'connected', callId })),
  fc
    .tuple(callIds, fc.constantFrom('wrap_up', 'ready', 'break'), reasons)
    .map(([callId, to, reason]) => ({ kind: 'call_over', callId, to, reason }) as AgentEvent),
  callIds.map((callId): AgentEvent => ({ kind: 'outcome_given', callId })),
  fc.tuple(callIds, fc.boolean()).map(([callId, hadLimit]): AgentEvent => ({ kind: 'wrap_up_over', callId, hadLimit })),
  legIds.map((legId): AgentEvent => ({ kind: 'leg_up', legId })),
  fc.tuple(legIds, fc.boolean()).map(([legId, isRefused]): AgentEvent => ({ kind: 'leg_down', legId, isRefused })),
  legIds.map((legId): AgentEvent => ({ kind: 'leg_given_up', legId })),
);

const starts = (connection: AgentConnection): Presence[] => {
  const shift = [signedIn, legUp, wishReady, reserved, connected, overToWrapUp];
  const lost = after(connection, signedIn, legUp, wishReady, reserved, connected, legDown);
  return [lost, ...shift.map((_, i) => after(connection, ...shift.slice(0, i + 1))), newPresence(connection, now)];
};

describe('the line of an agent', () => {
  const up: AgentEvent = { kind: 'leg_up', legId: 'l1', node: 'pbx-1' };

  it('is known with its node as long as it stands', () => {
    expect(after('persistent', signedIn, up)).toMatchObject({ isLegUp: true, legNode: 'pbx-1' });
    expect(after('persistent', signedIn, wishReady, up, reserved)).toMatchObject({ legNode: 'pbx-1' });
    expect(after('persistent', signedIn, up, legDown)).toMatchObject({ isLegUp: false, legNode: null });
    expect(after('persistent', signedIn, legUp)).toMatchObject({ isLegUp: true, legNode: null });
  });

  it('is given up in the wrap-up, which goes on', () => {
    const talked = [signedIn, wishReady, up, reserved, connected, overToWrapUp];
    expect(after('persistent', ...talked, legGivenUp)).toMatchObject({ state: 'wrap_up', legId: null, legNode: null });
  });
});

describe('any sequence of events', () => {
  it('never throws, follows the table, and never shows a person in a call as free', () => {
    const seen = new Set<AgentState>();
    const walks = fc
      .constantFrom(...AGENT_CONNECTIONS)
      .chain((connection) => fc.tuple(fc.constantFrom(...starts(connection)), fc.array(events, { maxLength: 25 })));
    fc.assert(
      fc.property(walks, ([start, sequence]) => {
        let presence = start;
        for (const event of sequence) {
          const decision = decide(presence, event, now, limits);
          if ('ignored' in decision) continue;
          const next = decision.presence;
          if (next.state !== presence.state) {
            expect(MOVES[presence.state].to, `${presence.state} on ${event.kind}`).toContain(next.state);
          }
          const isAtCall = ['reserved', 'talking', 'wrap_up', 'lost'].includes(next.state);
          expect('callId' in next).toBe(isAtCall);
          expect('limitAt' in next).toBe(isAtCall);
          expect('reason' in next).toBe(next.state === 'break');
          if (next.state === 'ready' && next.connection === 'persistent') expect(next.isLegUp).toBe(true);
          if (next.state === 'offline') expect(next.wish.to).toBe('offline');
          expect(next.isLegUp).toBe(next.legId !== null);
          seen.add(next.state);
          presence = next;
        }
      }),
      { numRuns: 3000, seed: 1 },
    );
    expect([...seen].sort()).toEqual([...AGENT_STATES].sort());
  });
});
