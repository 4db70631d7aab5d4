import type pg from 'pg';
import { round } from './figures.js';

/** What a table holds for each order, whatever became of it: rows, and bytes after a thorough clean-up. */
export interface TableUse {
  readonly table: string;
  readonly rows: number;
  readonly bytes: number;
  readonly indexBytes: number;
}

/** The tables that grow with the orders, those with most bytes first. Rewrites them: only for a database that is thrown away. */
export async function storageOf(database: pg.Client, orders: number): Promise<TableUse[]> {
  const { rows: tables } = await database.query<{ name: string }>(
    `SELECT relname AS name FROM pg_stat_user_tables WHERE n_live_tup >= $1 OR relname = 'outbox'`,
    [orders / 2],
  );
  const uses: TableUse[] = [];
  for (const { name } of tables) {
    await database.query(`VACUUM (FULL, ANALYZE) "${name}"`);
    const { rows } = await database.query<{ rows: string; bytes: string; indexes: string }>(
      `SELECT (SELECT count(*) FROM "${name}") AS rows, pg_table_size($1::regclass) AS bytes, pg_indexes_size($1::regclass) AS indexes`,
      [name],
    );
    const { rows: count, bytes, indexes } = rows[0]!;
    const each = (value: string, digits: number): number => round(Number(value) / orders, digits);
    uses.push({ table: name, rows: each(count, 2), bytes: each(bytes, 0), indexBytes: each(indexes, 0) });
  }
  return uses.sort((a, b) => b.bytes + b.indexBytes - a.bytes - a.indexBytes);
}
