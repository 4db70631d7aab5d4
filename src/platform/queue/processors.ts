import { Processor, WorkerHost } from '@nestjs/bullmq';
import type { Type } from '@nestjs/common';
import { UnrecoverableError, Worker, type Job, type WorkerOptions } from 'bullmq';
import { DialerError } from '../../core/shared/errors.js';
import { Log, withTrace } from '../log/log.js';
import { Metrics, type Counter } from '../metrics/metrics.js';
import { spanIdOf, Tracing } from '../tracing/tracing.js';
import { Jobs, ordersOf, type QueueName } from './jobs.js';
import { withinMs } from './within-ms.js';

/** What lies in BullMQ for one job. */
export interface QueuedWork {
  readonly payload: object;
  readonly traceId: string;
}

const CLOSE_LIMIT_MS = 5_000;

/** Name of the job that only proves that a queue is being emptied. */
export const CANARY = 'canary';

const CONCURRENCY: Readonly<Record<QueueName, number>> = { intake: 10, dialing: 5, writeback: 32 };

/** The worker of one queue. */
export abstract class QueueHost extends WorkerHost {
  abstract readonly queue: QueueName;
  /** Replaces a worker that no longer takes jobs by a new one. */
  abstract replaceWorker(): Promise<void>;
  /** Takes no more jobs and finishes the running ones. `isRedisUp` false: does not wait for a Redis that does not answer. */
  abstract stop(isRedisUp: boolean): Promise<void>;
  abstract listen(): void;
}

/** Counts of jobs by how they went. */
export class JobMetrics {
  readonly finished: Counter<'job' | 'result'>;

  constructor(metrics: Metrics) {
    this.finished = metrics.counter({
      name: 'dialer_jobs_total',
      help: 'Jobs taken from the queues, by how they went: done, failed (will be tried again), given_up (left to the sweep)',
      labels: ['job', 'result'],
    });
  }
}

/** Makes the processor class of a queue for @nestjs/bullmq, with the connection of this application instance. */
export function queueProcessor(
  queue: QueueName,
  options: Omit<WorkerOptions, 'concurrency' | 'maxStalledCount'>,
): Type<QueueHost> {
  const workerOptions: WorkerOptions = {
    ...options,
    concurrency: CONCURRENCY[queue],
    // A worker that is killed again and again must not make its job fail for good.
    maxStalledCount: 100,
    // The job of a worker that was killed is taken up by another one within their sum. Doing a job twice does no harm.
    lockDuration: 5_000,
    stalledInterval: 4_000,
  };

  @Processor({ name: queue }, workerOptions)
  class QueueProcessor extends QueueHost {
    readonly queue = queue;
    private replacement: Worker | null = null;
    private readonly running = new Set<Promise<void>>();

    constructor(
      private readonly jobs: Jobs,
      private readonly log: Log,
      private readonly metrics: JobMetrics,
      private readonly tracing: Tracing,
    ) {
      super();
    }

    async process(job: Job<QueuedWork>): Promise<void> {
      if (job.name === CANARY) return;
      const run = withTrace({ traceId: job.data.traceId }, () =>
        this.tracing.isOn ? this.traced(job) : this.run(job),
      );
      this.running.add(run);
      await run.finally(() => this.running.delete(run));
    }

    listen(): void {
      this.current().on('error', (error) => this.log.debug('a queue worker met an error', { queue, error }));
    }

    async replaceWorker(): Promise<void> {
      const old = this.current();
      this.replacement = new Worker(queue, (job: Job<QueuedWork>) => this.process(job), workerOptions);
      this.listen();
      await withinMs(CLOSE_LIMIT_MS, old.close(true)).catch(() => undefined);
    }

    async stop(isRedisUp: boolean): Promise<void> {
      const closing = this.current().close(!isRedisUp);
      await Promise.allSettled(this.running);
      await withinMs(CLOSE_LIMIT_MS, closing).catch(() => undefined);
    }

    /** A job about orders is part of the way of each; the others have ways of their own, which nobody asks for. */
    private async traced(job: Job<QueuedWork>): Promise<void> {
      const startedAt = new Date();
      let isError = true;
      try {
        await this.run(job);
        isError = false;
      } finally {
        const endedAt = new Date();
        for (const { orderRef, traceId } of ordersOf(job.data.payload, job.data.traceId)) {
          this.tracing.emit({
            name: `job ${job.name}`,
            kind: 'consumer',
            traceId,
            parentId: spanIdOf('order', orderRef),
            startedAt,
            endedAt,
            attributes: {
              'messaging.system': 'bullmq',
              'messaging.destination.name': queue,
              'messaging.queued_ms': Math.max(0, startedAt.getTime() - job.timestamp),
              attempt: job.attemptsMade + 1,
            },
            isError,
          });
        }
      }
    }

    private current(): Worker {
      return this.replacement ?? this.worker;
    }

    private async run(job: Job<QueuedWork>): Promise<void> {
      try {
        await this.jobs.run(job.name, job.data.payload, job.stalledCounter > 0);
        this.metrics.finished.inc({ job: job.name, result: 'done' });
      } catch (error) {
        const isHopeless = error instanceof DialerError && !error.isRetryable;
        const isLast = isHopeless || job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
        this.metrics.finished.inc({ job: job.name, result: isLast ? 'given_up' : 'failed' });
        const fields = { job: job.name, attempt: job.attemptsMade + 1, error };
        if (isLast) this.log.error('a job is given up, the sweep will look after its work', fields);
        else this.log.warn('a job failed and will be tried again', fields);
        if (isHopeless) throw new UnrecoverableError(error.code);
        throw error;
      }
    }
  }
  // Nest and BullMQ show this name.
  Object.defineProperty(QueueProcessor, 'name', { value: `${queue}Processor` });
  return QueueProcessor;
}
