import { describe, expect, it } from 'vitest';
import type { OrderCard } from '../../src/features/desktop/desktop.protocol.js';
import { NO_EDITS, originalItems, withItems, withText, type OrderEdits } from './order-edits.js';
import { bodyOf, draftOfWord } from './outcome-body.js';
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

describe('a word given on another screen', () => {
  const timeZone = 'Europe/Kyiv';
  /** The draft as the other screen has it, after a way through the server. */
  const roundTrip = (draft: Partial<OrderDraft>) => {
    const sent = body({ [main.id]: draft }).body;
    if (sent === null) throw new Error('the draft lacks something');
    const { outcome, changes = null, note = null, callbackAt, callbackAgent = null } = sent;
    // The server keeps instants, not clocks.
    const at = callbackAt == null ? null : new Date(callbackAt).toISOString();
    const said = { id: 'w1', orderRef: main.id, outcome, changes, note, callbackAt: at, callbackAgent };
    return draftOfWord(said as Parameters<typeof draftOfWord>[0], main, { timeZone, word });
  };
  const [tv, cable] = originalItems(main);
  if (!tv || !cable) throw new Error('the order has two items');
  const added = { sku: null, name: 'Bracket', quantity: 1, unitPrice: '10.00', group: null, from: null };
  const texts = ['city', 'comment', 'name', 'slotDay'].reduce<OrderEdits>(
    (edits, field) => withText(main, edits, field as 'city', field === 'slotDay' ? '2026-11-25' : `new ${field}`),
    NO_EDITS,
  );

  it.each<[string, Partial<OrderDraft>]>([
    ['a note', { outcome: 'confirmed', note: 'ring twice' }],
    ['a reason and a note', { outcome: 'declined', reason: 'too_expensive', note: 'hm' }],
    ['a reason alone', { outcome: 'declined', reason: 'other' }],
    ['a callback', { outcome: 'callback', callbackDay: '2026-11-24', callbackTime: '10:15', isCallbackMine: true }],
    ['changed fields', { outcome: 'changed', edits: texts }],
    ['an emptied field', { outcome: 'changed', edits: withText(main, NO_EDITS, 'address', '') }],
    [
      'an emptied slot',
      {
        outcome: 'changed',
        edits: ['slotDay', 'slotFrom', 'slotTo'].reduce<OrderEdits>(
          (edits, field) => withText(main, edits, field as 'slotDay', ''),
          NO_EDITS,
        ),
      },
    ],
    [
      'more, fewer and other goods',
      {
        outcome: 'changed',
        edits: withItems(main, NO_EDITS, [{ ...tv, quantity: 3 }, { ...cable, quantity: 0 }, added]),
      },
    ],
  ])('comes back as it was typed: %s', (_name, draft) => {
    expect(roundTrip(draft)).toEqual({ ...EMPTY_DRAFT, ...draft });
  });

  it('keeps a reason of another language in the note', () => {
    const said = {
      id: 'w1',
      orderRef: main.id,
      outcome: 'declined',
      changes: null,
      note: 'Reason: dear.',
      callbackAt: null,
      callbackAgent: null,
    } as const;
    expect(draftOfWord(said, main, { timeZone, word })).toMatchObject({ reason: null, note: 'Reason: dear.' });
  });
});
