import type { Tx } from '../../platform/database/transaction.js';
import { ORDER_COLUMNS, type OrderRow } from './order-row.js';

/** So many orders of one buyer go into one call beside the first; the others have their turn later. */
const MOST_IN_CALL = 20;

/** Locks orders one after the other in the order of their ids, as everybody does who locks several. */
export function lockOrders(tx: Tx, orderRefs: readonly string[]): Promise<OrderRow[]> {
  return tx.query(`SELECT ${ORDER_COLUMNS} FROM orders o WHERE o.id = ANY($1::uuid[]) ORDER BY o.id FOR UPDATE`, [
    orderRefs,
  ]);
}

/** The same orders as they are at this instant, without a lock. */
export function readOrders(tx: Tx, orderRefs: readonly string[]): Promise<OrderRow[]> {
  return tx.query(`SELECT ${ORDER_COLUMNS} FROM orders o WHERE o.id = ANY($1::uuid[]) ORDER BY o.id`, [orderRefs]);
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
       AND o.id IS DISTINCT FROM $6::uuid AND ${hasNotLeft('$7')}
     ORDER BY o.id LIMIT $5 FOR UPDATE SKIP LOCKED`,
    [buyer.shopId, buyer.phoneHash, buyer.isTalking, buyer.now, MOST_IN_CALL, buyer.except, buyer.callId],
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
