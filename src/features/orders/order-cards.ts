import { Injectable } from '@nestjs/common';
import type { RoutingHints } from '../../core/agent/call-needs.js';
import type { OrderCard, OrderContent } from '../../core/order/order-card.js';
import { DialerError } from '../../core/shared/errors.js';
import { Vault } from '../../platform/auth/vault.js';
import { Transactions } from '../../platform/database/transaction.js';
import { orderCard, routingOf } from './order-content.js';
import { findOrder, findOrderByShopId, openOrdersOfPhone } from './order.read-model.js';
import type { OrderRow, TimelineEntry } from './order-row.js';
import { timelineOf } from './order.store.js';

/** An order for the shop that sent it. */
export interface OrderView {
  readonly row: OrderRow;
  /** null: a cancel came before the create, which has not come yet. */
  readonly content: OrderContent | null;
  /** What the choice of its agent rests on. */
  readonly routing: RoutingHints | null;
  readonly timeline: readonly TimelineEntry[];
}

/** What is in an order, made readable: the only place of the room where personal data are opened. */
@Injectable()
export class OrderCards {
  constructor(
    private readonly transactions: Transactions,
    private readonly vault: Vault,
  ) {}

  /** The whole order, readable, for the agent who talks about it. @throws DialerError `order.not_found` */
  async card(orderRef: string): Promise<OrderCard> {
    const row = (await this.transactions.read((tx) => findOrder(tx, orderRef))) ?? notFound();
    return this.cardOf(row);
  }

  /** A row made readable. @throws DialerError `order.not_found` when only its cancel has come */
  cardOf(row: OrderRow): OrderCard {
    return orderCard(row, this.vault) ?? notFound();
  }

  /** E.164. @throws DialerError `order.not_found` */
  async phone(orderRef: string): Promise<string> {
    const row = await this.transactions.read((tx) => findOrder(tx, orderRef));
    return row?.phoneEncrypted ? this.vault.decrypt(row.phoneEncrypted) : notFound();
  }

  /** The number with this hash, E.164, as long as one of the orders has it and is not withdrawn; else null. */
  phoneOf(orders: readonly OrderRow[], phoneHash: Buffer): string | null {
    for (const { phoneEncrypted, phoneHash: own, withdrawRequestedAt } of orders) {
      if (phoneEncrypted === null || withdrawRequestedAt !== null) continue;
      if (own?.equals(phoneHash) === true) return this.vault.decrypt(phoneEncrypted);
    }
    return null;
  }

  /** null: the shop has no such order. */
  async findByShopId(shopId: string, orderId: string): Promise<OrderView | null> {
    return this.transactions.read(async (tx) => {
      const row = await findOrderByShopId(tx, shopId, orderId);
      if (row === null) return null;
      const content = this.contentOf(row);
      return {
        row,
        content,
        routing: content && routingOf(content),
        timeline: await timelineOf(tx, shopId, row.orderRef),
      };
    });
  }

  /** The buyer's other orders with the same shop that are not final, earliest deadline first; at most 20. */
  async otherOpenOrders(shopId: string, phoneHash: Buffer, except: string): Promise<OrderCard[]> {
    const rows = await this.transactions.read((tx) => openOrdersOfPhone(tx, shopId, phoneHash, except));
    return rows.map((row) => orderCard(row, this.vault)).filter((card) => card !== null);
  }

  private contentOf(row: OrderRow): OrderContent | null {
    return row.cardEncrypted === null ? null : (JSON.parse(this.vault.decrypt(row.cardEncrypted)) as OrderContent);
  }
}

function notFound(): never {
  throw new DialerError('order.not_found', 'There is no such order.');
}
