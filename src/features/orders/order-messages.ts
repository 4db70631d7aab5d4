import { Injectable } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import { dueAtOf, turnAtOf } from '../../core/attempt/dial-order.js';
import { candidateZones } from '../../core/calling-hours/candidate-zones.js';
import { decideOrder, effectOfMessage } from '../../core/order/order-machine.js';
import { callByOf } from '../../core/order/shop-settings.js';
import { DialerError } from '../../core/shared/errors.js';
import { Vault } from '../../platform/auth/vault.js';
import { Notifications } from '../../platform/database/notifications.js';
import type { Tx } from '../../platform/database/transaction.js';
import { Events } from '../../platform/outbox/events.js';
import { Jobs } from '../../platform/queue/jobs.js';
import type { Shop } from '../shops/shops.service.js';
import { DoNotCallList } from './do-not-call-list.js';
import { routingOf } from './order-content.js';
import { stateOf, type Accepted, type OrderInput, type OrderRow } from './order-row.js';
import {
  insertOrders,
  insertTimeline,
  insertTombstone,
  lockByOrderId,
  setWithdrawRequested,
  updateContent,
  type NewOrder,
  type StoredContent,
  type StoredOrder,
} from './order.store.js';
import { orderFinished, orderReceived, orderUpdated, orderWithdrawRequested } from './orders.events.js';
import { scheduleOrder } from './orders.jobs.js';
import { lookAgain } from './put-off.store.js';

/** A new order as it will be stored, and the answer to the shop once it is. */
export interface PreparedOrder {
  readonly accepted: Accepted;
  readonly row: NewOrder;
}

interface Arrival {
  readonly traceId: string;
  readonly receivedAt: Date;
}

const HOUR_MS = 3_600_000;

/** What shops' messages do to orders: by version, and whatever the order in which they come. */
@Injectable()
export class OrderMessages {
  constructor(
    private readonly vault: Vault,
    private readonly notifications: Notifications,
    private readonly events: Events,
    private readonly jobs: Jobs,
    private readonly doNotCall: DoNotCallList,
  ) {}

  /** Reads, seals and reckons all that storing a new order needs, so that the transaction has only to write. */
  prepare(shop: Shop, input: OrderInput, on: Arrival): PreparedOrder {
    const { orderId } = input.content;
    const orderRef = uuidv7();
    const stored = this.seal(shop, input, input.registeredAt);
    const { delaySeconds } = shop.settings.firstCall;
    const notBefore = delaySeconds > 0 ? new Date(input.registeredAt.getTime() + delaySeconds * 1000) : null;
    const { receivedAt } = on;
    const dueAt = dueAtOf({ receivedAt, notBefore, callbackAt: null });
    const { callBy } = stored;
    return {
      accepted: { orderRef, orderId, status: 'accepted', callBy, effect: 'created' },
      row: {
        ...stored,
        orderRef,
        shopId: shop.shopId,
        orderId,
        receivedAt,
        notBefore,
        dueAt,
        turnAt: turnAtOf({ attemptsCharged: 0, callBy, receivedAt, dueAt, callbackAt: null }, 0),
        giveUpAt: new Date(receivedAt.getTime() + shop.settings.giveUpAfterHours * HOUR_MS),
        traceId: on.traceId,
      },
    };
  }

  /** Stores those of these orders that nobody has heard of, with all that follows. `alsoListed` false: not those of buyers who wish no more calls. */
  async storeNew(
    tx: Tx,
    prepared: readonly PreparedOrder[],
    o: { alsoListed: boolean },
  ): Promise<Map<string, StoredOrder>> {
    const rows = prepared.map(({ row }) => row);
    const stored = new Map((await insertOrders(tx, rows, o)).map((one) => [one.orderRef, one]));
    const made = rows.filter(({ orderRef }) => stored.has(orderRef));
    for (const { shopId, orderRef } of made)
      await this.events.publish(tx, orderReceived, {
        shopId,
        orderRef,
        callId: stored.get(orderRef)?.talkCallId ?? null,
      });
    const [first] = made;
    if (first !== undefined) {
      const orders = made.map(({ orderRef, traceId }) => ({ orderRef, traceId }));
      await this.jobs.enqueue(tx, scheduleOrder, { orders }, { key: first.orderRef });
    }
    return stored;
  }

  /** `isListed`: the buyer wishes no more calls of the shop. */
  async accept(tx: Tx, shop: Shop, input: OrderInput, on: Arrival): Promise<Accepted & { isListed: boolean }> {
    const prepared = this.prepare(shop, input, on);
    const stored = (await this.storeNew(tx, [prepared], { alsoListed: true })).get(prepared.row.orderRef);
    if (stored !== undefined) return { ...prepared.accepted, isListed: stored.isListed };
    const answer = await this.change(tx, shop, input);
    return {
      ...answer,
      isListed: answer.effect === 'updated' && (await this.doNotCall.isListed(tx, answer.orderRef)),
    };
  }

  /** `isTombstone`: the order was unknown. With effect `withdrawn` and no tombstone the caller has to finish the order. */
  async withdraw(
    tx: Tx,
    shop: Shop,
    cancel: { orderId: string; version: number; reason: string | null },
    on: Arrival,
  ): Promise<Accepted & { isTombstone: boolean }> {
    const { shopId } = shop;
    const orderRef = uuidv7();
    const { orderId } = cancel;
    if (await insertTombstone(tx, { ...cancel, ...on, orderRef, shopId })) {
      await insertTimeline(tx, shopId, orderRef, {
        kind: 'withdrawn',
        data: { version: cancel.version, isBeforeCreate: true },
      });
      await this.events.publish(tx, orderFinished, {
        shopId,
        orderRef,
        outcome: 'withdrawn',
        sequence: 1,
        traceId: on.traceId,
      });
      return { orderRef, orderId, status: 'final', callBy: null, effect: 'withdrawn', isTombstone: true };
    }
    const row = await this.known(tx, shopId, orderId);
    const answer = { orderRef: row.orderRef, orderId, status: row.status, callBy: null, isTombstone: false };
    if (effectOf(row, { kind: 'cancel', version: cancel.version }) !== 'withdraw')
      return { ...answer, effect: 'nothing' };
    const decision = decideOrder(stateOf(row), { kind: 'withdraw' });
    if ('ignored' in decision) return { ...answer, effect: 'nothing' };
    await setWithdrawRequested(tx, row.orderRef, cancel);
    await insertTimeline(tx, shopId, row.orderRef, { kind: 'withdrawn', data: { version: cancel.version } });
    if (decision.order.status === 'final') return { ...answer, effect: 'withdrawn' };
    const callId = row.liveCallId ?? '';
    await this.events.publish(tx, orderWithdrawRequested, { shopId, orderRef: row.orderRef, callId });
    await this.notifications.notify(tx, 'dialer', `cancel:${callId}`);
    return { ...answer, effect: 'withdraw_requested' };
  }

  private async change(tx: Tx, shop: Shop, input: OrderInput): Promise<Accepted> {
    const { shopId } = shop;
    const row = await this.known(tx, shopId, input.content.orderId);
    const { orderRef, orderId, status } = row;
    const effect = effectOf(row, { kind: 'content', version: input.version });
    if (effect === 'nothing') {
      return { orderRef, orderId, status, callBy: row.outcome === 'withdrawn' ? null : row.callBy, effect: 'nothing' };
    }
    const stored = this.seal(
      shop,
      input,
      input.isRegisteredAtGiven || row.cardEncrypted === null ? input.registeredAt : row.registeredAt,
    );
    if (effect === 'complete_tombstone') {
      await updateContent(tx, orderRef, { ...stored, callBy: null });
      await insertTimeline(tx, shopId, orderRef, {
        kind: 'created_after_withdrawal',
        data: { version: input.version },
      });
      return { orderRef, orderId, status, callBy: null, effect: 'nothing' };
    }
    await updateContent(tx, orderRef, stored);
    // Another number or zone may have other hours.
    if ((await lookAgain(tx, { shopId, orderRef })) > 0)
      await this.notifications.notify(tx, 'dialer', `order:${orderRef}`);
    await insertTimeline(tx, shopId, orderRef, { kind: 'updated', data: { version: input.version } });
    await this.events.publish(tx, orderUpdated, { shopId, orderRef, callId: row.liveCallId });
    return { orderRef, orderId, status, callBy: stored.callBy, effect: 'updated' };
  }

  private async known(tx: Tx, shopId: string, orderId: string): Promise<OrderRow> {
    const row = await lockByOrderId(tx, shopId, orderId);
    if (row === null)
      throw new DialerError('busy.retry_later', 'The order is just being removed.', { isRetryable: true });
    return row;
  }

  private seal(shop: Shop, input: OrderInput, registeredAt: Date): StoredContent {
    const { content, version } = input;
    const confirmBy = content.confirmBy === null ? null : new Date(content.confirmBy);
    return {
      version,
      phoneEncrypted: this.vault.encrypt(content.customer.phone),
      phoneHash: this.vault.phoneHash(content.customer.phone),
      cardEncrypted: this.vault.encrypt(JSON.stringify(content)),
      priority: content.priority,
      registeredAt,
      callBy: callByOf(shop.settings, { registeredAt, confirmBy }),
      timeZones: candidateZones({ ...content.customer, delivery: content.delivery, shop: shop.settings }),
      routingEncrypted: this.vault.encrypt(JSON.stringify(routingOf(content))),
    };
  }
}

function effectOf(row: OrderRow, message: { kind: 'content' | 'cancel'; version: number }) {
  return effectOfMessage({ version: row.version, status: row.status, hasContent: row.cardEncrypted !== null }, message);
}
