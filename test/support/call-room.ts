import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { Call } from '../../src/core/call/call.js';
import type { AttemptResult } from '../../src/core/call/result.js';
import type { OrderContent } from '../../src/core/order/order-card.js';
import { AgentsService } from '../../src/features/agents/agents.service.js';
import { CallWriter } from '../../src/features/calls/call-writer.js';
import { CallStore, type StoredCall } from '../../src/features/calls/call.store.js';
import { CallsService, type PlacedCall } from '../../src/features/calls/calls.service.js';
import { IntakeModule } from '../../src/features/intake/intake.module.js';
import { OrdersService } from '../../src/features/orders/orders.service.js';
import { OutcomesModule } from '../../src/features/outcomes/outcomes.module.js';
import { OutcomesService, type OutcomeInput } from '../../src/features/outcomes/outcomes.service.js';
import { ShopsService } from '../../src/features/shops/shops.service.js';
import { DestinationLanes } from '../../src/features/writeback/destination-lanes.js';
import { Transactions } from '../../src/platform/database/transaction.js';
import { startDemoShop, type DemoShop } from '../../tools/demo-shop/demo-shop.js';
import { startTestApp, type TestApp } from './app.js';
import { administer, anOrder, leadDefaultGroup } from './talk.js';
import { waitFor } from './wait.js';

const EVENTS = ['order.outcome', 'order.attempt', 'order.callback_scheduled'];
const SHOP = 'shop';

export interface KnownOrder {
  readonly orderRef: string;
  readonly orderId: string;
  readonly content: OrderContent;
}

export interface CallInTheMaking {
  readonly callId: string;
  readonly placed: PlacedCall;
  /** Writes a move of the machine as the room does; false when the call belongs to somebody else. */
  move(change: Partial<Call>): Promise<boolean>;
  ring(): Promise<boolean>;
  connect(): Promise<boolean>;
  end(result?: AttemptResult): Promise<boolean>;
}

/** The rooms up to `outcomes` on a real database, without an exchange: calls are moved through the calls room's own writing. */
export class CallRoom {
  private counter = 0;
  private epoch = 1;

  private constructor(
    readonly test: TestApp,
    readonly outside: DemoShop,
  ) {}

  static async open(shop: object = {}): Promise<CallRoom> {
    const test = await startTestApp({ modules: [OutcomesModule, IntakeModule], roles: ['api', 'worker'] });
    await leadDefaultGroup(test);
    const outside = await startDemoShop();
    const room = new CallRoom(test, outside);
    const destinations = [{ name: 'main', url: outside.destinationUrl('main'), events: EVENTS }];
    const given = (await administer(test, 'PUT', `shops/${SHOP}`, {
      name: SHOP,
      timeZone: 'Europe/Kyiv',
      callingHours: 'always',
      destinations,
      ...shop,
    })) as unknown as { apiKey: string; webhookSecret: string; destinations: { secret: string }[] };
    outside.connect({
      apiUrl: test.url,
      shop: SHOP,
      apiKey: given.apiKey,
      webhookSecret: given.webhookSecret,
      destinationSecrets: { main: given.destinations[0]!.secret },
    });
    return room;
  }

  async close(): Promise<void> {
    await this.test.close();
    await this.outside.stop();
  }

  /** Write-backs under way have come to their end, and the shop has seen no broken promise. */
  async settle(): Promise<void> {
    await this.test.get(DestinationLanes).settled();
    expect(this.outside.problems()).toEqual([]);
  }

  get transactions(): Transactions {
    return this.test.get(Transactions);
  }

  get orders(): OrdersService {
    return this.test.get(OrdersService);
  }

  get calls(): CallsService {
    return this.test.get(CallsService);
  }

  get agents(): AgentsService {
    return this.test.get(AgentsService);
  }

  sql<R = Record<string, unknown>>(text: string, parameters: unknown[] = []): Promise<R[]> {
    return this.transactions.read((tx) => tx.query(text, parameters));
  }

  async row(order: { orderRef: string }): Promise<Record<string, unknown>> {
    return (await this.sql('SELECT * FROM orders WHERE id = $1', [order.orderRef]))[0]!;
  }

  rows(orders: readonly { orderRef: string }[]): Promise<Record<string, unknown>[]> {
    return Promise.all(orders.map((order) => this.row(order)));
  }

  attempts(order: { orderRef: string }): Promise<Record<string, unknown>[]> {
    return this.sql('SELECT * FROM attempts WHERE order_ref = $1 ORDER BY number', [order.orderRef]);
  }

  phone(): string {
    return `+38067${String(2_000_000 + ++this.counter)}`;
  }

  async agent(): Promise<{ agentId: string; name: string }> {
    const login = `agent-${++this.counter}`;
    const password = 'correct horse';
    const { agentId } = await administer(this.test, 'PUT', `agents/${login}`, {
      name: 'Анна',
      password,
      connection: 'per_call',
    });
    await this.agents.signIn(login, password, 'test');
    await this.agents.wish(String(agentId), 'ready');
    return { agentId: String(agentId), name: 'Анна' };
  }

  /** An order of this buyer in the dial queue; `isScheduled` false: just accepted. */
  async order(
    phone: string,
    o: { isScheduled?: boolean; shop?: string; registeredAt?: Date } = {},
  ): Promise<KnownOrder> {
    const base = anOrder({ orderId: `A-${++this.counter}` });
    const content = { ...base, customer: { ...base.customer, phone } };
    const order = { content, orderId: content.orderId, orderRef: await this.send(content, 1, o) };
    await this.orders.schedule(order.orderRef);
    // As if its job had not come yet; the job itself would have the row locked at an instant that nobody knows.
    if (o.isScheduled === false)
      await this.sql(
        `UPDATE orders SET status = 'accepted', received_at = now() WHERE id = $1 AND status = 'scheduled'`,
        [order.orderRef],
      );
    return order;
  }

  /** Orders of one new buyer, in the order of their ids. */
  async ordersOfBuyer(count: number): Promise<KnownOrder[]> {
    const phone = this.phone();
    const orders: KnownOrder[] = [];
    for (let i = 0; i < count; i += 1) orders.push(await this.order(phone));
    return orders;
  }

  async send(content: OrderContent, version: number, o: { shop?: string; registeredAt?: Date } = {}): Promise<string> {
    const shop = await this.test.get(ShopsService).get(o.shop ?? SHOP);
    const registeredAt = o.registeredAt ?? new Date();
    const { orderRef } = await this.transactions.run((tx) =>
      this.orders.accept(
        tx,
        shop,
        { version, registeredAt, isRegisteredAtGiven: true, content },
        { traceId: 'a-trace', receivedAt: new Date() },
      ),
    );
    return orderRef;
  }

  async cancel(order: KnownOrder, version = 2): Promise<void> {
    const shop = await this.test.get(ShopsService).get(SHOP);
    await this.transactions.run((tx) =>
      this.orders.withdraw(
        tx,
        shop,
        { orderId: order.orderId, version, reason: null },
        { traceId: 'a-trace', receivedAt: new Date() },
      ),
    );
  }

  /** Plans a call for the order as the pacer does; null when it may not be placed. */
  async plan(
    order: KnownOrder,
    agent: { agentId: string } | null,
    o: { shop?: string } = {},
  ): Promise<CallInTheMaking | null> {
    const callId = randomUUID();
    const placed = await this.transactions.run(async (tx) => {
      const row = await this.orders.lock(tx, order.orderRef);
      if (row.status !== 'scheduled') return null;
      if (agent) expect(await this.agents.reserve(tx, agent.agentId, callId)).toBe(true);
      const placed = await this.calls.place(tx, {
        callId,
        shopId: o.shop ?? SHOP,
        orderRef: order.orderRef,
        groupId: 'default',
        epoch: this.epoch,
        node: 'virtual',
        trunkId: 'trunk',
        trunkEndpoint: 'PJSIP/{number}@carrier',
        callsPerSecond: 50,
        callerId: null,
        phoneHash: row.phoneHash!,
        language: 'uk',
        agent: agent && { agentId: agent.agentId, legId: `${callId}-agent`, connection: 'per_call' },
        agentEndpoint: null,
        ringSeconds: 25,
        maxTalkSeconds: 3600,
        detectsMachine: false,
        number: row.attemptsMade + 1,
        traceId: 'a-trace',
      });
      if (placed === null) {
        if (agent) await this.agents.afterCall(tx, agent.agentId, callId, 'ready');
        return null;
      }
      await this.orders.setProgress(tx, order.orderRef, 'dialing', callId);
      return placed;
    });
    return placed === null ? null : this.inTheMaking(placed);
  }

  /** Another process leads from now on, takes the live calls over, and goes on with this one. */
  async takeOver(callId: string): Promise<CallInTheMaking> {
    this.epoch += 1;
    await this.sql(`UPDATE leaders SET holder = 'another', epoch = $1 WHERE group_id = 'default'`, [this.epoch]);
    const all = await this.transactions.run((tx) => this.test.get(CallStore).adopt(tx, 'default', this.epoch));
    const stored = all.find(({ call }) => call.callId === callId);
    if (stored === undefined) throw new Error('the call is not alive');
    return this.inTheMaking({ stored, actions: [], joined: [], failures: 0 });
  }

  /** A planned call that is known to go through. */
  async call(order: KnownOrder, agent: { agentId: string } | null = null): Promise<CallInTheMaking> {
    const call = await this.plan(order, agent);
    if (call === null) throw new Error('the call was not placed');
    return call;
  }

  inTheMaking(placed: PlacedCall): CallInTheMaking {
    let stored: StoredCall = placed.stored;
    const at = new Date();
    const move = async (change: Partial<Call>): Promise<boolean> => {
      const next = { ...stored, call: { ...stored.call, ...change } as Call };
      const isSaved = await this.test
        .get(CallWriter)
        .save({ before: stored.call, stored: next, events: [] } as Parameters<CallWriter['save']>[0]);
      stored = { ...next, version: next.version + 1 };
      return isSaved;
    };
    return {
      callId: stored.call.callId,
      placed,
      move,
      ring: () => move({ state: 'ringing', dialedAt: at, ringingAt: at } as Partial<Call>),
      connect: () =>
        move({
          state: 'connected',
          dialedAt: at,
          ringingAt: at,
          answeredAt: new Date(),
          connectedAt: new Date(),
        } as Partial<Call>),
      end: (result = 'answered') =>
        move({
          state: 'ended',
          result,
          endedAt: new Date(),
          cause: 16,
          techCause: null,
          because: result === 'withdrawn' ? 'withdrawn' : 'buyer',
          dialedAt: at,
        } as Partial<Call>),
    };
  }

  /** An agent talks with the buyer of these orders; the call was placed for the first. */
  async talk(orders: readonly KnownOrder[]) {
    const agent = await this.agent();
    const call = await this.call(orders[0]!, agent);
    expect(await call.connect()).toBe(true);
    return {
      ...call,
      agent,
      say: (input: OutcomeInput) => this.test.get(OutcomesService).record(agent, call.callId, input),
      wrapUpOver: () => this.transactions.run((tx) => this.agents.endWrapUp(tx, agent.agentId, call.callId)),
    };
  }

  /** What the shop's API shows. */
  async see(order: { orderId: string }): Promise<Record<string, unknown>> {
    return (await this.outside.getOrder(order.orderId)).body as Record<string, unknown>;
  }

  heard(order: { orderId: string }) {
    return this.outside
      .deliveries()
      .filter((one) => one.orderId === order.orderId)
      .sort((a, b) => a.sequence - b.sequence);
  }

  async untilHeard(order: { orderId: string }, events: readonly string[]): Promise<void> {
    await waitFor(
      `the shop hears ${events.join(', ')}`,
      () => JSON.stringify(this.heard(order).map((one) => one.event)) === JSON.stringify(events),
      8_000,
    );
  }
}
