import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CallOrders } from '../../src/features/calls/call-orders.js';
import { OutcomesService } from '../../src/features/outcomes/outcomes.service.js';
import { DialerError } from '../../src/core/shared/errors.js';
import { CallRoom, type CallInTheMaking, type KnownOrder } from '../support/call-room.js';
import { administer } from '../support/talk.js';
import { patiently } from '../support/wait.js';

// Several orders in one call while shop, agent, dialer and a second dialer act at the same moment.

const ROUNDS = 12;
let room: CallRoom;
let chance = 0;
beforeAll(async () => {
  room = await CallRoom.open();
}, 120_000);
afterEach(async () => {
  await checkBooks();
  await room.settle();
});
afterAll(() => room.close(), 60_000);

/** Seeded, so that a failure comes again. */
function random(): number {
  chance = (Math.imul(chance + 0x6d2b79f5, 0x2c1b3c6d) + 12_345) >>> 0;
  return chance / 4_294_967_296;
}

const release = (callId: string) => room.test.get(CallOrders).release(callId);
const pause = () => new Promise((resolve) => setTimeout(resolve, random() * 12));

/** A step that meets others: what was refused because somebody else was first, or because they were too busy, is no fault. */
async function at(step: () => Promise<unknown>): Promise<unknown> {
  await pause();
  try {
    return await patiently(step);
  } catch (error) {
    if (!(error instanceof DialerError)) throw error;
    return error.code;
  }
}

/** What must be true of orders, attempts and calls at any instant. */
async function checkBooks(): Promise<void> {
  const none = async (what: string, text: string) => expect(await room.sql(text), what).toEqual([]);
  await none(
    'orders that follow a call which is over, beyond its wrap-up',
    `SELECT o.order_id, o.status FROM orders o JOIN calls c ON c.id = o.live_call_id
     WHERE c.ended_at IS NOT NULL AND NOT (o.status = 'wrap_up'
       AND EXISTS (SELECT 1 FROM agent_presence p WHERE p.call_id = c.id AND p.state = 'wrap_up'))`,
  );
  await none(
    'attempts that outlive their call, or ended before it for no reason',
    `SELECT a.order_ref FROM attempts a JOIN calls c ON c.id = a.call_id
     WHERE (a.ended_at IS NULL) <> (c.ended_at IS NULL) AND NOT (a.result = 'withdrawn' AND c.ended_at IS NULL)`,
  );
  await none(
    'orders whose attempts were miscounted',
    `SELECT o.order_id, o.attempts_made FROM orders o
     WHERE o.attempts_made <> (SELECT count(*) FROM attempts a WHERE a.order_ref = o.id)`,
  );
  await none(
    'orders in a call without an attempt in it',
    `SELECT o.order_id FROM orders o WHERE o.live_call_id IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.order_ref = o.id AND a.call_id = o.live_call_id)`,
  );
  await none(
    'live calls whose first order is not in them',
    `SELECT c.id FROM calls c WHERE c.ended_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.call_id = c.id AND a.order_ref = c.order_ref AND a.ended_at IS NULL)`,
  );
  await none(
    'numbers with two live calls (I4)',
    `SELECT phone_hash FROM calls WHERE ended_at IS NULL GROUP BY 1 HAVING count(*) > 1`,
  );
}

describe('several at the same moment', () => {
  it('all orders of a ringing call are cancelled: no ring goes on for nobody, none is lost', async () => {
    for (let i = 0; i < ROUNDS; i += 1) {
      const orders = await room.ordersOfBuyer(3);
      const call = await room.call(orders[0]!);
      await Promise.all([
        ...orders.map((order) => at(() => room.cancel(order))),
        at(() => release(call.callId)),
        at(() => release(call.callId)),
        at(() => call.ring()),
      ]);
      expect(await release(call.callId)).toBe(false);
      await call.end('withdrawn');
      for (const row of await room.rows(orders)) expect(row).toMatchObject({ status: 'final', outcome: 'withdrawn' });
      await checkBooks();
    }
  }, 120_000);

  it('some are cancelled while the buyer answers: the others are talked about', async () => {
    for (let i = 0; i < ROUNDS; i += 1) {
      const orders = await room.ordersOfBuyer(3);
      const agent = await room.agent();
      const call = await room.call(orders[0]!, agent);
      await call.ring();
      await Promise.all([
        at(() => room.cancel(orders[i % 3]!)),
        at(() => release(call.callId)),
        at(() => call.connect()),
        at(() => release(call.callId)),
      ]);
      await release(call.callId);
      await call.end();
      await room.transactions.run((tx) => room.agents.endWrapUp(tx, agent.agentId, call.callId));
      const states = (await room.rows(orders)).map(({ status, outcome }) => outcome ?? status);
      expect(states.sort()).toEqual(['scheduled', 'scheduled', 'withdrawn']);
      await checkBooks();
    }
  }, 120_000);

  it('the word, the end of the call, the end of the wrap-up and a cancel: each order gets exactly one end', async () => {
    for (let i = 0; i < ROUNDS; i += 1) {
      const orders = await room.ordersOfBuyer(3);
      const talk = await room.talk(orders);
      const word = {
        outcome: 'confirmed' as const,
        orders: [{ orderId: orders[1]!.orderId, outcome: 'declined' as const }],
      };
      const [said] = await Promise.all([
        at(() => talk.say(word)),
        at(() => talk.say(word)),
        at(() => talk.end()),
        at(() => room.cancel(orders[2]!)),
      ]);
      expect(said).toMatchObject({ id: orders[0]!.orderRef });
      await at(() => talk.wrapUpOver());
      const rows = await room.rows(orders);
      expect(rows.map(({ outcome, sequence }) => [outcome, sequence]).slice(0, 2)).toEqual([
        ['confirmed', 1],
        ['declined', 1],
      ]);
      // The cancel came into the talk, or after the word.
      expect(rows[2]).toMatchObject({ status: 'final', outcome: 'confirmed', sequence: 1 });
      await checkBooks();
    }
  }, 120_000);

  it('the agent speaks of an order that a dialer wants to call, while the talk ends', async () => {
    for (let i = 0; i < ROUNDS; i += 1) {
      const [first] = await room.ordersOfBuyer(1);
      const talk = await room.talk([first!]);
      const late = await room.order(first!.content.customer.phone);
      const [said, planned] = await Promise.all([
        at(() => talk.say({ outcome: 'confirmed', orders: [{ orderId: late.orderId, outcome: 'confirmed' }] })),
        at(() => room.plan(late, null)),
        at(() => talk.end()),
        at(() => room.cancel(late)),
      ]);
      await at(() => talk.wrapUpOver());
      const row = await room.row(late);
      if (typeof said === 'object') expect(row).toMatchObject({ status: 'final' });
      if (planned !== null) {
        const call = planned as CallInTheMaking;
        await release(call.callId);
        await call.end('busy');
      }
      await checkBooks();
    }
  }, 120_000);

  it('two dialers plan two orders of one buyer: one call, and the other order is in it or waits', async () => {
    for (let i = 0; i < ROUNDS; i += 1) {
      const orders = await room.ordersOfBuyer(2);
      const planned = (await Promise.all(orders.map((order) => at(() => room.plan(order, null))))) as (Awaited<
        ReturnType<CallRoom['call']>
      > | null)[];
      const calls = planned.filter((call) => call !== null && typeof call === 'object');
      expect(calls).toHaveLength(1);
      const live = await room.sql(
        'SELECT 1 FROM calls c JOIN orders o ON o.phone_hash = c.phone_hash WHERE o.id = $1 AND c.ended_at IS NULL',
        [orders[0]!.orderRef],
      );
      expect(live).toHaveLength(1);
      await checkBooks();
      // Whoever was left out comes in at the connection.
      await calls[0]!.ring();
      await calls[0]!.end('no_answer');
      for (const row of await room.rows(orders)) expect(row).toMatchObject({ status: 'scheduled', live_call_id: null });
    }
  }, 120_000);

  it('two shops want the same number: one call over all shops (I4)', async () => {
    await administer(room.test, 'PUT', 'shops/second', {
      name: 'Second',
      timeZone: 'Europe/Kyiv',
      callingHours: 'always',
    });
    for (let i = 0; i < ROUNDS; i += 1) {
      const phone = room.phone();
      const [ours, theirs] = [await room.order(phone), await room.order(phone, { shop: 'second' })];
      const planned = await Promise.all([
        at(() => room.plan(ours, null)),
        at(() => room.plan(theirs, null, { shop: 'second' })),
      ]);
      const calls = planned.filter((call) => call !== null && typeof call === 'object') as Awaited<
        ReturnType<CallRoom['call']>
      >[];
      expect(calls).toHaveLength(1);
      expect(calls[0]!.placed.joined).toEqual([]);
      await calls[0]!.end('busy');
    }
  }, 120_000);

  it('orders come while the call is planned, answered and talked in: each is in the call or in the queue', async () => {
    for (let i = 0; i < ROUNDS; i += 1) {
      const [first] = await room.ordersOfBuyer(1);
      const agent = await room.agent();
      const late: KnownOrder[] = [];
      const come = async () =>
        void late.push(await room.order(first!.content.customer.phone, { isScheduled: random() < 0.5 }));
      const [call] = (await Promise.all([room.plan(first!, agent), at(come), at(come)])) as [
        CallInTheMaking,
        unknown,
        unknown,
      ];
      await Promise.all([at(come), at(() => call.connect()), at(come), at(come)]);
      await call.end();
      await at(() => room.test.get(OutcomesService).record(agent, call.callId, { outcome: 'confirmed' }));
      await room.transactions.run((tx) => room.agents.endWrapUp(tx, agent.agentId, call.callId));
      for (const order of late) {
        const row = await room.row(order);
        const wasIn = (await room.attempts(order)).length === 1;
        expect(row).toMatchObject(
          wasIn ? { status: 'final', outcome: 'confirmed' } : { attempts_made: 0, outcome: null },
        );
      }
      await checkBooks();
    }
  }, 120_000);

  it('a storm of everything at once leaves the books in order', async () => {
    for (let i = 0; i < ROUNDS; i += 1) {
      const orders = await room.ordersOfBuyer(4);
      const { phone } = orders[0]!.content.customer;
      const agent = await room.agent();
      const call = await room.call(orders[0]!, agent);
      const update = (order: KnownOrder, version: number, to: string) =>
        room.send({ ...order.content, customer: { ...order.content.customer, phone: to as typeof phone } }, version);
      const say = (outcome: 'confirmed' | 'declined' | 'no_decision' | 'do_not_call') =>
        room.test.get(OutcomesService).record(agent, call.callId, {
          outcome,
          orders: [{ orderId: orders[3]!.orderId, outcome: 'declined' }],
        });
      await Promise.all([
        at(() => room.cancel(orders[i % 4]!, 5)),
        at(() => update(orders[(i + 1) % 4]!, 2, room.phone())),
        at(() => update(orders[(i + 2) % 4]!, 2, phone)),
        at(() => room.order(phone)),
        at(() => release(call.callId)),
        at(() => call.connect()),
        at(() => release(call.callId)),
        at(() => say('no_decision')),
        at(() => say('confirmed')),
      ]);
      await Promise.all([
        at(() => call.end()),
        at(() => say('declined')),
        at(() => room.cancel(orders[(i + 3) % 4]!, 6)),
        at(() => room.order(phone)),
      ]);
      await Promise.all([
        at(() => say('confirmed')),
        at(() => room.transactions.run((tx) => room.agents.endWrapUp(tx, agent.agentId, call.callId))),
        at(() => update(orders[(i + 1) % 4]!, 7, phone)),
      ]);
      await checkBooks();
      for (const row of await room.rows(orders)) expect(['scheduled', 'final']).toContain(row['status']);
    }
  }, 120_000);
});

describe('another leader takes over in mid-talk', () => {
  it('with all orders of the call: the old one writes nothing more, the new one ends it for each of them', async () => {
    const orders = await room.ordersOfBuyer(3);
    const talk = await room.talk([orders[0]!, orders[1]!]);
    await talk.say({ outcome: 'confirmed', orders: [{ orderId: orders[1]!.orderId, outcome: 'declined' }] });
    const adopted = await room.takeOver(talk.callId);
    expect(await talk.end()).toBe(false);
    expect((await room.rows(orders)).map(({ status }) => status)).toEqual(['connected', 'connected', 'connected']);
    expect(await adopted.end()).toBe(true);
    expect((await room.rows(orders)).map(({ outcome }) => outcome)).toEqual(['confirmed', 'declined', 'confirmed']);
    for (const order of orders) await room.untilHeard(order, ['order.outcome']);
  });

  it('while it rings for an order that took the place of a cancelled one', async () => {
    const orders = await room.ordersOfBuyer(2);
    const call = await room.call(orders[0]!);
    await room.cancel(orders[0]!);
    // The old leader dies before it has seen the cancel.
    const adopted = await room.takeOver(call.callId);
    expect(await release(call.callId)).toBe(true);
    expect(await adopted.ring()).toBe(true);
    expect(await adopted.end('no_answer')).toBe(true);
    expect(await room.row(orders[0]!)).toMatchObject({ status: 'final', outcome: 'withdrawn' });
    expect(await room.row(orders[1]!)).toMatchObject({ status: 'scheduled', results: { no_answer: 1 } });
  });
});
