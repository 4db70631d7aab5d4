import { Injectable } from '@nestjs/common';
import type { AttemptResult } from '../../core/call/result.js';
import type { AgentId, CallId, OrderRef, ShopId } from '../../core/shared/ids.js';
import type { Tx } from '../../platform/database/transaction.js';
import type { AttemptMessage } from './desktop.protocol.js';

export interface CallOnScreen {
  readonly callId: CallId;
  readonly orderRef: OrderRef;
  readonly shopId: ShopId;
  readonly connectedAt: Date;
}

export interface LiveCallOnScreen extends Omit<CallOnScreen, 'connectedAt'> {
  readonly standing: string | null;
}

const STANDING = `(
  SELECT string_agg(concat_ws(' ', o.id, o.version, o.attempts_made, o.callback_at, o.withdraw_requested_at, o.card_encrypted IS NULL,
    CASE WHEN o.live_call_id = c.id THEN CASE WHEN o.id = c.order_ref THEN 'first' ELSE 'in' END ELSE o.status END), ', ' ORDER BY o.id)
  FROM orders o WHERE o.shop_id = c.shop_id AND o.phone_hash = c.phone_hash AND o.status <> 'final')`;

/** What the screen shows of calls. */
@Injectable()
export class AttemptsReadModel {
  /** The call, if this agent talked in it. */
  async connectedCall(tx: Tx, agentId: AgentId, callId: CallId): Promise<CallOnScreen | null> {
    const rows = await tx.query<CallOnScreen[]>(
      `SELECT id AS "callId", order_ref AS "orderRef", shop_id AS "shopId", connected_at AS "connectedAt"
       FROM calls WHERE id = $1 AND agent_id = $2 AND connected_at IS NOT NULL`,
      [callId, agentId],
    );
    return rows[0] ?? null;
  }

  /** A call that is going on, with its {@link standing}: what is written of it may be behind by a moment. */
  async liveCall(tx: Tx, callId: CallId): Promise<LiveCallOnScreen | null> {
    const rows = await tx.query<LiveCallOnScreen[]>(
      `SELECT c.id AS "callId", c.order_ref AS "orderRef", c.shop_id AS "shopId", ${STANDING} AS standing
       FROM calls c WHERE c.id = $1 AND c.ended_at IS NULL`,
      [callId],
    );
    return rows[0] ?? null;
  }

  /**
   * What the card of a talk shows of the buyer's open orders, in short: while it stays the same, so does the card, but for the progress of the orders
   * that are in the call.
   */
  async standing(tx: Tx, callId: CallId): Promise<string | null> {
    const rows = await tx.query<{ standing: string | null }[]>(
      `SELECT ${STANDING} AS standing FROM calls c WHERE c.id = $1`,
      [callId],
    );
    return rows[0]?.standing ?? null;
  }

  /** Attempts of the order before this call, oldest first. */
  async earlier(tx: Tx, shopId: ShopId, orderRef: OrderRef, callId: CallId): Promise<AttemptMessage[]> {
    const rows = await tx.query<{ number: number; result: AttemptResult | null; at: Date }[]>(
      `SELECT number, result, planned_at AS at FROM attempts
       WHERE shop_id = $1 AND order_ref = $2 AND call_id <> $3 ORDER BY number`,
      [shopId, orderRef, callId],
    );
    return rows.map(({ number, result, at }) => ({ number, result, at: at.toISOString() }));
  }

  /** The orders that are in the call beside its first one. */
  async othersInCall(tx: Tx, callId: CallId, main: OrderRef): Promise<OrderRef[]> {
    const rows = await tx.query<{ orderRef: OrderRef }[]>(
      `SELECT order_ref AS "orderRef" FROM attempts
       WHERE call_id = $1 AND order_ref <> $2 AND result IS DISTINCT FROM 'withdrawn' ORDER BY planned_at, order_ref`,
      [callId, main],
    );
    return rows.map(({ orderRef }) => orderRef);
  }
}
