import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Call } from '../../core/call/call.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { Log } from '../../platform/log/log.js';
import { Processes } from '../../platform/processes/processes.js';
import { MOST_TRIES, OrderTries } from '../orders/orders.service.js';
import { CallStore, type Route, type StoredCall } from './call.store.js';

/** How long work on a call waits for work on a call under suspicion, and that for other work: an answered buyer has 2 s in all. */
const GATE_LIMIT_MS = 100;
const SUSPECT_LIMIT_MS = 300;

interface Suspect {
  readonly failures: number;
  /** Its last leader may have died of this very call. */
  readonly wasTakenOver: boolean;
}

/** Work on live calls, each with regard to what it may do to the process: see `OrderTries`. */
@Injectable()
export class CarefulCalls implements OnModuleInit {
  private readonly suspects = new Map<string, Suspect>();

  constructor(
    private readonly tries: OrderTries,
    private readonly store: CallStore,
    private readonly transactions: Transactions,
    private readonly processes: Processes,
    private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.tries.alsoInHands((tx, processId) => this.store.inHandsOf(tx, processId));
  }

  /** A call is placed for an order that has ended processes before. */
  watch(callId: string, failures: number): void {
    if (failures > 0) this.suspects.set(callId, { failures, wasTakenOver: false });
  }

  forget(callId: string): void {
    this.suspects.delete(callId);
  }

  /** Before calls are taken over: what their last leader had in its hands is counted, should it have ended. */
  async count(): Promise<void> {
    await this.processes
      .buryDead()
      .catch((error: unknown) => this.log.warn('the dead could not be counted', { error }));
  }

  /** Looks at calls that are taken over. @returns those that may not go on: their order has ended processes three times */
  async judge(stored: readonly StoredCall[]): Promise<StoredCall[]> {
    const refs = stored.map(({ route }) => route.orderRef);
    const known = await this.transactions.read((tx) => this.tries.suspicions(tx, 'call', refs));
    return stored.filter(({ call, route }) => {
      const failures = known.get(route.orderRef)?.failures ?? 0;
      if (failures > 0) this.suspects.set(call.callId, { failures, wasTakenOver: true });
      return failures >= MOST_TRIES;
    });
  }

  /** Does work on a call; on one under suspicion alone, and written down while it lasts. */
  async around<T>(callId: string, { orderRef }: Pick<Route, 'orderRef'>, does: () => Promise<T>): Promise<T> {
    if (this.suspects.has(callId)) return this.tries.carefully('call', orderRef, SUSPECT_LIMIT_MS, does);
    const leave = await this.tries.gate.enter(false, GATE_LIMIT_MS);
    try {
      return await does();
    } finally {
      leave();
    }
  }

  /** The call has come to its end, in the transaction that writes it: nothing more is known against its order, unless the end may be that of its leader. */
  async ended(tx: Tx, call: Extract<Call, { state: 'ended' }>, orderRef: string): Promise<void> {
    const suspect = this.suspects.get(call.callId);
    if (suspect === undefined) return;
    const isLost = call.result === 'system_failure' || call.result === 'abandoned';
    if (!suspect.wasTakenOver || !isLost) await this.tries.forgive(tx, 'call', [orderRef]);
  }

  /** The order is held, and begins anew when it is released. */
  async heldWith(tx: Tx, orderRef: string): Promise<void> {
    await this.tries.forgive(tx, 'call', [orderRef]);
  }
}
