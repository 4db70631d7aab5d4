import { describe, expect, it } from 'vitest';
import type { Call, CallEvent } from '../call/call.js';
import { decide, planCall } from '../call/decide-call.js';
import { factsOfCall } from './pacing-fact.js';

const start = new Date('2026-11-24T10:00:00Z');
const at = (seconds: number) => new Date(start.getTime() + seconds * 1000);
const plan = { callId: 'c', ringSeconds: 25, maxTalkSeconds: 3600, detectsMachine: false, agent: null };

/** The facts of a call that runs through these events, each at its second. */
function factsOf(...events: (readonly [number, CallEvent])[]) {
  let call: Call = planCall(plan, start).call;
  return events.flatMap(([seconds, event]) => {
    const decision = decide(call, event, at(seconds));
    if ('ignored' in decision) return [];
    const before = call;
    call = decision.call;
    return factsOfCall(before, call, 2);
  });
}

const gone = (techCause: number, cause: number): CallEvent => ({
  kind: 'buyer.ended',
  cause,
  techCause,
  wasHungUpByUs: false,
});

describe('what calls teach', () => {
  it('an answer, with its age and how long it rang; nothing more when the talk ends', () => {
    const agent = { agentId: 'a', legId: 'agent-a-1', connection: 'persistent' as const };
    expect(
      factsOf(
        [2, { kind: 'buyer.ringing' }],
        [9.5, { kind: 'buyer.ours' }],
        [9.6, { kind: 'cleared', agent }],
        [9.7, { kind: 'buyer.bridged' }],
        [60, gone(200, 16)],
      ),
    ).toEqual([{ kind: 'call_ended', by: 'person', attempt: 2, ageSeconds: 9.5, ringingSeconds: 7.5 }]);
  });

  it('a failure without ringing', () => {
    expect(factsOf([0.5, gone(486, 17)])).toEqual([
      { kind: 'call_ended', by: 'nobody', attempt: 2, ageSeconds: 0.5, ringingSeconds: null },
    ]);
  });

  it('an abandoned buyer, once', () => {
    expect(
      factsOf(
        [2, { kind: 'buyer.ringing' }],
        [5, { kind: 'buyer.ours' }],
        [5.1, { kind: 'no_agent' }],
        [7, { kind: 'time' }],
        [15, gone(200, 16)],
      ).map((fact) => fact.kind),
    ).toEqual(['call_ended', 'abandoned']);
  });

  it('an answer that nobody heard, found in the message', () => {
    expect(factsOf([8, { kind: 'buyer.in_message' }]).map((fact) => fact.kind)).toEqual(['call_ended', 'abandoned']);
  });

  it.each([
    ['the carrier failed', [[1, gone(503, 34)]]],
    [
      'the shop withdrew the order',
      [
        [1, { kind: 'withdrawn' }],
        [1.2, gone(487, 16)],
      ],
    ],
    ['the leg was lost', [[6, { kind: 'buyer.missing' }]]],
  ] as const)('nothing when %s', (_name, events) => {
    expect(factsOf(...events)).toEqual([]);
  });
});
