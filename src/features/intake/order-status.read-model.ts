import type { Tx } from '../../platform/database/transaction.js';

export interface AttemptView {
  readonly number: number;
  readonly callId: string;
  readonly result: string | null;
  readonly plannedAt: Date;
  readonly dialedAt: Date | null;
  readonly ringingAt: Date | null;
  readonly answeredAt: Date | null;
  readonly connectedAt: Date | null;
  readonly endedAt: Date | null;
}

export interface DeliveryView {
  readonly id: string;
  readonly destination: string;
  readonly event: string;
  readonly sequence: number;
  readonly state: string;
  readonly tries: number;
  readonly nextTryAt: Date | null;
  readonly lastStatus: number | null;
  readonly createdAt: Date;
  readonly deliveredAt: Date | null;
}

/** What keeps a group from dialling, as far as the tables tell. */
export interface GroupsNow {
  readonly agentsReady: number;
  /** Of the last decision that placed no call although orders were due, when it is not older than 30 s. */
  readonly pacingReason: string | null;
  /** Of that decision, 0–1. */
  readonly pacingRisk: number | null;
  readonly pacingAcceptedRisk: number | null;
  /** That decision kept the shop to reserved calls, for its caps' sake. */
  readonly isNearCap: boolean;
}

export function attemptsOf(tx: Tx, shopId: string, orderRef: string): Promise<AttemptView[]> {
  return tx.query(
    `SELECT a.number, a.call_id AS "callId", a.result, a.planned_at AS "plannedAt", c.dialed_at AS "dialedAt", c.ringing_at AS "ringingAt",
       c.answered_at AS "answeredAt", c.connected_at AS "connectedAt", coalesce(a.ended_at, c.ended_at) AS "endedAt"
     FROM attempts a JOIN calls c ON c.id = a.call_id WHERE a.shop_id = $1 AND a.order_ref = $2 ORDER BY a.number`,
    [shopId, orderRef],
  );
}

export function deliveriesOf(tx: Tx, shopId: string, orderRef: string): Promise<DeliveryView[]> {
  return tx.query(
    `SELECT id, destination, event, sequence, state, tries, CASE WHEN state = 'pending' THEN next_try_at END AS "nextTryAt",
       last_status AS "lastStatus", created_at AS "createdAt", delivered_at AS "deliveredAt"
     FROM deliveries WHERE shop_id = $1 AND order_ref = $2 ORDER BY sequence, destination`,
    [shopId, orderRef],
  );
}

/** Whether another order of the same number, of whichever shop, is in a call or its wrap-up. */
export async function isBuyerOnCall(tx: Tx, phoneHash: Buffer | null, except: string): Promise<boolean> {
  if (phoneHash === null) return false;
  const rows = (await tx.query(
    `SELECT 1 FROM orders WHERE phone_hash = $1 AND live_call_id IS NOT NULL AND id <> $2 LIMIT 1`,
    [phoneHash, except],
  )) as unknown[];
  return rows.length > 0;
}

/** Calls of the shop alive now. */
export async function liveCallsOf(tx: Tx, shopId: string): Promise<number> {
  const rows = (await tx.query(`SELECT count(*)::int AS n FROM calls WHERE shop_id = $1 AND ended_at IS NULL`, [
    shopId,
  ])) as { n: number }[];
  return rows[0]?.n ?? 0;
}

/** Where an order stands that waits in the queue: since when it is due, and who talked with the buyer before. */
export async function queuedOf(
  tx: Tx,
  orderRef: string,
): Promise<{ readonly dueAt: Date; readonly earlierAgentId: string | null } | null> {
  const rows = (await tx.query(
    `SELECT o.due_at AS "dueAt", (SELECT c.agent_id FROM calls c WHERE c.phone_hash = o.phone_hash AND c.shop_id = o.shop_id
       AND c.connected_at IS NOT NULL ORDER BY c.planned_at DESC LIMIT 1) AS "earlierAgentId" FROM orders o WHERE o.id = $1`,
    [orderRef],
  )) as { dueAt: Date; earlierAgentId: string | null }[];
  return rows[0] ?? null;
}

/** @param skills  only agents who have all of them count as ready */
export async function groupsNow(
  tx: Tx,
  shopId: string,
  groupIds: readonly string[],
  skills: readonly string[],
): Promise<GroupsNow> {
  const rows = (await tx.query(
    `SELECT (SELECT count(DISTINCT p.agent_id)::int FROM agent_presence p JOIN agent_groups g USING (agent_id) JOIN agents a USING (agent_id)
             WHERE g.group_id = ANY($1::text[]) AND p.state = 'ready' AND a.skills @> $3::text[]) AS "agentsReady",
       last.decision ->> 'reason' AS "pacingReason",
       (last.decision ->> 'risk')::float AS "pacingRisk", (last.decision ->> 'acceptedRisk')::float AS "pacingAcceptedRisk",
       coalesce(last.decision -> 'nearCap' ? $2, false) AS "isNearCap"
     FROM (SELECT 1) AS one LEFT JOIN LATERAL (
       SELECT d.decision FROM pacing_decisions d
       WHERE d.group_id = ANY($1::text[]) AND d.at > now() - interval '30 seconds' AND coalesce((d.decision ->> 'dial')::int, 0) = 0
         AND d.decision ->> 'reason' <> 'nothing_due'
       ORDER BY d.at DESC LIMIT 1
     ) AS last ON true`,
    [groupIds, shopId, skills],
  )) as GroupsNow[];
  return (
    rows[0] ?? { agentsReady: 0, pacingReason: null, pacingRisk: null, pacingAcceptedRisk: null, isNearCap: false }
  );
}
