import type { BulkJobOptions, Queue } from 'bullmq';
import type { Log } from '../log/log.js';
import type { QueueName } from './jobs.js';
import type { QueuedWork } from './processors.js';

const ADD_LIMIT_MS = 2_000;

/** One job to be added. */
export interface QueuedJob {
  readonly name: string;
  readonly data: QueuedWork;
  readonly opts: BulkJobOptions;
}

/** The producing side of BullMQ; used by the relay and by the canaries only. */
export class Queues {
  private readonly queues: ReadonlyMap<string, Queue<QueuedWork>>;

  constructor(queues: readonly Queue<QueuedWork>[], log: Log) {
    this.queues = new Map(queues.map((queue) => [queue.name, queue]));
    for (const queue of queues)
      queue.on('error', (error) => log.debug('a queue met an error', { queue: queue.name, error }));
  }

  /** @throws Error when Redis does not take them within 2 s; some may be there all the same */
  async add(name: QueueName, jobs: QueuedJob[]): Promise<void> {
    await withinMs(ADD_LIMIT_MS, this.get(name).addBulk(jobs));
  }

  get(name: QueueName): Queue<QueuedWork> {
    const queue = this.queues.get(name);
    if (queue === undefined) throw new Error(`no queue is called ${name}`);
    return queue;
  }
}

/** The result of `work`, or an error when it takes longer. */
export async function withinMs<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
