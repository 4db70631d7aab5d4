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
/** Stands on the panel while there is no call: in its form like most calls, so that little has to be drawn when one comes. Nobody sees it. */
export const BLANK_CALL: CallOnScreen = {
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
