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

/** Orders put off along with one that was met; the others of a large queue go when one of them is met. */
const ALONG = 1_000;

/** The dialer met these orders and cannot call them now; a promised callback stays promised, and an order's turn stays its turn. */
export async function putOffAlike(
  tx: Tx,
  what: {
    orderRefs: readonly string[];
    shopId: string;
    /** With them go due orders of the shop whose buyers may be in these zones. */
    closedZones?: readonly string[];
    until: Date;
    reason: string;
  },
): Promise<void> {
  await tx.query(
    `WITH along AS (
       SELECT id FROM orders WHERE shop_id = $2 AND status = 'scheduled' AND hold_reason IS NULL AND is_due AND time_zones = $5::text[]
       LIMIT ${ALONG} FOR UPDATE SKIP LOCKED
     ) UPDATE orders SET not_before = $3, due_at = $3, is_due = false, wait_reason = $4, row_version = row_version + 1
     WHERE status = 'scheduled' AND id IN (SELECT unnest($1::uuid[]) UNION SELECT id FROM along)`,
    [what.orderRefs, what.shopId, what.until, what.reason, what.closedZones ?? null],
  );
}
