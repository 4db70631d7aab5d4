import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, startTestApp, type TestApp } from '../support/app.js';
import type { Call } from '../../src/core/call/call.js';
import { decide, planCall } from '../../src/core/call/decide-call.js';
import { afterCommit, Transactions, type Tx } from '../../src/platform/database/transaction.js';
import { Events } from '../../src/platform/outbox/events.js';
import { AgentsService } from '../../src/features/agents/agents.service.js';
import { CallStore, reviveCall } from '../../src/features/calls/call.store.js';
import { callEnded } from '../../src/features/calls/calls.events.js';
import { CallsModule } from '../../src/features/calls/calls.module.js';
import { CallsService } from '../../src/features/calls/calls.service.js';
import { OrdersService } from '../../src/features/orders/orders.service.js';
import { ShopsService } from '../../src/features/shops/shops.service.js';
import { WritebackModule } from '../../src/features/writeback/writeback.module.js';
import { DialingModule } from '../../src/features/dialing/dialing.module.js';

// Rooms up to `dialing`, on real Postgres and Redis and the virtual telephone network in real time.

let test: TestApp;
let transactions: Transactions;
const ended: { callId: string; result: string; wasConnected: boolean; agentId: string | null }[] = [];

/** Calls whose end everybody can see. */
const committed = new Set<string>();

beforeAll(async () => {
  test = await startTestApp({ modules: [CallsModule, DialingModule, WritebackModule] });
  transactions = test.get(Transactions);
  test.get(Events).on(callEnded, async (tx, fact) => {
    ended.push(fact);
    afterCommit(tx, () => committed.add(fact.callId));
    // Room `outcomes` does this; here the order just leaves the queue.
    await test.get(OrdersService).finish(tx, fact.orderRef, { outcome: 'unreachable' });
  });
  await put('trunks/main', { endpoint: 'PJSIP/{number}@trunk', maxChannels: 20, callsPerSecond: 50 });
  await put('shops/s1', {
    name: 'S',
    timeZone: 'Europe/Kyiv',
    jurisdiction: 'demo',
    callingHours: 'always',
    ringSeconds: 15,
  });
}, 60_000);
afterAll(() => test.close());

async function put(path: string, body: object): Promise<Record<string, string>> {
  const response = await fetch(`${test.url}/v1/admin/${path}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as Record<string, string>;
  expect(response.status, JSON.stringify(answer) + test.logLines.slice(-3).join('')).toBeLessThan(300);
  return answer;
}

let people = 0;
async function anAgent(connection: 'persistent' | 'per_call', phone?: string) {
  const login = `a${++people}`;
  const { agentId = '' } = await put(`agents/${login}`, {
    password: 'correct horse',
    connection,
    endpoint: `PJSIP/${phone ?? `agent-${login}`}`,
    groups: ['default'],
  });
  const agents = test.get(AgentsService);
  await agents.signIn(login, 'correct horse', 'test');
  await agents.wish(agentId, 'ready');
  await until(async () => (await agents.presence(agentId)).state === 'ready', `${login} ready`);
  return { agentId, presence: () => agents.presence(agentId), leave: () => agents.wish(agentId, 'break', 'done') };
}

let numbers = 1_000_000 + (randomBytes(2).readUInt16BE() % 50_000) * 100;
async function anOrder(ending: string): Promise<string> {
  numbers += 100;
  const phone = `+38067${String(numbers).slice(0, 5)}${ending}`;
  const shop = await test.get(ShopsService).get('s1');
  const orders = test.get(OrdersService);
  const { orderRef } = await transactions.run((tx: Tx) =>
    orders.accept(
      tx,
      shop,
      {
        version: 1,
        registeredAt: new Date(),
        isRegisteredAtGiven: true,
        content: {
          orderId: `O-${numbers}`,
          customer: { name: 'Test', phone, language: 'uk', timeZone: null, email: null },
          items: [],
          total: { amount: '10.00', currency: 'UAH' },
          payment: { method: null, paid: null },
          delivery: { method: null, city: null, address: null, pickupPoint: null, slot: null },
          source: { channel: null, campaign: null },
          priority: 0,
          confirmBy: null,
          comment: null,
          metadata: {},
        },
      } as Parameters<OrdersService['accept']>[2],
      { traceId: randomBytes(16).toString('hex'), receivedAt: new Date() },
    ),
  );
  await orders.schedule(orderRef);
  return orderRef;
}

async function until(isSo: () => Promise<boolean>, what: string, timeoutMs = 12_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await isSo())) {
    if (Date.now() > deadline)
      throw new Error(`${what}: not within ${timeoutMs} ms\n${test.logLines.slice(-15).join('')}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

const orderStatus = (orderRef: string) =>
  transactions.read(async (tx) => {
    const rows: { status: string; live_call_id: string }[] = await tx.query(
      'SELECT status, live_call_id FROM orders WHERE id = $1',
      [orderRef],
    );
    return rows[0] ?? { status: '', live_call_id: '' };
  });
const endOf = (callId: string) => (committed.has(callId) ? ended.find((fact) => fact.callId === callId) : undefined);

describe('from the queue to the talk', () => {
  it('reserves an agent, rings, connects, and ends with the agent in wrap-up; the events replay to the stored state', async () => {
    const anna = await anAgent('persistent');
    const orderRef = await anOrder('01');
    await until(async () => (await orderStatus(orderRef)).status === 'connected', 'connected');
    const callId = (await orderStatus(orderRef)).live_call_id;
    expect(await anna.presence()).toMatchObject({ state: 'talking', callId });
    await transactions.run((tx) => test.get(CallsService).request(tx, callId, { kind: 'agent_hangup' }));
    await until(async () => endOf(callId) !== undefined, 'ended');
    expect(endOf(callId)).toMatchObject({ result: 'answered', wasConnected: true, agentId: anna.agentId });
    expect(await anna.presence()).toMatchObject({ state: 'wrap_up', callId });
    await replay(callId);
    await anna.leave();
  });

  it('rings the phone of a per-call agent before the buyer', async () => {
    const borys = await anAgent('per_call');
    const orderRef = await anOrder('01');
    await until(async () => (await orderStatus(orderRef)).status === 'connected', 'connected');
    const callId = (await orderStatus(orderRef)).live_call_id;
    await transactions.run((tx) => test.get(CallsService).request(tx, callId, { kind: 'agent_hangup' }));
    await until(async () => endOf(callId) !== undefined, 'ended');
    expect(endOf(callId)).toMatchObject({ result: 'answered', agentId: borys.agentId });
    await replay(callId);
    await borys.leave();
  });

  it('an agent whose phone declines goes to break, and the buyer is not called', async () => {
    const vira = await anAgent('per_call', 'agent-reject-1');
    const orderRef = await anOrder('01');
    await until(async () => (await vira.presence()).state === 'break', 'break');
    expect(await vira.presence()).toMatchObject({ reason: 'not_responding' });
    const rows: { first_call_at: Date | null }[] = await transactions.read((tx) =>
      tx.query('SELECT first_call_at FROM orders WHERE id = $1', [orderRef]),
    );
    expect(rows[0]?.first_call_at).toBeNull();
  });

  it.each([
    ['60', 'busy'],
    ['61', 'rejected'],
    ['63', 'invalid_number'],
    ['64', 'carrier_failure'],
    ['73', 'unobtainable'],
  ])('a buyer …%s is %s, and the agent is free again', async (ending, result) => {
    const anna = await anAgent('persistent');
    const orderRef = await anOrder(ending);
    await until(async () => (await orderStatus(orderRef)).status === 'final', 'final');
    expect(ended.at(-1)).toMatchObject({ result, wasConnected: false });
    await until(async () => (await anna.presence()).state === 'ready', 'ready again');
    await anna.leave();
  });

  it('a withdrawn order stops ringing within a second', async () => {
    const anna = await anAgent('persistent');
    const orderRef = await anOrder('72');
    await until(async () => (await orderStatus(orderRef)).status === 'ringing', 'ringing');
    const shop = await test.get(ShopsService).get('s1');
    const askedAt = Date.now();
    await transactions.run(async (tx) => {
      const rows: { order_id: string }[] = await tx.query('SELECT order_id FROM orders WHERE id = $1', [orderRef]);
      await test
        .get(OrdersService)
        .withdraw(
          tx,
          shop,
          { orderId: rows[0]?.order_id ?? '', version: 2, reason: null },
          { traceId: 't', receivedAt: new Date() },
        );
    });
    await until(async () => (await orderStatus(orderRef)).status === 'final', 'final');
    expect(Date.now() - askedAt).toBeLessThan(1_000);
    expect(ended.at(-1)).toMatchObject({ result: 'withdrawn' });
    await anna.leave();
  });

  it('no more calls than the shop wants at once', async () => {
    await put('shops/s1', {
      name: 'S',
      timeZone: 'Europe/Kyiv',
      jurisdiction: 'demo',
      callingHours: 'always',
      ringSeconds: 15,
      maxConcurrentCalls: 1,
    });
    const people = [await anAgent('persistent'), await anAgent('persistent')];
    const refs = [await anOrder('72'), await anOrder('72')];
    const live = () =>
      transactions.read(async (tx) => {
        const rows: { n: number }[] = await tx.query('SELECT count(*)::int AS n FROM calls WHERE ended_at IS NULL');
        return rows[0]?.n ?? 0;
      });
    await until(async () => (await live()) === 1, 'one call');
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(await live()).toBe(1);
    for (const orderRef of refs) {
      const { live_call_id: callId } = await orderStatus(orderRef);
      await transactions.run((tx) =>
        test
          .get(OrdersService)
          .finish(tx, orderRef, { outcome: 'failed' })
          .then(() => undefined),
      );
      if (callId) await transactions.run((tx) => test.get(CallsService).request(tx, callId, { kind: 'withdraw' }));
    }
    await until(async () => (await live()) === 0, 'ended');
    await put('shops/s1', {
      name: 'S',
      timeZone: 'Europe/Kyiv',
      jurisdiction: 'demo',
      callingHours: 'always',
      ringSeconds: 15,
    });
    for (const one of people) await one.leave();
  });

  it('a leader whose epoch is over places nothing', async () => {
    const orderRef = await anOrder('01');
    const row = await transactions.run((tx) => test.get(OrdersService).lock(tx, orderRef));
    const plan = {
      callId: randomUUID(),
      shopId: 's1',
      orderRef,
      groupId: 'default',
      epoch: 0,
      node: 'main',
      trunkId: 'main',
      trunkEndpoint: 'PJSIP/{number}@trunk',
      callsPerSecond: 50,
      callerId: null,
      phoneHash: row.phoneHash ?? Buffer.alloc(0),
      language: 'uk',
      agent: null,
      agentEndpoint: null,
      ringSeconds: 15,
      maxTalkSeconds: 60,
      detectsMachine: false,
      number: 1,
      traceId: row.traceId,
    };
    expect(await transactions.run((tx) => test.get(CallsService).place(tx, plan))).toBeNull();
    // Nor does it write what became of its calls, also before the next leader has taken them over. Nothing of this is kept.
    const undone = new Error('rolled back');
    const trial = transactions.run(async (tx) => {
      const [leader]: { epoch: string }[] = await tx.query(`SELECT epoch FROM leaders WHERE group_id = 'default'`);
      const placed = await test.get(CallsService).place(tx, { ...plan, epoch: Number(leader?.epoch) });
      if (placed === null) throw new Error('the leader itself was refused');
      const store = test.get(CallStore);
      const { stored } = placed;
      expect(await store.save(tx, stored, [])).toBe(orderRef);
      await tx.query(`UPDATE leaders SET epoch = epoch + 1 WHERE group_id = 'default'`);
      expect(await store.save(tx, { ...stored, version: stored.version + 1 }, [])).toBeNull();
      throw undone;
    });
    await expect(trial).rejects.toBe(undone);
    await transactions.run((tx) =>
      test
        .get(OrdersService)
        .finish(tx, orderRef, { outcome: 'failed' })
        .then(() => undefined),
    );
  });

  it('nobody is called while no agent is ready, and the decision says why', async () => {
    const orderRef = await anOrder('01');
    const read = async () => {
      const response = await fetch(`${test.url}/v1/admin/groups/default/pacing`, {
        headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
      });
      return (await response.json()) as { reason: string; load: { ordersDue: number } };
    };
    await until(async () => (await read()).reason === 'no_agent', 'explained');
    expect((await orderStatus(orderRef)).status).toBe('scheduled');
    await transactions.run((tx) =>
      test
        .get(OrdersService)
        .finish(tx, orderRef, { outcome: 'failed' })
        .then(() => undefined),
    );
  });
});

async function replay(callId: string): Promise<void> {
  const [stored, events] = await transactions.read(async (tx) => {
    const rows: Parameters<typeof reviveCall>[0][] = await tx.query(
      'SELECT machine, version FROM calls WHERE id = $1',
      [callId],
    );
    if (rows[0] === undefined) throw new Error('no such call');
    return [reviveCall(rows[0]), await test.get(CallsService).history(tx, callId)] as const;
  });
  const last = stored.call;
  const { ringSeconds, maxTalkSeconds, detectsMachine, agent } = last;
  let call: Call = planCall({ callId, ringSeconds, maxTalkSeconds, detectsMachine, agent }, last.plannedAt).call;
  for (const { at, event } of events) {
    const decision = decide(call, event, at);
    if ('call' in decision) call = decision.call;
  }
  expect(JSON.parse(JSON.stringify(call))).toEqual(JSON.parse(JSON.stringify(last)));
}
