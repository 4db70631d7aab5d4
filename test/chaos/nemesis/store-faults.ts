import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '../../support/wait.js';
import type { FaultProxy, ProxyCounts } from '../../support/fault-proxy.js';
import type { Fault, Part, Target } from './fault.js';

type Line = 'database' | 'redis' | 'ari';

function total(lines: readonly FaultProxy[], what: keyof ProxyCounts): number {
  return lines.reduce((sum, line) => sum + line.counts[what], 0);
}

/** A fault of lines alone; proven by the traffic that met it. */
export function lineFault(plan: {
  readonly name: string;
  readonly covers: readonly string[];
  readonly hits: readonly Part[];
  readonly lastsMs: number;
  readonly restMs: number;
  readonly line: Line;
  readonly onlyLeader?: boolean;
  readonly proof: 'hindered' | 'resets' | 'refused';
  break(line: FaultProxy): void;
}): Fault {
  const { name, covers, hits, lastsMs, restMs } = plan;
  return {
    name,
    covers,
    hits,
    lastsMs,
    restMs,
    async inject(target: Target) {
      const services = plan.onlyLeader ? [await target.leader()] : target.stack.services;
      const lines = services.map((service) => service[plan.line]);
      const before = total(lines, plan.proof);
      for (const line of lines) plan.break(line);
      return {
        async heal() {
          const met = total(lines, plan.proof) - before;
          for (const line of lines) line.mend();
          return met > 0
            ? `${met} ${plan.proof} on the line${lines.length > 1 ? 's' : ''} of ${services.map((one) => one.name).join(', ')}`
            : null;
        },
      };
    },
  };
}

const database = (more: Pick<Parameters<typeof lineFault>[0], 'name' | 'covers' | 'lastsMs' | 'proof' | 'break'>) =>
  lineFault({ hits: ['postgres'], restMs: 4_000, line: 'database', ...more });
const redis = (more: Pick<Parameters<typeof lineFault>[0], 'name' | 'covers' | 'lastsMs' | 'proof' | 'break'>) =>
  lineFault({ hits: ['redis'], restMs: 2_000, line: 'redis', ...more });

const LINE_FAULTS: readonly Fault[] = [
  database({
    name: 'postgres_blackhole',
    covers: ['F18'],
    lastsMs: 5_000,
    proof: 'hindered',
    break: (line) => line.blackhole(),
  }),
  database({
    name: 'postgres_one_way',
    covers: ['F18', 'F19'],
    lastsMs: 4_000,
    proof: 'hindered',
    break: (line) => line.blackhole('to_client'),
  }),
  database({ name: 'postgres_reset', covers: ['F18'], lastsMs: 0, proof: 'resets', break: (line) => line.reset() }),
  database({
    name: 'postgres_slow',
    covers: ['F20'],
    lastsMs: 6_000,
    proof: 'hindered',
    break: (line) => line.delay(250),
  }),
  database({
    name: 'postgres_commit_in_doubt',
    covers: ['F19'],
    lastsMs: 3_000,
    proof: 'resets',
    break: (line) => line.cutAt({ words: 'COMMIT' }, 3),
  }),
  lineFault({
    name: 'leader_without_postgres',
    covers: ['F50'],
    hits: ['postgres', 'leader'],
    lastsMs: 10_000,
    restMs: 6_000,
    line: 'database',
    onlyLeader: true,
    proof: 'hindered',
    break: (line) => line.blackhole(),
  }),
  redis({
    name: 'redis_blackhole',
    covers: ['F13'],
    lastsMs: 6_000,
    proof: 'hindered',
    break: (line) => line.blackhole(),
  }),
  redis({ name: 'redis_slow', covers: ['F13'], lastsMs: 6_000, proof: 'hindered', break: (line) => line.delay(1_000) }),
  redis({ name: 'redis_reset', covers: ['F16'], lastsMs: 0, proof: 'resets', break: (line) => line.reset() }),
];

/** Faults of Postgres and Redis, and of the lines to them. */
export const STORE_FAULTS: readonly Fault[] = [
  ...LINE_FAULTS,
  {
    name: 'postgres_crash',
    covers: ['F18'],
    hits: ['postgres'],
    lastsMs: 1_500,
    restMs: 5_000,
    async inject({ stack }) {
      const from = new Date();
      process.kill(stack.postgres.pid, 'SIGQUIT');
      return {
        async heal() {
          await stack.postgres.restart();
          const startedAt = await stack.database.startedAt();
          return startedAt > from
            ? `the server was ended at once and runs anew since ${startedAt.toISOString()}`
            : null;
        },
      };
    },
  },
  {
    name: 'postgres_locked',
    covers: ['F20'],
    hits: ['postgres'],
    lastsMs: 0,
    restMs: 4_000,
    async inject({ stack }) {
      const at = performance.now();
      await stack.database.lockTable('orders', 3_000);
      const heldMs = Math.round(performance.now() - at);
      return { heal: async () => (heldMs >= 3_000 ? `table orders locked for ${heldMs} ms` : null) };
    },
  },
  {
    name: 'postgres_full',
    covers: ['F22'],
    hits: ['postgres'],
    lastsMs: 5_000,
    worksMs: 3_000,
    restMs: 6_000,
    async inject({ stack }) {
      const { disk } = stack;
      if (disk === null) throw new Error('a small disk for Postgres can be had by root only');
      const complaints = (): number =>
        readFileSync(stack.postgres.logFile, 'utf8').split('No space left on device').length - 1;
      const before = complaints();
      await disk.fill();
      return {
        async heal() {
          const left = disk.freeBytes;
          const why = await stack.database.whyNotWriting();
          await disk.empty();
          // A server that could not even write its log of changes has ended itself.
          await waitFor(
            'the server writes again',
            async () => (await stack.database.whyNotWriting()) === null,
            6_000,
          ).catch(() => stack.postgres.restart());
          const met = complaints() - before;
          return why === null && met === 0
            ? null
            : `with ${left} bytes left ${met} writes found no space; ours: ${why ?? 'done'}`;
        },
      };
    },
  },
  {
    name: 'redis_away_long',
    covers: ['F11', 'F13', 'F16'],
    hits: ['redis'],
    lastsMs: 45_000,
    restMs: 5_000,
    isLong: true,
    async inject({ stack }) {
      const { pid } = stack.redis;
      process.kill(pid, 'SIGKILL');
      return {
        async heal() {
          await stack.redis.restart();
          return stack.redis.pid === pid ? null : `process ${pid} ended by SIGKILL and was away for 45 s`;
        },
      };
    },
  },
  {
    name: 'redis_kill',
    covers: ['F11', 'F16'],
    hits: ['redis'],
    lastsMs: 3_000,
    restMs: 3_000,
    async inject({ stack }) {
      const { pid } = stack.redis;
      process.kill(pid, 'SIGKILL');
      return {
        async heal() {
          await stack.redis.restart();
          return stack.redis.pid === pid ? null : `process ${pid} ended by SIGKILL`;
        },
      };
    },
  },
  {
    name: 'redis_flush',
    covers: ['F12'],
    hits: ['redis'],
    lastsMs: 0,
    restMs: 3_000,
    async inject({ stack }) {
      const [before, after] = await stack.askRedis(async (client) => {
        const size = await client.dbsize();
        await client.flushall();
        return [size, await client.dbsize()] as const;
      });
      return { heal: async () => (before > after ? `${before} keys were flushed` : null) };
    },
  },
  {
    name: 'redis_freeze',
    covers: ['F13'],
    hits: ['redis'],
    lastsMs: 6_000,
    worksMs: 2_000,
    restMs: 3_000,
    async inject({ stack }) {
      const { pid } = stack.redis;
      process.kill(pid, 'SIGSTOP');
      return {
        async heal() {
          process.kill(pid, 'SIGCONT');
          return `process ${pid} stood still`;
        },
      };
    },
  },
  {
    name: 'redis_full',
    covers: ['F14'],
    hits: ['redis'],
    lastsMs: 6_000,
    worksMs: 2_000,
    restMs: 3_000,
    async inject({ stack }) {
      const refusals = async (): Promise<number> =>
        stack.askRedis(async (client) =>
          Number(/errorstat_OOM:count=(\d+)/.exec(await client.info('errorstats'))?.[1] ?? 0),
        );
      const before = await refusals();
      await stack.askRedis((client) => client.config('SET', 'maxmemory', '1mb'));
      return {
        async heal() {
          const met = (await refusals()) - before;
          await stack.askRedis((client) => client.config('SET', 'maxmemory', '0'));
          return met > 0 ? `${met} writes refused: out of memory` : null;
        },
      };
    },
  },
  {
    name: 'redis_old_dump',
    covers: ['F15'],
    hits: ['redis'],
    lastsMs: 6_000,
    worksMs: 2_000,
    restMs: 3_000,
    async inject({ stack }) {
      // What Redis holds now comes back in a while, when all of it is out of date.
      const { dataDir } = stack.redis;
      const copy = `${dataDir}.old`;
      rmSync(copy, { recursive: true, force: true });
      cpSync(join(dataDir, 'appendonlydir'), copy, { recursive: true });
      return {
        async heal() {
          await stack.redis.halt();
          rmSync(join(dataDir, 'appendonlydir'), { recursive: true, force: true });
          cpSync(copy, join(dataDir, 'appendonlydir'), { recursive: true });
          await stack.redis.restart();
          return existsSync(copy) ? 'restarted on the data of 8 s before' : null;
        },
      };
    },
  },
];
