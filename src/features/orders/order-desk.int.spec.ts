import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN } from '../../../test/support/app.js';
import { CallRoom } from '../../../test/support/call-room.js';
import { asAdmin } from '../../../test/support/shop-client.js';
import { administer } from '../../../test/support/talk.js';
import { OrderDesk } from './order-desk.js';

let room: CallRoom;
beforeAll(async () => {
  room = await CallRoom.open();
}, 60_000);
afterEach(() => room.settle());
afterAll(() => room.close(), 60_000);

const admin = async (method: string, path: string) => {
  const response = await asAdmin(room.test, method, `/v1/admin/${path}`);
  const text = await response.text();
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
};

async function aHeldOrder() {
  const [order] = await room.ordersOfBuyer(1);
  await room.transactions.run((tx) => room.orders.hold(tx, order!.orderRef, 'three failures'));
  return order!;
}

describe('held orders', () => {
  it('are listed newest first, page by page, without anything personal', async () => {
    const orders = [await aHeldOrder(), await aHeldOrder(), await aHeldOrder()];
    const first = await admin('GET', 'orders?state=held&shop=shop&limit=2');
    expect(first.body).toMatchObject({
      orders: [
        { orderId: orders[2]!.orderId, shop: 'shop', id: orders[2]!.orderRef, reason: 'three failures', attempts: 0 },
        { orderId: orders[1]!.orderId },
      ],
      next: orders[1]!.orderRef,
    });
    const second = await admin('GET', `orders?limit=200&before=${orders[1]!.orderRef}`);
    expect(second.body).toMatchObject({ orders: [{ orderId: orders[0]!.orderId }], next: null });
    expect((await admin('GET', 'orders?shop=nobody')).body).toEqual({ orders: [], next: null });
    expect(JSON.stringify(first.body)).not.toMatch(/phone|Ткач|\+380/);
    for (const order of orders) await admin('POST', `shops/shop/orders/${order.orderId}/close`);
  });

  it.each([
    ['state=final', '/state'],
    ['limit=0', '/limit'],
    ['limit=201', '/limit'],
    ['before=A-1', '/before'],
    ['phone=1', '/phone'],
  ])('are refused with %s', async (query, pointer) => {
    const { status, body } = await admin('GET', `orders?${query}`);
    expect(status).toBe(422);
    expect(body['errors']).toMatchObject([{ pointer }]);
  });

  it('are released into the queue, once', async () => {
    const order = await aHeldOrder();
    const path = `shops/shop/orders/${order.orderId}/release`;
    expect(await admin('POST', path)).toMatchObject({
      status: 200,
      body: { orderId: order.orderId, status: 'scheduled' },
    });
    expect(await room.row(order)).toMatchObject({ status: 'scheduled', hold_reason: null });
    expect(await admin('POST', path)).toMatchObject({ status: 409, body: { code: 'order.state_refused' } });
    await (await room.call(order)).end('busy');
  });

  it('are closed as failed, and the shop is told', async () => {
    const order = await aHeldOrder();
    expect(await admin('POST', `shops/shop/orders/${order.orderId}/close`)).toMatchObject({
      status: 200,
      body: { status: 'final', outcome: 'failed' },
    });
    expect(await room.row(order)).toMatchObject({ status: 'final', outcome: 'failed', hold_reason: null });
    await room.untilHeard(order, ['order.outcome']);
    expect(room.heard(order)[0]!.body.data).toMatchObject({ outcome: 'failed', decidedBy: { kind: 'system' } });
    expect((await admin('POST', `shops/shop/orders/${order.orderId}/close`)).status).toBe(409);
  });

  it('are found only by their shop and their number, and only with the token', async () => {
    const order = await aHeldOrder();
    await administer(room.test, 'PUT', 'shops/other', { name: 'Other', timeZone: 'Europe/Kyiv' });
    expect((await admin('POST', `shops/other/orders/${order.orderId}/close`)).status).toBe(404);
    expect((await admin('POST', 'shops/shop/orders/A-none/release')).body).toMatchObject({ code: 'order.not_found' });
    const stranger = await fetch(`${room.test.url}/v1/admin/orders`, {
      headers: { authorization: `Bearer ${ADMIN_TOKEN}x` },
    });
    expect(stranger.status).toBe(401);
    await admin('POST', `shops/shop/orders/${order.orderId}/close`);
  });
});

describe('a buyer who wishes no more calls', () => {
  const lift = (phone: string, shop = 'shop') =>
    admin('DELETE', `shops/${shop}/do-not-call/${encodeURIComponent(phone)}`);

  it('is remembered by the shop: later orders end blocked at once, told, until the wish is lifted', async () => {
    const orders = await room.ordersOfBuyer(2);
    const { phone } = orders[0]!.content.customer;
    const waiting = await room.order(phone);
    await room.transactions.run((tx) => room.orders.hold(tx, waiting.orderRef, 'three failures'));
    const talk = await room.talk(orders);
    await talk.end();
    await talk.say({ outcome: 'do_not_call' });
    for (const order of orders) expect(await room.row(order)).toMatchObject({ outcome: 'do_not_call' });

    const later = await room.order(phone);
    expect(await room.row(later)).toMatchObject({ status: 'final', outcome: 'blocked', attempts_made: 0 });
    await room.untilHeard(later, ['order.outcome']);
    expect(room.heard(later)[0]!.body.data).toMatchObject({
      outcome: 'blocked',
      decidedBy: { kind: 'system' },
      call: null,
    });

    // Another shop may call; a waiting order is not called, and ends when there was time to correct a slip.
    await administer(room.test, 'PUT', 'shops/other', {
      name: 'Other',
      timeZone: 'Europe/Kyiv',
      callingHours: 'always',
    });
    expect(await room.row(await room.order(phone, { shop: 'other' }))).toMatchObject({ status: 'scheduled' });
    await admin('POST', `shops/shop/orders/${waiting.orderId}/release`);
    expect(await room.plan(waiting, null)).toBeNull();
    const desk = room.test.get(OrderDesk);
    await desk.blockListed();
    expect(await room.row(waiting)).toMatchObject({ status: 'scheduled' });
    await desk.blockListed(0);
    expect(await room.row(waiting)).toMatchObject({ status: 'final', outcome: 'blocked' });

    expect((await lift('067 1')).body).toMatchObject({ code: 'input.invalid' });
    expect((await lift(phone, 'nobody')).body).toMatchObject({ code: 'shop.not_found' });
    expect((await lift(`0${phone.slice(4)}`)).status).toBe(204);
    expect((await lift(phone)).body).toMatchObject({ code: 'do_not_call.not_found' });
    expect(await room.row(await room.order(phone))).toMatchObject({ status: 'scheduled' });
    expect(room.test.logLines.join('')).not.toContain(phone.slice(1));
  });

  it('by a slip of the agent may be called again after the correction, but not as long as one order says so', async () => {
    const orders = await room.ordersOfBuyer(2);
    const { phone } = orders[0]!.content.customer;
    const talk = await room.talk(orders);
    await talk.end();
    await talk.say({ outcome: 'do_not_call' });
    await talk.say({ outcome: 'confirmed', orders: [{ orderId: orders[1]!.orderId, outcome: 'do_not_call' }] });
    expect(await room.row(await room.order(phone))).toMatchObject({ outcome: 'blocked' });
    await talk.say({ outcome: 'confirmed' });
    expect((await room.rows(orders)).map(({ outcome }) => outcome)).toEqual(['confirmed', 'confirmed']);
    expect(await room.row(await room.order(phone))).toMatchObject({ status: 'scheduled' });
  });

  it('changes the number of an order to a listed one: the order ends blocked', async () => {
    const [listed, moving] = [(await room.ordersOfBuyer(1))[0]!, (await room.ordersOfBuyer(1))[0]!];
    const talk = await room.talk([listed]);
    await talk.say({ outcome: 'do_not_call' });
    await talk.end();
    await room.send({ ...moving.content, customer: listed.content.customer }, 2);
    expect(await room.row(moving)).toMatchObject({ status: 'final', outcome: 'blocked' });
    await room.untilHeard(moving, ['order.outcome']);
  });

  it('was listed long ago: an order that comes back into the queue is found', async () => {
    const [old] = await room.ordersOfBuyer(1);
    const waiting = await room.order(old!.content.customer.phone);
    await room.transactions.run((tx) => room.orders.hold(tx, waiting.orderRef, 'three failures'));
    const talk = await room.talk([old!]);
    await talk.say({ outcome: 'do_not_call' });
    await talk.end();
    await room.sql(`UPDATE do_not_call SET listed_at = now() - interval '1 day'`);
    const desk = room.test.get(OrderDesk);
    await desk.blockListed(0);
    await room.transactions.run((tx) => room.orders.putOff(tx, waiting.orderRef, new Date(), 'number_busy'));
    expect(await room.row(waiting)).toMatchObject({ status: 'scheduled' });
    await desk.blockRefused();
    expect(await room.row(waiting)).toMatchObject({ status: 'final', outcome: 'blocked' });
  });
});
