import { Redis } from 'ioredis';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startDemoShop, type DemoShop } from '../../tools/demo-shop/demo-shop.js';
import { ADMIN_TOKEN, startTestApp, type TestApp } from '../support/app.js';
import { createDatabase, dropDatabase, testRunId } from '../support/database.js';
import { asAdmin, createShop, getOrder, orderCreated, postOrder, type TestShop } from '../support/shop-client.js';
import { acceptOrder, administer, anOrder } from '../support/talk.js';
import { AgentsService } from '../../src/features/agents/agents.service.js';
import { CallsService } from '../../src/features/calls/calls.service.js';
import { Transactions, rows } from '../../src/platform/database/transaction.js';
import { waitFor } from '../support/wait.js';

// Orders that end the process that works on them, in a real process that is started again whenever it has died; and orders that cannot be called at all.

const PREFIX = `cd:test-${testRunId()}-poison:`;

describe('an order that ends the process', () => {
  let database: pg.Client;
  let redis: Redis;
  let outside: DemoShop;
  let databaseUrl: string;
  const failpoints = mkdtempSync(join(tmpdir(), 'cd-poison-'));
  const spool = mkdtempSync(join(tmpdir(), 'cd-poison-spool-'));
  let child: ChildProcess | null = null;
  let deaths = 0;
  let isOver = false;
  let url = '';
  let metricsPort = 0;

  beforeAll(async () => {
    if (!existsSync('dist/main.js')) throw new Error('this test starts the built service: npm run build');
    databaseUrl = await createDatabase();
    database = new pg.Client({ connectionString: databaseUrl });
    await database.connect();
    redis = new Redis(process.env['REDIS_URL'] ?? '');
    outside = await startDemoShop();
  }, 60_000);
  afterAll(async () => {
    isOver = true;
    child?.kill('SIGKILL');
    await outside.stop();
    const keys = await redis.keys(`${PREFIX}*`);
    if (keys.length > 0) await redis.unlink(...keys);
    redis.disconnect();
    await database.end();
    await dropDatabase(databaseUrl);
    for (const folder of [failpoints, spool]) rmSync(folder, { recursive: true, force: true });
  }, 30_000);

  /** What half a minute without the process does: leases and locks run out. */
  const letTimePass = async (): Promise<void> => {
    await database.query(`UPDATE deliveries SET leased_until = now() WHERE leased_until > now()`);
    await database.query(`UPDATE leaders SET expires_at = now()`);
    const [locks, checks] = [await redis.keys(`${PREFIX}*:lock`), await redis.keys(`${PREFIX}*:stalled-check`)];
    if (locks.length + checks.length > 0) await redis.del(...locks, ...checks);
    for (const active of await redis.keys(`${PREFIX}*:active`)) {
      for (const id of await redis.lrange(active, 0, -1)) await redis.sadd(active.replace(/active$/, 'stalled'), id);
    }
  };

  /** Starts the service; with `isKept` again whenever it dies */
  const start = async (roles: string, isKept: boolean): Promise<void> => {
    const run = spawn(process.execPath, ['dist/main.js'], {
      env: {
        PATH: process.env['PATH'],
        HOST: '127.0.0.1',
        PORT: '0',
        NODE_ENV: 'test',
        DATABASE_URL: databaseUrl,
        REDIS_URL: process.env['REDIS_URL'],
        REDIS_KEY_PREFIX: PREFIX,
        ARI_URL: 'virtual:',
        ADMIN_TOKEN,
        ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 9).toString('base64')}`,
        ALLOW_PRIVATE_DESTINATIONS: 'true',
        SPOOL_FOLDER: spool,
        FAILPOINTS: failpoints,
        METRICS_PORT: '0',
        ROLES: roles,
      },
    });
    child = run;
    let out = '';
    run.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    run.once('exit', (_code, signal) => {
      if (signal !== 'SIGKILL' || isOver || !isKept) return;
      deaths += 1;
      void letTimePass().then(() => (isOver ? undefined : start(roles, isKept).catch(() => undefined)));
    });
    const listening = await waitFor(
      'listening, or its death',
      () => out.split('\n').find((line) => line.includes('"listening"')) ?? (run.signalCode === null ? null : 'dead'),
      30_000,
    );
    if (listening !== 'dead') ({ url, metricsPort } = JSON.parse(listening) as { url: string; metricsPort: number });
  };

  const arm = (name: string, orderRef: string): void => writeFileSync(join(failpoints, `${name}@${orderRef}`), 'kill9');
  const held = async () =>
    (await database.query(`SELECT id FROM orders WHERE hold_reason IS NOT NULL ORDER BY id`)).rows.map(
      ({ id }: { id: string }) => id,
    );

  it('is held, or its write-back parked, at the third time, and the others go their way', async () => {
    await start('api', false);
    const shop: TestShop = await createShop({ url } as TestApp, 'poison', {
      jurisdiction: 'demo',
      destinations: [{ name: 'main', url: outside.destinationUrl('main'), events: ['order.outcome'] }],
    });
    const secrets = Object.fromEntries(shop.destinations.map(({ name, secret }) => [name, secret]));
    outside.connect({ apiUrl: url, ...shop, destinationSecrets: secrets });
    let n = 0;
    // 63: the carrier knows no such number, so that the order ends without an agent's word.
    const post = async (type = 'order.created', orderId = `P-${++n}`): Promise<{ id: string; orderId: string }> => {
      const phone = `+380671${String(n).padStart(4, '0')}63`;
      const cancel = { orderId, version: 2, reason: null };
      const data =
        type === 'order.cancelled' ? cancel : orderCreated({ orderId, customer: { name: null, phone } }).data;
      const answer = await postOrder({ url }, shop, { type, timestamp: new Date().toISOString(), data });
      expect(answer.status).toBe(202);
      return (await answer.json()) as { id: string; orderId: string };
    };
    const inJob = await post();
    const inCall = await post();
    const inWriteback = await post();
    const others = [await post(), await post(), await post()];
    await post('order.cancelled', inWriteback.orderId);
    const cancelled = await post();
    await post('order.cancelled', cancelled.orderId);
    await administer({ url } as TestApp, 'PUT', 'trunks/main', {
      endpoint: 'PJSIP/{number}@trunk',
      maxChannels: 10,
      callsPerSecond: 10,
    });
    await administer({ url } as TestApp, 'PUT', 'agents/anna', { password: 'correct horse', connection: 'per_call' });
    const json = { 'content-type': 'application/json' };
    const credentials = JSON.stringify({ login: 'anna', password: 'correct horse' });
    const signedIn = await fetch(`${url}/v1/agent/session`, { method: 'POST', headers: json, body: credentials });
    const { token } = (await signedIn.json()) as { token: string };
    const headers = { ...json, authorization: `Bearer ${token}` };
    const state = await fetch(`${url}/v1/agent/state`, { method: 'PUT', headers, body: '{"state":"ready"}' });
    expect(state.status).toBe(200);
    child?.kill('SIGKILL');
    arm('job_begun', inJob.id);
    arm('attempt_before_commit', inCall.id);
    arm('writeback_claimed', inWriteback.id);
    // Kept from the dialer, which would call it before its job has been its undoing three times.
    await database.query(`UPDATE orders SET due_at = now() + interval '1 hour', is_due = false WHERE id = $1`, [
      inJob.id,
    ]);

    await start('api,dialer,worker', true);
    const isParked = async () =>
      (await database.query(`SELECT 1 FROM deliveries WHERE order_ref = $1 AND state = 'parked'`, [inWriteback.id]))
        .rowCount;
    const hits = (): string[] => readdirSync(failpoints).filter((file) => file.includes('.hit-'));
    await waitFor(
      'two held and one parked',
      async () => (await held()).length === 2 && (await isParked()) === 1,
      200_000,
    ).catch(async (error: unknown) => {
      const agents = await database.query('SELECT state, wanted, reason FROM agent_presence');
      throw new Error(JSON.stringify({ deaths, hits: hits(), held: await held(), agents: agents.rows }), {
        cause: error,
      });
    });
    expect(await held()).toEqual([inJob.id, inCall.id].sort());
    await waitFor(
      'the others',
      async () => {
        const open = `SELECT 1 FROM orders o WHERE id = ANY($1) AND NOT EXISTS
          (SELECT 1 FROM deliveries d WHERE d.order_ref = o.id AND d.state = 'delivered')`;
        const ids = [...others, cancelled].map(({ id }) => id);
        return (await database.query(open, [ids])).rowCount === 0;
      },
      100_000,
    );
    // How many deaths are whose cannot be told: one by another of them may fall into a try and counts, and BullMQ does not report every job that was left.
    expect(deaths).toBeGreaterThanOrEqual(3);
    expect(hits().length).toBeGreaterThanOrEqual(3);
    const before = deaths;
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(deaths).toBe(before);
    expect((await database.query('SELECT * FROM order_tries')).rows).toEqual([]);

    const listed = (await (await asAdmin({ url }, 'GET', '/v1/admin/orders?state=held')).json()) as {
      orders: { id: string }[];
    };
    expect(listed.orders.map(({ id }) => id).sort()).toEqual(await held());
    expect(await getOrder({ url }, shop, inCall.orderId)).toMatchObject({
      waitingFor: { code: 'held', sentence: 'The order is held: placing its call ended the dialer 3 times.' },
    });
    expect(await getOrder({ url }, shop, inJob.orderId)).toMatchObject({
      waitingFor: { code: 'held', sentence: 'The order is held: its job ended a worker 3 times before it was done.' },
    });
    const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    expect(metrics).toContain('dialer_orders_held{shop="poison"} 2');
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
