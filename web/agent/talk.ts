import { useMutation, type UseMutationResult } from '@tanstack/react-query';
import { useCallback, useEffect, useLayoutEffect, useMemo, useState } from 'react';
import type {
  AgentOutcome,
  OutcomeBody,
  OutcomeMessage,
  SaidMessage,
  SpooledMessage,
} from '../../src/features/desktop/desktop.protocol.js';
import { ask, Refusal } from '../shared/api.js';
import { knownZone } from '../shared/zoned-time.js';
import type { CallOnScreen, OrderOnScreen } from './desk-view.js';
import { bodyOf, draftOfWord, type WordFault } from './outcome-body.js';
import { useWords } from '../shared/language.js';
import { DraftStore, EMPTY_DRAFT, type OrderDraft, type TalkDraft } from './talk-draft.js';

const drafts = new DraftStore(sessionStorage);
const SAVED = 'saved.';

/** What the agent does with the call on the screen. */
export interface Talk {
  readonly orders: readonly OrderOnScreen[];
  readonly main: OrderOnScreen;
  readonly timeZone: string | null;
  draftOf(order: OrderOnScreen): OrderDraft;
  change(order: OrderOnScreen, change: (draft: OrderDraft) => OrderDraft): void;
  readonly save: UseMutationResult<OutcomeMessage | SpooledMessage, Error, OutcomeBody>;
  /** Reads the drafts and sends them, or says what is missing. */
  submit(): void;
  readonly fault: WordFault | null;
  /** The word that the server has, while the form shows it; null while the agent may choose. */
  readonly savedOutcome: AgentOutcome | null;
  /** The saved word waits on the server's disk for its database. */
  readonly isSpooled: boolean;
  /** Opens the saved word again. */
  correct(): void;
}

/** Drafts of the call, kept in the tab, and what has been saved of them, here or on another screen. */
export function useTalk(call: CallOnScreen, isShown: boolean): Talk {
  const { word } = useWords();
  const { callId, order, otherOrders, said } = call;
  const [{ draft, fault, savedOutcome }, update] = useOfCall(callId);
  useEffect(() => {
    if (isShown) drafts.keepOnly(callId);
  }, [callId, isShown]);
  useEffect(() => {
    if (isShown) drafts.write(callId, draft);
  }, [callId, draft, isShown]);

  const save = useMutation({
    mutationFn: (body: OutcomeBody) => ask<OutcomeMessage | SpooledMessage>('POST', `calls/${callId}/outcome`, body),
    onSuccess: (answer, { outcome }) => {
      keepSaved(callId, outcome, 'said' in answer ? lastOf(answer.said) : readSaved(callId).wordId);
      update({ savedOutcome: outcome });
    },
  });
  const draftOf = useCallback((one: OrderOnScreen) => draft[one.id] ?? EMPTY_DRAFT, [draft]);
  const orders = useMemo(() => [order, ...otherOrders], [order, otherOrders]);
  const timeZone = knownZone(order.customer.timeZone) ?? knownZone(call.shop.timeZone);
  // A request of this tab that nobody has answered may be the word: what was typed since must not be lost to it.
  const isUnsure = save.isPending || (save.error !== null && !(save.error instanceof Refusal));
  useLayoutEffect(() => {
    const wordId = lastOf(said);
    const main = said.find(({ orderRef }) => orderRef === order.id);
    if (isUnsure || main === undefined || wordId <= readSaved(callId).wordId) return;
    keepSaved(callId, main.outcome, wordId);
    const draft = draftsOf(orders, said, (one, of) => draftOfWord(one, of, { timeZone, word }));
    update({ draft, savedOutcome: main.outcome });
    // Only what the server says anew is taken over, not what the agent does meanwhile.
  }, [callId, said]);
  return {
    orders,
    main: order,
    timeZone,
    draftOf,
    change(one, change) {
      update((old) => ({ fault: null, draft: { ...old.draft, [one.id]: change(old.draft[one.id] ?? EMPTY_DRAFT) } }));
    },
    save,
    submit() {
      const read = bodyOf({ orders, draftOf, timeZone, word });
      update({ fault: read.fault });
      if (read.body !== null) save.mutate(read.body);
    },
    fault,
    savedOutcome,
    isSpooled: save.data !== undefined && 'isSpooled' in save.data,
    correct() {
      save.reset();
      update({ savedOutcome: null });
    },
  };
}

interface OfCall {
  readonly callId: string;
  readonly draft: TalkDraft;
  readonly fault: WordFault | null;
  readonly savedOutcome: AgentOutcome | null;
}

/** What belongs to one call: with another one it begins as the tab has kept it. */
function useOfCall(callId: string): [OfCall, (change: Partial<OfCall> | ((old: OfCall) => Partial<OfCall>)) => void] {
  const begun = useMemo<OfCall>(
    () => ({ callId, draft: drafts.read(callId), fault: null, savedOutcome: readSaved(callId).outcome }),
    [callId],
  );
  const [kept, keep] = useState(begun);
  const now = kept.callId === callId ? kept : begun;
  const update = useCallback(
    (change: Partial<OfCall> | ((old: OfCall) => Partial<OfCall>)) =>
      keep((last) => {
        const old = last.callId === callId ? last : begun;
        return { ...old, ...(typeof change === 'function' ? change(old) : change) };
      }),
    [callId, begun],
  );
  return [now, update];
}

/** One draft for each order that was given a word of its own. */
function draftsOf(
  orders: readonly OrderOnScreen[],
  said: readonly SaidMessage[],
  draftOf: (one: SaidMessage, order: OrderOnScreen) => OrderDraft,
): TalkDraft {
  const [main] = orders;
  const first = said.find(({ orderRef }) => orderRef === main?.id);
  const isAsFirst = (one: SaidMessage) =>
    one !== first && one.outcome === first?.outcome && one.note === first.note && one.changes === null;
  return Object.fromEntries(
    orders.flatMap((order) => {
      const one = said.find(({ orderRef }) => orderRef === order.id);
      return one === undefined || isAsFirst(one) ? [] : [[order.id, draftOf(one, order)]];
    }),
  );
}

function lastOf(said: readonly SaidMessage[]): string {
  return said.reduce((last, { id }) => (id > last ? id : last), '');
}

interface Saved {
  readonly outcome: AgentOutcome | null;
  /** The latest word of the agent's in this call that the tab knows; empty: none. */
  readonly wordId: string;
}

function readSaved(callId: string): Saved {
  const [ofCall, outcome, wordId = ''] = (sessionStorage.getItem(SAVED) ?? '').split(' ');
  return ofCall === callId && outcome ? { outcome: outcome as AgentOutcome, wordId } : { outcome: null, wordId: '' };
}

function keepSaved(callId: string, outcome: AgentOutcome, wordId: string): void {
  sessionStorage.setItem(SAVED, `${callId} ${outcome} ${wordId}`);
}
