import type { AgentOutcome, OrderCard, OutcomeBody, SaidMessage } from '../../src/features/desktop/desktop.protocol.js';
import type { Word } from '../shared/language.js';
import { fromWallClock, wallClock } from '../shared/zoned-time.js';
import { changesOf, editsOf, type EditFault } from './order-edits.js';
import { DECLINE_REASONS, type DeclineReason, type OrderDraft } from './talk-draft.js';

/** In the order of the keys 1–8. */
export const OUTCOMES = [
  'confirmed',
  'changed',
  'declined',
  'callback',
  'no_decision',
  'invalid_number',
  'duplicate',
  'do_not_call',
] as const satisfies readonly AgentOutcome[];

/** What is missing, in the page's dictionary (`result/…`), and with which order. */
export interface WordFault {
  readonly word: EditFault | 'needsOutcome' | 'needsChange' | 'needsReason' | 'needsTime';
  readonly orderRef: string;
}

type OneWord = Omit<OutcomeBody, 'orders'>;

/** What the drafts say, or what they still lack. */
export function bodyOf(talk: {
  readonly orders: readonly OrderCard[];
  draftOf(order: OrderCard): OrderDraft;
  readonly timeZone: string | null;
  readonly word: Word;
}): { readonly body: OutcomeBody | null; readonly fault: WordFault | null } {
  const words: (OneWord & { orderId: string })[] = [];
  for (const [i, order] of talk.orders.entries()) {
    const draft = talk.draftOf(order);
    // Another order without a word of its own follows the first when it is in the call, and else stays open.
    if (i > 0 && draft.outcome === null) continue;
    const read = wordOf(order, draft, talk.timeZone, talk.word);
    if (typeof read === 'string') return { body: null, fault: { word: read, orderRef: order.id } };
    words.push({ orderId: order.orderId, ...read });
  }
  const [main, ...others] = words;
  if (main === undefined) return { body: null, fault: null };
  const { orderId: _main, ...own } = main;
  return { body: others.length === 0 ? own : { ...own, orders: others }, fault: null };
}

/** Whether an outcome can carry what was changed on the card. */
export function sendsChanges(outcome: AgentOutcome | null): boolean {
  return outcome === null || outcome === 'confirmed' || outcome === 'changed';
}

/** The draft that a word was made of, for a screen on which it was not typed. A reason in another language than the page's stays in the note. */
export function draftOfWord(
  said: SaidMessage,
  order: OrderCard,
  { timeZone, word }: { readonly timeZone: string | null; readonly word: Word },
): OrderDraft {
  const text = said.note ?? '';
  const reason = DECLINE_REASONS.find((one) => text.startsWith(reasonNote(one, word))) ?? null;
  const isDeclined = said.outcome === 'declined' && reason !== null;
  const callback = said.callbackAt === null ? null : wallClock(new Date(said.callbackAt), timeZone);
  return {
    outcome: said.outcome,
    reason: isDeclined ? reason : null,
    note: isDeclined ? text.slice(reasonNote(reason, word).length).trimStart() : text,
    callbackDay: callback?.day ?? '',
    callbackTime: callback?.time ?? '',
    isCallbackMine: said.callbackAgent === 'me',
    edits: editsOf(order, said.changes),
  };
}

function reasonNote(reason: DeclineReason, word: Word): string {
  return word('result/reasonNote', { reason: word(`result/reasons/${reason}`) });
}

function wordOf(order: OrderCard, draft: OrderDraft, timeZone: string | null, word: Word): OneWord | WordFault['word'] {
  const { outcome } = draft;
  if (outcome === null) return 'needsOutcome';
  const note = [
    outcome === 'declined' && draft.reason !== null ? reasonNote(draft.reason, word) : '',
    draft.note.trim(),
  ]
    .filter((part) => part !== '')
    .join(' ');
  const said = { outcome, ...(note === '' ? {} : { note }) };
  switch (outcome) {
    case 'changed': {
      const { changes, fault } = changesOf(order, draft.edits);
      if (fault !== null) return fault;
      return changes === null ? 'needsChange' : { ...said, changes };
    }
    case 'declined':
      return draft.reason === null ? 'needsReason' : said;
    case 'callback': {
      const callbackAt = fromWallClock(draft.callbackDay, draft.callbackTime, timeZone);
      if (callbackAt === null) return 'needsTime';
      return { ...said, callbackAt, callbackAgent: draft.isCallbackMine ? 'me' : 'anyone' };
    }
    case 'confirmed':
    case 'no_decision':
    case 'invalid_number':
    case 'duplicate':
    case 'do_not_call':
      return said;
  }
}
