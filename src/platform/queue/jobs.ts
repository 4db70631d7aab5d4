import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Notifications } from '../database/notifications.js';
import { afterCommit, send, type Tx } from '../database/transaction.js';
import { failpoint } from '../failpoints/failpoints.js';
import { traceIdOrNew } from '../log/trace.js';

/** The queues of the product; each has its own workers, so that a slow shop cannot hold up the intake. */
export const QUEUES = ['intake', 'dialing', 'writeback'] as const;
export type QueueName = (typeof QUEUES)[number];

/** Channel on which the relay is told that the outbox has something new. */
export const OUTBOX_CHANNEL = 'outbox';

/** A kind of work that a room does when asked, in `<room>.jobs.ts`. */
export interface JobDefinition<P extends object> {
  /** `order.schedule`: unique in the product. */
  readonly name: string;
  readonly queue: QueueName;
  /** How often it is tried before it is left to the sweep. */
  readonly attempts: number;
  /** Pause after the first failure; doubles with each further one, with jitter. */
  readonly backoffMs: number;
  /** Only carries the payload's type. */
  readonly payload?: P;
}

/** The payload of a job about many orders: each is part of a trace of its own. */
export interface OrdersOfJob {
  readonly orders: readonly { readonly orderRef: string; readonly traceId: string }[];
}

/** The orders that a job is about, each with its trace; none for a job about something else. */
export function ordersOf(payload: object, traceId: string): OrdersOfJob['orders'] {
  const { orderRef, orders } = payload as { orderRef?: unknown; orders?: unknown };
  if (Array.isArray(orders)) return orders as OrdersOfJob['orders'];
  return typeof orderRef === 'string' ? [{ orderRef, traceId }] : [];
}

const defined = new Map<string, JobDefinition<object>>();

/** Names a job. The payload holds ids only: its handler reads what is true from Postgres, and does nothing when that has moved on. */
export function defineJob<P extends object>(definition: Omit<JobDefinition<P>, 'payload'>): JobDefinition<P> {
  if (defined.has(definition.name)) throw new Error(`the job ${definition.name} is defined twice`);
  defined.set(definition.name, definition);
  return definition;
}

/** All jobs that the loaded code defines. */
export function definedJobs(): readonly JobDefinition<object>[] {
  return [...defined.values()];
}

type Handler = (payload: object) => Promise<void>;

/** Work that has not been through the outbox. */
interface WorkPastTheOutbox {
  readonly job: string;
  readonly key: string | null;
  readonly payload: object;
  readonly traceId: string;
}

/** How to enqueue one piece of work. */
export interface EnqueueOptions {
  /** Work with the same key is not put into the queue again while one is waiting or running there. Letters, digits, `-`. */
  readonly key?: string;
  /** Not before this moment; until then it waits in Postgres. */
  readonly runAt?: Date;
}

/**
 * Work that may wait. Asking for it writes a row into the outbox in the caller's transaction: it happens when that commits and never when it does not, and needs
 * no Redis. The relay (role `worker`) moves rows to BullMQ, whose workers call the handler, at least once.
 */
@Injectable()
export class Jobs implements OnApplicationBootstrap {
  private readonly handlers = new Map<string, Handler>();
  private readonly afterCrash = new Map<string, Handler>();
  private past: ((work: WorkPastTheOutbox) => Promise<void>) | null = null;

  constructor(private readonly notifications: Notifications) {}

  /**
   * Registers the handler, at start (`onModuleInit`), in every role. A handler that throws is tried again, unless it threw a DialerError that is not retryable.
   * @param afterCrash  takes the handler's place for a job that a worker has begun and not ended, which is how a crash looks
   * @throws Error when the job has a handler already
   */
  handle<P extends object>(
    job: JobDefinition<P>,
    handler: (payload: P) => Promise<void>,
    afterCrash?: (payload: P) => Promise<void>,
  ): void {
    if (this.handlers.has(job.name)) throw new Error(`the job ${job.name} has two handlers`);
    this.handlers.set(job.name, handler as Handler);
    if (afterCrash !== undefined) this.afterCrash.set(job.name, afterCrash as Handler);
  }

  async enqueue<P extends object>(
    tx: Tx,
    job: JobDefinition<P>,
    payload: P,
    options: EnqueueOptions = {},
  ): Promise<void> {
    if (this.past !== null && options.runAt === undefined) {
      return this.past({ job: job.name, key: options.key ?? null, payload, traceId: traceIdOrNew() });
    }
    await send(
      tx,
      `INSERT INTO outbox (job, job_key, payload, trace_id, run_at) VALUES ($1, $2, $3, $4, coalesce($5, now()))`,
      [job.name, options.key ?? null, JSON.stringify(payload), traceIdOrNew(), options.runAt ?? null],
    );
    // Not in the transaction: commits that carry a notice wait for each other, one write to the disk after the other.
    if (options.runAt === undefined) afterCommit(tx, () => this.notifications.hint(OUTBOX_CHANNEL));
  }

  /** Tests only: work goes to the queue in the middle of the transaction that asks for it, which is what the outbox is there to prevent. */
  putAtOnce(past: (work: WorkPastTheOutbox) => Promise<void>): void {
    this.past = past;
  }

  /**
   * Runs the handler of a job that came out of a queue.
   * @param wasLeft  a worker has begun it before and did not end it
   */
  async run(name: string, payload: object, wasLeft = false): Promise<void> {
    const handler = this.handlers.get(name);
    if (handler === undefined) throw new Error(`the job ${name} has no handler`);
    const afterCrash = this.afterCrash.get(name);
    if (wasLeft && afterCrash !== undefined) return afterCrash(payload);
    await jobBegun(payload);
    await handler(payload);
  }

  /**
   * Refuses the start while a defined job has no handler.
   * @throws Error naming the jobs
   */
  onApplicationBootstrap(): void {
    const orphans = definedJobs().filter((job) => !this.handlers.has(job.name));
    if (orphans.length > 0) throw new Error(`jobs without a handler: ${orphans.map((job) => job.name).join(', ')}`);
  }
}

/** Where tests let a process end over a job; told for each order that it is about. */
export async function jobBegun(payload: object): Promise<void> {
  const orders = ordersOf(payload, '');
  if (orders.length === 0) await failpoint('job_begun');
  for (const { orderRef } of orders) await failpoint('job_begun', orderRef);
}
