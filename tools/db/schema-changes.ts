import type { ClientBase } from 'pg';

/** A column as far as a program that does not know of a change depends on it. */
interface Column {
  readonly type: string;
  readonly isRequired: boolean;
  readonly hasDefault: boolean;
}

/** What statements rely on: the columns of each table, and what every row has to satisfy. */
export interface Catalog {
  readonly tables: ReadonlyMap<string, ReadonlyMap<string, Column>>;
  /** Checks, foreign keys and unique indexes, as `table: definition`. */
  readonly demands: ReadonlySet<string>;
}

/** Reads the schema `public` of a database. */
export async function readCatalog(client: ClientBase): Promise<Catalog> {
  const columns = await client.query<Column & { table: string; name: string }>(
    `SELECT c.relname AS table, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS "isRequired",
       (a.atthasdef OR a.attidentity <> '') AS "hasDefault"
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped AND c.relname <> 'migrations'`,
  );
  const demands = await client.query<{ demand: string }>(
    `SELECT conrelid::regclass || ': ' || pg_get_constraintdef(oid) AS demand FROM pg_constraint
       WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'f') AND conrelid <> 0
     UNION
     SELECT indrelid::regclass || ': UNIQUE ' || coalesce(substring(pg_get_indexdef(indexrelid) FROM '\\(.*$'), '') FROM pg_index
       WHERE indisunique AND indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)`,
  );
  const tables = new Map<string, Map<string, Column>>();
  for (const { table, name, ...column } of columns.rows) {
    const known = tables.get(table) ?? new Map<string, Column>();
    tables.set(table, known.set(name, column));
  }
  return { tables, demands: new Set(demands.rows.map(({ demand }) => demand)) };
}

/**
 * What a program of the release before would stumble over while it still runs on the new schema: everything it may read has to be there, and
 * everything it may write has to be taken. What is to go is first left alone for a release (expand), and taken away in the next one (contract).
 * @param contracted  `table` and `table.column` that the release before did not use any more
 * @returns one line for each; empty when the new schema only adds
 */
export function breakingChanges(before: Catalog, after: Catalog, contracted: readonly string[] = []): string[] {
  const gone = new Set(contracted);
  const faults: string[] = [];
  for (const [table, columns] of before.tables) {
    const now = after.tables.get(table);
    if (now === undefined) {
      if (!gone.has(table)) faults.push(`the table ${table} is gone`);
      continue;
    }
    for (const [name, column] of columns) {
      const is = now.get(name);
      const what = `${table}.${name}`;
      if (is === undefined) {
        if (!gone.has(what)) faults.push(`the column ${what} is gone`);
        continue;
      }
      if (is.type !== column.type) faults.push(`the column ${what} was ${column.type} and is ${is.type}`);
      if (is.isRequired && !column.isRequired) faults.push(`the column ${what} may not be left empty any more`);
      if (column.hasDefault && !is.hasDefault && is.isRequired) faults.push(`the column ${what} has lost its default`);
    }
    for (const [name, { isRequired, hasDefault }] of now) {
      if (!columns.has(name) && isRequired && !hasDefault)
        faults.push(`the new column ${table}.${name} is required and has no default`);
    }
  }
  for (const demand of after.demands) {
    const table = demand.slice(0, demand.indexOf(':'));
    if (before.tables.has(table) && !before.demands.has(demand))
      faults.push(`rows have to satisfy something new: ${demand}`);
  }
  return faults;
}
