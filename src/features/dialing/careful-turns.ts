import { Injectable } from '@nestjs/common';
import { DialerError } from '../../core/shared/errors.js';
import { asDialerError } from '../../platform/database/database-errors.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { Log } from '../../platform/log/log.js';
import { MOST_TRIES, OrderFault, OrderTries } from '../orders/orders.service.js';
import { PassedOver } from './passed-over.js';

/** So long at least an order that failed a turn is passed over, so that those behind it have their turn. */
const FAULTY_MS = 5_000;
/** When so many orders failed one after the other and none could be called between, it is hardly the orders: no further one is held. */
const MOST_FAULTY_IN_A_ROW = 4;

/**
 * Keeps an order that cannot be called, or ends the process that tries, from the others. Before a turn places calls it writes down, in a transaction of its
 * own, whose; the turn's transaction takes that back, so that it is gone with the commit. Where it is still there, an earlier process did not live to see the
 * commit: such orders are called one in a turn, so that the next crash has one cause, and at the third time are held. What ends the process later is told by
 * the call, which is lost. An order on which the turn just fails (it cannot be read, or written) is passed over for
 * a moment and held at the third time, too.
 */
@Injectable()
export class CarefulTurns {
  private readonly faulty = new PassedOver(FAULTY_MS);
  private readonly inARow = new Set<string>();

  constructor(
    private readonly tries: OrderTries,
    private readonly transactions: Transactions,
    private readonly log: Log,
  ) {}

  /** Orders that failed a moment ago. */
  passedOver(groupId: string): Iterable<string> {
    return this.faulty.of(groupId, [], performance.now());
  }

  /** Of the calls that a turn has planned, those it may place; they are written down as begun. Orders that were begun too often are held. */
  async begin<C extends { readonly order: { readonly orderRef: string } }>(tx: Tx, calls: readonly C[]): Promise<C[]> {
    if (calls.length === 0) return [];
    const refs = calls.map(({ order }) => order.orderRef);
    const before = await this.tries.before(tx, 'call', refs);
    const triesOf = ({ order }: C): number => before.get(order.orderRef) ?? 0;
    for (const call of calls.filter((one) => triesOf(one) >= MOST_TRIES)) {
      await this.tries.park(tx, call.order.orderRef, `placing its call ended the dialer ${MOST_TRIES} times`);
    }
    const suspect = calls.find((call) => triesOf(call) > 0 && triesOf(call) < MOST_TRIES);
    const chosen = suspect === undefined ? calls.filter((call) => triesOf(call) === 0) : [suspect];
    const chosenRefs = chosen.map(({ order }) => order.orderRef);
    await this.tries.begin('call', chosenRefs);
    return chosen;
  }

  /** All that was begun is carried out, or was left out after all: with the commit nothing of it is written down any more. */
  async done(tx: Tx, begun: readonly string[]): Promise<void> {
    await this.tries.end(tx, begun);
  }

  /** Some call was placed: what fails lies with single orders. */
  placed(count: number): void {
    if (count > 0) this.inARow.clear();
  }

  /**
   * A turn was rolled back. @param begun  orders that it had begun
   * @returns the order to blame, which is passed over now; null: none, the turn as a whole failed
   */
  async failed(groupId: string, error: unknown, begun: readonly string[]): Promise<string | null> {
    const fault = error instanceof OrderFault ? error : null;
    const innocent = begun.filter((orderRef) => orderRef !== fault?.orderRef);
    if (innocent.length > 0) await this.transactions.run((tx) => this.tries.end(tx, innocent));
    if (fault === null) return null;
    const { orderRef, cause } = fault;
    const wasBegun = begun.includes(orderRef);
    const counted = wasBegun
      ? await this.transactions.read((tx) => this.tries.before(tx, 'call', [orderRef]))
      : await this.tries.begin('call', [orderRef]);
    const times = counted.get(orderRef) ?? 0;
    this.faulty.add(groupId, [orderRef], [], performance.now());
    this.inARow.add(orderRef);
    this.log.error('an order cannot be called, others go on', { orderRef, times, error: cause });
    if (times >= MOST_TRIES && this.inARow.size < MOST_FAULTY_IN_A_ROW) {
      await this.transactions.run((tx) =>
        this.tries.park(tx, orderRef, `it could not be called ${MOST_TRIES} times; the log says why`),
      );
    }
    return orderRef;
  }
}

/** Runs work on one order: what will fail again is the order's fault, what may pass is not. */
export async function onOrder<T>(orderRef: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (raw) {
    const error = asDialerError(raw);
    if (error instanceof OrderFault || (error instanceof DialerError && error.isRetryable)) throw error;
    throw new OrderFault(orderRef, error);
  }
}
