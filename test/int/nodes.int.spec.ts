import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AgentsService } from '../../src/features/agents/agents.service.js';
import { CallsService } from '../../src/features/calls/calls.service.js';
import { TELEPHONY } from '../../src/features/calls/telephony.provider.js';
import type { VirtualTelephony } from '../../src/features/calls/virtual-telephony.js';
import { DialingModule } from '../../src/features/dialing/dialing.module.js';
import { IntakeModule } from '../../src/features/intake/intake.module.js';
import { OutcomesModule } from '../../src/features/outcomes/outcomes.module.js';
import { Transactions, rows } from '../../src/platform/database/transaction.js';
import { ADMIN_TOKEN, startTestApp, type TestApp } from '../support/app.js';
import { acceptOrder, administer, anOrder } from '../support/talk.js';
import { waitFor } from '../support/wait.js';

// Two nodes of the exchange, in real time: which calls and lines are where, while one is drained, comes back, or dies.

const ARI_NODES = JSON.stringify(
  ['a', 'b'].map((name) => ({ name, url: 'virtual:', username: 'virtual', password: 'virtual' })),
);
const PASSWORD = 'correct horse';

let test: TestApp;
let second: TestApp;
const people = new Map<string, string>();
let orders = 0;

beforeAll(async () => {
  test = await startTestApp({
    modules: [DialingModule, OutcomesModule, IntakeModule],
    env: { ARI_NODES, ARI_URL: '' },
  });
  await administer(test, 'PUT', 'trunks/main', {
    endpoint: 'PJSIP/{number}@trunk',
    maxChannels: 50,
    callsPerSecond: 50,
  });
  for (const group of ['north', 'south']) {
    await administer(test, 'PUT', `groups/${group}`, { name: group, wrapUpSeconds: 20 });
    await administer(test, 'PUT', `shops/${group}`, {
      name: group,
      timeZone: 'Europe/Kyiv',
      jurisdiction: 'demo',
      callingHours: 'always',
      agentGroups: [group],
      retry: { maxAttempts: 1 },
    });
    for (const n of [1, 2]) await join(`${group}-${n}`, group);
  }
}, 60_000);
afterAll(async () => {
  await second?.close();
  await test.close();
}, 60_000);

const ask = <T extends object>(sql: string, parameters: unknown[] = []): Promise<T[]> =>
  test.get(Transactions).read((tx) => rows<T>(tx, sql, parameters));
const exchange = (name: string, of = test): VirtualTelephony =>
  of.app.get<VirtualTelephony[]>(TELEPHONY, { strict: false }).find(({ node }) => node === name)!;
const presence = (login: string) => test.get(AgentsService).presence(people.get(login)!);
const homeOf = async (group: string) =>
  (await ask<{ node: string }>(`SELECT node FROM group_homes WHERE group_id = $1`, [group]))[0]?.node ?? null;
const otherThan = (node: string): string => (node === 'a' ? 'b' : 'a');
const nodes = async () =>
  (await administer(test, 'GET', 'nodes')) as {
    nodes: { node: string; state: string; calls: number; agents: number; groups: string[] }[];
  };
const nodeView = async (name: string) => (await nodes()).nodes.find(({ node }) => node === name)!;

async function join(login: string, group: string, role = 'agent'): Promise<string> {
  const { agentId } = (await administer(test, 'PUT', `agents/${login}`, {
    password: PASSWORD,
    connection: 'persistent',
    groups: [group],
    role,
  })) as { agentId: string };
  people.set(login, agentId);
  await test.get(AgentsService).signIn(login, PASSWORD, 'test');
  return agentId;
}

async function ready(login: string, onNode: string | null = null): Promise<void> {
  const agents = test.get(AgentsService);
  await agents.wish(people.get(login)!, 'ready');
  await waitFor(
    `${login} ready${onNode === null ? '' : ` on ${onNode}`}`,
    async () => {
      const { state, legNode } = await presence(login);
      return state === 'ready' && (onNode === null || legNode === onNode);
    },
    15_000,
  );
}

interface SeenCall {
  readonly id: string;
  readonly node: string;
  readonly state: string;
  readonly agentId: string | null;
  readonly result: string | null;
}

/** An order of the group's shop whose buyer answers after a second and talks on. @returns its call once it is a talk */
async function talk(group: string): Promise<SeenCall> {
  orders += 1;
  const order = anOrder();
  const phone = `+38067${String(2_000_000 + orders * 100)}` as typeof order.customer.phone;
  const orderRef = await acceptOrder(test, group, { ...order, customer: { ...order.customer, phone } });
  return (await waitFor(
    `a talk of ${group}`,
    async () => {
      const call = await callOf(orderRef);
      return call?.state === 'connected' ? call : null;
    },
    15_000,
  ))!;
}

async function callOf(orderRef: string): Promise<SeenCall | null> {
  const sql = `SELECT id, node, state, agent_id AS "agentId", result FROM calls WHERE order_ref = $1 ORDER BY planned_at DESC`;
  return (await ask<SeenCall>(sql, [orderRef]))[0] ?? null;
}

const call = async (callId: string): Promise<SeenCall> =>
  (await ask<SeenCall>(`SELECT id, node, state, agent_id AS "agentId", result FROM calls WHERE id = $1`, [callId]))[0]!;

async function hangUp(callId: string): Promise<void> {
  await test.get(Transactions).run((tx) => test.get(CallsService).request(tx, callId, { kind: 'agent_hangup' }));
  await waitFor('the end of the talk', async () => (await call(callId)).state === 'ended', 5_000);
}

const loginOf = (agentId: string | null): string => [...people].find(([, id]) => id === agentId)?.[0] ?? '';

describe('two nodes', { timeout: 90_000 }, () => {
  it('share groups, their lines and their calls', async () => {
    const [north, south] = await waitFor('homes', async () => {
      const found = [await homeOf('north'), await homeOf('south')];
      return found.every((home) => home !== null) ? found : null;
    });
    expect([north, south].sort()).toEqual(['a', 'b']);
    for (const [group, home] of [
      ['north', north],
      ['south', south],
    ] as const) {
      for (const n of [1, 2]) await ready(`${group}-${n}`, home);
      const made = await talk(group);
      expect(made.node).toBe(home);
      expect(exchange(home!).run).not.toBeNull();
      const { legs } = await exchange(home!).survey();
      expect(legs.map(({ legId }) => legId)).toContain(made.id);
      await hangUp(made.id);
      await ready(loginOf(made.agentId), home);
    }
    expect(await nodeView('a')).toMatchObject({ state: 'up', agents: 2, isDrained: false, weight: 1 });
    expect((await nodes()).nodes.flatMap(({ groups }) => groups).sort()).toEqual(['default', 'north', 'south']);
  });

  it('one of which is drained: its talks go on, its agents and new calls go to the other, and the other does not notice', async () => {
    const home = (await homeOf('north'))!;
    const other = otherThan(home);
    await Promise.all(['north-1', 'north-2', 'south-1', 'south-2'].map((login) => ready(login)));
    const [here, there] = [await talk('north'), await talk('south')];
    const idle = here.agentId === people.get('north-1') ? 'north-2' : 'north-1';
    expect(await administer(test, 'POST', `nodes/${home}/drain`)).toMatchObject({ node: home, state: 'draining' });
    await ready(idle, other);
    const next = await talk('north');
    expect([next.node, next.agentId]).toEqual([other, people.get(idle)]);
    expect(await nodeView(home)).toMatchObject({ state: 'draining', calls: 1, agents: 1, groups: [] });
    expect([(await call(here.id)).state, (await call(there.id)).state]).toEqual(['connected', 'connected']);
    expect((await presence(loginOf(here.agentId))).legNode).toBe(home);
    await hangUp(here.id);
    await ready(loginOf(here.agentId), other);
    await waitFor('an empty node', async () => (await nodeView(home)).state === 'drained', 10_000);
    expect((await exchange(home).survey()).legs).toEqual([]);
    for (const { id } of [next, there]) await hangUp(id);
    expect((await ask<{ result: string }>(`SELECT DISTINCT result FROM calls`)).map(({ result }) => result)).toEqual([
      'answered',
    ]);
  });

  it('one of which is back: it gets its share again', async () => {
    const drained = (await nodes()).nodes.find(({ state }) => state === 'drained')!.node;
    // It has been up for longer than the test.
    await test.get(Transactions).run((tx) => tx.query(`UPDATE nodes SET up_since = now() - interval '1 minute'`));
    expect(await administer(test, 'POST', `nodes/${drained}/resume`)).toMatchObject({ state: 'up', isDrained: false });
    const homes = await waitFor('a share', async () => {
      const now = [await homeOf('north'), await homeOf('south')];
      return now.includes(drained) ? now : null;
    });
    expect([...homes!].sort()).toEqual(['a', 'b']);
    const back = homes![0] === drained ? 'north' : 'south';
    await ready(`${back}-1`, drained);
    const made = await talk(back);
    expect(made.node).toBe(drained);
    await hangUp(made.id);
  });

  it('know the names of nodes', async () => {
    for (const action of ['drain', 'resume']) {
      const answer = await fetch(`${test.url}/v1/admin/nodes/nobody/${action}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
      });
      expect([answer.status, ((await answer.json()) as { type: string }).type]).toEqual([
        404,
        expect.stringContaining('node.not_found'),
      ]);
    }
  });

  it('led by two processes: who loses one keeps the groups of the other', async () => {
    second = await startTestApp({
      databaseUrl: test.databaseUrl,
      roles: ['dialer'],
      modules: [DialingModule, OutcomesModule],
      env: { ARI_NODES, ARI_URL: '' },
    });
    for (const name of ['a', 'b']) {
      const own = exchange(name, second);
      await own.stop();
      Object.assign(own, { network: (exchange(name) as unknown as { network: unknown }).network });
      own.restore();
    }
    const leaders = () =>
      ask<{ groupId: string; holder: string; epoch: string }>(
        `SELECT group_id AS "groupId", holder, epoch FROM leaders WHERE group_id IN ('north', 'south') AND expires_at > now()`,
      );
    const before = await waitFor('two leaders', async () => {
      const now = await leaders();
      return now.length === 2 ? now : null;
    });
    const home = (await homeOf('north'))!;
    exchange(home).cut('the line of one process was cut');
    await waitFor('another leader of north', async () => {
      const now = await leaders();
      return now.some(({ groupId, holder }) => groupId === 'north' && !before!.some((one) => one.holder === holder));
    });
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const south = (list: { groupId: string }[] | null) => list?.find(({ groupId }) => groupId === 'south');
    expect(south(await leaders())).toEqual(south(before));
    // The node is not lost: the other process reaches it.
    expect(await homeOf('north')).toBe(home);
    exchange(home).restore();
    await second.close();
    await Promise.all(['north-1', 'north-2'].map((login) => ready(login, home)));
  });

  it('one of which dies: its talk is over, its agents take calls on the other, where nothing ends', async () => {
    const home = (await homeOf('north'))!;
    const other = otherThan(home);
    await Promise.all(['north-1', 'north-2', 'south-1', 'south-2'].map((login) => ready(login)));
    const [lost, going] = [await talk('north'), await talk('south')];
    const idle = lost.agentId === people.get('north-1') ? 'north-2' : 'north-1';
    const diedAt = performance.now();
    exchange(home).fail();
    await waitFor('a line on the other', async () => (await presence(idle)).legNode === other, 15_000);
    const next = await talk('north');
    expect([next.node, next.agentId]).toEqual([other, people.get(idle)]);
    const tookMs = performance.now() - diedAt;
    expect(tookMs).toBeLessThan(15_000);
    // What the talk was worth is said by its agent, who is free for the next then.
    await waitFor('the end of the lost talk', async () => (await call(lost.id)).state === 'ended', 10_000);
    await ready(loginOf(lost.agentId), other);
    expect((await call(going.id)).state).toBe('connected');
    expect(await nodeView(home)).toMatchObject({ state: 'down', calls: 0, agents: 0, groups: [] });
    for (const { id } of [next, going]) await hangUp(id);
    exchange(home).restore();
    await waitFor('the node is up', async () => (await nodeView(home)).state === 'up');
  });
});
