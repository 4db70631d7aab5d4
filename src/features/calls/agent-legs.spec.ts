import { expect, test } from 'vitest';
import type { Telephony } from '../../core/call/telephony.js';
import { AgentLegs } from './agent-legs.js';

const AGENT = '01a00000-0000-7000-8000-0000000a9e17';
const LEG = `agent-${AGENT}-1`;
const NOTHING = { alive: new Set<string>(), unseated: new Set<string>() };

/** The legs of a floor of one persistent agent, whose presence says that their leg is up. */
function floorOfOne() {
  const done: string[] = [];
  const presence = {
    agentId: AGENT,
    groupIds: ['g'],
    connection: 'persistent',
    state: 'ready',
    legId: LEG,
    isLegUp: true,
    legNode: 'main',
    limitAt: null,
  };
  const node = {
    node: 'main',
    seat: ({ legId }: { legId: string }) => {
      done.push(`seat ${legId}`);
      return Promise.resolve({ kind: 'done' });
    },
  } as unknown as Telephony;
  const agents = {
    floor: () => Promise.resolve([presence]),
    legDown: (_: string, legId: string) => {
      done.push(`down ${legId}`);
      return Promise.resolve();
    },
  };
  const parts = [[node], agents, {}, {}] as unknown as ConstructorParameters<typeof AgentLegs>;
  return { legs: new AgentLegs(...parts), node, done };
}

test('a leg that its node has not is lost; what another node has says nothing of it', async () => {
  const { legs, node, done } = floorOfOne();
  await legs.adopt(['g'], { ...NOTHING, node: { ...node, node: 'other' } });
  expect(done).toEqual([]);
  await legs.adopt(['g'], { ...NOTHING, node });
  expect(done).toEqual([`down ${LEG}`]);
});

test('a leg that has lost its bridge is seated again, but not one that is only just coming up', async () => {
  const { legs, node, done } = floorOfOne();
  const found = { node, alive: new Set([LEG]), unseated: new Set([LEG]) };
  await legs.adopt(['g'], found);
  await legs.adopt(['g'], found);
  expect(done).toEqual([]);
  const now = performance.now();
  performance.now = () => now + 3_000;
  try {
    await legs.adopt(['g'], found);
    expect(done).toEqual([`seat ${LEG}`]);
    await legs.adopt(['g'], { ...found, unseated: new Set() });
    expect(done).toEqual([`seat ${LEG}`]);
  } finally {
    delete (performance as { now?: unknown }).now;
  }
});
