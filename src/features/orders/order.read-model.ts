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
