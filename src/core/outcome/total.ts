import type { OrderItem } from '../order/order-card.js';
import { currencyDigits, readMoney } from '../shared/money.js';

export interface Total {
  /** Decimal string with the currency's digits. */
  readonly amount: string;
  readonly currency: string;
}

const QUANTITY_STEPS = 1000n; // quantities are kept to a thousandth (weighed goods)

/** The sum of quantity × price in the currency's smallest unit, or null when an item has no price. A missing quantity is one. */
function sumOf(items: readonly OrderItem[], currency: string): bigint | null {
  let thousandths = 0n;
  for (const item of items) {
    const price = item.unitPrice === null ? null : readMoney(item.unitPrice, currency);
    if (price === null) return null;
    thousandths += price.minor * BigInt(Math.round((item.quantity ?? 1) * Number(QUANTITY_STEPS)));
  }
  return (thousandths + QUANTITY_STEPS / 2n) / QUANTITY_STEPS;
}

/**
 * The order's total once its items have become `items`: what stood beside the goods (delivery, discount) stays as it was.
 *
 * @returns null when it cannot be said: an item without a price, or a total that would fall below zero
 */
export function totalAfter(
  order: { items: readonly OrderItem[]; total: Total },
  items: readonly OrderItem[],
): Total | null {
  const { currency } = order.total;
  const digits = currencyDigits(currency);
  const before = readMoney(order.total.amount, currency);
  const goods = sumOf(items, currency);
  if (digits === null || before === null || goods === null) return null;
  const goodsBefore = order.items.length > 0 ? sumOf(order.items, currency) : null;
  const minor = goodsBefore === null ? goods : before.minor + goods - goodsBefore;
  if (minor < 0n) return null;
  const text = minor.toString().padStart(digits + 1, '0');
  const amount = digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
  return { amount, currency };
}
