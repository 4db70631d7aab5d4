import { useMutation, type UseMutationResult } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useState } from 'react';
import type {
  AgentOutcome,
  OrderCard,
  OutcomeBody,
  SpooledMessage,
} from '../../src/features/desktop/desktop.protocol.js';
import { ask } from '../shared/api.js';
import { knownZone } from '../shared/zoned-time.js';
import type { CallOnScreen, OrderOnScreen } from './desk-view.js';
import { bodyOf, type WordFault } from './outcome-body.js';
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
  readonly save: UseMutationResult<OrderCard | SpooledMessage, Error, OutcomeBody>;
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

/** Drafts of the call, kept in the tab, and what has been saved of them. */
export function useTalk(call: CallOnScreen): Talk {
  const { word } = useWords();
  const { callId, order, otherOrders } = call;
  const [draft, setDraft] = useState<TalkDraft>(() => drafts.read(callId));
  const [fault, setFault] = useState<WordFault | null>(null);
  const [savedOutcome, setSavedOutcome] = useState(() => readSaved(callId));
  useEffect(() => drafts.keepOnly(callId), [callId]);
  useEffect(() => drafts.write(callId, draft), [callId, draft]);

  const save = useMutation({
    mutationFn: (body: OutcomeBody) => ask<OrderCard | SpooledMessage>('POST', `calls/${callId}/outcome`, body),
    onSuccess: (_answer, { outcome }) => {
      keepSaved(callId, outcome);
      setSavedOutcome(outcome);
    },
  });
  const draftOf = useCallback((one: OrderOnScreen) => draft[one.id] ?? EMPTY_DRAFT, [draft]);
  const orders = useMemo(() => [order, ...otherOrders], [order, otherOrders]);
  const timeZone = knownZone(order.customer.timeZone) ?? knownZone(call.shop.timeZone);
  return {
    orders,
    main: order,
    timeZone,
    draftOf,
    change(one, change) {
      setFault(null);
      setDraft((old) => ({ ...old, [one.id]: change(old[one.id] ?? EMPTY_DRAFT) }));
    },
    save,
    submit() {
      const read = bodyOf({ orders, draftOf, timeZone, word });
      setFault(read.fault);
      if (read.body !== null) save.mutate(read.body);
    },
    fault,
    savedOutcome,
    isSpooled: save.data !== undefined && 'isSpooled' in save.data,
    correct() {
      save.reset();
      setSavedOutcome(null);
    },
  };
}

function readSaved(callId: string): AgentOutcome | null {
  const [ofCall, outcome] = (sessionStorage.getItem(SAVED) ?? '').split(' ');
  return ofCall === callId && outcome ? (outcome as AgentOutcome) : null;
}

function keepSaved(callId: string, outcome: AgentOutcome): void {
  sessionStorage.setItem(SAVED, `${callId} ${outcome}`);
}
