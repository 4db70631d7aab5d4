import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Call } from '../../src/core/call/call.js';
import type { AttemptResult } from '../../src/core/call/result.js';
import { Events } from '../../src/platform/outbox/events.js';
import { CallOrders } from '../../src/features/calls/call-orders.js';
import { callEnded } from '../../src/features/calls/calls.events.js';
import { CallRoom, type KnownOrder } from '../support/call-room.js';
import { administer } from '../support/talk.js';

// What one call for all orders of a buyer does, on a real database, without an exchange.

let room: CallRoom;
beforeAll(async () => {
  room = await CallRoom.open();
}, 60_000);
afterEach(() => room.settle());
afterAll(() => room.close(), 60_000);

const words = (order: KnownOrder) =>
  room.sql('SELECT word FROM outcomes WHERE order_ref = $1 ORDER BY id', [order.orderRef]);
const kinds = async (order: KnownOrder) =>
  (
    await room.sql<{ kind: string }>('SELECT kind FROM order_timeline WHERE order_ref = $1 ORDER BY id', [
      order.orderRef,
    ])
  ).map(({ kind }) => kind);
const release = (callId: string) => room.test.get(CallOrders).release(callId);

describe('a planned call', () => {
  it('is for all orders of the buyer that are due, accepted ones too, and for nobody else', async () => {
    const [first, second] = await room.ordersOfBuyer(2);
    const accepted = await room.order(first!.content.customer.phone, { isScheduled: false });
    const [stranger] = await room.ordersOfBuyer(1);
    const call = await room.call(first!);
    expect([...call.placed.joined].sort()).toEqual([second!.orderRef, accepted.orderRef].sort());
    for (const order of [first!, second!, accepted]) {
      expect(await room.row(order)).toMatchObject({
        status: 'dialing',
        live_call_id: call.callId,
        attempts_made: 1,
      });
      expect(await room.attempts(order)).toMatchObject([{ call_id: call.callId, number: 1, result: null }]);
    }
    expect((await kinds(accepted)).slice(-2)).toEqual(['scheduled', 'joined_call']);
    expect(await room.row(stranger!)).toMatchObject({ status: 'scheduled', live_call_id: null });
    await room.orders.schedule(accepted.orderRef);
    expect(await room.row(accepted)).toMatchObject({ status: 'dialing' });
    await call.end('busy');
  });

  it('leaves out what must wait: held, in its gap, promised for later, of another shop', async () => {
    await administer(room.test, 'PUT', 'shops/other', {
      name: 'Other',
      timeZone: 'Europe/Kyiv',
      callingHours: 'always',
    });
    const [first, held, inGap, promised] = await room.ordersOfBuyer(4);
    const elsewhere = await room.order(first!.content.customer.phone, { shop: 'other' });
    const later = new Date(Date.now() + 3_600_000);
    await room.transactions.run(async (tx) => {
      await room.orders.hold(tx, held!.orderRef, 'three failures');
      await room.orders.reschedule(tx, inGap!.orderRef, { notBefore: later, reason: 'retry' });
      const callback = { at: later, agentId: null };
      await room.orders.reschedule(tx, promised!.orderRef, { notBefore: later, reason: 'callback', callback });
    });
    const call = await room.call(first!);
    expect(call.placed.joined).toEqual([]);
    expect(await room.plan(elsewhere, null, { shop: 'other' })).toBeNull();
    await call.end('busy');
    expect(await room.row(promised!)).toMatchObject({ status: 'scheduled', callback_at: later });
    expect(await room.row(inGap!)).toMatchObject({ status: 'scheduled', not_before: later, attempts_made: 0 });
  });

  it('is made for no shop while the carrier may still be ringing the number for a call that was lost to us', async () => {
    await administer(room.test, 'PUT', 'shops/other', {
      name: 'Other',
      timeZone: 'Europe/Kyiv',
      callingHours: 'always',
    });
    const [order] = await room.ordersOfBuyer(1);
    const elsewhere = await room.order(order!.content.customer.phone, { shop: 'other' });
    const lost = await room.call(order!);
    await lost.ring();
    const ended = { state: 'ended', result: 'system_failure', endedAt: new Date(), cause: null, techCause: null };
    await lost.move({ ...ended, because: 'lost' } as Partial<Call>);
    expect(await room.plan(elsewhere, null, { shop: 'other' })).toBeNull();
    await room.sql(`UPDATE calls SET dialed_at = dialed_at - interval '185 seconds' WHERE id = $1`, [lost.callId]);
    const call = await room.plan(elsewhere, null, { shop: 'other' });
    expect(call).not.toBeNull();
    await call!.end('busy');
  });

  it('takes in a retry whose gap is over though its jitter is not: orders that fail together stay together', async () => {
    const orders = await room.ordersOfBuyer(2);
    await (await room.call(orders[0]!)).end('busy');
    const later = await room.order(orders[0]!.content.customer.phone);
    const [first, second] = await room.rows(orders);
    for (const row of [first!, second!]) {
      expect((row['joinable_at'] as Date).getTime()).toBeLessThanOrEqual((row['not_before'] as Date).getTime());
    }
    const other = await room.call(later);
    expect(other.placed.joined).toEqual([]);
    await other.end('no_answer');
    // The gaps are over, the jitter is not; one of the two is put off because its hours are closed.
    await room.sql(`UPDATE orders SET joinable_at = now() - interval '1 second' WHERE id = ANY($1)`, [
      [...orders, later].map(({ orderRef }) => orderRef),
    ]);
    await room.transactions.run((tx) =>
      room.orders.putOff(tx, orders[1]!.orderRef, new Date(Date.now() + 3_600_000), 'outside_calling_hours'),
    );
    const call = await room.call(later);
    expect(call.placed.joined).toEqual([orders[0]!.orderRef]);
    await call.end('busy');
  });

  it.each<AttemptResult>(['busy', 'no_answer', 'rejected', 'unobtainable', 'abandoned', 'machine'])(
    'that ends as %s counts for each order, with its own number, and each is told',
    async (result) => {
      const [first, second] = await room.ordersOfBuyer(2);
      // The second one had a call of its own before.
      await (await room.call(second!)).end('no_answer');
      await room.sql(
        `UPDATE orders SET not_before = NULL, is_due = true, due_at = now(), status = 'scheduled' WHERE id = ANY($1)`,
        [[first!.orderRef, second!.orderRef]],
      );
      const before = await room.rows([first!, second!]);
      const call = await room.call(first!);
      await call.ring();
      expect((await room.rows([first!, second!])).map(({ status }) => status)).toEqual(['ringing', 'ringing']);
      await call.end(result);
      for (const [i, order] of [first!, second!].entries()) {
        expect(await room.row(order)).toMatchObject({
          status: 'scheduled',
          live_call_id: null,
          attempts_made: Number(before[i]!['attempts_made']) + 1,
          is_abandoned_before: result === 'abandoned',
        });
        expect((await room.attempts(order)).at(-1)).toMatchObject({ call_id: call.callId, result });
        await room.untilHeard(order, ['order.attempt', 'order.attempt']);
        const last = room.heard(order).at(-1)!.body.data as { attempt: number; call: { id: string } };
        expect(last).toMatchObject({ attempt: 2, result, call: { id: call.callId } });
      }
    },
  );

  it('whose end cannot be told again and again: all its orders are held, the agent is free', async () => {
    const orders = await room.ordersOfBuyer(2);
    const agent = await room.agent();
    const call = await room.call(orders[0]!, agent);
    room.test
      .get(Events)
      .on(callEnded, (_tx, { callId }) =>
        callId === call.callId ? Promise.reject(new Error('poisoned')) : Promise.resolve(),
      );
    const tries = [await call.end('busy').catch(String), await call.end('busy').catch(String)];
    expect(tries).toEqual(['Error: poisoned', 'Error: poisoned']);
    expect(await call.end('busy')).toBe(true);
    for (const order of orders) {
      expect(await room.row(order)).toMatchObject({ status: 'scheduled', hold_reason: 'system_failure' });
      expect(await room.attempts(order)).toMatchObject([{ result: 'busy' }]);
    }
    expect(await room.agents.presence(agent.agentId)).toMatchObject({ state: 'ready' });
  });

  it('to a number that does not exist ends all orders', async () => {
    const orders = await room.ordersOfBuyer(3);
    await (await room.call(orders[1]!)).end('invalid_number');
    for (const order of orders) {
      expect(await room.row(order)).toMatchObject({ status: 'final', outcome: 'invalid_number' });
      await room.untilHeard(order, ['order.outcome']);
    }
  });
});

describe('at the connection', () => {
  it('orders join that came since, and those in their gap: the buyer is on the telephone', async () => {
    const [first, inGap] = await room.ordersOfBuyer(2);
    const later = new Date(Date.now() + 3_600_000);
    await room.transactions.run((tx) =>
      room.orders.reschedule(tx, inGap!.orderRef, { notBefore: later, reason: 'retry' }),
    );
    const agent = await room.agent();
    const call = await room.call(first!, agent);
    await call.ring();
    const late = await room.order(first!.content.customer.phone, { isScheduled: false });
    await call.connect();
    for (const order of [first!, inGap!, late]) {
      expect(await room.row(order)).toMatchObject({ status: 'connected', live_call_id: call.callId, attempts_made: 1 });
    }
    const [row] = await room.rows([late]);
    expect((row!['first_call_at'] as Date).getTime()).toBeGreaterThanOrEqual((row!['registered_at'] as Date).getTime());
    await call.end();
    expect((await room.rows([first!, inGap!, late])).map(({ status }) => status)).toEqual(Array(3).fill('wrap_up'));
    await room.transactions.run((tx) => room.agents.endWrapUp(tx, agent.agentId, call.callId));
    for (const order of [first!, inGap!, late]) {
      expect(await room.row(order)).toMatchObject({ status: 'scheduled', results: { answered: 1 } });
      expect(await words(order)).toEqual([{ word: 'no_decision' }]);
    }
  });

  it('an order that comes during the talk waits for its own call, unless the agent speaks of it', async () => {
    const [first] = await room.ordersOfBuyer(1);
    const talk = await room.talk([first!]);
    const [unspoken, spoken] = [
      await room.order(first!.content.customer.phone),
      await room.order(first!.content.customer.phone, { isScheduled: false }),
    ];
    expect(await room.plan(unspoken, null)).toBeNull();
    await talk.say({ outcome: 'confirmed', orders: [{ orderId: spoken.orderId, outcome: 'declined' }] });
    expect(await room.row(spoken)).toMatchObject({ status: 'connected', live_call_id: talk.callId });
    await talk.end();
    const states = (await room.rows([first!, unspoken, spoken])).map(({ status, outcome }) => [status, outcome]);
    expect(states).toEqual([
      ['final', 'confirmed'],
      ['scheduled', null],
      ['final', 'declined'],
    ]);
    // Also in the wrap-up.
    await talk.say({
      outcome: 'confirmed',
      orders: [
        { orderId: spoken.orderId, outcome: 'declined' },
        { orderId: unspoken.orderId, outcome: 'changed', changes: { comment: 'разом' } },
      ],
    });
    expect(await room.row(unspoken)).toMatchObject({ status: 'final', outcome: 'changed', results: { answered: 1 } });
    expect(await room.attempts(unspoken)).toMatchObject([{ call_id: talk.callId, result: 'answered', number: 1 }]);
    await room.untilHeard(unspoken, ['order.outcome']);
    expect(room.heard(unspoken)[0]!.body.data).toMatchObject({
      changes: { comment: 'разом' },
      attempts: 1,
      call: { id: talk.callId },
    });
  });

  it('is among the attempts of each order, which say of themselves that the buyer is being called', async () => {
    const [first, second] = await room.ordersOfBuyer(2);
    const talk = await room.talk([first!, second!]);
    const late = await room.order(first!.content.customer.phone);
    for (const order of [first!, second!]) {
      expect(await room.see(order)).toMatchObject({
        status: 'connected',
        waitingFor: { code: 'calling_now' },
        attempts: [{ number: 1, callId: talk.callId, result: null, connectedAt: expect.any(String) as string }],
      });
    }
    expect(await room.see(late)).toMatchObject({ waitingFor: { code: 'number_busy' }, attempts: [] });
    await talk.say({ outcome: 'confirmed' });
    await talk.end();
    for (const order of [first!, second!]) {
      expect(await room.see(order)).toMatchObject({
        outcome: 'confirmed',
        attempts: [{ number: 1, callId: talk.callId, result: 'answered' }],
      });
    }
  });

  it('a promised callback and a held order come in only when the agent speaks of them', async () => {
    const [first, promised, held] = await room.ordersOfBuyer(3);
    const later = new Date(Date.now() + 3_600_000);
    await room.transactions.run(async (tx) => {
      const callback = { at: later, agentId: null };
      await room.orders.reschedule(tx, promised!.orderRef, { notBefore: later, reason: 'callback', callback });
      await room.orders.hold(tx, held!.orderRef, 'three failures');
    });
    const talk = await room.talk([first!]);
    await talk.end();
    await talk.say({ outcome: 'confirmed' });
    expect(await room.row(promised!)).toMatchObject({ status: 'scheduled', callback_at: later });
    await talk.say({
      outcome: 'confirmed',
      orders: [
        { orderId: promised!.orderId, outcome: 'confirmed' },
        { orderId: held!.orderId, outcome: 'confirmed' },
      ],
    });
    for (const order of [promised!, held!]) expect(await room.row(order)).toMatchObject({ outcome: 'confirmed' });
  });
});

describe("an agent's word", () => {
  it('for the call goes to every order; each is told with a sequence of its own', async () => {
    const orders = await room.ordersOfBuyer(3);
    const talk = await room.talk(orders);
    const card = await talk.say({ outcome: 'declined', note: 'усе скасувати' });
    expect(card).toMatchObject({ id: orders[0]!.orderRef, status: 'connected' });
    await talk.end();
    for (const order of orders) {
      expect(await room.row(order)).toMatchObject({ status: 'final', outcome: 'declined', sequence: 1 });
      await room.untilHeard(order, ['order.outcome']);
      expect(room.heard(order)[0]!.body.data).toMatchObject({
        sequence: 1,
        outcome: 'declined',
        note: 'усе скасувати',
        attempts: 1,
        call: { id: talk.callId },
      });
    }
  });

  it('changes the first order and confirms the others', async () => {
    const [first, second] = await room.ordersOfBuyer(2);
    const talk = await room.talk([first!, second!]);
    await talk.end();
    await talk.say({ outcome: 'changed', changes: { delivery: { city: 'Одеса' } } });
    await room.untilHeard(first!, ['order.outcome']);
    await room.untilHeard(second!, ['order.outcome']);
    expect(room.heard(first!)[0]!.body.data).toMatchObject({
      outcome: 'changed',
      changes: { delivery: { city: 'Одеса' } },
    });
    expect(room.heard(second!)[0]!.body.data).toMatchObject({ outcome: 'confirmed', changes: null });
  });

  it('closes only the first order as a duplicate; the other one has no word and is tried again', async () => {
    const [first, second] = await room.ordersOfBuyer(2);
    const talk = await room.talk([first!, second!]);
    await talk.say({ outcome: 'duplicate' });
    await talk.end();
    expect(await room.row(first!)).toMatchObject({ status: 'final', outcome: 'duplicate' });
    expect(await room.row(second!)).toMatchObject({ status: 'wrap_up' });
    await talk.wrapUpOver();
    expect(await room.row(second!)).toMatchObject({ status: 'scheduled', results: { answered: 1 } });
    await room.untilHeard(second!, ['order.attempt']);
  });

  it('may differ for single orders, and be corrected for single ones until the wrap-up ends', async () => {
    const [first, second, third] = await room.ordersOfBuyer(3);
    const talk = await room.talk([first!, second!, third!]);
    const callbackAt = new Date(Date.now() + 3_600_000).toISOString();
    await talk.say({
      outcome: 'confirmed',
      orders: [
        { orderId: second!.orderId, outcome: 'declined', note: 'дорого' },
        { orderId: third!.orderId, outcome: 'callback', callbackAt, callbackAgent: 'me' },
      ],
    });
    await talk.end();
    expect((await room.rows([first!, second!, third!])).map(({ status, outcome }) => [status, outcome])).toEqual([
      ['final', 'confirmed'],
      ['final', 'declined'],
      ['scheduled', null],
    ]);
    await room.untilHeard(third!, ['order.attempt', 'order.callback_scheduled']);
    const again = {
      outcome: 'confirmed' as const,
      orders: [
        { orderId: second!.orderId, outcome: 'confirmed' as const },
        { orderId: third!.orderId, outcome: 'declined' as const },
      ],
    };
    await talk.say(again);
    await talk.say(again);
    expect((await room.rows([first!, second!, third!])).map(({ outcome, sequence }) => [outcome, sequence])).toEqual([
      ['confirmed', 1],
      ['confirmed', 2],
      ['declined', 3],
    ]);
    // A final word does not become an open one; then nothing of the body counts.
    await expect(
      talk.say({ outcome: 'declined', orders: [{ orderId: second!.orderId, outcome: 'no_decision' }] }),
    ).rejects.toMatchObject({ code: 'call.state_refused' });
    expect(await room.row(first!)).toMatchObject({ outcome: 'confirmed', sequence: 1 });
    await talk.wrapUpOver();
    await expect(talk.say({ outcome: 'declined' })).rejects.toMatchObject({ code: 'call.closed' });
    expect((await words(second!)).map(({ word }) => word)).toEqual(['declined', 'confirmed']);
  });

  it('with faults names each of them where it stands, and nothing is kept', async () => {
    const [first, second] = await room.ordersOfBuyer(2);
    const [stranger] = await room.ordersOfBuyer(1);
    const talk = await room.talk([first!, second!]);
    const refusal = (await talk
      .say({
        outcome: 'changed',
        changes: { comment: 'x' },
        orders: [
          { orderId: stranger!.orderId, outcome: 'confirmed' },
          { orderId: second!.orderId, outcome: 'changed' },
          { orderId: second!.orderId, outcome: 'confirmed' },
          { orderId: first!.orderId, outcome: 'callback', callbackAt: '2020-01-01T00:00:00Z', note: '\u0000' },
        ],
      })
      .catch((error: unknown) => error)) as { code: string; fieldErrors: { pointer: string }[] };
    expect(refusal.code).toBe('input.invalid');
    expect(refusal.fieldErrors.map(({ pointer }) => pointer).sort()).toEqual([
      '/changes',
      '/orders/0/orderId',
      '/orders/1/changes',
      '/orders/2/orderId',
      '/orders/3/callbackAt',
      '/orders/3/note',
    ]);
    expect(await words(first!)).toEqual([]);
    await talk.say({ outcome: 'confirmed' });
    await talk.end();
  });
});

describe('a cancel', () => {
  it('of a joined order takes it out of the ringing call, which goes on', async () => {
    const [first, second] = await room.ordersOfBuyer(2);
    const agent = await room.agent();
    const call = await room.call(first!, agent);
    await call.ring();
    await room.cancel(second!);
    expect(await release(call.callId)).toBe(true);
    expect(await room.row(second!)).toMatchObject({ status: 'final', outcome: 'withdrawn', live_call_id: null });
    expect(await room.attempts(second!)).toMatchObject([{ result: 'withdrawn' }]);
    await room.untilHeard(second!, ['order.outcome']);
    expect(room.heard(second!)[0]!.body.data).toMatchObject({ outcome: 'withdrawn', decidedBy: { kind: 'shop' } });
    await call.connect();
    await call.end();
    expect(await room.row(first!)).toMatchObject({ status: 'wrap_up' });
    expect(await room.row(second!)).toMatchObject({ status: 'final', outcome: 'withdrawn', sequence: 1 });
  });

  it('of the first order hands the call over to another one', async () => {
    const [first, second, third] = await room.ordersOfBuyer(3);
    const call = await room.call(first!, await room.agent());
    await room.cancel(first!);
    expect(await release(call.callId)).toBe(true);
    expect(await room.row(first!)).toMatchObject({ status: 'final', outcome: 'withdrawn' });
    const heir = (await room.transactions.read((tx) => room.calls.view(tx, call.callId)))!.orderRef;
    expect([second!.orderRef, third!.orderRef]).toContain(heir);
    expect(await room.test.get(CallOrders).number(call.callId)).toBe(second!.content.customer.phone);
    await call.connect();
    await call.end();
    expect((await room.rows([second!, third!])).map(({ status }) => status)).toEqual(['wrap_up', 'wrap_up']);
  });

  it('of all orders stops the call, and each is withdrawn', async () => {
    const orders = await room.ordersOfBuyer(2);
    const call = await room.call(orders[0]!);
    await Promise.all(orders.map((order) => room.cancel(order)));
    expect(await release(call.callId)).toBe(false);
    expect(await room.test.get(CallOrders).number(call.callId)).toBeNull();
    await call.end('withdrawn');
    for (const order of orders) {
      expect(await room.row(order)).toMatchObject({ status: 'final', outcome: 'withdrawn', results: { withdrawn: 1 } });
      await room.untilHeard(order, ['order.outcome']);
    }
  });

  it('of one order during the talk leaves the buyer the last word about it', async () => {
    const [first, second, third] = await room.ordersOfBuyer(3);
    const talk = await room.talk([first!, second!, third!]);
    await room.cancel(second!);
    await room.cancel(third!);
    expect(await release(talk.callId)).toBe(true);
    await talk.say({ outcome: 'confirmed', orders: [{ orderId: third!.orderId, outcome: 'no_decision' }] });
    await talk.end();
    expect((await room.rows([first!, second!, third!])).map(({ outcome }) => outcome)).toEqual([
      'confirmed',
      'confirmed',
      'withdrawn',
    ]);
  });
});

describe('another number', () => {
  const moved = (order: KnownOrder, version = 2, to = room.phone()) => {
    const customer = { ...order.content.customer, phone: to as typeof order.content.customer.phone };
    return room.send({ ...order.content, customer }, version);
  };

  it('of one order takes it out of the call; it is called anew', async () => {
    const [first, second] = await room.ordersOfBuyer(2);
    const call = await room.call(first!);
    await moved(first!);
    expect(await room.test.get(CallOrders).number(call.callId)).toBe(second!.content.customer.phone);
    expect(await release(call.callId)).toBe(true);
    expect(await room.row(first!)).toMatchObject({ status: 'scheduled', live_call_id: null, not_before: null });
    await call.end('busy');
    expect(await room.row(first!)).toMatchObject({ status: 'scheduled', results: { withdrawn: 1 } });
    expect(await room.row(second!)).toMatchObject({ status: 'scheduled', results: { busy: 1 } });
    await (await room.call(first!)).end('no_answer');
    expect((await room.attempts(first!)).map(({ number, result }) => [number, result])).toEqual([
      [1, 'withdrawn'],
      [2, 'no_answer'],
    ]);
  });

  it('and the old one again: the order does not come back into the call that it has left', async () => {
    const [first, second] = await room.ordersOfBuyer(2);
    const agent = await room.agent();
    const call = await room.call(first!, agent);
    await moved(second!);
    expect(await release(call.callId)).toBe(true);
    await moved(second!, 3, second!.content.customer.phone);
    expect(await call.connect()).toBe(true);
    expect(await room.row(second!)).toMatchObject({ status: 'scheduled', live_call_id: null });
    await call.end();
  });

  it('of the only order stops the call; it is called anew', async () => {
    const [only] = await room.ordersOfBuyer(1);
    const call = await room.call(only!);
    await moved(only!);
    expect(await room.test.get(CallOrders).number(call.callId)).toBeNull();
    expect(await release(call.callId)).toBe(false);
    await call.end('withdrawn');
    expect(await room.row(only!)).toMatchObject({ status: 'scheduled', outcome: null, not_before: null });
  });

  it('changes nothing of what is sent of the content while they talk', async () => {
    const [first, second] = await room.ordersOfBuyer(2);
    const talk = await room.talk([first!, second!]);
    await room.send({ ...second!.content, comment: 'без ліфта' }, 2);
    await talk.say({ outcome: 'confirmed' });
    await talk.end();
    expect(await room.row(second!)).toMatchObject({ version: 2, outcome: 'confirmed' });
  });
});
