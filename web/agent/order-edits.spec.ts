import { describe, expect, it } from 'vitest';
import type { OrderCard } from '../../src/features/desktop/desktop.protocol.js';
import { changesOf, NO_EDITS, originalItems, totalOf, withItems, withText, type OrderEdits } from './order-edits.js';
import { anOrderCard } from './spec-orders.js';

const order: OrderCard = anOrderCard();
const typed = (...pairs: [Parameters<typeof withText>[2], string][]): OrderEdits =>
  pairs.reduce((edits, [field, value]) => withText(order, edits, field, value), NO_EDITS);

describe('what an agent types over an order', () => {
  it('is nothing while it equals the order', () => {
    expect(typed(['city', 'Львів'], ['city', 'Київ'])).toEqual(NO_EDITS);
    expect(withItems(order, NO_EDITS, originalItems(order))).toEqual(NO_EDITS);
    expect(changesOf(order, NO_EDITS)).toEqual({ changes: null, fault: null });
  });

  it('becomes changes, with null for what was emptied', () => {
    const edits = typed(['address', 'вул. Хрещатик, 2 '], ['pickupPoint', 'No 5'], ['city', ''], ['name', 'Ірина']);
    expect(changesOf(order, edits)).toEqual({
      changes: {
        delivery: { city: null, address: 'вул. Хрещатик, 2', pickupPoint: 'No 5' },
        customer: { name: 'Ірина' },
      },
      fault: null,
    });
  });

  it('keeps a slot on the buyer’s clock, and refuses half a one', () => {
    const { changes } = changesOf(order, typed(['slotDay', '2026-11-24'], ['slotTo', '14:00']));
    expect(changes?.delivery?.slot).toBe('2026-11-24T10:00:00+02:00/2026-11-24T14:00:00+02:00');
    expect(changesOf(order, typed(['slotTo', '09:00'])).fault).toBe('slotNeedsAll');
    expect(changesOf(order, typed(['slotDay', ''])).fault).toBe('slotNeedsAll');
    const emptied = typed(['slotDay', ''], ['slotFrom', ''], ['slotTo', '']);
    expect(changesOf(order, emptied).changes?.delivery?.slot).toBeNull();
  });

  it('lets the total follow the items', () => {
    const [tv, cable] = originalItems(order);
    if (!tv || !cable) throw new Error('the order has two items');
    const edits = withItems(order, NO_EDITS, [
      { ...tv, quantity: 2 },
      { ...cable, quantity: 0 },
    ]);
    expect(totalOf(order, edits)).toEqual({ amount: '32098.00', currency: 'UAH' });
    expect(changesOf(order, edits).changes?.items).toMatchObject([{ sku: 'TV-55', quantity: 2 }]);
  });

  it('says what is wrong with items', () => {
    const [tv, cable] = originalItems(order);
    if (!tv || !cable) throw new Error('the order has two items');
    const fault = (...items: (typeof tv)[]) => changesOf(order, withItems(order, NO_EDITS, items)).fault;
    expect(fault({ ...tv, quantity: 0 }, { ...cable, quantity: 0 })).toBe('noItems');
    expect(fault(tv, { ...cable, name: ' ' })).toBe('itemNeedsName');
    expect(fault(tv, { ...cable, unitPrice: '' })).toBe('itemNeedsPrice');
    expect(fault(tv, { ...cable, unitPrice: '1,5' })).toBe('totalBelowZero');
    expect(changesOf(order, typed(['name', ' '])).fault).toBe('nameEmpty');
  });
});
