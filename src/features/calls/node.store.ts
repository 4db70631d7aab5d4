import { Injectable } from '@nestjs/common';
import { rows, type Tx } from '../../platform/database/transaction.js';

/** Longer than this without a word of any dialer, and a node is down for all. */
const UP_SECONDS = 5;
/** A node that nobody knows any more is kept in the list for so long. */
const KEPT_HOURS = 24;

/** What a dialer sees of a node now. */
export interface NodeSight {
  readonly name: string;
  readonly weight: number;
  readonly isUp: boolean;
  /** Legs of ours at the last look; null while it was not looked at. */
  readonly legs: number | null;
}

/** A node as all dialers together see it. */
export interface StoredNode {
  readonly name: string;
  readonly weight: number;
  readonly isDrained: boolean;
  readonly isUp: boolean;
  /** How long the present stretch lasts, up or down; null: never seen up. */
  readonly forSeconds: number | null;
  readonly legs: number;
}

/** What is on a node now, by Postgres. */
export interface NodeUse {
  readonly node: string;
  /** Live calls. */
  readonly calls: number;
  /** Agents whose line stands there. */
  readonly agents: number;
}

/** Nodes of the exchange, and which group is at home on which. */
@Injectable()
export class NodeStore {
  /** Writes down what this process sees; until the transaction ends nobody else does. */
  async see(tx: Tx, sights: readonly NodeSight[]): Promise<void> {
    const sorted = [...sights].sort((a, b) => (a.name < b.name ? -1 : 1));
    await tx.query(
      `INSERT INTO nodes AS n (name, weight, up_since, last_up_at, legs)
         SELECT s.name, s.weight, CASE WHEN s.is_up THEN now() END, CASE WHEN s.is_up THEN now() END, coalesce(s.legs, 0)
         FROM unnest($1::text[], $2::float8[], $3::boolean[], $4::int[]) AS s (name, weight, is_up, legs)
         ORDER BY s.name
       ON CONFLICT (name) DO UPDATE SET
         weight = EXCLUDED.weight,
         up_since = CASE WHEN EXCLUDED.last_up_at IS NULL OR n.last_up_at > now() - make_interval(secs => $5)
                         THEN n.up_since ELSE EXCLUDED.last_up_at END,
         last_up_at = coalesce(EXCLUDED.last_up_at, n.last_up_at),
         legs = CASE WHEN EXCLUDED.last_up_at IS NULL THEN n.legs ELSE EXCLUDED.legs END`,
      [
        sorted.map(({ name }) => name),
        sorted.map(({ weight }) => weight),
        sorted.map(({ isUp }) => isUp),
        sorted.map(({ legs }) => legs),
        UP_SECONDS,
      ],
    );
  }

  /** In the order of their names. */
  async list(tx: Tx): Promise<StoredNode[]> {
    return rows(
      tx,
      `SELECT name, weight, is_drained AS "isDrained", legs, coalesce(last_up_at > now() - make_interval(secs => $1), false) AS "isUp",
         extract(epoch FROM now() - CASE WHEN last_up_at > now() - make_interval(secs => $1) THEN up_since ELSE last_up_at END)::float8 AS "forSeconds"
       FROM nodes ORDER BY name`,
      [UP_SECONDS],
    );
  }

  /** @returns false when there is no such node */
  async setDrained(tx: Tx, name: string, isDrained: boolean): Promise<boolean> {
    const [updated] = (await tx.query(`UPDATE nodes SET is_drained = $2 WHERE name = $1 RETURNING name`, [
      name,
      isDrained,
    ])) as [unknown[], number];
    return updated.length === 1;
  }

  /** Nodes that no dialer has reached for a day and that are not among these are forgotten. */
  async forgetOld(tx: Tx, known: readonly string[]): Promise<void> {
    await tx.query(
      `DELETE FROM nodes WHERE name <> ALL($1) AND coalesce(last_up_at, '-infinity') < now() - make_interval(hours => $2)`,
      [known, KEPT_HOURS],
    );
  }

  async homes(tx: Tx): Promise<Map<string, string>> {
    const found = await rows<{ groupId: string; node: string }>(
      tx,
      `SELECT group_id AS "groupId", node FROM group_homes`,
    );
    return new Map(found.map(({ groupId, node }) => [groupId, node]));
  }

  async setHomes(tx: Tx, homes: ReadonlyMap<string, string>): Promise<void> {
    await tx.query(
      `INSERT INTO group_homes (group_id, node) SELECT * FROM unnest($1::text[], $2::text[])
       ON CONFLICT (group_id) DO UPDATE SET node = EXCLUDED.node, since = now()`,
      [[...homes.keys()], [...homes.values()]],
    );
  }

  async use(tx: Tx): Promise<NodeUse[]> {
    return rows(
      tx,
      `SELECT node, sum(calls)::int AS calls, sum(agents)::int AS agents FROM (
         SELECT node, count(*) AS calls, 0 AS agents FROM calls WHERE ended_at IS NULL GROUP BY node
         UNION ALL SELECT leg_node, 0, count(*) FROM agent_presence WHERE is_leg_up AND leg_node IS NOT NULL GROUP BY leg_node
       ) AS n GROUP BY node`,
    );
  }

  /** Live calls that will need a line on their node: those of these groups without an agent of their own. */
  async unassigned(tx: Tx, node: string, groupIds: readonly string[]): Promise<number> {
    const [found] = await rows<{ count: number }>(
      tx,
      `SELECT count(*)::int AS count FROM calls WHERE ended_at IS NULL AND node = $1 AND group_id = ANY($2) AND agent_id IS NULL
         AND state IN ('dialing', 'ringing', 'waiting')`,
      [node, groupIds],
    );
    return found?.count ?? 0;
  }

  /** The node of a call; null when there is none. */
  async ofCall(tx: Tx, callId: string): Promise<string | null> {
    const [found] = await rows<{ node: string }>(tx, `SELECT node FROM calls WHERE id = $1`, [callId]);
    return found?.node ?? null;
  }
}
