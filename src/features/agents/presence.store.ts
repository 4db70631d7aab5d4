import { Injectable } from '@nestjs/common';
import type { AgentLimits, AgentState, Presence, Wish } from '../../core/agent/agent.js';
import type { AgentConnection } from '../../core/agent/agent.js';
import type { AgentId, CallId, GroupId } from '../../core/shared/ids.js';
import { oneOf, type Tx } from '../../platform/database/transaction.js';
import { groupLimits } from './group-settings.js';
import type { Agent, AgentRole } from './agents.events.js';

/** Long enough for an agent's phone and a buyer's phone to ring one after the other. */
const RESERVED_SECONDS = 60;

export interface StoredPresence {
  readonly agent: Agent;
  readonly presence: Presence;
  readonly limits: AgentLimits;
  readonly version: number;
}

interface PresenceRow {
  agent_id: AgentId;
  login: string;
  name: string;
  role: AgentRole;
  endpoint: string;
  connection: AgentConnection;
  skills: string[];
  group_ids: GroupId[];
  group_settings: unknown[];
  state: AgentState;
  reason: string | null;
  wanted: Wish['to'];
  wanted_reason: string | null;
  since: Date;
  call_id: CallId | null;
  leg_id: string | null;
  leg_node: string | null;
  is_leg_up: boolean;
  limit_at: Date | null;
  has_outcome: boolean;
  version: number;
}

const SELECT = `
  SELECT p.agent_id, p.state, p.reason, p.wanted, p.wanted_reason, p.since, p.call_id, p.leg_id, p.leg_node, p.is_leg_up, p.limit_at, p.has_outcome,
    p.version, a.login, a.name, a.role, a.endpoint, a.connection, a.skills, g.group_ids, g.group_settings
  FROM agent_presence p
  JOIN agents a USING (agent_id)
  CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(ag.group_id ORDER BY ag.group_id), '{}') AS group_ids,
           coalesce(jsonb_agg(gr.settings), '[]') AS group_settings
    FROM agent_groups ag JOIN groups gr USING (group_id)
    WHERE ag.agent_id = p.agent_id
  ) g`;

@Injectable()
export class PresenceStore {
  async find(tx: Tx, agentId: AgentId): Promise<StoredPresence | null> {
    const rows = await tx.query<PresenceRow[]>(`${SELECT} WHERE p.agent_id = $1`, [agentId]);
    return rows[0] ? fromRow(rows[0]) : null;
  }

  async atCall(tx: Tx, callId: CallId): Promise<StoredPresence | null> {
    return (await this.where(tx, `p.call_id = $1 ORDER BY p.state = 'reserved', p.since`, [callId]))[0] ?? null;
  }

  /** All agents of the groups; an agent in two of them comes once. */
  async floor(tx: Tx, groupIds: readonly GroupId[]): Promise<StoredPresence[]> {
    const { condition, ids } = oneOf('group_id', groupIds);
    return this.where(
      tx,
      `p.agent_id IN (SELECT agent_id FROM agent_groups WHERE ${condition}) ORDER BY p.since, p.agent_id`,
      [ids],
    );
  }

  /** Agents at one of these states whose time limit has passed. */
  async overdue(tx: Tx, states: readonly AgentState[], now: Date): Promise<StoredPresence[]> {
    return this.where(tx, `p.state = ANY($1) AND p.limit_at <= $2 ORDER BY p.limit_at LIMIT 100`, [states, now]);
  }

  /** @returns false when somebody else changed the row since it was read */
  async save(tx: Tx, agentId: AgentId, version: number, presence: Presence): Promise<boolean> {
    const atCall = 'callId' in presence ? presence : null;
    const [rows] = await tx.query<[unknown[], number]>(
      `UPDATE agent_presence SET state = $3, reason = $4, wanted = $5, wanted_reason = $6, since = $7, call_id = $8, leg_id = $9,
         is_leg_up = $10, limit_at = $11, has_outcome = $12, leg_node = $13, version = version + 1
       WHERE agent_id = $1 AND version = $2
       RETURNING version`,
      [
        agentId,
        version,
        presence.state,
        presence.state === 'break' ? presence.reason : null,
        presence.wish.to,
        presence.wish.to === 'break' ? presence.wish.reason : null,
        presence.since,
        atCall?.callId ?? null,
        presence.legId,
        presence.isLegUp,
        atCall?.limitAt ?? null,
        atCall?.hasOutcome ?? false,
        presence.legNode,
      ],
    );
    return rows.length === 1;
  }

  async create(tx: Tx, agentId: AgentId, now: Date): Promise<void> {
    await tx.query(
      `INSERT INTO agent_presence (agent_id, state, wanted, since) VALUES ($1, 'offline', 'offline', $2) ON CONFLICT DO NOTHING`,
      [agentId, now],
    );
  }

  /** Groups in which somebody is ready or busy with a call; who is on a break, leaving or still connecting does not count. */
  async staffedGroups(tx: Tx): Promise<GroupId[]> {
    const rows = await tx.query<{ group_id: GroupId }[]>(
      `SELECT DISTINCT ag.group_id FROM agent_presence p JOIN agent_groups ag USING (agent_id)
       WHERE p.state IN ('ready', 'reserved', 'talking', 'wrap_up') AND p.wanted = 'ready'`,
    );
    return rows.map((row) => row.group_id);
  }

  /** How many agents of each group stand in each state; only pairs that occur. */
  async count(tx: Tx): Promise<{ groupId: GroupId; state: AgentState; count: number }[]> {
    return tx.query(
      `SELECT ag.group_id AS "groupId", p.state, count(*)::int AS count
       FROM agent_presence p JOIN agent_groups ag USING (agent_id) JOIN agents a USING (agent_id)
       WHERE a.is_enabled OR p.state <> 'offline'
       GROUP BY 1, 2`,
    );
  }

  private async where(tx: Tx, condition: string, params: unknown[]): Promise<StoredPresence[]> {
    const rows = await tx.query<PresenceRow[]>(`${SELECT} WHERE ${condition}`, params);
    return rows.map(fromRow);
  }
}

function fromRow(row: PresenceRow): StoredPresence {
  return {
    agent: {
      agentId: row.agent_id,
      login: row.login,
      name: row.name,
      role: row.role,
      endpoint: row.endpoint,
      connection: row.connection,
      skills: row.skills,
      groupIds: row.group_ids,
    },
    presence: presenceOf(row),
    limits: { reservedSeconds: RESERVED_SECONDS, ...groupLimits(row.group_settings) },
    version: row.version,
  };
}

function presenceOf(row: PresenceRow): Presence {
  const shared = {
    connection: row.connection,
    isLegUp: row.is_leg_up,
    legId: row.leg_id,
    legNode: row.leg_node,
    wish: row.wanted === 'break' ? { to: row.wanted, reason: row.wanted_reason } : { to: row.wanted },
    since: row.since,
  };
  switch (row.state) {
    case 'offline':
    case 'connecting':
    case 'ready':
      return { ...shared, state: row.state };
    case 'break':
      return { ...shared, state: row.state, reason: row.reason };
    case 'reserved':
    case 'talking':
    case 'wrap_up':
    case 'lost':
      if (row.call_id === null || row.limit_at === null) throw new Error('a presence row at a call has no call');
      return { ...shared, state: row.state, callId: row.call_id, limitAt: row.limit_at, hasOutcome: row.has_outcome };
    default:
      throw new Error(`unknown presence state ${String(row.state satisfies never)}`);
  }
}
