import { timingSafeEqual } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DialerError } from '../../core/shared/errors.js';
import { prefixQuery } from '../../core/shared/search-words.js';
import { sha256 } from '../../platform/auth/tokens.js';
import { PublicHolidays } from '../../platform/calendar/public-holidays.js';
import { Vault } from '../../platform/auth/vault.js';
import { DatabaseClock } from '../../platform/clock/database-clock.js';
import { Notifications } from '../../platform/database/notifications.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { findArticle, listArticles, type Article, type ArticleHead } from './article.store.js';
import { ShopCache, liveValues, type Destination, type Shop, type ShopRecord } from './shop-cache.js';
import { ClosedDates } from './closed-dates.js';
import { disableDestination } from './shop.store.js';

export type { Article, ArticleHead } from './article.store.js';
export type { Destination, Shop } from './shop-cache.js';

/** Told on this channel when anything about a shop has changed; the payload is its id. */
export const SHOPS_CHANNEL = 'shops';

const NO_KEY = Buffer.alloc(32);
const USUAL_LIMIT = 50;

/** Who we call for: settings, secrets and destinations of the shops. Reads come from memory and are at most 1 s old. */
@Injectable()
export class ShopsService implements OnModuleInit {
  private readonly cache: ShopCache;

  constructor(
    transactions: Transactions,
    vault: Vault,
    private readonly notifications: Notifications,
    publicHolidays: PublicHolidays,
    private readonly clock: DatabaseClock,
  ) {
    this.cache = new ShopCache(transactions, vault, new ClosedDates(publicHolidays), clock);
  }

  onModuleInit(): void {
    this.notifications.listen(SHOPS_CHANNEL, () => this.cache.forget());
  }

  /** @throws DialerError `shop.not_found` */
  async get(shopId: string): Promise<Shop> {
    return (await this.record(shopId)).shop;
  }

  /** null: no such shop. */
  async find(shopId: string): Promise<Shop | null> {
    return (await this.cache.all()).get(shopId)?.shop ?? null;
  }

  async list(): Promise<Shop[]> {
    return [...(await this.cache.all()).values()].map((record) => record.shop);
  }

  /** Shops that were stored since then, and when. */
  async storedSince(since: Date): Promise<{ readonly shopId: string; readonly at: Date }[]> {
    return [...(await this.cache.all()).values()]
      .filter(({ updatedAt }) => updatedAt >= since)
      .map(({ shop, updatedAt }) => ({ shopId: shop.shopId, at: updatedAt }));
  }

  /** Live secrets of the shop's own webhooks (`whsec_…`), newest first; none for an unknown shop. */
  async webhookSecrets(shopId: string): Promise<string[]> {
    return liveValues((await this.cache.all()).get(shopId)?.webhookSecrets ?? [], this.clock.now());
  }

  /** Whether the key is a live one of the shop; an unknown shop takes as long and has none. */
  async isApiKey(shopId: string, key: string): Promise<boolean> {
    const hashes = liveValues((await this.cache.all()).get(shopId)?.apiKeyHashes ?? [], this.clock.now());
    const given = sha256(key);
    let isLive = false;
    for (const hash of [...hashes, NO_KEY]) if (timingSafeEqual(hash, given) && hash !== NO_KEY) isLive = true;
    return isLive;
  }

  /** All of them, switched-off ones too, by name. */
  async destinations(shopId: string): Promise<Destination[]> {
    return (await this.cache.all()).get(shopId)?.destinations ?? [];
  }

  /** The newest secret. @throws DialerError `shop.destination_not_found` */
  async destinationSecret(shopId: string, name: string): Promise<string> {
    const [newest] = await this.destinationSecrets(shopId, name);
    if (newest === undefined) {
      throw new DialerError('shop.destination_not_found', 'The shop has no such destination.', {
        details: { shopId, name },
      });
    }
    return newest;
  }

  /** All live secrets of a destination, newest first: during a rotation messages are signed with both. */
  async destinationSecrets(shopId: string, name: string): Promise<string[]> {
    return liveValues((await this.cache.all()).get(shopId)?.destinationSecrets.get(name) ?? [], this.clock.now());
  }

  /** Switches a destination off (the receiver answered 410); naming it in a PUT of the shop switches it on again. */
  async disableDestination(tx: Tx, shopId: string, name: string, reason: string): Promise<void> {
    await disableDestination(tx, shopId, name, reason);
    await this.tellChanged(tx, shopId);
  }

  /** Tells all processes, at the commit, to read the shop anew. */
  async tellChanged(tx: Tx, shopId: string): Promise<void> {
    await this.notifications.notify(tx, SHOPS_CHANNEL, shopId);
  }

  /** After a commit of ours: the next read in this process sees it. */
  forget(): void {
    this.cache.forget();
  }

  /** Everything about a shop, for administrators. @throws DialerError `shop.not_found` */
  async record(shopId: string): Promise<ShopRecord> {
    const record = (await this.cache.all()).get(shopId);
    if (record === undefined) throw noSuchShop(shopId);
    return record;
  }

  /**
   * Articles of the shop's knowledge base, without their text: with `search` those that have all its words, by their beginnings, the best first;
   * else by title. @throws DialerError `shop.not_found`
   */
  async articles(
    tx: Tx,
    shopId: string,
    o: { readonly search?: string; readonly limit?: number } = {},
  ): Promise<ArticleHead[]> {
    await this.record(shopId);
    return listArticles(tx, shopId, { query: prefixQuery(o.search ?? ''), limit: o.limit ?? USUAL_LIMIT });
  }

  /** @throws DialerError `article.not_found` */
  async article(tx: Tx, shopId: string, article: string): Promise<Article> {
    const found = await findArticle(tx, shopId, article);
    if (found === null) throw noSuchArticle(shopId);
    return found;
  }

  async records(): Promise<ShopRecord[]> {
    return [...(await this.cache.all()).values()];
  }
}

export function noSuchShop(shopId: string): DialerError {
  return new DialerError('shop.not_found', 'There is no such shop.', { details: { shopId } });
}

export function noSuchArticle(shopId: string): DialerError {
  return new DialerError('article.not_found', 'The shop has no such article.', { details: { shopId } });
}
