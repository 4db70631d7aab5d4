import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { Log, newTraceId, withTrace } from '../log/log.js';

interface Sweep {
  readonly name: string;
  readonly everyMs: number;
  readonly work: () => Promise<void>;
}

/**
 * Work that is done again and again, in role `worker`: it finds in Postgres what got lost on the way (a dropped job, a lapsed lease) and
 * starts it anew. Several processes may run the same sweep at once: its SQL must bear that.
 */
@Injectable()
export class Sweeps implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly sweeps: Sweep[] = [];
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly running = new Set<Promise<void>>();
  private isStarted = false;
  private isStopped = false;

  constructor(
    private readonly settings: Settings,
    private readonly log: Log,
  ) {}

  /** Registers a sweep, at start. It never overlaps with itself; the pause counts from its end. What it throws is logged and it goes on. */
  every(name: string, everyMs: number, work: () => Promise<void>): void {
    const sweep = { name, everyMs, work };
    this.sweeps.push(sweep);
    if (this.isStarted) this.plan(sweep, Math.random() * everyMs);
  }

  /** Runs a sweep now and waits for it; for tests and for operators' actions. */
  async runNow(name: string): Promise<void> {
    const sweep = this.sweeps.find((candidate) => candidate.name === name);
    if (sweep === undefined) throw new Error(`no sweep is called ${name}`);
    await sweep.work();
  }

  onApplicationBootstrap(): void {
    if (!this.settings.roles.has('worker')) return;
    this.isStarted = true;
    // A random start keeps the sweeps of processes that were started together apart.
    for (const sweep of this.sweeps) this.plan(sweep, Math.random() * sweep.everyMs);
  }

  async onModuleDestroy(): Promise<void> {
    this.isStopped = true;
    for (const timer of this.timers.values()) clearTimeout(timer);
    await Promise.all(this.running);
  }

  private plan(sweep: Sweep, afterMs: number): void {
    if (this.isStopped) return;
    const timer = setTimeout(() => {
      const run = this.run(sweep).finally(() => {
        this.running.delete(run);
        this.plan(sweep, sweep.everyMs);
      });
      this.running.add(run);
    }, afterMs);
    this.timers.set(sweep.name, timer);
  }

  private async run(sweep: Sweep): Promise<void> {
    try {
      await withTrace({ traceId: newTraceId() }, sweep.work);
    } catch (error) {
      this.log.error('a sweep failed, it will run again', { sweep: sweep.name, error });
    }
  }
}
