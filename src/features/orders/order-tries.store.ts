import { rows, send, type Tx } from '../../platform/database/transaction.js';

/** Work on an order that may end the process: a job about it, its call from the planning to the end, word of it to the shop. */
export type TriedWork = 'job' | 'call' | 'writeback';

/** One kind of work on one order. */
export interface OrderWork {
  readonly shopId: string;
  readonly orderRef: string;
  readonly work: TriedWork;
}

/** What is known of such work. */
export interface Suspicion {
  /** So often it took its process with it, or failed for the order's own sake; above 0 the order is under suspicion. */
  readonly failures: number;
  /** A process had it in hands that has ended, and has not been forgotten yet. */
  readonly isLeft: boolean;
}

/** This process has the work in hands from the commit on. */
export async function take(tx: Tx, work: TriedWork, orderRefs: readonly string[], processId: string): Promise<void> {
  await send(
    tx,
    `INSERT INTO order_tries (shop_id, order_ref, work, in_hands_of) SELECT shop_id, id, $1, $3 FROM orders WHERE id = ANY($2::uuid[])
     ON CONFLICT (order_ref, work) DO UPDATE SET in_hands_of = EXCLUDED.in_hands_of, begun_at = now()`,
    [work, orderRefs, processId],
  );
}

/** Nobody has it in hands any more; a suspicion stays. */
export async function putDown(tx: Tx, work: TriedWork, orderRefs: readonly string[]): Promise<void> {
  await send(
    tx,
    `WITH innocent AS (DELETE FROM order_tries WHERE work = $1 AND order_ref = ANY($2::uuid[]) AND failures = 0)
     UPDATE order_tries SET in_hands_of = NULL WHERE work = $1 AND order_ref = ANY($2::uuid[]) AND failures > 0`,
    [work, orderRefs],
  );
}

export async function suspicionsOf(
  tx: Tx,
  work: TriedWork,
  orderRefs: readonly string[],
): Promise<Map<string, Suspicion>> {
  const found = await rows<{ orderRef: string } & Suspicion>(
    tx,
    `SELECT order_ref AS "orderRef", failures,
       EXISTS (SELECT 1 FROM processes p WHERE p.process_id = t.in_hands_of AND p.expires_at <= now()) AS "isLeft"
     FROM order_tries t WHERE work = $1 AND order_ref = ANY($2::uuid[])`,
    [work, orderRefs],
  );
  return new Map(found.map(({ orderRef, ...suspicion }) => [orderRef, suspicion]));
}

/** The work failed, and the order is to blame. @returns how often now */
export async function fail(tx: Tx, work: TriedWork, orderRef: string): Promise<number> {
  const [row] = await rows<{ failures: number }>(
    tx,
    `INSERT INTO order_tries AS t (shop_id, order_ref, work, failures) SELECT shop_id, id, $1, 1 FROM orders WHERE id = $2
     ON CONFLICT (order_ref, work) DO UPDATE SET failures = t.failures + 1, in_hands_of = NULL, begun_at = now() RETURNING failures`,
    [work, orderRef],
  );
  return row?.failures ?? 0;
}

/** The first suspicion, where there is none yet. */
export async function suspect(tx: Tx, works: readonly OrderWork[]): Promise<void> {
  await tx.query(
    `INSERT INTO order_tries (shop_id, order_ref, work, failures)
     SELECT DISTINCT ON (order_ref, work) shop_id, order_ref, work, 1
       FROM unnest($1::text[], $2::uuid[], $3::text[]) AS t (shop_id, order_ref, work) ORDER BY order_ref, work
     ON CONFLICT (order_ref, work) DO NOTHING`,
    [works.map(({ shopId }) => shopId), works.map(({ orderRef }) => orderRef), works.map(({ work }) => work)],
  );
}

/**
 * A process has ended with work in its hands. Where it worked on an order under suspicion, which goes alone, that one is to blame and nothing else; otherwise
 * any of the others may be.
 * @returns what is under suspicion more than before; `isExplained`: it was that one
 */
export async function accuse(
  tx: Tx,
  processId: string,
): Promise<{ accused: (OrderWork & { failures: number })[]; isExplained: boolean }> {
  const blame = (which: string) =>
    rows<OrderWork & { failures: number }>(
      tx,
      `UPDATE order_tries SET failures = failures + 1, in_hands_of = NULL WHERE in_hands_of = $1 AND ${which}
       RETURNING shop_id AS "shopId", order_ref AS "orderRef", work, failures`,
      [processId],
    );
  const suspects = await blame('failures > 0');
  if (suspects.length === 0) return { accused: await blame('failures = 0'), isExplained: false };
  await tx.query('DELETE FROM order_tries WHERE in_hands_of = $1', [processId]);
  return { accused: suspects, isExplained: true };
}

/** The work has come to its end, or begins anew: nothing is known of it any more. */
export async function forgive(tx: Tx, works: readonly TriedWork[], orderRefs: readonly string[]): Promise<void> {
  await send(tx, 'DELETE FROM order_tries WHERE work = ANY($1::text[]) AND order_ref = ANY($2::uuid[])', [
    works,
    orderRefs,
  ]);
}

/** What was left behind by orders that nobody tries any more. */
export async function forgetTries(tx: Tx, olderThanHours: number): Promise<void> {
  await tx.query('DELETE FROM order_tries WHERE begun_at < now() - make_interval(hours => $1)', [olderThanHours]);
}
