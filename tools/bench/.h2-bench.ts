import { createDatabase, dropDatabase } from '/work/main/test/support/database.js';
import { dataSourceOptions } from '/work/main/src/platform/database/data-source.js';
import { DataSource } from 'typeorm';
import { dueOrders, markDue, lockDue, countDue } from '/work/main/src/features/orders/dial-queue.store.js';
const url = await createDatabase();
const source = new DataSource({ ...dataSourceOptions(url, 4), entities: [] });
await source.initialize();
try {
  await source.query(`INSERT INTO shops (shop_id, name, settings) SELECT 'shop' || n, 'x', '{}' FROM generate_series(0, 19) n`);
  await source.query(`INSERT INTO orders (id, shop_id, order_id, version, status, phone_hash, phone_encrypted, card_encrypted, priority, registered_at, received_at, call_by, turn_at, due_at, is_due, trace_id)
   SELECT gen_random_uuid(), 'shop' || (CASE WHEN n % 2 = 0 THEN 0 ELSE n % 20 END), 'many-' || n, 1, 'scheduled', sha256(n::text::bytea), repeat('x', 100), repeat('x', 1500), n % 3, now(), now(),
     now() + (n % 1000 - 500) * interval '1 second', now() + (n % 1000 - 500) * interval '1 second', now() + (n % 4 - 1) * interval '1 hour', n % 4 < 2, 'trace' FROM generate_series(1, 100000) n`);
  await source.query(`UPDATE orders SET live_call_id = gen_random_uuid(), status = 'connected' WHERE order_id IN (SELECT 'many-' || n * 37 FROM generate_series(1, 100) n)`);
  if (process.argv[2] !== 'raw') await source.query('VACUUM ANALYZE orders');
  const now = new Date();
  for (const whenLate of ['oldest_first', 'newest_first'] as const)
  for (const shops of [1, 20]) {
    const served = Array.from({ length: shops }, (_, n) => ({ shopId: 'shop' + n, groupId: 'g', afterSeconds: 0, whenLate, share: 1 }));
    for (const limit of [30, 300]) {
      const ms: Record<string, number[]> = { mark: [], due: [], lock: [], count: [] };
      let read = 0;
      for (let i = 0; i < 40; i++) {
        await source.transaction(async (tx) => {
          const t0 = performance.now();
          await markDue(tx, now);
          const t1 = performance.now();
          const due = await dueOrders(tx, { served, now, skip: [], limit });
          const t2 = performance.now();
          const locked = await lockDue(tx, due.slice(0, limit).map((d) => d.orderRef));
          const t3 = performance.now();
          ms.mark!.push(t1 - t0); ms.due!.push(t2 - t1); ms.lock!.push(t3 - t2);
          await countDue(tx, { served, now });
          ms.count!.push(performance.now() - t3);
        });
      }
      const med = (a: number[]) => a.sort((x, y) => x - y)[Math.floor(a.length / 2)]!.toFixed(2) + '/' + a[Math.floor(a.length * 0.95)]!.toFixed(2);
      console.log(whenLate, 'shops', shops, 'limit', limit, Object.entries(ms).map(([k, a]) => `${k} ${med(a)}`).join('  '));
    }
  }
  if (process.argv[3] === 'explain') {
    const real = source.createQueryRunner();
    const q = real.query.bind(real);
    const tx = { query: (sql: string, p: unknown[]) => q('EXPLAIN (ANALYZE, BUFFERS) ' + sql, p).then((r: any) => (console.log(r.map((x: any) => x['QUERY PLAN']).join('\n')), [])) } as any;
    const served = (whenLate: any) => Array.from({ length: 20 }, (_, n) => ({ shopId: 'shop' + n, groupId: 'g', afterSeconds: 0, whenLate, share: 1 }));
    for (const w of ['oldest_first', 'newest_first']) await dueOrders(tx, { served: served(w), now, skip: [], limit: 30 });
    await real.release();
  }
} finally { await source.destroy(); await dropDatabase(url); }
