import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limitAt, type AgentLeg, type Call, type CallEvent } from './call.js';
import { decide, planCall } from './decide-call.js';
import { CONSULT_SECONDS, isUnderWay, NUMBER_RING_SECONDS, targetLegOf, type TransferTarget } from './transfer.js';

const T0 = new Date('2026-11-22T10:00:00Z');
const at = (seconds: number) => new Date(T0.getTime() + seconds * 1000);
const anna: AgentLeg = { agentId: 'anna', legId: 'agent-anna-1', connection: 'persistent' };
const borys: TransferTarget = { kind: 'agent', agentId: 'borys', legId: 'agent-borys-1' };
const shop: TransferTarget = {
  kind: 'number',
  name: 'Warehouse',
  number: '+380441112233',
  legId: 'number-c1-1',
  trunkId: 'main',
  trunkEndpoint: 'PJSIP/{number}@trunk',
  callerId: null,
};

function talk(agent = anna): Call {
  const plan = { callId: 'c1', ringSeconds: 25, maxTalkSeconds: 3600, detectsMachine: false, agent };
  const steps: CallEvent[] = [
    { kind: 'agent.up' },
    { kind: 'buyer.answered' },
    { kind: 'cleared', agent },
    { kind: 'buyer.ours' },
    { kind: 'buyer.bridged' },
  ];
  return play(
    planCall(plan, T0).call,
    steps.map((event) => [1, event] as const),
  ).call;
}

/** Plays events, given as [seconds, event]; returns the last call and what the shell was told to do. */
function play(start: Call, steps: readonly (readonly [number, CallEvent])[]) {
  let call = start;
  const actions: string[] = [];
  for (const [seconds, event] of steps) {
    const decision = decide(call, event, at(seconds));
    if ('ignored' in decision) actions.push('ignored');
    else {
      call = decision.call;
      actions.push(...decision.actions.map((a) => ('seconds' in a ? `${a.kind} ${a.seconds}` : a.kind)));
    }
  }
  return { call, actions };
}

const ask = (target: TransferTarget, mode: 'blind' | 'warm', transferId = 't1'): CallEvent => ({
  kind: 'transfer.asked',
  transferId,
  target,
  mode,
});
const did = (step: 'consult' | 'conference' | 'hand_over' | 'take_back', isDone = true): CallEvent => ({
  kind: 'transfer.did',
  step,
  isDone,
});
const consulting: readonly (readonly [number, CallEvent])[] = [
  [10, ask(borys, 'warm')],
  [10, did('consult')],
];
const buyerEnds: CallEvent = { kind: 'buyer.ended', cause: 16, techCause: null, wasHungUpByUs: false };
const agentPutDown: CallEvent = { kind: 'agent.ended', cause: 16 };
const agentLost: CallEvent = { kind: 'agent.ended', cause: 0 };

describe('to another agent', () => {
  it('blind: the buyer is with them at once, and is theirs', () => {
    const { call, actions } = play(talk(), [
      [10, ask(borys, 'blind')],
      [10, did('hand_over')],
    ]);
    expect(actions).toEqual(['hand_over 3591']);
    expect(call).toMatchObject({ state: 'connected', agent: { agentId: 'borys' }, connectedAt: at(1), isHeld: false });
    expect(call.transfer).toMatchObject({ state: 'done', agentId: 'anna' });
  });

  it('warm: they speak while the buyer hears music, then the buyer is handed over', () => {
    const { call, actions } = play(talk(), [
      ...consulting,
      [40, { kind: 'transfer.complete' }],
      [40, did('hand_over')],
    ]);
    expect(actions).toEqual(['hold', `extend_lease ${CONSULT_SECONDS + 30}`, 'consult', 'hand_over 3561']);
    expect(call).toMatchObject({ agent: { agentId: 'borys' }, transfer: { state: 'done' } });
  });

  it('the three in conference, and then the first one leaves', () => {
    const { call, actions } = play(talk(), [
      ...consulting,
      [20, { kind: 'transfer.conference' }],
      [20, did('conference')],
      [900, { kind: 'time' }],
      [901, agentPutDown],
      [901, did('hand_over')],
    ]);
    expect(actions.slice(3)).toEqual(['conference 3581', 'ignored', 'hand_over 2700']);
    expect(call).toMatchObject({ state: 'connected', agent: { agentId: 'borys' } });
  });

  it('called off: the buyer is back with the first agent', () => {
    const { call, actions } = play(talk(), [...consulting, [30, { kind: 'transfer.cancel' }], [30, did('take_back')]]);
    expect(actions.at(-1)).toBe('take_back 3571');
    expect(call).toMatchObject({
      agent: { agentId: 'anna' },
      isHeld: false,
      transfer: { state: 'cancelled', reason: null },
    });
  });

  it.each([
    ['the second one leaves', { kind: 'target.ended', cause: 16 } as const, 'target_left'],
    ['they speak without end', { kind: 'time' } as const, 'took_too_long'],
  ])('%s: the buyer comes back', (_, event, reason) => {
    const { call, actions } = play(talk(), [...consulting, [10 + CONSULT_SECONDS, event], [191, did('take_back')]]);
    expect(actions.slice(3)).toEqual(['take_back 3411']);
    expect(call).toMatchObject({ agent: { agentId: 'anna' }, transfer: { state: 'failed', reason } });
  });

  it('nobody is free: said at once, and the talk goes on', () => {
    const { call, actions } = play(talk(), [[10, ask({ kind: 'nobody' }, 'warm')]]);
    expect(actions).toEqual([]);
    expect(call).toMatchObject({ state: 'connected', transfer: { state: 'failed', reason: 'nobody_free' } });
  });

  it('one at a time, and the next one after it', () => {
    const { call, actions } = play(talk(), [
      ...consulting,
      [12, ask(shop, 'warm')],
      [13, { kind: 'agent.hold', isOn: false }],
      [14, { kind: 'transfer.cancel' }],
      [14, did('take_back')],
      [14.5, ask(shop, 'warm')],
      [15, ask(borys, 'blind', 't2')],
    ]);
    // What was asked before is not begun anew, should it be heard of twice.
    expect(actions.slice(3)).toEqual(['ignored', 'ignored', 'take_back 3587', 'ignored', 'hand_over 3586']);
    expect(call.transfer).toMatchObject({ state: 'handing_over' });
  });

  it('the agent who is lost in the consultation leaves the buyer to the second one', () => {
    const { call } = play(talk(), [...consulting, [20, agentLost], [20, did('hand_over')]]);
    expect(call).toMatchObject({ state: 'connected', agent: { agentId: 'borys' } });
  });

  it('both agents lost: the buyer hears music until the first one’s phone is back', () => {
    const { call, actions } = play(talk(), [...consulting, [20, agentLost], [20, did('hand_over', false)]]);
    expect(call).toMatchObject({ state: 'agent_lost', agent: { agentId: 'anna' }, transfer: { state: 'failed' } });
    expect(actions.slice(-3)).toEqual(['hold', 'extend_lease 12', 'recall_agent']);
  });

  it('the buyer hangs up: the call ends with the first agent, who goes back to their place', () => {
    const { call, actions } = play(talk(), [...consulting, [20, buyerEnds]]);
    expect(call).toMatchObject({ state: 'ended', result: 'answered', agent: { agentId: 'anna' } });
    expect(call.transfer).toMatchObject({ state: 'cancelled' });
    expect(actions.at(-1)).toBe('seat_agent');
  });
});

describe("to the shop's own number", () => {
  it('warm: rings while the buyer hears music; the call ends for the agent, buyer and shop talk on', () => {
    const { call, actions } = play(talk(), [
      [10, ask(shop, 'warm')],
      [15, { kind: 'target.up' }],
      [15, did('consult')],
      [30, { kind: 'transfer.complete' }],
      [30, did('hand_over')],
    ]);
    expect(actions).toEqual([
      'hold',
      `extend_lease ${NUMBER_RING_SECONDS + 30}`,
      'call_number',
      'hold',
      `extend_lease ${CONSULT_SECONDS + 30}`,
      'consult',
      'hand_over 3571',
    ]);
    expect(call).toMatchObject({ state: 'handed_over', agent: { agentId: 'anna' } });
    expect(limitAt(call)).toEqual(at(3611));
    expect(targetLegOf(call.transfer)).toBe('number-c1-1');
  });

  const away = play(talk(), [
    [10, ask(shop, 'blind')],
    [15, { kind: 'target.up' }],
    [15, did('hand_over')],
  ]).call;

  it.each([
    ['the shop hangs up', { kind: 'target.ended', cause: 16 } as const, ['hangup_agent_leg', 'hangup_buyer'], 'ending'],
    ['the buyer hangs up', buyerEnds, ['hangup_agent_leg'], 'ended'],
    ['the talk is too long', { kind: 'time' } as const, ['hangup_agent_leg', 'hangup_buyer'], 'ending'],
  ])('%s: both legs end', (_, event, actions, state) => {
    const over = play(away, [[4000, event]]);
    expect(over.actions).toEqual(actions);
    expect(over.call.state).toBe(state);
    expect(play(over.call, [[4001, buyerEnds]]).call).toMatchObject({ state: 'ended', result: 'answered' });
  });

  it('the agent has nothing to do with it any more', () => {
    expect(
      play(away, [
        [20, agentLost],
        [21, { kind: 'agent.hangup' }],
        [22, { kind: 'withdrawn' }],
      ]).actions,
    ).toEqual(['ignored', 'ignored', 'ignored']);
  });

  it.each([
    [{ kind: 'target.ended', cause: 17 } as const, 'busy'],
    [{ kind: 'target.ended', cause: 19 } as const, 'no_answer'],
    [{ kind: 'target.ended', cause: 1 } as const, 'unreachable'],
    [{ kind: 'time' } as const, 'no_answer'],
  ])('%o: the buyer is back', (event, reason) => {
    const { call } = play(talk(), [
      [10, ask(shop, 'blind')],
      [50, event],
      [50, did('take_back')],
    ]);
    expect(call).toMatchObject({
      state: 'connected',
      agent: { agentId: 'anna' },
      transfer: { state: 'failed', reason },
    });
  });

  it('the agent puts the phone down while it rings: all of it ends', () => {
    const { call, actions } = play(talk(), [
      [10, ask(shop, 'blind')],
      [12, agentPutDown],
      [12, buyerEnds],
    ]);
    expect(actions.slice(3)).toEqual(['seat_agent', 'hangup_agent_leg', 'hangup_buyer']);
    expect(call).toMatchObject({ state: 'ended', transfer: { state: 'cancelled' } });
  });

  it('a per-call agent’s phone is free after the hand-over', () => {
    const { actions } = play(talk({ ...anna, connection: 'per_call' }), [
      [10, ask(shop, 'blind')],
      [15, { kind: 'target.up' }],
      [15, did('hand_over')],
    ]);
    expect(actions.at(-1)).toBe('hangup_agent_leg');
  });
});

describe('whatever happens, in any order', () => {
  const anyEvent: fc.Arbitrary<CallEvent> = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.constantFrom(ask(borys, 'warm'), ask(borys, 'blind'), ask(shop, 'warm'), ask(shop, 'blind')),
    },
    fc.constantFrom<CallEvent>(
      { kind: 'transfer.complete' },
      { kind: 'transfer.conference' },
      { kind: 'transfer.cancel' },
      { kind: 'target.up' },
      { kind: 'target.ended', cause: 16 },
      { kind: 'agent.hangup' },
      { kind: 'agent.hold', isOn: true },
      { kind: 'agent.hold', isOn: false },
      { kind: 'withdrawn' },
      { kind: 'cleared', agent: anna },
      { kind: 'buyer.bridged' },
      { kind: 'time' },
      agentPutDown,
      agentLost,
      buyerEnds,
    ),
    {
      weight: 4,
      arbitrary: fc
        .record({ step: fc.constantFrom('consult', 'conference', 'hand_over', 'take_back'), isDone: fc.boolean() })
        .map(({ step, isDone }) => did(step as 'consult', isDone)),
    },
  );

  it('a buyer has one owner, a way to them or a limit; the owner changes by a finished hand-over alone', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), anyEvent), { maxLength: 40 }), (steps) => {
        let call = talk();
        let seconds = 1;
        for (const [pause, event] of steps) {
          seconds += pause;
          const decision = decide(call, event, at(seconds));
          if ('ignored' in decision) continue;
          const next = decision.call;
          if (next.agent?.agentId !== call.agent?.agentId && next.state !== 'message') {
            expect(event).toEqual(did('hand_over'));
            expect(next.transfer?.state).toBe('done');
          }
          if (next.state === 'connected') expect(next.agent).not.toBeNull();
          // Only a talk, and the one with the shop, carries somebody to hand the buyer over to.
          if (isUnderWay(next.transfer)) expect(next.state).toBe('connected');
          if (next.state !== 'ended') expect(limitAt(next)).not.toBeNull();
          // What plays music has a limit well before the talk's.
          if (isUnderWay(next.transfer) && next.transfer.state !== 'conference') {
            expect((limitAt(next)?.getTime() ?? Infinity) - next.transfer.since.getTime()).toBeLessThanOrEqual(180_000);
          }
          call = next;
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('left alone, every hand-over settles or the call is over', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 15 }), fc.boolean(), (events, isDone) => {
        let call = play(
          talk(),
          events.map((event, i) => [2 + i, event] as const),
        ).call;
        for (let turn = 0; turn < 10 && isUnderWay(call.transfer) && call.transfer.state !== 'conference'; turn++) {
          const limit = limitAt(call) ?? at(0);
          const seconds = (limit.getTime() - T0.getTime()) / 1000;
          call = play(call, [
            [seconds, { kind: 'time' }],
            [seconds, did('take_back', isDone || turn > 3)],
          ]).call;
        }
        if (isUnderWay(call.transfer)) expect(call.transfer.state).toBe('conference');
      }),
    );
  });
});

describe('a talk that was taken over with its buyer elsewhere', () => {
  const apart: CallEvent = { kind: 'buyer.apart' };

  it('goes on: agent and buyer come to one place, under the talk’s own limit', () => {
    const { call, actions } = play(talk(), [[61, apart]]);
    expect(actions).toEqual(['seat_agent', 'hold', 'extend_lease 3540']);
    expect(call.state).toBe('connected');
    expect(decide(talk(), apart, at(61))).toMatchObject({
      actions: [{ kind: 'seat_agent' }, { kind: 'hold', isOn: false }, { kind: 'extend_lease' }],
    });
  });

  it('stays as it is while the buyer is on hold, or on the way to somebody else', () => {
    expect(
      play(talk(), [
        [5, { kind: 'agent.hold', isOn: true }],
        [6, apart],
      ]).actions,
    ).toEqual(['hold', 'ignored']);
    expect(play(talk(), [...consulting, [11, apart]]).actions.at(-1)).toBe('ignored');
  });
});
