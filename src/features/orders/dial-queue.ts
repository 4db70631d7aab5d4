import { Injectable } from '@nestjs/common';
import type { RoutingHints } from '../../core/agent/call-needs.js';
import { helpsAfterSeconds } from '../../core/agent/overflow.js';
import {
  chargeShare,
  compareOrders,
  isOwed,
  dueAtOf,
  EQUAL_SHARES,
  mergeShops,
  turnAtOf,
  type Shares,
} from '../../core/attempt/dial-order.js';
import { chargedAttempts } from '../../core/attempt/next-attempt.js';
import type { AttemptResult } from '../../core/call/result.js';
import { Vault } from '../../platform/auth/vault.js';
import { afterCommit, Transactions, type Tx } from '../../platform/database/transaction.js';
import { ShopsService } from '../shops/shops.service.js';
import { countDue, dueOrders, lockDue, type QueuedRow, type ServedShop } from './dial-queue.store.js';
import { OrderFault } from './order-tries.js';
import type { DueOrder, OrderRow } from './order-row.js';

/** Whose orders are asked for, and for whom. */
export interface DueQuery {
  readonly groupIds: readonly string[];
  /** Groups in which somebody is at work: those in front of them are passed over. Absent: all are taken to be at work. */
  readonly staffedGroups?: ReadonlySet<string>;
  readonly now: Date;
}

const NO_HINTS: RoutingHints = { itemGroups: [], language: null, region: null };

/** The dial queue: which orders may be called now, in which order (`core/attempt/dial-order.ts`), and where an order stands in it. */
@Injectable()
export class DialQueue {
  /** By group: how far their shops are ahead. A process that begins to lead them begins with all shops alike. */
  private readonly shares = new Map<string, Shares>();

  constructor(
    private readonly transactions: Transactions,
    private readonly vault: Vault,
    private readonly shops: ShopsService,
  ) {}

  async lockNextDue(
    tx: Tx,
    query: DueQuery & {
      readonly exceptShops: readonly string[];
      readonly skip: readonly string[];
      readonly limit: number;
    },
  ): Promise<DueOrder[]> {
    const served = (await this.served(query)).filter(({ shopId }) => !query.exceptShops.includes(shopId));
    if (served.length === 0) return [];
    const queued = await dueOrders(tx, { ...query, served });
    const queues = served.map(({ shopId, whenLate, share }) => ({
      shopId,
      share,
      orders: queued
        .filter((order) => order.shopId === shopId)
        .sort((a, b) => compareOrders(a, b, { now: query.now, whenLate })),
    }));
    const next = mergeShops(queues, this.sharesOf(query.groupIds[0] ?? ''), query.limit);
    if (next.length === 0) return [];
    const locked = new Map(
      (
        await lockDue(
          tx,
          next.map(({ orderRef }) => orderRef),
        )
      ).map((row) => [row.orderRef, row]),
    );
    const shopOf = new Map(served.map((shop) => [shop.shopId, shop]));
    return next.flatMap(({ orderRef, shopId }) => {
      const [row, shop] = [locked.get(orderRef), shopOf.get(shopId)];
      if (row === undefined || shop === undefined) return [];
      try {
        return [this.opened(row, shop)];
      } catch (error) {
        throw new OrderFault(orderRef, error);
      }
    });
  }

  /** The order is called now; counted when the transaction has been committed. */
  noteCalled(tx: Tx, groupId: string, order: DueOrder): void {
    if (isOwed(order)) return;
    afterCommit(tx, () => this.shares.set(groupId, chargeShare(this.sharesOf(groupId), order.shopId, order.share)));
  }

  /** Counts to 1,000 at most. */
  async countDue(query: DueQuery): Promise<number> {
    const served = await this.served(query);
    return served.length === 0 ? 0 : this.transactions.read((tx) => countDue(tx, { served, now: query.now }));
  }

  /** Where an order stands that goes back into the queue. */
  async place(
    row: Pick<OrderRow, 'shopId' | 'results' | 'callBy' | 'receivedAt'>,
    to: { notBefore: Date | null; callbackAt: Date | null; countsAs: AttemptResult | null },
  ): Promise<{ dueAt: Date; turnAt: Date }> {
    const { settings } = await this.shops.get(row.shopId);
    const dueAt = dueAtOf({ ...to, receivedAt: row.receivedAt });
    const attemptsCharged = chargedAttempts(row.results, to.countsAs);
    const turnAt = turnAtOf({ ...row, ...to, attemptsCharged, dueAt }, settings.retry.patienceMinutes * 60_000);
    return { dueAt, turnAt };
  }

  private sharesOf(groupId: string): Shares {
    return this.shares.get(groupId) ?? EQUAL_SHARES;
  }

  private opened(row: QueuedRow, { groupId, share }: ServedShop): DueOrder {
    const sealed = row.routingEncrypted;
    const routing = sealed === null ? NO_HINTS : (JSON.parse(this.vault.decrypt(sealed)) as RoutingHints);
    return {
      ...row,
      routing,
      phone: this.vault.decrypt(row.phoneEncrypted ?? ''),
      language: routing.language,
      waitingSince: row.dueAt,
      groupId,
      share,
    };
  }

  /** Which shops the groups serve, and after which wait. */
  private async served(query: DueQuery): Promise<ServedShop[]> {
    return (await this.shops.list()).flatMap(({ shopId, isPaused, settings }) => {
      const choice = settings.agentGroups.find(({ group }) => query.groupIds.includes(group));
      if (isPaused || choice === undefined) return [];
      const staffed = query.staffedGroups ?? new Set(settings.agentGroups.map(({ group }) => group));
      const afterSeconds = helpsAfterSeconds(settings.agentGroups, choice.group, staffed) ?? choice.afterSeconds;
      const { share, firstCall } = settings;
      return [{ shopId, groupId: choice.group, afterSeconds, whenLate: firstCall.whenLate, share }];
    });
  }
}
