import { Injectable } from '@nestjs/common';
import type { AgentId } from '../../core/shared/ids.js';
import type { Tx } from '../../platform/database/transaction.js';
import { AGENT_COLUMNS } from './agent.store.js';
import { SOFTPHONE, type SessionAgent } from './agents.events.js';

/** A session ends by itself after this long without a request or an open event stream (ASVS 7.3.1), */
export const IDLE_MINUTES = 30;
/** … and after this long in any case: one shift (ASVS 7.3.2). */
const ABSOLUTE_HOURS = 12;

/** A session that lives, with its agent. */
export interface LiveSession {
  readonly agent: SessionAgent;
  /** {@link SessionStore.touch} is due. */
  readonly isStale: boolean;
}

/** An open event stream is seen every 3 s: after this long without one, nobody looks at the session. */
const UNSEEN_SECONDS = 7;

export interface EndedSession {
  readonly sessionId: string;
  readonly agentId: AgentId;
}

@Injectable()
export class SessionStore {
  async create(tx: Tx, session: { sessionId: string; agentId: AgentId; tokenHash: Buffer }): Promise<void> {
    await tx.query(
      `INSERT INTO agent_sessions (session_id, agent_id, token_hash, expires_at)
       VALUES ($1, $2, $3, now() + $4 * interval '1 hour')`,
      [session.sessionId, session.agentId, session.tokenHash, ABSOLUTE_HOURS],
    );
  }

  /** The live session of a token. */
  async find(tx: Tx, tokenHash: Buffer): Promise<LiveSession | null> {
    const [row] = await tx.query<(SessionAgent & { isStale: boolean })[]>(
      `SELECT ${AGENT_COLUMNS}, s.session_id AS "sessionId", s.active_screen AS "activeScreen", s.last_seen_at < now() - interval '30 s' AS "isStale"
       FROM agent_sessions s JOIN agents a USING (agent_id)
       WHERE s.token_hash = $1 AND s.ended_at IS NULL AND s.expires_at > now() AND a.is_enabled
         AND s.last_seen_at > now() - $2 * interval '1 minute'`,
      [tokenHash, IDLE_MINUTES],
    );
    if (row === undefined) return null;
    const { isStale, ...agent } = row;
    return { agent, isStale };
  }

  /** Whether the session was neither ended nor past its time at that instant. */
  async wasLive(tx: Tx, sessionId: string, at: Date): Promise<boolean> {
    const rows = await tx.query<unknown[]>(
      `SELECT 1 FROM agent_sessions WHERE session_id = $1 AND (ended_at IS NULL OR ended_at > $2) AND expires_at > $2`,
      [sessionId, at],
    );
    return rows.length > 0;
  }

  async touch(tx: Tx, sessionId: string): Promise<void> {
    await tx.query(`UPDATE agent_sessions SET last_seen_at = now() WHERE session_id = $1 AND ended_at IS NULL`, [
      sessionId,
    ]);
  }

  /** Marks sessions whose event stream is open; @returns those of them that still live. */
  async touchScreens(tx: Tx, sessionIds: readonly string[]): Promise<string[]> {
    const [rows] = await tx.query<[{ session_id: string }[], number]>(
      `UPDATE agent_sessions s SET last_seen_at = now(), screen_seen_at = now()
       FROM agents a
       WHERE s.session_id = ANY($1) AND s.ended_at IS NULL AND s.expires_at > now() AND a.agent_id = s.agent_id AND a.is_enabled
       RETURNING s.session_id`,
      [sessionIds],
    );
    return rows.map((row) => row.session_id);
  }

  /** Whether somebody looks at the agent's session now. */
  async hasOpenScreen(tx: Tx, agentId: AgentId): Promise<boolean> {
    const rows = await tx.query<unknown[]>(
      `SELECT 1 FROM agent_sessions
       WHERE agent_id = $1 AND ended_at IS NULL AND screen_seen_at > now() - $2 * interval '1 second'`,
      [agentId, UNSEEN_SECONDS],
    );
    return rows.length > 0;
  }

  /** Makes the screen the active one if there is none, or nobody looks at the session. @returns the active one */
  async claimScreen(tx: Tx, sessionId: string, screen: string): Promise<string | null> {
    const [rows] = await tx.query<[{ active_screen: string }[], number]>(
      `UPDATE agent_sessions SET active_screen = CASE
         WHEN active_screen IS NULL OR screen_seen_at IS NULL OR screen_seen_at < now() - $3 * interval '1 second' THEN $2::uuid
         ELSE active_screen END
       WHERE session_id = $1 AND ended_at IS NULL RETURNING active_screen`,
      [sessionId, screen, UNSEEN_SECONDS],
    );
    return rows[0]?.active_screen ?? null;
  }

  async setScreen(tx: Tx, sessionId: string, screen: string): Promise<void> {
    await tx.query(`UPDATE agent_sessions SET active_screen = $2 WHERE session_id = $1 AND ended_at IS NULL`, [
      sessionId,
      screen,
    ]);
  }

  /** The phone's password of a live session; `fresh` when it has none yet. */
  async phonePassword(tx: Tx, sessionId: string, fresh: string): Promise<string | null> {
    const [rows] = await tx.query<[{ password: string }[], number]>(
      `UPDATE agent_sessions SET phone_password_encrypted = coalesce(phone_password_encrypted, $2)
       WHERE session_id = $1 AND ended_at IS NULL RETURNING phone_password_encrypted AS password`,
      [sessionId, fresh],
    );
    return rows[0]?.password ?? null;
  }

  /** The passwords of all phones in browsers that may register now. */
  async phonePasswords(tx: Tx): Promise<{ agentId: AgentId; sessionId: string; password: string }[]> {
    return tx.query(
      `SELECT s.agent_id AS "agentId", s.session_id AS "sessionId", s.phone_password_encrypted AS password
       FROM agent_sessions s JOIN agents a USING (agent_id)
       WHERE s.ended_at IS NULL AND s.expires_at > now() AND s.phone_password_encrypted IS NOT NULL AND a.is_enabled AND a.endpoint = $1`,
      [SOFTPHONE],
    );
  }

  async endOfAgent(tx: Tx, agentId: AgentId): Promise<EndedSession[]> {
    return this.end(tx, 'agent_id = $1', [agentId]);
  }

  async endByToken(tx: Tx, tokenHash: Buffer): Promise<EndedSession[]> {
    return this.end(tx, 'token_hash = $1', [tokenHash]);
  }

  async endExpired(tx: Tx): Promise<EndedSession[]> {
    return this.end(tx, `(expires_at <= now() OR last_seen_at <= now() - $1 * interval '1 minute')`, [IDLE_MINUTES]);
  }

  /** Ready agents who had a screen open and have had none for `seconds`. */
  async withLostScreen(tx: Tx, seconds: number): Promise<AgentId[]> {
    const rows = await tx.query<{ agent_id: AgentId }[]>(
      `SELECT s.agent_id FROM agent_sessions s JOIN agent_presence p USING (agent_id)
       WHERE s.ended_at IS NULL AND s.screen_seen_at < now() - $1 * interval '1 second' AND p.state IN ('ready', 'connecting') AND p.wanted = 'ready'`,
      [seconds],
    );
    return rows.map((row) => row.agent_id);
  }

  /** Rows of ended sessions are of no use after a day. */
  async prune(tx: Tx): Promise<void> {
    await tx.query(`DELETE FROM agent_sessions WHERE ended_at < now() - interval '24 hours'`);
  }

  private async end(tx: Tx, condition: string, params: unknown[]): Promise<EndedSession[]> {
    const [rows] = await tx.query<[EndedSession[], number]>(
      `UPDATE agent_sessions SET ended_at = now() WHERE ended_at IS NULL AND ${condition}
       RETURNING session_id AS "sessionId", agent_id AS "agentId"`,
      params,
    );
    return rows;
  }
}
