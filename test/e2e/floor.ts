import { expect, it } from 'vitest';
import type { AgentPlan } from '../../tools/dev-env/network.js';
import { waitFor } from '../support/wait.js';
import { cardOf, goReady, nextEvent, nextState } from './agents.js';
import { readMetrics } from './metrics-page.js';
import type { World } from './world.js';

export const FLOOR_AGENTS: readonly AgentPlan[] = [
  { login: 'callme', name: 'Rung for each call', connection: 'per_call', group: 'rung' },
  { login: 'refuses', name: 'Whose phone refuses', connection: 'per_call', group: 'refused', phone: 'agent-reject-1' },
  { login: 'steps-in', name: 'Who steps in', connection: 'persistent', group: 'refused' },
  { login: 'late', name: 'Who comes late', connection: 'persistent', group: 'nobody' },
  { login: 'vanishes', name: 'Who vanishes', connection: 'persistent', group: 'lost' },
];

/** Answer → recorded message at most; the carrier's clock and ours are one. */
const MESSAGE_WITHIN_MS = 2_000;
/** asterisk-config/pbx/sounds/message-uk. */
const MESSAGE_MS = 10_600;

/** Which agent a buyer meets, and what becomes of a buyer who meets none. */
export function describeFloor(world: () => World): void {
  it.concurrent(
    'a buyer whose agent is lost hears the message within two seconds, and is first next time',
    async () => {
      const shop = await world().openShop('lost');
      const agent = world().agent('vanishes', { talkMs: () => 500, decide: () => ({ outcome: 'confirmed' }) });
      await agent.start();
      const order = await shop.send('05');
      const { attempts } = await shop.waitForStatus(order, 'ringing');
      const phone = order.customer.phone;
      // Leaves for a break and puts the phone down while the buyer's still rings: the ring goes on, and nobody takes the agent's place.
      await agent.setState('break', 'gone');
      expect(await world().carrier.hangUp('agent-vanishes')).toBe(true);
      await nextEvent(agent, 'agent.state', 0, (data) => data['reason'] === 'gone');

      const inMessageAt = await waitFor(
        'the recorded message',
        () => isInMessage(world(), attempts[0]?.callId),
        15_000,
      );
      // More urgent ones come in meanwhile, and still it is the abandoned buyer's turn.
      const others = [await shop.send('00', { priority: 9 }), await shop.send('00', { priority: 9 })];
      const record = await world().calls.record(phone, 1, 20_000);
      const answeredAt = Number(record.answeredAt);
      expect(answeredAt).toBeGreaterThan(0);
      expect(inMessageAt - answeredAt).toBeLessThan(MESSAGE_WITHIN_MS);
      const heardMs = record.endedAt.getTime() - answeredAt;
      expect(heardMs).toBeGreaterThan(MESSAGE_MS);
      expect(heardMs).toBeLessThan(MESSAGE_WITHIN_MS + MESSAGE_MS + 1_500);
      const seen = await shop.waitForStatus(order, 'scheduled');
      expect(seen.attempts).toMatchObject([{ result: 'abandoned', connectedAt: null }]);
      const metrics = readMetrics(await (await fetch(`${world().network.apiUrl}/metrics`)).text());
      expect(metrics.value('dialer_calls_total', { shop: 'shop-lost', result: 'abandoned' })).toBe(1);
      expect(metrics.value('dialer_abandoned_ratio', { shop: 'shop-lost', window: '24h' })).toBe(1);

      await shop.waitForCode(order, 'no_agent');
      await goReady(agent);
      await cardOf(agent, order.orderId);
      for (const one of [order, ...others]) expect(await shop.outcome(one)).toBe('confirmed');
      const second = await world().calls.invite(phone, 2);
      for (const one of others) {
        expect((await world().calls.invite(one.customer.phone)).at.getTime()).toBeGreaterThan(second.at.getTime());
      }
      expect(agent.seen[0]?.order.orderId).toBe(order.orderId);
    },
  );

  it.concurrent("rings a per-call agent's phone before the buyer's", async () => {
    const shop = await world().openShop('rung');
    const agent = world().agent('callme', { talkMs: () => 1_000, decide: () => ({ outcome: 'confirmed' }) });
    await agent.start();
    expect(world().calls.records('agent-callme')).toEqual([]);
    const order = await shop.send('01');
    expect(await shop.outcome(order)).toBe('confirmed');
    const phone = await world().calls.record('agent-callme');
    const invite = await world().calls.invite(order.customer.phone);
    expect(Number(phone.answeredAt)).toBeGreaterThan(0);
    expect(Number(phone.answeredAt)).toBeLessThanOrEqual(invite.at.getTime());
    expect(world().calls.records('agent-callme')).toHaveLength(1);
  });

  it.concurrent('sends an agent whose phone refuses on a break, and calls the buyer with another one', async () => {
    const shop = await world().openShop('refused');
    const agent = world().agent('refuses');
    await agent.start();
    const order = await shop.send('00');
    const away = await nextEvent(agent, 'agent.state', 0, (data) => data['reason'] === 'not_responding');
    expect(away.data['state']).toBe('break');
    expect(world().calls.invites(order.customer.phone)).toEqual([]);

    const other = world().agent('steps-in', { talkMs: () => 500, decide: () => ({ outcome: 'confirmed' }) });
    await other.start();
    await cardOf(other, order.orderId);
    expect(await shop.outcome(order)).toBe('confirmed');
    expect(world().calls.invites(order.customer.phone)).toHaveLength(1);
    expect(agent.seen).toEqual([]);
    expect((await shop.see(order)).attempts.map((attempt) => attempt.result)).toEqual(['system_failure', 'answered']);
  });

  it.concurrent('an order that waits for an agent goes to the first one who signs in, at once', async () => {
    const shop = await world().openShop('nobody');
    const order = await shop.send('00');
    await shop.waitForCode(order, 'no_agent');
    const agent = world().agent('late', { talkMs: () => 500, decide: () => ({ outcome: 'confirmed' }) });
    await agent.start();
    const ready = await nextState(agent, 'ready');
    const invite = await world().calls.invite(order.customer.phone);
    expect(invite.at.getTime() - Date.parse(String(ready.data['since']))).toBeLessThan(1_000);
    expect(await shop.outcome(order)).toBe('confirmed');
  });
}

/** When the PBX is playing the message to this leg: the instant; else null. */
async function isInMessage(world: World, legId: string | undefined): Promise<number | null> {
  const channel = await world.ari<{ dialplan: { exten: string; app_name: string } }>(`channels/${legId}`);
  return channel?.dialplan.exten === 'message' && channel.dialplan.app_name === 'Playback' ? Date.now() : null;
}
