import { DialerError } from '../../core/shared/errors.js';
import type { EventPipe } from '../../platform/http/event-pipe.js';
import type { Log } from '../../platform/log/log.js';
import type { SessionAgent } from '../agents/agents.events.js';
import { LATE_COMMIT_SECONDS, type AgentEventRow } from './agent-event.store.js';
import type { NoticeMessage } from './desktop.protocol.js';
import type { DesktopMessage, ToldTalk } from './message-composer.js';

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
  /** The rows that this screen has had, with the time at which they were read: readings overlap. */
  private readonly taken = new Map<number, Date>();
  private work: Promise<void> = Promise.resolve();
  private isEnded = false;
  /** The call whose card was shown last. */
  private shownCallId: string | null = null;
  /** It was shown ahead of the tape, which has not come to it yet. */
  private told: ToldTalk | null = null;

  constructor(
    agent: SessionAgent,
    name: string | null,
    private readonly pipe: EventPipe,
    now: Date,
    private readonly compose: (row: AgentEventRow, told: ToldTalk | null) => Promise<DesktopMessage | 'told' | null>,
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
    for (const { id } of rows) this.taken.set(id, this.seenUntil);
  }

  /** Whether the screen has had this row, of those that may be read again. */
  hasTaken(id: number): boolean {
    return this.taken.has(id);
  }

  /** The rows that need not be read again for this screen, by their ids. */
  takenIds(): number[] {
    return [...this.taken.keys()];
  }

  /** Of a reading of the tape, what is new to this screen. */
  take(rows: readonly AgentEventRow[], now: Date): AgentEventRow[] {
    const fresh = rows.filter((row) => row.agentId === this.agentId && !this.taken.has(row.id));
    for (const { id } of fresh) this.taken.set(id, now);
    // Readings for several screens go back to where the last of them stands.
    const oldest = this.seenUntil.getTime() - 2 * LATE_COMMIT_SECONDS * 1_000;
    for (const [id, at] of this.taken) if (at.getTime() < oldest) this.taken.delete(id);
    this.seenUntil = now;
    return fresh;
  }

  send(rows: readonly AgentEventRow[]): void {
    for (const row of rows) {
      this.then(async () => {
        const message = await this.composed(row);
        // An id alone is no event, and lets the stream go on from here.
        if (message === 'told') this.tell(`id: ${row.id}\n\n`);
        else if (message) this.write(message, row.id);
        if (row.event === 'call.connected') this.told = null;
      });
    }
  }

  /** Shows a talk ahead of the tape, unless the tape was faster; without an id, since there is none yet. */
  showTalk(callId: string, read: () => Promise<{ message: DesktopMessage; told: ToldTalk } | null>): void {
    this.then(async () => {
      if (this.shownCallId === callId) return;
      // A hint that comes to nothing is no loss: the tape tells of it all the same.
      const talk = await read().catch(() => null);
      if (talk === null) return;
      this.write(talk.message, null);
      this.told = talk.told;
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

  private async composed(row: AgentEventRow): Promise<DesktopMessage | 'told' | null> {
    try {
      return await this.compose(row, this.told);
    } catch (error) {
      // An order that was erased meanwhile is nothing to show; anything else may be there after a new connection.
      if (error instanceof DialerError && !error.isRetryable) return null;
      throw error;
    }
  }

  private write({ event, data }: DesktopMessage, id: number | null): void {
    if (event === 'call.connected') this.shownCallId = data.callId;
    this.tell(`${id === null ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  private tell(text: string): void {
    if (this.isEnded) return;
    this.pipe.write(text);
    if (this.pipe.unsentBytes() > MOST_UNSENT_BYTES) this.close();
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
