import { Injectable } from '@nestjs/common';
import type { AgentId } from '../../core/shared/ids.js';
import type { Tx } from '../../platform/database/transaction.js';

/** A session ends by itself after this long without a request or an open event stream (ASVS 7.3.1), */
const IDLE_MINUTES = 30;
/** … and after this long in any case: one shift (ASVS 7.3.2). */
const ABSOLUTE_HOURS = 12;

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

  /** The live session of a token; `isStale` when `touch` is due. */
  async find(tx: Tx, tokenHash: Buffer): Promise<{ sessionId: string; agentId: AgentId; isStale: boolean } | null> {
    const rows = await tx.query<{ sessionId: string; agentId: AgentId; isStale: boolean }[]>(
      `SELECT s.session_id AS "sessionId", s.agent_id AS "agentId", s.last_seen_at < now() - interval '30 s' AS "isStale"
       FROM agent_sessions s JOIN agents a USING (agent_id)
       WHERE s.token_hash = $1 AND s.ended_at IS NULL AND s.expires_at > now() AND a.is_enabled
         AND s.last_seen_at > now() - $2 * interval '1 minute'`,
      [tokenHash, IDLE_MINUTES],
    );
    return rows[0] ?? null;
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
