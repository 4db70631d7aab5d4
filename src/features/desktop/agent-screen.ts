import { DialerError } from '../../core/shared/errors.js';
import type { EventPipe } from '../../platform/http/event-pipe.js';
import type { Log } from '../../platform/log/log.js';
import type { SessionAgent } from '../agents/agents.events.js';
import type { AgentEventRow } from './agent-event.store.js';
import type { CallConnectedMessage, NoticeMessage } from './desktop.protocol.js';
import type { DesktopMessage } from './message-composer.js';

/** A reader that takes nothing any more is cut at this much unsent text; it comes back with Last-Event-ID. */
const MOST_UNSENT_BYTES = 1_000_000;

/** One open event stream: everything is sent in order, each event once. */
export class AgentScreen {
  readonly agentId: string;
  readonly sessionId: string;
  /** The screen's name for itself; null for tools. */
  readonly name: string | null;
  /** The database's clock when the tape was last read for this screen. */
  seenUntil: Date;
  private taken: ReadonlySet<number> = new Set();
  private work: Promise<void> = Promise.resolve();
  private isEnded = false;
  /** The talk that was shown last, as its card stood; `isAhead` of the tape. */
  private shown: { readonly callId: string; readonly card: string; readonly isAhead: boolean } | null = null;

  constructor(
    agent: SessionAgent,
    name: string | null,
    private readonly pipe: EventPipe,
    now: Date,
    private readonly compose: (row: AgentEventRow) => Promise<DesktopMessage | null>,
    private readonly log: Log,
  ) {
    this.agentId = agent.agentId;
    this.sessionId = agent.sessionId;
    this.name = name;
    this.seenUntil = now;
    pipe.onClose(() => {
      this.isEnded = true;
    });
  }

  /** These rows are shown by other means. */
  skip(rows: readonly AgentEventRow[]): void {
    this.taken = new Set([...this.taken, ...rows.map((row) => row.id)]);
  }

  /** Of a reading of the tape, what is new to this screen. Rows that have left the window of the reading need not be remembered. */
  take(rows: readonly AgentEventRow[], now: Date): AgentEventRow[] {
    const own = rows.filter((row) => row.agentId === this.agentId);
    const fresh = own.filter((row) => !this.taken.has(row.id));
    this.taken = new Set(own.map((row) => row.id));
    this.seenUntil = now;
    return fresh;
  }

  send(rows: readonly AgentEventRow[]): void {
    for (const row of rows) {
      this.then(async () => {
        const message = await this.composed(row);
        if (message) this.write(message, row.id);
      });
    }
  }

  /** Shows a talk ahead of the tape, unless the tape was faster; without an id, since there is none yet. */
  showTalk(callId: string, read: () => Promise<DesktopMessage | null>): void {
    this.then(async () => {
      if (this.shown?.callId === callId) return;
      // A hint that comes to nothing is no loss: the tape tells of it all the same.
      const message = await read().catch(() => null);
      if (message) this.write(message, null);
    });
  }

  /** Sends what `read` finds when its turn has come, all under one id. */
  show(id: number, read: () => Promise<DesktopMessage[]>): void {
    this.then(async () => {
      for (const message of await read()) this.write(message, id);
    });
  }

  /** Says whether this screen may act, if it has a name to be told apart by. */
  tellActive(activeName: string | null): void {
    if (this.name === null) return;
    const isActive = activeName === null || activeName === this.name;
    this.then(async () => this.write({ event: 'screen.state', data: { isActive } }, null));
  }

  keepAlive(): void {
    if (!this.isEnded) this.pipe.write(': still here\n\n');
  }

  /** Ends the stream after what is on its way, with a word to the person if there is one. */
  end(notice?: NoticeMessage): void {
    this.then(async () => {
      if (notice) this.write({ event: 'notice', data: notice }, null);
      this.close();
    });
  }

  private async composed(row: AgentEventRow): Promise<DesktopMessage | null> {
    try {
      return await this.compose(row);
    } catch (error) {
      // An order that was erased meanwhile is nothing to show; anything else may be there after a new connection.
      if (error instanceof DialerError && !error.isRetryable) return null;
      throw error;
    }
  }

  private write({ event, data }: DesktopMessage, id: number | null): void {
    if (this.isEnded) return;
    const line = id === null ? '' : `id: ${id}\n`;
    if (event === 'call.connected' && this.isToldAhead(data, id)) {
      // An id alone is no event, and lets the stream go on from here.
      this.pipe.write(`${line}\n`);
      return;
    }
    this.pipe.write(`${line}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    if (this.pipe.unsentBytes() > MOST_UNSENT_BYTES) this.close();
  }

  /** Whether the card stands on the screen word for word, told ahead of the tape. */
  private isToldAhead({ callId, order, otherOrders, attempts }: CallConnectedMessage, id: number | null): boolean {
    const card = JSON.stringify({ order, otherOrders, attempts });
    const { shown } = this;
    this.shown = { callId, card, isAhead: id === null };
    return shown !== null && shown.isAhead && shown.callId === callId && shown.card === card;
  }

  private then(work: () => Promise<void>): void {
    this.work = this.work.then(async () => {
      if (this.isEnded) return;
      try {
        await work();
      } catch (error) {
        this.log.warn('a screen could not be fed, its connection is closed so that it resumes', {
          agentId: this.agentId,
          error,
        });
        this.close();
      }
    });
  }

  private close(): void {
    this.isEnded = true;
    this.pipe.end();
  }
}
