import { Transactions, rows } from '../../src/platform/database/transaction.js';
import type { TestApp } from './app.js';

/** Calls of a shop that are over, made up: what a new leader of the group learns from, and what the shop's caps count. */
export interface PastCalls {
  readonly shopId: string;
  readonly groupId: string;
  /** Each was answered after 5 s of ringing, talked for 60 s and wrapped up in 20 s. */
  readonly answered?: number;
  readonly abandoned?: number;
  /** Each rang for 15 s in vain. */
  readonly unanswered?: number;
  /** How long ago the last of them ended, minutes; one every second before that. */
  readonly minutesAgo?: number;
}

/** Writes them into the tables as a process that is gone now would have. */
export async function putPastCalls(test: TestApp, past: PastCalls): Promise<void> {
  const { shopId, groupId, answered = 0, abandoned = 0, unanswered = 0, minutesAgo = 1 } = past;
  await test.get(Transactions).run((tx) =>
    rows(
      tx,
      `WITH wanted AS (
         SELECT i, gen_random_uuid() AS order_ref, gen_random_uuid() AS call_id,
           CASE WHEN i <= $3::int THEN 'answered' WHEN i <= $3::int + $4::int THEN 'abandoned' ELSE 'no_answer' END AS result,
           now() - make_interval(secs => $6::int * 60 + (i * 7919) % ($3::int + $4::int + $5::int) + 30) AS ended_at
         FROM generate_series(1, $3::int + $4::int + $5::int) AS i
       ), orders_made AS (
         INSERT INTO orders (id, shop_id, order_id, version, status, outcome, registered_at, trace_id)
         SELECT order_ref, $1, 'PAST-' || order_ref, 1, 'final', 'unreachable', ended_at - interval '2 minutes', 'past' FROM wanted RETURNING id
       ), calls_made AS (
         INSERT INTO calls (id, shop_id, order_ref, group_id, epoch, node, trunk_id, phone_hash, state, machine, result, planned_at, dialed_at,
           ringing_at, answered_at, connected_at, ended_at, wrapped_up_at, trace_id)
         SELECT call_id, $1, order_ref, $2, 1, 'main', 'main', decode(md5(call_id::text), 'hex'), 'ended', '{}', result,
           ended_at - lasted, ended_at - lasted, ended_at - lasted + interval '1 second',
           CASE WHEN result <> 'no_answer' THEN ended_at - lasted + interval '6 seconds' END,
           CASE WHEN result = 'answered' THEN ended_at - lasted + interval '6 seconds' END, ended_at,
           CASE WHEN result = 'answered' THEN ended_at + interval '20 seconds' END, 'past'
         FROM (SELECT *, CASE WHEN result = 'answered' THEN interval '66 seconds' ELSE interval '16 seconds' END AS lasted FROM wanted) AS w
         WHERE EXISTS (SELECT 1 FROM orders_made) RETURNING id
       )
       INSERT INTO attempts (id, shop_id, order_ref, call_id, number, result, planned_at, ended_at)
       SELECT call_id, $1, order_ref, call_id, 1, result, ended_at - interval '1 minute', ended_at FROM wanted
       WHERE EXISTS (SELECT 1 FROM calls_made)`,
      [shopId, groupId, answered, abandoned, unanswered, minutesAgo],
    ),
  );
}
