import { Injectable } from '@nestjs/common';
import type { AgentId } from '../../core/shared/ids.js';
import type { Tx } from '../../platform/database/transaction.js';
import type { FiguresMessage } from './desktop.protocol.js';

interface Row {
  talks: string;
  confirmed: string;
  handled: number;
  waited: number;
}

/** An agent's own figures: talks from the calls, time in states from the tape of their screen, which is kept for a day. */
@Injectable()
export class FiguresReadModel {
  async since(tx: Tx, agentId: AgentId, since: Date): Promise<FiguresMessage> {
    const [row] = await tx.query<Row[]>(
      `WITH talks AS (
         SELECT c.id, (SELECT o.word FROM outcomes o WHERE o.call_id = c.id AND o.order_ref = c.order_ref ORDER BY o.decided_at DESC LIMIT 1) AS word
         FROM calls c WHERE c.agent_id = $1 AND c.connected_at >= $2
       ), states AS (
         SELECT data->>'state' AS state, at, lead(at, 1, now()) OVER (ORDER BY id) AS until
         FROM agent_events WHERE agent_id = $1 AND event = 'agent.state'
       ), spent AS (
         SELECT state, extract(epoch FROM sum(until - greatest(at, $2::timestamptz)))::float8 AS seconds
         FROM states WHERE until > $2 GROUP BY state
       )
       SELECT (SELECT count(*) FROM talks) AS talks,
              (SELECT count(*) FROM talks WHERE word IN ('confirmed', 'changed')) AS confirmed,
              coalesce((SELECT sum(seconds) FROM spent WHERE state IN ('talking', 'lost', 'wrap_up')), 0) AS handled,
              coalesce((SELECT sum(seconds) FROM spent WHERE state IN ('ready', 'reserved')), 0) AS waited`,
      [agentId, since],
    );
    if (!row) throw new Error('a SELECT without FROM has one row');
    const talks = Number(row.talks);
    const busy = row.handled + row.waited;
    return {
      talks,
      confirmed: Number(row.confirmed),
      averageHandlingSeconds: talks === 0 ? null : Math.round(row.handled / talks),
      occupancyRatio: busy < 1 ? null : Math.round((row.handled / busy) * 100) / 100,
    };
  }
}
