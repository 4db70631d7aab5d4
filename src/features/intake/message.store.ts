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

export interface NewMessage extends StoredMessage {
  readonly shopId: string;
  readonly webhookId: string;
  readonly type: string;
  readonly receivedAt: Date;
}

/**
 * Stores messages whose ids are new; waits for transactions that are storing the same ids. Of several with one id one is stored. In the order of the ids,
 * so that of two who store the same ones none holds what the other waits for.
 * @returns whether each was stored
 */
export async function insertMessages(tx: Tx, messages: readonly NewMessage[]): Promise<boolean[]> {
  const rows = (await tx.query(
    `INSERT INTO webhook_messages (shop_id, webhook_id, body_sha256, type, received_at, response)
     SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[], $5::timestamptz[], $6::text[]) ORDER BY 1, 2
     ON CONFLICT DO NOTHING RETURNING shop_id AS "shopId", webhook_id AS "webhookId", body_sha256 AS "bodySha256"`,
    [
      messages.map(({ shopId }) => shopId),
      messages.map(({ webhookId }) => webhookId),
      messages.map(({ bodySha256 }) => bodySha256),
      messages.map(({ type }) => type),
      messages.map(({ receivedAt }) => receivedAt),
      messages.map(({ response }) => response),
    ],
  )) as Key[];
  const stored = new Set(rows.map(keyOf));
  return messages.map((message) => stored.delete(keyOf(message)));
}

/** Takes back messages that this transaction has stored. */
export async function takeBackMessages(tx: Tx, messages: readonly NewMessage[]): Promise<void> {
  if (messages.length === 0) return;
  await tx.query(
    `DELETE FROM webhook_messages m USING unnest($1::text[], $2::text[]) AS back (shop_id, webhook_id)
     WHERE m.shop_id = back.shop_id AND m.webhook_id = back.webhook_id`,
    [messages.map(({ shopId }) => shopId), messages.map(({ webhookId }) => webhookId)],
  );
}

type Key = Pick<NewMessage, 'shopId' | 'webhookId' | 'bodySha256'>;

function keyOf({ shopId, webhookId, bodySha256 }: Key): string {
  return `${shopId} ${webhookId} ${bodySha256.toString('base64')}`;
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
