import type { AttemptResult } from '../../core/call/result.js';
import type { FirstCallTerms } from '../../core/order/deadline.js';
import type { LiveStatus } from '../../core/order/order-machine.js';
import type { Outcome } from '../../core/order/order.js';
import { send, type Tx } from '../../platform/database/transaction.js';
import { ORDER_COLUMNS, type OrderRow, type TimelineEntry } from './order-row.js';

/** What a shop's create or update writes. */
export interface StoredContent {
  readonly version: number;
  readonly phoneEncrypted: string;
  readonly phoneHash: Buffer;
  readonly cardEncrypted: string;
  readonly priority: number;
  readonly registeredAt: Date;
  readonly callBy: Date | null;
  readonly timeZones: readonly string[];
  readonly routingEncrypted: string;
}

export interface NewOrder extends StoredContent {
  readonly orderRef: string;
  readonly shopId: string;
  readonly orderId: string;
  readonly receivedAt: Date;
  readonly notBefore: Date | null;
  readonly dueAt: Date;
  readonly turnAt: Date;
  readonly giveUpAt: Date;
  readonly traceId: string;
}

/** A new order that is stored now, and what its buyer is known for already. */
export interface StoredOrder {
  readonly orderRef: string;
  /** They wish no more calls of the shop. */
  readonly isListed: boolean;
  /** The call in which an agent talks with them about another order of the shop. */
  readonly talkCallId: string | null;
}

/** The columns that are given, each with its type; zones come as one text, since a list of lists would be flattened. */
const GIVEN: readonly (readonly [type: string, of: (order: NewOrder) => unknown])[] = [
  ['uuid', ({ orderRef }) => orderRef],
  ['text', ({ shopId }) => shopId],
  ['text', ({ orderId }) => orderId],
  ['int', ({ version }) => version],
  ['text', ({ phoneEncrypted }) => phoneEncrypted],
  ['bytea', ({ phoneHash }) => phoneHash],
  ['text', ({ cardEncrypted }) => cardEncrypted],
  ['smallint', ({ priority }) => priority],
  ['timestamptz', ({ registeredAt }) => registeredAt],
  ['timestamptz', ({ receivedAt }) => receivedAt],
  ['timestamptz', ({ callBy }) => callBy],
  ['timestamptz', ({ notBefore }) => notBefore],
  ['timestamptz', ({ giveUpAt }) => giveUpAt],
  ['text', ({ timeZones }) => timeZones.join(' ')],
  ['text', ({ traceId }) => traceId],
  ['timestamptz', ({ dueAt }) => dueAt],
  ['timestamptz', ({ turnAt }) => turnAt],
  ['text', ({ routingEncrypted }) => routingEncrypted],
];

const IS_LISTED = 'EXISTS (SELECT FROM do_not_call d WHERE d.shop_id = o.shop_id AND d.phone_hash = o.phone_hash)';

const INSERT_ORDERS = `WITH made AS (
    INSERT INTO orders AS stored (id, shop_id, order_id, version, status, phone_encrypted, phone_hash, card_encrypted, priority, registered_at,
      received_at, call_by, not_before, give_up_at, time_zones, trace_id, due_at, is_due, turn_at, routing_encrypted)
    SELECT o.id, o.shop_id, o.order_id, o.version, 'accepted', o.phone_encrypted, o.phone_hash, o.card_encrypted, o.priority, o.registered_at,
      o.received_at, o.call_by, o.not_before, o.give_up_at, string_to_array(o.time_zones, ' '), o.trace_id, o.due_at, o.due_at <= o.received_at,
      o.turn_at, o.routing_encrypted
    FROM unnest(${GIVEN.map(([type], at) => `$${at + 1}::${type}[]`).join(', ')})
      AS o (id, shop_id, order_id, version, phone_encrypted, phone_hash, card_encrypted, priority, registered_at, received_at, call_by, not_before,
        give_up_at, time_zones, trace_id, due_at, turn_at, routing_encrypted)
    WHERE $${GIVEN.length + 1} OR NOT ${IS_LISTED} ORDER BY o.shop_id, o.order_id
    ON CONFLICT (shop_id, order_id) DO NOTHING RETURNING stored.id, stored.shop_id, stored.version, stored.phone_hash
  ), told AS (
    INSERT INTO order_timeline (shop_id, order_ref, kind, data)
    SELECT shop_id, id, 'accepted', jsonb_build_object('version', version) FROM made
  ) SELECT o.id AS "orderRef", ${IS_LISTED} AS "isListed",
      (SELECT live.live_call_id FROM orders live WHERE live.shop_id = o.shop_id AND live.phone_hash = o.phone_hash AND live.live_call_id IS NOT NULL
         AND live.status IN ('connected', 'wrap_up') LIMIT 1) AS "talkCallId"
    FROM made o`;

/**
 * Stores new orders, each with the first line of its history, and looks their buyers up, in one round trip. Left out are those whose number the shop
 * has used, and with `alsoListed` false those of buyers who wish no more calls.
 */
export async function insertOrders(
  tx: Tx,
  orders: readonly NewOrder[],
  o: { readonly alsoListed: boolean },
): Promise<StoredOrder[]> {
  return tx.query(INSERT_ORDERS, [...GIVEN.map(([, of]) => orders.map(of)), o.alsoListed]);
}

/** Remembers a cancel whose create has not come yet; false when the order is known. */
export async function insertTombstone(
  tx: Tx,
  order: {
    orderRef: string;
    shopId: string;
    orderId: string;
    version: number;
    receivedAt: Date;
    reason: string | null;
    traceId: string;
  },
): Promise<boolean> {
  const rows = (await tx.query(
    `INSERT INTO orders (id, shop_id, order_id, version, status, outcome, registered_at, received_at, withdraw_requested_at, withdraw_reason,
       finished_at, sequence, trace_id)
     VALUES ($1, $2, $3, $4, 'final', 'withdrawn', $5, $5, $5, $6, $5, 1, $7)
     ON CONFLICT (shop_id, order_id) DO NOTHING RETURNING id`,
    [order.orderRef, order.shopId, order.orderId, order.version, order.receivedAt, order.reason, order.traceId],
  )) as unknown[];
  return rows.length > 0;
}

export async function lockByOrderId(tx: Tx, shopId: string, orderId: string): Promise<OrderRow | null> {
  const rows = (await tx.query(
    `SELECT ${ORDER_COLUMNS} FROM orders o WHERE o.shop_id = $1 AND o.order_id = $2 FOR UPDATE`,
    [shopId, orderId],
  )) as OrderRow[];
  return rows[0] ?? null;
}

export async function lockOrder(tx: Tx, orderRef: string): Promise<OrderRow | null> {
  const rows = (await tx.query(`SELECT ${ORDER_COLUMNS} FROM orders o WHERE o.id = $1 FOR UPDATE`, [
    orderRef,
  ])) as OrderRow[];
  return rows[0] ?? null;
}

/** A first call keeps its deadline as its turn; where something else has set the turn, it stays. */
export async function updateContent(tx: Tx, orderRef: string, content: StoredContent): Promise<void> {
  await send(
    tx,
    `UPDATE orders SET version = greatest(version, $2), phone_encrypted = $3, phone_hash = $4, card_encrypted = $5, priority = $6,
       registered_at = $7, turn_at = CASE WHEN turn_at = call_by THEN coalesce($8, turn_at) ELSE turn_at END, call_by = $8, time_zones = $9,
       routing_encrypted = $10, row_version = row_version + 1 WHERE id = $1`,
    [
      orderRef,
      content.version,
      content.phoneEncrypted,
      content.phoneHash,
      content.cardEncrypted,
      content.priority,
      content.registeredAt,
      content.callBy,
      content.timeZones,
      content.routingEncrypted,
    ],
  );
}

export async function setWithdrawRequested(
  tx: Tx,
  orderRef: string,
  cancel: { version: number; reason: string | null },
): Promise<void> {
  await send(
    tx,
    `UPDATE orders SET version = $2, withdraw_reason = $3, withdraw_requested_at = coalesce(withdraw_requested_at, now()),
       row_version = row_version + 1 WHERE id = $1`,
    [orderRef, cancel.version, cancel.reason],
  );
}

/** An attempt has begun or moved on; the first sight of a call counts it. A promised callback is kept with the talk, not with the dialling. */
export async function setLive(tx: Tx, orderRef: string, status: LiveStatus, callId: string): Promise<void> {
  await send(
    tx,
    `UPDATE orders SET status = $2,
       callback_at = CASE WHEN $2 IN ('connected', 'wrap_up') THEN NULL ELSE callback_at END,
       callback_agent_id = CASE WHEN $2 IN ('connected', 'wrap_up') THEN NULL ELSE callback_agent_id END,
       is_abandoned_before = is_abandoned_before AND $2 NOT IN ('connected', 'wrap_up'),
       attempts_made = attempts_made + (live_call_id IS DISTINCT FROM $3::uuid)::int, live_call_id = $3, row_version = row_version + 1
     WHERE id = $1`,
    [orderRef, status, callId],
  );
}

export interface Requeue {
  readonly notBefore: Date | null;
  readonly dueAt: Date;
  readonly turnAt: Date;
  readonly callbackAt: Date | null;
  readonly callbackAgentId: string | null;
  readonly countsAs: AttemptResult | null;
  readonly isAbandoned: boolean;
  readonly holdReason: string | null;
  /** From when the order may share a call of its buyer, before its own turn comes; null: not before. */
  readonly joinableAt: Date | null;
}

export async function setScheduled(tx: Tx, orderRef: string, to: Requeue): Promise<void> {
  await send(
    tx,
    `UPDATE orders SET status = 'scheduled', live_call_id = NULL, not_before = $2, callback_at = $3, callback_agent_id = $4,
       results = CASE WHEN $5::text IS NULL THEN results
         ELSE jsonb_set(results, ARRAY[$5::text], to_jsonb(coalesce((results ->> $5::text)::int, 0) + 1)) END,
       is_abandoned_before = is_abandoned_before OR $6, hold_reason = $7, wait_reason = NULL, due_at = $8, is_due = $8 <= now(), turn_at = $9,
       joinable_at = $10, row_version = row_version + 1
     WHERE id = $1`,
    [
      orderRef,
      to.notBefore,
      to.callbackAt,
      to.callbackAgentId,
      to.countsAs,
      to.isAbandoned,
      to.holdReason,
      to.dueAt,
      to.turnAt,
      to.joinableAt,
    ],
  );
}

/** Ends the order and takes the sequence of the write-back that tells it. */
export async function setFinal(
  tx: Tx,
  orderRef: string,
  outcome: Outcome,
  countsAs: AttemptResult | null,
): Promise<number> {
  const rows = (await tx.query(
    `WITH done AS (
       UPDATE orders SET status = 'final', outcome = $2, finished_at = coalesce(finished_at, now()), live_call_id = NULL, not_before = NULL,
         callback_at = NULL, callback_agent_id = NULL, hold_reason = NULL, sequence = sequence + 1,
         results = CASE WHEN $3::text IS NULL THEN results
           ELSE jsonb_set(results, ARRAY[$3::text], to_jsonb(coalesce((results ->> $3::text)::int, 0) + 1)) END,
         row_version = row_version + 1
       WHERE id = $1 RETURNING sequence
     ) SELECT sequence FROM done`,
    [orderRef, outcome, countsAs],
  )) as { sequence: number }[];
  return rows[0]?.sequence ?? 0;
}

export async function setHold(tx: Tx, orderRef: string, reason: string | null): Promise<void> {
  await send(tx, 'UPDATE orders SET hold_reason = $2, row_version = row_version + 1 WHERE id = $1', [orderRef, reason]);
}

export async function takeSequence(tx: Tx, orderRef: string): Promise<number | null> {
  const rows = (await tx.query(
    'WITH done AS (UPDATE orders SET sequence = sequence + 1 WHERE id = $1 RETURNING sequence) SELECT sequence FROM done',
    [orderRef],
  )) as { sequence: number }[];
  return rows[0]?.sequence ?? null;
}

export async function insertTimeline(
  tx: Tx,
  shopId: string,
  orderRef: string,
  entry: { kind: string; data: Readonly<Record<string, unknown>> },
): Promise<void> {
  await send(
    tx,
    'INSERT INTO order_timeline (shop_id, order_ref, at, kind, data) VALUES ($1, $2, clock_timestamp(), $3, $4)',
    [shopId, orderRef, entry.kind, JSON.stringify(entry.data)],
  );
}

export function timelineOf(tx: Tx, shopId: string, orderRef: string): Promise<TimelineEntry[]> {
  return tx.query('SELECT at, kind, data FROM order_timeline WHERE shop_id = $1 AND order_ref = $2 ORDER BY id', [
    shopId,
    orderRef,
  ]);
}

/** The dialer met the order and cannot call it now; a promised callback stays promised, and the order's turn stays its turn. */
export async function setPutOff(tx: Tx, orderRef: string, until: Date, reason: string): Promise<void> {
  await send(
    tx,
    `UPDATE orders SET not_before = $2, due_at = $2, is_due = false, wait_reason = $3, row_version = row_version + 1 WHERE id = $1 AND status = 'scheduled'`,
    [orderRef, until, reason],
  );
}

/** The first INVITE has left; null when an earlier one had. */
export async function setFirstCall(tx: Tx, orderRef: string, at: Date): Promise<FirstCallTerms | null> {
  const [rows] = (await tx.query(
    `UPDATE orders SET first_call_at = $2 WHERE id = $1 AND first_call_at IS NULL
       RETURNING registered_at AS "registeredAt", call_by AS "callBy", due_at AS "dueAt"`,
    [orderRef, at],
  )) as [FirstCallTerms[], number];
  return rows[0] ?? null;
}
