import { Redis } from 'ioredis';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startDemoShop, type DemoShop } from '../../tools/demo-shop/demo-shop.js';
import { ADMIN_TOKEN, type TestApp } from '../support/app.js';
import { createDatabase, dropDatabase, testRunId } from '../support/database.js';
import { KeptService } from '../support/kept-service.js';
import { createShop, orderCreated, postOrder, type TestShop } from '../support/shop-client.js';
import { waitFor } from '../support/wait.js';

// What a sender held that is killed, or stands still, in the middle of a write-back: two real processes of the service.

const PREFIX = `cd:test-${testRunId()}-dead:`;
/** The promise: outcome to shop goes on so soon after the death of the process that held it. */
const RECOVERED_WITHIN_MS = 10_000;

describe('the sender of a write-back', () => {
  let database: pg.Client;
  let databaseUrl: string;
  let outside: DemoShop;
  let shop: TestShop;
  let n = 0;
  const failpoints = mkdtempSync(join(tmpdir(), 'cd-dead-'));
  const spool = mkdtempSync(join(tmpdir(), 'cd-dead-spool-'));
  const senders: KeptService[] = [];

  const service = (): KeptService =>
    new KeptService({
      PATH: process.env['PATH'] ?? '',
      HOST: '127.0.0.1',
      PORT: '0',
      NODE_ENV: 'test',
      DATABASE_URL: databaseUrl,
      REDIS_URL: process.env['REDIS_URL'] ?? '',
      REDIS_KEY_PREFIX: PREFIX,
      ARI_URL: 'virtual:',
      ADMIN_TOKEN,
      ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 9).toString('base64')}`,
      ALLOW_PRIVATE_DESTINATIONS: 'true',
      SPOOL_FOLDER: spool,
      FAILPOINTS: failpoints,
    });
  let api: KeptService;

  beforeAll(async () => {
    if (!existsSync('dist/main.js')) throw new Error('this test starts the built service: npm run build');
    databaseUrl = await createDatabase();
    database = new pg.Client({ connectionString: databaseUrl });
    await database.connect();
    outside = await startDemoShop();
    api = service();
    await api.start('api', false);
    shop = await createShop(api as unknown as TestApp, 'dead', {
      jurisdiction: 'demo',
      destinations: [{ name: 'main', url: outside.destinationUrl('main'), events: ['order.outcome'] }],
    });
    const secrets = Object.fromEntries(shop.destinations.map(({ name, secret }) => [name, secret]));
    outside.connect({ apiUrl: api.url, ...shop, destinationSecrets: secrets });
  }, 90_000);
  afterEach(() => {
    for (const sender of senders.splice(0)) sender.end();
    for (const file of readdirSync(failpoints)) rmSync(join(failpoints, file));
  });
  afterAll(async () => {
    api.end();
    await outside.stop();
    const redis = new Redis(process.env['REDIS_URL'] ?? '');
    const keys = await redis.keys(`${PREFIX}*`);
    if (keys.length > 0) await redis.unlink(...keys);
    redis.disconnect();
    await database.end();
    await dropDatabase(databaseUrl);
    for (const folder of [failpoints, spool]) rmSync(folder, { recursive: true, force: true });
  }, 30_000);

  const startSenders = async (): Promise<void> => {
    senders.push(service(), service());
    await Promise.all(senders.map((sender) => sender.start('worker', false)));
  };
  /** An order that ends at once, so that the shop is to hear of it. */
  const post = async (): Promise<string> => {
    const orderId = `D-${++n}`;
    for (const type of ['order.created', 'order.cancelled']) {
      const phone = `+380671${String(n).padStart(4, '0')}63`;
      const data =
        type === 'order.cancelled'
          ? { orderId, version: 2, reason: null }
          : orderCreated({ orderId, customer: { name: null, phone } }).data;
      const answer = await postOrder(api, shop, { type, timestamp: new Date().toISOString(), data });
      expect(answer.status).toBe(202);
    }
    return orderId;
  };
  const told = (orderId: string) => outside.deliveries().filter((one) => one.orderId === orderId);
  const holder = async (): Promise<number> => {
    const { rows } = await database.query<{ name: string }>(
      'SELECT p.name FROM deliveries d JOIN processes p ON p.process_id = d.leased_by',
    );
    return Number(rows[0]?.name.split(':')[1] ?? 0);
  };

  it.each(['writeback_claimed', 'writeback_sent'])(
    'killed at %s is followed within 10 s, under the same id',
    async (point) => {
      await startSenders();
      writeFileSync(join(failpoints, point), 'kill9');
      const orderId = await post();
      await waitFor('the death', () => readdirSync(failpoints).some((file) => file.includes('.hit-')), 10_000);
      const diedAt = performance.now();
      const before = told(orderId).length;
      await waitFor('told', () => told(orderId).length > before, RECOVERED_WITHIN_MS);
      expect(performance.now() - diedAt).toBeLessThan(RECOVERED_WITHIN_MS);
      expect(new Set(told(orderId).map(({ webhookId }) => webhookId)).size).toBe(1);
      await waitFor(
        'noted',
        async () => (await database.query(`SELECT 1 FROM deliveries WHERE state <> 'delivered'`)).rowCount === 0,
        5_000,
      );
      expect((await database.query('SELECT 1 FROM order_tries')).rowCount).toBe(0);
    },
    60_000,
  );

  it('that stands still with the shop at work is not followed by a second one beside it', async () => {
    await startSenders();
    outside.failNext(1, 200, { delayMs: 8_000 });
    const orderId = await post();
    const pid = await waitFor('the sender', holder, 10_000);
    await new Promise((resolve) => setTimeout(resolve, 300));
    process.kill(pid, 'SIGSTOP');
    // Longer than a tenure, and than the shop takes.
    await new Promise((resolve) => setTimeout(resolve, 9_500));
    const meanwhile = told(orderId).length;
    process.kill(pid, 'SIGCONT');
    await waitFor(
      'noted',
      async () => (await database.query(`SELECT 1 FROM deliveries WHERE state <> 'delivered'`)).rowCount === 0,
      45_000,
    );
    // The shop's answer came while nobody could hear it; its word counts all the same.
    expect(meanwhile).toBeLessThanOrEqual(1);
    expect(new Set(told(orderId).map(({ webhookId }) => webhookId)).size).toBe(1);
  }, 90_000);
});
