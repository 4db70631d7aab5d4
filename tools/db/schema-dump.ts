import type { ClientBase } from 'pg';

interface Column {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly fallback: string | null;
  readonly identity: string;
}
interface Definition {
  readonly table: string;
  readonly name: string;
  readonly definition: string;
}

/** The schema of a database as SQL, in an order and a form that depend on nothing but the schema; TypeORM's own table is left out. */
export async function dumpSchema(client: ClientBase): Promise<string> {
  const columns = await rows<Column>(
    client,
    `SELECT c.relname AS "table", a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS "isRequired",
            pg_get_expr(d.adbin, d.adrelid) AS fallback, a.attidentity AS identity
       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> 'migrations' AND a.attnum > 0 AND NOT a.attisdropped
      ORDER BY c.relname COLLATE "C", a.attnum`,
  );
  // Newer servers also keep NOT NULL as a constraint ('n'); the column says it already.
  const constraints = await rows<Definition>(
    client,
    `SELECT r.relname AS "table", c.conname AS name, pg_get_constraintdef(c.oid) AS definition
       FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid
      WHERE c.connamespace = 'public'::regnamespace AND c.contype <> 'n' AND r.relname <> 'migrations'
      ORDER BY r.relname COLLATE "C", c.contype DESC, c.conname COLLATE "C"`,
  );
  const indexes = await rows<Definition>(
    client,
    `SELECT r.relname AS "table", i.relname AS name, pg_get_indexdef(i.oid) AS definition
       FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class r ON r.oid = x.indrelid
      WHERE i.relnamespace = 'public'::regnamespace AND r.relname <> 'migrations'
        AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.oid AND c.contype IN ('p', 'u', 'x'))
      ORDER BY r.relname COLLATE "C", i.relname COLLATE "C"`,
  );
  const tables = [...new Set(columns.map((column) => column.table))];
  return `${tables.map((table) => describeTable(table, columns, constraints, indexes)).join('\n\n')}\n`;
}

function describeTable(
  table: string,
  columns: readonly Column[],
  constraints: readonly Definition[],
  indexes: readonly Definition[],
): string {
  const of = <T extends { table: string }>(all: readonly T[]): T[] => all.filter((one) => one.table === table);
  const lines = [
    ...of(columns).map((column) => `  ${describeColumn(column)}`),
    ...of(constraints).map(({ name, definition }) => `  CONSTRAINT ${name} ${definition}`),
  ];
  return [
    `CREATE TABLE ${table} (\n${lines.join(',\n')}\n);`,
    ...of(indexes).map(({ definition }) => `${definition};`),
  ].join('\n');
}

function describeColumn({ name, type, isRequired, fallback, identity }: Column): string {
  return [
    name,
    type,
    ...(isRequired ? ['NOT NULL'] : []),
    ...(identity === 'a' ? ['GENERATED ALWAYS AS IDENTITY'] : []),
    ...(fallback === null ? [] : [`DEFAULT ${fallback}`]),
  ].join(' ');
}

async function rows<R extends object>(client: ClientBase, sql: string): Promise<R[]> {
  return (await client.query<R>(sql)).rows;
}
