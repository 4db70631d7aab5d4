import { describe, expect, it } from 'vitest';
import type { OrderItem } from '../order/order-card.js';
import { readChanges } from './changes.js';
import { totalAfter } from './total.js';

const item = (more: Partial<OrderItem>): OrderItem => ({
  sku: 'TV-55',
  name: 'TV 55"',
  quantity: 1,
  unitPrice: '15999.00',
  group: 'tv',
  ...more,
});
const order = { items: [item({})], total: { amount: '16099.00', currency: 'UAH' } };
const pointers = (input: unknown) => readChanges(input, order).errors.map((error) => error.pointer);

describe('changes', () => {
  it.each([[null], [undefined], [{}], [{ delivery: {} }], [{ delivery: null, items: null }]])(
    '%j changes nothing',
    (input) => {
      expect(readChanges(input, order)).toEqual({ changes: null, errors: [] });
    },
  );

  it('keeps only what is said, null included', () => {
    const input = {
      delivery: {
        address: 'вул. Хрещатик, 2',
        pickupPoint: null,
        slot: '2026-11-23T14:00+02:00/2026-11-23T16:00+02:00',
      },
    };
    expect(readChanges(input, order)).toEqual({ changes: input, errors: [] });
  });

  it('fills items from the old ones, and the total follows with delivery kept', () => {
    const { changes, errors } = readChanges({ items: [{ sku: 'TV-55', quantity: 2 }] }, order);
    expect(errors).toEqual([]);
    expect(changes).toEqual({ items: [item({ quantity: 2 })], total: { amount: '32098.00', currency: 'UAH' } });
  });

  const wrong: [string, unknown, string[]][] = [
    ['not an object', 'all', ['/changes']],
    ['a list', [], ['/changes']],
    ['a total by hand', { total: { amount: '1.00' } }, ['/changes/total']],
    ['an unknown field', { delivery: { street: 'x' } }, ['/changes/delivery/street']],
    ['an unknown field that needs escapes', { 'a/b~c': 1 }, ['/changes/a~1b~0c']],
    ['a slot that is none', { delivery: { slot: 'tomorrow' } }, ['/changes/delivery/slot']],
    ['an empty text', { comment: '' }, ['/changes/comment']],
    ['control characters', { comment: 'a\u0000b' }, ['/changes/comment']],
    ['no items', { items: [] }, ['/changes/items']],
    ['an item that is none', { items: [null] }, ['/changes/items/0']],
    ['a new item without a price', { items: [{ sku: 'NEW' }] }, ['/changes/items/0/unitPrice']],
    ['a price of other digits', { items: [{ sku: 'TV-55', unitPrice: '1.5' }] }, ['/changes/items/0/unitPrice']],
    ['a quantity of none', { items: [{ sku: 'TV-55', quantity: 0 }] }, ['/changes/items/0/quantity']],
    ['several faults', { comment: 7, payment: { method: 1 } }, ['/changes/payment/method', '/changes/comment']],
  ];
  it.each(wrong)('names the wrong field: %s', (_, input, expected) => {
    expect(pointers(input)).toEqual(expected);
  });

  it('refuses a total below zero', () => {
    const discounted = { items: [item({})], total: { amount: '15000.00', currency: 'UAH' } };
    expect(
      readChanges({ items: [{ sku: 'X', unitPrice: '1.00' }] }, discounted).errors.map((error) => error.pointer),
    ).toEqual(['/changes/items']);
  });
});

describe('the total', () => {
  it('is the sum of the goods when the order had none with prices', () => {
    expect(totalAfter({ items: [], total: order.total }, [item({ unitPrice: '10.50', quantity: 3 })])).toEqual({
      amount: '31.50',
      currency: 'UAH',
    });
  });
  it('keeps the digits of the currency', () => {
    const yen = { items: [item({ unitPrice: '100' })], total: { amount: '150', currency: 'JPY' } };
    expect(totalAfter(yen, [item({ unitPrice: '100', quantity: 2 })])).toEqual({ amount: '250', currency: 'JPY' });
    const small = { items: [item({ unitPrice: '0.05' })], total: { amount: '0.05', currency: 'UAH' } };
    expect(totalAfter(small, [item({ unitPrice: '0.02' })])).toEqual({ amount: '0.02', currency: 'UAH' });
  });
  it('weighs goods to a thousandth without binary fractions', () => {
    expect(totalAfter({ items: [], total: order.total }, [item({ unitPrice: '0.10', quantity: 0.3 })])?.amount).toBe(
      '0.03',
    );
  });
});
