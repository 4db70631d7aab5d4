import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import type pg from 'pg';
import type { Network } from '../../dev-env/network.js';
import { round } from './figures.js';
import { cpuOf } from './process-view.js';

/** What the stack is made of; `carrier` with its gate, `bench`: shop, agents and whoever measures. */
export const PARTS = ['service', 'postgres', 'redis', 'pbx', 'carrier', 'bench'] as const;
export type Part = (typeof PARTS)[number];

/** What the parts have used up to now. */
interface StackUse {
  readonly atMs: number;
  readonly cpuSeconds: Readonly<Record<Part, number>>;
  readonly commits: number;
  readonly walBytes: number;
  readonly redisCommands: number;
  readonly notices: number;
}

/** What one call has cost, all that belongs to it included: webhook, queue, agent, write-back. */
export interface CostPerCall {
  readonly cpuMs: Readonly<Record<Part, number>>;
  /** Share of all cores of the machine that was used, by whomever of the parts. */
  readonly coresUsed: number;
  /** Commits in Postgres; a statement outside of a transaction counts as one. */
  readonly commits: number;
  readonly walKb: number;
  readonly redisCommands: number;
  /** Notices that Postgres has sent (LISTEN/NOTIFY). */
  readonly notices: number;
}

const CHANNELS = ['dialer', 'outbox', 'agent_events', 'talks', 'agent_lines', 'shops'];

/** Watches what the parts of a network use. Only on one machine, which is this one. */
export class StackCost {
  private notices = 0;
  private begin: StackUse | null = null;

  private constructor(
    private readonly network: Network,
    private readonly database: pg.Client,
    private readonly redis: Redis,
    private readonly postmaster: number,
  ) {}

  /** Begins to watch. */
  static async of(network: Network, database: pg.Client): Promise<StackCost> {
    const { rows } = await database.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const postmaster = Number(statOf(rows[0]!.pid)[1]);
    const cost = new StackCost(network, database, new Redis(network.redisUrl), postmaster);
    database.on('notification', cost.hear);
    for (const channel of CHANNELS) await database.query(`LISTEN ${channel}`);
    cost.begin = await cost.use();
    return cost;
  }

  /** Ends it. @returns what each of `calls` has cost */
  async perCall(calls: number): Promise<CostPerCall> {
    const to = await this.use();
    const from = this.begin ?? to;
    this.database.off('notification', this.hear);
    await this.database.query('UNLISTEN *');
    this.redis.disconnect();
    const each = (value: number, digits = 1): number => round(value / Math.max(1, calls), digits);
    const cpuSeconds = (part: Part): number => to.cpuSeconds[part] - from.cpuSeconds[part];
    const all = PARTS.reduce((sum, part) => sum + cpuSeconds(part), 0);
    return {
      cpuMs: Object.fromEntries(PARTS.map((part) => [part, each(cpuSeconds(part) * 1_000)])) as Record<Part, number>,
      coresUsed: round(all / ((to.atMs - from.atMs) / 1_000), 2),
      commits: each(to.commits - from.commits),
      walKb: each((to.walBytes - from.walBytes) / 1_024),
      redisCommands: each(to.redisCommands - from.redisCommands),
      notices: each(to.notices - from.notices),
    };
  }

  private readonly hear = (): void => {
    this.notices += 1;
  };

  private async use(): Promise<StackUse> {
    const { network, database, redis, postmaster } = this;
    const { rows } = await database.query<{ commits: string; wal: string }>(
      `SELECT xact_commit AS commits, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS wal FROM pg_stat_database WHERE datname = current_database()`,
    );
    const info = await redis.info();
    const said = (name: string): number => Number(new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1] ?? 0);
    const { user, system } = process.cpuUsage();
    const { pbx, carrier } = network.telephony ?? { pbx: null, carrier: null };
    return {
      atMs: performance.now(),
      cpuSeconds: {
        service: [...new Set([network.app, network.dialer])].reduce((sum, one) => sum + cpuOf(one.process.pid), 0),
        postgres: cpuOfFamily(postmaster),
        redis: said('used_cpu_sys') + said('used_cpu_user'),
        pbx: pbx === null ? 0 : cpuOf(pbx.instance.pid),
        carrier: carrier === null ? 0 : cpuOf(carrier.instance.pid) + cpuOf(carrier.gate.pid),
        bench: (user + system) / 1_000_000,
      },
      commits: Number(rows[0]!.commits),
      walBytes: Number(rows[0]!.wal),
      redisCommands: said('total_commands_processed'),
      notices: this.notices,
    };
  }
}

const statOf = (pid: number): string[] =>
  readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');

/** A process with its children, the ended ones included. */
function cpuOfFamily(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number);
  const TICKS_PER_SECOND = 100;
  const ended = (Number(statOf(pid)[13]) + Number(statOf(pid)[14])) / TICKS_PER_SECOND;
  return children.reduce((sum, child) => sum + cpuOrNone(child), cpuOf(pid) + ended);
}

/** It may have ended a moment ago. */
function cpuOrNone(pid: number): number {
  try {
    return cpuOf(pid);
  } catch {
    return 0;
  }
}
