import { rows, type Tx } from '../../platform/database/transaction.js';
import { ORDER_COLUMNS, type OrderRow } from './order-row.js';

/** So many orders of one buyer go into one call beside the first; the others have their turn later. */
const MOST_IN_CALL = 20;

/** An order's part in a call. */
export interface RowInCall {
  readonly order: OrderRow;
  /** The attempt's number of the order, from 1. */
  readonly number: number;
  /** The call was planned for this order, or handed over to it. */
  readonly isMain: boolean;
  /** Hash of the number that is called. */
  readonly calledHash: Buffer;
}

/**
 * The orders in a call, ended or not, in the order of their ids; those that left it before the talk are not among them.
 * @param isLocking  locks them one after the other, as everybody does who locks several
 */
export async function ordersInCall(tx: Tx, callId: string, isLocking: boolean): Promise<RowInCall[]> {
  const found = await rows<OrderRow & Omit<RowInCall, 'order'>>(
    tx,
    `SELECT ${ORDER_COLUMNS}, a.number, a.order_ref = c.order_ref AS "isMain", c.phone_hash AS "calledHash"
     FROM attempts a JOIN calls c ON c.id = a.call_id JOIN orders o ON o.id = a.order_ref
     WHERE a.call_id = $1 AND (a.result IS DISTINCT FROM 'withdrawn' OR o.live_call_id = a.call_id)
     ORDER BY o.id ${isLocking ? 'FOR UPDATE OF o' : ''}`,
    [callId],
  );
  return found.map(({ number, isMain, calledHash, ...order }) => ({ order, number, isMain, calledHash }));
}

/**
 * The buyer's waiting orders in this shop that may share a call, locked; those that somebody else has locked are left out, so that nobody waits
 * for anybody here.
 *
 * @param buyer.isTalking  the buyer is on the telephone: orders whose next attempt is not due yet belong to the talk too. A promised callback keeps its time
 */
export function lockOpenOfBuyer(
  tx: Tx,
  buyer: {
    callId: string;
    shopId: string;
    phoneHash: Buffer;
    except: string | null;
    isTalking: boolean;
    now: Date;
  },
): Promise<OrderRow[]> {
  return tx.query(
    `SELECT ${ORDER_COLUMNS} FROM orders o
     WHERE o.shop_id = $1 AND o.phone_hash = $2 AND o.status IN ('accepted', 'scheduled') AND o.hold_reason IS NULL
       AND o.withdraw_requested_at IS NULL AND (o.callback_at IS NULL OR o.callback_at <= $4)
       AND ($3 OR o.not_before IS NULL OR o.not_before <= $4 OR o.wait_reason IN ('number_busy', 'trunk_full', 'trunk_down')
         OR (o.joinable_at <= $4 AND o.wait_reason IS NULL))
       AND o.id IS DISTINCT FROM $5::uuid AND ${hasNotLeft('$6')}
     ORDER BY o.id LIMIT ${MOST_IN_CALL} FOR UPDATE SKIP LOCKED`,
    [buyer.shopId, buyer.phoneHash, buyer.isTalking, buyer.now, buyer.except, buyer.callId],
  );
}

/** One waiting order of the buyer by its shop's number; null when there is none, or somebody else is busy with it. */
export async function lockOneOfBuyer(
  tx: Tx,
  buyer: { callId: string; shopId: string; phoneHash: Buffer; orderId: string },
): Promise<OrderRow | null> {
  const found = (await tx.query(
    `SELECT ${ORDER_COLUMNS} FROM orders o
     WHERE o.shop_id = $1 AND o.phone_hash = $2 AND o.order_id = $3 AND o.status IN ('accepted', 'scheduled')
       AND ${hasNotLeft('$4')} FOR UPDATE SKIP LOCKED`,
    [buyer.shopId, buyer.phoneHash, buyer.orderId, buyer.callId],
  )) as OrderRow[];
  return found[0] ?? null;
}

/** An order that has left a call (its buyer had another number for a while) does not come back into it. */
function hasNotLeft(callId: string): string {
  return `NOT EXISTS (SELECT 1 FROM attempts a WHERE a.order_ref = o.id AND a.call_id = ${callId})`;
}
