import { rows, type Tx } from '../../platform/database/transaction.js';

/** The buyer wishes no more calls of this shop; said twice it is remembered from the first time. */
export async function listNumber(
  tx: Tx,
  entry: { shopId: string; phoneHash: Buffer; orderRef: string },
): Promise<void> {
  await tx.query(
    `INSERT INTO do_not_call (shop_id, phone_hash, order_ref) VALUES ($1, $2, $3) ON CONFLICT (shop_id, phone_hash) DO NOTHING`,
    [entry.shopId, entry.phoneHash, entry.orderRef],
  );
}

/** False when the number was not listed. */
export async function liftNumber(tx: Tx, shopId: string, phoneHash: Buffer): Promise<boolean> {
  const lifted = await rows(tx, `DELETE FROM do_not_call WHERE shop_id = $1 AND phone_hash = $2 RETURNING shop_id`, [
    shopId,
    phoneHash,
  ]);
  return lifted.length > 0;
}

/** Whether the buyer of this order wishes no more calls of its shop. */
export async function isListed(tx: Tx, orderRef: string): Promise<boolean> {
  const found = await rows(
    tx,
    `SELECT 1 FROM orders o JOIN do_not_call d ON d.shop_id = o.shop_id AND d.phone_hash = o.phone_hash WHERE o.id = $1`,
    [orderRef],
  );
  return found.length > 0;
}

/** Waiting orders of buyers who were listed within the last hour, and before this instant. */
export async function waitingOfListed(tx: Tx, listedBefore: Date, limit: number): Promise<string[]> {
  return ids(
    tx,
    `SELECT o.id FROM do_not_call d JOIN orders o ON o.phone_hash = d.phone_hash AND o.shop_id = d.shop_id
     WHERE o.status <> 'final' AND o.status IN ('accepted', 'scheduled') AND d.listed_at <= $1 AND d.listed_at > now() - interval '1 hour'
     LIMIT $2`,
    [listedBefore, limit],
  );
}

/** Orders of listed buyers that the dialer has met in its queue and was refused a call for, whenever the buyer was listed. */
export async function refusedOfListed(tx: Tx, listedBefore: Date, limit: number): Promise<string[]> {
  return ids(
    tx,
    `SELECT o.id FROM orders o JOIN do_not_call d ON d.phone_hash = o.phone_hash AND d.shop_id = o.shop_id
     WHERE o.status = 'scheduled' AND o.wait_reason = 'number_busy' AND d.listed_at <= $1 LIMIT $2`,
    [listedBefore, limit],
  );
}

async function ids(tx: Tx, sql: string, parameters: readonly unknown[]): Promise<string[]> {
  return (await rows<{ id: string }>(tx, sql, parameters)).map((row) => row.id);
}
