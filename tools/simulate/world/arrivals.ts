import { SPECIAL_ENDINGS } from '../../demo-shop/demo-orders.js';
import type { Chance } from '../engine/chance.js';
import type { OrdersPlan, ShopPlan } from '../scenario/scenario.js';
import { hourOf, minuteOf, type Day } from './day.js';

/** An order that a shop will send. */
export interface Arrival {
  readonly atMs: number;
  readonly shopId: string;
  readonly phone: string;
  readonly timeZone: string | null;
  readonly priority: number;
  /** When the shop takes it back; null: never. */
  readonly cancelAtMs: number | null;
}

const MINUTE_MS = 60_000;
/** The demo shop's numbers beside those who answer and talk, in their turn. */
const ENDINGS = Object.values(SPECIAL_ENDINGS);

/** All orders of a shop's day, in the order of their arrival; `firstNumber` keeps the shops' buyers apart. */
export function arrivalsOf(shop: ShopPlan, day: Day, chance: Chance, firstNumber: number): Arrival[] {
  const { orders, buyers } = shop;
  const instants = [...Array<number>(orders.overnight).fill(day.startMs), ...instantsOf(orders, day, chance)];
  instants.sort((a, b) => a - b);
  const zones = chance.stream('zones');
  const numbers = new Numbers(chance.stream('numbers'), firstNumber, buyers.behaviour === 'carrier');
  return instants.map((atMs) => ({
    atMs,
    shopId: shop.shop,
    phone: numbers.next(orders.repeatRatio),
    timeZone: Object.keys(buyers.timeZones).length === 0 ? null : zones.pick(buyers.timeZones),
    priority: chance.isTrue(orders.urgentRatio) ? 9 : 0,
    cancelAtMs: chance.isTrue(orders.cancelRatio) ? atMs + chance.draw(orders.cancelSeconds) * 1_000 : null,
  }));
}

function instantsOf(orders: OrdersPlan, day: Day, chance: Chance): number[] {
  const minutes = Math.floor((day.endMs - day.startMs) / MINUTE_MS);
  const weights = Array.from({ length: minutes }, (_, i) => {
    const atMs = day.startMs + i * MINUTE_MS;
    return (orders.byHour[hourOf(day, atMs)] ?? 0) * factorAt(orders, day, atMs);
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const instants: number[] = [];
  if (total > 0) {
    const shares = Array.from({ length: orders.count }, () => chance.next() * total).sort((a, b) => a - b);
    let minute = 0;
    let before = 0;
    for (const share of shares) {
      while (share >= before + weights[minute]!) before += weights[minute++]!;
      instants.push(day.startMs + (minute + (share - before) / weights[minute]!) * MINUTE_MS);
    }
  }
  for (const sale of orders.flashSales) {
    if (!('orders' in sale)) continue;
    const from = day.startMs + minutesInto(day, sale.at) * MINUTE_MS;
    for (let i = 0; i < sale.orders; i++) instants.push(from + chance.next() * sale.minutes * MINUTE_MS);
  }
  return instants;
}

function factorAt(orders: OrdersPlan, day: Day, atMs: number): number {
  let factor = 1;
  for (const sale of orders.flashSales) {
    if (!('factor' in sale)) continue;
    const into = (atMs - day.startMs) / MINUTE_MS - minutesInto(day, sale.at);
    if (into >= 0 && into < sale.minutes) factor *= sale.factor;
  }
  return factor;
}

/** Minutes from the begin of the scenario to a time of day. */
function minutesInto(day: Day, timeOfDay: string): number {
  return (minuteOf(timeOfDay) - day.startMinute + 1_440) % 1_440;
}

/** Numbers of Ukraine's mobile range; some buyers come again. */
class Numbers {
  private readonly given: string[] = [];
  private count = 0;

  constructor(
    private readonly chance: Chance,
    private readonly first: number,
    private readonly isDemoMix: boolean,
  ) {}

  next(repeatRatio: number): string {
    if (this.given.length > 0 && this.chance.isTrue(repeatRatio))
      return this.given[Math.floor(this.chance.next() * this.given.length)]!;
    const i = this.count++;
    const middle = this.first + i;
    const isSpecial = i % 5 === 2 || i % 5 === 4;
    const specials = Math.floor(i / 5) * 2 + (i % 5 === 4 ? 1 : 0);
    const ending =
      this.isDemoMix && isSpecial
        ? ENDINGS[specials % ENDINGS.length]!
        : String(Math.floor(this.chance.next() * (this.isDemoMix ? 60 : 100))).padStart(2, '0');
    const number = `+380${['67', '50', '63', '68'][Math.floor(middle / 100_000) % 4]}${String(middle % 100_000).padStart(5, '0')}${ending}`;
    this.given.push(number);
    return number;
  }
}
