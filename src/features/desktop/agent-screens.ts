import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { DialerError } from '../../core/shared/errors.js';
import { Notifications } from '../../platform/database/notifications.js';
import { Transactions } from '../../platform/database/transaction.js';
import type { EventPipe } from '../../platform/http/event-pipe.js';
import { Log } from '../../platform/log/log.js';
import type { SessionAgent } from '../agents/agents.events.js';
import { TALKS_CHANNEL, type TalkNotice } from '../calls/calls.events.js';
import { AgentsService } from '../agents/agents.service.js';
import { AGENT_EVENTS_CHANNEL, AgentEventStore, type AgentEventRow } from './agent-event.store.js';
import { AgentScreen } from './agent-screen.js';
import type { NoticeCode } from './desktop.protocol.js';
import { MessageComposer, notice } from './message-composer.js';

/** Behind the wake-ups of Postgres, should one be lost. */
const POLL_MS = 1_000;
/** Proxies cut connections that are silent for a minute; a browser that is gone is noticed by it too. */
const KEEP_ALIVE_MS = 15_000;
/** A session that was switched off must end within 5 s. */
const SESSION_CHECK_MS = 3_000;
/** Tabs of one session; the oldest is closed when there are more. */
const MOST_SCREENS_PER_SESSION = 4;

/** The event streams that this process holds open, and the one loop that feeds them from the tape. */
@Injectable()
export class AgentScreens implements OnModuleInit, OnModuleDestroy {
  private readonly screens = new Set<AgentScreen>();
  private readonly due = new Set<string>();
  private readonly timers: NodeJS.Timeout[] = [];
  private isFeeding = false;
  private isStopped = false;
  private stopListening: (() => void)[] = [];

  constructor(
    private readonly transactions: Transactions,
    private readonly notifications: Notifications,
    private readonly tape: AgentEventStore,
    private readonly composer: MessageComposer,
    private readonly agents: AgentsService,
    private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.stopListening = [
      this.notifications.listen(AGENT_EVENTS_CHANNEL, (agentId) => this.wake(agentId)),
      this.notifications.listen(TALKS_CHANNEL, (payload) => this.showTalk(payload)),
    ];
    this.timers.push(
      setInterval(() => this.wake(''), POLL_MS),
      setInterval(() => this.screens.forEach((screen) => screen.keepAlive()), KEEP_ALIVE_MS),
      setInterval(() => void this.checkSessions(), SESSION_CHECK_MS),
    );
  }

  onModuleDestroy(): void {
    this.isStopped = true;
    for (const stop of this.stopListening) stop();
    this.timers.forEach(clearInterval);
    for (const screen of this.screens) screen.end(notice('server.restarting'));
  }

  /** Feeds a new stream: what it missed since `lastEventId`, where things stand now, and then whatever comes. */
  async open(
    agent: SessionAgent,
    o: { readonly lastEventId: number | null; readonly name: string | null },
    pipe: EventPipe,
  ): Promise<void> {
    const { lastEventId, name } = o;
    if (this.isStopped) {
      throw new DialerError('busy.retry_later', 'The server restarts. Try again.', {
        isRetryable: true,
        retryAfterSeconds: 1,
      });
    }
    const { head, recent, missed } = await this.transactions.read(async (tx) => {
      const head = await this.tape.head(tx, agent.agentId);
      const recent = (await this.tape.since(tx, [agent.agentId], head.now)).rows;
      const missed = lastEventId === null ? [] : await this.tape.after(tx, agent.agentId, lastEventId);
      return { head, recent, missed };
    });
    const active = name === null ? null : await this.agents.claimScreen(agent.sessionId, name);
    pipe.begin();
    const screen = new AgentScreen(
      agent,
      name,
      pipe,
      head.now,
      (row, told) => this.composer.compose(row, told),
      this.log,
    );
    screen.skip([...recent, ...missed]);
    this.closeSurplus(agent.sessionId);
    this.screens.add(screen);
    pipe.onClose(() => this.screens.delete(screen));
    screen.send(missed);
    screen.show(Math.max(head.id, ...missed.map((row) => row.id)), () => this.composer.present(agent.agentId));
    screen.tellActive(active);
    await this.checkSessions([screen]);
    this.wake(agent.agentId);
  }

  private wake(agentId: string): void {
    for (const screen of this.screens) {
      if (agentId === '' || screen.agentId === agentId) this.due.add(screen.agentId);
    }
    if (this.due.size > 0 && !this.isFeeding) void this.feed();
  }

  /** The order of a talk that has just begun, before the tape has it. */
  private showTalk(payload: string): void {
    if (payload === '') return;
    const talk = JSON.parse(payload) as TalkNotice;
    const screens = [...this.screens].filter((screen) => screen.agentId === talk.agentId);
    if (screens.length === 0) return;
    const card = this.composer.talk(talk);
    for (const screen of screens) screen.showTalk(talk.callId, () => card);
  }

  private async feed(): Promise<void> {
    this.isFeeding = true;
    try {
      while (this.due.size > 0 && !this.isStopped) {
        const agentIds = [...this.due];
        this.due.clear();
        await this.feedAgents(agentIds);
      }
    } catch (error) {
      this.log.warn('the screens could not be fed, trying again with the next poll', { error });
    } finally {
      this.isFeeding = false;
    }
  }

  private async feedAgents(agentIds: readonly string[]): Promise<void> {
    const screens = [...this.screens].filter((screen) => agentIds.includes(screen.agentId));
    if (screens.length === 0) return;
    const since = new Date(Math.min(...screens.map((screen) => screen.seenUntil.getTime())));
    const { now, rows } = await this.transactions.read((tx) =>
      this.tape.since(tx, agentIds, since, takenByAll(screens)),
    );
    for (const screen of screens) {
      const fresh = screen.take(rows, now);
      screen.send(fresh);
      this.takeNotice(screen, fresh);
    }
  }

  /** What concerns the screen itself, and not its agent's calls. */
  private takeNotice(screen: AgentScreen, rows: readonly AgentEventRow[]): void {
    for (const row of rows) {
      if (row.event === 'screen.changed' && row.data.sessionId === screen.sessionId) screen.tellActive(row.data.screen);
      if (row.event === 'session.ended' && row.data.sessionId === screen.sessionId) {
        screen.end(notice(`session.${row.data.reason}` as NoticeCode));
      }
    }
  }

  /** Keeps sessions with an open screen from idling out, and closes the screens of those that have ended. */
  private async checkSessions(screens: readonly AgentScreen[] = [...this.screens]): Promise<void> {
    if (screens.length === 0) return;
    try {
      const live = new Set(await this.agents.keepScreens([...new Set(screens.map((screen) => screen.sessionId))]));
      for (const screen of screens) if (!live.has(screen.sessionId)) screen.end(notice('session.expired'));
    } catch (error) {
      this.log.warn('the sessions of open screens could not be checked', { error });
    }
  }

  private closeSurplus(sessionId: string): void {
    const own = [...this.screens].filter((screen) => screen.sessionId === sessionId);
    for (const screen of own.slice(0, Math.max(0, own.length - MOST_SCREENS_PER_SESSION + 1))) screen.end();
  }
}

/** Rows that each screen of their agent has had. */
function takenByAll(screens: readonly AgentScreen[]): number[] {
  const byAgent = new Map<string, AgentScreen[]>();
  for (const screen of screens) byAgent.set(screen.agentId, [...(byAgent.get(screen.agentId) ?? []), screen]);
  return [...byAgent.values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : first.takenIds().filter((id) => others.every((other) => other.hasTaken(id))),
  );
}
