import { uuidv7 } from 'uuidv7';
import type { AttemptResult } from '../../core/call/result.js';
import { oneOf, rows, send, type Tx } from '../../platform/database/transaction.js';

/** A live call whose talk has not begun, locked. */
export interface UnconnectedCall {
  readonly shopId: string;
  readonly orderRef: string;
  readonly phoneHash: Buffer;
}

/**
 * Nobody else changes which orders are in the call until the transaction ends. Taken after the rows of call and agent, before those of orders.
 */
export async function lockMembership(tx: Tx, callId: string): Promise<void> {
  await send(tx, 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`orders of call ${callId}`]);
}

export async function insertAttempt(
  tx: Tx,
  attempt: { shopId: string; orderRef: string; callId: string; number: number; at: Date },
): Promise<void> {
  await tx.query(
    `INSERT INTO attempts (id, shop_id, order_ref, call_id, number, planned_at, result, ended_at)
     SELECT $1, $2, $3, c.id, $5, $6, c.result, c.ended_at FROM calls c WHERE c.id = $4`,
    [uuidv7(), attempt.shopId, attempt.orderRef, attempt.callId, attempt.number, attempt.at],
  );
}

/** The call is over, and with it the attempts of all orders that are still in it. */
export async function endAttempts(tx: Tx, callId: string, result: AttemptResult, at: Date): Promise<void> {
  await send(tx, 'UPDATE attempts SET result = $2, ended_at = $3 WHERE call_id = $1 AND ended_at IS NULL', [
    callId,
    result,
    at,
  ]);
}

/** The order has nothing to do with the call any more. */
export async function endAttempt(tx: Tx, callId: string, orderRef: string, at: Date): Promise<void> {
  await send(
    tx,
    `UPDATE attempts SET result = 'withdrawn', ended_at = $3 WHERE call_id = $1 AND order_ref = $2 AND ended_at IS NULL`,
    [callId, orderRef, at],
  );
}

/** Locks the call while nobody talks in it yet; null when it is over or connected. */
export async function lockUnconnected(tx: Tx, callId: string): Promise<UnconnectedCall | null> {
  const [call] = await rows<UnconnectedCall>(
    tx,
    `SELECT shop_id AS "shopId", order_ref AS "orderRef", phone_hash AS "phoneHash" FROM calls
     WHERE id = $1 AND ended_at IS NULL AND connected_at IS NULL FOR NO KEY UPDATE`,
    [callId],
  );
  return call ?? null;
}

/** The call's first order from now on. */
export async function setMain(tx: Tx, callId: string, orderRef: string): Promise<void> {
  await send(tx, 'UPDATE calls SET order_ref = $2 WHERE id = $1', [callId, orderRef]);
}

/** The buyer whom a call is for. */
export async function buyerOf(tx: Tx, callId: string): Promise<{ shopId: string; phoneHash: Buffer } | null> {
  const [buyer] = await rows<{ shopId: string; phoneHash: Buffer }>(
    tx,
    'SELECT shop_id AS "shopId", phone_hash AS "phoneHash" FROM calls WHERE id = $1',
    [callId],
  );
  return buyer ?? null;
}

/** Which of these calls, not connected yet, hold an order that the shop has withdrawn or whose buyer has another number now. */
export async function callsToLeave(tx: Tx, callIds: readonly string[]): Promise<string[]> {
  if (callIds.length === 0) return [];
  const { condition, ids } = oneOf('c.id', callIds);
  const found = await rows<{ id: string }>(
    tx,
    `SELECT DISTINCT c.id FROM calls c JOIN attempts a ON a.call_id = c.id AND a.ended_at IS NULL JOIN orders o ON o.id = a.order_ref
     WHERE ${condition} AND c.ended_at IS NULL AND c.connected_at IS NULL
       AND (o.withdraw_requested_at IS NOT NULL OR o.phone_hash <> c.phone_hash)`,
    [ids],
  );
  return found.map((row) => row.id);
}
