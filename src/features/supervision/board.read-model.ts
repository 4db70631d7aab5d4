import { Injectable } from '@nestjs/common';
import type { AgentState } from '../../core/agent/agent.js';
import { rows, type Tx } from '../../platform/database/transaction.js';
import type { PacingRecord } from '../dialing/dialing.service.js';
import { AT_RISK_SECONDS, type BoardWaiting } from './supervision.protocol.js';

export interface AgentRow {
  readonly login: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly state: AgentState;
  readonly since: Date;
  readonly reason: string | null;
  readonly wanted: 'ready' | 'break' | 'offline';
  readonly callId: string | null;
  readonly limitAt: Date | null;
}

export interface CallRow {
  readonly callId: string;
  readonly shop: string;
  readonly group: string;
  readonly state: string;
  readonly since: Date;
  readonly agent: string | null;
  readonly orderId: string;
}

export interface WaitingRow extends Omit<BoardWaiting, 'oldestAt'> {
  readonly shop: string;
  readonly oldestAt: Date | null;
}

export interface UrgentRow {
  readonly shop: string;
  readonly orderId: string;
  readonly callBy: Date;
}

export interface HeldRow {
  readonly shop: string;
  readonly orderId: string;
  readonly reason: string;
  readonly attempts: number;
  readonly registeredAt: Date;
}

export type PacingRow = Omit<PacingRecord, 'load' | 'trunks' | 'at'> & {
  readonly at: Date;
  readonly ordersDue: number;
};

/** It may be called now; those that wait for calling hours or a retry are not late, whatever their deadline says. */
const DUE = `status IN ('accepted', 'scheduled') AND hold_reason IS NULL AND due_at <= now()`;
const FIRST_DUE = `${DUE} AND first_call_at IS NULL`;
const MOST_URGENT = 100;
const MOST_HELD = 200;

/** The floor at this instant, of the whole installation. */
@Injectable()
export class BoardReadModel {
  agents(tx: Tx): Promise<AgentRow[]> {
    return rows(
      tx,
      `SELECT a.login, a.name, p.state, p.since, p.reason, p.wanted, p.call_id AS "callId", p.limit_at AS "limitAt",
         ARRAY(SELECT ag.group_id FROM agent_groups ag WHERE ag.agent_id = a.agent_id ORDER BY 1) AS groups
       FROM agent_presence p JOIN agents a USING (agent_id)
       WHERE (a.is_enabled OR p.state <> 'offline') AND a.role IN ('agent', 'senior')
       ORDER BY a.name, a.login`,
    );
  }

  calls(tx: Tx): Promise<CallRow[]> {
    return rows(
      tx,
      `SELECT c.id AS "callId", c.shop_id AS shop, c.group_id AS "group", c.state, a.login AS agent, o.order_id AS "orderId",
         coalesce(c.connected_at, c.answered_at, c.ringing_at, c.dialed_at, c.planned_at) AS since
       FROM calls c JOIN orders o ON o.id = c.order_ref LEFT JOIN agents a USING (agent_id)
       WHERE c.ended_at IS NULL ORDER BY c.planned_at`,
    );
  }

  waiting(tx: Tx): Promise<WaitingRow[]> {
    return rows(
      tx,
      `SELECT shop_id AS shop, count(*) FILTER (WHERE ${DUE})::int AS due,
         count(*) FILTER (WHERE status IN ('accepted', 'scheduled') AND hold_reason IS NULL AND due_at > now())::int AS later,
         count(*) FILTER (WHERE ${FIRST_DUE} AND call_by >= now() AND call_by < now() + $1 * interval '1 second')::int AS "atRisk",
         count(*) FILTER (WHERE ${FIRST_DUE} AND call_by < now())::int AS late,
         count(*) FILTER (WHERE hold_reason IS NOT NULL)::int AS held,
         min(received_at) FILTER (WHERE ${FIRST_DUE}) AS "oldestAt"
       FROM orders WHERE status <> 'final' GROUP BY shop_id`,
      [AT_RISK_SECONDS],
    );
  }

  urgent(tx: Tx): Promise<UrgentRow[]> {
    return rows(
      tx,
      `SELECT shop_id AS shop, order_id AS "orderId", call_by AS "callBy" FROM orders
       WHERE status <> 'final' AND ${FIRST_DUE} AND call_by < now() + $1 * interval '1 second' ORDER BY call_by LIMIT ${MOST_URGENT}`,
      [AT_RISK_SECONDS],
    );
  }

  held(tx: Tx): Promise<HeldRow[]> {
    return rows(
      tx,
      `SELECT shop_id AS shop, order_id AS "orderId", hold_reason AS reason, attempts_made AS attempts, registered_at AS "registeredAt"
       FROM orders WHERE hold_reason IS NOT NULL AND status <> 'final' ORDER BY id DESC LIMIT ${MOST_HELD}`,
    );
  }

  /** The last decision about each group, without what it was made from. */
  async pacing(tx: Tx): Promise<PacingRow[]> {
    const found = await rows<{ at: Date; ordersDue: number; decision: PacingRecord }>(
      tx,
      `SELECT at, (decision #>> '{load,ordersDue}')::int AS "ordersDue", decision - 'load' - 'trunks' AS decision FROM pacing_decisions`,
    );
    return found.map(({ at, ordersDue, decision }) => ({ ...decision, at, ordersDue }));
  }
}
