import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AdminClient } from '../../dev-env/admin-client.js';
import { startApp, type AppProcess } from '../../dev-env/app-process.js';
import { createDatabase } from '../../dev-env/backing-services.js';
import { startPostgres } from '../../dev-env/postgres.js';
import { startRedis } from '../../dev-env/redis.js';
import { insertBare, type BareInserts } from './bare-insert.js';
import { pause, round, spreadOf, type Spread } from './figures.js';
import { sendOrders, type Intake, type LoadResult } from './order-load.js';
import { cpuOf, cpuWithChildren, memoryOf, metricOf } from './process-view.js';

export interface IntakeFigures {
  /** From the start of the process to its first answer. */
  readonly startUpSeconds: number;
  /** At 200 orders a second, as the target is set. */
  readonly atRate: LoadResult;
  /** As many as it takes. */
  readonly atMost: LoadResult;
  readonly bare: BareInserts;
  /** Orders accepted for each bare insert of the same time. */
  readonly ofBare: number;
  /** CPU for an order, milliseconds: of the service, of Postgres, of Redis, and of the senders here. */
  readonly cpuMsPerOrder: number;
  readonly postgresCpuMsPerOrder: number;
  readonly redisCpuMsPerOrder: number;
  readonly sendersCpuMsPerOrder: number;
  readonly waiting: number;
  /** MB, at rest before and after. */
  readonly memoryEmptyMb: number;
  readonly memoryFullMb: number;
  readonly memoryPerThousandWaitingMb: number;
  readonly scrapeMs: Spread;
  readonly eventLoopP99Ms: number | null;
}

const RATE = 200;
const SENDERS = 64;
const SCRAPES = 20;

/** Orders as fast as they can be kept, with a Postgres that syncs each commit to the disk; the shop is paused, so that they wait. */
export async function measureIntake(o: { seconds: number; say: (message: string) => void }): Promise<IntakeFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-intake-'));
  const started: { stop(): Promise<void> }[] = [];
  try {
    const postgres = await startPostgres({ progress: o.say });
    started.push(postgres);
    const redis = await startRedis();
    started.push(redis);
    const databaseUrl = await createDatabase(postgres.url, 'confirm_dialer_bench');
    const adminToken = randomBytes(32).toString('base64url');
    const begin = performance.now();
    const app = await startApp({
      databaseUrl,
      redisUrl: redis.url,
      redisKeyPrefix: 'cd:bench:',
      adminToken,
      encryptionKeys: `k1:${randomBytes(32).toString('base64')}`,
      ari: { url: 'virtual:', username: 'virtual', password: 'virtual' },
      logFile: join(folder, 'service.log'),
      logLevel: 'warn',
      more: { SHOP_WEBHOOKS_PER_SECOND: '100000' },
    });
    started.push({ stop: () => app.process.stop(50_000) });
    const startUpSeconds = round((performance.now() - begin) / 1_000, 2);
    const intake = await aPausedShop(app, adminToken);
    const pids = { service: app.process.pid, postgres: postgres.pid, redis: redis.pid };
    return { startUpSeconds, ...(await measure(app, intake, { databaseUrl, pids }, o)) };
  } finally {
    for (const part of started.reverse()) await part.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function aPausedShop(app: AppProcess, adminToken: string): Promise<Intake> {
  const admin = new AdminClient(app.url, adminToken);
  await admin.put('groups/default', { name: 'Everybody' });
  const shop = await admin.put<{ webhookSecret: string }>('shops/demo', { name: 'Bench', timeZone: 'Europe/Kyiv' });
  await admin.post('shops/demo/pause');
  return { apiUrl: app.url, shop: 'demo', webhookSecret: shop.body.webhookSecret };
}

async function measure(
  app: AppProcess,
  intake: Intake,
  stack: { databaseUrl: string; pids: { service: number; postgres: number; redis: number } },
  o: { seconds: number; say: (message: string) => void },
): Promise<Omit<IntakeFigures, 'startUpSeconds'>> {
  const pid = stack.pids.service;
  /** Seconds of CPU so far. */
  const used = (): number[] => {
    const own = process.cpuUsage();
    const { postgres, redis } = stack.pids;
    return [cpuOf(pid), cpuWithChildren(postgres), cpuOf(redis), (own.user + own.system) / 1e6];
  };
  const phoneOf = (i: number): string => `+38067${String(1_000_000 + i).slice(-7)}`;
  await sendOrders(intake, { perSecond: 50, seconds: 4, phoneOf, prefix: 'warm' });
  await pause(2_000);
  const memoryEmptyMb = memoryOf(pid);
  o.say(`${RATE} orders a second for ${o.seconds} s`);
  const atRate = await sendOrders(intake, { perSecond: RATE, seconds: o.seconds, phoneOf, prefix: 'rate' });
  o.say(`as many orders as ${SENDERS} senders can bring in ${o.seconds} s`);
  const cpuBefore = used();
  const atMost = await sendOrders(intake, { senders: SENDERS, seconds: o.seconds, phoneOf, prefix: 'most' });
  const [cpuMsPerOrder, postgresCpuMsPerOrder, redisCpuMsPerOrder, sendersCpuMsPerOrder] = used().map((seconds, at) =>
    round(((seconds - (cpuBefore[at] ?? 0)) * 1_000) / Math.max(1, atMost.accepted), 2),
  ) as [number, number, number, number];
  const page = await (await fetch(`${app.url}/metrics`)).text();
  o.say('bare inserts into the same Postgres');
  const bare = await insertBare(stack.databaseUrl, { senders: SENDERS, seconds: o.seconds });
  await pause(5_000);
  const waiting = atRate.accepted + atMost.accepted;
  const memoryFullMb = memoryOf(pid);
  const scrapes: number[] = [];
  for (let i = 0; i < SCRAPES; i += 1) {
    const begin = performance.now();
    await (await fetch(`${app.url}/metrics`)).text();
    scrapes.push(performance.now() - begin);
  }
  const lag = metricOf(page, 'nodejs_eventloop_lag_p99_seconds');
  return {
    atRate,
    atMost,
    bare,
    ofBare: round(atMost.acceptedPerSecond / bare.perSecond, 3),
    cpuMsPerOrder,
    postgresCpuMsPerOrder,
    redisCpuMsPerOrder,
    sendersCpuMsPerOrder,
    waiting,
    memoryEmptyMb,
    memoryFullMb,
    memoryPerThousandWaitingMb: round((memoryFullMb - memoryEmptyMb) / (waiting / 1_000), 2),
    scrapeMs: spreadOf(scrapes),
    eventLoopP99Ms: lag === null ? null : round(lag * 1_000),
  };
}
