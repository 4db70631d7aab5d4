import { ringRules, type RingRules } from '../../core/calling-hours/may-ring.js';
import { DEFAULT_SHOP_SETTINGS, type ShopSettings } from '../../core/order/shop-settings.js';
import type { Clock } from '../../core/shared/clock.js';
import type { Transactions, Tx } from '../../platform/database/transaction.js';
import type { Vault } from '../../platform/auth/vault.js';
import type { ClosedDates } from './closed-dates.js';
import { allDestinations, allLiveSecrets, allShops, type SecretRow, type ShopRow } from './shop.store.js';

/** A tenant. */
export interface Shop {
  readonly shopId: string;
  readonly name: string;
  readonly isPaused: boolean;
  readonly settings: ShopSettings;
  /** What binds its calls: its hours, those of its jurisdiction, closed days and limits on attempts. */
  readonly ringRules: RingRules;
}

/** Where the shop hears of outcomes. */
export interface Destination {
  readonly name: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly isEnabled: boolean;
  readonly disabledReason: string | null;
}

interface Expiring<T> {
  readonly value: T;
  readonly expiresAt: Date | null;
}

/** Everything about one shop that is read on each request; secrets newest first. */
export interface ShopRecord {
  readonly shop: Shop;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly webhookSecrets: Expiring<string>[];
  readonly apiKeyHashes: Expiring<Buffer>[];
  readonly destinations: Destination[];
  readonly destinationSecrets: Map<string, Expiring<string>[]>;
}

const FRESH_MS = 500;
const USABLE_MS = 1_000;

/**
 * All shops with their secrets, in memory, never older than 1 s.
 *
 * Whole on purpose: an unknown shop is found out by a look into the same map as a known one, in the same time and without a query, and so does not tell by the clock that it is
 * unknown. Under load the next snapshot is read in the background before the present one is too old.
 */
export class ShopCache {
  private snapshot: ReadonlyMap<string, ShopRecord> = new Map();
  private loadedAtMs = Number.NEGATIVE_INFINITY;
  private loading: Promise<void> | null = null;
  private generation = 0;
  private opened = new Map<string, string>();
  private rules = new Map<string, RingRules>();

  constructor(
    private readonly transactions: Transactions,
    private readonly vault: Vault,
    private readonly closedDates: ClosedDates,
    private readonly clock: Clock,
  ) {}

  /** The present snapshot. @throws DialerError `busy.retry_later` when it is too old and Postgres does not answer */
  async all(): Promise<ReadonlyMap<string, ShopRecord>> {
    const ageMs = performance.now() - this.loadedAtMs;
    if (ageMs > USABLE_MS) await this.load();
    else if (ageMs > FRESH_MS) this.load().catch(() => undefined);
    return this.snapshot;
  }

  /** Makes the next reader read the tables; a load that is under way does not count, since it may have read the old ones. */
  forget(): void {
    this.generation++;
    this.loadedAtMs = Number.NEGATIVE_INFINITY;
    this.loading = null;
  }

  private load(): Promise<void> {
    this.loading ??= this.read(this.generation);
    return this.loading;
  }

  private async read(generation: number): Promise<void> {
    const startedAtMs = performance.now();
    try {
      const snapshot = await this.transactions.read((tx) => this.build(tx));
      if (generation !== this.generation) return await this.load();
      this.snapshot = snapshot;
      this.loadedAtMs = startedAtMs;
    } finally {
      if (generation === this.generation) this.loading = null;
    }
  }

  private async build(tx: Tx): Promise<ReadonlyMap<string, ShopRecord>> {
    const shops = await allShops(tx);
    const [secrets, destinations] = [await allLiveSecrets(tx), await allDestinations(tx)];
    const records = new Map<string, ShopRecord>();
    const rules = new Map<string, RingRules>();
    for (const row of shops) {
      const settings = { ...DEFAULT_SHOP_SETTINGS, ...row.settings };
      const ringRules = await this.rulesOf(row, settings, rules);
      records.set(row.shop_id, {
        shop: { shopId: row.shop_id, name: row.name, isPaused: row.is_paused, settings, ringRules },
        createdAt: row.created_at,
        updatedAt: row.updated_at,
        webhookSecrets: [],
        apiKeyHashes: [],
        destinations: [],
        destinationSecrets: new Map(),
      });
    }
    const opened = new Map<string, string>();
    for (const row of secrets) this.addSecret(records.get(row.shop_id), row, opened);
    this.opened = opened;
    this.rules = rules;
    for (const row of destinations) {
      records.get(row.shop_id)?.destinations.push({
        name: row.name,
        url: row.url,
        events: row.events,
        isEnabled: row.is_enabled,
        disabledReason: row.disabled_reason,
      });
    }
    return records;
  }

  /** Read anew when the shop was changed, or a year has begun whose holidays count. */
  private async rulesOf(row: ShopRow, settings: ShopSettings, all: Map<string, RingRules>): Promise<RingRules> {
    const now = this.clock.now();
    const key = `${row.shop_id} ${row.updated_at.getTime()} ${now.getUTCFullYear()}`;
    const rules = this.rules.get(key) ?? ringRules(settings, await this.closedDates.of(settings, now));
    all.set(key, rules);
    return rules;
  }

  private addSecret(record: ShopRecord | undefined, row: SecretRow, opened: Map<string, string>): void {
    if (record === undefined) return;
    if (row.key_hash !== null) {
      record.apiKeyHashes.push({ value: row.key_hash, expiresAt: row.expires_at });
      return;
    }
    const secret = this.opened.get(row.id) ?? this.vault.decrypt(row.secret_encrypted ?? '');
    opened.set(row.id, secret);
    const entry = { value: secret, expiresAt: row.expires_at };
    if (row.destination === null) record.webhookSecrets.push(entry);
    else
      record.destinationSecrets.set(row.destination, [
        ...(record.destinationSecrets.get(row.destination) ?? []),
        entry,
      ]);
  }
}

/** Values whose time has not run out by `now`. */
export function liveValues<T>(entries: readonly Expiring<T>[], now: Date): T[] {
  return entries.filter((entry) => entry.expiresAt === null || entry.expiresAt > now).map((e) => e.value);
}
