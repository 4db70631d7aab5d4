import { Injectable } from '@nestjs/common';
import { DialerError } from '../../core/shared/errors.js';
import { isLockInTheWay } from '../../platform/database/database-errors.js';
import { Transactions } from '../../platform/database/transaction.js';
import { failpoint } from '../../platform/failpoints/failpoints.js';
import { Gathering } from '../../platform/gathering/gathering.js';
import { Log } from '../../platform/log/log.js';
import { OrdersService, type PreparedOrder } from '../orders/orders.service.js';
import { insertMessages, takeBackMessages, type NewMessage } from './message.store.js';

/** A message that says of an order what nobody has said before, ready to be stored. */
export interface NewOrderMessage {
  readonly message: NewMessage;
  readonly order: PreparedOrder;
}

/** Orders stored in one transaction at most. */
const MOST_TOGETHER = 100;
/** While one transaction waits for the disk, the next one is written. */
const TRANSACTIONS_AT_ONCE = 2;
/** A shop has so many orders waiting for their transaction at most, and for so long: more is refused, which is sooner said than waited for. */
const MOST_WAITING = 500;
const LONGEST_WAIT_MS = 1_000;

/**
 * Stores new orders, those that come at about the same time in one transaction: one commit for many. Between shops by turns.
 */
@Injectable()
export class NewOrders {
  private readonly gathering: Gathering<NewOrderMessage, boolean>;

  constructor(
    private readonly transactions: Transactions,
    private readonly orders: OrdersService,
    private readonly log: Log,
  ) {
    this.gathering = new Gathering({
      most: MOST_TOGETHER,
      atOnce: TRANSACTIONS_AT_ONCE,
      ownerOf: ({ message }) => message.shopId,
      work: (all) => this.storeAll(all),
    });
  }

  /** Whether the shop has more orders waiting here than will be stored within a moment. */
  isFull(shopId: string): boolean {
    const { count, longestMs } = this.gathering.waitingOf(shopId);
    return count >= MOST_WAITING || longestMs > LONGEST_WAIT_MS;
  }

  /**
   * Stores message and order.
   * @returns false: nothing was stored, since it is more than a new order (a number or an id that is known, a buyer who may not be called), or since it has to
   *   be stored on its own
   * @throws DialerError `busy.retry_later`
   */
  store(message: NewOrderMessage): Promise<boolean> {
    return this.gathering.add(message);
  }

  private async storeAll(all: readonly NewOrderMessage[]): Promise<boolean[]> {
    try {
      const stored = await this.transactions.run(async (tx) => {
        const isNew = await insertMessages(
          tx,
          all.map(({ message }) => message),
        );
        const fresh = all.filter((_, at) => isNew[at]);
        const orderRefs =
          fresh.length === 0
            ? new Set<string>()
            : await this.orders.acceptNew(
                tx,
                fresh.map(({ order }) => order),
              );
        const isStored = ({ order }: NewOrderMessage): boolean => orderRefs.has(order.accepted.orderRef);
        await takeBackMessages(
          tx,
          fresh.filter((one) => !isStored(one)).map(({ message }) => message),
        );
        await failpoint('order_before_commit');
        return new Set(fresh.filter(isStored));
      });
      return all.map((one) => stored.has(one));
    } catch (error) {
      if (error instanceof DialerError && !isLockInTheWay(error)) throw error;
      // One of them may be what it failed of: each is told to try alone.
      this.log.warn('orders could not be stored together', { error, count: all.length });
      return all.map(() => false);
    }
  }
}
