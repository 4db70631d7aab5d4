import type { Tx } from '../../platform/database/transaction.js';

/** Orders taken up at once when the rules of their shop have changed; those beyond keep the time they were put off to. */
const MOST_ORDERS = 10_000;

/**
 * What an order was put off by may not hold any more: the dialer judges it anew at its next turn. Given a shop, all its orders that wait for
 * permitted hours or for the end of a limit; rows that somebody is working on are passed over.
 * @returns how many
 */
export async function lookAgain(tx: Tx, which: { shopId: string; orderRef?: string }): Promise<number> {
  const rows = (await tx.query(
    `WITH done AS (
       UPDATE orders SET not_before = now(), due_at = now(), is_due = true, wait_reason = NULL, row_version = row_version + 1
       WHERE id IN (
         SELECT id FROM orders WHERE shop_id = $1 AND status = 'scheduled' AND wait_reason = 'outside_calling_hours' AND not_before > now()
           AND ($2::uuid IS NULL OR id = $2) LIMIT ${MOST_ORDERS} FOR UPDATE SKIP LOCKED
       ) RETURNING 1
     ) SELECT count(*)::int AS n FROM done`,
    [which.shopId, which.orderRef ?? null],
  )) as { n: number }[];
  return rows[0]?.n ?? 0;
}
