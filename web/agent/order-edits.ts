import {
  totalAfter,
  type Delivery,
  type OrderCard,
  type OrderItem,
  type OutcomeChanges,
} from '../../src/features/desktop/desktop.protocol.js';
import { fromWallClock, slotParts } from '../shared/zoned-time.js';

/** Fields of the card that an agent can type into. */
export const TEXT_FIELDS = [
  'name',
  'method',
  'city',
  'address',
  'pickupPoint',
  'slotDay',
  'slotFrom',
  'slotTo',
  'comment',
] as const;
export type TextField = (typeof TEXT_FIELDS)[number];

/** One line of the goods as the agent has it; `quantity` 0 takes the item out. */
export interface ItemEdit {
  readonly sku: string | null;
  readonly name: string;
  readonly quantity: number;
  readonly unitPrice: string;
  readonly group: string | null;
  /** The place in the shop's list; null for an item that the agent has added. */
  readonly from: number | null;
}

/** What the agent has typed over the order; what is absent stands as the shop sent it. */
export interface OrderEdits {
  readonly text: Readonly<Partial<Record<TextField, string>>>;
  readonly items: readonly ItemEdit[] | null;
}

export const NO_EDITS: OrderEdits = { text: {}, items: null };

/** Words for what is wrong, in the page's dictionary. */
export type EditFault =
  'slotNeedsAll' | 'nameEmpty' | 'itemNeedsPrice' | 'itemNeedsName' | 'noItems' | 'totalBelowZero';

/** The order's own value of a field. */
export function originalText(order: OrderCard, field: TextField): string {
  const slot = slotParts(order.delivery.slot);
  switch (field) {
    case 'name':
      return order.customer.name ?? '';
    case 'comment':
      return order.comment ?? '';
    case 'slotDay':
      return slot?.day ?? '';
    case 'slotFrom':
      return slot?.from ?? '';
    case 'slotTo':
      return slot?.to ?? '';
    case 'method':
    case 'city':
    case 'address':
    case 'pickupPoint':
      return order.delivery[field] ?? '';
  }
}

export function originalItems(order: OrderCard): ItemEdit[] {
  return order.items.map((item, from) => ({
    sku: item.sku,
    name: item.name ?? item.sku ?? '',
    quantity: item.quantity ?? 1,
    unitPrice: item.unitPrice ?? '',
    group: item.group,
    from,
  }));
}

export function textOf(order: OrderCard, edits: OrderEdits, field: TextField): string {
  return edits.text[field] ?? originalText(order, field);
}

export function itemsOf(order: OrderCard, edits: OrderEdits): readonly ItemEdit[] {
  return edits.items ?? originalItems(order);
}

/** A typed value; one that equals the shop's is no edit. */
export function withText(order: OrderCard, edits: OrderEdits, field: TextField, value: string): OrderEdits {
  const { [field]: _old, ...others } = edits.text;
  return { ...edits, text: value === originalText(order, field) ? others : { ...others, [field]: value } };
}

export function withItems(order: OrderCard, edits: OrderEdits, items: readonly ItemEdit[]): OrderEdits {
  const isSame = JSON.stringify(items) === JSON.stringify(originalItems(order));
  return { ...edits, items: isSame ? null : items };
}

/** What the outcome's body says of the edits, or what is wrong with them. */
export function changesOf(
  order: OrderCard,
  edits: OrderEdits,
): { readonly changes: OutcomeChanges | null; readonly fault: EditFault | null } {
  const delivery: { -readonly [K in keyof Delivery]?: Delivery[K] } = {};
  for (const field of ['method', 'city', 'address', 'pickupPoint'] as const) {
    const value = edits.text[field]?.trim();
    if (value !== undefined && value !== (order.delivery[field] ?? '')) delivery[field] = value === '' ? null : value;
  }
  const slot = slotChange(order, edits);
  if (slot === 'slotNeedsAll') return { changes: null, fault: slot };
  Object.assign(delivery, slot);

  const changes: { -readonly [K in keyof OutcomeChanges]: OutcomeChanges[K] } = {};
  if (Object.keys(delivery).length > 0) changes.delivery = delivery;
  const name = edits.text.name?.trim();
  if (name === '') return { changes: null, fault: 'nameEmpty' };
  if (name !== undefined && name !== order.customer.name) changes.customer = { name };
  const comment = edits.text.comment?.trim();
  if (comment !== undefined && comment !== '' && comment !== order.comment) changes.comment = comment;

  if (edits.items !== null) {
    const fault = itemsFault(order, edits.items);
    if (fault !== null) return { changes: null, fault };
    changes.items = keptItems(edits.items);
  }
  return { changes: Object.keys(changes).length > 0 ? changes : null, fault: null };
}

/** What an agent must have typed for these changes: the way back from {@link changesOf}. */
export function editsOf(order: OrderCard, changes: OutcomeChanges | null): OrderEdits {
  const { delivery = {}, customer, comment, items } = changes ?? {};
  const typed: Partial<Record<TextField, string | null | undefined>> = {
    name: customer?.name,
    comment,
    method: delivery.method,
    city: delivery.city,
    address: delivery.address,
    pickupPoint: delivery.pickupPoint,
  };
  if (delivery.slot !== undefined) {
    const slot = slotParts(delivery.slot);
    Object.assign(typed, { slotDay: slot?.day ?? '', slotFrom: slot?.from ?? '', slotTo: slot?.to ?? '' });
  }
  let edits = NO_EDITS;
  for (const field of TEXT_FIELDS) {
    const value = typed[field];
    if (value !== undefined) edits = withText(order, edits, field, value ?? '');
  }
  return items === undefined ? edits : withItems(order, edits, editedItems(order, items));
}

/** The shop's list with what has become of each item, and then those that the agent has added. */
function editedItems(order: OrderCard, items: readonly OrderItem[]): ItemEdit[] {
  const left = [...items];
  const kept = originalItems(order).map((old): ItemEdit => {
    const at = left.findIndex(({ sku, name }) => sku === old.sku && (sku !== null || name === old.name));
    const [now] = at === -1 ? [] : left.splice(at, 1);
    if (now === undefined) return { ...old, quantity: 0 };
    const { name, quantity, unitPrice } = now;
    return { ...old, name: name ?? old.name, quantity: quantity ?? 1, unitPrice: unitPrice ?? old.unitPrice };
  });
  const added = left.map(({ sku, name, quantity, unitPrice, group }): ItemEdit => ({
    sku,
    name: name ?? sku ?? '',
    quantity: quantity ?? 1,
    unitPrice: unitPrice ?? '',
    group,
    from: null,
  }));
  return [...kept, ...added];
}

/** The total as it will be, or null while the items cannot be added up. */
export function totalOf(order: OrderCard, edits: OrderEdits): { amount: string; currency: string } | null {
  return edits.items === null ? order.total : totalAfter(order, keptItems(edits.items));
}

function keptItems(items: readonly ItemEdit[]): OrderItem[] {
  return items
    .filter((item) => item.quantity > 0)
    .map(({ sku, name, quantity, unitPrice, group }) => ({
      sku,
      name: name.trim() === '' ? null : name.trim(),
      quantity,
      unitPrice: unitPrice === '' ? null : unitPrice,
      group,
    }));
}

function itemsFault(order: OrderCard, items: readonly ItemEdit[]): EditFault | null {
  const kept = items.filter((item) => item.quantity > 0);
  if (kept.length === 0) return 'noItems';
  if (kept.some((item) => item.name.trim() === '')) return 'itemNeedsName';
  if (kept.some((item) => item.unitPrice === '')) return 'itemNeedsPrice';
  return totalAfter(order, keptItems(items)) === null ? 'totalBelowZero' : null;
}

/** `slot` is absent when it stays as it is. */
function slotChange(order: OrderCard, edits: OrderEdits): { slot?: string | null } | 'slotNeedsAll' {
  const { slotDay, slotFrom, slotTo } = edits.text;
  if (slotDay === undefined && slotFrom === undefined && slotTo === undefined) return {};
  const [day, from, to] = (['slotDay', 'slotFrom', 'slotTo'] as const).map((field) => textOf(order, edits, field));
  if (!day && !from && !to) return { slot: null };
  if (!day || !from || !to || from >= to) return 'slotNeedsAll';
  const zone = order.customer.timeZone;
  return { slot: `${fromWallClock(day, from, zone)}/${fromWallClock(day, to, zone)}` };
}
