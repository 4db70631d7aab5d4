import type { Tx } from '../../platform/database/transaction.js';

export interface StoredMessage {
  readonly bodySha256: Buffer;
  readonly response: string;
}

export async function findMessage(tx: Tx, shopId: string, webhookId: string): Promise<StoredMessage | null> {
  const rows = (await tx.query(
    'SELECT body_sha256 AS "bodySha256", response FROM webhook_messages WHERE shop_id = $1 AND webhook_id = $2',
    [shopId, webhookId],
  )) as StoredMessage[];
  return rows[0] ?? null;
}

/** Waits for a transaction that is storing the same id; false when the id is taken. */
export async function insertMessage(
  tx: Tx,
  message: StoredMessage & { shopId: string; webhookId: string; type: string; receivedAt: Date },
): Promise<boolean> {
  const rows = (await tx.query(
    `INSERT INTO webhook_messages (shop_id, webhook_id, body_sha256, type, received_at, response) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT DO NOTHING RETURNING 1`,
    [message.shopId, message.webhookId, message.bodySha256, message.type, message.receivedAt, message.response],
  )) as unknown[];
  return rows.length > 0;
}

/** Forgets messages of before that moment, a batch at a time; returns how many. */
export async function forgetMessages(tx: Tx, before: Date, limit: number): Promise<number> {
  const rows = (await tx.query(
    `WITH gone AS (
       DELETE FROM webhook_messages WHERE (shop_id, webhook_id) IN (
         SELECT shop_id, webhook_id FROM webhook_messages WHERE received_at < $1 ORDER BY received_at LIMIT $2 FOR UPDATE SKIP LOCKED
       ) RETURNING 1
     ) SELECT count(*)::int AS n FROM gone`,
    [before, limit],
  )) as { n: number }[];
  return rows[0]?.n ?? 0;
}
