import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Redis, type RedisOptions } from 'ioredis';
import { Settings } from '../config/settings.js';
import { Log } from '../log/log.js';

/** A frozen Redis keeps a command waiting for ever unless the driver gives up on it. */
const COMMAND_LIMIT_MS = 300;
/** Longest pause between two tries to reconnect, so that work goes on within a second of Redis being back. */
const LONGEST_PAUSE_MS = 1_000;

/** The connections of this process to Redis, made when first used (role `worker` only). A dead Redis is logged and waited for. */
@Injectable()
export class RedisConnections implements OnApplicationShutdown {
  private readonly open = new Map<string, Redis>();
  private isWarned = false;

  constructor(
    private readonly settings: Settings,
    private readonly log: Log,
  ) {}

  /** For short commands: each fails within 300 ms when Redis does not answer, and at once when it is not connected. */
  get forCommands(): Redis {
    return this.connection('commands', {
      commandTimeout: COMMAND_LIMIT_MS,
      maxRetriesPerRequest: 1,
      enableOfflineQueue: false,
    });
  }

  /** For adding jobs: as {@link forCommands}, without the limit of retries that BullMQ refuses. */
  get forProducers(): Redis {
    return this.connection('producers', {
      commandTimeout: COMMAND_LIMIT_MS,
      maxRetriesPerRequest: null,
      enableOfflineQueue: false,
    });
  }

  /** For BullMQ's workers, which wait inside a command as long as their queue is empty: no time limit. */
  get forWorkers(): Redis {
    return this.connection('workers', { maxRetriesPerRequest: null });
  }

  /** True when Redis answers a ping within 300 ms. */
  async isAnswering(): Promise<boolean> {
    if (this.forCommands.status !== 'ready') return false;
    return this.forCommands.ping().then(
      () => true,
      () => false,
    );
  }

  onApplicationShutdown(): void {
    for (const redis of this.open.values()) redis.disconnect();
  }

  private connection(name: string, options: RedisOptions): Redis {
    const known = this.open.get(name);
    if (known !== undefined) return known;
    const redis = new Redis(this.settings.redisUrl, {
      connectionName: `confirm-dialer-${name}`,
      connectTimeout: 2_000,
      retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 10), LONGEST_PAUSE_MS),
      ...options,
    });
    redis.on('error', (error: Error) => this.warn(error));
    redis.on('ready', () => (this.isWarned = false));
    this.open.set(name, redis);
    return redis;
  }

  private warn(error: Error): void {
    if (this.isWarned) return;
    this.isWarned = true;
    this.log.warn('Redis cannot be reached, work waits in Postgres until it is back', { error });
  }
}
