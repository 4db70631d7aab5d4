import type { Outcome } from '../../core/order/order.js';
import { defineEvent } from '../../platform/outbox/events.js';

interface OrderFact {
  readonly shopId: string;
  readonly orderRef: string;
}

/** A new order has been stored; published in the transaction that stores it. `callId`: an agent talks with its buyer in that call, about another order. */
export const orderReceived = defineEvent<OrderFact & { readonly callId: string | null }>('order.received');

/** The shop cancelled an order that is being called: the call is to be ended (the ring at once; a talk at the agent's discretion). */
export const orderWithdrawRequested = defineEvent<OrderFact & { readonly callId: string }>('order.withdraw_requested');

/** The shop changed an order; `callId` is the live call that serves it, if any. */
export const orderUpdated = defineEvent<OrderFact & { readonly callId: string | null }>('order.updated');

/** The order has become final, once and for ever; `sequence` is taken for the write-back that tells it. */
export const orderFinished = defineEvent<
  OrderFact & { readonly outcome: Outcome; readonly sequence: number; readonly traceId: string }
>('order.finished');
