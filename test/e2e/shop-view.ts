import {
  anOrder,
  type Answer,
  type DeliveryTry,
  type DemoOrder,
  type DemoShop,
} from '../../tools/demo-shop/demo-shop.js';
import { waitFor } from '../support/wait.js';

/** An attempt as the shop's API shows it. */
export interface AttemptView {
  readonly number: number;
  readonly callId: string;
  readonly result: string | null;
  readonly dialedAt: string | null;
  readonly answeredAt: string | null;
  readonly connectedAt: string | null;
  readonly endedAt: string | null;
}

/** An order as the shop's API shows it; what the tests look at. */
export interface OrderStatusView {
  readonly status: string;
  readonly outcome: string | null;
  readonly waitingFor: { readonly code: string; readonly sentence: string; readonly until: string | null };
  readonly attempts: readonly AttemptView[];
  readonly deliveries: readonly { readonly event: string; readonly sequence: number; readonly state: string }[];
  readonly nextAttemptAt: string | null;
}

let numbers = 0;

/** Any buyer's number that no other test calls; the last two digits say what the buyer does. */
export function buyerNumber(ending: string, prefix = '+38067'): string {
  numbers += 1;
  return `${prefix}${String(31_000 + numbers)}${ending}`;
}

/** What a test may wish of an order beside what its buyer does. */
interface OrderWish {
  /** Of the number. */
  readonly prefix?: string;
  readonly priority?: number;
}

/** A shop as its developer works with it: orders in, questions, and its own ledger of what came back. */
export class ShopView {
  constructor(readonly shop: DemoShop) {}

  /** Sends an order of a new buyer; it must be taken. */
  async send(ending: string, more: OrderWish = {}): Promise<DemoOrder> {
    const order = this.order(ending, more);
    const answer = await this.shop.sendOrder(order);
    if (answer.status !== 202)
      throw new Error(`the order was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return order;
  }

  /** An order that is not sent yet. */
  order(ending: string, more: OrderWish = {}): DemoOrder {
    const phone = buyerNumber(ending, more.prefix);
    return { ...anOrder({ orderId: `Q7X-${numbers}-${ending}`, phone }), priority: more.priority ?? 0 };
  }

  async cancel(order: DemoOrder, version = 2): Promise<Answer> {
    return this.shop.cancelOrder(order.orderId, version);
  }

  async see(order: DemoOrder): Promise<OrderStatusView> {
    const answer = await this.shop.getOrder(order.orderId);
    if (answer.status !== 200) throw new Error(`the order cannot be seen: ${answer.status}`);
    return answer.body as OrderStatusView;
  }

  /** Waits until the order is as wanted; `what` names that in a failure. */
  async waitUntil(
    order: DemoOrder,
    what: string,
    isWanted: (seen: OrderStatusView) => boolean,
    limitMs = 15_000,
  ): Promise<OrderStatusView> {
    let last: OrderStatusView | null = null;
    try {
      return await waitFor(
        what,
        async () => {
          last = await this.see(order);
          return isWanted(last) ? last : null;
        },
        limitMs,
      );
    } catch (error) {
      throw new Error(`${String(error)}; the order is ${JSON.stringify(last)}`, { cause: error });
    }
  }

  async waitForStatus(order: DemoOrder, status: string, limitMs?: number): Promise<OrderStatusView> {
    return this.waitUntil(order, `status ${status}`, (seen) => seen.status === status, limitMs);
  }

  /** What the order waits for, once it is this. */
  async waitForCode(order: DemoOrder, code: string, limitMs?: number): Promise<OrderStatusView> {
    return this.waitUntil(order, `waitingFor ${code}`, (seen) => seen.waitingFor.code === code, limitMs);
  }

  /** The outcome that the shop acknowledged. */
  async outcome(order: DemoOrder, limitMs = 30_000): Promise<string> {
    return this.shop.waitForOutcome(order.orderId, limitMs);
  }

  /** What the shop was told about the order, in the order of arrival. */
  told(order: DemoOrder, event?: string): DeliveryTry[] {
    return this.shop
      .deliveries()
      .filter((one) => one.orderId === order.orderId && (event === undefined || one.event === event));
  }
}
