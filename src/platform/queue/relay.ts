import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Notifications } from '../database/notifications.js';
import { Transactions, oneOf, rows } from '../database/transaction.js';
import { failpoint, isSwitchedOff } from '../failpoints/failpoints.js';
import { Log } from '../log/log.js';
import { RedisConnections } from '../redis/redis-connections.js';
import { Jobs, OUTBOX_CHANNEL, definedJobs, type QueueName } from './jobs.js';
import type { QueuedWork } from './processors.js';
import { Queues } from './queues.js';

const BATCH = 200;
const POLL_MS = 500;
/**
 * Notices that come within a pause are one look: it and what follows cost nearly as much for one row as for many. The first one is looked after at once.
 * A pause is as long as the look before it took, so looks get half of the time at most, and never longer than this.
 */
const LONGEST_PAUSE_MS = 25;
/** A Redis that refuses (it is full, it is silent) is left alone for so long, whatever is asked for meanwhile. */
const REFUSED_PAUSE_MS = 1_000;

interface OutboxRow {
  readonly id: string;
  readonly job: string;
  readonly job_key: string | null;
  readonly payload: object;
  readonly trace_id: string;
}

/**
 * Moves what is due in the outbox to BullMQ: claims a batch for 5 s, adds it, deletes the rows. Whatever fails in between is claimed again, so a job may
 * come twice but never not at all. While Redis is away the rows stay where they are.
 */
@Injectable()
export class Relay implements OnApplicationBootstrap, OnModuleDestroy {
  private stopListening: () => void = () => undefined;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | null = null;
  private isAskedAgain = false;
  private isStopped = false;
  private isWarned = false;
  /** By the monotonic clock. */
  private pausedUntilMs = 0;

  constructor(
    private readonly transactions: Transactions,
    private readonly notifications: Notifications,
    private readonly redis: RedisConnections,
    private readonly queues: Queues,
    private readonly jobs: Jobs,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    if (isSwitchedOff('outbox')) {
      this.jobs.putAtOnce(({ job, key, payload, traceId }) =>
        this.add([{ id: traceId, job, job_key: key, payload, trace_id: traceId }]),
      );
    }
    this.stopListening = this.notifications.listen(OUTBOX_CHANNEL, () => this.wake());
    this.timer = setInterval(() => this.wake(), POLL_MS);
  }

  async onModuleDestroy(): Promise<void> {
    this.isStopped = true;
    this.stopListening();
    clearInterval(this.timer);
    await this.running;
  }

  private wake(): void {
    if (this.isStopped || performance.now() < this.pausedUntilMs) return;
    if (this.running !== null) {
      this.isAskedAgain = true;
      return;
    }
    this.running = this.empty().finally(() => {
      this.running = null;
      if (this.isAskedAgain) {
        this.isAskedAgain = false;
        this.wake();
      }
    });
  }

  private async empty(): Promise<void> {
    const beganMs = performance.now();
    try {
      while (!this.isStopped && this.redis.forProducers.status === 'ready') {
        if ((await this.moveBatch()) < BATCH) break;
      }
      this.isWarned = false;
      await pause(Math.min(performance.now() - beganMs, LONGEST_PAUSE_MS));
    } catch (error) {
      this.pausedUntilMs = performance.now() + REFUSED_PAUSE_MS;
      if (!this.isWarned) this.log.warn('the outbox cannot be emptied, trying again', { error });
      this.isWarned = true;
    }
  }

  private async moveBatch(): Promise<number> {
    const batch = await this.transactions.read((tx) =>
      rows<OutboxRow>(
        tx,
        `UPDATE outbox SET leased_until = now() + interval '5 seconds'
          WHERE id IN (SELECT id FROM outbox WHERE run_at <= now() AND (leased_until IS NULL OR leased_until < now())
                        ORDER BY run_at, id LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)
          RETURNING id, job, job_key, payload, trace_id`,
      ),
    );
    if (batch.length === 0) return 0;
    const ids = batch.map((row) => row.id);
    try {
      await this.add(batch);
      await failpoint('outbox_moved');
    } catch (error) {
      await this.transactions.read((tx) => tx.query('UPDATE outbox SET leased_until = NULL WHERE id = ANY($1)', [ids]));
      throw error;
    }
    const moved = oneOf('id', ids);
    await this.transactions.read((tx) => tx.query(`DELETE FROM outbox WHERE ${moved.condition}`, [moved.ids]));
    return batch.length;
  }

  private async add(batch: readonly OutboxRow[]): Promise<void> {
    const jobs = new Map(definedJobs().map((job) => [job.name, job]));
    const byQueue = new Map<QueueName, OutboxRow[]>();
    for (const row of batch) {
      const job = jobs.get(row.job);
      // A job of an older version of the program: nobody can do it, its sweep starts the work anew under the new name.
      if (job === undefined)
        this.log.error('the outbox holds a job that nobody defines, it is dropped', { job: row.job });
      else byQueue.set(job.queue, [...(byQueue.get(job.queue) ?? []), row]);
    }
    for (const [queue, queued] of byQueue) {
      await this.queues.add(
        queue,
        queued.map((row) => {
          const job = jobs.get(row.job);
          const data: QueuedWork = { payload: row.payload, traceId: row.trace_id };
          return {
            name: row.job,
            data,
            opts: {
              jobId: `${row.job}.${row.job_key ?? `outbox-${row.id}`}`,
              attempts: job?.attempts ?? 1,
              backoff: { type: 'exponential', delay: job?.backoffMs ?? 1_000, jitter: 0.5 },
              // The key must be free for the next request as soon as this one is over, well or not.
              removeOnComplete: true,
              removeOnFail: true,
            },
          };
        }),
      );
    }
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
