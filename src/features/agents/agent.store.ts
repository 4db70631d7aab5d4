import { Injectable } from '@nestjs/common';
import type { AgentConnection } from '../../core/agent/agent.js';
import type { AgentId, GroupId } from '../../core/shared/ids.js';
import type { Tx } from '../../platform/database/transaction.js';
import { groupSettings, type GroupSettings } from './group-settings.js';
import type { Agent, AgentRole } from './agents.events.js';

export interface Group {
  readonly groupId: GroupId;
  readonly name: string;
  readonly settings: GroupSettings;
}

/** A group with those who take its calls. */
export interface Staffing {
  readonly groupId: GroupId;
  readonly agentIds: readonly AgentId[];
}

/** An agent as the administrator sees them. */
export interface AgentRecord extends Agent {
  readonly isEnabled: boolean;
  readonly passwordHash: string;
}

interface AgentRow {
  agentId: AgentId;
  login: string;
  name: string;
  role: AgentRole;
  endpoint: string;
  connection: AgentConnection;
  skills: string[];
  groupIds: GroupId[];
  isEnabled: boolean;
  passwordHash: string;
}

/** The fields of {@link Agent}, of `agents a`. */
export const AGENT_COLUMNS = `a.agent_id AS "agentId", a.login, a.name, a.role, a.endpoint, a.connection, a.skills,
  coalesce((SELECT array_agg(ag.group_id ORDER BY ag.group_id) FROM agent_groups ag WHERE ag.agent_id = a.agent_id), '{}') AS "groupIds"`;

const SELECT = `SELECT ${AGENT_COLUMNS}, a.is_enabled AS "isEnabled", a.password_hash AS "passwordHash" FROM agents a`;

@Injectable()
export class AgentStore {
  async findByLogin(tx: Tx, login: string): Promise<AgentRecord | null> {
    const rows = await tx.query<AgentRow[]>(`${SELECT} WHERE a.login = $1`, [login]);
    return rows[0] ?? null;
  }

  async find(tx: Tx, agentId: AgentId): Promise<AgentRecord | null> {
    const rows = await tx.query<AgentRow[]>(`${SELECT} WHERE a.agent_id = $1`, [agentId]);
    return rows[0] ?? null;
  }

  async list(tx: Tx): Promise<AgentRecord[]> {
    return tx.query<AgentRow[]>(`${SELECT} ORDER BY a.login`);
  }

  /** Takes the agent's row, so that a sign-in, a switch-off and another sign-in come one after the other; null when switched off or gone. */
  async lockEnabled(tx: Tx, agentId: AgentId): Promise<boolean> {
    const rows = await tx.query<unknown[]>(
      `SELECT 1 FROM agents WHERE agent_id = $1 AND is_enabled FOR NO KEY UPDATE`,
      [agentId],
    );
    return rows.length === 1;
  }

  async lockLogin(tx: Tx, login: string): Promise<void> {
    await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('agent ' || $1, 0))`, [login]);
    await tx.query(`SELECT 1 FROM agents WHERE login = $1 FOR NO KEY UPDATE`, [login]);
  }

  async save(tx: Tx, agent: AgentRecord): Promise<void> {
    await tx.query(
      `INSERT INTO agents (agent_id, login, name, password_hash, role, endpoint, connection, skills, is_enabled)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
       ON CONFLICT (agent_id) DO UPDATE SET name = $3, password_hash = $4, role = $5, endpoint = $6, connection = $7, skills = $8, is_enabled = $9`,
      [
        agent.agentId,
        agent.login,
        agent.name,
        agent.passwordHash,
        agent.role,
        agent.endpoint,
        agent.connection,
        agent.skills,
        agent.isEnabled,
      ],
    );
    await tx.query(`DELETE FROM agent_groups WHERE agent_id = $1 AND group_id <> ALL($2)`, [
      agent.agentId,
      agent.groupIds,
    ]);
    await tx.query(
      `INSERT INTO agent_groups (agent_id, group_id) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING`,
      [agent.agentId, agent.groupIds],
    );
  }

  async groups(tx: Tx): Promise<Group[]> {
    const rows = await tx.query<{ group_id: GroupId; name: string; settings: unknown }[]>(
      `SELECT group_id, name, settings FROM groups ORDER BY group_id`,
    );
    return rows.map((row) => ({ groupId: row.group_id, name: row.name, settings: groupSettings(row.settings) }));
  }

  /** Agents who are switched on and take calls, by group. */
  async staffing(tx: Tx): Promise<Staffing[]> {
    return tx.query(
      `SELECT g.group_id AS "groupId", coalesce(array_agg(a.agent_id) FILTER (WHERE a.agent_id IS NOT NULL), '{}') AS "agentIds"
       FROM groups g LEFT JOIN agent_groups ag USING (group_id)
         LEFT JOIN agents a ON a.agent_id = ag.agent_id AND a.is_enabled AND a.role IN ('agent', 'senior')
       GROUP BY g.group_id ORDER BY g.group_id`,
    );
  }

  /** @returns true when the group is new */
  async saveGroup(tx: Tx, group: Group): Promise<boolean> {
    const rows = await tx.query<{ isNew: boolean }[]>(
      `INSERT INTO groups (group_id, name, settings) VALUES ($1, $2, $3)
       ON CONFLICT (group_id) DO UPDATE SET name = $2, settings = $3
       RETURNING xmax = 0 AS "isNew"`,
      [group.groupId, group.name, JSON.stringify(group.settings)],
    );
    return rows[0]?.isNew ?? false;
  }
}
