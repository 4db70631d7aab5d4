import { Injectable } from '@nestjs/common';
import { rows, type Tx } from '../../platform/database/transaction.js';

/** What happened in one minute, counted from `from`; minute -1 is everything before. */
interface Happened {
  readonly minute: number;
  readonly n: number;
}

export interface CallHappened extends Happened {
  readonly shop: string;
  readonly group: string;
  readonly kind: 'placed' | 'ended' | 'connected' | 'talk_ended' | 'tried' | 'answered' | 'abandoned';
}

export interface OrderHappened extends Happened {
  readonly shop: string;
  readonly kind: 'came' | 'called';
}

export interface Worked {
  readonly groups: readonly string[];
  readonly minute: number;
  readonly busySeconds: number;
  readonly freeSeconds: number;
}

const MINUTE_OF = (instant: string) =>
  `greatest(-1, floor(extract(epoch FROM ${instant} - $1::timestamptz) / 60))::int`;

/** What the last hour is drawn from: counted from the tables, so that each process tells the same, also one that has just started. */
@Injectable()
export class BoardHistoryReadModel {
  /** Calls that were alive at `from` or later. Those that the carrier or we failed, or that were withdrawn, have tried nobody's phone. */
  calls(tx: Tx, from: Date): Promise<CallHappened[]> {
    return rows(
      tx,
      `SELECT c.shop_id AS shop, c.group_id AS "group", e.kind, ${MINUTE_OF('e.at')} AS minute, count(*)::int AS n
       FROM calls c CROSS JOIN LATERAL (VALUES ('placed', c.planned_at), ('ended', c.ended_at), ('connected', c.connected_at),
         ('talk_ended', CASE WHEN c.connected_at IS NOT NULL THEN c.ended_at END),
         ('tried', CASE WHEN c.result NOT IN ('withdrawn', 'system_failure', 'carrier_failure') THEN c.ended_at END),
         ('answered', CASE WHEN c.result = 'answered' THEN c.ended_at END),
         ('abandoned', CASE WHEN c.result = 'abandoned' THEN c.ended_at END)) AS e (kind, at)
       WHERE (c.ended_at > $1 OR c.ended_at IS NULL) AND e.at IS NOT NULL GROUP BY 1, 2, 3, 4`,
      [from],
    );
  }

  /** Orders that waited for their first call at `from` or later, and were called or still wait; what ended without a call is not among them. */
  orders(tx: Tx, from: Date): Promise<OrderHappened[]> {
    return rows(
      tx,
      `WITH waited AS (
         SELECT o.shop_id, o.received_at, NULL::timestamptz AS called_at FROM orders o
         WHERE o.status <> 'final' AND o.first_call_at IS NULL AND o.hold_reason IS NULL
         UNION ALL
         SELECT o.shop_id, o.received_at, o.first_call_at FROM orders o
         WHERE o.first_call_at > $1 AND o.id IN (
           SELECT a.order_ref FROM calls c JOIN attempts a ON a.call_id = c.id WHERE c.ended_at > $1 OR c.ended_at IS NULL)
       )
       SELECT w.shop_id AS shop, e.kind, ${MINUTE_OF('e.at')} AS minute, count(*)::int AS n
       FROM waited w CROSS JOIN LATERAL (VALUES ('came', w.received_at), ('called', w.called_at)) AS e (kind, at)
       WHERE e.at IS NOT NULL GROUP BY 1, 2, 3`,
      [from],
    );
  }

  /** Seconds at calls and wrap-up, and free for calls, by minute, from the tape of agents' states; `minutes` of them from `from` on. */
  work(tx: Tx, from: Date, minutes: number): Promise<Worked[]> {
    return rows(
      tx,
      `WITH people AS (
         SELECT a.agent_id, ARRAY(SELECT ag.group_id FROM agent_groups ag WHERE ag.agent_id = a.agent_id ORDER BY 1) AS groups
         FROM agents a WHERE a.is_enabled AND a.role IN ('agent', 'senior')
       ), marks AS (
         SELECT p.agent_id, p.groups, m.state, m.at, m.id FROM people p CROSS JOIN LATERAL (
           (SELECT e.data->>'state' AS state, e.at, e.id FROM agent_events e
            WHERE e.agent_id = p.agent_id AND e.event = 'agent.state' AND e.at <= $1 ORDER BY e.at DESC LIMIT 1)
           UNION ALL
           SELECT e.data->>'state', e.at, e.id FROM agent_events e
            WHERE e.agent_id = p.agent_id AND e.event = 'agent.state' AND e.at > $1
         ) m
       ), spans AS (
         SELECT groups, state, greatest(at, $1) AS since, lead(at, 1, now()) OVER (PARTITION BY agent_id ORDER BY at, id) AS until FROM marks
       ), slices AS (
         SELECT s.groups, m.minute, s.state IN ('talking', 'lost', 'wrap_up') AS is_busy,
           extract(epoch FROM least(s.until, m.ends) - greatest(s.since, m.ends - interval '1 minute'))::float8 AS seconds
         FROM spans s JOIN (
           SELECT n AS minute, $1::timestamptz + (n + 1) * interval '1 minute' AS ends FROM generate_series(0, $2::int - 1) AS n
         ) m ON s.until > m.ends - interval '1 minute' AND s.since < m.ends
         WHERE s.state IN ('talking', 'lost', 'wrap_up', 'ready', 'reserved')
       )
       SELECT groups, minute, coalesce(sum(seconds) FILTER (WHERE is_busy), 0) AS "busySeconds",
         coalesce(sum(seconds) FILTER (WHERE NOT is_busy), 0) AS "freeSeconds"
       FROM slices GROUP BY groups, minute`,
      [from, minutes],
    );
  }
}
