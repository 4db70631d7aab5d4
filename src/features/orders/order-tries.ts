import { Injectable } from '@nestjs/common';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { Log } from '../../platform/log/log.js';
import { insertTimeline, lockOrder, setHold } from './order.store.js';
import { beginTries, endTries, forgetTries, triesOf, type TriedWork } from './order-tries.store.js';

/** So often may work on an order be begun without an end, which is how a crash looks from outside; then the order is held. */
export const MOST_TRIES = 3;

/** Tries are written before work that may take the process with it; the day after, what is left of them says nothing any more. */
const REMEMBERED_HOURS = 24;

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

/** Poisoned orders: counts in Postgres how often work on an order was begun and never ended, and holds the order when that is too often. */
@Injectable()
export class OrderTries {
  constructor(
    private readonly transactions: Transactions,
    private readonly log: Log,
  ) {}

  /** How often each was begun and not ended. */
  async before(tx: Tx, work: TriedWork, orderRefs: readonly string[]): Promise<Map<string, number>> {
    return triesOf(tx, work, orderRefs);
  }

  /** Committed when it returns, whatever transaction the caller is in: the process may not live to see its end. @returns how often each was begun, this one counted */
  async begin(work: TriedWork, orderRefs: readonly string[]): Promise<Map<string, number>> {
    if (orderRefs.length === 0) return new Map();
    return this.transactions.read((tx) => beginTries(tx, work, orderRefs));
  }

  async end(tx: Tx, orderRefs: readonly string[]): Promise<void> {
    if (orderRefs.length > 0) await endTries(tx, orderRefs);
  }

  /** Holds the order until a person has looked. One that waits for no call just goes its way. `reason` stands in `waitingFor`. */
  async park(tx: Tx, orderRef: string, reason: string): Promise<void> {
    const order = await lockOrder(tx, orderRef);
    await endTries(tx, [orderRef]);
    if (order === null || (order.status !== 'accepted' && order.status !== 'scheduled')) return;
    this.log.error('an order is held: work on it fails again and again', { orderRef, reason });
    if (order.holdReason !== null) return;
    await setHold(tx, orderRef, reason);
    await insertTimeline(tx, order.shopId, orderRef, { kind: 'held', data: { reason } });
  }

  /**
   * A worker has left a job about the order lying: does its work once more, as a try that counts.
   * @param work  the job's work on this one order
   */
  async again(orderRef: string, work: () => Promise<void>): Promise<void> {
    const crashes = (await this.begin('job', [orderRef])).get(orderRef) ?? 0;
    this.log.warn('a worker began a job about an order and did not end it', { orderRef, times: crashes });
    if (crashes < MOST_TRIES) {
      await work();
      await this.transactions.read((tx) => endTries(tx, [orderRef]));
      return;
    }
    await this.transactions.run((tx) =>
      this.park(tx, orderRef, `its job ended a worker ${MOST_TRIES} times before it was done`),
    );
  }

  async forgetOld(): Promise<void> {
    await this.transactions.run((tx) => forgetTries(tx, REMEMBERED_HOURS));
  }
}
