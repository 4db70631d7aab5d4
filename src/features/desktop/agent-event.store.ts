import { Injectable } from '@nestjs/common';
import type { TransferFailure, TransferMode, TransferState } from '../../core/call/transfer.js';
import type { AttemptResult } from '../../core/call/result.js';
import type { AgentId, CallId, OrderRef, ShopId } from '../../core/shared/ids.js';
import { oneOf, send, type Tx } from '../../platform/database/transaction.js';
import type { AgentStateMessage } from './desktop.protocol.js';

/** Channel on which streams are told that an agent has something new; the payload is the agent's id. */
export const AGENT_EVENTS_CHANNEL = 'agent_events';

/**
 * A transaction may commit after one that began later, so its rows turn up below rows already seen. Rows this young are looked at again;
 * no transaction lives that long (statements are limited to 2 s).
 */
export const LATE_COMMIT_SECONDS = 15;

/** What is kept of an event for a screen: ids and words only; the order is read when the event is sent. */
export type AgentEventBody =
  | { readonly event: 'agent.state'; readonly data: AgentStateMessage }
  | {
      readonly event: 'call.connected';
      readonly data: {
        readonly callId: CallId;
        readonly orderRef: OrderRef;
        readonly shopId: ShopId;
        readonly connectedAt: string;
      };
    }
  | {
      readonly event: 'call.ended';
      readonly data: { readonly callId: CallId; readonly result: AttemptResult; readonly endedAt: string };
    }
  | {
      readonly event: 'call.transfer';
      readonly data: {
        readonly callId: CallId;
        readonly orderRef: OrderRef;
        readonly shopId: ShopId;
        readonly side: 'from' | 'to';
        readonly fromAgentId: AgentId;
        readonly toAgentId: AgentId | null;
        readonly number: string | null;
        readonly transferId: string;
        readonly mode: TransferMode;
        readonly state: TransferState;
        readonly reason: TransferFailure | null;
        readonly connectedAt: string;
      };
    }
  | { readonly event: 'order.arrived'; readonly data: { readonly callId: CallId; readonly orderRef: OrderRef } }
  | { readonly event: 'order.updated'; readonly data: { readonly callId: CallId; readonly orderRef: OrderRef } }
  | { readonly event: 'order.withdrawn'; readonly data: { readonly callId: CallId; readonly orderRef: OrderRef } }
  | { readonly event: 'screen.changed'; readonly data: { readonly sessionId: string; readonly screen: string } }
  | { readonly event: 'session.ended'; readonly data: { readonly sessionId: string; readonly reason: string } };

/** What is kept of a hand-over. */
export type TransferRow = Extract<AgentEventBody, { event: 'call.transfer' }>['data'];

export type AgentEventRow = AgentEventBody & { readonly id: number; readonly agentId: AgentId };

/** The tape of each agent's screen, kept for a day, so that a stream that broke off can go on where it was. */
@Injectable()
export class AgentEventStore {
  async add(tx: Tx, agentId: AgentId, { event, data }: AgentEventBody): Promise<void> {
    // Row and notice in one round trip: each talk has half a dozen of them.
    await send(
      tx,
      `WITH made AS (INSERT INTO agent_events (agent_id, event, data) VALUES ($1::uuid, $2, $3))
       SELECT pg_notify('${AGENT_EVENTS_CHANNEL}', $1::text)`,
      [agentId, event, JSON.stringify(data)],
    );
  }

  /**
   * Events of these agents that came, or may have come to light, since `since`, by id; and the database's clock, to ask from next time.
   * @param known  ids of events that are not wanted again
   */
  async since(
    tx: Tx,
    agentIds: readonly AgentId[],
    since: Date,
    known: readonly number[] = [],
  ): Promise<{ now: Date; rows: AgentEventRow[] }> {
    const { condition, ids } = oneOf('e.agent_id', agentIds);
    const rows = await tx.query<(StoredRow & { now: Date; id: string | null })[]>(
      `SELECT moment.now, e.id, e.agent_id, e.event, e.data
       FROM (SELECT now() AS now) moment
       LEFT JOIN agent_events e ON ${condition} AND e.at > $2::timestamptz - $3 * interval '1 second'
         AND NOT e.id = ANY($4::bigint[])
       ORDER BY e.id`,
      [ids, since, LATE_COMMIT_SECONDS, known],
    );
    return { now: rows[0]?.now ?? since, rows: fromRows(rows.filter((row) => row.id !== null)) };
  }

  /** Events of one agent with a higher id; at most 500, the newest ones. */
  async after(tx: Tx, agentId: AgentId, id: number): Promise<AgentEventRow[]> {
    return fromRows(
      await tx.query(
        `SELECT * FROM (
           SELECT id, agent_id, event, data FROM agent_events WHERE agent_id = $1 AND id > $2 ORDER BY id DESC LIMIT 500
         ) newest ORDER BY id`,
        [agentId, id],
      ),
    );
  }

  /** The database's clock, and the agent's newest event (0 when there is none). */
  async head(tx: Tx, agentId: AgentId): Promise<{ now: Date; id: number }> {
    const rows = await tx.query<{ now: Date; id: string }[]>(
      `SELECT now() AS now, coalesce((SELECT max(id) FROM agent_events WHERE agent_id = $1), 0) AS id`,
      [agentId],
    );
    const row = rows[0];
    if (!row) throw new Error('a SELECT without FROM has one row');
    return { now: row.now, id: Number(row.id) };
  }

  /** The hand-over of this call as the agent was last told of it, if it is not over; null otherwise. */
  async transferOf(tx: Tx, agentId: AgentId, callId: CallId): Promise<TransferRow | null> {
    const rows = await tx.query<{ data: TransferRow }[]>(
      `SELECT data FROM agent_events WHERE agent_id = $1 AND event = 'call.transfer' AND data->>'callId' = $2
       ORDER BY id DESC LIMIT 1`,
      [agentId, callId],
    );
    const data = rows[0]?.data;
    return data === undefined || ['done', 'cancelled', 'failed'].includes(data.state) ? null : data;
  }

  async prune(tx: Tx): Promise<void> {
    await tx.query(`DELETE FROM agent_events WHERE at < now() - interval '24 hours'`);
  }
}

interface StoredRow {
  id: string | null;
  agent_id: AgentId;
  event: string;
  data: unknown;
}

function fromRows(rows: readonly StoredRow[]): AgentEventRow[] {
  return rows.map(
    (row) => ({ id: Number(row.id), agentId: row.agent_id, event: row.event, data: row.data }) as AgentEventRow,
  );
}
