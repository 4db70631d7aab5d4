import { Injectable } from '@nestjs/common';
import { Transactions } from '../database/transaction.js';
import { Metrics } from '../metrics/metrics.js';
import { definedJobs, QUEUES, type QueueName } from './jobs.js';
import { CANARY } from './processors.js';
import { Queues } from './queues.js';
import { withinMs } from './within-ms.js';

const LOOK_LIMIT_MS = 500;

/** How long the work of each queue has been due, whether it still lies in the outbox or already in Redis; role `worker` only. */
@Injectable()
export class QueueMetrics {
  constructor(
    metrics: Metrics,
    private readonly transactions: Transactions,
    private readonly queues: Queues,
  ) {
    metrics.gauge({
      name: 'dialer_queue_oldest_seconds',
      help: 'How long the oldest job that is due and not taken yet has been waiting, in seconds; 0 when none is',
      labels: ['queue'],
      collect: async (gauge) => {
        const outbox = await this.oldestInOutbox();
        const waiting = await Promise.all(QUEUES.map((queue) => this.oldestInRedis(queue)));
        for (const [at, queue] of QUEUES.entries()) {
          gauge.set({ queue }, Math.max(0, outbox.get(queue) ?? 0, waiting[at] ?? 0));
        }
      },
    });
  }

  private async oldestInOutbox(): Promise<Map<QueueName, number>> {
    const rows = await this.transactions.read((tx): Promise<{ job: string; seconds: number }[]> =>
      tx.query(
        `SELECT job, extract(epoch FROM now() - min(run_at))::float8 AS seconds FROM outbox WHERE run_at <= now() GROUP BY job`,
      ),
    );
    const queueOf = new Map(definedJobs().map((job) => [job.name, job.queue]));
    const oldest = new Map<QueueName, number>();
    for (const { job, seconds } of rows) {
      const queue = queueOf.get(job);
      if (queue !== undefined) oldest.set(queue, Math.max(seconds, oldest.get(queue) ?? 0));
    }
    return oldest;
  }

  /** 0 when Redis does not answer: the outbox keeps what is due then. */
  private async oldestInRedis(queue: QueueName): Promise<number> {
    try {
      // The first one may be the canary, which jumps the queue.
      const jobs = await withinMs(LOOK_LIMIT_MS, this.queues.get(queue).getWaiting(0, 1));
      const times = jobs.filter((job) => job?.name !== CANARY).map((job) => job.timestamp);
      return times.length === 0 ? 0 : (Date.now() - Math.min(...times)) / 1_000;
    } catch {
      return 0;
    }
  }
}
