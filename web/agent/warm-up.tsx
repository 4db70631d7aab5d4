import { useEffect, useState } from 'react';
import type { OrderCard } from '../../src/features/desktop/desktop.protocol.js';
import type { CallOnScreen } from './desk-view.js';
import { OrderCardView } from './order-card.js';
import type { Talk } from './talk.js';
import { EMPTY_DRAFT } from './talk-draft.js';

/** After the page has come to rest, and long before the first call. */
const AFTER_MS = 1_000;
const BETWEEN_MS = 150;
/** By then drawing it takes no less time any more. */
const DRAWS = 6;

/**
 * Draws a card a few times where nobody sees it, while there is no call: what a browser does for the first times takes it several times as long, and the
 * first buyers should not wait for that.
 */
export function WarmUp({ isIdle }: { readonly isIdle: boolean }) {
  const [drawn, setDrawn] = useState(0);
  const [isDrawing, setDrawing] = useState(false);
  const isOver = drawn === DRAWS || !isIdle;
  useEffect(() => {
    if (isOver) return undefined;
    const pauseMs = drawn === 0 ? AFTER_MS : BETWEEN_MS;
    const timer = setTimeout(
      () => {
        if (isDrawing) setDrawn(drawn + 1);
        setDrawing(!isDrawing);
      },
      isDrawing ? 0 : pauseMs,
    );
    return () => clearTimeout(timer);
  }, [isOver, drawn, isDrawing]);
  if (isOver || !isDrawing) return null;
  return (
    <div hidden inert aria-hidden>
      <OrderCardView call={CALL} order={ORDER} talk={TALK as Talk} isOpen />
    </div>
  );
}

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
const CALL: CallOnScreen = {
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
const TALK: Pick<Talk, 'draftOf' | 'change' | 'timeZone'> = {
  timeZone: null,
  draftOf: () => EMPTY_DRAFT,
  change: () => undefined,
};
