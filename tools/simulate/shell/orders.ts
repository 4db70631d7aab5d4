import { decideOrder, type LiveStatus, type OrderEvent } from '../../../src/core/order/order-machine.js';
import type { Outcome } from '../../../src/core/order/order.js';
import { callByOf, type ShopSettings } from '../../../src/core/order/shop-settings.js';
import type { VirtualTime } from '../engine/virtual-time.js';
import type { Arrival } from '../world/arrivals.js';
import type { Database } from './database.js';
import type { DialQueue } from './dial-queue.js';
import { liveCallOf, type CallRow, type OrderRow } from './rows.js';

/** Where an order goes that is not finished. */
export interface Requeue {
  readonly notBefore: Date | null;
  readonly callbackAt?: Date | null;
  readonly callbackAgentId?: string | null;
  readonly isAbandoned?: boolean;
  readonly holdReason?: string | null;
}

/** The room of orders: rows that the order machine moves, and the queue that follows them. */
export class Orders {
  constructor(
    private readonly time: VirtualTime,
    private readonly database: Database,
    private readonly queue: DialQueue,
    private readonly settingsOf: (shopId: string) => ShopSettings,
    /** An order of a live call was withdrawn. */
    private readonly askToEndCall: (callId: string) => void,
  ) {}

  /** Stored before the shop hears of it. */
  accept(orderRef: string, arrival: Arrival): OrderRow {
    const settings = this.settingsOf(arrival.shopId);
    const receivedAt = this.time.date();
    const order: OrderRow = {
      orderRef,
      shopId: arrival.shopId,
      phone: arrival.phone,
      timeZone: arrival.timeZone,
      registeredAt: receivedAt,
      receivedAt,
      callBy: callByOf(settings, { registeredAt: receivedAt, confirmBy: null }),
      giveUpAt: new Date(receivedAt.getTime() + settings.giveUpAfterHours * 3_600_000),
      priority: arrival.priority,
      state: { status: 'accepted' },
      attempts: [],
      notBefore:
        settings.firstCall.delaySeconds > 0
          ? new Date(receivedAt.getTime() + settings.firstCall.delaySeconds * 1_000)
          : null,
      isAbandonedBefore: false,
      callbackAt: null,
      callbackAgentId: null,
      holdReason: null,
      waitReason: null,
      firstCallAt: null,
      withdrawRequestedAt: null,
      finishedAt: null,
      earlierAgentId: null,
    };
    this.database.insertOrder(order);
    return order;
  }

  /** accepted → scheduled; late and repeated jobs change nothing. */
  schedule(orderRef: string): void {
    this.database.check();
    if (this.apply(this.database.order(orderRef), { kind: 'schedule' })) this.database.notify();
  }

  withdraw(orderRef: string): void {
    this.database.check();
    const order = this.database.order(orderRef);
    const callId = liveCallOf(order);
    const isChanged = this.apply(order, { kind: 'withdraw' }, () => {
      order.withdrawRequestedAt ??= this.time.date();
    });
    if (isChanged && callId !== null) this.askToEndCall(callId);
  }

  progress(order: OrderRow, status: LiveStatus, callId: string): void {
    this.apply(order, { kind: 'call_progressed', status, callId }, () => {
      order.callbackAt = null;
      order.callbackAgentId = null;
    });
  }

  /** Back into the queue; false when it became final instead. */
  reschedule(order: OrderRow, to: Requeue): boolean {
    const decision = decideOrder(order.state, { kind: 'reschedule' });
    if ('ignored' in decision) return false;
    this.apply(order, { kind: 'reschedule' }, () => {
      if (decision.order.status === 'final') return;
      order.notBefore = to.callbackAt ?? to.notBefore;
      order.callbackAt = to.callbackAt ?? null;
      order.callbackAgentId = to.callbackAgentId ?? null;
      order.isAbandonedBefore ||= to.isAbandoned ?? false;
      order.holdReason = to.holdReason ?? null;
      order.waitReason = null;
    });
    this.database.notify();
    return decision.order.status !== 'final';
  }

  /** The dialer met it and cannot call it before `until`. */
  putOff(orderRef: string, until: Date, reason: string): void {
    const order = this.database.order(orderRef);
    if (order.state.status !== 'scheduled') return;
    this.database.writeOrder(order, () => {
      order.notBefore = until;
      order.waitReason = reason;
    });
    this.requeue(order);
  }

  finish(order: OrderRow, outcome: Outcome): void {
    this.apply(order, { kind: 'finish', outcome });
  }

  /** The buyer's other orders of the shop that this call can serve; before the talk those that may be called now. */
  join(row: CallRow, status: 'dialing' | 'connected'): void {
    const now = this.time.date();
    for (const order of this.database.openByPhone.get(row.route.phone) ?? []) {
      const { status: at } = order.state;
      if (order.shopId !== row.route.shopId || order.orderRef === row.route.orderRef) continue;
      if ((at !== 'scheduled' && at !== 'accepted') || order.holdReason !== null) continue;
      if (order.callbackAt !== null && order.callbackAt > now) continue;
      if (status === 'dialing' && order.notBefore !== null && order.notBefore > now) continue;
      if (at === 'accepted') this.apply(order, { kind: 'schedule' });
      this.database.addOrder(row, order);
      this.progress(order, status, row.callId);
    }
  }

  /** False when the machine ignored the event. */
  private apply(order: OrderRow, event: OrderEvent, more: () => void = () => undefined): boolean {
    const decision = decideOrder(order.state, event);
    if ('ignored' in decision) return false;
    this.database.writeOrder(order, () => {
      order.state = decision.order;
      more();
    });
    this.requeue(order);
    return true;
  }

  private requeue(order: OrderRow): void {
    if (order.state.status === 'scheduled' && order.holdReason === null) this.queue.put(order, this.time.date());
    else this.queue.remove(order.orderRef);
  }
}
