import { randomBytes, randomUUID } from 'node:crypto';
import type { OrderContent } from '../../src/core/order/order-card.js';
import { AgentsService } from '../../src/features/agents/agents.service.js';
import { callConnected, callEnded } from '../../src/features/calls/calls.events.js';
import { CallsService } from '../../src/features/calls/calls.service.js';
import { OrderCards, OrdersService } from '../../src/features/orders/orders.service.js';
import { ShopsService } from '../../src/features/shops/shops.service.js';
import { Vault } from '../../src/platform/auth/vault.js';
import { Transactions } from '../../src/platform/database/transaction.js';
import { Events } from '../../src/platform/outbox/events.js';
import { ADMIN_TOKEN, type TestApp } from './app.js';

let numbers = 0;

/** Asks the administrator's API; fails on a refusal. */
export async function administer(
  test: TestApp,
  method: string,
  path: string,
  body?: unknown,
): Promise<Record<string, unknown>> {
  const response = await fetch(`${test.url}/v1/admin/${path}`, {
    method,
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as Record<string, unknown>;
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}

/** What a shop says of an order, with everything a screen can show. */
export function anOrder(more: Partial<OrderContent> = {}): OrderContent {
  numbers += 1;
  return {
    orderId: `A-${1000 + numbers}`,
    customer: {
      name: 'Олена Ткач',
      phone: `+38067${String(1_000_000 + numbers)}` as OrderContent['customer']['phone'],
      language: 'uk',
      timeZone: 'Europe/Kyiv',
      email: null,
    },
    items: [{ sku: 'TV-55', name: 'Телевізор 55"', quantity: 1, unitPrice: '15999.00', group: 'electronics' }],
    total: { amount: '15999.00', currency: 'UAH' },
    payment: { method: 'cash_on_delivery', paid: false },
    delivery: {
      method: 'courier',
      city: 'Київ',
      address: 'вул. Хрещатик, 1',
      pickupPoint: null,
      slot: '2026-11-23T10:00:00+02:00/2026-11-23T12:00:00+02:00',
    },
    source: { channel: 'web', campaign: null },
    priority: 0,
    confirmBy: null,
    comment: null,
    metadata: {},
    ...more,
  };
}

/** Stores a shop's order (or a newer version of it) as the intake does. */
export async function acceptOrder(test: TestApp, shopId: string, content: OrderContent, version = 1): Promise<string> {
  const shop = await test.get(ShopsService).get(shopId);
  const registeredAt = new Date();
  const on = { traceId: randomBytes(16).toString('hex'), receivedAt: registeredAt };
  const input = { version, registeredAt, isRegisteredAtGiven: true, content };
  const orders = test.get(OrdersService);
  const { orderRef } = await test.get(Transactions).run((tx) => orders.accept(tx, shop, input, on));
  if (version === 1) await orders.schedule(orderRef);
  return orderRef;
}

export interface Talk {
  readonly callId: string;
  readonly shopId: string;
  readonly orderRef: string;
  readonly agentId: string;
  readonly traceId: string;
}

/** Makes somebody the leader of the default group in epoch 1, so that calls of that epoch may be placed without a dialer. */
export async function leadDefaultGroup(test: TestApp): Promise<void> {
  await test.get(Transactions).run((tx) =>
    tx.query(
      `INSERT INTO leaders (group_id, holder, epoch, expires_at) VALUES ('default', 'a test', 1, now() + interval '1 day')
         ON CONFLICT DO NOTHING`,
    ),
  );
}

/**
 * Connects a ready agent with the buyer of an order, as the calls room does, without a telephone exchange.
 * @param unwritten  runs while they hear each other and nothing of it is written yet
 */
export async function connect(
  test: TestApp,
  at: { agentId: string; shopId: string; orderRef: string },
  unwritten: (talk: Talk) => Promise<void> = () => Promise.resolve(),
): Promise<Talk> {
  const { agentId, orderRef } = at;
  const [agents, calls, orders] = [test.get(AgentsService), test.get(CallsService), test.get(OrdersService)];
  const talk: Talk = { ...at, callId: randomUUID(), traceId: randomBytes(16).toString('hex') };
  const phoneHash = test.get(Vault).phoneHash(await test.get(OrderCards).phone(orderRef));
  await leadDefaultGroup(test);
  const joined = await test.get(Transactions).run(async (tx) => {
    if (!(await agents.reserve(tx, agentId, talk.callId))) throw new Error('the agent is not ready');
    const row = await orders.lock(tx, orderRef);
    const placed = await calls.place(tx, {
      ...talk,
      groupId: 'default',
      epoch: 1,
      node: 'main',
      trunkId: 'main',
      trunkEndpoint: 'PJSIP/{number}@trunk',
      callsPerSecond: 50,
      callerId: null,
      phoneHash,
      language: 'uk',
      agent: { agentId, legId: `agent-${agentId}-1`, connection: 'persistent' },
      agentEndpoint: null,
      ringSeconds: 25,
      maxTalkSeconds: 3600,
      detectsMachine: false,
      number: row.attemptsMade + 1,
    });
    if (!placed) throw new Error('the order has a live call already');
    await orders.setProgress(tx, orderRef, 'dialing', talk.callId);
    return placed.joined;
  });
  await unwritten(talk);
  await test.get(Transactions).run(async (tx) => {
    for (const one of [orderRef, ...joined]) await orders.setProgress(tx, one, 'connected', talk.callId);
    const at = new Date();
    await setMachine(tx, talk.callId, { state: 'connected', answeredAt: at, connectedAt: at });
    await agents.toTalking(tx, agentId, talk.callId);
    await test.get(Events).publish(tx, callConnected, { ...talk, at });
  });
  return talk;
}

/** The buyer hangs up. */
export async function hangUp(test: TestApp, talk: Talk): Promise<void> {
  await test.get(Transactions).run(async (tx) => {
    const endedAt = new Date();
    await setMachine(tx, talk.callId, {
      state: 'ended',
      result: 'answered',
      cause: 16,
      techCause: null,
      endedAt,
      because: 'buyer',
    });
    await tx.query(`UPDATE calls SET result = 'answered', ended_at = $2 WHERE id = $1`, [talk.callId, endedAt]);
    await tx.query(`UPDATE attempts SET result = 'answered', ended_at = $2 WHERE call_id = $1`, [talk.callId, endedAt]);
    await test.get(AgentsService).afterCall(tx, talk.agentId, talk.callId, 'wrap_up');
    await test.get(Events).publish(tx, callEnded, {
      ...talk,
      result: 'answered',
      wasConnected: true,
      wasAgentLost: false,
      endedAt,
      number: 1,
      hangupCause: 16,
      techCause: null,
    });
  });
}

async function setMachine(
  tx: Parameters<Parameters<Transactions['run']>[0]>[0],
  callId: string,
  change: object,
): Promise<void> {
  const fields = change as { state: string; connectedAt?: Date };
  await tx.query(
    `UPDATE calls SET state = $2, machine = jsonb_set(machine, '{call}', (machine->'call') || $3::jsonb),
       answered_at = coalesce($4, answered_at), connected_at = coalesce($4, connected_at)
     WHERE id = $1`,
    [callId, fields.state, JSON.stringify(change), fields.connectedAt ?? null],
  );
}
