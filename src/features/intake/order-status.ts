import { Injectable } from '@nestjs/common';
import { skillsNeeded } from '../../core/agent/call-needs.js';
import { helpsAfterSeconds, type OverflowStep } from '../../core/agent/overflow.js';
import type { PastCall } from '../../core/calling-hours/attempt-limits.js';
import { mayRing } from '../../core/calling-hours/may-ring.js';
import { waitingFor } from '../../core/order/waiting-for.js';
import { DialerError } from '../../core/shared/errors.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { AgentsService } from '../agents/agents.service.js';
import { CallsService } from '../calls/calls.service.js';
import { OrdersService, type OrderRow } from '../orders/orders.service.js';
import { ShopsService } from '../shops/shops.service.js';
import {
  attemptsOf,
  deliveriesOf,
  groupsNow,
  isBuyerOnCall,
  liveCallsOf,
  routingOf,
} from './order-status.read-model.js';

/** Everything a shop may know about one of its orders, and why it is not being called right now. */
@Injectable()
export class OrderStatusReader {
  constructor(
    private readonly shops: ShopsService,
    private readonly orders: OrdersService,
    private readonly agents: AgentsService,
    private readonly calls: CallsService,
    private readonly transactions: Transactions,
  ) {}

  /** @throws DialerError `order.not_found` */
  async read(shopId: string, orderId: string) {
    const [shop, view] = [await this.shops.get(shopId), await this.orders.findByShopId(shopId, orderId)];
    if (view === null) throw new DialerError('order.not_found', 'The shop has no such order.');
    const { row, content, timeline } = view;
    const now = new Date();
    const staffed = await this.agents.staffedGroups();
    const { attempts, deliveries, liveCalls, groups, pastCalls, isOnCall, skills } = await this.transactions.read(
      async (tx) => {
        const routing = row.status === 'scheduled' ? await routingOf(tx, row.orderRef) : null;
        const waitedSeconds = routing === null ? 0 : Math.max(0, now.getTime() - routing.dueAt.getTime()) / 1000;
        const skills = routing === null ? [] : skillsNeeded(shop.settings, routing.hints, waitedSeconds);
        const helping = groupsThatHelp(shop.settings.agentGroups, waitedSeconds, staffed);
        return {
          attempts: await attemptsOf(tx, shopId, row.orderRef),
          deliveries: await deliveriesOf(tx, shopId, row.orderRef),
          liveCalls: await liveCallsOf(tx, shopId),
          isOnCall: await isBuyerOnCall(tx, row.phoneHash, row.orderRef),
          pastCalls: await this.pastCalls(tx, row),
          groups: await groupsNow(tx, shopId, helping, skills),
          skills,
        };
      },
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
        skillsNeeded: skills,
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
