import { BullRegistrar } from '@nestjs/bullmq';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { HealthParts } from '../health/health-parts.js';
import { Log } from '../log/log.js';
import { RedisConnections } from '../redis/redis-connections.js';
import { findRedisPolicyFaults } from '../redis/redis-policy.js';
import { CANARY, type QueueHost } from './processors.js';
import { Queues } from './queues.js';
import { withinMs } from './within-ms.js';

export const QUEUE_HOSTS = Symbol('queue hosts');

const CANARY_EVERY_MS = 5_000;
const FIRST_LOOK_LIMIT_MS = 1_000;

/**
 * Runs the workers of all queues in role `worker`, and watches that they take jobs: every 5 s a canary is put at the head of each queue and must be gone
 * 5 s later. A worker that left three of them lying is replaced; three more end the process, so that whoever runs it starts a healthy one.
 */
@Injectable()
export class Workers implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private isChecked = false;
  private readonly canaries = new Map<string, string>();
  private readonly misses = new Map<string, number>();

  constructor(
    private readonly registrar: BullRegistrar,
    @Inject(QUEUE_HOSTS) private readonly hosts: readonly QueueHost[],
    private readonly queues: Queues,
    private readonly redis: RedisConnections,
    private readonly settings: Settings,
    private readonly log: Log,
    health: HealthParts,
  ) {
    health.register('redis', {
      isNeededFor: [],
      check: async () => ((await redis.isAnswering()) ? { isUp: true } : { isUp: false, reason: 'no answer' }),
    });
  }

  /** @throws Error in production when Redis may lose or evict jobs; a Redis that does not answer is waited for and looked at later */
  async onApplicationBootstrap(): Promise<void> {
    await this.checkPolicy(true);
    this.registrar.register();
    for (const host of this.hosts) host.listen();
    this.timer = setInterval(() => void this.watch(), CANARY_EVERY_MS);
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    const isRedisUp = await this.redis.isAnswering();
    await Promise.all(this.hosts.map((host) => host.stop(isRedisUp)));
  }

  private async checkPolicy(isStart: boolean): Promise<void> {
    if (this.isChecked) return;
    const redis = this.redis.forCommands;
    if (redis.status !== 'ready' && isStart) await waitUntilReady(redis, FIRST_LOOK_LIMIT_MS);
    if (redis.status !== 'ready') return;
    let faults: string[];
    try {
      faults = await findRedisPolicyFaults(redis);
    } catch {
      return;
    }
    this.isChecked = true;
    if (faults.length === 0) return;
    if (this.settings.isProduction && isStart) throw new Error(faults.join('. '));
    this.log.warn('Redis is set up in a way that may lose queued work', { faults });
  }

  /** One look at all queues: whether the last canary was taken, and a new one if it was. Done every 5 s. */
  async watch(): Promise<void> {
    await this.checkPolicy(false);
    if (this.redis.forProducers.status !== 'ready') return;
    for (const host of this.hosts) await this.look(host).catch(() => this.canaries.delete(host.queue));
  }

  private async look(host: QueueHost): Promise<void> {
    const queue = this.queues.get(host.queue);
    const last = this.canaries.get(host.queue);
    const isStuck = last !== undefined && (await withinMs(FIRST_LOOK_LIMIT_MS, queue.getJobState(last))) === 'waiting';
    const misses = isStuck ? (this.misses.get(host.queue) ?? 0) + 1 : 0;
    this.misses.set(host.queue, misses);
    if (misses === 3) {
      this.log.warn('a queue worker takes no jobs and is replaced', { queue: host.queue });
      await host.replaceWorker();
    }
    if (misses >= 6) {
      this.log.error('a queue worker takes no jobs even after it was replaced, the process ends', {
        queue: host.queue,
      });
      this.log.flush();
      process.exit(1);
    }
    if (isStuck) return;
    const id = `canary-${process.pid}-${Date.now()}`;
    await withinMs(
      FIRST_LOOK_LIMIT_MS,
      queue.add(
        CANARY,
        { payload: {}, traceId: '' },
        { jobId: id, lifo: true, removeOnComplete: true, removeOnFail: true },
      ),
    );
    this.canaries.set(host.queue, id);
  }
}

function waitUntilReady(redis: { once(event: 'ready', heard: () => void): unknown }, limitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, limitMs);
    redis.once('ready', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
