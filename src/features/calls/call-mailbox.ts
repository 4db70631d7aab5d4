import { limitAt, type Call, type CallAction, type CallEvent } from '../../core/call/call.js';
import { decide } from '../../core/call/decide-call.js';
import type { Clock } from '../../core/shared/clock.js';
import type { AppliedEvent, Route, StoredCall } from './call.store.js';

/** What one write to Postgres covers: the state to store, the events since the last write, and the state that was stored before. */
export interface Unsaved {
  readonly before: Call;
  readonly stored: StoredCall;
  readonly events: readonly AppliedEvent[];
}

export interface MailboxHooks {
  readonly clock: Clock;
  /** Carries out an action; its answer comes back through `post`. Must not throw. */
  perform(mailbox: CallMailbox, action: CallAction): void;
  /** Writes; false when this process no longer owns the call. Throws when the database cannot be reached: the write is tried again. */
  save(unsaved: Unsaved): Promise<boolean>;
  /** Which of these writes, whose answers were lost, Postgres has carried out after all; null: none, the call is another's. Throws as {@link save}. */
  findWritten(doubted: readonly Unsaved[]): Promise<Unsaved | null>;
  onIgnored(mailbox: CallMailbox, event: CallEvent, reason: string): void;
  /** The machine has moved, before anything of it is written. Must not throw. */
  onMoved(mailbox: CallMailbox, before: Call): void;
  onSaveFailed(mailbox: CallMailbox, error: unknown): void;
  /** The call has ended and is stored, or belongs to somebody else now. */
  onClosed(mailbox: CallMailbox, isOwned: boolean): void;
}

const SAVE_RETRY_MS = 250;
/** So long at most is a passing state (waiting for the bridge, hanging up) kept back, to be written together with the one that follows it. */
const PASSING_MS = 50;
/**
 * A call that was taken over may stand elsewhere than was last written: its last leader acted first. Its limits wait until it has been compared with the
 * exchange, so long at most.
 */
const COMPARED_WITHIN_MS = 10_000;
/** A timer this late belongs to a process that stood still: another one may lead the call by now, and word of that is waiting to be heard. */
const STOOD_STILL_MS = 1_000;
const HEARD_WITHIN_MS = 2_000;

/**
 * One live call, one event at a time.
 *
 * Actions start as soon as the machine has decided; writes follow in order behind them, several events to one write. A talk therefore goes on
 * while the database is away, and the answer of a buyer never waits for a commit (docs/decisions/0010-act-first-write-behind.md).
 */
export class CallMailbox {
  readonly callId: string;
  readonly route: Route;
  /** Another process has planned the call, or this one in an earlier leadership. */
  readonly isTakenOver: boolean;
  #call: Call;
  #stored: StoredCall;
  #pending: AppliedEvent[] = [];
  /** Writes since the last one that was answered: of each commit it is in doubt whether it was carried out. */
  #doubted: Unsaved[] = [];
  #isSaving = false;
  /** Ends the wait for a state that lasts. */
  #goOnSaving: (() => void) | null = null;
  #isClosed = false;
  #quietSinceMs: number;
  #wasSent: boolean;
  #placings = 0;
  /** The call is known to stand as the exchange holds it. */
  #isCompared: boolean;
  /** Until when no limit counts, monotonic. */
  #heldUntilMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  /** The call's own clock: set once and carried on by the monotonic one, so that no correction of any clock makes a talk shorter or a limit longer. */
  readonly #beganAt: { readonly wallMs: number; readonly monotonicMs: number };

  constructor(
    stored: StoredCall,
    private readonly hooks: MailboxHooks,
  ) {
    this.callId = stored.call.callId;
    this.route = stored.route;
    this.#call = stored.call;
    this.#stored = stored;
    this.isTakenOver = stored.sentAt !== undefined;
    this.#wasSent = (stored.sentAt ?? null) !== null;
    this.#quietSinceMs = hooks.clock.monotonicMs();
    this.#isCompared = !this.isTakenOver;
    if (this.isTakenOver) this.#heldUntilMs = this.#quietSinceMs + COMPARED_WITHIN_MS;
    this.#beganAt = { wallMs: hooks.clock.now().getTime(), monotonicMs: this.#quietSinceMs };
    this.#armTimer();
  }

  /** Since when no command to place the call has left, monotonic; for a call that was taken over, since then. */
  get quietSinceMs(): number {
    return this.#quietSinceMs;
  }

  /** A command to place the call has been answered, or given up. */
  noteQuiet(): void {
    this.#quietSinceMs = this.hooks.clock.monotonicMs();
  }

  /** Whether the order to call may have left for the exchange, by whichever leader. */
  get wasSent(): boolean {
    return this.#wasSent;
  }

  /** It leaves now. */
  noteSent(): void {
    this.#wasSent = true;
    this.post({ kind: 'buyer.sending' });
  }

  /** How often this process has begun to place the call. */
  get placings(): number {
    return this.#placings;
  }

  notePlacing(): void {
    this.#placings += 1;
  }

  /** The call was taken over and has not been compared with the exchange by a survey that was asked for since. */
  isFirstCompared(askedAtMs: number): boolean {
    return !this.#isCompared && askedAtMs >= this.#beganAt.monotonicMs;
  }

  /**
   * The call has been told what the exchange holds of it: its limits count from now on, and a buyer who waits is looked after.
   * @param askedAtMs  when the exchange was asked, monotonic: what it said before the call was taken over may have changed since
   */
  noteCompared(askedAtMs: number): void {
    if (!this.isFirstCompared(askedAtMs) || this.#isClosed) return;
    this.#isCompared = true;
    this.#heldUntilMs = Number.NEGATIVE_INFINITY;
    this.#armTimer();
    if (this.#call.state === 'waiting' && !this.#call.isCleared)
      this.hooks.perform(this, { kind: 'clear', afterMs: 0 });
  }

  /** The call's own time. */
  get now(): Date {
    return this.#now();
  }

  get call(): Call {
    return this.#call;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** @param at  when it happened, by the call's own time; now, if it is not said */
  post(event: CallEvent, at = this.#now()): void {
    if (this.#isClosed) return;
    const decision = decide(this.#call, event, at);
    if ('ignored' in decision) {
      this.hooks.onIgnored(this, event, decision.ignored);
      if (event.kind === 'time') this.#armTimer();
      return;
    }
    const before = this.#call;
    this.#call = decision.call;
    this.#pending.push({ at, event });
    this.#armTimer();
    this.hooks.onMoved(this, before);
    for (const action of decision.actions) this.hooks.perform(this, action);
    if (!isPassing(this.#call)) this.#goOnSaving?.();
    void this.#save();
  }

  /** Resolves when everything decided so far is written, or after 2 s. */
  async settled(): Promise<void> {
    const untilMs = this.hooks.clock.monotonicMs() + 2_000;
    while ((this.#isSaving || this.#pending.length > 0) && this.hooks.clock.monotonicMs() < untilMs) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Stops the timers; nothing more is written. The call itself goes on in the exchange. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #save(): Promise<void> {
    if (this.#isSaving) return;
    this.#isSaving = true;
    try {
      while (this.#pending.length > 0 && !this.#isClosed) {
        if (isPassing(this.#call)) await this.#passed();
        if (this.#isClosed) return;
        const events = this.#pending;
        const unsaved = { before: this.#stored.call, stored: { ...this.#stored, call: this.#call }, events };
        this.#pending = [];
        try {
          const written = await this.#write(unsaved);
          if (written === null || written.stored.call.state === 'ended') {
            this.close();
            this.hooks.onClosed(this, written !== null);
            return;
          }
          this.#doubted = [];
          this.#stored = { ...written.stored, version: written.stored.version + 1 };
          this.#pending = [...events.slice(written.events.length), ...this.#pending];
        } catch (error) {
          // Tried again and again while the database is away: one entry for each state.
          if (this.#doubted.at(-1)?.stored.call !== unsaved.stored.call) this.#doubted.push(unsaved);
          this.#pending = [...events, ...this.#pending];
          this.hooks.onSaveFailed(this, error);
          await new Promise((resolve) => setTimeout(resolve, SAVE_RETRY_MS));
        }
      }
    } finally {
      this.#isSaving = false;
    }
  }

  /** Resolves when the call stands in a state that lasts, or after {@link PASSING_MS}. */
  async #passed(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#goOnSaving = resolve;
      timer = setTimeout(resolve, PASSING_MS);
    });
    clearTimeout(timer);
    this.#goOnSaving = null;
  }

  /** @returns what is written now, which may be an earlier write with fewer events; null when this process does not own the call any more */
  async #write(unsaved: Unsaved): Promise<Unsaved | null> {
    if (await this.hooks.save(unsaved)) return unsaved;
    return this.#doubted.length === 0 ? null : this.hooks.findWritten(this.#doubted);
  }

  #now(): Date {
    const { wallMs, monotonicMs } = this.#beganAt;
    return new Date(wallMs + this.hooks.clock.monotonicMs() - monotonicMs);
  }

  #armTimer(): void {
    clearTimeout(this.#timer);
    const limit = limitAt(this.#call);
    if (limit === null) return;
    const nowMs = this.hooks.clock.monotonicMs();
    const waitMs = Math.max(1, limit.getTime() - this.#now().getTime(), this.#heldUntilMs - nowMs);
    this.#timer = setTimeout(() => this.#onLimit(nowMs + waitMs), waitMs);
  }

  #onLimit(dueMs: number): void {
    const nowMs = this.hooks.clock.monotonicMs();
    const hasWaited = this.#heldUntilMs >= dueMs;
    if (nowMs - dueMs < STOOD_STILL_MS || hasWaited) return this.post({ kind: 'time' });
    this.#heldUntilMs = nowMs + HEARD_WITHIN_MS;
    this.#armTimer();
  }
}

/** A state that lasts for milliseconds as a rule. */
function isPassing({ state }: Call): boolean {
  return state === 'waiting' || state === 'ending';
}
