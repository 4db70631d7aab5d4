import { Injectable } from '@nestjs/common';
import { shownState } from '../../core/call/shown-state.js';
import { DatabaseClock } from '../../platform/clock/database-clock.js';
import { Transactions } from '../../platform/database/transaction.js';
import { AgentsService } from '../agents/agents.service.js';
import { CallsService, type ShopWindow, type WindowCount } from '../calls/calls.service.js';
import { DialingService } from '../dialing/dialing.service.js';
import { ShopsService, type Shop } from '../shops/shops.service.js';
import { historyFrom, historyOf } from './board-history.js';
import { BoardHistoryReadModel } from './board-history.read-model.js';
import { BoardReadModel, type PacingRow, type WaitingRow } from './board.read-model.js';
import { Reading } from './reading.js';
import {
  HISTORY_MINUTES,
  type BoardAbandon,
  type BoardHistoryMessage,
  type BoardMessage,
  type BoardPacing,
  type BoardWaiting,
} from './supervision.protocol.js';

const ORDERS_EVERY_MS = 1_500;
const ABANDONED_EVERY_MS = 10_000;
/** The leader of a group writes its decision every second; after this long nobody leads. */
const PACING_OLD_MS = 6_000;

const NOBODY_WAITS: BoardWaiting = { due: 0, later: 0, atRisk: 0, late: 0, held: 0, oldestAt: null };

/** Reads the floor of the whole installation. */
@Injectable()
export class BoardSource {
  private readonly orders: Reading<Awaited<ReturnType<BoardSource['readOrders']>>>;
  private readonly abandoned: Reading<WindowCount[]>;
  private uncounted: ShopWindow[] = [];

  constructor(
    private readonly transactions: Transactions,
    private readonly board: BoardReadModel,
    private readonly past: BoardHistoryReadModel,
    private readonly shops: ShopsService,
    private readonly agents: AgentsService,
    private readonly calls: CallsService,
    private readonly dialing: DialingService,
    private readonly clock: DatabaseClock,
  ) {
    this.orders = new Reading(ORDERS_EVERY_MS, () => this.readOrders());
    this.abandoned = new Reading(ABANDONED_EVERY_MS, () =>
      this.transactions.read((tx) => this.calls.countAnswered(tx, this.uncounted)),
    );
  }

  async now(): Promise<BoardMessage> {
    const shops = await this.shops.list();
    const groups = await this.agents.groups();
    const { agents, calls, pacing } = await this.transactions.read(async (tx) => ({
      agents: await this.board.agents(tx),
      calls: await this.board.calls(tx),
      pacing: await this.board.pacing(tx),
    }));
    const { waiting, urgent, held } = await this.orders.get();
    const abandons = await this.abandons(shops, pacing);
    const trunks = await this.dialing.trunkUse();
    const at = this.clock.now();
    const recordOf = new Map(pacing.map((record) => [record.group, record]));
    return {
      at: at.toISOString(),
      groups: groups.map(({ groupId, name }) => ({
        group: groupId,
        name,
        pacing: shownPacing(recordOf.get(groupId), at),
      })),
      shops: shops.map(({ shopId, name, isPaused, settings }) => ({
        shop: shopId,
        name,
        isPaused,
        groups: settings.agentGroups.map(({ group }) => group),
        waiting: shownWaiting(waiting.get(shopId)),
        abandons: abandons.get(shopId) ?? [],
      })),
      agents: agents.map(({ since, limitAt, ...agent }) => ({
        ...agent,
        since: since.toISOString(),
        limitAt: limitAt?.toISOString() ?? null,
      })),
      calls: calls.map(({ state, since, ...call }) => ({
        ...call,
        state: shownState(state),
        since: since.toISOString(),
      })),
      trunks: trunks.map(({ trunkId, inUse, maxChannels, circuit, retryAt }) => ({
        trunk: trunkId,
        inUse,
        maxChannels,
        circuit,
        retryAt: retryAt?.toISOString() ?? null,
      })),
      urgent: urgent.map(({ callBy, ...order }) => ({ ...order, callBy: callBy.toISOString() })),
      held: held.map(({ registeredAt, ...order }) => ({ ...order, registeredAt: registeredAt.toISOString() })),
    };
  }

  async history(): Promise<BoardHistoryMessage> {
    const groupsOf = new Map(
      (await this.shops.list()).map(({ shopId, settings }) => [shopId, settings.agentGroups.map(({ group }) => group)]),
    );
    const from = historyFrom(this.clock.now());
    const happened = await this.transactions.read(async (tx) => ({
      calls: await this.past.calls(tx, from),
      orders: await this.past.orders(tx, from),
      work: await this.past.work(tx, from, HISTORY_MINUTES),
    }));
    return historyOf(from, happened, (shop) => groupsOf.get(shop) ?? []);
  }

  private async readOrders() {
    return this.transactions.read(async (tx) => ({
      waiting: new Map((await this.board.waiting(tx)).map((row) => [row.shop, row])),
      urgent: await this.board.urgent(tx),
      held: await this.board.held(tx),
    }));
  }

  /** The leaders count for themselves; only shops whom nobody calls for just now (paused ones) are counted here. */
  private async abandons(
    shops: readonly Shop[],
    pacing: readonly PacingRow[],
  ): Promise<ReadonlyMap<string, BoardAbandon[]>> {
    const newestFirst = [...pacing].sort((a, b) => b.at.getTime() - a.at.getTime());
    const counted = new Map<string, BoardAbandon[]>();
    for (const { abandons } of newestFirst) {
      const fresh = abandons.filter(({ shop }) => !counted.has(shop));
      for (const { shop, ...window } of fresh) counted.set(shop, [...(counted.get(shop) ?? []), window]);
    }
    const windowsOf = ({ shopId, settings }: Shop) =>
      settings.abandon.map(({ windowHours }) => ({ shopId, windowHours }));
    const missing = shops.filter(({ shopId }) => !counted.has(shopId));
    if (missing.length === 0) return counted;
    this.uncounted = missing.flatMap(windowsOf);
    const counts = await this.abandoned.get();
    for (const { shopId, settings } of missing) {
      const windows = settings.abandon.flatMap(({ maxRatio, windowHours }) =>
        counts
          .filter((count) => count.shopId === shopId && count.windowHours === windowHours)
          .map(({ answered, abandoned }) => ({ windowHours, maxRatio, answered, abandoned })),
      );
      counted.set(shopId, windows);
    }
    return counted;
  }
}

function shownWaiting(row: WaitingRow | undefined): BoardWaiting {
  if (row === undefined) return NOBODY_WAITS;
  const { shop: _shop, oldestAt, ...counts } = row;
  return { ...counts, oldestAt: oldestAt?.toISOString() ?? null };
}

function shownPacing(record: PacingRow | undefined, now: Date): BoardPacing | null {
  if (record === undefined || now.getTime() - record.at.getTime() > PACING_OLD_MS) return null;
  const { at, mode, reason, dial, placed, isAhead, agentsFree, risk, acceptedRisk, answerRatio, nearCap, ordersDue } =
    record;
  return {
    at: at.toISOString(),
    mode,
    reason,
    dial,
    placed,
    isAhead,
    agentsFree,
    risk,
    acceptedRisk,
    answerRatio,
    nearCap,
    ordersDue,
  };
}
