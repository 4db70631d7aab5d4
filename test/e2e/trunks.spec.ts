import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentPlan } from '../../tools/dev-env/network.js';
import { waitFor } from '../support/wait.js';
import { readMetrics } from './metrics-page.js';
import { RefusingCarrier } from './refusing-carrier.js';
import type { ShopView } from './shop-view.js';
import { useWorld } from './world.js';

// Two trunks of a real Asterisk: a carrier that refuses every call stands before the simulated one. Both keep a ledger of INVITEs.

const AGENTS: readonly AgentPlan[] = [1, 2, 3, 4].map((n) => ({
  login: `trunk-${n}`,
  name: `Agent ${n}`,
  connection: 'persistent',
  group: 'trunks',
}));
const world = useWorld({ agents: AGENTS });
const refusing = new RefusingCarrier();
let shop: ShopView;

beforeAll(async () => {
  await refusing.start(world().pbx.sippPort);
  await world().network.admin.put('trunks/refusing', {
    endpoint: 'PJSIP/{number}@sipp',
    maxChannels: 30,
    callsPerSecond: 30,
    prefixes: ['+38067', '+38063'],
  });
  shop = await world().openShop('trunks', { retry: { gapMinutes: 0.02 } });
  await Promise.all(
    AGENTS.map(({ login }) =>
      world()
        .agent(login, { talkMs: () => 300, decide: () => ({ outcome: 'confirmed' }) })
        .start(),
    ),
  );
}, 120_000);
afterAll(() => refusing.stop());

interface Pacing {
  readonly trunks: { trunkId: string; circuit: string; circuitExplanation: string | null }[];
}
async function circuit(): Promise<string | undefined> {
  const { body } = await world().network.admin.get<Pacing>('groups/trunks/pacing');
  return body.trunks.find(({ trunkId }) => trunkId === 'refusing')?.circuit;
}
async function gauge(): Promise<number | null> {
  const page = await (await fetch(`${world().network.apiUrl}/metrics`)).text();
  return readMetrics(page).value('dialer_trunk_circuit_open', { trunk: 'refusing' });
}

describe('a carrier that refuses every call with 503', () => {
  it('costs its buyers a moment: they are reached over the other one, and no attempt is charged', async () => {
    const orders = [];
    for (const ending of ['00', '00', '06', '06', '12', '12', '18', '18']) orders.push(await shop.send(ending));
    for (const order of orders) expect(await shop.outcome(order, 60_000)).toBe('confirmed');
    for (const order of orders) {
      const { phone } = order.customer;
      const { attempts } = await shop.see(order);
      const refused = refusing.to(phone);
      expect(refused.length).toBeLessThanOrEqual(1);
      expect(world().calls.invites(phone)).toHaveLength(1);
      expect(attempts.map(({ result }) => result)).toEqual([...refused.map(() => 'carrier_failure'), 'answered']);
    }
    // Four numbers open the circuit; with four agents some more may be under way by then.
    expect(refusing.invites.length).toBeGreaterThanOrEqual(4);
    expect(refusing.invites.length).toBeLessThanOrEqual(8);
    await waitFor('an open circuit', async () => (await circuit()) === 'open');
    expect(await gauge()).toBe(1);
  });

  it('never gets a call that the other carrier answered with busy (486) or declined (603)', async () => {
    await world().network.admin.put('trunks/spare', {
      endpoint: 'PJSIP/{number}@sipp',
      maxChannels: 30,
      callsPerSecond: 30,
      prefixes: ['+38095'],
      priority: 9,
    });
    const [busy, declined] = [await shop.send('60', { prefix: '+38095' }), await shop.send('61', { prefix: '+38095' })];
    for (const [order, status] of [
      [busy, 486],
      [declined, 603],
    ] as const) {
      await shop.waitUntil(order, 'a second attempt', ({ attempts }) => attempts.length >= 2, 30_000);
      await waitFor('its end', () => world().calls.answers(order.customer.phone)[1]?.at(-1) === status, 10_000);
      expect(
        world()
          .calls.answers(order.customer.phone)
          .map((answers) => answers.at(-1)),
      ).toContain(status);
      expect(refusing.to(order.customer.phone)).toEqual([]);
      await shop.cancel(order);
    }
  });

  it('is tried again by single calls, and trusted again once it answers about numbers', async () => {
    refusing.answer = { status: 486, reason: 'Busy Here' };
    await waitFor('a half-open circuit', async () => (await circuit()) === 'half_open', 60_000);
    const order = await shop.send('00', { prefix: '+38063' });
    await waitFor('a closed circuit', async () => (await circuit()) === 'closed', 60_000);
    expect(await gauge()).toBe(0);
    // What it says of a number is the buyer's own answer: the calls came one after the other, and none went elsewhere.
    const [first, second] = refusing.to(order.customer.phone);
    expect(Number(second?.at.getTime()) - Number(first?.at.getTime())).toBeGreaterThan(1_000);
    expect(world().calls.invites(order.customer.phone)).toEqual([]);
    await shop.cancel(order);
  });
});
