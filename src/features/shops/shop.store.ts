import type { ShopSettings } from '../../core/order/shop-settings.js';
import type { Tx } from '../../platform/database/transaction.js';

export interface ShopRow {
  readonly shop_id: string;
  readonly name: string;
  readonly settings: ShopSettings;
  readonly is_paused: boolean;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export interface SecretRow {
  readonly id: string;
  readonly shop_id: string;
  readonly kind: 'api_key' | 'webhook' | 'destination';
  readonly destination: string | null;
  readonly secret_encrypted: string | null;
  readonly key_hash: Buffer | null;
  readonly expires_at: Date | null;
}

export interface DestinationRow {
  readonly shop_id: string;
  readonly name: string;
  readonly url: string;
  readonly events: string[];
  readonly is_enabled: boolean;
  readonly disabled_reason: string | null;
}

/** How long a replaced secret stays live (contract, section 4). */
const OVERLAP = `interval '24 hours'`;

export function allShops(tx: Tx): Promise<ShopRow[]> {
  return tx.query('SELECT * FROM shops ORDER BY shop_id');
}

/** Live secrets of all shops, newest first. */
export function allLiveSecrets(tx: Tx): Promise<SecretRow[]> {
  return tx.query(
    `SELECT id, shop_id, kind, destination, secret_encrypted, key_hash, expires_at FROM shop_secrets
     WHERE expires_at IS NULL OR expires_at > now() ORDER BY created_at DESC, id DESC`,
  );
}

export function allDestinations(tx: Tx): Promise<DestinationRow[]> {
  return tx.query('SELECT * FROM destinations ORDER BY shop_id, name');
}

/** Creates or replaces; holds the row's lock until the end of the transaction, so that two PUTs of one shop follow each other. */
export async function putShop(
  tx: Tx,
  shop: { shopId: string; name: string; settings: ShopSettings },
): Promise<{ isNew: boolean }> {
  const [row] = (await tx.query(
    `INSERT INTO shops (shop_id, name, settings) VALUES ($1, $2, $3)
     ON CONFLICT (shop_id) DO UPDATE SET name = excluded.name, settings = excluded.settings, updated_at = now()
     RETURNING (xmax = 0) AS is_new`,
    [shop.shopId, shop.name, JSON.stringify(shop.settings)],
  )) as { is_new: boolean }[];
  return { isNew: row?.is_new ?? false };
}

/** Locks the shop's row against other administrators; false when there is no such shop. */
export async function lockShop(tx: Tx, shopId: string): Promise<boolean> {
  const rows = (await tx.query('SELECT 1 FROM shops WHERE shop_id = $1 FOR UPDATE', [shopId])) as unknown[];
  return rows.length > 0;
}

export async function setPaused(tx: Tx, shopId: string, isPaused: boolean): Promise<boolean> {
  const rows = (await tx.query(
    'WITH done AS (UPDATE shops SET is_paused = $2, updated_at = now() WHERE shop_id = $1 RETURNING 1) SELECT count(*)::int AS n FROM done',
    [shopId, isPaused],
  )) as { n: number }[];
  return rows[0]?.n === 1;
}

export async function destinationNames(tx: Tx, shopId: string): Promise<string[]> {
  const rows = (await tx.query('SELECT name FROM destinations WHERE shop_id = $1', [shopId])) as { name: string }[];
  return rows.map((row) => row.name);
}

/** Stores a destination; naming one again switches it on again. */
export async function putDestination(
  tx: Tx,
  shopId: string,
  destination: { name: string; url: string; events: readonly string[] },
): Promise<void> {
  await tx.query(
    `INSERT INTO destinations (shop_id, name, url, events) VALUES ($1, $2, $3, $4)
     ON CONFLICT (shop_id, name) DO UPDATE SET url = excluded.url, events = excluded.events, is_enabled = true, disabled_reason = NULL`,
    [shopId, destination.name, destination.url, destination.events],
  );
}

/** Removes destinations and their secrets, but for the named ones. */
export async function keepOnlyDestinations(tx: Tx, shopId: string, names: readonly string[]): Promise<void> {
  await tx.query('DELETE FROM destinations WHERE shop_id = $1 AND name <> ALL($2::text[])', [shopId, names]);
  await tx.query(
    `DELETE FROM shop_secrets WHERE shop_id = $1 AND kind = 'destination' AND destination <> ALL($2::text[])`,
    [shopId, names],
  );
}

export async function disableDestination(tx: Tx, shopId: string, name: string, reason: string): Promise<void> {
  await tx.query('UPDATE destinations SET is_enabled = false, disabled_reason = $3 WHERE shop_id = $1 AND name = $2', [
    shopId,
    name,
    reason,
  ]);
}

export async function insertSecret(tx: Tx, secret: Omit<SecretRow, 'expires_at'>): Promise<void> {
  await tx.query(
    `INSERT INTO shop_secrets (id, shop_id, kind, destination, secret_encrypted, key_hash, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp())`,
    [secret.id, secret.shop_id, secret.kind, secret.destination, secret.secret_encrypted, secret.key_hash],
  );
}

/** Before a new secret is added: the present one lives 24 h more; one that was replaced earlier ends now, so that never more than two are live. */
export async function retireSecrets(
  tx: Tx,
  shopId: string,
  kind: SecretRow['kind'],
  destination: string | null,
): Promise<void> {
  await tx.query(
    `UPDATE shop_secrets SET expires_at = CASE WHEN expires_at IS NULL THEN now() + ${OVERLAP} ELSE now() END
     WHERE shop_id = $1 AND kind = $2 AND destination IS NOT DISTINCT FROM $3 AND (expires_at IS NULL OR expires_at > now())`,
    [shopId, kind, destination],
  );
}
