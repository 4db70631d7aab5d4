import { expect, it } from 'vitest';
import type { AgentPlan } from '../../tools/dev-env/network.js';
import { cardOf, goReady, nextEvent, nextState } from './agents.js';
import type { World } from './world.js';

export const TALK_AGENTS: readonly AgentPlan[] = [
  { login: 'talk1', name: 'First talker', connection: 'persistent', group: 'talks' },
  { login: 'talk2', name: 'Second talker', connection: 'persistent', group: 'talks' },
  { login: 'phone1', name: 'With a phone', connection: 'persistent', group: 'phones' },
];

/** How a hang-up reaches the other side, and until when a word counts. */
export function describeTalks(world: () => World): void {
  it.concurrent('an agent hangs up, says the outcome in the wrap-up, and corrects it until that ends', async () => {
    const shop = await world().openShop('talks');
    const agent = world().agent('talk1');
    await agent.start();
    const order = await shop.send('00');
    const callId = await cardOf(agent, order.orderId);

    const hungUpAt = Date.now();
    expect((await agent.hangUp(callId)).status).toBe(202);
    const record = await world().calls.record(order.customer.phone);
    expect(record.endedAt.getTime() - hungUpAt).toBeLessThan(2_000);
    await nextState(agent, 'wrap_up');
    expect(await shop.waitForStatus(order, 'wrap_up')).toMatchObject({
      outcome: null,
      attempts: [{ result: 'answered' }],
    });
    expect(shop.told(order)).toEqual([]);

    expect((await agent.say(callId, { outcome: 'confirmed' })).status).toBe(200);
    expect(await shop.outcome(order)).toBe('confirmed');
    expect((await agent.say(callId, { outcome: 'confirmed' })).status).toBe(200);
    expect((await agent.say(callId, { outcome: 'declined', note: 'changed their mind' })).status).toBe(200);
    await shop.waitUntil(
      order,
      'the correction delivered',
      (seen) => seen.deliveries.length === 2 && seen.deliveries.every(({ state }) => state === 'delivered'),
    );
    const told = shop.told(order, 'order.outcome');
    expect(told.map((one) => one.body.data['outcome'])).toEqual(['confirmed', 'declined']);
    expect(told[1]?.sequence).toBeGreaterThan(told[0]?.sequence ?? 0);
    expect(told[1]?.body.data).toMatchObject({
      note: 'changed their mind',
      decidedBy: { kind: 'agent', name: 'First talker' },
    });

    const other = world().agent('talk2');
    await other.start();
    expect((await other.say(callId, { outcome: 'confirmed' })).status).toBe(404);
    expect((await other.hangUp(callId)).status).toBe(404);

    await goReady(agent);
    const late = await agent.say(callId, { outcome: 'confirmed' });
    expect(late.status).toBe(409);
    expect(await late.json()).toMatchObject({ code: 'call.closed' });
    expect(shop.told(order)).toHaveLength(2);
  });

  it.concurrent('an agent puts the phone down, the next buyer hangs up first', async () => {
    const shop = await world().openShop('phones');
    const agent = world().agent('phone1');
    await agent.start();
    const first = await shop.send('00');
    const callId = await cardOf(agent, first.orderId);
    const putDownAt = Date.now();
    expect(await world().carrier.hangUp('agent-phone1')).toBe(true);
    const record = await world().calls.record(first.customer.phone);
    expect(record.endedAt.getTime() - putDownAt).toBeLessThan(3_000);
    await nextEvent(agent, 'call.ended', 0, (data) => data['callId'] === callId && data['result'] === 'answered');
    await agent.say(callId, { outcome: 'confirmed' });
    expect(await shop.outcome(first)).toBe('confirmed');

    // The phone is called again by itself.
    const from = agent.events.length;
    await goReady(agent);
    const second = await shop.send('00');
    const secondId = await cardOf(agent, second.orderId, from);
    expect(await world().carrier.hangUp(second.customer.phone)).toBe(true);
    await nextEvent(agent, 'call.ended', from, (data) => data['callId'] === secondId && data['result'] === 'answered');
    await agent.say(secondId, { outcome: 'changed', changes: { delivery: { address: 'вул. Нова, 5' } } });
    expect(await shop.outcome(second)).toBe('changed');
    expect(shop.told(second).at(-1)?.body.data).toMatchObject({
      outcome: 'changed',
      changes: { delivery: { address: 'вул. Нова, 5' } },
      attempts: 1,
    });
  });
}
