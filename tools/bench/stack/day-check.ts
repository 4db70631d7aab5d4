import type pg from 'pg';
import type { Network } from '../../dev-env/network.js';

/** What must hold at the end of a day: each list names what does not, empty = holds. */
export interface DayLedger {
  readonly accepted: number;
  /** Accepted orders whose outcome the shop has acknowledged exactly once. */
  readonly told: number;
  readonly attemptsTold: number;
  readonly problems: readonly string[];
}

const SHOWN = 5;

/** Compares what the shop sent and was told, what Postgres says, and what the carrier saw. */
export async function checkDay(
  network: Network,
  database: pg.Client,
  accepted: ReadonlySet<string>,
): Promise<DayLedger> {
  const problems: string[] = [];
  const note = (what: string, found: readonly string[]): void => {
    if (found.length > 0) problems.push(`${found.length} ${what}: ${found.slice(0, SHOWN).join(', ')}`);
  };
  const taken = network.shop.deliveries().filter(({ status, isRepeat }) => status === 200 && !isRepeat);
  const outcomes = new Map<string, number>();
  for (const { event, orderId } of taken)
    if (event === 'order.outcome') outcomes.set(orderId, (outcomes.get(orderId) ?? 0) + 1);
  note(
    'orders of which the shop was told nothing',
    [...accepted].filter((orderId) => !outcomes.has(orderId)),
  );
  note(
    'orders of which the shop was told twice',
    [...outcomes].flatMap(([orderId, n]) => (n > 1 ? [orderId] : [])),
  );
  note(
    'outcomes of orders that nobody sent',
    [...outcomes.keys()].filter((orderId) => !accepted.has(orderId)),
  );
  note(
    'wrong signatures',
    network.shop.deliveries().flatMap(({ isSignatureValid, orderId }) => (isSignatureValid ? [] : [orderId])),
  );
  for (const [what, sql] of QUERIES) {
    const { rows } = await database.query<{ id: string }>(sql);
    note(
      what,
      rows.map(({ id }) => id),
    );
  }
  note('buyers called twice at once, as the carrier saw it', overlapping(network));
  return {
    accepted: accepted.size,
    told: [...outcomes.values()].filter((n) => n === 1).length,
    attemptsTold: taken.filter(({ event }) => event === 'order.attempt').length,
    problems,
  };
}

const QUERIES: readonly (readonly [what: string, sql: string])[] = [
  ['orders that are not final', `SELECT order_id AS id FROM orders WHERE status <> 'final' LIMIT 100`],
  ['calls that have not ended', `SELECT id FROM calls WHERE ended_at IS NULL LIMIT 100`],
  [
    'answered buyers who found nobody, neither agent nor message',
    `SELECT id FROM calls WHERE answered_at IS NOT NULL AND connected_at IS NULL AND result NOT IN ('abandoned', 'machine', 'withdrawn') AND ended_at > answered_at + interval '2 seconds' LIMIT 100`,
  ],
  ['jobs left in the outbox', `SELECT id::text FROM outbox LIMIT 100`],
  [
    'write-backs that were not delivered',
    `SELECT id FROM deliveries WHERE state NOT IN ('delivered', 'superseded') LIMIT 100`,
  ],
];

/** Numbers with two calls at the carrier at the same time. */
function overlapping(network: Network): string[] {
  const byNumber = new Map<string, { from: number; to: number }[]>();
  for (const { number, invitedAt, endedAt } of network.telephony?.carrier?.callRecords() ?? []) {
    if (!number.startsWith('+')) continue;
    byNumber.set(number, [...(byNumber.get(number) ?? []), { from: invitedAt.getTime(), to: endedAt.getTime() }]);
  }
  return [...byNumber].flatMap(([number, calls]) => {
    const sorted = calls.toSorted((a, b) => a.from - b.from);
    return sorted.some(({ from }, i) => i > 0 && from < sorted[i - 1]!.to) ? [`…${number.slice(-4)}`] : [];
  });
}
