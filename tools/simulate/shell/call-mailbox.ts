import { limitAt, type Call, type CallAction, type CallEvent } from '../../../src/core/call/call.js';
import { decide } from '../../../src/core/call/decide-call.js';
import type { ProcessTime } from '../engine/virtual-time.js';
import { DatabaseDown } from './database.js';
import type { CallRow, Route } from './rows.js';

export interface MailboxHooks {
  readonly time: ProcessTime;
  /** How long a write takes, ms. */
  writeMs(): number;
  perform(mailbox: CallMailbox, action: CallAction): void;
  /** Commits; false when this process no longer owns the call. Throws while the database is away. */
  save(mailbox: CallMailbox, before: Call, call: Call, version: number): boolean;
  onClosed(mailbox: CallMailbox, isOwned: boolean): void;
}

const SAVE_RETRY_MS = 250;

/** One live call of a dialer process, one event at a time: acts at once, writes behind, in order, several events to one write. */
export class CallMailbox {
  readonly callId: string;
  readonly route: Route;
  readonly isPredictive: boolean;
  call: Call;
  isClosed = false;
  private stored: Call;
  private version: number;
  private pending = 0;
  private isSaving = false;
  private cancelTimer: (() => void) | null = null;

  constructor(
    row: CallRow,
    private readonly hooks: MailboxHooks,
  ) {
    this.callId = row.callId;
    this.route = row.route;
    this.isPredictive = row.isPredictive;
    this.call = row.call;
    this.stored = row.call;
    this.version = row.version;
    this.armTimer();
  }

  post(event: CallEvent): void {
    if (this.isClosed) return;
    const decision = decide(this.call, event, this.hooks.time.date());
    if ('ignored' in decision) {
      if (event.kind === 'time') this.armTimer();
      return;
    }
    this.call = decision.call;
    this.pending += 1;
    this.armTimer();
    for (const action of decision.actions) this.hooks.perform(this, action);
    this.save();
  }

  close(): void {
    this.isClosed = true;
    this.cancelTimer?.();
  }

  private save(): void {
    if (this.isSaving || this.pending === 0 || this.isClosed) return;
    this.isSaving = true;
    const { call, pending } = this;
    this.pending = 0;
    this.hooks.time.after(this.hooks.writeMs(), () => this.commit(call, pending));
  }

  private commit(call: Call, events: number): void {
    if (this.isClosed) return;
    try {
      const isOwned = this.hooks.save(this, this.stored, call, this.version);
      this.isSaving = false;
      this.stored = call;
      this.version += 1;
      if (!isOwned || call.state === 'ended') {
        this.close();
        this.hooks.onClosed(this, isOwned);
        return;
      }
      this.save();
    } catch (error) {
      if (!(error instanceof DatabaseDown)) throw error;
      this.pending += events;
      this.hooks.time.after(SAVE_RETRY_MS, () => {
        this.isSaving = false;
        this.save();
      });
    }
  }

  private armTimer(): void {
    this.cancelTimer?.();
    const limit = limitAt(this.call);
    if (limit === null) return;
    const waitMs = Math.max(1, limit.getTime() - this.hooks.time.nowMs());
    this.cancelTimer = this.hooks.time.after(waitMs, () => this.post({ kind: 'time' }));
  }
}
