import { Queue, type BulkJobOptions } from 'bullmq';
import type { Log } from '../log/log.js';
import type { QueueName } from './jobs.js';
import type { QueuedWork } from './processors.js';
import { withinMs } from './within-ms.js';

const ADD_LIMIT_MS = 2_000;

/** One job to be added. */
export interface QueuedJob {
  readonly name: string;
  readonly data: QueuedWork;
  readonly opts: BulkJobOptions;
}

/** The producing side of BullMQ; used by the relay and by the canaries only. */
export class Queues {
  private readonly queues: Map<string, Queue<QueuedWork>>;

  constructor(
    queues: readonly Queue<QueuedWork>[],
    private readonly log: Log,
  ) {
    this.queues = new Map(queues.map((queue) => [queue.name, queue]));
    for (const queue of queues) this.listen(queue);
  }

  /** @throws Error when Redis does not take them within 2 s; some may be there all the same */
  async add(name: QueueName, jobs: QueuedJob[]): Promise<void> {
    try {
      await withinMs(ADD_LIMIT_MS, this.get(name).addBulk(jobs));
    } catch (error) {
      this.renew(name);
      throw error;
    }
  }

  get(name: QueueName): Queue<QueuedWork> {
    const queue = this.queues.get(name);
    if (queue === undefined) throw new Error(`no queue is called ${name}`);
    return queue;
  }

  /** A queue whose first words to Redis failed never recovers by itself, so a new one takes its place; both use the same connection. */
  private renew(name: QueueName): void {
    const old = this.get(name);
    const renewed = new Queue<QueuedWork>(name, old.opts);
    this.listen(renewed);
    this.queues.set(name, renewed);
    void old.close().catch(() => undefined);
  }

  private listen(queue: Queue<QueuedWork>): void {
    queue.on('error', (error) => this.log.debug('a queue met an error', { queue: queue.name, error }));
  }
}
