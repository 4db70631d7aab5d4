import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/support/app.js';
import { EventStream } from '../../../test/support/event-stream.js';
import { acceptOrder, administer, anOrder, connect } from '../../../test/support/talk.js';
import { waitFor } from '../../../test/support/wait.js';
import { Transactions } from '../../platform/database/transaction.js';
import { AgentsService } from '../agents/agents.service.js';
import { OrdersService } from '../orders/orders.service.js';
import { BoardSource } from './board-source.js';
import { SupervisionModule } from './supervision.module.js';
import type { BoardMessage } from './supervision.protocol.js';

const PASSWORD = 'correct horse';
let test: TestApp;
let number = 0;
const streams: EventStream[] = [];

beforeAll(async () => {
  test = await startTestApp({ modules: [SupervisionModule], roles: ['api'] });
  for (const group of ['north', 'south']) {
    await administer(test, 'PUT', `groups/${group}`, { name: group });
    await administer(test, 'PUT', `shops/shop-${group}`, {
      name: group,
      timeZone: 'Europe/Kyiv',
      callingHours: 'always',
      agentGroups: [group],
    });
  }
}, 60_000);
afterEach(() => streams.splice(0).forEach((stream) => stream.close()));
afterAll(() => test.close(), 60_000);

async function ask(method: string, path: string, headers: Record<string, string>, body?: unknown) {
  const response = await fetch(`${test.url}/v1/supervisor/${path}`, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
}

/** Somebody signed in, at a phone that is rung for each call. */
async function somebody(role: string, groups: string[] = ['north']) {
  const login = `${role}-${++number}`;
  const body = { password: PASSWORD, connection: 'per_call', role, groups };
  await administer(test, 'PUT', `agents/${login}`, body);
  const { token, agent } = await test.get(AgentsService).signIn(login, PASSWORD, 'test');
  return { login, agentId: agent.agentId, headers: { authorization: `Bearer ${token}` } };
}

async function watch(headers: Record<string, string>) {
  const stream = await EventStream.open(test.url, headers, '', '/v1/supervisor/events');
  streams.push(stream);
  return stream;
}

/** The board once it is as wanted: parts of it may be some seconds old. */
async function boardOf(
  headers: Record<string, string>,
  isWanted: (board: BoardMessage) => boolean = () => true,
): Promise<BoardMessage> {
  const stream = await watch(headers);
  return waitFor('the board', () => {
    const board = lastBoard(stream);
    return board !== undefined && isWanted(board) ? board : null;
  });
}

function lastBoard(stream: EventStream): BoardMessage | undefined {
  return stream.events.findLast(({ event }) => event === 'board.now')?.data as unknown as BoardMessage | undefined;
}

async function heldOrder(shop: string): Promise<string> {
  const order = anOrder();
  const orderRef = await acceptOrder(test, shop, order);
  await test.get(Transactions).run((tx) => test.get(OrdersService).hold(tx, orderRef, 'system_failure'));
  return order.orderId;
}

const ROLES = ['nobody', 'agent', 'senior', 'supervisor', 'administrator'] as const;
type Answers = Record<(typeof ROLES)[number], number>;

/** Own: of a group of the supervisor. Other: of a group that is not theirs. */
const OWN: Answers = { nobody: 401, agent: 403, senior: 403, supervisor: 200, administrator: 200 };
const OTHER: Answers = { ...OWN, supervisor: 404 };

describe('who may do what', () => {
  const people = new Map<string, Record<string, string>>([['nobody', {}]]);
  beforeAll(async () => {
    for (const role of ROLES.slice(1)) people.set(role, (await somebody(role)).headers);
  });

  async function each(answers: Answers, request: (headers: Record<string, string>) => Promise<{ status: number }>) {
    const seen: Partial<Answers> = {};
    for (const role of ROLES) seen[role] = (await request(people.get(role) ?? {})).status;
    expect(seen).toEqual(answers);
  }

  it.each([
    ['own', 'north', OWN],
    ['other', 'south', OTHER],
  ] as const)('a shop, its orders and its agents: %s', async (_whose, group, answers) => {
    const shop = `shop-${group}`;
    await each(answers, (headers) => ask('POST', `shops/${shop}/pause`, headers));
    await each(answers, (headers) => ask('POST', `shops/${shop}/resume`, headers));
    await each(answers, async (headers) =>
      ask('POST', `shops/${shop}/orders/${await heldOrder(shop)}/release`, headers),
    );
    await each(answers, async (headers) => ask('POST', `shops/${shop}/orders/${await heldOrder(shop)}/close`, headers));
    const { login } = await somebody('agent', [group]);
    await each(answers, (headers) => ask('PUT', `agents/${login}/state`, headers, { state: 'break' }));
    const signOut = Object.fromEntries(ROLES.map((role) => [role, answers[role] === 200 ? 204 : answers[role]]));
    await each(signOut as Answers, (headers) => ask('DELETE', `agents/${login}/session`, headers));
  });

  it('the board: an agent is refused, a supervisor sees the groups of their own record, an administrator all', async () => {
    await each(OWN, async (headers) => ({ status: (await watch(headers)).response.statusCode ?? 0 }));
    await somebody('agent', ['north']);
    await somebody('agent', ['south']);
    const held = [await heldOrder('shop-north'), await heldOrder('shop-south')];
    const all = await boardOf((await somebody('administrator', ['north'])).headers, (board) =>
      held.every((orderId) => board.held.some((order) => order.orderId === orderId)),
    );
    expect(all.shops.map(({ shop }) => shop).sort()).toEqual(['shop-north', 'shop-south']);
    expect(all.groups.map(({ group }) => group)).toEqual(expect.arrayContaining(['north', 'south']));
    const own = await boardOf((await somebody('supervisor', ['north'])).headers);
    expect(own.groups.map(({ group }) => group)).toEqual(['north']);
    expect(own.shops.map(({ shop }) => shop)).toEqual(['shop-north']);
    expect(own.agents.length).toBeGreaterThan(0);
    expect(own.agents.every(({ groups }) => groups.includes('north'))).toBe(true);
    expect(new Set(own.held.map(({ shop }) => shop))).toEqual(new Set(['shop-north']));
  });

  it('a supervisor does nothing to an administrator, whom they share a group with', async () => {
    const { login } = await somebody('administrator', ['north']);
    const supervisor = await somebody('supervisor', ['north']);
    const told = await ask('PUT', `agents/${login}/state`, supervisor.headers, { state: 'break' });
    expect(told).toMatchObject({ status: 404, body: { code: 'agent.not_found' } });
  });
});

describe('what is done', () => {
  it('a pause stops the shop, and is seen on the board', async () => {
    const { headers } = await somebody('supervisor');
    const stream = await watch(headers);
    const isPaused = async (from: number) => {
      const { data } = await stream.next('board.now', from);
      return (data as unknown as BoardMessage).shops.find(({ shop }) => shop === 'shop-north')?.isPaused;
    };
    expect(await isPaused(0)).toBe(false);
    expect((await ask('POST', 'shops/shop-north/pause', headers)).body).toEqual({ shop: 'shop-north', isPaused: true });
    const from = stream.events.length;
    expect(await isPaused(from)).toBe(true);
    await ask('POST', 'shops/shop-north/resume', headers);
  });

  it('an agent goes on a break at once, with the reason on their screen; nobody is made ready', async () => {
    const agent = await somebody('agent');
    await test.get(AgentsService).wish(agent.agentId, 'ready');
    const { headers } = await somebody('supervisor');
    const put = (body: object) => ask('PUT', `agents/${agent.login}/state`, headers, body);
    expect(await put({ state: 'break' })).toMatchObject({ status: 200, body: { state: 'break', wanted: 'break' } });
    expect(await test.get(AgentsService).presence(agent.agentId)).toMatchObject({ reason: 'supervisor' });
    expect((await put({ state: 'break', reason: 'training' })).status).toBe(200);
    expect(await test.get(AgentsService).presence(agent.agentId)).toMatchObject({ reason: 'training' });
    expect(await put({ state: 'ready' })).toMatchObject({ status: 422, body: { errors: [{ pointer: '/state' }] } });
    expect((await put({ state: 'break', reason: '<b>' })).status).toBe(422);
    expect((await ask('DELETE', `agents/${agent.login}/session`, headers)).status).toBe(204);
    expect((await test.get(AgentsService).presence(agent.agentId)).state).toBe('offline');
    expect(await put({ state: 'break' })).toMatchObject({ status: 409, body: { code: 'agent.state_refused' } });
  });

  it('a write by cookie needs our own pages', async () => {
    const { headers } = await somebody('supervisor');
    const cookie = `dialer_session=${headers.authorization.slice('Bearer '.length)}`;
    expect((await ask('POST', 'shops/shop-north/resume', { cookie })).status).toBe(403);
    expect((await ask('POST', 'shops/shop-north/resume', { cookie, origin: test.url })).status).toBe(200);
  });
});

describe('the board', () => {
  it('counts what waits, and names orders but never buyers', async () => {
    const { headers } = await somebody('supervisor', ['south']);
    const before = (await boardOf(headers)).shops[0]?.waiting;
    const soon = new Date(Date.now() + 60_000).toISOString();
    const order = anOrder({ confirmBy: soon });
    await acceptOrder(test, 'shop-south', order);
    await acceptOrder(test, 'shop-south', anOrder({ confirmBy: new Date(Date.now() - 60_000).toISOString() }));
    await acceptOrder(test, 'shop-south', anOrder());
    const held = await heldOrder('shop-south');
    const stream = await watch(headers);
    const board = await waitFor('the orders on the board', () => {
      const last = lastBoard(stream);
      return last?.shops[0]?.waiting.due === (before?.due ?? 0) + 3 ? last : null;
    });
    expect(board.shops[0]?.waiting).toMatchObject({
      late: (before?.late ?? 0) + 1,
      atRisk: (before?.atRisk ?? 0) + 1,
      held: (before?.held ?? 0) + 1,
    });
    expect(board.urgent).toEqual(
      expect.arrayContaining([{ shop: 'shop-south', orderId: order.orderId, callBy: soon }]),
    );
    expect(board.held[0]).toMatchObject({ shop: 'shop-south', orderId: held, reason: 'system_failure' });
    const { orders } = (await administer(test, 'GET', 'orders?shop=shop-south')) as { orders: unknown[] };
    expect(orders).toHaveLength(board.shops[0]?.waiting.held ?? 0);
    const told = JSON.stringify(stream.events);
    expect(told).not.toContain(order.customer.name);
    expect(told).not.toContain(order.customer.phone);
  });

  it('shows a talk with its agent, and the last hour', async () => {
    const agent = await somebody('agent', ['south', 'default']);
    await test.get(AgentsService).wish(agent.agentId, 'ready');
    const order = anOrder();
    const orderRef = await acceptOrder(test, 'shop-south', order);
    const { callId } = await connect(test, { agentId: agent.agentId, shopId: 'shop-south', orderRef });
    const { headers } = await somebody('supervisor', ['south', 'default']);
    const stream = await watch(headers);
    const { board, call } = await waitFor('the call on the board', () => {
      const board = lastBoard(stream);
      const call = board?.calls.find((one) => one.callId === callId);
      return board === undefined || call === undefined ? null : { board, call };
    });
    expect(call).toMatchObject({ shop: 'shop-south', agent: agent.login, orderId: order.orderId });
    expect(board.agents.find(({ login }) => login === agent.login)).toMatchObject({ state: 'talking', callId });
    expect((await stream.next('board.history')).data).toMatchObject({ at: expect.any(String) });
    // Of this instant: streams are told an hour that may be some seconds old.
    const history = await test.get(BoardSource).history();
    const own = history.calls.filter(({ shop }) => shop === 'shop-south');
    const last = (of: 'live' | 'talks') => own.reduce((total, one) => total + (one[of].at(-1) ?? 0), 0);
    const live = board.calls.filter(({ shop }) => shop === 'shop-south');
    expect(last('live')).toBe(live.length);
    expect(last('talks')).toBe(live.filter(({ state }) => state === 'connected').length);
    const waiting = history.shops.find(({ shop }) => shop === 'shop-south')?.waiting ?? [];
    expect(waiting).toHaveLength(60);
  });

  it('is lost by who supervises no more, and follows another group', async () => {
    const { login, headers } = await somebody('supervisor', ['north']);
    const stream = await watch(headers);
    await stream.next('board.now');
    await administer(test, 'PUT', `agents/${login}`, { role: 'supervisor', connection: 'per_call', groups: ['south'] });
    await waitFor('the other group', () =>
      stream.events.some(
        ({ event, data }) =>
          event === 'board.now' && (data as unknown as BoardMessage).groups.every(({ group }) => group === 'south'),
      ),
    );
    await administer(test, 'PUT', `agents/${login}`, { role: 'agent', connection: 'per_call', groups: ['south'] });
    await waitFor('the end of the stream', () => stream.isClosed);
  });

  it('comes at most once a second to each of its watchers', async () => {
    const { headers } = await somebody('administrator');
    const both = [await watch(headers), await watch(headers)];
    await Promise.all(both.map((stream) => stream.next('board.now')));
    for (let i = 0; i < 6; i++) {
      await acceptOrder(test, 'shop-north', anOrder());
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
    for (const stream of both) {
      const at = stream.events.filter(({ event }) => event === 'board.now').map(({ atMs }) => atMs);
      // The first one may be shown from memory, and the next a moment later.
      const gaps = at.slice(2).map((ms, i) => ms - (at[i + 1] ?? 0));
      expect(at.length).toBeLessThanOrEqual(5);
      expect(Math.min(...gaps)).toBeGreaterThan(700);
    }
  });
});
