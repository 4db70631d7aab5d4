import type { AttemptResult } from '../../core/call/result.js';
import { rows, type Tx } from '../../platform/database/transaction.js';

/** A sliding window of a shop, up to now. */
export interface ShopWindow {
  readonly shopId: string;
  readonly windowHours: number;
}

/** What the share of abandoned calls is made of: calls that a person answered, and those of them that found no agent in time. */
export interface WindowCount extends ShopWindow {
  readonly answered: number;
  readonly abandoned: number;
}

/** A call of a group that is over, as far as pacing learns from it. */
export interface PastPace {
  /** The attempt's number of the order, from 1. */
  readonly number: number;
  readonly dialedAt: Date;
  readonly ringingAt: Date | null;
  readonly answeredAt: Date | null;
  readonly connectedAt: Date | null;
  readonly endedAt: Date;
  readonly wrappedUpAt: Date | null;
  readonly result: AttemptResult;
}

/** A live call that no agent is reserved for. */
export interface Unassigned {
  readonly groupId: string;
  readonly number: number;
  readonly dialedAt: Date;
  readonly ringingAt: Date | null;
  readonly answeredAt: Date | null;
}

/** Answered and abandoned calls that ended in each of the windows. */
export async function countAnswered(tx: Tx, windows: readonly ShopWindow[]): Promise<WindowCount[]> {
  if (windows.length === 0) return [];
  return rows(
    tx,
    `SELECT w.shop_id AS "shopId", w.hours AS "windowHours", n.answered, n.abandoned
     FROM unnest($1::text[], $2::float8[]) AS w (shop_id, hours)
     CROSS JOIN LATERAL (
       SELECT count(*)::int AS answered, count(*) FILTER (WHERE result = 'abandoned')::int AS abandoned FROM calls
       WHERE shop_id = w.shop_id AND result IN ('answered', 'abandoned') AND ended_at > now() - w.hours * interval '1 hour'
     ) AS n`,
    [windows.map(({ shopId }) => shopId), windows.map(({ windowHours }) => windowHours)],
  );
}

/** The group's last calls for these shops, at most half a day old, oldest first. */
export async function recentCallsOf(
  tx: Tx,
  groupId: string,
  shopIds: readonly string[],
  limit: number,
): Promise<PastPace[]> {
  const found = await rows<PastPace>(
    tx,
    `SELECT a.number, coalesce(c.dialed_at, c.planned_at) AS "dialedAt", c.ringing_at AS "ringingAt", c.answered_at AS "answeredAt",
       c.connected_at AS "connectedAt", c.ended_at AS "endedAt", c.wrapped_up_at AS "wrappedUpAt", c.result
     FROM calls c JOIN attempts a ON a.call_id = c.id AND a.order_ref = c.order_ref
     WHERE c.shop_id = ANY($2) AND c.group_id = $1 AND c.ended_at > now() - interval '12 hours'
     ORDER BY c.ended_at DESC LIMIT $3`,
    [groupId, shopIds, limit],
  );
  return found.reverse();
}

/** Live calls of these groups, run by whatever process, that no agent is reserved for. */
export async function unassignedOf(tx: Tx, groupIds: readonly string[]): Promise<Unassigned[]> {
  if (groupIds.length === 0) return [];
  return rows(
    tx,
    `SELECT c.group_id AS "groupId", a.number, coalesce(c.dialed_at, c.planned_at) AS "dialedAt", c.ringing_at AS "ringingAt",
       c.answered_at AS "answeredAt"
     FROM calls c JOIN attempts a ON a.call_id = c.id AND a.order_ref = c.order_ref
     WHERE c.ended_at IS NULL AND c.agent_id IS NULL AND c.group_id = ANY($1) AND c.state IN ('dialing', 'ringing', 'waiting')`,
    [groupIds],
  );
}
