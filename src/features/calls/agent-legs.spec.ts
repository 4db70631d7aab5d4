import { expect, test } from 'vitest';
import type { Telephony } from '../../core/call/telephony.js';
import { AgentLegs } from './agent-legs.js';

const AGENT = '01a00000-0000-7000-8000-0000000a9e17';
const LEG = `agent-${AGENT}-1`;
const NOTHING = { alive: new Set<string>(), unseated: new Set<string>(), askedAtMs: Number.POSITIVE_INFINITY };

const NOW = new Date('2026-03-01T12:00:00Z');

/**
 * The legs of a floor of one persistent agent, whose presence says that their leg is up; and, if asked, that they talk until this time.
 * @param more  how many others there are, each with a leg that is up
 */
function floorOfOne(talkUntil: Date | null = null, more = 0) {
  const done: string[] = [];
  const leases: number[] = [];
  const renewed: string[] = [];
  const presence: Record<string, unknown> = {
    agentId: AGENT,
    groupIds: ['g'],
    connection: 'persistent',
    state: talkUntil === null ? 'ready' : 'talking',
    legId: LEG,
    isLegUp: true,
    legNode: 'main',
    limitAt: talkUntil,
  };
  const others = Array.from({ length: more }, (_, n) => ({ ...presence, agentId: `a-${n}`, legId: `agent-a-${n}` }));
  const node = {
    node: 'main',
    isUp: true,
    callAgent: ({ legId }: { legId: string }) => {
      done.push(`call ${legId.slice(0, 6)}`);
      presence['calledLeg'] = legId;
      return Promise.resolve({ kind: 'unknown' });
    },
    extendLease: (legId: string, seconds: number) => {
      leases.push(seconds);
      renewed.push(legId);
      return Promise.resolve({ kind: 'done' });
    },
    seat: ({ legId }: { legId: string }) => {
      done.push(`seat ${legId}`);
      return Promise.resolve({ kind: 'done' });
    },
  } as unknown as Telephony;
  const agents = {
    floor: () => Promise.resolve([presence, ...others]),
    legDown: (_: string, legId: string, reason: string) => {
      done.push(`down ${legId === LEG ? LEG : reason}`);
      return Promise.resolve();
    },
    legUp: () => Promise.resolve(),
  };
  const phones = { tend: () => Promise.resolve(), nodeFor: () => Promise.resolve(node), dialString: () => 'PJSIP/a' };
  const lineNodes = { toMove: () => Promise.resolve([]), isLost: () => false };
  const clock = { now: () => NOW };
  const parts = [[node], agents, phones, lineNodes, {}, clock] as unknown as ConstructorParameters<typeof AgentLegs>;
  return { legs: new AgentLegs(...parts), node, done, leases, renewed, presence, others };
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
  const found = { ...NOTHING, node, alive: new Set([LEG]), unseated: new Set([LEG]) };
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

test('a phone that was never rung, since the command was lost, is called anew: its agent has not let anything ring', async () => {
  const { legs, node, done, presence } = floorOfOne();
  Object.assign(presence, { state: 'connecting', isLegUp: false, legId: null });
  await legs.tend(['g']);
  expect(done).toEqual(['call agent-']);
  const now = performance.now();
  await legs.adopt(['g'], { ...NOTHING, node, askedAtMs: now + 3_000 });
  expect(done).toEqual(['call agent-']);
  await legs.adopt(['g'], { ...NOTHING, node, askedAtMs: now + 4_000 });
  expect(done).toEqual(['call agent-', 'down ended']);
});

test('a leg that came up after the exchange was asked is not taken for lost', async () => {
  const { legs, node, done, presence } = floorOfOne();
  Object.assign(presence, { state: 'connecting', isLegUp: false, legId: null });
  await legs.tend(['g']);
  const askedAtMs = performance.now();
  const legId = String(presence['calledLeg']);
  await new Promise((resolve) => setTimeout(resolve, 2));
  await legs.onFact({ kind: 'leg.ours', legId, at: new Date() });
  Object.assign(presence, { state: 'ready', isLegUp: true, legId });
  await legs.adopt(['g'], { ...NOTHING, node, askedAtMs });
  expect(done).toEqual(['call agent-']);
});

test('a leg in a talk that is taken over is leased until a little after the talk’s limit, any other for 30 s', async () => {
  const leaseOf = async (talkUntil: Date | null) => {
    const { legs, node, leases } = floorOfOne(talkUntil);
    await legs.adopt(['g'], { ...NOTHING, node, alive: new Set([LEG]) });
    await legs.renewDue();
    return leases;
  };
  expect(await leaseOf(new Date(NOW.getTime() + 600_000))).toEqual([630]);
  expect(await leaseOf(new Date(NOW.getTime() - 600_000))).toEqual([30]);
  expect(await leaseOf(null)).toEqual([30]);
});

test('leases are renewed a part at a time, each of them every 10 s', async () => {
  const { legs, node, renewed, others } = floorOfOne(null, 49);
  await legs.adopt(['g'], { ...NOTHING, node, alive: new Set([LEG, ...others.map(({ legId }) => legId)]) });
  const start = performance.now();
  let elapsedMs = 0;
  performance.now = () => start + elapsedMs;
  try {
    const counts: number[] = [];
    for (; elapsedMs <= 12_000; elapsedMs += 500) {
      await legs.renewDue();
      counts.push(renewed.length);
      if (elapsedMs === 9_500) expect(new Set(renewed).size).toBe(50);
    }
    expect(counts.slice(0, 6)).toEqual([10, 20, 30, 40, 50, 50]);
    expect(counts.at(19)).toBe(50);
    expect(counts.slice(20)).toEqual([60, 70, 80, 90, 100]);
    expect(renewed.slice(50)).toEqual(renewed.slice(0, 50));
  } finally {
    delete (performance as { now?: unknown }).now;
  }
});
