import { describe, expect, it } from 'vitest';
import type { DemoOrder } from '../../tools/demo-shop/demo-shop.js';
import { goReady, nextEvent } from './agents.js';
import { useWorld } from './world.js';

// Several orders of one buyer: one call, as the carrier sees it, whatever happens meanwhile.

const world = useWorld({
  agents: [{ login: 'buyer', name: 'Who talks about several orders', connection: 'persistent', group: 'default' }],
});

/** Orders of one new buyer, all sent. */
async function sendOrders(ending: string, count: number): Promise<DemoOrder[]> {
  const { shop } = world();
  const first = shop.order(ending);
  const orders = Array.from({ length: count }, (_, i) => ({ ...first, orderId: `${first.orderId}-${i + 1}` }));
  for (const order of orders) expect((await shop.shop.sendOrder(order)).status).toBe(202);
  return orders;
}

describe('one buyer with several orders', () => {
  it('is called once; a cancelled order leaves the ring, and a new dialer ends the talk for all others', async () => {
    const { network, calls, shop } = world();
    const agent = world().agent('buyer');
    await agent.signIn();
    const orders = await sendOrders('05', 3);
    await agent.setState('ready');
    const [first, second, third] = orders as [DemoOrder, DemoOrder, DemoOrder];
    for (const order of orders) await shop.waitForStatus(order, 'ringing', 30_000);
    await shop.cancel(first);
    expect(await shop.outcome(first)).toBe('withdrawn');
    for (const order of [second, third]) await shop.waitForStatus(order, 'connected', 20_000);
    const { data } = await nextEvent(agent, 'call.connected');
    const callId = String(data['callId']);
    const card = data as { order: { orderId: string }; otherOrders: { orderId: string; isInThisCall: boolean }[] };
    expect([card.order, ...card.otherOrders].map(({ orderId }) => orderId).sort()).toEqual(
      [second.orderId, third.orderId].sort(),
    );
    expect(card.otherOrders).toMatchObject([{ isInThisCall: true }]);
    const other = card.otherOrders[0]!.orderId;

    process.kill(network.app.process.pid, 'SIGKILL');
    await network.app.process.ended;
    const from = agent.events.length;
    await network.restartApp();
    await nextEvent(agent, 'call.connected', from, (again) => again['callId'] === callId);
    const word = { outcome: 'confirmed', orders: [{ orderId: other, outcome: 'declined' }] };
    const path = `calls/${callId}/outcome`;
    expect((await agent.post(path, word)).status).toBe(200);
    expect((await agent.hangUp(callId)).status).toBe(202);
    await calls.record(first.customer.phone);
    for (const order of [second, third]) {
      expect(await shop.outcome(order)).toBe(order.orderId === other ? 'declined' : 'confirmed');
      expect(await shop.see(order)).toMatchObject({ attempts: [{ callId, number: 1, result: 'answered' }] });
    }
    expect(await shop.see(first)).toMatchObject({ attempts: [{ callId, result: 'withdrawn' }] });
    expect(calls.invites(first.customer.phone)).toHaveLength(1);
    expect(calls.overlaps()).toEqual([]);
  });

  it('is called once more for all of them when the line was busy', async () => {
    const { calls, shop } = world();
    const agent = world().agent('buyer');
    await agent.signIn();
    await goReady(agent);
    const orders = await sendOrders('60', 2);
    for (const order of orders) {
      await shop.waitUntil(
        order,
        'two attempts',
        (seen) => seen.attempts.filter((one) => one.result === 'busy').length >= 2,
        40_000,
      );
    }
    await agent.setState('break', 'enough');
    const seen = await Promise.all(orders.map((order) => shop.see(order)));
    const callIds = new Set(seen.flatMap((one) => one.attempts.map(({ callId }) => callId)));
    expect(calls.invites(orders[0]!.customer.phone).length).toBe(callIds.size);
    expect(calls.overlaps()).toEqual([]);
  });
});
