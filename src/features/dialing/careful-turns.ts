import { Injectable } from '@nestjs/common';
import { DialerError } from '../../core/shared/errors.js';
import { asDialerError } from '../../platform/database/database-errors.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { Log } from '../../platform/log/log.js';
import { MOST_TRIES, OrderFault, OrderTries, type WorkGate } from '../orders/orders.service.js';
import { PassedOver } from './passed-over.js';

/** So long at least an order that failed a turn is passed over, so that those behind it have their turn. */
const FAULTY_MS = 5_000;
/** When so many orders failed one after the other and none could be called between, it is hardly the orders: no further one is held. */
const MOST_FAULTY_IN_A_ROW = 4;

/** While others can be called, one under suspicion has its turn so often. */
const SUSPECTS_EVERY_MS = 2_000;
/** How long a turn waits for other work of this process when it calls for an order under suspicion, and for that when it does not. */
const GATE_LIMIT_MS = 300;

/** The calls that a turn has begun. */
export class Begun {
  readonly orderRefs: string[] = [];
  private leaveGate: (() => void) | null = null;

  /** Takes the turn through the gate; one that goes through it again has left it before. */
  async enter(gate: WorkGate, isAlone: boolean): Promise<void> {
    this.leave();
    this.leaveGate = await gate.enter(isAlone, GATE_LIMIT_MS);
  }

  leave(): void {
    this.leaveGate?.();
    this.leaveGate = null;
  }
}

/**
 * Keeps an order that cannot be called, or ends the process that tries, from the others. Before a turn places calls it writes down, in a transaction of its
 * own, whose; the turn's transaction takes that back. What is still written down when the process has ended is under suspicion from then on: such orders are
 * called one in a turn, while this process does nothing else that may end it. At the third time they are held. An order on which the turn just fails (it
 * cannot be read, or written) is passed over for a moment and held at the third time, too.
 */
@Injectable()
export class CarefulTurns {
  private readonly faulty = new PassedOver(FAULTY_MS);
  private readonly inARow = new Set<string>();
  private lastSuspectMs = performance.now();

  constructor(
    private readonly tries: OrderTries,
    private readonly transactions: Transactions,
    private readonly log: Log,
  ) {}

  /** Orders that failed a moment ago. */
  passedOver(groupId: string): Iterable<string> {
    return this.faulty.of(groupId, [], performance.now());
  }

  /**
   * Of the calls that a turn has planned, those it may place, with how often they have ended the process or failed; they are written down as begun.
   * Orders of which that is known three times are held.
   */
  async begin<C extends { readonly order: { readonly orderRef: string } }>(
    tx: Tx,
    calls: readonly C[],
    begun: Begun,
  ): Promise<(C & { readonly failures: number })[]> {
    if (calls.length === 0) return [];
    const known = await this.tries.suspicions(
      tx,
      'call',
      calls.map(({ order }) => order.orderRef),
    );
    const judged = calls.map((call) => ({
      ...call,
      failures: known.get(call.order.orderRef)?.failures ?? 0,
      // Whether it has ended its process is being found out.
      isLeft: known.get(call.order.orderRef)?.isLeft ?? false,
    }));
    for (const { order } of judged.filter(({ failures }) => failures >= MOST_TRIES)) {
      await this.tries.park(tx, order.orderRef, `its call ended the dialer ${MOST_TRIES} times`);
    }
    const callable = judged.filter(({ isLeft, failures }) => !isLeft && failures < MOST_TRIES);
    const innocent = callable.filter(({ failures }) => failures === 0);
    const suspect = callable.find(({ failures }) => failures > 0);
    const isSuspectsTurn = innocent.length === 0 || performance.now() - this.lastSuspectMs > SUSPECTS_EVERY_MS;
    const chosen = suspect === undefined || !isSuspectsTurn ? innocent : [suspect];
    const goesAlone = suspect !== undefined && chosen[0] === suspect;
    if (goesAlone) this.lastSuspectMs = performance.now();
    const refs = chosen.map(({ order }) => order.orderRef);
    await begun.enter(this.tries.gate, goesAlone);
    await this.tries.begin('call', refs);
    begun.orderRefs.push(...refs);
    return chosen;
  }

  /** All that was begun is carried out, or was left out after all: with the commit nothing of it is written down any more, but for suspicions. */
  async done(tx: Tx, begun: Begun): Promise<void> {
    await this.tries.putDown(tx, 'call', begun.orderRefs);
  }

  /** Some call was placed: what fails lies with single orders. */
  placed(count: number): void {
    if (count > 0) this.inARow.clear();
  }

  /**
   * A turn was rolled back.
   * @returns the order to blame, which is passed over now; null: none, the turn as a whole failed
   */
  async failed(groupId: string, error: unknown, begun: Begun): Promise<string | null> {
    if (begun.orderRefs.length > 0) {
      await this.transactions.run((tx) => this.tries.putDown(tx, 'call', begun.orderRefs));
    }
    if (!(error instanceof OrderFault)) return null;
    const { orderRef, cause } = error;
    const times = await this.tries.fail('call', orderRef);
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
