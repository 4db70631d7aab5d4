import type { Tx } from '../../platform/database/transaction.js';
import { ORDER_COLUMNS, type OrderRow } from './order-row.js';

/** A shop whose orders a group may call now, once they have waited so long. */
export interface ServedShop {
  readonly shopId: string;
  readonly groupId: string;
  readonly afterSeconds: number;
}

/**
 * The orders whose turn it is, locked; rows that somebody else has locked are passed over. Dial order: buyers we hung up on first, due
 * callbacks, priority, earliest deadline, first come. Orders of a buyer who is on the telephone with us are left out.
 */
export async function lockNextDue(
  tx: Tx,
  query: { served: readonly ServedShop[]; now: Date; skip: readonly string[]; limit: number },
): Promise<(OrderRow & { phoneHash: Buffer; groupId: string })[]> {
  return tx.query(
    `SELECT ${ORDER_COLUMNS}, s.group_id AS "groupId"
     FROM orders o JOIN unnest($1::text[], $2::text[], $3::float8[]) AS s (shop_id, group_id, after_seconds) ON s.shop_id = o.shop_id
     WHERE o.status = 'scheduled' AND o.hold_reason IS NULL AND o.id <> ALL($5::uuid[])
       AND (o.not_before IS NULL OR o.not_before <= $4)
       AND greatest(o.received_at, o.not_before) + s.after_seconds * interval '1 second' <= $4
       AND NOT EXISTS (SELECT 1 FROM orders other WHERE other.phone_hash = o.phone_hash AND other.live_call_id IS NOT NULL)
     ORDER BY o.is_abandoned_before DESC, (o.callback_at IS NOT NULL) DESC, o.priority DESC, o.call_by, o.received_at
     LIMIT $6 FOR UPDATE OF o SKIP LOCKED`,
    [
      query.served.map((shop) => shop.shopId),
      query.served.map((shop) => shop.groupId),
      query.served.map((shop) => shop.afterSeconds),
      query.now,
      query.skip,
      query.limit,
    ],
  );
}

/** How many orders `lockNextDue` could give out, counted to 1,000 at most. */
export async function countDue(tx: Tx, query: { served: readonly ServedShop[]; now: Date }): Promise<number> {
  const rows = (await tx.query(
    `SELECT count(*)::int AS n FROM (
       SELECT 1 FROM orders o JOIN unnest($1::text[], $2::float8[]) AS s (shop_id, after_seconds) ON s.shop_id = o.shop_id
       WHERE o.status = 'scheduled' AND o.hold_reason IS NULL AND (o.not_before IS NULL OR o.not_before <= $3)
         AND greatest(o.received_at, o.not_before) + s.after_seconds * interval '1 second' <= $3
       LIMIT 1000
     ) due`,
    [query.served.map((shop) => shop.shopId), query.served.map((shop) => shop.afterSeconds), query.now],
  )) as { n: number }[];
  return rows[0]?.n ?? 0;
}

const PUT_INTO_QUEUE = `, told AS (
    INSERT INTO order_timeline (shop_id, order_ref, kind) SELECT shop_id, id, 'scheduled' FROM done
  ) SELECT count(*)::int AS n FROM done`;

/** accepted → scheduled; false when it was not accepted (any more). One statement, so one transaction of its own. */
export async function schedule(tx: Tx, orderRef: string): Promise<boolean> {
  const rows = (await tx.query(
    `WITH done AS (
       UPDATE orders SET status = 'scheduled', row_version = row_version + 1 WHERE id = $1 AND status = 'accepted' RETURNING id, shop_id
     )${PUT_INTO_QUEUE}`,
    [orderRef],
  )) as { n: number }[];
  return (rows[0]?.n ?? 0) > 0;
}

/** The same for orders whose job got lost; returns how many. */
export async function scheduleForgotten(tx: Tx, olderThanMs: number, limit: number): Promise<number> {
  const rows = (await tx.query(
    `WITH done AS (
       UPDATE orders SET status = 'scheduled', row_version = row_version + 1 WHERE id IN (
         SELECT id FROM orders WHERE status = 'accepted' AND received_at < now() - $1 * interval '1 millisecond'
         ORDER BY received_at LIMIT $2 FOR UPDATE SKIP LOCKED
       ) AND status = 'accepted' RETURNING id, shop_id
     )${PUT_INTO_QUEUE}`,
    [olderThanMs, limit],
  )) as { n: number }[];
  return rows[0]?.n ?? 0;
}

/** Orders that wait for a call, and those whose first call is late, by shop. */
export function countWaiting(tx: Tx): Promise<{ shopId: string; waiting: number; overdue: number }[]> {
  return tx.query(
    `SELECT shop_id AS "shopId", count(*) FILTER (WHERE status IN ('accepted', 'scheduled'))::int AS waiting,
       count(*) FILTER (WHERE first_call_at IS NULL AND call_by < now())::int AS overdue
     FROM orders WHERE status <> 'final' GROUP BY shop_id`,
  );
}
