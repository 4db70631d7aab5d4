import type { RoutingHints } from '../../core/agent/call-needs.js';
import type { QueuedOrder } from '../../core/attempt/dial-order.js';
import type { AttemptResult } from '../../core/call/result.js';
import type { OrderContent } from '../../core/order/order-card.js';
import type { OrderState } from '../../core/order/order-machine.js';
import type { OrderStatus, Outcome } from '../../core/order/order.js';

/** An order as it is stored; personal data sealed. */
export interface OrderRow {
  readonly orderRef: string;
  readonly shopId: string;
  /** The shop's own number. */
  readonly orderId: string;
  readonly version: number;
  readonly status: OrderStatus;
  readonly outcome: Outcome | null;
  /** null only in a tombstone: a cancel that came before its create. */
  readonly phoneHash: Buffer | null;
  readonly phoneEncrypted: string | null;
  readonly cardEncrypted: string | null;
  readonly priority: number;
  readonly registeredAt: Date;
  readonly receivedAt: Date;
  readonly callBy: Date | null;
  readonly notBefore: Date | null;
  readonly giveUpAt: Date | null;
  readonly firstCallAt: Date | null;
  /** IANA zones the buyer may be in; none only in a tombstone. */
  readonly timeZones: readonly string[];
  /** Attempts that were begun. */
  readonly attemptsMade: number;
  /** How often attempts ended with which result. */
  readonly results: Readonly<Partial<Record<AttemptResult, number>>>;
  readonly isAbandonedBefore: boolean;
  readonly callbackAt: Date | null;
  readonly callbackAgentId: string | null;
  readonly liveCallId: string | null;
  readonly withdrawRequestedAt: Date | null;
  readonly holdReason: string | null;
  /** Why the dialer has put the order off until `notBefore`; null when nobody but the retry rules did. */
  readonly waitReason: string | null;
  /** The last one taken for a write-back. */
  readonly sequence: number;
  readonly traceId: string;
  readonly finishedAt: Date | null;
}

/** An order whose turn it is, locked by the transaction that asked. */
export interface DueOrder extends OrderRow, QueuedOrder {
  readonly phoneHash: Buffer;
  /** E.164, readable. */
  readonly phone: string;
  /** The buyer's BCP 47 tag, if the shop gave one. */
  readonly language: string | null;
  readonly routing: RoutingHints;
  /** Since when it could have been called. */
  readonly waitingSince: Date;
  /** Who talked with this buyer last, for the same shop. */
  readonly earlierAgentId: string | null;
  /** The group, among those asked for, that serves the order. */
  readonly groupId: string;
  /** The weight of its shop among those that wait for the group. */
  readonly share: number;
}

/** What the shop says of an order, checked. */
export interface OrderInput {
  readonly version: number;
  readonly registeredAt: Date;
  /** False: the shop did not say, and the webhook's own time stands in. An update then keeps the order's registration. */
  readonly isRegisteredAtGiven: boolean;
  readonly content: OrderContent;
}

/** What became of a shop's message. */
export interface Accepted {
  readonly orderRef: string;
  readonly orderId: string;
  readonly status: OrderStatus;
  /** null for a cancel and for an order that will not be called. */
  readonly callBy: Date | null;
  readonly effect: 'created' | 'updated' | 'withdrawn' | 'withdraw_requested' | 'nothing';
}

export interface TimelineEntry {
  readonly at: Date;
  readonly kind: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The column list of an `OrderRow`, for `SELECT`; the table's alias is `o`. */
export const ORDER_COLUMNS = `o.id AS "orderRef", o.shop_id AS "shopId", o.order_id AS "orderId", o.version, o.status, o.outcome,
  o.phone_hash AS "phoneHash", o.phone_encrypted AS "phoneEncrypted", o.card_encrypted AS "cardEncrypted", o.priority,
  o.registered_at AS "registeredAt", o.received_at AS "receivedAt", o.call_by AS "callBy", o.not_before AS "notBefore",
  o.give_up_at AS "giveUpAt", o.first_call_at AS "firstCallAt", o.time_zones AS "timeZones", o.attempts_made AS "attemptsMade", o.results,
  o.is_abandoned_before AS "isAbandonedBefore", o.callback_at AS "callbackAt", o.callback_agent_id AS "callbackAgentId",
  o.live_call_id AS "liveCallId", o.withdraw_requested_at AS "withdrawRequestedAt", o.hold_reason AS "holdReason", o.wait_reason AS "waitReason", o.sequence,
  o.trace_id AS "traceId", o.finished_at AS "finishedAt"`;

/** The machine's view of a stored order. */
export function stateOf(row: OrderRow): OrderState {
  if (row.status === 'final') return { status: 'final', outcome: row.outcome ?? 'failed' };
  if (row.status === 'accepted' || row.status === 'scheduled') return { status: row.status };
  return { status: row.status, callId: row.liveCallId ?? '', isWithdrawRequested: row.withdrawRequestedAt !== null };
}
