import { createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import pg from 'pg';
import { percentile } from '../../src/core/kpi/kpi.js';
import { AdminClient } from '../dev-env/admin-client.js';
import { startApp } from '../dev-env/app-process.js';
import { createDatabase, dropDatabase, startBackingServices } from '../dev-env/backing-services.js';

// A sale: one shop sends far more orders than can be called, a small one goes on as ever. Then Redis forgets everything while as many orders wait.
//   npm run bench:storm -- --orders 20000 --per-second 167 --waiting 100000

const { values } = parseArgs({
  options: {
    orders: { type: 'string', default: '20000' },
    'per-second': { type: 'string', default: '167' },
    waiting: { type: 'string', default: '100000' },
    calm: { type: 'string', default: '20' },
    limit: { type: 'string', default: '600' },
  },
});
const [orders, perSecond, waiting, calmSeconds] = [
  values.orders,
  values['per-second'],
  values.waiting,
  values.calm,
].map(Number) as [number, number, number, number];
/** What one process lets one shop send in the long run. */
const limit = values.limit;
/** The small shop's orders, each second. */
const SMALL_PER_SECOND = 2;
/** Each tenth message is sent twice, as senders do that have not heard the answer. */
const REPEAT_EACH = 10;
const REBUILD_LIMIT_MS = 180_000;
const name = `confirm_dialer_storm_${randomBytes(4).toString('hex')}`;
const say = (message: string): void => console.error(`bench: ${message}`);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Shop {
  readonly shop: string;
  readonly webhookSecret: string;
}

/** What became of the messages of one shop in one phase. */
class Tally {
  readonly status = new Map<number, number>();
  readonly tookMs: number[] = [];
  /** Answers to a repeat that differ from the first. */
  differing = 0;

  note(status: number, tookMs: number): void {
    this.status.set(status, (this.status.get(status) ?? 0) + 1);
    this.tookMs.push(tookMs);
  }
}

/** Each shop has connections of its own, as in life: none waits behind another's. */
const agents = new Map<string, Agent>();
let sent = 0;

function post(url: string, { shop, webhookSecret }: Shop, id: string, body: string): Promise<[number, string]> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const key = Buffer.from(webhookSecret.slice('whsec_'.length), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  const agent = agents.get(shop) ?? new Agent({ keepAlive: true, maxSockets: 64 });
  agents.set(shop, agent);
  return new Promise((resolve) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${signature}`,
    };
    const asked = request(`${url}/v1/shops/${shop}/orders`, { method: 'POST', agent, headers }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
      answer.on('end', () => resolve([answer.statusCode ?? 0, text]));
    });
    asked.on('error', () => resolve([0, '']));
    asked.end(body);
  });
}

async function order(url: string, shop: Shop, tally: Tally): Promise<void> {
  sent += 1;
  const n = sent;
  const body = JSON.stringify({
    type: 'order.created',
    data: {
      orderId: `S-${n}`,
      customer: { name: 'Олена Ткач', phone: `+38067${String(1_000_000 + n)}` },
      items: [{ name: 'TV 55"', quantity: 1, unitPrice: '15999.00' }],
      total: { amount: '15999.00', currency: 'UAH' },
    },
  });
  const beganMs = performance.now();
  const [status, text] = await post(url, shop, `msg_${n}`, body);
  tally.note(status, performance.now() - beganMs);
  if (n % REPEAT_EACH !== 0 || status !== 202) return;
  const [, again] = await post(url, shop, `msg_${n}`, body);
  if (again !== text) tally.differing += 1;
}

/** Sends at a steady rate whatever the answers take. */
async function stream(url: string, shop: Shop, count: number, rate: number, tally: Tally): Promise<void> {
  const beganMs = performance.now();
  const underWay = new Set<Promise<void>>();
  for (let n = 0; n < count; n++) {
    const dueMs = beganMs + (n / rate) * 1_000;
    if (dueMs - performance.now() > 2) await pause(dueMs - performance.now());
    const one = order(url, shop, tally).finally(() => underWay.delete(one));
    underWay.add(one);
  }
  await Promise.all(underWay);
}

const rssMb = (pid: number): number => (Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4_096) / 1e6;
const sorted = (all: readonly number[]): number[] => [...all].sort((a, b) => a - b);
const at = (all: readonly number[], share: number): number =>
  Math.round((percentile(sorted(all), share) ?? 0) * 10) / 10;
const quantiles = (all: readonly number[]): string => [0.5, 0.99, 1].map((share) => at(all, share)).join(' / ');

const folder = mkdtempSync(join(tmpdir(), 'storm-'));
const services = await startBackingServices({ progress: say });
const databaseUrl = await createDatabase(services.databaseUrl, name);
const token = randomBytes(32).toString('hex');
const app = await startApp({
  databaseUrl,
  redisUrl: services.redisUrl,
  redisKeyPrefix: `cd:storm-${name.slice(-8)}:`,
  adminToken: token,
  encryptionKeys: `k1:${randomBytes(32).toString('base64')}`,
  ari: { url: 'virtual:', username: '', password: '' },
  logFile: join(folder, 'service.log'),
  logLevel: 'warn',
  more: { SHOP_WEBHOOKS_PER_SECOND: limit },
});
const client = new pg.Client({ connectionString: databaseUrl });
await client.connect();
const count = async (condition: string): Promise<number> =>
  Number(((await client.query(`SELECT count(*) AS n FROM orders WHERE ${condition}`)).rows[0] as { n: string }).n);
/** From the receipt to the place in the dial queue, ms, of a shop's orders received since. */
const queued = async (shop: string, since: Date): Promise<number[]> =>
  (
    await client.query(
      `SELECT extract(epoch FROM t.at - o.received_at) * 1000 AS ms FROM order_timeline t JOIN orders o ON o.id = t.order_ref
       WHERE t.kind = 'scheduled' AND o.shop_id = $1 AND o.received_at >= $2`,
      [shop, since],
    )
  ).rows.map(({ ms }: { ms: string }) => Number(ms));

try {
  const admin = new AdminClient(app.url, token);
  const made = async (shop: string): Promise<Shop> => {
    const { body } = await admin.put<Shop>(`shops/${shop}`, {
      name: shop,
      timeZone: 'Europe/Kyiv',
      callingHours: 'always',
    });
    return { shop, webhookSecret: body.webhookSecret };
  };
  const [big, small] = [await made('big'), await made('small')];

  say(`calm, ${calmSeconds} s`);
  const calmSince = new Date();
  const calm = new Tally();
  await stream(app.url, small, calmSeconds * SMALL_PER_SECOND, SMALL_PER_SECOND, calm);
  await pause(3_000);
  const calmQueued = await queued('small', calmSince);

  say(`storm: ${orders} orders, ${perSecond} a second`);
  const stormSince = new Date();
  const [storm, meanwhile] = [new Tally(), new Tally()];
  const memory = [rssMb(app.process.pid)];
  const timer = setInterval(() => memory.push(rssMb(app.process.pid)), 1_000);
  const seconds = orders / perSecond;
  const beganMs = performance.now();
  await Promise.all([
    stream(app.url, big, orders, perSecond, storm),
    stream(app.url, small, Math.floor(seconds * SMALL_PER_SECOND), SMALL_PER_SECOND, meanwhile),
  ]);
  const stormMs = performance.now() - beganMs;
  while ((await count(`status = 'accepted'`)) > 0) await pause(200);
  const allQueuedMs = performance.now() - beganMs;
  clearInterval(timer);
  const accepted = (storm.status.get(202) ?? 0) + (meanwhile.status.get(202) ?? 0) + (calm.status.get(202) ?? 0);

  console.log(
    `${orders} orders of one shop in ${Math.round(stormMs / 1_000)} s beside ${meanwhile.tookMs.length} of a small one`,
  );
  console.log(`answers: big ${JSON.stringify([...storm.status])}, small ${JSON.stringify([...meanwhile.status])}`);
  console.log(
    `answered 202: ${accepted}; orders in Postgres: ${await count('true')}; repeats answered otherwise: ${storm.differing + meanwhile.differing}`,
  );
  console.log(
    `answer, ms, p50 / p99 / longest: calm ${quantiles(calm.tookMs)}; big ${quantiles(storm.tookMs)}; small ${quantiles(meanwhile.tookMs)}`,
  );
  console.log(
    `receipt → dial queue, ms, p50 / p99 / longest: small in calm ${quantiles(calmQueued)}; small in the storm ${quantiles(await queued('small', stormSince))}; big ${quantiles(await queued('big', stormSince))}`,
  );
  console.log(`all in the dial queue ${Math.round(allQueuedMs / 100) / 10} s after the first`);
  console.log(
    `resident memory, MB: before ${Math.round(memory[0]!)}, most ${Math.round(Math.max(...memory))}, after ${Math.round(memory.at(-1)!)}`,
  );

  say(`${waiting} orders whose jobs are lost`);
  const redis = new Redis(services.redisUrl);
  // Nobody else has anything in a Redis that was started here; in another one only our keys go.
  const keys = await redis.keys(`cd:storm-${name.slice(-8)}:*`);
  if (keys.length > 0) await redis.unlink(...keys);
  redis.disconnect();
  await client.query(
    `INSERT INTO orders (id, shop_id, order_id, version, status, phone_hash, phone_encrypted, card_encrypted, registered_at, received_at, call_by, trace_id)
     SELECT gen_random_uuid(), 'big', 'lost-' || n, 1, 'accepted', sha256(n::text::bytea), repeat('x', 100), repeat('x', 1500), now(),
       now() - interval '3 seconds', now() + interval '10 minutes', 'trace' FROM generate_series(1, $1::int) n`,
    [waiting],
  );
  const lostMs = performance.now();
  let left = waiting;
  while (left > 0 && performance.now() - lostMs < REBUILD_LIMIT_MS) {
    await pause(200);
    left = await count(`status = 'accepted'`);
  }
  console.log(
    `Redis empty, ${waiting} orders waiting for jobs that are lost: ${left} missing after ${Math.round((performance.now() - lostMs) / 100) / 10} s`,
  );
} finally {
  await client.end();
  await app.process.stop();
  await dropDatabase(services.databaseUrl, name);
  await services.stop();
  for (const agent of agents.values()) agent.destroy();
  rmSync(folder, { recursive: true, force: true });
}
