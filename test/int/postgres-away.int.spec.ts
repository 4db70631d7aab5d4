import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { AgentsService } from '../../src/features/agents/agents.service.js';
import { CallStore } from '../../src/features/calls/call.store.js';
import { CallsService } from '../../src/features/calls/calls.service.js';
import { connectionLost } from '../../src/platform/database/database-errors.js';
import { Transactions, type Tx } from '../../src/platform/database/transaction.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { startFaultProxy, throughProxy, type FaultProxy } from '../support/fault-proxy.js';
import { createShop, orderCreated, postOrder } from '../support/shop-client.js';
import { acceptOrder, administer, anOrder } from '../support/talk.js';
import { waitFor } from '../support/wait.js';

// The whole service on the virtual telephone network, behind a line to Postgres that fails; a second process is the test's eye on the good line.

const PASSWORD = 'correct horse';
let good: TestApp;
let line: FaultProxy;
let service: TestApp;
let number = 0;

beforeAll(async () => {
  good = await startTestApp({ roles: ['api'] });
  line = await startFaultProxy(good.databaseUrl);
  service = await startTestApp({ databaseUrl: throughProxy(good.databaseUrl, line) });
  await administer(good, 'PUT', 'trunks/main', {
    endpoint: 'PJSIP/{number}@trunk',
    maxChannels: 20,
    callsPerSecond: 50,
  });
  await administer(good, 'PUT', 'shops/talks', {
    name: 'Talks',
    timeZone: 'Europe/Kyiv',
    jurisdiction: 'demo',
    callingHours: 'always',
  });
}, 60_000);
afterEach(() => {
  vi.restoreAllMocks();
  line.mend();
});
afterAll(async () => {
  await service.close();
  await line.close();
  await good.close();
}, 60_000);

const sql = <R = Record<string, unknown>>(text: string, parameters: unknown[] = []): Promise<R[]> =>
  good.get(Transactions).read((tx) => tx.query(text, parameters));

interface Ends {
  readonly result: string;
  readonly outcome: string;
}

/** A ready agent of a new group, and the telephone number of a buyer who does what the two digits say. */
async function aCall(digits: string) {
  const login = `away-${++number}`;
  const { agentId } = await administer(good, 'PUT', `agents/${login}`, {
    password: PASSWORD,
    connection: 'persistent',
  });
  const { token } = (await (
    await fetch(`${service.url}/v1/agent/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ login, password: PASSWORD }),
    })
  ).json()) as { token: string };
  await good.get(AgentsService).wish(String(agentId), 'ready');
  await waitFor(
    'ready',
    async () => (await good.get(AgentsService).presence(String(agentId))).state === 'ready',
    15_000,
  );
  const order = anOrder();
  const phone = `+38067${String(3_000_000 + number * 100).slice(0, 5)}${digits}` as typeof order.customer.phone;
  const orderRef = await acceptOrder(good, 'talks', { ...order, customer: { ...order.customer, phone } });
  const ask = (what: string) =>
    fetch(`${service.url}/v1/agent/calls/${callId()}/${what}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(what === 'outcome' ? { body: JSON.stringify({ outcome: 'confirmed' }) } : {}),
    });
  const live = () =>
    service
      .get(CallsService)
      .liveOf('default')
      .find(({ call }) => call.agent?.agentId === agentId)?.call;
  const callId = (): string => String(live()?.callId);
  const isState = (state: string) => waitFor(state, () => live()?.state === state, 20_000);
  await isState('ringing');
  await waitFor(
    'written',
    async () => (await sql(`SELECT 1 FROM calls WHERE order_ref = $1 AND state = 'ringing'`, [orderRef])).length > 0,
  );
  const row = async () =>
    (
      await sql<Record<'planned_at' | 'dialed_at' | 'ringing_at' | 'connected_at' | 'ended_at', Date> & Ends>(
        'SELECT c.*, o.outcome FROM calls c JOIN orders o ON o.id = c.order_ref WHERE c.order_ref = $1',
        [orderRef],
      )
    )[0]!;
  return { orderRef, agentId: String(agentId), ask, live, isState, row };
}

describe('calls that are live when Postgres goes away', () => {
  it.each([
    ['is cut', () => line.cut()],
    ['falls silent', () => line.blackhole()],
  ])(
    'are connected, held and ended by the agent while the line %s, and written when it is back',
    async (_how, fail) => {
      const call = await aCall('04');
      fail();
      const awayFrom = new Date();
      await call.isState('connected');
      const talk = call.live()!;
      expect(talk.connectedAt!.getTime() - talk.answeredAt!.getTime()).toBeLessThan(1_800);
      expect((await call.ask('hold')).status).toBe(202);
      // The word belongs to the call though the database does not know yet that they talk.
      expect((await call.ask('outcome')).status).toBe(202);
      expect((await call.ask('hangup')).status).toBe(202);
      await waitFor('the end', () => call.live() === undefined || call.live()?.state === 'ended', 5_000);
      const awayUntil = new Date();
      expect((await call.row()).ended_at).toBeNull();
      line.mend();
      await waitFor('the order is final', async () => (await call.row()).outcome !== null, 20_000);
      const written = await call.row();
      expect(written).toMatchObject({ result: 'answered', outcome: 'confirmed' });
      for (const at of [written.connected_at, written.ended_at]) {
        expect(at.getTime()).toBeGreaterThanOrEqual(awayFrom.getTime());
        expect(at.getTime()).toBeLessThanOrEqual(awayUntil.getTime());
      }
      await good.get(AgentsService).wish(call.agentId, 'break', 'done');
    },
    90_000,
  );
});

/**
 * The next write that brings a call into this state is carried out, and its answer lost.
 * @param planned  done with the call in the transaction that plans it
 * @returns whether that has come about
 */
function loseAnswerAt(state: string, planned?: (tx: Tx, callId: string) => Promise<unknown>): () => boolean {
  const transactions = service.get(Transactions);
  const store = service.app.get(CallStore, { strict: false });
  const [run, insert, save] = [
    transactions.run.bind(transactions),
    store.insert.bind(store),
    store.save.bind(store),
  ] as const;
  const marked = new WeakSet<Tx>();
  let isLost = false;
  vi.spyOn(store, 'insert').mockImplementation(async (tx, plan, call, route) => {
    if (call.state === state) marked.add(tx);
    const isNew = await insert(tx, plan, call, route);
    await planned?.(tx, plan.callId);
    return isNew;
  });
  vi.spyOn(store, 'save').mockImplementation((tx, stored, events) => {
    if (stored.call.state === state) marked.add(tx);
    return save(tx, stored, events);
  });
  vi.spyOn(transactions, 'run').mockImplementation(async (work) => {
    let own: Tx | null = null;
    const result = await run((tx) => {
      own = tx;
      return work(tx);
    });
    if (isLost || own === null || !marked.has(own)) return result;
    isLost = true;
    throw connectionLost(new Error('the answer to COMMIT was lost'));
  });
  return () => isLost;
}

describe('a call of which the answer to a commit was lost', () => {
  it.each(['dialing', 'ringing', 'connected', 'ended'])(
    'at %s goes on to its outcome, and is written once',
    async (state) => {
      const isLost = loseAnswerAt(state);
      const call = await aCall('04');
      await call.isState('connected');
      expect((await call.ask('outcome')).status).toBe(200);
      expect((await call.ask('hangup')).status).toBe(202);
      await waitFor('the order is final', async () => (await call.row()).outcome !== null, 20_000);
      expect(isLost()).toBe(true);
      const row = await call.row();
      expect(row).toMatchObject({ result: 'answered', outcome: 'confirmed' });
      // The time the phone may ring begins when the order to call leaves.
      if (state === 'dialing') expect(row.dialed_at.getTime() - row.planned_at.getTime()).toBeGreaterThan(3_000);
      const written = await sql<{ kind: string; count: number }>(
        `SELECT event->>'kind' AS kind, count(*)::int AS count FROM call_events e JOIN calls c ON c.id = e.call_id
         WHERE c.order_ref = $1 AND event->>'kind' IN ('buyer.ringing', 'buyer.answered', 'buyer.bridged') GROUP BY 1 ORDER BY 1`,
        [call.orderRef],
      );
      expect(written).toEqual(['buyer.answered', 'buyer.bridged', 'buyer.ringing'].map((kind) => ({ kind, count: 1 })));
      await good.get(AgentsService).wish(call.agentId, 'break', 'done');
    },
    60_000,
  );
});

describe('a call that was planned at the very end of a leadership', () => {
  it('is run by the next leader, who could not see it when it took over', async () => {
    const isLost = loseAnswerAt('dialing', (tx, callId) =>
      tx.query('UPDATE calls SET epoch = epoch - 1 WHERE id = $1', [callId]),
    );
    const call = await aCall('04');
    expect(isLost()).toBe(true);
    await call.isState('connected');
    expect((await call.ask('outcome')).status).toBe(200);
    expect((await call.ask('hangup')).status).toBe(202);
    await waitFor('the order is final', async () => (await call.row()).outcome !== null, 20_000);
    // The ring counts from where it began.
    const { planned_at, dialed_at, ringing_at } = await call.row();
    expect(dialed_at.getTime() - planned_at.getTime()).toBeGreaterThan(2_500);
    expect(ringing_at.getTime() - dialed_at.getTime()).toBeLessThan(1_500);
    await good.get(AgentsService).wish(call.agentId, 'break', 'done');
  }, 60_000);
});

describe('a database that is far away', () => {
  it('is asked for all calls of a turn side by side', async () => {
    const agents = good.get(AgentsService);
    const people: string[] = [];
    for (let n = 0; n < 6; n++) {
      const { agentId } = await administer(good, 'PUT', `agents/far-${n}`, {
        password: PASSWORD,
        connection: 'per_call',
      });
      people.push(String(agentId));
      await agents.signIn(`far-${n}`, PASSWORD, 'test');
    }
    const orderRefs: string[] = [];
    for (let n = 0; n < 6; n++) {
      const order = anOrder();
      const phone = `+38068${String(100 + n)}0062` as typeof order.customer.phone;
      orderRefs.push(await acceptOrder(good, 'talks', { ...order, customer: { ...order.customer, phone } }));
    }
    line.delay(40);
    await Promise.all(people.map((agentId) => agents.wish(agentId, 'ready')));
    const planned = await waitFor(
      'six calls',
      async () => {
        const calls = await sql<{ at: Date }>(
          'SELECT planned_at AS at FROM calls WHERE order_ref = ANY($1::uuid[]) ORDER BY planned_at',
          [orderRefs],
        );
        return calls.length === 6 ? calls.map(({ at }) => at.getTime()) : null;
      },
      20_000,
    );
    line.mend();
    // One after the other each would be planned a few times 80 ms after the one before; those that became ready after the turn's look come with the next.
    const together = planned.map((from) => planned.filter((at) => at >= from && at - from < 60).length);
    expect(Math.max(...together)).toBeGreaterThanOrEqual(4);
    await Promise.all(people.map((agentId) => agents.wish(agentId, 'break', 'done')));
  }, 60_000);
});

describe('a commit in doubt', () => {
  it('is answered 503 with Retry-After, and the repeat finds one order, however often', async () => {
    const shop = await createShop(good, 'doubt');
    // A line of its own: nobody else commits anything on it.
    const own = await startFaultProxy(good.databaseUrl);
    const api = await startTestApp({ roles: ['api'], databaseUrl: throughProxy(good.databaseUrl, own) });
    try {
      const tries = 60;
      const before = own.counts.resets;
      let stored = 0;
      for (let n = 0; n < tries; n++) {
        const message = orderCreated();
        const id = `msg_doubt_${n}`;
        const { orderId } = message.data as { orderId: string };
        // The server has the COMMIT, and nobody hears what it said.
        own.cutAt({ words: 'COMMIT' });
        const answer = await postOrder(api, shop, message, { id });
        expect(answer.status).toBe(503);
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
        stored += (await sql('SELECT 1 FROM orders WHERE order_id = $1', [orderId])).length;
        own.mend();
        const again = await waitFor('202', async () => {
          const one = await postOrder(api, shop, message, { id });
          return one.status === 202 ? one.text() : null;
        });
        expect(await (await postOrder(api, shop, message, { id })).text()).toBe(again);
      }
      expect(own.counts.resets - before).toBeGreaterThanOrEqual(tries);
      // Some of the commits were carried out: otherwise nothing was in doubt.
      expect(stored).toBeGreaterThan(0);
      const [{ orders, messages, timelines }] = (await sql(
        `SELECT (SELECT count(*)::int FROM orders WHERE shop_id = 'doubt') AS orders,
           (SELECT count(*)::int FROM webhook_messages WHERE shop_id = 'doubt') AS messages,
           (SELECT count(*)::int FROM order_timeline WHERE shop_id = 'doubt' AND kind = 'received') AS timelines`,
      )) as [{ orders: number; messages: number; timelines: number }];
      expect({ orders, messages }).toEqual({ orders: tries, messages: tries });
      expect(timelines).toBeLessThanOrEqual(tries);
    } finally {
      await api.close();
      await own.close();
    }
  }, 120_000);
});
