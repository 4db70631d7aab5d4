import type { Tx } from '../../platform/database/transaction.js';
import { ORDER_COLUMNS, type OrderRow } from './order-row.js';

export async function findOrder(tx: Tx, orderRef: string): Promise<OrderRow | null> {
  const rows = (await tx.query(`SELECT ${ORDER_COLUMNS} FROM orders o WHERE o.id = $1`, [orderRef])) as OrderRow[];
  return rows[0] ?? null;
}

export async function findOrderByShopId(tx: Tx, shopId: string, orderId: string): Promise<OrderRow | null> {
  const rows = (await tx.query(`SELECT ${ORDER_COLUMNS} FROM orders o WHERE o.shop_id = $1 AND o.order_id = $2`, [
    shopId,
    orderId,
  ])) as OrderRow[];
  return rows[0] ?? null;
}

export function openOrdersOfPhone(tx: Tx, shopId: string, phoneHash: Buffer, except: string): Promise<OrderRow[]> {
  return tx.query(
    `SELECT ${ORDER_COLUMNS} FROM orders o
     WHERE o.shop_id = $1 AND o.phone_hash = $2 AND o.status <> 'final' AND o.id <> $3 ORDER BY o.call_by, o.received_at LIMIT 20`,
    [shopId, phoneHash, except],
  );
}

/** An order that waits for a person, as an administrator sees it: nothing personal. */
export interface HeldOrder {
  readonly id: string;
  readonly shop: string;
  readonly orderId: string;
  readonly reason: string;
  readonly attempts: number;
  readonly registeredAt: Date;
  readonly giveUpAt: Date | null;
}

/** Newest first; ids grow with time, so `before` is the last id of the page before. */
export function heldOrders(
  tx: Tx,
  filter: { shopId: string | null; before: string | null; limit: number },
): Promise<HeldOrder[]> {
  return tx.query(
    `SELECT o.id, o.shop_id AS shop, o.order_id AS "orderId", o.hold_reason AS reason, o.attempts_made AS attempts,
       o.registered_at AS "registeredAt", o.give_up_at AS "giveUpAt"
     FROM orders o WHERE o.hold_reason IS NOT NULL AND o.status <> 'final' AND ($1::text IS NULL OR o.shop_id = $1)
       AND ($2::uuid IS NULL OR o.id < $2) ORDER BY o.id DESC LIMIT $3`,
    [filter.shopId, filter.before, filter.limit],
  );
}
