import { expect, it } from 'vitest';
import type { AgentPlan } from '../../tools/dev-env/network.js';
import { waitFor } from '../support/wait.js';
import { cardOf, goReady } from './agents.js';
import type { World } from './world.js';

export const WISH_AGENTS: readonly AgentPlan[] = ['cancels', 'early', 'repeats', 'codes', 'closed'].map((group) => ({
  login: `wish-${group}`,
  name: `Agent of ${group}`,
  connection: 'persistent',
  group,
}));

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

/** What a shop may send twice, late or in the wrong order, and what it is told while it waits. */
export function describeShopWishes(world: () => World): void {
  it.concurrent('a cancel stops the ring within a second', async () => {
    const shop = await world().openShop('cancels');
    await world().agent('wish-cancels').start();
    const order = await shop.send('62');
    await shop.waitForStatus(order, 'ringing');
    const cancelledAt = Date.now();
    expect((await shop.cancel(order)).status).toBe(202);
    const cancel = await waitFor('a CANCEL', () => world().calls.cancels(order.customer.phone)[0]);
    expect(cancel.at.getTime() - cancelledAt).toBeLessThan(1_000);
    const record = await world().calls.record(order.customer.phone);
    expect(record.endedAt.getTime() - cancelledAt).toBeLessThan(1_000);
    expect(await shop.outcome(order)).toBe('withdrawn');
    const seen = await shop.waitForStatus(order, 'final');
    expect(seen).toMatchObject({ outcome: 'withdrawn', attempts: [{ result: 'withdrawn' }] });
    expect(shop.told(order).map((one) => one.body.data['outcome'])).toEqual(['withdrawn']);
    expect(world().calls.invites(order.customer.phone)).toHaveLength(1);
  });

  it.concurrent('a cancel that comes before its order is remembered', async () => {
    const shop = await world().openShop('early');
    const agent = world().agent('wish-early', { talkMs: () => 500, decide: () => ({ outcome: 'confirmed' }) });
    await agent.start();
    const order = shop.order('00');
    expect((await shop.cancel(order)).status).toBe(202);
    const answer = await shop.shop.sendOrder(order);
    expect(answer.status).toBe(202);
    expect(await shop.see(order)).toMatchObject({ status: 'final', outcome: 'withdrawn', attempts: [] });
    // A later order is called and done: so would have been this one.
    const later = await shop.send('00');
    expect(await shop.outcome(later)).toBe('confirmed');
    expect(world().calls.invites(order.customer.phone)).toEqual([]);
    expect(await shop.see(order)).toMatchObject({ status: 'final', outcome: 'withdrawn', attempts: [] });
  });

  it.concurrent('one webhook fifty times at once is one order and one call', async () => {
    const shop = await world().openShop('repeats');
    const agent = world().agent('wish-repeats', { talkMs: () => 500, decide: () => ({ outcome: 'confirmed' }) });
    await agent.start();
    const order = shop.order('01');
    const timestamp = new Date();
    const body = { type: 'order.created', timestamp: timestamp.toISOString(), data: order };
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => shop.shop.send(body, { webhookId: `msg_${order.orderId}`, timestamp })),
    );
    expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 50 }, () => 202));
    expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).toBe(1);
    expect(answers[0]?.body).toMatchObject({ orderId: order.orderId });
    const other = { ...body, data: { ...order, comment: 'not the same' } };
    expect((await shop.shop.send(other, { webhookId: `msg_${order.orderId}`, timestamp })).status).toBe(409);
    await waitFor('the outcome', () => shop.told(order, 'order.outcome').length > 0, 20_000);
    expect(world().calls.invites(order.customer.phone)).toHaveLength(1);
    expect(await shop.see(order)).toMatchObject({ outcome: 'confirmed', attempts: [{ result: 'answered' }] });
    const metrics = await (await fetch(`${world().network.apiUrl}/metrics`)).text();
    expect(metrics).toContain('dialer_orders_received_total{shop="shop-repeats",type="order.created"} 1\n');
  });

  it.concurrent('an order says what it waits for', async () => {
    const shop = await world().openShop('codes');
    const { admin } = world().network;
    const first = await shop.send('00');
    await shop.waitForCode(first, 'no_agent');
    await admin.post('shops/shop-codes/pause');
    const paused = await shop.waitForCode(first, 'paused');
    expect(paused.status).toBe('scheduled');
    const agent = world().agent('wish-codes', { talkMs: () => 500, decide: () => ({ outcome: 'confirmed' }) });
    await agent.start();
    // The same agent serves another shop meanwhile, though this one's order came first.
    const other = await world().openShop('other', { agentGroups: ['codes'] });
    expect(await other.outcome(await other.send('00'))).toBe('confirmed');
    await goReady(agent);
    expect((await shop.see(first)).waitingFor.code).toBe('paused');
    expect(world().calls.invites(first.customer.phone)).toEqual([]);

    await admin.post('shops/shop-codes/resume');
    await shop.waitForCode(first, 'calling_now');
    await cardOf(agent, first.orderId);
    expect(await shop.outcome(first)).toBe('confirmed');
    await shop.waitForCode(first, 'final');

    await goReady(agent);
    const busy = await shop.send('60');
    await shop.waitForCode(busy, 'calling_now');
    const gap = await shop.waitForCode(busy, 'retry_gap');
    expect(Date.parse(gap.waitingFor.until ?? '')).toBe(Date.parse(gap.nextAttemptAt ?? ''));
    expect(await shop.outcome(busy)).toBe('unreachable');
    await shop.waitForCode(busy, 'final');
    const second = await world().calls.invite(busy.customer.phone, 2);
    expect(second.at.getTime()).toBeGreaterThanOrEqual(Date.parse(gap.nextAttemptAt ?? ''));
  });

  it.concurrent('a shop that is closed now is not called for', async () => {
    // Open on one day only, which is neither today nor a neighbour of it in any time zone.
    const day = DAYS[(new Date().getUTCDay() + 3) % 7] ?? 'mon';
    const shop = await world().openShop('closed', {
      callingHours: { [day]: ['10:00-11:00'] },
    });
    const order = await shop.send('00');
    const agent = world().agent('wish-closed', { talkMs: () => 500, decide: () => ({ outcome: 'confirmed' }) });
    await agent.start();
    // The same agent serves a shop that is open: so would have been served this one.
    const open = await world().openShop('open', { agentGroups: ['closed'] });
    expect(await open.outcome(await open.send('00'))).toBe('confirmed');
    expect(world().calls.invites(order.customer.phone)).toEqual([]);
    const seen = await shop.waitForCode(order, 'outside_calling_hours');
    expect(seen.status).toBe('scheduled');
    expect(Date.parse(seen.waitingFor.until ?? '')).toBeGreaterThan(Date.now() + 24 * 3_600_000);
    expect(seen.waitingFor.until).toContain(':00:00.000Z');
  });
}
