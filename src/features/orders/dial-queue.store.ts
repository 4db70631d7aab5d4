import type { QueuedOrder, WhenLate } from '../../core/attempt/dial-order.js';
import { oneOf, rows, send, type Tx } from '../../platform/database/transaction.js';
import { ORDER_COLUMNS, type OrderRow } from './order-row.js';

/** A shop whose orders a group may call now, once they have waited so long. */
export interface ServedShop {
  readonly shopId: string;
  readonly groupId: string;
  readonly afterSeconds: number;
  readonly whenLate: WhenLate;
  readonly share: number;
}

interface QueueQuery {
  readonly served: readonly ServedShop[];
  readonly now: Date;
}

/** What a due order is called by, beyond its row. */
export interface QueuedRow extends OrderRow {
  readonly phoneHash: Buffer;
  readonly routingEncrypted: string | null;
  readonly dueAt: Date;
  readonly turnAt: Date;
  /** Who talked with this buyer last, for the same shop. */
  readonly earlierAgentId: string | null;
}

/** Most orders that enter the dial order in one turn; the others of a rush (the hours begin) enter with the next ones. */
const ENTERING_AT_ONCE = 200;

const WAITS = `o.status = 'scheduled' AND o.hold_reason IS NULL`;

/** Orders whose time has come ($1) and who enter the dial order: first all those that are owed a call, then the others, at most {@link ENTERING_AT_ONCE} of each kind. */
const ENTER = `owed AS (
    SELECT o.id FROM orders o WHERE ${WAITS} AND NOT o.is_due AND o.band < 2 AND o.due_at <= $1
    ORDER BY o.due_at LIMIT ${ENTERING_AT_ONCE} FOR UPDATE SKIP LOCKED
  ), others AS (
    SELECT o.id FROM orders o WHERE ${WAITS} AND NOT o.is_due AND o.due_at <= $1
    ORDER BY o.due_at, o.band, o.turn_at LIMIT ${ENTERING_AT_ONCE} FOR UPDATE SKIP LOCKED
  ), entered AS (
    UPDATE orders SET is_due = true WHERE id IN (SELECT id FROM owed UNION SELECT id FROM others) RETURNING id
  )`;

/**
 * Orders whose time has come enter the dial order. Those that wait for their time stand in an index of their own, so that a look at the queue
 * never has to walk over them, be they 100,000.
 *
 * Then sorting is forbidden to the planner: the dial order stands in an index, and where most orders are of one shop the planner, which reckons
 * with an average one, would rather sort them all. For the same reason it would compile the query, which takes longer than to run it.
 */
async function enterAndForbidSorting(tx: Tx, now: Date): Promise<void> {
  await send(
    tx,
    `WITH ${ENTER} SELECT set_config('enable_sort', 'off', true), set_config('jit', 'off', true), (SELECT count(*) FROM entered) AS entered`,
    [now],
  );
}

const QUEUED = `o.id AS "orderRef", o.shop_id AS "shopId", o.is_abandoned_before AS "isAbandonedBefore", o.callback_at AS "callbackAt",
  o.priority, o.turn_at AS "turnAt", o.received_at AS "receivedAt"`;
/** Due, not passed over; the buyer is not on the telephone with us, and has not told the shop to leave them alone. */
const CALLABLE = `o.shop_id = s.shop_id AND ${WAITS} AND o.is_due AND o.due_at <= s.due_before AND o.id <> ALL($3::uuid[])
  AND NOT EXISTS (SELECT 1 FROM orders other WHERE other.phone_hash = o.phone_hash AND other.live_call_id IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM do_not_call d WHERE d.shop_id = o.shop_id AND d.phone_hash = o.phone_hash)`;
const SHOPS = `unnest($1::text[], $2::timestamptz[]) AS s (shop_id, due_before)`;

/** Of many shops not each gives `limit` orders: three times its equal part, and no fewer than this. What is left out comes with the next look. */
const LEAST_OF_SHOP = 30;

/** The first orders of each shop that may be called now, unlocked, to choose `limit` among. */
export async function dueOrders(
  tx: Tx,
  query: QueueQuery & { skip: readonly string[]; limit: number },
): Promise<QueuedOrder[]> {
  await enterAndForbidSorting(tx, query.now);
  const found = await firstOfEachShop(tx, query);
  await send(tx, `SELECT set_config('enable_sort', 'on', true)`);
  return found;
}

async function firstOfEachShop(
  tx: Tx,
  query: QueueQuery & { skip: readonly string[]; limit: number },
): Promise<QueuedOrder[]> {
  const perShop = Math.min(query.limit, Math.max(LEAST_OF_SHOP, Math.ceil((3 * query.limit) / query.served.length)));
  const look = (sql: string, shops: readonly ServedShop[], ...more: unknown[]): Promise<QueuedOrder[]> =>
    shops.length === 0
      ? Promise.resolve([])
      : tx.query(sql, [
          shops.map(({ shopId }) => shopId),
          shops.map(({ afterSeconds }) => new Date(query.now.getTime() - afterSeconds * 1000)),
          query.skip,
          perShop,
          ...more,
        ]);
  const oldestFirst = await look(
    `SELECT due.* FROM ${SHOPS}, LATERAL (
       SELECT ${QUEUED} FROM orders o WHERE ${CALLABLE} ORDER BY o.band, o.turn_at, o.received_at, o.id LIMIT $4
     ) due`,
    query.served.filter(({ whenLate }) => whenLate === 'oldest_first'),
  );
  // Band by band, since within each one there are two runs: those in time forwards, those too late backwards. A join with what depends on the
  // band can only be made band by band, so the outer limit takes the first ones.
  const newestFirst = await look(
    `SELECT due.* FROM ${SHOPS}, LATERAL (SELECT run.* FROM generate_series(0, 11) AS b (band), LATERAL (
       (SELECT ${QUEUED} FROM orders o WHERE ${CALLABLE} AND o.band = b.band
          AND o.turn_at > CASE WHEN b.band < 2 THEN '-infinity'::timestamptz ELSE $5::timestamptz END
        ORDER BY o.turn_at, o.received_at, o.id LIMIT $4)
       UNION ALL
       (SELECT ${QUEUED} FROM orders o WHERE ${CALLABLE} AND o.band = b.band AND b.band >= 2 AND o.turn_at <= $5
        ORDER BY o.turn_at DESC, o.received_at DESC, o.id DESC LIMIT $4)
     ) run LIMIT $4) due`,
    query.served.filter(({ whenLate }) => whenLate === 'newest_first'),
    query.now,
  );
  return [...oldestFirst, ...newestFirst];
}

/**
 * Locks orders that {@link dueOrders} found, in any order; those that somebody else has locked or moved meanwhile are left out. They are read by
 * their ids alone, lest the planner choose another index.
 */
export async function lockDue(tx: Tx, orderRefs: readonly string[]): Promise<QueuedRow[]> {
  const { condition, ids } = oneOf('o.id', orderRefs);
  const found = await rows<QueuedRow & { isDue: boolean }>(
    tx,
    `SELECT ${ORDER_COLUMNS}, o.is_due AS "isDue", o.routing_encrypted AS "routingEncrypted", o.due_at AS "dueAt", o.turn_at AS "turnAt",
       (SELECT c.agent_id FROM calls c WHERE c.phone_hash = o.phone_hash AND c.shop_id = o.shop_id AND c.connected_at IS NOT NULL
        ORDER BY c.planned_at DESC LIMIT 1) AS "earlierAgentId"
     FROM orders o WHERE ${condition} FOR UPDATE OF o SKIP LOCKED`,
    [ids],
  );
  return found.filter(({ status, holdReason, isDue }) => status === 'scheduled' && holdReason === null && isDue);
}

/** How many orders `dueOrders` could give out, and those about to enter the dial order; counted to 1,000 at most. */
export async function countDue(tx: Tx, query: QueueQuery): Promise<number> {
  const found = (await tx.query(
    `SELECT count(*)::int AS n FROM (
       SELECT 1 FROM ${SHOPS}, LATERAL (
         (SELECT FROM orders o WHERE o.shop_id = s.shop_id AND ${WAITS} AND o.is_due AND o.due_at <= s.due_before LIMIT 1000)
         UNION ALL
         (SELECT FROM orders o WHERE o.shop_id = s.shop_id AND ${WAITS} AND NOT o.is_due AND o.due_at <= s.due_before LIMIT 1000)
       ) due LIMIT 1000
     ) counted`,
    [
      query.served.map(({ shopId }) => shopId),
      query.served.map(({ afterSeconds }) => new Date(query.now.getTime() - afterSeconds * 1000)),
    ],
  )) as { n: number }[];
  return found[0]?.n ?? 0;
}

/** `found`: which ones. What somebody else is working on is passed over: it is no longer accepted afterwards, or the sweep finds it. */
const putIntoQueue = (found: string): string => `WITH done AS (
    UPDATE orders SET status = 'scheduled', row_version = row_version + 1 WHERE status = 'accepted' AND id IN (
      SELECT id FROM orders WHERE status = 'accepted' AND ${found} FOR UPDATE SKIP LOCKED
    ) RETURNING id, shop_id
  ), told AS (
    INSERT INTO order_timeline (shop_id, order_ref, kind) SELECT shop_id, id, 'scheduled' FROM done
  ), counted AS (SELECT count(*)::int AS n FROM done)`;

/** accepted → scheduled, and one notice of it on this channel; nothing for those that are not accepted (any more). One statement, so one transaction of its own. */
export async function schedule(tx: Tx, orderRefs: readonly string[], channel: string): Promise<void> {
  await tx.query(`${putIntoQueue('id = ANY($1::uuid[])')} SELECT pg_notify($2, 'orders') FROM counted WHERE n > 0`, [
    orderRefs,
    channel,
  ]);
}

/** The same for orders whose job got lost; returns how many. */
export async function scheduleForgotten(
  tx: Tx,
  o: { olderThanMs: number; limit: number; channel: string },
): Promise<number> {
  const found = (await tx.query(
    `${putIntoQueue(`received_at < now() - $1 * interval '1 millisecond' ORDER BY received_at LIMIT $2`)}
     SELECT n, CASE WHEN n > 0 THEN pg_notify($3, 'orders') END FROM counted`,
    [o.olderThanMs, o.limit, o.channel],
  )) as { n: number }[];
  return found[0]?.n ?? 0;
}

/** How many orders of a shop wait, and how many of them for too long. */
export interface WaitingCount {
  readonly shopId: string;
  readonly waiting: number;
  readonly overdue: number;
  readonly late: number;
  readonly held: number;
}

/** Orders that wait for a call, and those whose first call is overdue or late (as `isInTime` of core/order has it), by shop. */
export function countWaiting(tx: Tx): Promise<WaitingCount[]> {
  return tx.query(
    `SELECT shop_id AS "shopId", count(*) FILTER (WHERE status IN ('accepted', 'scheduled'))::int AS waiting,
       count(*) FILTER (WHERE first_call_at IS NULL AND call_by < now())::int AS overdue,
       count(*) FILTER (WHERE first_call_at IS NULL AND hold_reason IS NULL AND status IN ('accepted', 'scheduled') AND (is_due OR due_at <= now())
         AND now() > greatest(call_by, due_at + greatest(call_by - registered_at, interval '0')))::int AS late,
       count(*) FILTER (WHERE hold_reason IS NOT NULL)::int AS held
     FROM orders WHERE status <> 'final' GROUP BY shop_id`,
  );
}
