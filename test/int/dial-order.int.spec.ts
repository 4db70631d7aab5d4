import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Transactions } from '../../src/platform/database/transaction.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { RobotFloor } from '../support/robot-floor.js';
import { asAdmin, createShop, getOrder, orderCreated, postOrder, type TestShop } from '../support/shop-client.js';
import { waitFor } from '../support/wait.js';

// Whose turn it is: the whole service on the virtual network, with agents who decide at once.

let test: TestApp;
let floor: RobotFloor;

beforeAll(async () => {
  test = await startTestApp();
  floor = new RobotFloor(test);
  await asAdmin(test, 'PUT', '/v1/admin/trunks/main', {
    endpoint: 'PJSIP/{number}@trunk',
    maxChannels: 20,
    callsPerSecond: 50,
  });
}, 60_000);
afterAll(() => test.close(), 60_000);

let numbers = 0;
async function aShop(name: string, group: string, more: object = {}): Promise<TestShop> {
  await asAdmin(test, 'PUT', `/v1/admin/groups/${group}`, {});
  return createShop(test, name, { jurisdiction: 'demo', agentGroups: [group], ...more });
}

/** Orders whose buyers answer after a second, in the queue. @returns our ids */
function send(shop: TestShop, count: number, data: object = {}): Promise<string[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const orderId = `D-${(numbers += 1)}`;
      const phone = `+38067${String(62_000 + numbers)}00`;
      expect((await postOrder(test, shop, orderCreated({ orderId, customer: { phone }, ...data }))).status).toBe(202);
      await waitFor('in the queue', async () => (await getOrder(test, shop, orderId))['status'] === 'scheduled');
      return String((await getOrder(test, shop, orderId))['id']);
    }),
  );
}
const talks = (of: readonly string[]) => floor.talks.filter(({ orderRef }) => of.includes(orderRef)).length;

describe('between shops', () => {
  it('a sale of one does not hold up the orders of another', async () => {
    const [sale, corner] = [await aShop('sale', 'shared'), await aShop('corner', 'shared')];
    const ofSale = await send(sale, 20);
    const ofCorner = await send(corner, 4);
    const agents = [await floor.join('shared-1', ['shared']), await floor.join('shared-2', ['shared'])];
    await waitFor('the talks of the small shop', () => talks(ofCorner) === ofCorner.length, 60_000);
    // Half of the agents' calls were its own, as long as it had orders waiting.
    expect(talks(ofSale)).toBeLessThanOrEqual(ofCorner.length + agents.length);
    await asAdmin(test, 'POST', `/v1/admin/shops/${sale.shop}/pause`);
    for (const agent of agents) await floor.rest(agent);
  }, 60_000);
});

describe('within a shop', () => {
  it('urgent ones first, then the nearest deadline; of lost ones the newest, if the shop wants', async () => {
    const ago = (seconds: number) => ({ registeredAt: new Date(Date.now() - seconds * 1000).toISOString() });
    const shop = await aShop('ordered', 'single', { firstCall: { whenLate: 'newest_first' } });
    const [oldest] = await send(shop, 1, ago(7_200));
    const [older] = await send(shop, 1, ago(3_600));
    const [fresh] = await send(shop, 1);
    const [nearer] = await send(shop, 1, ago(300));
    const [urgent] = await send(shop, 1, { ...ago(7_200), priority: 9 });
    const all = [urgent!, nearer!, fresh!, older!, oldest!];
    const agent = await floor.join('single-1', ['single']);
    await waitFor('all talks', () => talks(all) === all.length, 60_000);
    expect(floor.talks.map(({ orderRef }) => orderRef).filter((ref) => all.includes(ref))).toEqual(all);
    await floor.rest(agent);
  }, 60_000);
});

describe('when again', () => {
  it('at the hour of the day in which the buyer picked up before, when it is near', async () => {
    const shop = await aShop('habits', 'habits', { jurisdiction: 'generic' });
    const phone = '+380676166660';
    const sent = async (orderId: string) =>
      expect((await postOrder(test, shop, orderCreated({ orderId, customer: { phone } }))).status).toBe(202);
    // An hour after the latest instant that gap (120 min) and jitter (12 min) allow: another hour of the day at whatever minute this runs.
    const later = Date.now() + (120 + 12 + 60) * 60_000;
    const tenDays = 10 * 86_400_000;
    await sent('last-time');
    await test.get(Transactions).run((tx) =>
      tx.query(
        `WITH past AS (
           UPDATE orders SET status = 'final', outcome = 'confirmed' WHERE shop_id = 'habits' AND order_id = 'last-time' RETURNING id, phone_hash
         ) INSERT INTO calls (id, shop_id, order_ref, group_id, epoch, node, trunk_id, phone_hash, state, machine, result, planned_at, dialed_at,
             answered_at, connected_at, ended_at, trace_id)
         SELECT gen_random_uuid(), 'habits', id, 'habits', 0, 'main', 'main', phone_hash, 'ended', '{}', 'answered', $1, $1, $1, $1, $1, 'trace' FROM past`,
        [new Date(later - tenDays)],
      ),
    );
    await sent('this-time');
    const agent = await floor.join('habits-1', ['habits']);
    await waitFor(
      'busy',
      async () => ((await getOrder(test, shop, 'this-time'))['attempts'] as { result: string }[])[0]?.result === 'busy',
    );
    const order = await getOrder(test, shop, 'this-time');
    const hour = (at: unknown) => new Date(at as string | number).getUTCHours();
    expect(hour(order['nextAttemptAt'])).toBe(hour(later));
    expect(order['timeline']).toContainEqual(
      expect.objectContaining({
        kind: 'rescheduled',
        data: expect.objectContaining({ reason: 'best_hour' }) as object,
      }),
    );
    await floor.rest(agent);
  }, 60_000);
});
