import { anOrder, type DemoOrder } from '../../../tools/demo-shop/demo-shop.js';
import { seededRandom } from '../../../tools/demo-shop/demo-orders.js';
import type { LoadShop, ShopClients } from './client.js';

export interface LoadPlan {
  readonly ordersPerSecond: number;
  readonly seed: number;
  /** Begins every order number. */
  readonly run: string;
}

/** Buyers of the run by the last two digits of their number, with their shares: most answer within two seconds and talk. */
const ENDINGS: readonly (readonly [ending: string, share: number])[] = [
  ['00', 14],
  ['06', 14],
  ['12', 14],
  ['18', 12],
  ['01', 10],
  ['07', 10],
  ['13', 6],
  ['02', 4],
  ['03', 2],
  ['60', 3],
  ['61', 1],
  ['62', 1],
  ['63', 2],
  ['64', 1],
  ['66', 2],
  ['69', 1],
  ['70', 1],
  ['73', 1],
  ['74', 1],
];
const SHARES = ENDINGS.reduce((sum, [, share]) => sum + share, 0);
/** Of new orders: from a buyer who has ordered there a moment ago, or at another shop. */
const SAME_BUYER = 0.1;
const OTHER_SHOPS_BUYER = 0.03;
const REPEATED = 0.03;
const CANCELLED = 0.05;
const MOST_CANCEL_DELAY_MS = 6_000;

/** Orders of many buyers at an even pace, some cancelled soon, some posted twice; what each buyer does is in their number. */
export class Load {
  /** Everything posted, by order number. */
  readonly orders = new Map<string, DemoOrder>();
  private readonly random: () => number;
  private readonly firstMiddle: number;
  private readonly recent: { order: DemoOrder; shop: string }[] = [];
  private timer: NodeJS.Timeout | undefined;
  private count = 0;

  constructor(
    private readonly shops: readonly LoadShop[],
    private readonly clients: ShopClients,
    private readonly plan: LoadPlan,
  ) {
    this.random = seededRandom(plan.seed);
    this.firstMiddle = Math.floor(this.random() * 100_000);
  }

  begin(): void {
    this.timer = setInterval(() => this.next(), 1_000 / this.plan.ordersPerSecond);
  }

  end(): void {
    clearInterval(this.timer);
  }

  /** One order for a shop that is not of the even stream. */
  make(ending = this.ending()): DemoOrder {
    return this.build(this.freshNumber(ending));
  }

  private next(): void {
    const to = this.shops[Math.floor(this.random() * this.shops.length)]!;
    const order = this.build(this.number(to.name));
    this.recent.push({ order, shop: to.name });
    if (this.recent.length > 60) this.recent.shift();
    const chance = this.random();
    if (chance < REPEATED) {
      void this.clients.repeat(to, order);
      return;
    }
    void this.clients.order(to, order);
    if (chance < REPEATED + CANCELLED) {
      setTimeout(() => void this.clients.cancel(to, order), this.random() * MOST_CANCEL_DELAY_MS);
    }
  }

  private build(phone: string): DemoOrder {
    this.count += 1;
    const orderId = `${this.plan.run}-${String(this.count).padStart(5, '0')}`;
    const order = anOrder({ orderId, phone, random: this.random, now: new Date() });
    this.orders.set(orderId, order);
    return order;
  }

  private number(shop: string): string {
    const chance = this.random();
    const same = this.recent.filter((one) => one.shop === shop);
    const other = this.recent.filter((one) => one.shop !== shop);
    const from = chance < SAME_BUYER ? same : chance < SAME_BUYER + OTHER_SHOPS_BUYER ? other : [];
    const again = from[Math.floor(this.random() * from.length)];
    return again?.order.customer.phone ?? this.freshNumber(this.ending());
  }

  private freshNumber(ending: string): string {
    // Each number of the run is a buyer of its own; the last two digits are the buyer's ways.
    const middle = String((this.firstMiddle + this.count * 7) % 100_000).padStart(5, '0');
    return `+38067${middle}${ending}`;
  }

  private ending(): string {
    let at = this.random() * SHARES;
    for (const [ending, share] of ENDINGS) {
      at -= share;
      if (at < 0) return ending;
    }
    return '00';
  }
}
