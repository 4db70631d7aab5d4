import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { DialerError } from '../../core/shared/errors.js';
import type { EventPipe } from '../../platform/http/event-pipe.js';
import { Log } from '../../platform/log/log.js';
import type { SessionAgent } from '../agents/agents.events.js';
import { AgentsService } from '../agents/agents.service.js';
import { BoardSource } from './board-source.js';
import { historySeenWith, seenWith } from './board-view.js';
import { BoardWatcher } from './board-watcher.js';
import { Reading } from './reading.js';
import { Rights } from './rights.js';
import type { BoardMessage } from './supervision.protocol.js';

/** The board is read this often while anybody of this process watches, once for all of them. */
const EVERY_MS = 1_000;
const HISTORY_EVERY_MS = 15_000;
/** A session that has ended, or whose person supervises no more, loses the board within this. */
const CHECK_EVERY_MS = 3_000;
const MOST_WATCHERS_PER_AGENT = 4;

/** Everybody who watches a floor in this process. */
@Injectable()
export class BoardWatchers implements OnModuleDestroy {
  private readonly watchers = new Set<BoardWatcher>();
  private readonly history: Reading<{ readonly json: (rights: Rights) => string }>;
  private last: { readonly board: BoardMessage; readonly atMs: number } | null = null;
  private timer: NodeJS.Timeout | null = null;
  private checkedAtMs = 0;
  private isStopped = false;

  constructor(
    private readonly source: BoardSource,
    private readonly agents: AgentsService,
    private readonly log: Log,
  ) {
    this.history = new Reading(HISTORY_EVERY_MS, async () => {
      const history = await this.source.history();
      return { json: forEachRights((rights) => JSON.stringify(historySeenWith(rights, history))) };
    });
  }

  onModuleDestroy(): void {
    this.isStopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
    for (const watcher of this.watchers) watcher.end();
  }

  /** @param token  of the session, to look at it again and again */
  open(agent: SessionAgent, token: string, pipe: EventPipe): void {
    if (this.isStopped) {
      throw new DialerError('busy.retry_later', 'The server restarts. Try again.', {
        isRetryable: true,
        retryAfterSeconds: 1,
      });
    }
    pipe.begin();
    this.closeSurplus(agent.agentId);
    const watcher = new BoardWatcher(agent, token, pipe);
    this.watchers.add(watcher);
    pipe.onClose(() => this.watchers.delete(watcher));
    const isFresh = this.last !== null && performance.now() - this.last.atMs < EVERY_MS;
    // A timer that waits for its second will serve the new one too; what is known is shown at once.
    if (isFresh && this.last !== null) watcher.showNow(seenWith(watcher.rights, this.last.board));
    if (this.timer === null) this.plan(0);
  }

  private plan(afterMs: number): void {
    if (this.isStopped) return;
    this.timer = setTimeout(() => void this.turn(), afterMs);
  }

  private async turn(): Promise<void> {
    const beganAtMs = performance.now();
    try {
      await this.checkSessions();
      await this.show();
    } catch (error) {
      this.log.warn('the board could not be read, trying again in a moment', { error });
    }
    this.timer = null;
    if (this.watchers.size > 0) this.plan(Math.max(EVERY_MS / 4, EVERY_MS - (performance.now() - beganAtMs)));
  }

  private async show(): Promise<void> {
    if (this.watchers.size === 0) return;
    const board = await this.source.now();
    this.last = { board, atMs: performance.now() };
    const seen = forEachRights((rights) => seenWith(rights, board));
    for (const watcher of this.watchers) watcher.showNow(seen(watcher.rights));
    const history = await this.history.get();
    for (const watcher of this.watchers) watcher.showHistory(history.json(watcher.rights));
  }

  /** Who may watch, and what, is asked anew: a supervisor may have been signed out, switched off, or given other groups. */
  private async checkSessions(): Promise<void> {
    if (performance.now() - this.checkedAtMs < CHECK_EVERY_MS) return;
    this.checkedAtMs = performance.now();
    for (const watcher of this.watchers) watcher.follow(await this.agents.authenticate(watcher.token));
  }

  private closeSurplus(agentId: string): void {
    const own = [...this.watchers].filter((watcher) => watcher.agentId === agentId);
    for (const watcher of own.slice(0, Math.max(0, own.length - MOST_WATCHERS_PER_AGENT + 1))) watcher.end();
  }
}

/** The same work once for all who have the same rights. */
function forEachRights<T>(make: (rights: Rights) => T): (rights: Rights) => T {
  const made = new Map<string, T>();
  return (rights) => {
    const known = made.get(rights.key);
    if (known !== undefined) return known;
    const value = make(rights);
    made.set(rights.key, value);
    return value;
  };
}
