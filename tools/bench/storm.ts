import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import pg from 'pg';
import { AdminClient } from '../dev-env/admin-client.js';
import { startApp } from '../dev-env/app-process.js';
import { createDatabase, dropDatabase, startBackingServices } from '../dev-env/backing-services.js';
import { newOrder, SignedSender, type Sender } from './shop/signed-sender.js';
import { atRate, pause, round, spreadOf, type Spread } from './stack/figures.js';
import { memoryOf } from './stack/process-view.js';

// A sale: one shop sends far more orders than can be called, a small one goes on as ever. Then Redis forgets everything while as many orders wait.
//   npm run bench:storm -- --orders 100000 --per-second 167 --waiting 100000 [--json storm.json]

const { values } = parseArgs({
  options: {
    orders: { type: 'string', default: '20000' },
    'per-second': { type: 'string', default: '167' },
    waiting: { type: 'string', default: '100000' },
    calm: { type: 'string', default: '20' },
    limit: { type: 'string', default: '600' },
    json: { type: 'string' },
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
const SMALL_PER_SECOND = 5;
/** Each tenth message is sent twice, as senders do that have not heard the answer. */
const REPEAT_EACH = 10;
const REBUILD_LIMIT_MS = 180_000;
const name = `confirm_dialer_storm_${randomBytes(4).toString('hex')}`;
const say = (message: string): void => console.error(`bench: ${message}`);

/** What became of the messages of one shop in one phase. */
class Tally {
  readonly status = new Map<number, number>();
  readonly tookMs: number[] = [];
  /** Answers to a repeat that differ from the first. */
  differing = 0;

  get accepted(): number {
    return this.status.get(202) ?? 0;
  }
}

let sent = 0;

async function order(sender: SignedSender, shop: Sender, tally: Tally): Promise<void> {
  sent += 1;
  const n = sent;
  const message = newOrder(`S-${n}`, n);
  const { status, text, tookMs } = await sender.post(shop, `msg_${n}`, message);
  tally.status.set(status, (tally.status.get(status) ?? 0) + 1);
  if (status === 202) tally.tookMs.push(tookMs);
  if (n % REPEAT_EACH !== 0 || status !== 202) return;
  const again = await sender.post(shop, `msg_${n}`, message);
  if (again.status === 202 && again.text !== text) tally.differing += 1;
}

const quantiles = ({ p50, p99, most }: Spread): string => `${p50 ?? '–'} / ${p99 ?? '–'} / ${most ?? '–'}`;
const times = (after: number | null, before: number | null): string =>
  after === null || before === null ? '–' : `× ${round(after / before, 2)}`;

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
const sender = new SignedSender(app.url);
const client = new pg.Client({ connectionString: databaseUrl });
await client.connect();
const count = async (condition: string): Promise<number> =>
  Number(((await client.query(`SELECT count(*) AS n FROM orders WHERE ${condition}`)).rows[0] as { n: string }).n);
const isAnyAccepted = async (): Promise<boolean> =>
  ((await client.query(`SELECT 1 FROM orders WHERE status = 'accepted' LIMIT 1`)).rowCount ?? 0) > 0;
/** From the receipt to the place in the dial queue, of a shop's orders received since. */
const queued = async (shop: string, since: Date): Promise<Spread> => {
  const { rows } = await client.query<{ ms: string }>(
    `SELECT extract(epoch FROM t.at - o.received_at) * 1000 AS ms FROM order_timeline t JOIN orders o ON o.id = t.order_ref
     WHERE t.kind = 'scheduled' AND o.shop_id = $1 AND o.received_at >= $2`,
    [shop, since],
  );
  return spreadOf(rows.map(({ ms }) => Number(ms)));
};

try {
  const admin = new AdminClient(app.url, token);
  const made = async (shop: string): Promise<Sender> => {
    const { body } = await admin.put<{ webhookSecret: string }>(`shops/${shop}`, {
      name: shop,
      timeZone: 'Europe/Kyiv',
      callingHours: 'always',
    });
    return { shop, webhookSecret: body.webhookSecret };
  };
  const [big, small] = [await made('big'), await made('small')];
  const stream = (shop: Sender, many: number, rate: number, tally: Tally): Promise<void> =>
    atRate(rate, Math.floor(many), () => order(sender, shop, tally));
  await stream(small, SMALL_PER_SECOND * 4, SMALL_PER_SECOND, new Tally());
  const warm = sent;

  say(`calm, ${calmSeconds} s`);
  const calmSince = new Date();
  const calm = new Tally();
  await stream(small, calmSeconds * SMALL_PER_SECOND, SMALL_PER_SECOND, calm);
  await pause(3_000);
  const calmQueued = await queued('small', calmSince);

  say(`storm: ${orders} orders, ${perSecond} a second`);
  const stormSince = new Date();
  const [storm, meanwhile] = [new Tally(), new Tally()];
  const memory = [memoryOf(app.process.pid)];
  const timer = setInterval(() => memory.push(memoryOf(app.process.pid)), 1_000);
  const beganMs = performance.now();
  await Promise.all([
    stream(big, orders, perSecond, storm),
    stream(small, (orders / perSecond) * SMALL_PER_SECOND, SMALL_PER_SECOND, meanwhile),
  ]);
  const stormSeconds = round((performance.now() - beganMs) / 1_000);
  while (await isAnyAccepted()) await pause(200);
  const allQueuedSeconds = round((performance.now() - beganMs) / 1_000);
  clearInterval(timer);
  const accepted = warm + storm.accepted + meanwhile.accepted + calm.accepted;
  const inPostgres = await count('true');
  const [calmAnswer, bigAnswer, smallAnswer] = [calm, storm, meanwhile].map(({ tookMs }) => spreadOf(tookMs)) as [
    Spread,
    Spread,
    Spread,
  ];
  const [smallQueued, bigQueued] = [await queued('small', stormSince), await queued('big', stormSince)];

  console.log(`${orders} orders of one shop in ${stormSeconds} s beside ${meanwhile.accepted} of a small one`);
  console.log(`answers: big ${JSON.stringify([...storm.status])}, small ${JSON.stringify([...meanwhile.status])}`);
  console.log(
    `answered 202: ${accepted}; orders in Postgres: ${inPostgres}; repeats answered otherwise: ${storm.differing + meanwhile.differing}`,
  );
  console.log('| ms: p50 / p99 / longest | the answer | receipt → dial queue |');
  console.log('| --- | --- | --- |');
  console.log(`| the small shop in calm | ${quantiles(calmAnswer)} | ${quantiles(calmQueued)} |`);
  console.log(`| the small shop in the storm | ${quantiles(smallAnswer)} | ${quantiles(smallQueued)} |`);
  console.log(
    `| … of that in calm, p50 | ${times(smallAnswer.p50, calmAnswer.p50)} | ${times(smallQueued.p50, calmQueued.p50)} |`,
  );
  console.log(`| the storming shop | ${quantiles(bigAnswer)} | ${quantiles(bigQueued)} |`);
  console.log(`all in the dial queue ${allQueuedSeconds} s after the first`);
  console.log(`resident memory, MB: before ${memory[0]}, most ${Math.max(...memory)}, after ${memory.at(-1)}`);

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
  while ((await isAnyAccepted()) && performance.now() - lostMs < REBUILD_LIMIT_MS) await pause(500);
  const rebuiltSeconds = round((performance.now() - lostMs) / 1_000);
  const left = await count(`status = 'accepted'`);
  console.log(
    `Redis empty, ${waiting} orders waiting for jobs that are lost: ${left} missing after ${rebuiltSeconds} s`,
  );
  if (values.json !== undefined) {
    const figures = {
      ...{
        orders,
        perSecond,
        stormSeconds,
        accepted,
        inPostgres,
        allQueuedSeconds,
        memory,
        waiting,
        rebuiltSeconds,
        left,
      },
      status: { big: [...storm.status], small: [...meanwhile.status] },
      answer: { calm: calmAnswer, small: smallAnswer, big: bigAnswer },
      queued: { calm: calmQueued, small: smallQueued, big: bigQueued },
    };
    writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`);
  }
} finally {
  sender.close();
  await client.end();
  await app.process.stop(50_000);
  await dropDatabase(services.databaseUrl, name);
  await services.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit();
