import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import pg from 'pg';
import type { WhenLate } from '../../src/core/attempt/dial-order.js';
import { countDue, dueOrders, lockDue, type ServedShop } from '../../src/features/orders/dial-queue.store.js';
import { migrate } from '../../src/platform/database/data-source.js';
import type { Tx } from '../../src/platform/database/transaction.js';
import { createDatabase, dropDatabase, startBackingServices } from '../dev-env/backing-services.js';

// How long a look into a long dial queue takes: npm run bench:queue -- --orders 100000

const { orders, looks } = parseArgs({
  options: { orders: { type: 'string', default: '100000' }, looks: { type: 'string', default: '200' } },
}).values;
const SHOPS = 20;

/** Half of the orders belong to one shop; half of all are due; of those, half have their turn behind them. Every thousandth buyer is on the telephone. */
async function fill(client: pg.Client): Promise<void> {
  await client.query(
    `INSERT INTO shops (shop_id, name, settings) SELECT 'shop-' || n, 'x', '{}' FROM generate_series(0, ${SHOPS - 1}) n`,
  );
  await client.query(
    `INSERT INTO orders (id, shop_id, order_id, version, status, phone_hash, phone_encrypted, card_encrypted, priority, registered_at, received_at,
       call_by, turn_at, due_at, is_due, live_call_id, trace_id)
     SELECT gen_random_uuid(), 'shop-' || CASE WHEN n % 2 = 0 THEN 0 ELSE n % ${SHOPS} END, 'order-' || n, 1,
       CASE WHEN n % 1000 = 0 THEN 'connected' ELSE 'scheduled' END, sha256(n::text::bytea), repeat('x', 100), repeat('x', 1500), n % 3, now(), now(),
       now() + (n % 1000 - 500) * interval '1 second', now() + (n % 1000 - 500) * interval '1 second',
       now() + (n % 4 - 1) * interval '1 hour', n % 4 < 2, CASE WHEN n % 1000 = 0 THEN gen_random_uuid() END, 'trace'
     FROM generate_series(1, $1::int) n`,
    [Number(orders)],
  );
  await client.query('VACUUM ANALYZE orders');
}

async function measure(
  client: pg.Client,
  served: readonly ServedShop[],
  limit: number,
): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>();
  const tx = { query: async (sql: string, values?: unknown[]) => (await client.query(sql, values)).rows as unknown };
  const now = new Date();
  const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const startMs = performance.now();
    const result = await work();
    times.set(name, [...(times.get(name) ?? []), performance.now() - startMs]);
    return result;
  };
  for (let look = 0; look < Number(looks); look++) {
    await client.query('BEGIN');
    await timed('turn', async () => {
      const found = await timed('first', () => dueOrders(tx as unknown as Tx, { served, now, skip: [], limit }));
      const refs = found.slice(0, limit).map(({ orderRef }) => orderRef);
      await timed('lock', () => lockDue(tx as unknown as Tx, refs));
    });
    await timed('count', () => countDue(tx as unknown as Tx, { served, now }));
    await client.query('ROLLBACK');
  }
  return times;
}

function percentiles(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
  return `${at(0)} / ${at(0.5)} / ${at(0.95)}`;
}

const services = await startBackingServices({ fsync: false });
const name = `confirm_dialer_bench_${randomBytes(4).toString('hex')}`;
try {
  const url = await createDatabase(services.databaseUrl, name);
  await migrate(url);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await fill(client);
    console.log(`${orders} orders waiting, ${looks} looks each, ms: least / p50 / p95`);
    for (const whenLate of ['oldest_first', 'newest_first'] satisfies WhenLate[]) {
      for (const shops of [1, SHOPS]) {
        const served = Array.from({ length: shops }, (_, n) => {
          return { shopId: `shop-${n}`, groupId: 'group', afterSeconds: 0, whenLate, share: 1 };
        });
        for (const limit of [30, 300]) {
          const times = await measure(client, served, limit);
          const cells = [...times].map(([what, all]) => `${what} ${percentiles(all)}`);
          console.log(`${whenLate}, ${shops} shops, ${limit} orders wanted: ${cells.join('  ')}`);
        }
      }
    }
  } finally {
    await client.end();
  }
} finally {
  await dropDatabase(services.databaseUrl, name);
  await services.stop();
}
