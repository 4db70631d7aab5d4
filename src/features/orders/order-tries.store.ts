import { rows, type Tx } from '../../platform/database/transaction.js';

/** What is tried on an order: a job about it, or its call from the planning to the end. */
export type TriedWork = 'job' | 'call';

/** One more try of each; needs a commit of its own before the work begins. @returns how often each has been begun without an end */
export async function beginTries(tx: Tx, work: TriedWork, orderRefs: readonly string[]): Promise<Map<string, number>> {
  const found = await rows<{ orderRef: string; tries: number }>(
    tx,
    `INSERT INTO order_tries AS t (shop_id, order_ref, work) SELECT shop_id, id, $1 FROM orders WHERE id = ANY($2::uuid[])
     ON CONFLICT (order_ref, work) DO UPDATE SET tries = t.tries + 1, begun_at = now() RETURNING order_ref AS "orderRef", tries`,
    [work, orderRefs],
  );
  return new Map(found.map(({ orderRef, tries }) => [orderRef, tries]));
}

export async function triesOf(tx: Tx, work: TriedWork, orderRefs: readonly string[]): Promise<Map<string, number>> {
  const found = await rows<{ orderRef: string; tries: number }>(
    tx,
    `SELECT order_ref AS "orderRef", tries FROM order_tries WHERE work = $1 AND order_ref = ANY($2::uuid[])`,
    [work, orderRefs],
  );
  return new Map(found.map(({ orderRef, tries }) => [orderRef, tries]));
}

/** The work has ended, or the order begins anew. */
export async function endTries(tx: Tx, orderRefs: readonly string[]): Promise<void> {
  await tx.query('DELETE FROM order_tries WHERE order_ref = ANY($1::uuid[])', [orderRefs]);
}

/** What was left behind by orders that nobody tries any more. */
export async function forgetTries(tx: Tx, olderThanHours: number): Promise<void> {
  await tx.query('DELETE FROM order_tries WHERE begun_at < now() - make_interval(hours => $1)', [olderThanHours]);
}
