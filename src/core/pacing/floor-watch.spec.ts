import { describe, expect, it } from 'vitest';
import type { AgentState } from '../agent/agent.js';
import { FloorWatch, type SeenAgent } from './floor-watch.js';

const at = (seconds: number) => new Date(Date.UTC(2026, 10, 24, 10) + seconds * 1000);
const seen = (state: AgentState, since: number, callId: string | null = null): SeenAgent => ({
  agentId: 'a',
  state,
  since: at(since),
  callId,
});

/** The facts of these looks at one agent, one after the other. */
function factsOf(...looks: (SeenAgent | null)[]) {
  const watch = new FloorWatch();
  return looks.flatMap((agent) => watch.look(agent === null ? [] : [agent]));
}

describe('FloorWatch', () => {
  it('tells talk and wrap-up with the lengths of the rows', () => {
    expect(
      factsOf(seen('reserved', 0, 'c1'), seen('talking', 10, 'c1'), seen('wrap_up', 95, 'c1'), seen('ready', 120)),
    ).toEqual([
      { kind: 'talk_ended', seconds: 85 },
      { kind: 'wrap_up_ended', seconds: 25, isReadyAfter: true },
    ]);
  });

  it('goes on with a talk whose leg was lost and came back', () => {
    expect(
      factsOf(seen('talking', 10, 'c1'), seen('lost', 30, 'c1'), seen('talking', 34, 'c1'), seen('wrap_up', 70, 'c1')),
    ).toEqual([{ kind: 'talk_ended', seconds: 60 }]);
  });

  it.each([
    ['break', false],
    ['offline', false],
    ['connecting', true],
    ['reserved', true],
  ] as const)('sees that an agent went %s after the wrap-up', (state, isReadyAfter) => {
    expect(factsOf(seen('wrap_up', 0, 'c1'), seen(state, 9))).toEqual([
      { kind: 'wrap_up_ended', seconds: 9, isReadyAfter },
    ]);
  });

  it('counts a wrap-up that it did not see as none, as after an answering machine', () => {
    expect(factsOf(seen('talking', 0, 'c1'), seen('ready', 4))).toEqual([
      { kind: 'talk_ended', seconds: 4 },
      { kind: 'wrap_up_ended', seconds: 0, isReadyAfter: true },
    ]);
  });

  it('sees the next talk at once where a buyer was waiting', () => {
    expect(factsOf(seen('wrap_up', 0, 'c1'), seen('talking', 30, 'c2'), seen('wrap_up', 50, 'c2'))).toEqual([
      { kind: 'wrap_up_ended', seconds: 30, isReadyAfter: true },
      { kind: 'talk_ended', seconds: 20 },
    ]);
    expect(factsOf(seen('talking', 0, 'c1'), seen('talking', 40, 'c2'))).toEqual([
      { kind: 'talk_ended', seconds: 40 },
      { kind: 'wrap_up_ended', seconds: 0, isReadyAfter: true },
    ]);
  });

  it('forgets who has left the group', () => {
    expect(factsOf(seen('talking', 0, 'c1'), null, seen('ready', 90))).toEqual([]);
  });
});
