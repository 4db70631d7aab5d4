import type { OrderCard } from '../../core/order/order-card.js';
import type { AgentOutcome } from '../../core/order/order.js';
import { checkWord, type AgentWord } from '../../core/outcome/agent-word.js';
import { wordForOrder } from '../../core/outcome/call-words.js';
import { isPlainText, readChanges } from '../../core/outcome/changes.js';
import type { FieldError } from '../../core/shared/errors.js';
import type { OrderInCall } from '../calls/calls.service.js';

/** One word as an agent sends it (contract, section 5), its shape checked: field types, lengths, an RFC 3339 time. */
interface WordInput {
  readonly outcome: AgentOutcome;
  readonly changes?: unknown;
  readonly note?: string | null;
  readonly callbackAt?: string | null;
  readonly callbackAgent?: 'me' | 'anyone' | null;
}

/** The word for a call, and words of their own for single orders of the buyer. */
export interface OutcomeInput extends WordInput {
  readonly orders?: readonly (WordInput & { readonly orderId: string })[] | null;
}

/** What is said of one order of the call. */
export interface OrderWord {
  readonly of: OrderInCall;
  readonly word: AgentWord;
  /** The agent has named this order. */
  readonly isNamed: boolean;
  /** Where in the body the word stands. */
  readonly pointer: string;
}

/** What the body says of each order of the call, and every wrong field in it. Whether the parts of each word fit together is for `checkWord` to say. */
export function readWords(
  input: OutcomeInput,
  orders: readonly OrderInCall[],
  cardOf: (order: OrderInCall['order']) => OrderCard,
): { words: OrderWord[]; errors: FieldError[] } {
  const named = input.orders ?? [];
  const errors: FieldError[] = [];
  const words: OrderWord[] = [];
  named.forEach((one, i) => {
    const pointer = `/orders/${i}`;
    const of = orders.find(({ order }) => order.orderId === one.orderId);
    if (of === undefined) {
      errors.push({ pointer: `${pointer}/orderId`, detail: 'is no open order of this buyer in this shop' });
    } else if (named.findIndex(({ orderId }) => orderId === one.orderId) < i) {
      errors.push({ pointer: `${pointer}/orderId`, detail: 'stands here twice' });
    } else {
      const read = readWord(one, cardOf(of.order));
      errors.push(...read.errors.map(under(pointer)));
      words.push({ of, word: read.word, isNamed: true, pointer });
    }
  });
  const main = orders.find(({ isMain }) => isMain);
  if (main === undefined) return { words, errors };
  const whole = readWord(input, cardOf(main.order));
  errors.push(...whole.errors);
  if (input.changes && words.some(({ of }) => of.isMain)) {
    errors.push({ pointer: '/changes', detail: 'belongs to the first order, which has a word of its own in "orders"' });
  }
  for (const of of orders) {
    const word = words.some((said) => said.of === of) ? null : wordForOrder(whole.word, of.isMain);
    if (word !== null) words.push({ of, word, isNamed: false, pointer: '' });
  }
  return { words, errors };
}

/** What is wrong with a body as far as it can be told without the orders that it speaks of. */
export function checkUnseen(input: OutcomeInput, now: Date): FieldError[] {
  const said: readonly [WordInput, string][] = [
    [input, ''],
    ...(input.orders ?? []).map((one, i): [WordInput, string] => [one, `/orders/${i}`]),
  ];
  return said.flatMap(([word, pointer]) =>
    checkWord(
      {
        outcome: word.outcome,
        changes: word.changes ? {} : null,
        note: word.note ?? null,
        callbackAt: word.callbackAt ? new Date(word.callbackAt) : null,
        callbackAgent: word.callbackAgent ?? null,
      },
      now,
    ).map(under(pointer)),
  );
}

/** Puts a wrong field where its word stands in the body. */
export function under(pointer: string): (error: FieldError) => FieldError {
  return (error) => ({ ...error, pointer: pointer + error.pointer });
}

function readWord(input: WordInput, order: OrderCard): { word: AgentWord; errors: FieldError[] } {
  const { changes, errors } = readChanges(input.changes, order);
  const note = input.note?.trim() || null;
  const isNoteWrong = note !== null && !isPlainText(note);
  return {
    word: {
      outcome: input.outcome,
      changes,
      note,
      callbackAt: input.callbackAt ? new Date(input.callbackAt) : null,
      callbackAgent: input.callbackAgent ?? null,
    },
    errors: [...errors, ...(isNoteWrong ? [{ pointer: '/note', detail: 'must not hold control characters' }] : [])],
  };
}
