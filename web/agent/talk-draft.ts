import type { AgentOutcome } from '../../src/features/desktop/desktop.protocol.js';
import { NO_EDITS, type OrderEdits } from './order-edits.js';

/** Why a buyer declines: the first sentence of the note. */
export const DECLINE_REASONS = [
  'changed_mind',
  'bought_elsewhere',
  'too_expensive',
  'delivery_too_long',
  'ordered_by_mistake',
  'did_not_order',
  'other',
] as const;
export type DeclineReason = (typeof DECLINE_REASONS)[number];

/** What the agent is about to say of one order. */
export interface OrderDraft {
  readonly outcome: AgentOutcome | null;
  readonly reason: DeclineReason | null;
  readonly note: string;
  readonly callbackDay: string;
  readonly callbackTime: string;
  readonly isCallbackMine: boolean;
  readonly edits: OrderEdits;
}

/** Drafts of a call by the order's id. */
export type TalkDraft = Readonly<Record<string, OrderDraft>>;

export const EMPTY_DRAFT: OrderDraft = {
  outcome: null,
  reason: null,
  note: '',
  callbackDay: '',
  callbackTime: '',
  isCallbackMine: false,
  edits: NO_EDITS,
};

const PREFIX = 'draft.';

/**
 * What has been typed, kept in this tab for as long as its call is on the screen: a reload or a failed request costs nothing. Nothing in it
 * opens anything (no token, no password), and the tab forgets it with the next call or the sign-out.
 */
export class DraftStore {
  constructor(private readonly storage: Storage) {}

  read(callId: string): TalkDraft {
    try {
      return JSON.parse(this.storage.getItem(PREFIX + callId) ?? '{}') as TalkDraft;
    } catch {
      return {};
    }
  }

  write(callId: string, draft: TalkDraft): void {
    try {
      this.storage.setItem(PREFIX + callId, JSON.stringify(draft));
    } catch {
      // A full or forbidden storage costs the reload's comfort, not the talk.
    }
  }

  /** Forgets all drafts but that of `callId`. */
  keepOnly(callId: string | null): void {
    const keys = Array.from({ length: this.storage.length }, (_, i) => this.storage.key(i) ?? '');
    for (const key of keys) if (key.startsWith(PREFIX) && key !== PREFIX + callId) this.storage.removeItem(key);
  }
}
