import type { OrderCard } from '../../src/features/desktop/desktop.protocol.js';

/** An order for tests: two items, a delivery fee of 100, a slot in Kyiv. */
export function anOrderCard(more: Partial<OrderCard> = {}): OrderCard {
  return {
    id: '01a202bb-0000-7000-8000-000000000001',
    shopId: 'demo',
    orderId: 'A-1001',
    version: 1,
    status: 'connected',
    outcome: null,
    registeredAt: '2026-11-22T09:59:58Z',
    callBy: null,
    attempts: 1,
    callbackAt: null,
    isWithdrawRequested: false,
    customer: {
      name: 'Олена Ткач',
      phone: '+380671234567' as OrderCard['customer']['phone'],
      language: 'uk',
      timeZone: 'Europe/Kyiv',
      email: null,
    },
    items: [
      { sku: 'TV-55', name: 'TV 55"', quantity: 1, unitPrice: '15999.00', group: 'tv' },
      { sku: 'HDMI', name: 'Cable', quantity: 2, unitPrice: '50.00', group: null },
    ],
    total: { amount: '16199.00', currency: 'UAH' },
    payment: { method: 'cash_on_delivery', paid: false },
    delivery: {
      method: 'courier',
      city: 'Київ',
      address: 'вул. Хрещатик, 1',
      pickupPoint: null,
      slot: '2026-11-23T10:00+02:00/2026-11-23T12:00+02:00',
    },
    source: { channel: 'web', campaign: null },
    priority: 0,
    confirmBy: null,
    comment: null,
    metadata: {},
    ...more,
  };
}
