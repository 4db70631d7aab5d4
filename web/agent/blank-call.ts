import { useEffect, useState } from 'react';
import type { OrderCard } from '../../src/features/desktop/desktop.protocol.js';
import type { CallOnScreen } from './desk-view.js';

const ITEM = { sku: '1', name: '1', quantity: 1, unitPrice: '1.00', group: null };
const ORDER: OrderCard = {
  id: '',
  shopId: '',
  orderId: '',
  version: 1,
  status: 'connected',
  outcome: null,
  registeredAt: '2026-01-01T00:00:00Z',
  callBy: null,
  attempts: 1,
  callbackAt: null,
  isWithdrawRequested: false,
  customer: { name: null, phone: '' as OrderCard['customer']['phone'], language: 'uk', timeZone: null, email: null },
  items: [ITEM, ITEM],
  total: { amount: '2.00', currency: 'UAH' },
  payment: { method: 'card', paid: true },
  delivery: { method: 'courier', city: null, address: null, pickupPoint: null, slot: null },
  source: { channel: null, campaign: null },
  priority: 0,
  confirmBy: null,
  comment: null,
  metadata: {},
};
const BLANK: CallOnScreen = {
  callId: '',
  order: ORDER,
  attempts: [],
  otherOrders: [],
  shop: { shop: '', name: '', language: 'uk', timeZone: 'Europe/Kyiv' },
  callbackWindows: [],
  connectedAt: '2026-01-01T00:00:00Z',
  wrapUpSeconds: 1,
  script: { language: 'uk', text: '…' },
  said: [],
  endedAt: null,
  wrapUpUntil: null,
  isHeld: false,
};
/** The same with other words in every place. */
const OTHER: CallOnScreen = {
  ...BLANK,
  order: {
    ...ORDER,
    orderId: '0',
    customer: { ...ORDER.customer, name: '0', language: 'ru' },
    items: [{ ...ITEM, name: '0', quantity: 2 }, ITEM, ITEM],
    total: { amount: '4.00', currency: 'UAH' },
    payment: { method: 'cash', paid: false },
    delivery: {
      method: 'pickup',
      city: '0',
      address: '0',
      pickupPoint: '0',
      slot: '2026-01-01T10:00+02:00/2026-01-01T12:00+02:00',
    },
    comment: '0',
  },
  shop: { ...BLANK.shop, name: '0' },
  script: { language: 'uk', text: '0' },
};

/** After the page has come to rest, and long before the first call. */
const AFTER_MS = 1_500;
const BETWEEN_MS = 150;
/** By then filling a panel takes no less time any more. */
const DRAWS = 8;

/**
 * What stands on the panel while there is no call: in its form like most calls, so that little has to be drawn when one comes. It is exchanged a few times
 * at first, since what a browser does for the first times takes it several times as long, and the first buyers should not wait for that. Nobody sees it.
 */
export function useBlankCall(isIdle: boolean): CallOnScreen {
  const [drawn, setDrawn] = useState(0);
  const isOver = drawn === DRAWS || !isIdle;
  useEffect(() => {
    if (isOver) return undefined;
    const timer = setTimeout(() => setDrawn(drawn + 1), drawn === 0 ? AFTER_MS : BETWEEN_MS);
    return () => clearTimeout(timer);
  }, [isOver, drawn]);
  return drawn % 2 === 0 ? BLANK : OTHER;
}
