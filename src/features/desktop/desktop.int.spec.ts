import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/support/app.js';
import { EventStream } from '../../../test/support/event-stream.js';
import { acceptOrder, administer, anOrder, connect, hangUp } from '../../../test/support/talk.js';
import { waitFor } from '../../../test/support/wait.js';
import { AgentsService } from '../agents/agents.service.js';
import { TALKS_CHANNEL } from '../calls/calls.events.js';
import { OrdersService } from '../orders/orders.service.js';
import { ShopsService } from '../shops/shops.service.js';
import { Notifications } from '../../platform/database/notifications.js';
import { Transactions } from '../../platform/database/transaction.js';
import { DesktopModule } from './desktop.module.js';

const PASSWORD = 'correct horse';
const PHONE_OF_OTHER = /\+380679/;
let test: TestApp;
let number = 0;
const streams: EventStream[] = [];

beforeAll(async () => {
  test = await startTestApp({ modules: [DesktopModule], roles: ['api'] });
  await administer(test, 'PUT', 'shops/demo', { name: 'Demo shop', timeZone: 'Europe/Kyiv', callingHours: 'always' });
}, 60_000);
afterEach(() => streams.splice(0).forEach((stream) => stream.close()));
afterAll(() => test.close(), 60_000);

async function ask(method: string, path: string, o: { body?: unknown; headers?: Record<string, string> } = {}) {
  const response = await fetch(`${test.url}/v1/agent/${path}`, {
    method,
    headers: { ...(o.body === undefined ? {} : { 'content-type': 'application/json' }), ...o.headers },
    ...(o.body === undefined ? {} : { body: JSON.stringify(o.body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
  };
}

async function somebody(more: object = {}) {
  const login = `desk-${++number}`;
  await administer(test, 'PUT', `agents/${login}`, { password: PASSWORD, connection: 'per_call', ...more });
  const { body } = await ask('POST', 'session', { body: { login, password: PASSWORD } });
  const bearer = { authorization: `Bearer ${String(body['token'])}` };
  const agentId = String((body['agent'] as { agentId: string }).agentId);
  return { login, agentId, bearer };
}

async function openStream(headers: Record<string, string>) {
  const stream = await EventStream.open(test.url, headers);
  streams.push(stream);
  return stream;
}

async function atTalk(order = anOrder()) {
  const agent = await somebody();
  await test.get(AgentsService).wish(agent.agentId, 'ready');
  const orderRef = await acceptOrder(test, 'demo', order);
  const talk = await connect(test, { agentId: agent.agentId, shopId: 'demo', orderRef });
  return {
    ...agent,
    ...talk,
    order,
    say: (body: unknown) => ask('POST', `calls/${talk.callId}/outcome`, { body, headers: agent.bearer }),
    talk,
  };
}

describe('a supervisor', () => {
  const watch = (callId: string, how: string, headers: Record<string, string>) =>
    fetch(`${test.url}/v1/supervisor/calls/${callId}/${how}`, { method: 'POST', headers });

  it('takes part in the talks of their groups, which the order’s history says', async () => {
    const { callId, orderRef } = (await atTalk()).talk;
    const boss = await somebody({ role: 'supervisor', connection: 'persistent' });
    expect((await watch(callId, 'listen', boss.bearer)).status).toBe(409);
    await test.get(AgentsService).legUp(boss.agentId, `agent-${boss.agentId}-1`);
    for (const how of ['listen', 'whisper', 'barge', 'leave']) {
      const answer = await watch(callId, how, boss.bearer);
      expect(answer.status).toBe(202);
      expect(await answer.json()).toEqual({ callId, asked: how });
    }
    const asked = await test
      .get(Transactions)
      .read((tx) =>
        tx.query<{ command: unknown }[]>('SELECT command FROM call_commands WHERE call_id = $1 ORDER BY id', [callId]),
      );
    expect(asked.map(({ command }) => command)).toEqual(
      ['listen', 'whisper', 'barge', null].map((mode) => ({ kind: 'watch', supervisorId: boss.agentId, mode })),
    );
    const lines = await test
      .get(Transactions)
      .read((tx) =>
        tx.query<{ data: unknown }[]>(
          `SELECT data FROM order_timeline WHERE order_ref = $1 AND kind = 'supervised' ORDER BY id`,
          [orderRef],
        ),
      );
    expect(lines[0]?.data).toEqual({ callId, by: boss.agentId, how: 'listen' });
    expect(lines).toHaveLength(4);
  });

  it('sees no talk of other groups, agents none at all, and nobody one that is over', async () => {
    const { talk, bearer } = await atTalk();
    await administer(test, 'PUT', 'groups/elsewhere', { name: 'Elsewhere' });
    const stranger = await somebody({ role: 'supervisor', connection: 'persistent', groups: ['elsewhere'] });
    await test.get(AgentsService).legUp(stranger.agentId, `agent-${stranger.agentId}-1`);
    const head = await somebody({ role: 'administrator', connection: 'persistent', groups: ['elsewhere'] });
    await test.get(AgentsService).legUp(head.agentId, `agent-${head.agentId}-1`);
    expect((await watch(talk.callId, 'listen', stranger.bearer)).status).toBe(404);
    expect((await watch(randomUUID(), 'listen', head.bearer)).status).toBe(404);
    expect((await watch('no-uuid', 'listen', head.bearer)).status).toBe(404);
    expect((await watch(talk.callId, 'listen', bearer)).status).toBe(403);
    expect((await watch(talk.callId, 'listen', {})).status).toBe(401);
    expect((await watch(talk.callId, 'listen', head.bearer)).status).toBe(202);
    await hangUp(test, talk);
    expect((await watch(talk.callId, 'listen', head.bearer)).status).toBe(409);
  });

  it('gets no calls of their own', async () => {
    const boss = await somebody({ role: 'supervisor' });
    const asked = await ask('PUT', 'state', { body: { state: 'ready' }, headers: boss.bearer });
    expect(asked).toMatchObject({ status: 409, body: { code: 'agent.state_refused' } });
    expect((await ask('PUT', 'state', { body: { state: 'break' }, headers: boss.bearer })).status).toBe(200);
  });
});

describe('the session', () => {
  it('is a strict, unreadable cookie and a token', async () => {
    const { login } = await somebody();
    const { status, headers, body } = await ask('POST', 'session', { body: { login, password: PASSWORD } });
    expect(status).toBe(201);
    expect(headers.get('set-cookie')).toMatch(
      /^dialer_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/,
    );
    expect(body).toMatchObject({ agent: { login, groups: ['default'] }, state: 'break', reason: 'signed_in' });
    const me = await ask('GET', 'session', { headers: { authorization: `Bearer ${String(body['token'])}` } });
    expect(me).toMatchObject({ status: 200, body: { agent: { login } } });
    expect((await ask('GET', 'session')).status).toBe(401);
  });

  it('refuses wrong passwords and unknown fields', async () => {
    const { login } = await somebody();
    expect((await ask('POST', 'session', { body: { login, password: 'wrong one' } })).status).toBe(401);
    const wrong = await ask('POST', 'session', { body: { login, password: PASSWORD, extra: 1 } });
    expect(wrong).toMatchObject({ status: 422, body: { errors: [{ pointer: '/extra' }] } });
  });

  it('takes writes by cookie from its own pages only; a bearer token needs no origin', async () => {
    const { login, bearer } = await somebody();
    const put = (headers: Record<string, string>) => ask('PUT', 'state', { body: { state: 'ready' }, headers });
    const signedIn = await ask('POST', 'session', {
      body: { login, password: PASSWORD },
      headers: { origin: test.url },
    });
    const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
    expect((await put(bearer)).status).toBe(401);
    expect((await put({ cookie })).status).toBe(403);
    expect((await put({ cookie, origin: 'https://evil.example' })).status).toBe(403);
    expect((await put({ cookie, origin: 'null' })).status).toBe(403);
    expect(await put({ cookie, origin: test.url })).toMatchObject({ status: 200, body: { state: 'ready' } });
    expect((await put({ authorization: `Bearer ${String(signedIn.body['token'])}` })).status).toBe(200);
    expect((await ask('GET', 'session', { headers: { cookie } })).status).toBe(200);
    const foreign = await ask('POST', 'session', {
      body: { login, password: PASSWORD },
      headers: { origin: 'https://evil.example' },
    });
    expect(foreign.status).toBe(403);
  });

  it('ends with DELETE', async () => {
    const { bearer, agentId } = await somebody();
    const { status, headers } = await ask('DELETE', 'session', { headers: bearer });
    expect(status).toBe(204);
    expect(headers.get('set-cookie')).toMatch(/Max-Age=0/);
    expect((await ask('GET', 'session', { headers: bearer })).status).toBe(401);
    expect((await test.get(AgentsService).presence(agentId)).state).toBe('offline');
  });

  it('gives way to another screen after a question only, if the page asks for that', async () => {
    const { login, bearer } = await somebody();
    const signIn = (more: object) => ask('POST', 'session', { body: { login, password: PASSWORD, ...more } });
    const stream = await openStream(bearer);
    await stream.next('agent.state');
    expect(await signIn({ takeOver: false })).toMatchObject({ status: 409, body: { code: 'session.elsewhere' } });
    expect((await ask('GET', 'session', { headers: bearer })).status).toBe(200);
    expect((await signIn({ takeOver: true })).status).toBe(201);
    expect((await stream.next('notice')).data).toMatchObject({ code: 'session.replaced' });
    expect((await signIn({})).status).toBe(201);
  });

  it('is not in the way when nobody looks at it', async () => {
    const { login } = await somebody();
    expect((await ask('POST', 'session', { body: { login, password: PASSWORD, takeOver: false } })).status).toBe(201);
  });

  it('has a phone in the browser with a password of its own, for agents whose phone is there', async () => {
    const agents = test.get(AgentsService);
    const { login, agentId, bearer } = await somebody({ endpoint: 'softphone' });
    const phoneOf = async (token: string) => {
      const agent = await agents.authenticate(token);
      return agent === null ? null : agents.phone(agent);
    };
    const first = await phoneOf(bearer.authorization.slice('Bearer '.length));
    expect(first).toMatchObject({ agentId, name: `desk-${agentId}` });
    expect(await agents.phones()).toEqual([first]);
    const again = await ask('POST', 'session', { body: { login, password: PASSWORD } });
    expect(await agents.phones()).toEqual([]);
    const token = String(again.body['token']);
    const next = await phoneOf(token);
    expect(await phoneOf(token)).toEqual(next);
    expect(next?.password).not.toBe(first?.password);
    await ask('DELETE', 'session', { headers: { authorization: `Bearer ${token}` } });
    expect(await agents.phones()).toEqual([]);
    // Without an exchange there is nothing to speak through.
    const { bearer: other } = await somebody({ endpoint: 'softphone' });
    expect((await ask('GET', 'softphone', { headers: other })).status).toBe(404);
  });

  it('counts the agent’s own day', async () => {
    const { bearer, talk, say } = await atTalk();
    expect((await say({ outcome: 'confirmed' })).status).toBe(200);
    await hangUp(test, talk);
    const { status, body } = await ask('GET', 'figures', { headers: bearer });
    expect(status).toBe(200);
    expect(body).toMatchObject({ talks: 1, confirmed: 1 });
    expect(body['averageHandlingSeconds']).toBeGreaterThanOrEqual(0);
    expect((await ask('GET', 'figures?since=yesterday', { headers: bearer })).status).toBe(422);
    const later = encodeURIComponent(new Date(Date.now() + 60_000).toISOString());
    expect((await ask('GET', `figures?since=${later}`, { headers: bearer })).body).toMatchObject({ talks: 0 });
  });

  it('checks the state that is asked for, and says that there is no softphone', async () => {
    const { bearer } = await somebody();
    const wrong = await ask('PUT', 'state', { body: { state: 'talking' }, headers: bearer });
    expect(wrong).toMatchObject({ status: 422, body: { errors: [{ pointer: '/state' }] } });
    const lunch = await ask('PUT', 'state', { body: { state: 'break', reason: 'обід' }, headers: bearer });
    expect(lunch.body).toMatchObject({ state: 'break', reason: 'обід' });
    expect((await ask('GET', 'softphone', { headers: bearer })).status).toBe(404);
  });
});

describe('several screens of one session', () => {
  it('take turns: one acts, and another one after it has said so', async () => {
    const { bearer } = await somebody();
    const [one, two] = [randomUUID(), randomUUID()];
    const stream = async (screen: string) => {
      const opened = await EventStream.open(test.url, bearer, `?screen=${screen}`);
      streams.push(opened);
      return opened;
    };
    const ready = (headers: Record<string, string>) =>
      ask('PUT', 'state', { body: { state: 'ready' }, headers: { ...bearer, ...headers } });
    const first = await stream(one);
    expect((await first.next('screen.state')).data).toEqual({ isActive: true });
    const second = await stream(two);
    expect((await second.next('screen.state')).data).toEqual({ isActive: false });
    expect(await ready({ 'x-screen': two })).toMatchObject({ status: 409, body: { code: 'screen.not_active' } });
    expect((await ready({ 'x-screen': one })).status).toBe(200);
    expect((await ask('POST', 'screen', { headers: { ...bearer, 'x-screen': 'mine' } })).status).toBe(422);
    expect((await ask('POST', 'screen', { headers: { ...bearer, 'x-screen': two } })).status).toBe(204);
    expect((await first.next('screen.state', 2)).data).toEqual({ isActive: false });
    expect((await second.next('screen.state', 2)).data).toEqual({ isActive: true });
    expect((await ready({ 'x-screen': one })).status).toBe(409);
    expect((await ready({})).status).toBe(200);
  });
});

describe('the event stream', () => {
  it('is refused without a session', async () => {
    expect((await openStream({})).response.statusCode).toBe(401);
  });

  it('begins with the present state and follows it', async () => {
    const { bearer } = await somebody();
    const stream = await openStream(bearer);
    expect(stream.response.headers['content-type']).toMatch('text/event-stream');
    expect((await stream.next('agent.state')).data).toMatchObject({
      state: 'break',
      reason: 'signed_in',
      callId: null,
    });
    expect(stream.comments.join()).toMatch(/retry: \d+/);
    await ask('PUT', 'state', { body: { state: 'ready' }, headers: bearer });
    expect((await stream.next('agent.state', 1)).data).toMatchObject({ state: 'ready' });
  });

  it('shows the whole order at the connection, and only to its agent', async () => {
    const other = await openStream((await somebody()).bearer);
    const { bearer, agentId } = await somebody();
    await test.get(AgentsService).wish(agentId, 'ready');
    const stream = await openStream(bearer);
    await stream.next('agent.state');
    const order = anOrder({ comment: '<b>after 18</b>' });
    const sameBuyer = anOrder({ customer: order.customer });
    await acceptOrder(test, 'demo', sameBuyer);
    const orderRef = await acceptOrder(test, 'demo', order);
    const talk = await connect(test, { agentId, shopId: 'demo', orderRef });
    const { data } = await stream.next('call.connected');
    expect(data).toMatchObject({
      callId: talk.callId,
      order: { orderId: order.orderId, customer: { name: 'Олена Ткач' }, comment: '<b>after 18</b>' },
      attempts: [],
      otherOrders: [{ orderId: sameBuyer.orderId, isInThisCall: true, status: 'connected' }],
      shop: { shop: 'demo', name: 'Demo shop', language: 'uk' },
      wrapUpSeconds: 45,
    });
    await hangUp(test, talk);
    expect((await stream.next('call.ended')).data).toMatchObject({
      callId: talk.callId,
      result: 'answered',
      wrapUpUntil: expect.any(String),
    });
    expect(other.events.map((event) => event.event)).toEqual(['agent.state']);
  });

  const tellTalk = (agentId: string, callId: string) =>
    test.get(Transactions).read((tx) => {
      const notice = JSON.stringify({ agentId, callId, at: new Date().toISOString() });
      return test.get(Notifications).notify(tx, TALKS_CHANNEL, notice);
    });

  it('shows the order while the beginning of the talk is still being written, and once only', async () => {
    const other = await somebody();
    const [stream, others] = [await openStream((await somebody()).bearer), await openStream(other.bearer)];
    const { bearer, agentId } = await somebody();
    await test.get(AgentsService).wish(agentId, 'ready');
    const own = await openStream(bearer);
    await own.next('agent.state');
    const order = anOrder();
    const orderRef = await acceptOrder(test, 'demo', order);
    const talk = await connect(test, { agentId, shopId: 'demo', orderRef }, async ({ callId }) => {
      await tellTalk(other.agentId, callId);
      await tellTalk(agentId, callId);
      const { data, id } = await own.next('call.connected');
      expect(data).toMatchObject({ callId, order: { orderId: order.orderId, status: 'connected' } });
      expect(id).toBeFalsy();
    });
    await hangUp(test, talk);
    await own.next('call.ended');
    expect(own.events.filter(({ event }) => event === 'call.connected')).toHaveLength(1);
    for (const { events } of [stream, others]) expect(events.map(({ event }) => event)).toEqual(['agent.state']);
  });

  it('shows the order again when the shop has changed it, or sent another, before the talk was written', async () => {
    for (const change of ['version', 'another'] as const) {
      const { bearer, agentId } = await somebody();
      await test.get(AgentsService).wish(agentId, 'ready');
      const stream = await openStream(bearer);
      await stream.next('agent.state');
      const order = anOrder();
      const orderRef = await acceptOrder(test, 'demo', order);
      const another = anOrder({ customer: order.customer });
      let seen = 0;
      const talk = await connect(test, { agentId, shopId: 'demo', orderRef }, async ({ callId }) => {
        await tellTalk(agentId, callId);
        expect((await stream.next('call.connected')).data).toMatchObject({ order: { version: 1 }, otherOrders: [] });
        seen = stream.events.length;
        if (change === 'version') await acceptOrder(test, 'demo', { ...order, comment: 'без ліфта' }, 2);
        else await acceptOrder(test, 'demo', another);
      });
      const { data, id } = await stream.next('call.connected', seen);
      expect(id).toBeTruthy();
      expect(data).toMatchObject(
        change === 'version'
          ? { order: { version: 2, comment: 'без ліфта', status: 'connected' } }
          : { order: { version: 1 }, otherOrders: [{ orderId: another.orderId }] },
      );
      await hangUp(test, talk);
    }
  });

  it('is there at once (the median of five)', async () => {
    const delaysMs: number[] = [];
    for (let i = 0; i < 5; i++) {
      const { bearer, agentId } = await somebody();
      await test.get(AgentsService).wish(agentId, 'ready');
      const stream = await openStream(bearer);
      await stream.next('agent.state');
      const orderRef = await acceptOrder(test, 'demo', anOrder());
      await connect(test, { agentId, shopId: 'demo', orderRef });
      const committedMs = performance.now();
      delaysMs.push((await stream.next('call.connected')).atMs - committedMs);
    }
    expect(delaysMs.sort((a, b) => a - b)[2]).toBeLessThan(1_000);
  });

  it('does not end its wrap-up by a wish that was meant for an earlier call', async () => {
    const { bearer, callId, talk } = await atTalk();
    await hangUp(test, talk);
    const wish = (of: unknown) => ask('PUT', 'state', { body: { state: 'ready', callId: of }, headers: bearer });
    expect(await wish(randomUUID())).toMatchObject({ status: 200, body: { state: 'wrap_up', callId } });
    expect(await wish('c-1')).toMatchObject({ status: 422, body: { errors: [{ pointer: '/callId' }] } });
    expect(await wish(callId)).toMatchObject({ status: 200, body: { state: 'ready', callId: null } });
  });

  it('goes on where it was, and shows a live call again', async () => {
    const { bearer, callId, talk } = await atTalk();
    const first = await openStream(bearer);
    const seen = await first.next('call.connected');
    first.close();
    await hangUp(test, talk);
    const second = await openStream({ ...bearer, 'last-event-id': String(seen.id) });
    expect((await second.next('call.ended')).data).toMatchObject({ callId });
    const again = await second.next('call.connected');
    expect(again.data).toMatchObject({ callId });
    expect(Number(again.id)).toBeGreaterThan(Number(seen.id));
    const states = second.events.filter((event) => event.event === 'agent.state').map((event) => event.data['state']);
    expect(states.at(-1)).toBe('wrap_up');
    const ids = second.events.map((event) => Number(event.id));
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    // A mad id is as good as none.
    expect(await (await openStream({ ...bearer, 'last-event-id': 'x' })).next('agent.state')).toBeDefined();
  });

  it('misses nothing that commits late', async () => {
    const { bearer, agentId } = await somebody();
    const stream = await openStream(bearer);
    await stream.next('agent.state');
    let release: () => void = () => undefined;
    const late = test.get(Transactions).run(async (tx) => {
      await tx.query(
        `INSERT INTO agent_events (agent_id, event, data) VALUES ($1, 'agent.state', '{"state":"late"}')`,
        [agentId],
      );
      await new Promise<void>((resolve) => {
        release = resolve;
      });
    });
    await test.get(AgentsService).wish(agentId, 'ready');
    await stream.next('agent.state', 1);
    release();
    await late;
    expect((await stream.next('agent.state', 2)).data).toEqual({ state: 'late' });
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(stream.events).toHaveLength(3);
  });

  it('tells of a new version and of a cancel while they talk', async () => {
    const { bearer, order, orderRef, callId } = await atTalk();
    const stream = await openStream(bearer);
    await stream.next('call.connected');
    await acceptOrder(test, 'demo', { ...order, comment: 'no lift' }, 2);
    expect((await stream.next('order.updated')).data).toMatchObject({
      callId,
      order: { comment: 'no lift', version: 2 },
    });
    const shop = await test.get(ShopsService).get('demo');
    await test
      .get(Transactions)
      .run((tx) =>
        test
          .get(OrdersService)
          .withdraw(
            tx,
            shop,
            { orderId: order.orderId, version: 3, reason: null },
            { traceId: 't', receivedAt: new Date() },
          ),
      );
    expect((await stream.next('order.withdrawn')).data).toEqual({ callId, orderId: order.orderId });
    expect(orderRef).toBeDefined();
  });

  it('tells of an order that the same buyer places while they talk, and of what becomes of all of them', async () => {
    const order = anOrder();
    const [joined, held] = [anOrder({ customer: order.customer }), anOrder({ customer: order.customer })];
    await acceptOrder(test, 'demo', joined);
    const heldRef = await acceptOrder(test, 'demo', held);
    const orders = test.get(OrdersService);
    await test.get(Transactions).run((tx) => orders.hold(tx, heldRef, 'three failures'));
    const { bearer, callId, say, talk } = await atTalk(order);
    const stream = await openStream(bearer);
    const { data } = await stream.next('call.connected');
    expect(data).toMatchObject({
      order: { orderId: order.orderId },
      otherOrders: [
        { orderId: joined.orderId, isInThisCall: true },
        { orderId: held.orderId, isInThisCall: false },
      ],
    });
    const late = anOrder({ customer: order.customer, comment: 'і ще одне' });
    await acceptOrder(test, 'demo', late);
    expect((await stream.next('order.arrived')).data).toMatchObject({
      callId,
      order: { orderId: late.orderId, comment: 'і ще одне', isInThisCall: false },
    });
    await acceptOrder(test, 'demo', { ...joined, comment: 'без ліфта' }, 2);
    expect((await stream.next('order.updated')).data).toMatchObject({ callId, order: { orderId: joined.orderId } });
    await hangUp(test, talk);
    const { status } = await say({ outcome: 'confirmed', orders: [{ orderId: late.orderId, outcome: 'declined' }] });
    expect(status).toBe(200);
    const again = await openStream(bearer);
    expect((await again.next('call.connected')).data).toMatchObject({
      order: { outcome: 'confirmed' },
      otherOrders: [
        { orderId: joined.orderId, isInThisCall: true, outcome: 'confirmed' },
        { orderId: late.orderId, isInThisCall: true, outcome: 'declined' },
        { orderId: held.orderId, isInThisCall: false, outcome: null },
      ],
    });
  });

  it('ends within 5 s of the switch-off, with a word', async () => {
    const { bearer, login } = await somebody();
    const stream = await openStream(bearer);
    await stream.next('agent.state');
    const start = performance.now();
    await administer(test, 'PUT', `agents/${login}`, { connection: 'per_call', isEnabled: false });
    expect((await stream.next('notice')).data).toMatchObject({ code: 'session.switched_off' });
    await waitFor('the stream is closed', () => stream.isClosed);
    expect(performance.now() - start).toBeLessThan(5_000);
    expect((await ask('GET', 'session', { headers: bearer })).status).toBe(401);
  });

  it('ends when the agent signs in elsewhere, and only there', async () => {
    const { bearer, login } = await somebody();
    const old = await openStream(bearer);
    await old.next('agent.state');
    const { body } = await ask('POST', 'session', { body: { login, password: PASSWORD } });
    const fresh = await openStream({ authorization: `Bearer ${String(body['token'])}` });
    expect((await old.next('notice')).data).toMatchObject({ code: 'session.replaced' });
    await fresh.next('agent.state');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(fresh.isClosed).toBe(false);
  });

  it('closes a session that ended without a word', async () => {
    const { bearer, agentId } = await somebody();
    const stream = await openStream(bearer);
    await stream.next('agent.state');
    await test
      .get(Transactions)
      .run((tx) => tx.query(`UPDATE agent_sessions SET ended_at = now() WHERE agent_id = $1`, [agentId]));
    expect((await stream.next('notice')).data).toMatchObject({ code: 'session.expired' });
  });

  it('keeps no personal data on the tape', async () => {
    await atTalk(anOrder({ comment: 'Олена' }));
    const rows = await test
      .get(Transactions)
      .read((tx) => tx.query<{ data: unknown }[]>('SELECT data FROM agent_events'));
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toMatch(/\+380|Олена|Ткач|Хрещатик/);
    expect(PHONE_OF_OTHER.test(test.logLines.join())).toBe(false);
  });
});

describe('the call in hand', () => {
  it('does not exist for another agent', async () => {
    const { callId } = await atTalk();
    const { bearer } = await somebody();
    for (const path of ['outcome', 'hangup', 'hold', 'unhold', 'transfer']) {
      for (const id of [callId, randomUUID(), 'no-uuid']) {
        const bodies: Record<string, unknown> = {
          outcome: { outcome: 'confirmed' },
          transfer: { to: { senior: true }, mode: 'warm' },
        };
        const { status, body: problem } = await ask('POST', `calls/${id}/${path}`, {
          body: bodies[path],
          headers: bearer,
        });
        expect([status, problem['code']], `${path} ${id}`).toEqual([404, 'call.not_found']);
      }
    }
  });

  it('is hung up and held by a command to whoever runs it', async () => {
    const { callId, bearer, talk } = await atTalk();
    for (const path of ['hold', 'unhold', 'hangup']) {
      expect((await ask('POST', `calls/${callId}/${path}`, { headers: bearer })).status).toBe(202);
    }
    const rows = await test
      .get(Transactions)
      .read((tx) =>
        tx.query<{ kind: string }[]>(
          `SELECT command->>'kind' AS kind FROM call_commands WHERE call_id = $1 ORDER BY id`,
          [callId],
        ),
      );
    expect(rows.map((row) => row.kind)).toEqual(['hold', 'unhold', 'agent_hangup']);
    expect(await ask('POST', `calls/${callId}/transfer`, { headers: bearer })).toMatchObject({ status: 422 });
    await hangUp(test, talk);
    expect(await ask('POST', `calls/${callId}/hangup`, { headers: bearer })).toMatchObject({
      status: 409,
      body: { code: 'call.closed' },
    });
  });

  it.each([
    ['an unknown word', { outcome: 'maybe' }, '/outcome'],
    ['an unknown field', { outcome: 'confirmed', extra: 1 }, '/extra'],
    ['changes without any', { outcome: 'changed' }, '/changes'],
    ['an unknown change', { outcome: 'changed', changes: { total: '1' } }, '/changes/total'],
    ['a wrong slot', { outcome: 'changed', changes: { delivery: { slot: 'tomorrow' } } }, '/changes/delivery/slot'],
    ['a callback without its time', { outcome: 'callback' }, '/callbackAt'],
    ['a callback in the past', { outcome: 'callback', callbackAt: '2020-01-01T10:00:00Z' }, '/callbackAt'],
    [
      'a callback in a year',
      { outcome: 'callback', callbackAt: new Date(Date.now() + 365 * 86_400_000).toISOString() },
      '/callbackAt',
    ],
    ['a time without a zone', { outcome: 'callback', callbackAt: '2030-01-01T10:00' }, '/callbackAt'],
    [
      'an unknown colleague',
      { outcome: 'callback', callbackAt: new Date(Date.now() + 86_400_000).toISOString(), callbackAgent: 'boss' },
      '/callbackAgent',
    ],
    ['orders that are no list', { outcome: 'confirmed', orders: { orderId: 'A-1' } }, '/orders'],
    ['an order without its number', { outcome: 'confirmed', orders: [{ outcome: 'confirmed' }] }, '/orders/0/orderId'],
    ['an order without a word', { outcome: 'confirmed', orders: [{ orderId: 'A-1' }] }, '/orders/0/outcome'],
    [
      "somebody else's order",
      { outcome: 'confirmed', orders: [{ orderId: 'A-1', outcome: 'declined' }] },
      '/orders/0/orderId',
    ],
    [
      'more orders than a call can hold',
      {
        outcome: 'confirmed',
        orders: Array.from({ length: 51 }, (_, i) => ({ orderId: `A-${i}`, outcome: 'declined' })),
      },
      '/orders',
    ],
    [
      'an unknown field of an order',
      { outcome: 'confirmed', orders: [{ orderId: 'A-1', outcome: 'declined', price: 1 }] },
      '/orders/0/price',
    ],
  ])('refuses %s', async (_name, body, pointer) => {
    const { say } = await atTalk();
    const { status, body: problem } = await say(body);
    expect(status).toBe(422);
    expect((problem['errors'] as { pointer: string }[]).map((error) => error.pointer)).toContain(pointer);
  });

  it('takes an outcome, the same again, a correction, and nothing after the wrap-up', async () => {
    const { say, talk, bearer, order } = await atTalk();
    const confirmed = { outcome: 'confirmed', note: 'ok' };
    expect(await say(confirmed)).toMatchObject({ status: 200, body: { orderId: order.orderId } });
    expect((await say(confirmed)).status).toBe(200);
    await hangUp(test, talk);
    const changes = { delivery: { address: 'вул. Хрещатик, 2' } };
    expect(await say({ outcome: 'changed', changes })).toMatchObject({ status: 200, body: { outcome: 'changed' } });
    expect((await ask('PUT', 'state', { body: { state: 'ready' }, headers: bearer })).body).toMatchObject({
      state: 'ready',
    });
    expect(await say({ outcome: 'declined' })).toMatchObject({ status: 409, body: { code: 'call.closed' } });
  });

  it('shows each screen of the agent the last word of each order', async () => {
    const { say, bearer, talk } = await atTalk();
    expect((await (await openStream(bearer)).next('call.connected')).data).toMatchObject({ said: [] });
    const callbackAt = new Date(Date.now() + 7_200_000).toISOString();
    await say({ outcome: 'callback', callbackAt, callbackAgent: 'me', note: 'after two' });
    const { body } = await say({ outcome: 'callback', callbackAt, callbackAgent: 'me', note: 'after three' });
    const said = [
      {
        id: expect.any(String),
        orderRef: talk.orderRef,
        outcome: 'callback',
        changes: null,
        callbackAt,
        callbackAgent: 'me',
        note: 'after three',
      },
    ];
    expect(body['said']).toEqual(said);
    expect((await (await openStream(bearer)).next('call.connected')).data).toMatchObject({ said });
  });

  it('is on the screen no more when the wrap-up has ended', async () => {
    const { talk, bearer, say } = await atTalk();
    await say({ outcome: 'confirmed' });
    await hangUp(test, talk);
    await ask('PUT', 'state', { body: { state: 'ready' }, headers: bearer });
    const stream = await openStream(bearer);
    expect((await stream.next('agent.state')).data).toMatchObject({ state: 'ready', callId: null });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(stream.events.map((event) => event.event)).not.toContain('call.connected');
  });
});

describe('the page', () => {
  it('is served with its files, and allows nothing inline or foreign', async () => {
    const page = await fetch(`${test.url}/desktop/`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'.*script-src 'self'/);
    const html = await page.text();
    expect(html).not.toMatch(/<script>|<style|style=|onclick=|https?:/);
    for (const file of [...html.matchAll(/(?:href|src)="([\w.-]+)"/g)].map((match) => match[1])) {
      expect((await fetch(`${test.url}/desktop/${file}`)).status, file).toBe(200);
    }
    expect((await fetch(`${test.url}/desktop`, { redirect: 'manual' })).status).toBeGreaterThanOrEqual(300);
    expect((await fetch(`${test.url}/desktop/nothing.js`)).status).toBe(404);
  });
});
