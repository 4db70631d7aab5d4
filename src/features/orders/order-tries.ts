import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { Log } from '../../platform/log/log.js';
import { Processes } from '../../platform/processes/processes.js';
import { insertTimeline, lockOrder, setHold } from './order.store.js';
import {
  accuse,
  fail,
  forgetTries,
  forgive,
  putDown,
  suspect,
  suspicionsOf,
  take,
  type OrderWork,
  type Suspicion,
  type TriedWork,
} from './order-tries.store.js';
import { WorkGate } from './work-gate.js';

export type { OrderWork, Suspicion, TriedWork } from './order-tries.store.js';

/** So often may work on an order take the process with it, or fail for the order's own sake; then the order is held. */
export const MOST_TRIES = 3;

/** Suspicions are forgotten the day after. */
const REMEMBERED_HOURS = 24;
/** An ended process is forgotten, and its work counted, within this. */
const FORGOTTEN_WITHIN_MS = 10_000;
const ASK_AGAIN_MS = 250;
const GATE_LIMIT_MS = 5_000;

const HELD_BECAUSE: Readonly<Record<TriedWork, string>> = {
  job: `its job ended a worker ${MOST_TRIES} times before it was done`,
  call: `its call ended the dialer ${MOST_TRIES} times`,
  writeback: '',
};

/** Work on an order failed in a manner that another try will meet again, as far as one can tell: the order is to blame, not the turn. */
export class OrderFault extends Error {
  override readonly name = 'OrderFault';
  constructor(
    readonly orderRef: string,
    cause: unknown,
  ) {
    super('work on an order failed', { cause });
  }
}

type InHands = (tx: Tx, processId: string) => Promise<OrderWork[]>;

/**
 * Poisoned orders, which end the process that works on them. What a process had in its hands when it ended is under suspicion from then on; work on an
 * order under suspicion is written down before it begins and goes alone, so that the next end has one cause. Counted in Postgres; at the third time the order is
 * held. Work that comes to its end takes the suspicion away.
 */
@Injectable()
export class OrderTries implements OnModuleInit {
  readonly gate = new WorkGate();
  private readonly sources: InHands[] = [];

  constructor(
    private readonly transactions: Transactions,
    private readonly processes: Processes,
    private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.processes.onDeath((tx, processId) => this.onDeath(tx, processId));
  }

  /** Registers where else it is written what a process had in its hands; asked when it has ended. */
  alsoInHands(source: InHands): void {
    this.sources.push(source);
  }

  async suspicions(tx: Tx, work: TriedWork, orderRefs: readonly string[]): Promise<Map<string, Suspicion>> {
    return orderRefs.length === 0 ? new Map() : suspicionsOf(tx, work, orderRefs);
  }

  /** Committed when it returns, whatever transaction the caller is in: the process may not live to see its end. */
  async begin(work: TriedWork, orderRefs: readonly string[]): Promise<void> {
    if (orderRefs.length > 0) await this.transactions.read((tx) => take(tx, work, orderRefs, this.processes.id));
  }

  /** Out of our hands again; a suspicion stays until {@link forgive}. */
  async putDown(tx: Tx, work: TriedWork, orderRefs: readonly string[]): Promise<void> {
    if (orderRefs.length > 0) await putDown(tx, work, orderRefs);
  }

  /** The work has come to its end. */
  async forgive(tx: Tx, work: TriedWork, orderRefs: readonly string[]): Promise<void> {
    if (orderRefs.length > 0) await forgive(tx, [work], orderRefs);
  }

  /** The work failed, and the order is to blame. @returns how often now */
  async fail(work: TriedWork, orderRef: string): Promise<number> {
    return this.transactions.read((tx) => fail(tx, work, orderRef));
  }

  /**
   * Does work on an order under suspicion: alone in this process, and written down while it lasts.
   * @param limitMs  how long to wait for other work, and for the database; then it is done all the same
   */
  async carefully<T>(work: TriedWork, orderRef: string, limitMs: number, does: () => Promise<T>): Promise<T> {
    const leave = await this.gate.enter(true, limitMs);
    try {
      const begun = this.begin(work, [orderRef]).catch(() => undefined);
      await Promise.race([begun, new Promise((resolve) => setTimeout(resolve, limitMs).unref())]);
      return await does();
    } finally {
      await this.transactions.read((tx) => putDown(tx, work, [orderRef])).catch(() => undefined);
      leave();
    }
  }

  /** Holds the order until a person has looked. One that waits for no call just goes its way. `reason` stands in `waitingFor`. */
  async park(tx: Tx, orderRef: string, reason: string): Promise<void> {
    const order = await lockOrder(tx, orderRef);
    await forgive(tx, ['job', 'call'], [orderRef]);
    if (order === null || (order.status !== 'accepted' && order.status !== 'scheduled')) return;
    this.log.error('an order is held: work on it fails again and again', { orderRef, reason });
    if (order.holdReason !== null) return;
    await setHold(tx, orderRef, reason);
    await insertTimeline(tx, order.shopId, orderRef, { kind: 'held', data: { reason } });
  }

  /** A job about the order that a worker left lying is done again, as long as that may be: at the third time the order is held instead. */
  async again(orderRef: string, job: () => Promise<void>): Promise<void> {
    const suspicion = await this.firstSuspicion(orderRef);
    if (suspicion === null) return;
    this.log.warn('a worker began a job about an order and did not end it', {
      orderRef,
      times: suspicion.failures,
    });
    if (suspicion.failures >= MOST_TRIES)
      return this.transactions.run((tx) => this.park(tx, orderRef, HELD_BECAUSE.job));
    await this.carefully('job', orderRef, GATE_LIMIT_MS, job);
    await this.transactions.read((tx) => forgive(tx, ['job'], [orderRef]));
  }

  async forgetOld(): Promise<void> {
    await this.transactions.run((tx) => forgetTries(tx, REMEMBERED_HOURS));
  }

  /** Null when there is no such order, or it is held. Waits until it has been counted what has become of the process that left the job. */
  private async firstSuspicion(orderRef: string): Promise<Suspicion | null> {
    const untilMs = performance.now() + FORGOTTEN_WITHIN_MS;
    for (;;) {
      const suspicion = await this.transactions.read(async (tx) => {
        const order = (await suspicionsOf(tx, 'job', [orderRef])).get(orderRef);
        if (order !== undefined) return order;
        const known = await lockOrder(tx, orderRef);
        if (known === null || known.holdReason !== null) return null;
        await suspect(tx, [{ shopId: known.shopId, orderRef, work: 'job' }]);
        return { failures: 1, isLeft: false };
      });
      if (suspicion?.isLeft !== true || performance.now() > untilMs) return suspicion;
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    }
  }

  private async onDeath(tx: Tx, processId: string): Promise<void> {
    const { accused, isExplained } = await accuse(tx, processId);
    if (!isExplained) {
      const others: OrderWork[] = [];
      for (const source of this.sources) others.push(...(await source(tx, processId)));
      if (others.length > 0) await suspect(tx, others);
    }
    for (const { orderRef, work, failures } of accused) {
      this.log.warn('work on an order has ended its process, as far as one can tell', {
        orderRef,
        work,
        times: failures,
      });
      if (failures < MOST_TRIES || work === 'writeback') continue;
      // One in a live call is held by whoever takes the call over.
      const order = await lockOrder(tx, orderRef);
      if (order?.status === 'accepted' || order?.status === 'scheduled')
        await this.park(tx, orderRef, HELD_BECAUSE[work]);
    }
  }
}
