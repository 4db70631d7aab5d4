import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { AgentEvent, Wish } from '../../core/agent/agent.js';
import { DialerError } from '../../core/shared/errors.js';
import type { AgentId, CallId, GroupId } from '../../core/shared/ids.js';
import { DatabaseClock } from '../../platform/clock/database-clock.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { Log } from '../../platform/log/log.js';
import { Spool } from '../../platform/spool/spool.js';
import { failpoint } from '../../platform/failpoints/failpoints.js';
import { AgentStore, type Group, type Staffing } from './agent.store.js';
import { AgentSessions, type SignedIn } from './agent-sessions.js';
import { takesCalls, type Agent, type PhoneAccount, type PresenceView, type SessionAgent } from './agents.events.js';
import { noSuchAgent, PresenceMoves } from './presence-moves.js';
import { PresenceStore } from './presence.store.js';
import { presenceView } from './presence-view.js';

/** For so long an overdue wrap-up waits for a spooled word, from the sweep's first look at it: Postgres is back by then. */
const WORD_LIMIT_MS = 10_000;
/** For so long a request to go on waits for such a word; the spool is looked at every second. */
const WISH_WAITS_MS = 3_000;
const LOOK_AGAIN_MS = 50;

/**
 * Who is there, and what they are doing. The row in Postgres is the truth for all processes: every move is one guarded UPDATE, so of many
 * that want the same agent exactly one gets them. Each change wakes the dialer (`NOTIFY dialer`) and is published in its transaction.
 */
@Injectable()
export class AgentsService {
  private readonly waitedFor = new Map<CallId, number>();

  constructor(
    private readonly transactions: Transactions,
    private readonly presences: PresenceStore,
    private readonly moves: PresenceMoves,
    private readonly sessions: AgentSessions,
    private readonly agents: AgentStore,
    private readonly spool: Spool,
    private readonly clock: DatabaseClock,
    private readonly log: Log,
  ) {}

  /**
   * Signs an agent in; a session that they had elsewhere ends. `from` is the client's address, for the limit on wrong passwords.
   * Throws `auth.failed` for an unknown login, a wrong password or somebody switched off, all alike, `auth.throttled` after too many, and
   * without `isTakeOver` also `session.elsewhere` while somebody looks at the other session.
   */
  signIn(login: string, password: string, from: string, isTakeOver = true): Promise<SignedIn> {
    return this.sessions.signIn(login, password, from, isTakeOver);
  }

  /** A screen of the session has opened: it becomes the active one if there is no other. @returns the active one; null when the session has ended */
  claimScreen(sessionId: string, screen: string): Promise<string | null> {
    return this.sessions.claimScreen(sessionId, screen);
  }

  /** From now on this screen of the session may act, and no other. Published as `agent.screen_changed`. */
  takeScreen(agent: SessionAgent, screen: string): Promise<void> {
    return this.sessions.takeScreen(agent, screen);
  }

  /** The phone in the agent's browser, with a password that ends with the session; null when the agent has a phone elsewhere. */
  phone(agent: SessionAgent): Promise<PhoneAccount | null> {
    return this.sessions.phone(agent);
  }

  /** All phones in browsers that may register now. */
  phones(): Promise<PhoneAccount[]> {
    return this.sessions.phones();
  }

  /** Ends the session; with a call at hand the agent leaves after it. An unknown token is no error. */
  signOut(token: string): Promise<void> {
    return this.sessions.signOut(token);
  }

  /** Whose token this is, or null when it is unknown, ended, idle for too long, or its agent switched off. */
  authenticate(token: string): Promise<SessionAgent | null> {
    return this.sessions.authenticate(token);
  }

  /**
   * Whose token this was when this process last asked Postgres, within the time that a session may be idle; for while Postgres is away, and only
   * for what {@link wasSignedIn} judges before it takes effect.
   */
  recall(token: string): SessionAgent | null {
    return this.sessions.recall(token);
  }

  /** Whether the session lived at that instant. */
  wasSignedIn(sessionId: string, at: Date): Promise<boolean> {
    return this.sessions.wasLive(sessionId, at);
  }

  /** Somebody else ends the agent's session; with a call at hand the agent leaves after it. Nobody signed in: nothing happens. */
  async endSession(agentId: AgentId): Promise<void> {
    await this.transactions.run((tx) => this.sessions.endOfAgent(tx, agentId, 'ended_by_supervisor'));
  }

  /** The agent with this login; throws `agent.not_found`. */
  async byLogin(login: string): Promise<Agent> {
    const record = await this.transactions.read((tx) => this.agents.findByLogin(tx, login));
    if (!record) throw noSuchAgent();
    const { passwordHash: _hash, isEnabled: _isEnabled, ...agent } = record;
    return agent;
  }

  /** Tells that event streams of these sessions are open. @returns those that still live; the streams of the others must be closed */
  keepScreens(sessionIds: readonly string[]): Promise<string[]> {
    return this.sessions.keepScreens(sessionIds);
  }

  /** Where the agent stands; throws `agent.not_found`. */
  async presence(agentId: AgentId): Promise<PresenceView> {
    const stored = await this.transactions.read((tx) => this.presences.find(tx, agentId));
    if (!stored) throw noSuchAgent();
    return presenceView(stored.agent, stored.presence);
  }

  /** Everybody of these groups, whoever has stood longest in their state first; who is in two groups comes once. */
  async floor(groupIds: GroupId | readonly GroupId[]): Promise<PresenceView[]> {
    const ids = typeof groupIds === 'string' ? [groupIds] : groupIds;
    const stored = await this.transactions.read((tx) => this.presences.floor(tx, ids));
    return stored.map(({ agent, presence }) => presenceView(agent, presence));
  }

  /** Groups in which somebody is at work: ready, or busy and not about to leave. Groups behind the others in a shop's list take over at once. */
  async staffedGroups(): Promise<ReadonlySet<GroupId>> {
    return new Set(await this.transactions.read((tx) => this.presences.staffedGroups(tx)));
  }

  /** Whether anybody of the group is at work. */
  async hasAnybody(groupId: GroupId): Promise<boolean> {
    return (await this.staffedGroups()).has(groupId);
  }

  /** Who is in a talk or wrap-up with this call, else who is reserved for it. */
  async atCall(tx: Tx, callId: CallId): Promise<PresenceView | null> {
    const stored = await this.presences.atCall(tx, callId);
    return stored && presenceView(stored.agent, stored.presence);
  }

  /** All groups with everybody who may take their calls, signed in or not. */
  async staffing(tx: Tx): Promise<Staffing[]> {
    return this.agents.staffing(tx);
  }

  /** All groups with their settings. */
  async groups(): Promise<Group[]> {
    return this.transactions.read((tx) => this.agents.groups(tx));
  }

  /** One group; throws `group.not_found`. */
  async group(groupId: GroupId): Promise<Group> {
    const group = (await this.groups()).find((one) => one.groupId === groupId);
    if (!group) throw new DialerError('group.not_found', 'There is no such group of agents.');
    return group;
  }

  /**
   * The agent asks for work or for a break. With a call at hand it is remembered and comes true after it; in wrap-up, `ready` ends the wrap-up.
   * A word of theirs that is on its way from the disk arrives first. `atCall`: the call at which they wished it; `ready` changes nothing
   * when another one is at hand by now.
   * Throws `agent.state_refused` when the agent is offline, and to supervisors and administrators who ask for work: they take part in others' calls;
   * `busy.retry_later` when that word does not arrive.
   */
  async wish(
    agentId: AgentId,
    to: 'ready' | 'break',
    reason: string | null = null,
    atCall: CallId | null = null,
  ): Promise<PresenceView> {
    const wish: Exclude<Wish, { to: 'offline' }> = to === 'ready' ? { to } : { to, reason };
    if (!this.spool.isEmpty) await this.wordArrives(agentId);
    return this.transactions.run(async (tx) => {
      const { view } = await this.moves.move(tx, agentId, { kind: 'wished', wish, atCall });
      // Refused afterwards, which takes the move back: one look at the agent less for everybody else.
      if (to === 'ready' && !takesCalls(view.role)) {
        throw new DialerError('agent.state_refused', 'Supervisors and administrators get no calls of their own.');
      }
      if (view.state === 'offline') {
        throw new DialerError('agent.state_refused', 'The agent is offline. Sign in first.');
      }
      return view;
    });
  }

  /** Takes a ready agent for a call. @returns false when somebody was faster, or the agent is not ready any more */
  async reserve(tx: Tx, agentId: AgentId, callId: CallId): Promise<boolean> {
    const { isMoved } = await this.moves.move(tx, agentId, { kind: 'reserved', callId });
    if (isMoved) await failpoint('agent_reserved');
    return isMoved;
  }

  /** Buyer and agent are connected. @returns false when the agent is not reserved for this call */
  async toTalking(tx: Tx, agentId: AgentId, callId: CallId): Promise<boolean> {
    return (await this.moves.move(tx, agentId, { kind: 'connected', callId })).isMoved;
  }

  /**
   * The call does not need the agent any more. After a talk say `wrap_up`; a reserved agent whom the call never reached goes `ready`, or to
   * `break` with a reason (`not_responding`). The agent's own wish for a break or to leave wins over `ready`. Late or repeated: no effect.
   */
  async afterCall(
    tx: Tx,
    agentId: AgentId,
    callId: CallId,
    to: 'wrap_up' | 'ready' | 'break',
    reason: string | null = null,
  ): Promise<void> {
    await this.moves.move(tx, agentId, { kind: 'call_over', callId, to, reason });
  }

  /** The agent has said what became of the call: a wrap-up that now runs into its limit is no reason for a break. */
  async noteOutcome(tx: Tx, agentId: AgentId, callId: CallId): Promise<void> {
    await this.moves.move(tx, agentId, { kind: 'outcome_given', callId });
  }

  /** Ends the wrap-up of this call, if it still runs, and publishes `agentWrapUpEnded`. */
  async endWrapUp(tx: Tx, agentId: AgentId, callId: CallId): Promise<void> {
    await this.moves.move(tx, agentId, { kind: 'wrap_up_over', callId, hadLimit: false });
  }

  /** Agents whose standing leg should be dialled now. */
  async legNeeded(groupIds: readonly GroupId[]): Promise<PresenceView[]> {
    return (await this.floor(groupIds)).filter((agent) => agent.state === 'connecting' && !agent.isLegUp);
  }

  /** Agents who have left and whose standing leg should be ended now; tell `legDown` when it is gone. */
  async legUnneeded(groupIds: readonly GroupId[]): Promise<PresenceView[]> {
    return (await this.floor(groupIds)).filter((agent) => agent.state === 'offline' && agent.isLegUp);
  }

  /** The agent's phone has answered, standing or for one call; `node` of the exchange that called it, null: not known. */
  async legUp(agentId: AgentId, legId: string, node: string | null = null): Promise<PresenceView> {
    const event: AgentEvent = { kind: 'leg_up', legId, node };
    return this.transactions.run(async (tx) => (await this.moves.move(tx, agentId, event)).view);
  }

  /** The agent's line is about to be ended for one on another node. @returns false when a call needs it, or it does not stand any more */
  async giveLegUp(agentId: AgentId, legId: string): Promise<boolean> {
    const event: AgentEvent = { kind: 'leg_given_up', legId };
    return this.transactions.run(async (tx) => (await this.moves.move(tx, agentId, event)).isMoved);
  }

  /** The agent's phone is gone; `refused`: it was rung and did not take the call. */
  async legDown(agentId: AgentId, legId: string, reason: 'refused' | 'ended'): Promise<PresenceView> {
    const event: AgentEvent = { kind: 'leg_down', legId, isRefused: reason === 'refused' };
    return this.transactions.run(async (tx) => (await this.moves.move(tx, agentId, event)).view);
  }

  /** Agents reserved or talking beyond their limit: the calls room knows whether the call still lives, and frees them if not. */
  async overdueAtCall(now: Date): Promise<PresenceView[]> {
    const stored = await this.transactions.read((tx) =>
      this.presences.overdue(tx, ['reserved', 'talking', 'lost'], now),
    );
    return stored.map(({ agent, presence }) => presenceView(agent, presence));
  }

  /** The agent has given their word, and it is on its way from the disk to Postgres: the wrap-up may wait for it, but not for ever. */
  private isWordComing(callId: CallId): boolean {
    const sinceMs = this.waitedFor.get(callId) ?? performance.now();
    const isComing = this.spool.holds(callId) && performance.now() - sinceMs < WORD_LIMIT_MS;
    if (isComing) this.waitedFor.set(callId, sinceMs);
    else this.waitedFor.delete(callId);
    return isComing;
  }

  /** The end of a wrap-up whose word is still on the disk would have the order called again. */
  private async wordArrives(agentId: AgentId): Promise<void> {
    const presence = await this.presence(agentId);
    if (presence.state !== 'wrap_up' || presence.callId === null) return;
    const from = performance.now();
    while (this.isWordComing(presence.callId)) {
      if (performance.now() - from > WISH_WAITS_MS) {
        throw new DialerError('busy.retry_later', 'What you said of the last call is still on its way. Try again.', {
          isRetryable: true,
          retryAfterSeconds: 2,
        });
      }
      await sleep(LOOK_AGAIN_MS);
    }
  }

  /** The sweep: wrap-ups beyond their limit end, each in a transaction of its own. */
  async endOverdueWrapUps(): Promise<void> {
    const overdue = await this.transactions.read((tx) => this.presences.overdue(tx, ['wrap_up'], this.clock.now()));
    for (const { agent, presence } of overdue) {
      if (presence.state !== 'wrap_up' || this.isWordComing(presence.callId)) continue;
      const event: AgentEvent = { kind: 'wrap_up_over', callId: presence.callId, hadLimit: true };
      try {
        await this.transactions.run((tx) => this.moves.move(tx, agent.agentId, event));
      } catch (error) {
        // One that fails must not keep the others waiting; the next sweep tries again.
        this.log.warn('a wrap-up could not be ended in time', {
          agentId: agent.agentId,
          callId: presence.callId,
          error,
        });
      }
    }
  }
}
