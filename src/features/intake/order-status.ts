import { Injectable } from '@nestjs/common';
import { awaitedAgent, skillsNeeded } from '../../core/agent/call-needs.js';
import { helpsAfterSeconds, type OverflowStep } from '../../core/agent/overflow.js';
import type { PastCall } from '../../core/calling-hours/attempt-limits.js';
import { doMeet } from '../../core/calling-hours/calling-hours.js';
import { mayRing } from '../../core/calling-hours/may-ring.js';
import { waitingFor, type WaitingForInput } from '../../core/order/waiting-for.js';
import { DialerError } from '../../core/shared/errors.js';
import { DatabaseClock } from '../../platform/clock/database-clock.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { AgentsService } from '../agents/agents.service.js';
import { CallsService } from '../calls/calls.service.js';
import { DialingService } from '../dialing/dialing.service.js';
import { OrderCards, type OrderRow, type OrderView } from '../orders/orders.service.js';
import { ShopsService, type Shop } from '../shops/shops.service.js';
import {
  attemptsOf,
  deliveriesOf,
  groupsNow,
  isBuyerOnCall,
  liveCallsOf,
  queuedOf,
} from './order-status.read-model.js';

type InQueue = Pick<WaitingForInput, 'way' | 'awaitedAgent'> & {
  /** Groups that help with the order by now. */
  readonly groupIds: readonly string[];
  readonly skillsNeeded: readonly string[];
};

const NOT_IN_QUEUE: InQueue = { groupIds: [], skillsNeeded: [], way: 'free', awaitedAgent: null };
const AT_WORK: readonly string[] = ['ready', 'reserved', 'talking', 'wrap_up'];

/** Everything a shop may know about one of its orders, and why it is not being called right now. */
@Injectable()
export class OrderStatusReader {
  constructor(
    private readonly shops: ShopsService,
    private readonly orders: OrderCards,
    private readonly agents: AgentsService,
    private readonly calls: CallsService,
    private readonly dialing: DialingService,
    private readonly transactions: Transactions,
    private readonly clock: DatabaseClock,
  ) {}

  /** @throws DialerError `order.not_found` */
  async read(shopId: string, orderId: string) {
    const [shop, view] = [await this.shops.get(shopId), await this.orders.findByShopId(shopId, orderId)];
    if (view === null) throw new DialerError('order.not_found', 'The shop has no such order.');
    const { row, content, timeline } = view;
    const now = this.clock.now();
    const queued = row.status === 'scheduled' ? await this.inQueue(shop, view, now) : NOT_IN_QUEUE;
    const { attempts, deliveries, liveCalls, groups, pastCalls, isOnCall } = await this.transactions.read(
      async (tx) => ({
        attempts: await attemptsOf(tx, shopId, row.orderRef),
        deliveries: await deliveriesOf(tx, shopId, row.orderRef),
        liveCalls: await liveCallsOf(tx, shopId),
        isOnCall: await isBuyerOnCall(tx, row.phoneHash, row.orderRef),
        pastCalls: await this.pastCalls(tx, row),
        groups: await groupsNow(tx, shopId, queued.groupIds, queued.skillsNeeded),
      }),
    );
    const ring = mayRing({
      rules: shop.ringRules,
      timeZones: row.timeZones,
      now,
      history: pastCalls,
      isCallback: row.callbackAt !== null,
    });
    return {
      id: row.orderRef,
      version: row.version,
      status: row.status,
      outcome: row.outcome,
      waitingFor: waitingFor({
        now,
        status: row.status,
        outcome: row.outcome,
        holdReason: row.holdReason,
        waitReason: row.waitReason,
        isShopPaused: shop.isPaused,
        isBuyerOnCall: isOnCall,
        isShopAtLimit: liveCalls >= shop.settings.maxConcurrentCalls,
        attempts: row.attemptsMade,
        notBefore: row.notBefore,
        callbackAt: row.callbackAt,
        hasNoHours: !doMeet(shop.ringRules.shopHours, shop.ringRules.boundingHours),
        ...queued,
        ...ring,
        ...groups,
      }),
      registeredAt: row.registeredAt,
      receivedAt: row.receivedAt,
      callBy: row.outcome === 'withdrawn' ? null : row.callBy,
      firstCallAt: row.firstCallAt,
      nextAttemptAt: row.status === 'scheduled' ? row.notBefore : null,
      callbackAt: row.callbackAt,
      giveUpAt: row.giveUpAt,
      finishedAt: row.finishedAt,
      isWithdrawRequested: row.withdrawRequestedAt !== null,
      ...(content ?? { orderId: row.orderId }),
      attempts,
      deliveries,
      timeline,
    };
  }

  /** What an order in the queue needs: lines to its number, agents with skills, perhaps one agent in particular. */
  private async inQueue({ settings }: Shop, { row, content, routing }: OrderView, now: Date): Promise<InQueue> {
    const place = await this.transactions.read((tx) => queuedOf(tx, row.orderRef));
    if (place === null || content === null || row.phoneHash === null) return NOT_IN_QUEUE;
    const waitedSeconds = Math.max(0, now.getTime() - place.dueAt.getTime()) / 1000;
    const groupIds = groupsThatHelp(settings.agentGroups, waitedSeconds, await this.agents.staffedGroups());
    const people = await this.agents.floor(groupIds);
    const atWork = new Map(
      people
        .filter(({ state, wish }) => AT_WORK.includes(state) && wish.to === 'ready')
        .map(({ agentId, skills, state }) => [agentId, { skills, isFree: state === 'ready' }]),
    );
    const order = { ...row, ...place, routing, waitingSince: place.dueAt };
    return {
      groupIds,
      skillsNeeded: skillsNeeded(settings, routing, waitedSeconds),
      way: await this.dialing.wayTo(content.customer.phone, row.phoneHash),
      awaitedAgent: awaitedAgent(order, settings, atWork, now),
    };
  }

  private async pastCalls(tx: Tx, row: OrderRow): Promise<readonly PastCall[]> {
    const { orderRef, shopId, phoneHash } = row;
    if (phoneHash === null || row.status === 'final') return [];
    return (await this.calls.pastCalls(tx, [{ orderRef, shopId, phoneHash }])).get(orderRef) ?? [];
  }
}

/** The shop's groups that take an order which has waited so long; the others have nothing to do with why it waits. */
function groupsThatHelp(
  groups: readonly OverflowStep[],
  waitedSeconds: number,
  staffed: ReadonlySet<string>,
): string[] {
  return groups
    .map(({ group }) => group)
    .filter((group) => waitedSeconds >= (helpsAfterSeconds(groups, group, staffed) ?? Infinity));
}
