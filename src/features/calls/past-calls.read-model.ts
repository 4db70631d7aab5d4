import type { PastCall } from '../../core/calling-hours/attempt-limits.js';
import type { Tx } from '../../platform/database/transaction.js';

/** An order about to be called, as far as its earlier calls are looked for. */
export interface CallableOrder {
  readonly orderRef: string;
  readonly shopId: string;
  readonly phoneHash: Buffer;
}

/** No limit on attempts looks further back than this, but for the one of a whole order. */
const LOOK_BACK = `interval '30 days'`;
/** More calls to one number than any limit asks about. */
const MOST_CALLS = 200;
/** Words of an agent that end an order for good: what its buyer orders next is a new matter. */
const CONCLUDED = `('confirmed', 'changed', 'declined', 'duplicate')`;

/**
 * The calls that limits on attempts count, by order: those of the last 30 days from the shop to the buyer's number, and all that were made for
 * the order itself. Orders without any are missing.
 */
export async function pastCallsOf(tx: Tx, orders: readonly CallableOrder[]): Promise<Map<string, PastCall[]>> {
  const found = new Map<string, PastCall[]>();
  if (orders.length === 0) return found;
  const rows = (await tx.query(
    `SELECT q.order_ref AS "orderRef", coalesce(c.dialed_at, c.planned_at) AS "startedAt", c.ended_at AS "endedAt", c.result,
       (c.ringing_at IS NOT NULL OR c.answered_at IS NOT NULL) AS "hasRung", c."isOfOrder",
       CASE WHEN c.result = 'answered' AND NOT c."isOfOrder"
         THEN (SELECT coalesce(o.outcome IN ${CONCLUDED}, false) FROM orders o WHERE o.id = c.order_ref) ELSE false END AS "isConcluded"
     FROM unnest($1::uuid[], $2::text[], $3::bytea[]) AS q (order_ref, shop_id, phone_hash) CROSS JOIN LATERAL (
       (SELECT n.*, n.order_ref = q.order_ref
          OR EXISTS (SELECT FROM attempts a WHERE a.call_id = n.id AND a.order_ref = q.order_ref) AS "isOfOrder"
        FROM calls n WHERE n.phone_hash = q.phone_hash AND n.shop_id = q.shop_id AND n.planned_at > now() - ${LOOK_BACK}
        ORDER BY n.planned_at DESC LIMIT ${MOST_CALLS})
       UNION ALL
       SELECT m.*, true FROM attempts a JOIN calls m ON m.id = a.call_id
       WHERE a.order_ref = q.order_ref AND a.result IS DISTINCT FROM 'withdrawn' AND (a.planned_at <= now() - ${LOOK_BACK} OR m.phone_hash <> q.phone_hash)
     ) AS c`,
    [orders.map((o) => o.orderRef), orders.map((o) => o.shopId), orders.map((o) => o.phoneHash)],
  )) as (PastCall & { orderRef: string })[];
  for (const { orderRef, ...call } of rows) found.set(orderRef, [...(found.get(orderRef) ?? []), call]);
  return found;
}
