import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import type { RunningRedis } from '../dev-env/redis.js';
import { newOrder, type Sender } from './shop/signed-sender.js';
import { atRate, pause, round, spreadOf, type Spread } from './stack/figures.js';
import { cpuOf } from './stack/process-view.js';
import { startVirtualService } from './virtual-service.js';

// What a shop waits for its answer while Redis is well, stands still, or refuses for want of memory. The states take turns, so that whatever else the machine
// does meets all of them.
//   npm run bench:redis -- --per-second 50 --seconds 10 --rounds 3 [--states well,full --json redis.json]

const { values } = parseArgs({
  options: {
    'per-second': { type: 'string', default: '50' },
    seconds: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '3' },
    states: { type: 'string', default: 'well,frozen,full' },
    json: { type: 'string' },
  },
});
const STATES = values.states.split(',') as State[];
const [perSecond, seconds, rounds] = [values['per-second'], values.seconds, values.rounds].map(Number) as [
  number,
  number,
  number,
];
type State = 'well' | 'frozen' | 'full';
/** A worker's tries at a Redis that has just gone away are over. */
const SETTLE_MS = 2_000;
const LEFT_LIMIT_MS = 60_000;
const say = (message: string): void => console.error(`bench: ${message}`);

/** Brings Redis into a state; the answer brings it back. */
async function into(state: State, redis: RunningRedis): Promise<() => Promise<void>> {
  if (state === 'well') return async () => undefined;
  if (state === 'frozen') {
    process.kill(redis.pid, 'SIGSTOP');
    return async () => void process.kill(redis.pid, 'SIGCONT');
  }
  const client = new Redis(redis.url);
  const set = async (maxmemory: string): Promise<void> => void (await client.config('SET', 'maxmemory', maxmemory));
  await set('1');
  return async () => {
    await set('0');
    client.disconnect();
  };
}

const service = await startVirtualService('redis_away', 'warn', say);
const { app, redis, client, sender, admin } = service;
const took: Record<State, number[]> = { well: [], frozen: [], full: [] };
const refused: Record<State, number> = { well: 0, frozen: 0, full: 0 };
/** Seconds of the service's CPU. */
const used: Record<State, number> = { well: 0, frozen: 0, full: 0 };
let sent = 0;
try {
  const { body } = await admin.put<{ webhookSecret: string }>('shops/steady', {
    name: 'steady',
    timeZone: 'Europe/Kyiv',
    callingHours: 'always',
  });
  const shop: Sender = { shop: 'steady', webhookSecret: body.webhookSecret };
  const send = async (into: (status: number, tookMs: number) => void): Promise<void> => {
    sent += 1;
    const { status, tookMs } = await sender.post(shop, `msg_${sent}`, newOrder(`R-${sent}`, sent));
    into(status, tookMs);
  };
  await atRate(perSecond, perSecond * 4, () => send(() => undefined));
  for (let turn = 0; turn < rounds; turn += 1) {
    for (const state of STATES) {
      say(`Redis ${state}: ${perSecond} orders a second for ${seconds} s (round ${turn + 1} of ${rounds})`);
      const back = await into(state, redis);
      await pause(SETTLE_MS);
      const cpuBefore = cpuOf(app.process.pid);
      await atRate(perSecond, perSecond * seconds, () =>
        send((status, tookMs) => {
          if (status === 202) took[state].push(tookMs);
          else refused[state] += 1;
        }),
      );
      used[state] += cpuOf(app.process.pid) - cpuBefore;
      await back();
      await pause(SETTLE_MS);
    }
  }
  const left = async (): Promise<number> =>
    ((await client.query(`SELECT count(*)::int AS n FROM orders WHERE status = 'accepted'`)).rows[0] as { n: number })
      .n;
  const until = performance.now() + LEFT_LIMIT_MS;
  while ((await left()) > 0 && performance.now() < until) await pause(200);
  const inPostgres = ((await client.query('SELECT count(*)::int AS n FROM orders')).rows[0] as { n: number }).n;
  const spreads = Object.fromEntries(STATES.map((state) => [state, spreadOf(took[state])])) as Record<State, Spread>;
  const ratio = (state: State, of: 'p50' | 'p99'): number =>
    round((spreads[state][of] ?? 0) / (spreads.well[of] ?? 1), 2);
  console.log(
    `| Redis | answers of 202 | others | ms: p50 / p95 / p99 / longest | p50, p99 of the well ones | service, cores |`,
  );
  console.log(`| --- | --- | --- | --- | --- | --- |`);
  for (const state of STATES) {
    const { n, p50, p95, p99, most } = spreads[state];
    const times = `${p50 ?? '–'} / ${p95 ?? '–'} / ${p99 ?? '–'} / ${most ?? '–'}`;
    console.log(
      `| ${state} | ${n} | ${refused[state]} | ${times} | ${ratio(state, 'p50')}, ${ratio(state, 'p99')} | ${round(used[state] / (rounds * seconds), 2)} |`,
    );
  }
  console.log(`sent ${sent}, in Postgres ${inPostgres}, not in the dial queue ${await left()}`);
  if (values.json !== undefined)
    writeFileSync(
      values.json,
      `${JSON.stringify({ perSecond, seconds, rounds, spreads, refused, sent, inPostgres }, null, 2)}\n`,
    );
} finally {
  await service.stop();
}
process.exit();
