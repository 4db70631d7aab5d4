import { describe, expect, it } from 'vitest';
import type { RunningAsterisk } from '../../tools/dev-env/asterisk.js';
import type { VirtualAgent } from '../../tools/dev-env/virtual-agent.js';
import { waitFor } from '../support/wait.js';
import { cardOf, goReady, nextState } from './agents.js';
import { listenAt } from './exchange-ear.js';
import type { ShopView } from './shop-view.js';
import { useWorld } from './world.js';

// Two real exchanges behind one carrier: which calls are where, and what is heard, while one of them is drained, killed, and started again.

const world = useWorld({
  nodes: 2,
  groupSettings: { wrapUpSeconds: 60 },
  agents: ['north', 'south'].flatMap((group) =>
    [1, 2].map((n) => ({
      login: `${group}${n}`,
      name: `Number ${n} of ${group}`,
      connection: 'persistent' as const,
      group,
    })),
  ),
});
/** RMS: above it somebody speaks. */
const SPEECH = 0.003;

interface NodeSeen {
  readonly node: string;
  readonly state: string;
  readonly calls: number;
  readonly agents: number;
  readonly groups: readonly string[];
}

const people = new Map<string, VirtualAgent>();
const shops = new Map<string, ShopView>();

async function admin<T>(method: string, path: string): Promise<T> {
  const { apiUrl, adminToken } = world().network;
  const answer = await fetch(`${apiUrl}/v1/admin/${path}`, {
    method,
    headers: { authorization: `Bearer ${adminToken}` },
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as T;
}

const nodes = async () => (await admin<{ nodes: NodeSeen[] }>('GET', 'nodes')).nodes;
const nodeOf = async (group: string) => (await nodes()).find(({ groups }) => groups.includes(group))?.node ?? '';
const pbxOf = (node: string): RunningAsterisk => world().network.telephony!.nodes[Number(node.slice(-1)) - 1]!;
const channels = async (node: string) =>
  ((await world().ari<{ id: string }[]>('channels', pbxOf(node))) ?? []).map(({ id }) => id);
/** Waits until agents' lines stand on a node. */
const lines = (node: string, count: number) =>
  waitFor(
    `${count} lines on ${node}`,
    async () => (await channels(node)).filter((id) => id.startsWith('agent-')).length === count,
    20_000,
  );

/** A talk of the group, taken by this agent. */
async function talk(group: string, login: string) {
  const agent = people.get(login)!;
  const from = agent.events.length;
  await goReady(agent);
  const order = await shops.get(group)!.send('00');
  return { agent, order, callId: await cardOf(agent, order.orderId, from) };
}

type Talk = Awaited<ReturnType<typeof talk>>;

/** The agent says a word, hangs up, and takes a break, whereby the wrap-up ends: the next talk is had by whom the test wants. */
async function finish(group: string, { agent, order, callId }: Talk): Promise<void> {
  const from = agent.events.length;
  expect((await agent.say(callId, { outcome: 'confirmed' })).status).toBe(200);
  await agent.hangUp(callId);
  await nextState(agent, 'wrap_up', from);
  await agent.setState('ready');
  await nextState(agent, 'ready', from);
  await agent.setState('break', 'next');
  expect(await shops.get(group)!.outcome(order)).toBe('confirmed');
}

async function expectSound({ callId }: Talk, node: string): Promise<void> {
  await waitFor(
    'both are heard',
    async () => {
      const heard = await listenAt(world(), callId, 3, pbxOf(node));
      return heard.fromBuyer > SPEECH && heard.toBuyer > SPEECH;
    },
    20_000,
  );
}

describe('two exchanges', () => {
  it('carry the calls of two groups, each one its own', async () => {
    for (const group of ['north', 'south']) {
      shops.set(group, await world().openShop(group));
      for (const n of [1, 2]) {
        const agent = world().agent(`${group}${n}`);
        people.set(agent.login, agent);
        await agent.start();
        await agent.setState('break', 'later');
      }
    }
    // Whichever exchange was up first has them all until the other has been up for half a minute.
    const [north = '', south = ''] = await waitFor(
      'a share for each',
      async () => {
        const homes = [await nodeOf('north'), await nodeOf('south')];
        return new Set(homes).size === 2 ? homes : null;
      },
      60_000,
    );
    await lines(north, 2);
    await lines(south, 2);
    const [one, two] = [await talk('north', 'north1'), await talk('south', 'south1')];
    expect(await channels(north)).toContain(one.callId);
    expect(await channels(south)).toContain(two.callId);
    await expectSound(one, north);
    await expectSound(two, south);
    for (const [group, had] of [
      ['north', one],
      ['south', two],
    ] as const)
      await finish(group, had);
  }, 120_000);

  it('one is drained: its talk is ended by nobody but its people, new calls and free agents go to the other', async () => {
    const [north, south] = [await nodeOf('north'), await nodeOf('south')];
    const [here, there] = [await talk('north', 'north1'), await talk('south', 'south1')];
    await admin('POST', `nodes/${north}/drain`);
    // Who talks stays; the one on a break has no line, and gets it at the other exchange when ready.
    await lines(north, 1);
    const next = await talk('north', 'north2');
    expect(await channels(south)).toContain(next.callId);
    await expectSound(here, north);
    await expectSound(there, south);
    expect(world().calls.records(here.order.customer.phone)).toEqual([]);
    await finish('north', here);
    await waitFor(
      'a drained node',
      async () => (await nodes()).find(({ node }) => node === north)?.state === 'drained',
      20_000,
    );
    expect(await channels(north)).toEqual([]);
    await finish('north', next);
    await finish('south', there);
    for (const { order } of [here, next, there]) expect(world().calls.invites(order.customer.phone)).toHaveLength(1);
  }, 120_000);

  it('the drained one is killed, started and resumed: it gets a group again', async () => {
    const drained = (await nodes()).find(({ state }) => state === 'drained')!.node;
    process.kill(pbxOf(drained).instance.pid, 'SIGKILL');
    await waitFor(
      'its end',
      async () => (await nodes()).find(({ node }) => node === drained)?.state === 'down',
      20_000,
    );
    await pbxOf(drained).instance.restart();
    await admin('POST', `nodes/${drained}/resume`);
    const group = await waitFor(
      'a group',
      async () => (await nodes()).find(({ node }) => node === drained)?.groups.find((one) => one !== 'default'),
      60_000,
    );
    const made = await talk(group, `${group}2`);
    expect(await channels(drained)).toContain(made.callId);
    await expectSound(made, drained);
    await finish(group, made);
  }, 150_000);

  it('one is killed: talks of the other go on with sound, its agents take calls there within seconds', async () => {
    const [north, south] = [await nodeOf('north'), await nodeOf('south')];
    expect([north, south].sort()).toEqual(['pbx-1', 'pbx-2']);
    const [lost, going] = [await talk('north', 'north1'), await talk('south', 'south1')];
    await goReady(people.get('north2')!);
    const waiting = await shops.get('north')!.send('00');
    const ended = lost.agent.events.length;
    const busy = await cardOf(people.get('north2')!, waiting.orderId);
    const killedAt = Date.now();
    process.kill(pbxOf(north).instance.pid, 'SIGKILL');
    // Both agents of north lose their talks, and are called at the other exchange.
    await nextState(lost.agent, 'wrap_up', ended, 20_000);
    await lost.agent.say(lost.callId, { outcome: 'confirmed' });
    await people.get('north2')!.say(busy, { outcome: 'confirmed' });
    const from = lost.agent.events.length;
    const fresh = await shops.get('north')!.send('00');
    await lost.agent.setState('ready');
    const callId = await cardOf(lost.agent, fresh.orderId, from, 30_000);
    const tookMs = Date.now() - killedAt;
    expect(await channels(south)).toContain(callId);
    await expectSound({ agent: lost.agent, order: fresh, callId }, south);
    await expectSound(going, south);
    expect(world().calls.records(going.order.customer.phone)).toEqual([]);
    console.info(`a new talk ${tookMs} ms after the exchange was killed`);
    expect(tookMs).toBeLessThan(20_000);
    await finish('north', { agent: lost.agent, order: fresh, callId });
    await finish('south', going);
    expect(await shops.get('north')!.outcome(lost.order)).toBe('confirmed');
    expect(await shops.get('north')!.outcome(waiting)).toBe('confirmed');
  }, 150_000);

  it('called nobody twice', () => {
    expect(world().calls.overlaps()).toEqual([]);
  });
});
