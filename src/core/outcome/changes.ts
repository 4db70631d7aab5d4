import type { Delivery, OrderItem } from '../order/order-card.js';
import type { FieldError } from '../shared/errors.js';
import { readMoney } from '../shared/money.js';
import { isInterval } from '../shared/timestamp.js';
import { totalAfter, type Total } from './total.js';

/**
 * What buyer and agent agreed to change: only the fields that differ. `items` is the whole new list, and `total` follows from it; an agent never
 * sets a total by hand.
 */
export interface OutcomeChanges {
  readonly delivery?: Partial<Delivery>;
  readonly items?: readonly OrderItem[];
  readonly customer?: { readonly name?: string; readonly email?: string | null };
  readonly payment?: { readonly method?: string };
  readonly comment?: string;
  readonly total?: Total;
}

/** The order as it stands, as far as changes refer to it. */
interface OrderAsItStands {
  readonly items: readonly OrderItem[];
  readonly total: Total;
}

type Fields = Record<string, unknown>;

const DELIVERY_FIELDS = ['method', 'city', 'address', 'pickupPoint', 'slot'] as const;
const MAX_ITEMS = 200;
const MAX_TEXT = 500;
const MAX_COMMENT = 2000;
// C0 and C1 control characters but tab and line feed, and the marks that reverse the direction of text.
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

/** Whether a text of a person may be kept and shown as it is. */
export function isPlainText(text: string): boolean {
  return !UNPRINTABLE.test(text);
}

/**
 * Reads the `changes` an agent sent; every wrong field is named with its JSON Pointer, and nothing unknown passes.
 *
 * @returns `changes` null when nothing changes (absent, null or an empty object)
 */
export function readChanges(
  input: unknown,
  order: OrderAsItStands,
): { readonly changes: OutcomeChanges | null; readonly errors: readonly FieldError[] } {
  if (input === null || input === undefined) return { changes: null, errors: [] };
  const reader = new FieldReader();
  const fields = reader.fields(input, '/changes', ['delivery', 'items', 'customer', 'payment', 'comment']);
  if (!fields) return { changes: null, errors: reader.errors };
  const changes: { -readonly [K in keyof OutcomeChanges]: OutcomeChanges[K] } = {};

  const delivery = reader.fields(fields['delivery'], '/changes/delivery', DELIVERY_FIELDS);
  if (delivery) changes.delivery = readDelivery(reader, delivery);
  const customer = reader.fields(fields['customer'], '/changes/customer', ['name', 'email']);
  if (customer) {
    changes.customer = {
      ...reader.text(customer, 'name', '/changes/customer'),
      ...reader.textOrNull(customer, 'email', '/changes/customer'),
    };
  }
  const payment = reader.fields(fields['payment'], '/changes/payment', ['method']);
  if (payment) changes.payment = reader.text(payment, 'method', '/changes/payment');
  Object.assign(changes, reader.text(fields, 'comment', '/changes', MAX_COMMENT));
  if (fields['items'] !== undefined && fields['items'] !== null) {
    const items = readItems(reader, fields['items'], order);
    changes.items = items;
    const total = reader.errors.length === 0 ? totalAfter(order, items) : null;
    if (total) changes.total = total;
    else if (reader.errors.length === 0) reader.add('/changes/items', 'the total would fall below zero');
  }
  for (const part of ['delivery', 'customer', 'payment'] as const) {
    if (changes[part] && Object.keys(changes[part]).length === 0) delete changes[part];
  }
  return { changes: Object.keys(changes).length > 0 ? changes : null, errors: reader.errors };
}

function readDelivery(reader: FieldReader, fields: Fields): Partial<Delivery> {
  const delivery: Record<string, string | null> = {};
  for (const name of DELIVERY_FIELDS) Object.assign(delivery, reader.textOrNull(fields, name, '/changes/delivery'));
  const slot = delivery['slot'];
  if (slot && !isInterval(slot))
    reader.add('/changes/delivery/slot', 'an ISO 8601 interval, e.g. 2026-11-23T10:00+02:00/2026-11-23T12:00+02:00');
  return delivery;
}

/** New items keep what they do not say from the old item of the same `sku`. */
function readItems(reader: FieldReader, input: unknown, order: OrderAsItStands): OrderItem[] {
  if (!Array.isArray(input) || input.length === 0 || input.length > MAX_ITEMS) {
    reader.add('/changes/items', `the whole new list, 1 to ${MAX_ITEMS} items; send "declined" when nothing is left`);
    return [];
  }
  return input.map((entry: unknown, i): OrderItem => {
    const at = `/changes/items/${i}`;
    const fields = reader.fields(entry, at, ['sku', 'name', 'quantity', 'unitPrice', 'group']);
    if (!fields) {
      if (entry === null || entry === undefined) reader.add(at, 'an object');
      return { sku: null, name: null, quantity: null, unitPrice: null, group: null };
    }
    const said = {
      ...reader.textOrNull(fields, 'sku', at),
      ...reader.textOrNull(fields, 'name', at),
      ...reader.textOrNull(fields, 'unitPrice', at),
      ...reader.textOrNull(fields, 'group', at),
    } as Partial<Record<'sku' | 'name' | 'unitPrice' | 'group', string | null>>;
    const old = order.items.find((item) => item.sku !== null && item.sku === said.sku);
    const unitPrice = said.unitPrice ?? old?.unitPrice ?? null;
    if (unitPrice === null || readMoney(unitPrice, order.total.currency) === null) {
      reader.add(`${at}/unitPrice`, 'a decimal string with the digits of the order’s currency');
    }
    const quantity = fields['quantity'] ?? old?.quantity ?? 1;
    const isQuantity = typeof quantity === 'number' && quantity > 0 && quantity <= 100_000;
    if (!isQuantity || Number(quantity.toFixed(3)) !== quantity) {
      reader.add(`${at}/quantity`, 'a number above 0, at most 100000, with at most three decimals');
    }
    if (!said.sku && !said.name) reader.add(at, 'needs a sku or a name');
    return {
      sku: said.sku ?? null,
      name: said.name ?? old?.name ?? null,
      quantity: typeof quantity === 'number' ? quantity : null,
      unitPrice,
      group: said.group ?? old?.group ?? null,
    };
  });
}

/** Reads fields of unknown input and remembers what is wrong with them. */
class FieldReader {
  readonly errors: FieldError[] = [];

  add(pointer: string, detail: string): void {
    this.errors.push({ pointer, detail });
  }

  fields(input: unknown, pointer: string, allowed: readonly string[]): Fields | null {
    if (input === null || input === undefined) return null;
    if (typeof input !== 'object' || Array.isArray(input)) {
      this.add(pointer, 'an object');
      return null;
    }
    for (const name of Object.keys(input)) {
      if (!allowed.includes(name)) {
        this.add(`${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1').slice(0, 64)}`, 'unknown field');
      }
    }
    return input as Fields;
  }

  text(fields: Fields, name: string, parent: string, max = MAX_TEXT): Fields {
    return fields[name] === null ? {} : this.textOrNull(fields, name, parent, max);
  }

  textOrNull(fields: Fields, name: string, parent: string, max = MAX_TEXT): Fields {
    const value = fields[name];
    if (value === undefined || value === null) return value === null ? { [name]: null } : {};
    if (typeof value === 'string' && value.length > 0 && value.length <= max && isPlainText(value))
      return { [name]: value };
    this.add(`${parent}/${name}`, `text of 1 to ${max} printable characters`);
    return {};
  }
}
