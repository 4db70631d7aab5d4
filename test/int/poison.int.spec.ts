import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startDemoShop, type DemoShop } from '../../tools/demo-shop/demo-shop.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { createDatabase, dropDatabase, testRunId } from '../support/database.js';
import { KeptService, serviceEnvironment } from '../support/kept-service.js';
import { forgetKeys, redisUrl } from '../support/redis.js';
import { asAdmin, createShop, getOrder, orderCreated, postOrder, type TestShop } from '../support/shop-client.js';
import { acceptOrder, administer, anOrder } from '../support/talk.js';
import { AgentsService } from '../../src/features/agents/agents.service.js';
import { CallsService } from '../../src/features/calls/calls.service.js';
import { Transactions, rows } from '../../src/platform/database/transaction.js';
import { waitFor } from '../support/wait.js';

// Orders that end the process that works on them, in two real processes that are started again whenever they have died; and orders that cannot be called at all.

/** A poison needs three deaths, each of which takes a new leader or worker; those who are not poisoned get through in between. */
const HELD_WITHIN_MS = 150_000;
const OTHERS_WITHIN_MS = 120_000;

const PREFIX = `cd:test-${testRunId()}-poison:`;

describe('an order that ends the process', () => {
  let database: pg.Client;
  let outside: DemoShop;
  let databaseUrl: string;
  const failpoints = mkdtempSync(join(tmpdir(), 'cd-poison-'));
  const spools = [1, 2, 3].map(() => mkdtempSync(join(tmpdir(), 'cd-poison-spool-')));
  const kept: KeptService[] = [];
  let deaths = 0;

  beforeAll(async () => {
    databaseUrl = await createDatabase();
    database = new pg.Client({ connectionString: databaseUrl });
    await database.connect();
    outside = await startDemoShop();
  }, 60_000);
  afterAll(async () => {
    for (const one of kept) one.end();
    await outside.stop();
    await forgetKeys(redisUrl(), PREFIX);
    await database.end();
    await dropDatabase(databaseUrl);
    for (const folder of [failpoints, ...spools]) rmSync(folder, { recursive: true, force: true });
  }, 30_000);

  const service = (): KeptService => {
    const one = new KeptService(
      serviceEnvironment(databaseUrl, {
        REDIS_KEY_PREFIX: PREFIX,
        SPOOL_FOLDER: spools[kept.length] ?? '',
        FAILPOINTS: failpoints,
        METRICS_PORT: '0',
      }),
      () => (deaths += 1),
    );
    kept.push(one);
    return one;
  };

  const hitsOf = (name: string, orderRef: string): number =>
    readdirSync(failpoints).filter((file) => file.startsWith(`${name}@${orderRef}.hit-`)).length;
  const held = async () =>
    (await database.query(`SELECT id FROM orders WHERE hold_reason IS NOT NULL ORDER BY id`)).rows.map(
      ({ id }: { id: string }) => id,
    );

  it('is held, or its write-back parked, at the third time, and the others go their way', async () => {
    const first = service();
    await first.start('api', false);
    const { url } = first;
    const shop: TestShop = await createShop({ url } as TestApp, 'poison', {
      jurisdiction: 'demo',
      destinations: [{ name: 'main', url: outside.destinationUrl('main'), events: ['order.outcome'] }],
    });
    const secrets = Object.fromEntries(shop.destinations.map(({ name, secret }) => [name, secret]));
    outside.connect({ apiUrl: url, ...shop, destinationSecrets: secrets });
    let n = 0;
    // 63: the carrier knows no such number, so that the order ends without an agent's word. 00: the buyer answers.
    const post = async (ending = '63', type = 'order.created', orderId = `P-${++n}`) => {
      const phone = `+380671${String(n).padStart(4, '0')}${ending}`;
      const cancel = { orderId, version: 2, reason: null };
      const data =
        type === 'order.cancelled' ? cancel : orderCreated({ orderId, customer: { name: null, phone } }).data;
      const answer = await postOrder({ url }, shop, { type, timestamp: new Date().toISOString(), data });
      expect(answer.status).toBe(202);
      return (await answer.json()) as { id: string; orderId: string };
    };
    const inJob = await post();
    const inCall = await post();
    const atAnswer = await post('00');
    const inWriteback = await post();
    const others = [await post(), await post(), await post()];
    await post('63', 'order.cancelled', inWriteback.orderId);
    const cancelled = await post();
    await post('63', 'order.cancelled', cancelled.orderId);
    await administer({ url } as TestApp, 'PUT', 'trunks/main', {
      endpoint: 'PJSIP/{number}@trunk',
      maxChannels: 10,
      callsPerSecond: 10,
    });
    for (const login of ['anna', 'borys']) {
      await administer({ url } as TestApp, 'PUT', `agents/${login}`, {
        password: 'correct horse',
        connection: 'per_call',
      });
      const json = { 'content-type': 'application/json' };
      const credentials = JSON.stringify({ login, password: 'correct horse' });
      const signedIn = await fetch(`${url}/v1/agent/session`, { method: 'POST', headers: json, body: credentials });
      const { token } = (await signedIn.json()) as { token: string };
      const headers = { ...json, authorization: `Bearer ${token}` };
      const state = await fetch(`${url}/v1/agent/state`, { method: 'PUT', headers, body: '{"state":"ready"}' });
      expect(state.status).toBe(200);
    }
    first.end();
    const poisons = [
      ['job_begun', inJob.id],
      ['attempt_before_commit', inCall.id],
      ['answered', atAnswer.id],
      ['writeback_claimed', inWriteback.id],
    ] as const;
    for (const [name, orderRef] of poisons) writeFileSync(join(failpoints, `${name}@${orderRef}`), 'kill9');
    // Kept from the dialer, which would call it before its job has been its undoing three times.
    await database.query(`UPDATE orders SET due_at = now() + interval '1 hour', is_due = false WHERE id = $1`, [
      inJob.id,
    ]);

    const [one, two] = [service(), service()];
    const beganAt = performance.now();
    await Promise.all([one.start('api,dialer,worker', true), two.start('api,dialer,worker', true)]);
    const isParked = async () =>
      (await database.query(`SELECT 1 FROM deliveries WHERE order_ref = $1 AND state = 'parked'`, [inWriteback.id]))
        .rowCount;
    const othersDone = waitFor(
      'the others',
      async () => {
        const open = `SELECT 1 FROM orders o WHERE id = ANY($1) AND NOT EXISTS
          (SELECT 1 FROM deliveries d WHERE d.order_ref = o.id AND d.state = 'delivered')`;
        const ids = [...others, cancelled].map(({ id }) => id);
        return (await database.query(open, [ids])).rowCount === 0;
      },
      OTHERS_WITHIN_MS,
    ).then(() => performance.now() - beganAt);
    const poisonsDone = waitFor(
      'three held and one parked',
      async () => (await held()).length === 3 && (await isParked()) === 1,
      HELD_WITHIN_MS,
    ).catch(async (error: unknown) => {
      const tries = await database.query('SELECT * FROM order_tries');
      const calls = await database.query('SELECT order_ref, state, result FROM calls ORDER BY planned_at');
      const hits = poisons.map(([name, orderRef]) => [name, orderRef, hitsOf(name, orderRef)]);
      throw new Error(JSON.stringify({ deaths, hits, held: await held(), tries: tries.rows, calls: calls.rows }), {
        cause: error,
      });
    });
    await Promise.all([othersDone, poisonsDone]);
    expect(await held()).toEqual([inJob.id, inCall.id, atAnswer.id].sort());
    // Three deaths each; the first one may be another's, met while this one was in the same hands. None is anybody else's.
    const hits = poisons.map(([name, orderRef]) => hitsOf(name, orderRef));
    for (const count of hits) expect(count, `deaths by each: ${hits.join(', ')}`).toBeGreaterThanOrEqual(2);
    for (const count of hits) expect(count, `deaths by each: ${hits.join(', ')}`).toBeLessThanOrEqual(3);
    expect(deaths).toBe(hits.reduce((sum, count) => sum + count, 0));
    const before = deaths;
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(deaths).toBe(before);
    expect((await database.query('SELECT * FROM order_tries')).rows).toEqual([]);

    const alive = await waitFor(
      'one that answers',
      async () => {
        for (const candidate of [one, two]) {
          const answer = await fetch(`${candidate.url}/health/live`).catch(() => null);
          if (answer?.ok === true) return candidate;
        }
        return null;
      },
      30_000,
    );
    const listed = (await (await asAdmin(alive, 'GET', '/v1/admin/orders?state=held')).json()) as {
      orders: { id: string }[];
    };
    expect(listed.orders.map(({ id }) => id).sort()).toEqual(await held());
    for (const { orderId } of [inCall, atAnswer]) {
      expect(await getOrder(alive, shop, orderId)).toMatchObject({
        waitingFor: { code: 'held', sentence: 'The order is held: its call ended the dialer 3 times.' },
      });
    }
    expect(await getOrder(alive, shop, inJob.orderId)).toMatchObject({
      waitingFor: { code: 'held', sentence: 'The order is held: its job ended a worker 3 times before it was done.' },
    });
    const metrics = await (await fetch(`http://127.0.0.1:${alive.metricsPort}/metrics`)).text();
    expect(metrics).toContain('dialer_orders_held{shop="poison"} 3');
    expect(metrics).toContain('dialer_writeback_parked{shop="poison"} 1');
  }, 300_000);
});

describe('an order that cannot be called', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp();
  }, 60_000);
  afterAll(() => test.close(), 60_000);

  it('is held after three turns, and those behind it are called meanwhile', async () => {
    await administer(test, 'PUT', 'trunks/main', {
      endpoint: 'PJSIP/{number}@trunk',
      maxChannels: 10,
      callsPerSecond: 10,
    });
    const shop = await createShop(test, 's1', { jurisdiction: 'demo' });
    const order = (phone: string, priority: number) => {
      const one = anOrder();
      return { ...one, priority, customer: { ...one.customer, phone: phone as typeof one.customer.phone } };
    };
    const contents = ['+380672000163', '+380672000263', '+380672000363'].map((phone, at) =>
      order(phone, at < 2 ? 9 : 0),
    );
    const refs: string[] = [];
    for (const content of contents) refs.push(await acceptOrder(test, 's1', content));
    const [unreadable = '', unwritable = '', good = ''] = refs;
    const sql = <R extends object>(text: string, parameters: unknown[] = []) =>
      test.get(Transactions).read((tx) => rows<R>(tx, text, parameters));
    await sql(`UPDATE orders SET routing_encrypted = 'no such thing' WHERE id = $1`, [unreadable]);
    const calls = test.get(CallsService);
    const place = calls.place.bind(calls);
    vi.spyOn(calls, 'place').mockImplementation((tx, plan) =>
      plan.orderRef === unwritable ? Promise.reject(new TypeError('of no use')) : place(tx, plan),
    );
    const { agentId } = await administer(test, 'PUT', 'agents/anna', {
      password: 'correct horse',
      connection: 'per_call',
    });
    const agents = test.get(AgentsService);
    await agents.signIn('anna', 'correct horse', 'test');
    await agents.wish(String(agentId), 'ready');
    const heldOf = async () =>
      (await sql<{ id: string }>('SELECT id FROM orders WHERE hold_reason IS NOT NULL')).map(({ id }) => id).sort();
    const heldWhenCalled = await waitFor(
      'the good one',
      async () =>
        (await sql(`SELECT 1 FROM orders WHERE id = $1 AND status = 'final'`, [good])).length > 0 ? heldOf() : null,
      15_000,
    );
    expect(heldWhenCalled).toEqual([]);
    await waitFor('held', async () => (await heldOf()).length === 2, 40_000);
    expect(await heldOf()).toEqual([unreadable, unwritable].sort());
    expect(await getOrder(test, shop, contents[1]!.orderId)).toMatchObject({ waitingFor: { code: 'held' } });
    // Released, it begins anew.
    vi.restoreAllMocks();
    const release = `/v1/admin/shops/s1/orders/${contents[1]!.orderId}/release`;
    expect((await asAdmin(test, 'POST', release)).status).toBeLessThan(300);
    await waitFor(
      'called',
      async () => (await sql(`SELECT 1 FROM orders WHERE id = $1 AND status = 'final'`, [unwritable])).length,
      15_000,
    );
  }, 90_000);
});
