import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AgentsService } from '../../src/features/agents/agents.service.js';
import { CallsService } from '../../src/features/calls/calls.service.js';
import { IntakeModule } from '../../src/features/intake/intake.module.js';
import { OutcomesModule } from '../../src/features/outcomes/outcomes.module.js';
import { OutcomesService } from '../../src/features/outcomes/outcomes.service.js';
import { Transactions } from '../../src/platform/database/transaction.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { acceptOrder, administer, anOrder } from '../support/talk.js';
import { waitFor } from '../support/wait.js';

// May we ring now, asked by the rooms together: dialer, calls, order status, on the virtual telephone network in real time.

let test: TestApp;
let agent: { agentId: string; name: string };
const apiKeys = new Map<string, string>();
let numbers = 1_000_000 + (randomBytes(2).readUInt16BE() % 50_000) * 100;

const isoDay = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
const SHOPS = {
  strict: { callingHours: 'always' },
  demo: { callingHours: 'always', jurisdiction: 'demo' },
  closed: { callingHours: 'always', holidays: { dates: [-1, 0, 1, 2].map(isoDay) } },
};
type ShopName = keyof typeof SHOPS | 'moving' | 'moved' | 'zones';

beforeAll(async () => {
  test = await startTestApp({ modules: [OutcomesModule, IntakeModule] });
  const endpoint = 'PJSIP/{number}@trunk';
  await administer(test, 'PUT', 'trunks/main', { endpoint, maxChannels: 20, callsPerSecond: 50 });
  for (const [shop, body] of Object.entries(SHOPS)) {
    const { apiKey } = await administer(test, 'PUT', `shops/${shop}`, {
      name: shop,
      timeZone: 'Europe/Kyiv',
      retry: { gapMinutes: shop === 'demo' ? 0.01 : 120 },
      ...body,
    });
    apiKeys.set(shop, String(apiKey));
  }
  const password = 'correct horse';
  const { agentId } = await administer(test, 'PUT', 'agents/anna', {
    name: 'Анна',
    password,
    connection: 'persistent',
  });
  agent = { agentId: String(agentId), name: 'Анна' };
  await test.get(AgentsService).signIn('anna', password, 'test');
  await test.get(AgentsService).wish(agent.agentId, 'ready');
}, 60_000);
afterAll(() => test.close(), 60_000);

const sql = <R = Record<string, unknown>>(text: string, parameters: unknown[] = []): Promise<R[]> =>
  test.get(Transactions).read((tx) => tx.query(text, parameters));

function newPhone(ending: string): string {
  numbers += 100;
  return `+38067${String(numbers).slice(0, 5)}${ending}`;
}

/** Hours that are open now by the clock of UTC, and closed by that of Kyiv. */
function openInUtcOnly() {
  const hour = new Date().getUTCHours();
  const text = (value: number) => `${String(value).padStart(2, '0')}:00`;
  const window = [`${text(hour)}-${text(Math.min(24, hour + 2))}`];
  return Object.fromEntries(['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'].map((day) => [day, window]));
}

async function order(shop: ShopName, phone: string, timeZone: string | null = null) {
  const base = anOrder();
  const content = { ...base, customer: { ...base.customer, phone, timeZone } };
  const ref = await acceptOrder(test, shop, content);
  return {
    ref,
    row: async () => (await sql('SELECT * FROM orders WHERE id = $1', [ref]))[0]!,
    update: (zone: string) =>
      acceptOrder(test, shop, { ...content, customer: { ...content.customer, timeZone: zone } }, 2),
    calls: () => sql<{ id: string; ended_at: Date | null }>('SELECT * FROM calls WHERE order_ref = $1', [ref]),
    status: async () => {
      const response = await fetch(`${test.url}/v1/shops/${shop}/orders/${content.orderId}`, {
        headers: { authorization: `Bearer ${apiKeys.get(shop)}` },
      });
      return (await response.json()) as { waitingFor: { code: string; sentence: string; until: string | null } };
    },
  };
}
type Order = Awaited<ReturnType<typeof order>>;

const ended = (one: Order, count = 1) =>
  waitFor(
    `${count} calls have ended`,
    async () => (await one.calls()).filter((call) => call.ended_at !== null).length >= count,
    15_000,
  );
const putOff = (one: Order) =>
  waitFor('put off', async () => (await one.row())['wait_reason'] === 'outside_calling_hours', 10_000);
/** As if its turn had come, whatever planned it. */
const pushForward = (one: Order) =>
  sql(`UPDATE orders SET not_before = NULL, due_at = now(), is_due = true, wait_reason = NULL WHERE id = $1`, [
    one.ref,
  ]);
const moveCallsBack = (phoneOf: Order, hours: number) =>
  sql(
    `UPDATE calls SET planned_at = planned_at - $2 * interval '1 hour', dialed_at = dialed_at - $2 * interval '1 hour',
       ended_at = ended_at - $2 * interval '1 hour' WHERE phone_hash = (SELECT phone_hash FROM orders WHERE id = $1)`,
    [phoneOf.ref, hours],
  );

describe('a shop with the usual limits', () => {
  it('leaves a number alone for the gap, whichever order it is called for, and whoever pushes', async () => {
    const phone = newPhone('60');
    const first = await order('strict', phone);
    await ended(first);
    const second = await order('strict', phone);
    await putOff(second);
    const [call] = await first.calls();
    const until = call!.ended_at!.getTime() + 120 * 60_000;
    expect((await second.row())['not_before']).toEqual(new Date(until));
    const { waitingFor } = await second.status();
    expect(waitingFor).toMatchObject({ code: 'outside_calling_hours', until: new Date(until).toISOString() });
    expect(waitingFor.sentence).toContain('the last call to the buyer is not long enough ago');
    expect((await first.status()).waitingFor.code).toBe('retry_gap');

    await pushForward(first);
    await putOff(first);
    expect(await first.calls()).toHaveLength(1);
    expect(await second.calls()).toHaveLength(0);
  }, 40_000);

  it('calls a number three times in 24 hours at most', async () => {
    const one = await order('strict', newPhone('60'));
    for (const count of [1, 2, 3]) {
      if (count > 1) await pushForward(one);
      await ended(one, count);
      await moveCallsBack(one, 3);
    }
    await pushForward(one);
    await putOff(one);
    expect(await one.calls()).toHaveLength(3);
    const { waitingFor } = await one.status();
    expect(waitingFor.code).toBe('outside_calling_hours');
    expect(waitingFor.sentence).toContain('within 24 hours');
    const hours = (Date.parse(waitingFor.until ?? '') - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(14.9);
    expect(hours).toBeLessThan(15.1);
  }, 60_000);

  it('calls the next order of a buyer at once whose last one was settled in a talk', async () => {
    const phone = newPhone('00');
    const first = await order('strict', phone);
    await waitFor('connected', async () => (await first.row())['status'] === 'connected', 15_000);
    const callId = String((await first.row())['live_call_id']);
    await test.get(OutcomesService).record(agent, callId, { outcome: 'confirmed' });
    await test.get(Transactions).run((tx) => test.get(CallsService).request(tx, callId, { kind: 'agent_hangup' }));
    await waitFor('final', async () => (await first.row())['status'] === 'final', 15_000);
    await test.get(AgentsService).wish(agent.agentId, 'ready');
    await test.get(Transactions).run((tx) => test.get(AgentsService).endWrapUp(tx, agent.agentId, callId));
    const second = await order('strict', phone);
    await waitFor('called', async () => (await second.calls()).length === 1, 15_000);
    const next = String((await second.calls())[0]!.id);
    await waitFor('connected', async () => (await second.row())['status'] === 'connected', 15_000);
    await test.get(OutcomesService).record(agent, next, { outcome: 'confirmed' });
    await test.get(Transactions).run((tx) => test.get(CallsService).request(tx, next, { kind: 'agent_hangup' }));
    await ended(second);
    await test.get(Transactions).run((tx) => test.get(AgentsService).endWrapUp(tx, agent.agentId, next));
  }, 60_000);
});

it('the demo calls one number again and again within seconds, for several orders', async () => {
  const phone = newPhone('60');
  const beganAt = performance.now();
  const first = await order('demo', phone);
  await ended(first);
  const second = await order('demo', phone);
  await waitFor(
    'three calls to the number',
    async () =>
      (await sql('SELECT 1 FROM calls WHERE phone_hash = (SELECT phone_hash FROM orders WHERE id = $1)', [second.ref]))
        .length >= 3,
    20_000,
  );
  expect(performance.now() - beganAt).toBeLessThan(20_000);
  await sql(`UPDATE orders SET hold_reason = 'test' WHERE shop_id = 'demo'`);
}, 40_000);

it('nobody is called on a closed day, and the status says so', async () => {
  const one = await order('closed', newPhone('00'));
  await putOff(one);
  const { waitingFor } = await one.status();
  expect(waitingFor.code).toBe('outside_calling_hours');
  expect(waitingFor.sentence).toContain('no calls are made on this day');
  expect(waitingFor.until).toMatch(/T2[12]:00:00.000Z$/);
  expect(await one.calls()).toHaveLength(0);
}, 30_000);

it('orders are judged anew when their shop’s hours are changed, and when the shop tells more of the buyer', async () => {
  const day = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'][(new Date().getUTCDay() + 3) % 7]!;
  const put = (more: object) =>
    administer(test, 'PUT', 'shops/moving', { name: 'M', timeZone: 'Europe/Kyiv', ...more });
  apiKeys.set('moving', String((await put({ callingHours: { [day]: ['10:00-11:00'] } }))['apiKey']));
  const [one, other] = [await order('moving', newPhone('60')), await order('moving', newPhone('60'))];
  await putOff(one);
  await putOff(other);
  expect((await one.status()).waitingFor.sentence).toContain("outside the shop's calling hours");
  await put({ callingHours: 'always' });
  await ended(one);
  await ended(other);

  await put({ callingHours: openInUtcOnly() });
  const third = await order('moving', newPhone('60'));
  await putOff(third);
  await third.update('UTC');
  await ended(third);
}, 40_000);

it('an order that was put off by hours which had just been changed is judged anew all the same', async () => {
  const put = (more: object) => administer(test, 'PUT', 'shops/moved', { name: 'M', timeZone: 'UTC', ...more });
  apiKeys.set('moved', String((await put({ callingHours: openInUtcOnly() }))['apiKey']));
  const late = await order('moved', newPhone('60'));
  await putOff(late);
  await administer(test, 'POST', 'shops/moved/pause');
  await put({ callingHours: 'always' });
  await waitFor('judged', async () => (await late.row())['wait_reason'] === null, 5_000);
  // A turn that had begun before writes what it has found.
  await sql(
    `UPDATE orders SET not_before = now() + interval '8 hours', due_at = now() + interval '8 hours', is_due = false, wait_reason = 'outside_calling_hours'
     WHERE id = $1 AND status = 'scheduled'`,
    [late.ref],
  );
  await administer(test, 'POST', 'shops/moved/resume');
  await ended(late);
}, 40_000);

it('a long queue of buyers whose hours are closed does not hide those whose hours are not', async () => {
  await administer(test, 'PUT', 'shops/zones', { name: 'Z', timeZone: 'UTC', callingHours: openInUtcOnly() });
  apiKeys.set('zones', '');
  const first = await order('zones', newPhone('60'));
  await putOff(first);
  // 3,000 of the same zone, due before everybody else.
  await sql(
    `INSERT INTO orders (id, shop_id, order_id, version, status, phone_hash, phone_encrypted, card_encrypted, priority, registered_at, call_by, turn_at,
       due_at, is_due, time_zones, give_up_at, trace_id)
     SELECT gen_random_uuid(), shop_id, 'many-' || i, 1, 'scheduled', decode(md5(i::text), 'hex'), phone_encrypted, card_encrypted, 9, now(),
       now() - interval '1 hour', now() - interval '1 hour', now() - interval '1 hour', true, time_zones, give_up_at, 't'
     FROM orders, generate_series(1, 3000) i WHERE id = $1`,
    [first.ref],
  );
  const beganAt = performance.now();
  const awake = await order('zones', newPhone('60'), 'UTC');
  await ended(awake);
  expect(performance.now() - beganAt).toBeLessThan(8_000);
  const [{ n } = { n: 0 }] = await sql<{ n: number }>(
    `SELECT count(*)::int AS n FROM orders WHERE shop_id = 'zones' AND wait_reason = 'outside_calling_hours'`,
  );
  expect(n).toBe(3_001);
}, 40_000);

it('an order keeps the zones its buyer may be in', async () => {
  const zones = async (phone: string) => (await (await order('closed', phone)).row())['time_zones'];
  expect(await zones('+380671234567')).toEqual(['Europe/Kyiv']);
  expect(await zones('+12125550123')).toEqual(['America/New_York', 'Europe/Kyiv']);
});
