import { describe, expect, it } from 'vitest';
import type { OrderCard } from '../../src/features/desktop/desktop.protocol.js';
import { NO_EDITS, withText } from './order-edits.js';
import { bodyOf } from './outcome-body.js';
import { anOrderCard } from './spec-orders.js';
import { EMPTY_DRAFT, type OrderDraft } from './talk-draft.js';

const main = anOrderCard();
const other = anOrderCard({ id: 'o2', orderId: 'A-2' });
const word = (path: string, values?: object) =>
  values === undefined ? path : `${path} ${Object.values(values).join()}`;

function body(drafts: Record<string, Partial<OrderDraft>>, orders: readonly OrderCard[] = [main]) {
  return bodyOf({
    orders,
    draftOf: (order) => ({ ...EMPTY_DRAFT, ...drafts[order.id] }),
    timeZone: 'Europe/Kyiv',
    word,
  });
}

describe('the body of an outcome', () => {
  it('says what is missing', () => {
    const fault = (draft: Partial<OrderDraft>) => body({ [main.id]: draft }).fault?.word;
    expect(fault({})).toBe('needsOutcome');
    expect(fault({ outcome: 'changed' })).toBe('needsChange');
    expect(fault({ outcome: 'declined' })).toBe('needsReason');
    expect(fault({ outcome: 'callback', callbackDay: '2026-11-24' })).toBe('needsTime');
    expect(fault({ outcome: 'changed', edits: withText(main, NO_EDITS, 'slotTo', '') })).toBe('slotNeedsAll');
  });

  it('holds the reason in the note', () => {
    expect(body({ [main.id]: { outcome: 'declined', reason: 'other', note: ' hm ' } }).body).toEqual({
      outcome: 'declined',
      note: 'result/reasonNote result/reasons/other hm',
    });
  });

  it('tells a callback on the buyer’s clock', () => {
    const draft = {
      outcome: 'callback',
      callbackDay: '2026-11-24',
      callbackTime: '10:15',
      isCallbackMine: true,
    } as const;
    expect(body({ [main.id]: draft }).body).toEqual({
      outcome: 'callback',
      callbackAt: '2026-11-24T10:15:00+02:00',
      callbackAgent: 'me',
    });
  });

  it('sends changes with that word only', () => {
    const edits = withText(main, NO_EDITS, 'city', 'Львів');
    expect(body({ [main.id]: { outcome: 'changed', edits } }).body).toEqual({
      outcome: 'changed',
      changes: { delivery: { city: 'Львів' } },
    });
    expect(body({ [main.id]: { outcome: 'duplicate', edits } }).body).toEqual({ outcome: 'duplicate' });
  });

  it('names other orders that have a word of their own', () => {
    const orders = [main, other];
    expect(body({ [main.id]: { outcome: 'confirmed' } }, orders).body).toEqual({ outcome: 'confirmed' });
    const both = body({ [main.id]: { outcome: 'confirmed' }, o2: { outcome: 'no_decision' } }, orders);
    expect(both.body).toEqual({ outcome: 'confirmed', orders: [{ orderId: 'A-2', outcome: 'no_decision' }] });
    const half = body({ [main.id]: { outcome: 'confirmed' }, o2: { outcome: 'declined' } }, orders);
    expect(half.fault).toEqual({ word: 'needsReason', orderRef: 'o2' });
  });
});
