import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Transactions } from '../../src/platform/database/transaction.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { RobotFloor } from '../support/robot-floor.js';
import { asAdmin, createShop, getOrder, orderCreated, postOrder, type TestShop } from '../support/shop-client.js';
import { waitFor } from '../support/wait.js';

// The whole service on the virtual network, whose trunk `congested` answers every call with 503 and whose buyers do what their number says.

let test: TestApp;
let shop: TestShop;
let floor: RobotFloor;

const trunk = (name: string, endpoint: string, priority: number, more: object = {}) =>
  asAdmin(test, 'PUT', `/v1/admin/trunks/${name}`, {
    endpoint: `PJSIP/{number}@${endpoint}`,
    maxChannels: 20,
    callsPerSecond: 50,
    priority,
    ...more,
  });

beforeAll(async () => {
  test = await startTestApp();
  floor = new RobotFloor(test);
  await trunk('bad', 'congested', 0, { prefixes: ['+38067'] });
  await trunk('good', 'trunk', 1);
  shop = await createShop(test, 'trunks', { jurisdiction: 'demo', ringSeconds: 15, retry: { gapMinutes: 0.02 } });
  for (const login of ['t1', 't2', 't3']) await floor.join(login, ['default']);
}, 60_000);
afterAll(async () => {
  await floor.settled();
  await test.close();
}, 60_000);

let numbers = 0;
/** @returns the number of the order */
async function order(ending: string, prefix = '+38067'): Promise<string> {
  numbers += 1;
  const orderId = `T-${numbers}`;
  const customer = { phone: `${prefix}${String(41_000 + numbers)}${ending}` };
  const answer = await postOrder(test, shop, orderCreated({ orderId, customer }));
  expect(answer.status).toBe(202);
  return orderId;
}

interface Seen {
  readonly status: string;
  readonly outcome: string | null;
  readonly attempts: { result: string | null; plannedAt: string; endedAt: string }[];
  readonly waitingFor: { code: string };
  readonly timeline: { kind: string; data: Record<string, unknown> }[];
}
const see = async (orderId: string) => (await getOrder(test, shop, orderId)) as unknown as Seen;
const outcome = (orderId: string) => waitFor(`${orderId} final`, async () => (await see(orderId)).outcome, 25_000);
const trunksOf = async (orderId: string) =>
  (
    (await test
      .get(Transactions)
      .read((tx) =>
        tx.query(
          `SELECT c.trunk_id FROM calls c JOIN orders o ON o.id = c.order_ref WHERE o.order_id = $1 ORDER BY c.planned_at`,
          [orderId],
        ),
      )) as { trunk_id: string }[]
  ).map((row) => row.trunk_id);
const pacing = async () =>
  (await (await asAdmin(test, 'GET', '/v1/admin/groups/default/pacing')).json()) as {
    reason: string;
    trunks: { trunkId: string; circuit: string; circuitExplanation: string | null }[];
  };
const metric = async (app: { url: string }, trunkId: string) =>
  /** The gauge's value on the page. */
  new RegExp(`dialer_trunk_circuit_open\\{trunk="${trunkId}"\\} (\\d)`).exec(
    await (await fetch(`${app.url}/metrics`)).text(),
  )?.[1];

describe('two trunks, the better one congested', () => {
  it('reaches buyers over the other one at once, without charging the attempts that failed', async () => {
    const orders = [await order('00'), await order('06'), await order('12')];
    for (const orderId of orders) expect(await outcome(orderId)).toBe('confirmed');
    for (const orderId of orders) {
      const { attempts, timeline } = await see(orderId);
      expect(attempts.map(({ result }) => result)).toEqual(['carrier_failure', 'answered']);
      expect(await trunksOf(orderId)).toEqual(['bad', 'good']);
      expect(timeline.filter(({ kind }) => kind === 'rescheduled').map(({ data }) => data['reason'])).toEqual([
        'other_trunk',
      ]);
    }
    expect((await pacing()).trunks.map(({ circuit }) => circuit)).toEqual(['closed', 'closed']);
  });

  it('opens the circuit with the fourth number, explains it, and calls over the other one only', async () => {
    expect(await outcome(await order('18'))).toBe('confirmed');
    const bad = await waitFor('an open circuit', async () =>
      (await pacing()).trunks.find(({ trunkId, circuit }) => trunkId === 'bad' && circuit === 'open'),
    );
    expect(bad.circuitExplanation).toMatch(/refused call after call since .* tries again at/);
    expect([await metric(test, 'bad'), await metric(test, 'good')]).toEqual(['1', '0']);
    const later = [await order('00'), await order('06')];
    for (const orderId of later) {
      expect(await outcome(orderId)).toBe('confirmed');
      expect(await trunksOf(orderId)).toEqual(['good']);
    }
  });

  it('is seen by another process, from what Postgres knows', async () => {
    const other = await startTestApp({ roles: ['api'], databaseUrl: test.databaseUrl });
    try {
      expect([await metric(other, 'bad'), await metric(other, 'good')]).toEqual(['1', '0']);
    } finally {
      await other.close();
    }
  });

  it('never carries busy (486) and declined (603) over another trunk', async () => {
    await trunk('spare', 'trunk', 2);
    const orders = [await order('60', '+38095'), await order('61', '+38095')];
    for (const orderId of orders) {
      await waitFor(`${orderId} tried again`, async () => (await see(orderId)).attempts.length >= 2, 25_000);
    }
    for (const orderId of orders) {
      expect(new Set(await trunksOf(orderId))).toEqual(new Set(['good']));
      const { attempts } = await see(orderId);
      const [first, second] = attempts;
      // The gap of the shop, not the wake-up of the end.
      expect(Date.parse(second?.plannedAt ?? '') - Date.parse(first?.endedAt ?? '')).toBeGreaterThanOrEqual(1_190);
    }
  });
});

describe('a trunk that the exchange cannot use', () => {
  it('costs nothing but a moment', async () => {
    await trunk('gone', 'unknown', 0, { prefixes: ['+38096'] });
    const orderId = await order('00', '+38096');
    expect(await outcome(orderId)).toBe('confirmed');
    expect(await trunksOf(orderId)).toEqual(['gone', 'good']);
  });
});

describe('a trunk that says nothing', () => {
  it('is not followed at once, since it may have rung, and not tried again on that buyer', async () => {
    await trunk('silent', 'silent', 0, { prefixes: ['+38066'] });
    const orderId = await order('00', '+38066');
    expect(await waitFor('its outcome', async () => (await see(orderId)).outcome, 40_000)).toBe('confirmed');
    expect(await trunksOf(orderId)).toEqual(['silent', 'good']);
    const { attempts } = await see(orderId);
    const [first, second] = attempts;
    expect(first?.result).toBe('carrier_failure');
    expect(Date.parse(second?.plannedAt ?? '') - Date.parse(first?.endedAt ?? '')).toBeGreaterThanOrEqual(1_190);
  }, 60_000);
});

describe('no trunk but a congested one', () => {
  it('keeps orders waiting instead of wearing them out, and says why', async () => {
    await trunk('lone', 'congested', 0, { prefixes: ['+38050'] });
    for (const name of ['good', 'spare', 'bad']) await trunk(name, 'trunk', 1, { prefixes: ['+38067'] });
    const orders = await Promise.all(['00', '06', '12', '18', '24', '30'].map((ending) => order(ending, '+38050')));
    await waitFor('an open circuit', async () =>
      (await pacing()).trunks.some(({ trunkId, circuit }) => trunkId === 'lone' && circuit === 'open'),
    );
    const waiting = await waitFor(
      'an order that waits for the trunk',
      async () => {
        const seen = await Promise.all(orders.map(see));
        return seen.find(({ waitingFor }) => waitingFor.code === 'trunk_down');
      },
      20_000,
    );
    expect(waiting).toMatchObject({ status: 'scheduled', outcome: null });
    for (const seen of await Promise.all(orders.map(see))) {
      expect(seen.outcome).toBeNull();
      expect(seen.attempts.length).toBeLessThanOrEqual(2);
    }
    // Other numbers are called all the while.
    expect(await outcome(await order('00'))).toBe('confirmed');
  });
});
