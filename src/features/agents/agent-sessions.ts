import { Injectable } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import { DialerError } from '../../core/shared/errors.js';
import type { AgentId } from '../../core/shared/ids.js';
import { phoneName } from '../../core/call/leg-ids.js';
import { isPassword } from '../../platform/auth/password.js';
import { newToken, sha256 } from '../../platform/auth/tokens.js';
import { Vault } from '../../platform/auth/vault.js';
import { Notifications } from '../../platform/database/notifications.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { Events } from '../../platform/outbox/events.js';
import { AgentStore } from './agent.store.js';
import {
  agentScreenChanged,
  agentSessionEnded,
  SOFTPHONE,
  type PhoneAccount,
  type PresenceView,
  type SessionAgent,
  type SessionEnd,
} from './agents.events.js';
import { PresenceMoves } from './presence-moves.js';
import { SessionMemory } from './session-memory.js';
import { SessionStore, type EndedSession } from './session.store.js';
import { SignInLimit } from './sign-in-limit.js';

/** How long a ready agent may be without the screen that was open before: a page reload and a rolling deploy take less. */
const LOST_SCREEN_SECONDS = 30;

export interface SignedIn {
  /** Shown once; only its hash is kept. */
  readonly token: string;
  readonly agent: SessionAgent;
  readonly presence: PresenceView;
}

/** Opaque sessions, kept in Postgres: one for an agent at a time, 30 min idle, 12 h at most, ended at once with the agent's switch-off. */
@Injectable()
export class AgentSessions {
  private readonly limit = new SignInLimit();
  private readonly memory = new SessionMemory();

  constructor(
    private readonly transactions: Transactions,
    private readonly events: Events,
    private readonly agents: AgentStore,
    private readonly sessions: SessionStore,
    private readonly moves: PresenceMoves,
    private readonly vault: Vault,
    private readonly notifications: Notifications,
  ) {}

  async signIn(login: string, password: string, from: string, isTakeOver: boolean): Promise<SignedIn> {
    const wait = this.limit.waitSeconds(login, from);
    if (wait > 0) {
      throw new DialerError('auth.throttled', 'Too many wrong passwords. Wait, then try again.', {
        isRetryable: true,
        retryAfterSeconds: wait,
      });
    }
    const agent = await this.transactions.read((tx) => this.agents.findByLogin(tx, login));
    const isRight = await isPassword(agent?.passwordHash ?? null, password);
    if (!agent || !isRight || !agent.isEnabled) {
      this.limit.noteFailure(login, from);
      throw signInRefused();
    }
    this.limit.noteSuccess(login, from);
    const sessionId = uuidv7();
    const token = newToken();
    const presence = await this.transactions.run(async (tx) => {
      if (!(await this.agents.lockEnabled(tx, agent.agentId))) throw signInRefused();
      if (!isTakeOver && (await this.sessions.hasOpenScreen(tx, agent.agentId))) {
        throw new DialerError(
          'session.elsewhere',
          'The agent is at work on another screen. Send `takeOver: true` to go on here; that screen then only shows.',
        );
      }
      await this.tellEnded(tx, await this.sessions.endOfAgent(tx, agent.agentId), 'replaced');
      await this.sessions.create(tx, { sessionId, agentId: agent.agentId, tokenHash: sha256(token) });
      return (await this.moves.move(tx, agent.agentId, { kind: 'signed_in' })).view;
    });
    const { passwordHash: _hash, isEnabled: _isEnabled, ...shown } = agent;
    const signedIn = { ...shown, sessionId, activeScreen: null };
    this.memory.keep(token, signedIn);
    return { token, agent: signedIn, presence };
  }

  async signOut(token: string): Promise<void> {
    this.memory.forget(token);
    await this.transactions.run(async (tx) => {
      await this.leave(tx, await this.sessions.endByToken(tx, sha256(token)), 'signed_out');
    });
  }

  async authenticate(token: string): Promise<SessionAgent | null> {
    const found = await this.transactions.read(async (tx): Promise<SessionAgent | null> => {
      const session = await this.sessions.find(tx, sha256(token));
      if (!session) return null;
      if (session.isStale) await this.sessions.touch(tx, session.agent.sessionId);
      return session.agent;
    });
    if (found === null) this.memory.forget(token);
    else this.memory.keep(token, found);
    return found;
  }

  recall(token: string): SessionAgent | null {
    return this.memory.recall(token);
  }

  async wasLive(sessionId: string, at: Date): Promise<boolean> {
    return this.transactions.read((tx) => this.sessions.wasLive(tx, sessionId, at));
  }

  async claimScreen(sessionId: string, screen: string): Promise<string | null> {
    return this.transactions.read((tx) => this.sessions.claimScreen(tx, sessionId, screen));
  }

  async takeScreen({ agentId, sessionId }: SessionAgent, screen: string): Promise<void> {
    await this.transactions.run(async (tx) => {
      await this.sessions.setScreen(tx, sessionId, screen);
      await this.events.publish(tx, agentScreenChanged, { agentId, sessionId, screen });
    });
  }

  async phone({ agentId, sessionId, endpoint }: SessionAgent): Promise<PhoneAccount | null> {
    if (endpoint !== SOFTPHONE) return null;
    return this.transactions.run(async (tx) => {
      const stored = await this.sessions.phonePassword(tx, sessionId, this.vault.encrypt(newToken()));
      if (stored === null) return null;
      // The dialer tells the exchange at its next turn: now.
      await this.notifications.notify(tx, 'dialer', `agent:${agentId}`);
      return { agentId, sessionId, name: phoneName(agentId), password: this.vault.decrypt(stored) };
    });
  }

  async phones(): Promise<PhoneAccount[]> {
    const rows = await this.transactions.read((tx) => this.sessions.phonePasswords(tx));
    return rows.map(({ agentId, sessionId, password }) => ({
      agentId,
      sessionId,
      name: phoneName(agentId),
      password: this.vault.decrypt(password),
    }));
  }

  async keepScreens(sessionIds: readonly string[]): Promise<string[]> {
    return this.transactions.read((tx) => this.sessions.touchScreens(tx, sessionIds));
  }

  /** For the administrator's changes: ends whatever session the agent has, in the transaction of the change. */
  async endOfAgent(tx: Tx, agentId: AgentId, reason: SessionEnd): Promise<void> {
    await this.leave(tx, await this.sessions.endOfAgent(tx, agentId), reason);
  }

  /** The sweep: sessions that were idle for too long, and those of yesterday. */
  async endExpired(): Promise<void> {
    await this.transactions.run(async (tx) => {
      await this.leave(tx, await this.sessions.endExpired(tx), 'expired');
      await this.sessions.prune(tx);
    });
  }

  /** The sweep: an agent whose screen is gone must not get a buyer without the order in sight. */
  async breakLostScreens(): Promise<void> {
    const lost = await this.transactions.read((tx) => this.sessions.withLostScreen(tx, LOST_SCREEN_SECONDS));
    for (const agentId of lost) {
      const wish = { to: 'break', reason: 'screen_lost' } as const;
      await this.transactions.run((tx) => this.moves.move(tx, agentId, { kind: 'wished', wish }));
    }
  }

  private async leave(tx: Tx, ended: readonly EndedSession[], reason: SessionEnd): Promise<void> {
    for (const { agentId } of ended) await this.moves.move(tx, agentId, { kind: 'signed_out' });
    await this.tellEnded(tx, ended, reason);
  }

  private async tellEnded(tx: Tx, ended: readonly EndedSession[], reason: SessionEnd): Promise<void> {
    for (const { agentId, sessionId } of ended) {
      await this.events.publish(tx, agentSessionEnded, { agentId, sessionId, reason });
    }
  }
}

function signInRefused(): DialerError {
  return new DialerError('auth.failed', 'The login or the password is wrong.');
}
