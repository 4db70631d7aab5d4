import { Injectable } from '@nestjs/common';
import { DialerError } from '../../core/shared/errors.js';
import { readPhoneNumber } from '../../core/shared/phone-number.js';
import { Vault } from '../../platform/auth/vault.js';
import { DatabaseClock } from '../../platform/clock/database-clock.js';
import { Notifications } from '../../platform/database/notifications.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { ShopsService } from '../shops/shops.service.js';
import { DoNotCallList } from './do-not-call-list.js';
import { refusedOfListed, waitingOfListed } from './do-not-call.store.js';
import { heldOrders, type HeldOrder } from './order.read-model.js';
import type { OrderRow } from './order-row.js';
import { insertTimeline, lockByOrderId, setHold } from './order.store.js';
import { forgive } from './order-tries.store.js';
import { OrdersService } from './orders.service.js';

/** Waiting orders of a listed buyer are not called any more, and end after so long: an agent's slip can be corrected before. */
const BLOCK_AFTER_SECONDS = 120;
const BLOCK_BATCH = 200;

/** What administrators do with single orders: held ones are released or closed, and buyers may be called again. */
@Injectable()
export class OrderDesk {
  constructor(
    private readonly transactions: Transactions,
    private readonly notifications: Notifications,
    private readonly vault: Vault,
    private readonly shops: ShopsService,
    private readonly orders: OrdersService,
    private readonly doNotCall: DoNotCallList,
    private readonly clock: DatabaseClock,
  ) {}

  /** Held orders, newest first; `next` is null on the last page. */
  async held(filter: {
    shopId: string | null;
    before: string | null;
    limit: number;
  }): Promise<{ orders: HeldOrder[]; next: string | null }> {
    const page = await this.transactions.read((tx) => heldOrders(tx, { ...filter, limit: filter.limit + 1 }));
    const orders = page.slice(0, filter.limit);
    return { orders, next: page.length > filter.limit ? (orders.at(-1)?.id ?? null) : null };
  }

  /** Back into the dial queue. @throws DialerError `order.not_found`, `order.state_refused` when it is not held */
  async release(shopId: string, orderId: string): Promise<void> {
    await this.withHeld(shopId, orderId, async (tx, { orderRef }) => {
      await setHold(tx, orderRef, null);
      await forgive(tx, ['job', 'call'], [orderRef]);
      await insertTimeline(tx, shopId, orderRef, { kind: 'released', data: {} });
      await this.notifications.notify(tx, 'dialer', `order:${orderRef}`);
    });
  }

  /** Ends a held order with the outcome `failed`. @throws as {@link release} */
  async close(shopId: string, orderId: string): Promise<void> {
    await this.withHeld(shopId, orderId, async (tx, { orderRef }) => {
      await this.orders.finish(tx, orderRef, { outcome: 'failed' });
    });
  }

  /**
   * Lets a buyer be called again for this shop. Orders that have ended stay as they are.
   *
   * @param phone  E.164, or a national form of the shop's country
   * @throws DialerError `shop.not_found`, `input.invalid`, `do_not_call.not_found` when the buyer could be called all the time
   */
  async liftNumber(shopId: string, phone: string): Promise<void> {
    const shop = await this.shops.get(shopId);
    const read = readPhoneNumber(phone, shop.settings.country);
    if (!read.isOk) {
      const fieldErrors = [
        { pointer: '', detail: 'the number in the address must be E.164 (the plus as %2B), or a national form' },
      ];
      throw new DialerError('input.invalid', 'A field is wrong; see errors.', { fieldErrors });
    }
    const isLifted = await this.transactions.run((tx) =>
      this.doNotCall.lift(tx, shopId, this.vault.phoneHash(read.phone)),
    );
    if (!isLifted) throw new DialerError('do_not_call.not_found', 'This number may be called already.');
  }

  /** Ends waiting orders of buyers who were listed lately, but so long ago; at most 200 at once. */
  async blockListed(afterSeconds = BLOCK_AFTER_SECONDS): Promise<void> {
    await this.block((tx) => waitingOfListed(tx, this.ago(afterSeconds), BLOCK_BATCH));
  }

  /** The same for orders that came back into the queue of a buyer listed long ago: the dialer has met them in vain. */
  async blockRefused(): Promise<void> {
    await this.block((tx) => refusedOfListed(tx, this.ago(BLOCK_AFTER_SECONDS), BLOCK_BATCH));
  }

  private async block(find: (tx: Tx) => Promise<string[]>): Promise<void> {
    for (const orderRef of await this.transactions.read(find)) {
      await this.transactions.run(async (tx) => {
        const { status } = await this.orders.lock(tx, orderRef);
        if (status !== 'accepted' && status !== 'scheduled') return;
        if (await this.doNotCall.isListed(tx, orderRef)) await this.orders.finish(tx, orderRef, { outcome: 'blocked' });
      });
    }
  }

  private ago(seconds: number): Date {
    return new Date(this.clock.now().getTime() - seconds * 1000);
  }

  private async withHeld(
    shopId: string,
    orderId: string,
    work: (tx: Tx, order: OrderRow) => Promise<void>,
  ): Promise<void> {
    await this.transactions.run(async (tx) => {
      const order = await lockByOrderId(tx, shopId, orderId);
      if (order === null) throw new DialerError('order.not_found', 'The shop has no such order.');
      if (order.holdReason === null || order.status === 'final') {
        throw new DialerError('order.state_refused', 'The order is not held.');
      }
      await work(tx, order);
    });
  }
}
