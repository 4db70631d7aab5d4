import type pg from 'pg';

/** A call as Postgres has it; seconds since 1970, null = it did not come to that. */
export interface CallRow {
  readonly orderId: string;
  readonly dialed: number;
  readonly answered: number | null;
  readonly connected: number | null;
  readonly ended: number | null;
  /** The agent has written down what became of it. */
  readonly wrapped: number | null;
  readonly result: string | null;
}

const seconds = (column: string): string => `extract(epoch FROM ${column})::float8`;

/** The calls of the orders whose numbers begin so, in the order in which they were dialled. */
export async function callsOf(database: pg.Client, prefix: string): Promise<CallRow[]> {
  const { rows } = await database.query<CallRow>(
    `SELECT o.order_id AS "orderId", ${seconds('c.dialed_at')} AS dialed, ${seconds('c.answered_at')} AS answered,
       ${seconds('c.connected_at')} AS connected, ${seconds('c.ended_at')} AS ended, ${seconds('c.wrapped_up_at')} AS wrapped, c.result
     FROM calls c JOIN orders o ON o.id = c.order_ref WHERE o.order_id LIKE $1 AND c.dialed_at IS NOT NULL ORDER BY c.dialed_at`,
    [`${prefix}-%`],
  );
  return rows;
}

/** How many of these orders are there, and how many of them are final. */
export async function countOrders(database: pg.Client, prefix: string): Promise<{ all: number; final: number }> {
  const { rows } = await database.query<{ all: number; final: number }>(
    `SELECT count(*)::int AS all, count(*) FILTER (WHERE status = 'final')::int AS final FROM orders WHERE order_id LIKE $1`,
    [`${prefix}-%`],
  );
  return rows[0]!;
}

/** When each order was accepted, ms since 1970, by its number in the run. */
export async function acceptedTimes(database: pg.Client, prefix: string): Promise<Map<number, number>> {
  const { rows } = await database.query<{ order_id: string; at: number }>(
    'SELECT order_id, extract(epoch FROM received_at)::float8 * 1000 AS at FROM orders WHERE order_id LIKE $1',
    [`${prefix}-%`],
  );
  return new Map(rows.map(({ order_id: orderId, at }) => [Number(orderId.split('-')[1]), at]));
}

/** The answered ones' waits for the agent, milliseconds. */
export const waitsOf = (calls: readonly CallRow[]): number[] =>
  calls.flatMap(({ answered, connected }) =>
    answered === null || connected === null ? [] : [(connected - answered) * 1_000],
  );

/** Most calls that were alive at once. */
export function mostAtOnce(calls: readonly CallRow[]): number {
  const steps = calls
    .flatMap(({ dialed, ended }) => [[dialed, 1] as const, [ended ?? Infinity, -1] as const])
    .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let [now, most] = [0, 0];
  for (const [, step] of steps) most = Math.max(most, (now += step));
  return most;
}

/** Share of the agents' time between two instants that is spent on talks and on writing down what became of them. */
export function occupancyOf(calls: readonly CallRow[], agents: number, from: number, to: number): number {
  const busy = calls.reduce((sum, { connected, wrapped, ended }) => {
    const until = wrapped ?? ended;
    if (connected === null || until === null) return sum;
    return sum + Math.max(0, Math.min(to, until) - Math.max(from, connected));
  }, 0);
  return to <= from ? 0 : busy / ((to - from) * agents);
}
