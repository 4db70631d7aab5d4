import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDemoShop, type DemoShop } from '../../tools/demo-shop/demo-shop.js';
import { createDatabase, dropDatabase, testRunId } from '../support/database.js';
import { KeptService, serviceEnvironment } from '../support/kept-service.js';
import { forgetKeys, redisUrl } from '../support/redis.js';
import { createShop, orderCreated, postOrder, type TestShop } from '../support/shop-client.js';
import { waitFor } from '../support/wait.js';

// Two real processes of the service, one of which is killed while it sends.

const PREFIX = `cd:test-${testRunId()}-dead:`;
const RECOVERED_WITHIN_MS = 10_000;
/** Fewer than both may send at once, so that all of them are on their way at the same time. */
const ORDERS = 6;

describe('a worker that is killed', () => {
  let databaseUrl: string;
  let database: pg.Client;
  let outside: DemoShop;
  const folder = mkdtempSync(join(tmpdir(), 'cd-dead-'));
  const services: KeptService[] = [];

  beforeAll(async () => {
    databaseUrl = await createDatabase();
    database = new pg.Client({ connectionString: databaseUrl });
    await database.connect();
    outside = await startDemoShop();
    const environment = serviceEnvironment(databaseUrl, { REDIS_KEY_PREFIX: PREFIX, SPOOL_FOLDER: folder });
    services.push(new KeptService(environment), new KeptService(environment));
    await Promise.all(services.map((service) => service.start('api,worker', false)));
  }, 120_000);
  afterAll(async () => {
    for (const service of services) service.end();
    await outside.stop();
    await forgetKeys(redisUrl(), PREFIX);
    await database.end();
    await dropDatabase(databaseUrl);
    rmSync(folder, { recursive: true, force: true });
  }, 30_000);

  /** An order that ends at once, so that the shop is to hear of it. */
  async function endOrder(shop: TestShop, n: number): Promise<void> {
    const orderId = `D-${n}`;
    const phone = `+3806710000${String(n).padStart(2, '0')}`;
    const timestamp = new Date().toISOString();
    const created = orderCreated({ orderId, customer: { name: null, phone } }).data;
    const cancelled = { orderId, version: 2, reason: null };
    for (const [type, data] of Object.entries({ 'order.created': created, 'order.cancelled': cancelled }))
      expect((await postOrder(services[0]!, shop, { type, timestamp, data })).status).toBe(202);
  }
  /** How many deliveries each process is sending, by its pid. */
  async function held(): Promise<Map<number, number>> {
    const { rows } = await database.query<{ name: string; n: number }>(
      `SELECT p.name, count(*)::int AS n FROM deliveries d JOIN processes p ON p.process_id = d.leased_by GROUP BY p.name`,
    );
    return new Map(rows.map(({ name, n }) => [Number(name.split(':').at(-1)), n]));
  }
  const undelivered = async (): Promise<number> =>
    (await database.query(`SELECT 1 FROM deliveries WHERE state <> 'delivered'`)).rowCount ?? 0;

  it('in the middle of write-backs is followed by the other one within 10 s, under the same ids', async () => {
    const shop = await createShop(services[0]!, 'dead', {
      jurisdiction: 'demo',
      destinations: [{ name: 'main', url: outside.destinationUrl('main'), events: ['order.outcome'] }],
    });
    const destinationSecrets = Object.fromEntries(shop.destinations.map(({ name, secret }) => [name, secret]));
    outside.connect({ apiUrl: services[0]!.url, ...shop, destinationSecrets });
    outside.behave(() => ({ delayMs: 4_000 }));
    await Promise.all(Array.from({ length: ORDERS }, (_, n) => endOrder(shop, n)));
    const holders = await waitFor(
      'all on their way',
      async () => {
        const now = await held();
        return [...now.values()].reduce((sum, n) => sum + n, 0) === ORDERS ? now : null;
      },
      20_000,
    );
    const [pid, claims] = [...holders].sort(([, a], [, b]) => b - a)[0]!;
    outside.behave(undefined);
    process.kill(pid, 'SIGKILL');
    const diedAt = performance.now();
    await waitFor('all delivered', async () => (await undelivered()) === 0, 60_000);
    expect(performance.now() - diedAt).toBeLessThan(RECOVERED_WITHIN_MS);

    expect(claims).toBeGreaterThan(1);
    const ids = new Map<string, Set<string>>();
    for (const { orderId, webhookId } of outside.deliveries())
      ids.set(orderId, (ids.get(orderId) ?? new Set()).add(webhookId));
    expect([...ids.values()].map((one) => one.size)).toEqual(Array.from({ length: ORDERS }, () => 1));
    expect(outside.problems()).toEqual([]);
    // It was not the orders that ended the process.
    expect((await database.query('SELECT 1 FROM order_tries')).rowCount).toBe(0);
  }, 120_000);
});
