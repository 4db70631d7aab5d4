import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limitAt, MOVES, type AgentLeg, type Call, type CallEvent, type CallState } from './call.js';
import { decide, planCall } from './decide-call.js';

const T0 = new Date('2026-11-22T10:00:00Z');
const at = (seconds: number) => new Date(T0.getTime() + seconds * 1000);
const anna: AgentLeg = { agentId: 'anna', legId: 'agent-anna-1', connection: 'persistent' };
const borys: AgentLeg = { agentId: 'borys', legId: 'agent-borys-1', connection: 'per_call' };

const plan = (more: Partial<Parameters<typeof planCall>[0]> = {}) =>
  planCall({ callId: 'c1', ringSeconds: 25, maxTalkSeconds: 3600, detectsMachine: false, agent: anna, ...more }, T0);

/** Plays events, given as [seconds, event]; returns the last call and all actions by name. */
function play(start: Call, steps: readonly (readonly [number, CallEvent])[]) {
  let call = start;
  const actions: string[] = [];
  for (const [seconds, event] of steps) {
    const decision = decide(call, event, at(seconds));
    if ('ignored' in decision) actions.push(`ignored`);
    else {
      call = decision.call;
      actions.push(...decision.actions.map((a) => (a.kind === 'extend_lease' ? `${a.kind} ${a.seconds}` : a.kind)));
    }
  }
  return { call, actions };
}

const ended = (cause: number, techCause: number | null = null, wasHungUpByUs = false): CallEvent => ({
  kind: 'buyer.ended',
  cause,
  techCause,
  wasHungUpByUs,
});
const cleared: CallEvent = { kind: 'cleared', agent: anna };
const connected: readonly (readonly [number, CallEvent])[] = [
  [1, { kind: 'buyer.ringing' }],
  [3, { kind: 'buyer.answered' }],
  [3, cleared],
  [3, { kind: 'buyer.ours' }],
  [3, { kind: 'buyer.bridged' }],
];

describe('a call that was planned and leaves late', () => {
  it('may ring as long as any other: its time begins when the order to call leaves', () => {
    const { call } = play(plan().call, [
      [15, { kind: 'buyer.sending' }],
      [16, { kind: 'buyer.ringing' }],
    ]);
    expect(call).toMatchObject({ state: 'ringing', plannedAt: T0, dialedAt: at(15) });
    expect(limitAt(play(plan().call, [[15, { kind: 'buyer.sending' }]]).call)).toEqual(at(15 + 25 + 4));
    expect(limitAt(call)).toEqual(at(16 + 25 + 4));
  });

  it('rings as long as any other when the exchange was held up and placed it late', () => {
    const { call } = play(plan().call, [
      [0, { kind: 'buyer.sending' }],
      [8, { kind: 'buyer.ringing' }],
    ]);
    expect(limitAt(call)).toEqual(at(8 + 25 + 4));
  });

  it('keeps its time once the phone rings', () => {
    const { call, actions } = play(plan().call, [
      [1, { kind: 'buyer.ringing' }],
      [15, { kind: 'buyer.sending' }],
    ]);
    expect(actions).toEqual(['ignored']);
    expect(limitAt(call)).toEqual(at(1 + 25 + 4));
  });

  it('is not late within a second: nothing has to be written', () => {
    expect(play(plan().call, [[0.9, { kind: 'buyer.sending' }]]).actions).toEqual(['ignored']);
  });
});

describe('the ordinary call', () => {
  it('rings, is answered, is bridged and ends with the buyer', () => {
    const { call, actions } = play(plan().call, [...connected, [60, ended(16)]]);
    expect(call).toMatchObject({
      state: 'ended',
      result: 'answered',
      because: 'buyer',
      connectedAt: at(3),
      answeredAt: at(3),
    });
    expect(actions).toEqual(['clear', 'extend_lease 2.2', 'bridge']);
  });

  it('leaves a buyer no longer than 2.4 s without the message, however often the bridge fails before the dialer dies', () => {
    let call = plan().call;
    for (const event of [{ kind: 'buyer.answered' }, { kind: 'buyer.ours' }] as const) {
      const decision = decide(call, event, at(3));
      if ('call' in decision) call = decision.call;
    }
    for (let seconds = 3; seconds < 4.8; seconds += 0.15) {
      const decision = decide(call, cleared, at(seconds));
      if ('ignored' in decision) throw new Error(decision.ignored);
      const lease = decision.actions.find((action) => action.kind === 'extend_lease');
      expect(seconds - 3 + (lease?.seconds ?? 99)).toBeLessThanOrEqual(2.4);
      const failed = decide(decision.call, { kind: 'bridge_failed', isBuyerGone: false }, at(seconds));
      if ('call' in failed) call = failed.call;
    }
  });

  it('bridges once, whichever of "cleared" and "ours" comes first, and however often', () => {
    const { actions } = play(plan().call, [
      [3, { kind: 'buyer.ours' }],
      [3, { kind: 'buyer.answered' }],
      [3, { kind: 'buyer.ours' }],
      [3, cleared],
      [3, cleared],
    ]);
    expect(actions.filter((a) => a === 'bridge')).toHaveLength(1);
  });

  it('calls the phone of a per-call agent first, and hangs it up in the end', () => {
    const start = plan({ agent: borys });
    expect(start.actions).toEqual([{ kind: 'call_agent' }]);
    const { call, actions } = play(start.call, [
      [2, { kind: 'agent.up' }],
      [4, { kind: 'buyer.answered' }],
      [4, { kind: 'cleared', agent: borys }],
      [4, { kind: 'buyer.ours' }],
      [4, { kind: 'buyer.bridged' }],
      [30, { kind: 'agent.ended', cause: 16 }],
      [30.1, ended(16, null, true)],
    ]);
    expect(actions).toEqual(['call_buyer', 'clear', 'extend_lease 2.2', 'bridge', 'hangup_buyer', 'hangup_agent_leg']);
    expect(call).toMatchObject({ state: 'ended', result: 'answered', because: 'agent_hung_up', dialedAt: at(2) });
  });
});

describe('unanswered calls', () => {
  it.each([
    [
      'busy',
      [
        [1, { kind: 'buyer.ringing' }],
        [2, ended(17, 486)],
      ],
      'busy',
    ],
    [
      'declined',
      [
        [1, { kind: 'buyer.ringing' }],
        [2, ended(21, 603)],
      ],
      'rejected',
    ],
    [
      'rings out',
      [
        [1, { kind: 'buyer.ringing' }],
        [25, ended(0, null, true)],
      ],
      'no_answer',
    ],
    [
      'rings out as 19/480',
      [
        [1, { kind: 'buyer.ringing' }],
        [25, ended(19, 480, true)],
      ],
      'no_answer',
    ],
    ['invalid', [[1, ended(1, 404)]], 'invalid_number'],
    ['congestion', [[1, ended(34, 503)]], 'carrier_failure'],
    ['switched off', [[1, ended(19, 480)]], 'unobtainable'],
    [
      'early media, then busy',
      [
        [1, { kind: 'buyer.progress' }],
        [4, ended(17, 486)],
      ],
      'busy',
    ],
    ['no reply of the carrier', [[25, ended(0, null, true)]], 'carrier_failure'],
    ['trunk refused', [[0, { kind: 'buyer.refused', isTrunkFault: true }]], 'carrier_failure'],
    ['exchange refused', [[0, { kind: 'buyer.refused', isTrunkFault: false }]], 'system_failure'],
    ['vanished', [[5, { kind: 'buyer.missing' }]], 'system_failure'],
  ] as [string, [number, CallEvent][], string][])('%s', (_name, steps, result) => {
    expect(play(plan().call, steps).call).toMatchObject({ state: 'ended', result });
  });

  it('is hung up when the exchange forgets its own ring time-out', () => {
    const { call, actions } = play(plan().call, [
      [1, { kind: 'buyer.ringing' }],
      [29, { kind: 'time' }],
      [30, { kind: 'time' }],
      [30.1, ended(16, null, true)],
    ]);
    expect(actions).toEqual(['ignored', 'hangup_buyer']);
    expect(call).toMatchObject({ state: 'ended', result: 'no_answer' });
  });
});

describe('withdrawn by the shop', () => {
  it('stops the ring', () => {
    const { call, actions } = play(plan().call, [
      [1, { kind: 'buyer.ringing' }],
      [2, { kind: 'withdrawn' }],
      [2.1, ended(16, 487, true)],
    ]);
    expect(actions).toEqual(['hangup_buyer']);
    expect(call).toMatchObject({ state: 'ended', result: 'withdrawn' });
  });

  it('plays the message to a buyer who has answered, and lets a talk go on', () => {
    expect(
      play(plan().call, [
        [3, { kind: 'buyer.answered' }],
        [3, { kind: 'withdrawn' }],
      ]).actions,
    ).toEqual(['clear', 'play_message']);
    expect(play(plan().call, [...connected, [9, { kind: 'withdrawn' }]]).call.state).toBe('connected');
  });
});

describe('answered and no agent', () => {
  it('looks again and again, then plays the message within 2 s: abandoned', () => {
    const { call, actions } = play(plan({ agent: null }).call, [
      [3, { kind: 'buyer.answered' }],
      [3, { kind: 'buyer.ours' }],
      [3, { kind: 'no_agent' }],
      [4.8, { kind: 'time' }],
      [10, ended(16)],
    ]);
    expect(actions).toEqual(['clear', 'clear', 'play_message']);
    expect(call).toMatchObject({ state: 'ended', result: 'abandoned' });
  });

  it('takes another agent when the reserved one is gone', () => {
    const { call } = play(plan().call, [
      [2, { kind: 'agent.ended', cause: 16 }],
      [3, { kind: 'buyer.ours' }],
      [3, { kind: 'no_agent' }],
      [3.2, { kind: 'cleared', agent: borys }],
      [3.3, { kind: 'buyer.bridged' }],
    ]);
    expect(call).toMatchObject({ state: 'connected', agent: borys });
  });

  it('does not spin when the bridge fails again and again', () => {
    const start = play(plan().call, [
      [3, { kind: 'buyer.ours' }],
      [3, { kind: 'cleared', agent: anna }],
    ]).call;
    const decision = decide(start, { kind: 'bridge_failed', isBuyerGone: false }, at(3));
    expect('actions' in decision && decision.actions).toEqual([{ kind: 'clear', afterMs: 150 }]);
  });

  it('is told of by the reconciler: the message plays already, and the agent is free', () => {
    const { call, actions } = play(plan({ agent: borys }).call, [
      [2, { kind: 'agent.up' }],
      [3, { kind: 'buyer.ringing' }],
      [9, { kind: 'buyer.in_message' }],
      [15, ended(16)],
    ]);
    expect(actions).toEqual(['call_buyer', 'hangup_agent_leg']);
    expect(call).toMatchObject({ state: 'ended', result: 'abandoned', agent: null });
  });

  it('is not abandoned when the buyer hangs up before the 2 s are over', () => {
    expect(
      play(plan().call, [
        [3, { kind: 'buyer.answered' }],
        [3.4, ended(16)],
      ]).call,
    ).toMatchObject({ result: 'answered', connectedAt: null });
  });
});

describe('during the talk', () => {
  it('has one longest talk, also when the agent was lost and came back', () => {
    const { call } = play(plan().call, [
      ...connected,
      [1000, { kind: 'agent.ended', cause: 41 }],
      [1003, { kind: 'agent.up' }],
      [1003, { kind: 'buyer.bridged' }],
    ]);
    expect(call.state).toBe('connected');
    expect(limitAt(call)).toEqual(at(3 + 3600 + 10));
  });

  it('an agent who puts the phone down ends it; a lost leg keeps the buyer for 10 s', () => {
    expect(play(plan().call, [...connected, [9, { kind: 'agent.ended', cause: 16 }]]).actions.at(-1)).toBe(
      'hangup_buyer',
    );
    const lost = play(plan().call, [...connected, [9, { kind: 'agent.ended', cause: 0 }]]);
    expect(lost.call.state).toBe('agent_lost');
    expect(lost.actions.slice(-3)).toEqual(['hold', 'extend_lease 12', 'recall_agent']);
    const back = play(lost.call, [
      [12, { kind: 'agent.up' }],
      [12.1, { kind: 'buyer.bridged' }],
    ]);
    expect(back.call).toMatchObject({ state: 'connected', connectedAt: at(3) });
    const gone = play(lost.call, [
      [19, { kind: 'time' }],
      [30, ended(16)],
    ]);
    expect(gone.actions).toContain('play_message');
    expect(gone.call).toMatchObject({ result: 'answered', because: 'agent_lost' });
  });

  it('hold and back', () => {
    const { actions } = play(plan().call, [
      ...connected,
      [9, { kind: 'agent.hold', isOn: true }],
      [10, { kind: 'agent.hold', isOn: true }],
      [11, { kind: 'agent.hold', isOn: false }],
    ]);
    expect(actions.slice(3)).toEqual(['hold', 'ignored', 'hold']);
  });

  it('an answering machine is dropped, a person is not', () => {
    const start = plan({ detectsMachine: true }).call;
    const machine = play(start, [
      ...connected,
      [3.6, { kind: 'buyer.talking', isTalking: true }],
      [6.3, { kind: 'time' }],
      [6.4, ended(16, null, true)],
    ]);
    expect(machine.call).toMatchObject({ result: 'machine' });
    const person = play(start, [
      ...connected,
      [3.6, { kind: 'buyer.talking', isTalking: true }],
      [4.8, { kind: 'buyer.talking', isTalking: false }],
      [5.5, { kind: 'buyer.talking', isTalking: true }],
      [12, { kind: 'time' }],
    ]);
    expect(person.call.state).toBe('connected');
  });
});

describe('a buyer who was found in an agent’s bridge', () => {
  it('talks with that agent, whoever was to take them', () => {
    const found = { ...anna, agentId: 'nina', legId: 'agent-nina-1' };
    for (const agent of [null, anna]) {
      const { call } = play(plan({ agent }).call, [
        [3, { kind: 'buyer.answered' }],
        [3, { kind: 'buyer.ours' }],
        [3, { kind: 'buyer.bridged', agent: found }],
      ]);
      expect(call).toMatchObject({ state: 'connected', agent: found });
    }
  });
});

describe('the table', () => {
  const states = Object.keys(MOVES) as CallState[];

  it('every state is reachable from the two first ones', () => {
    const seen = new Set<CallState>(['calling_agent', 'dialing']);
    for (const state of seen) for (const next of MOVES[state].to) seen.add(next);
    expect([...seen].sort()).toEqual([...states].sort());
  });

  it('every state but the last has a time limit and a way to the end', () => {
    for (const state of states) {
      expect(MOVES[state].limitMs === null, state).toBe(state === 'ended');
      if (state === 'ended') continue;
      const seen = new Set<CallState>([state]);
      for (const s of seen) for (const next of MOVES[s].to) seen.add(next);
      expect(seen.has('ended'), state).toBe(true);
    }
  });

  const anyEvent: fc.Arbitrary<CallEvent> = fc.oneof(
    fc.constantFrom<CallEvent>(
      { kind: 'buyer.dialing' },
      { kind: 'buyer.sending' },
      { kind: 'buyer.ringing' },
      { kind: 'buyer.progress' },
      { kind: 'buyer.answered' },
      { kind: 'buyer.ours' },
      { kind: 'buyer.bridged' },
      { kind: 'buyer.bridged', agent: borys },
      { kind: 'buyer.missing' },
      { kind: 'buyer.in_message' },
      { kind: 'agent.up' },
      { kind: 'no_agent' },
      { kind: 'withdrawn' },
      { kind: 'agent.hangup' },
      { kind: 'time' },
      cleared,
      { kind: 'cleared', agent: borys },
    ),
    fc.boolean().map((isTalking): CallEvent => ({ kind: 'buyer.talking', isTalking })),
    fc.boolean().map((isOn): CallEvent => ({ kind: 'agent.hold', isOn })),
    fc.boolean().map((isTrunkFault): CallEvent => ({ kind: 'buyer.refused', isTrunkFault })),
    fc.boolean().map((isBuyerGone): CallEvent => ({ kind: 'bridge_failed', isBuyerGone })),
    fc.nat(127).map((cause): CallEvent => ({ kind: 'agent.ended', cause })),
    fc
      .tuple(fc.nat(127), fc.option(fc.integer({ min: 300, max: 699 })), fc.boolean())
      .map(([cause, tech, ours]) => ended(cause, tech, ours)),
  );

  it('no history of events makes decide throw, leave the table, or go on for ever', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(anna, borys, null),
        fc.boolean(),
        fc.array(fc.tuple(fc.nat(40), anyEvent), { maxLength: 40 }),
        (agent, detectsMachine, steps) => {
          let call = plan({ agent, detectsMachine }).call;
          let now = 0;
          for (const [gap, event] of steps) {
            now += gap / 10;
            const decision = decide(call, event, at(now));
            if ('ignored' in decision) continue;
            if (decision.call.state !== call.state) expect(MOVES[call.state].to).toContain(decision.call.state);
            call = decision.call;
          }
          for (let n = 0; n < 24 && call.state !== 'ended'; n++) {
            const limit = limitAt(call);
            expect(limit).not.toBeNull();
            const decision = decide(call, { kind: 'time' }, limit ?? T0);
            expect(decision).toHaveProperty('call');
            if ('call' in decision) call = decision.call;
          }
          expect(call.state).toBe('ended');
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
