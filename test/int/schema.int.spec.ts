import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrate } from '../../src/platform/database/data-source.js';
import { MIGRATIONS } from '../../src/platform/database/migrations.js';
import { dumpSchema } from '../../tools/db/schema-dump.js';
import { createDatabase, dropDatabase } from '../../tools/dev-env/backing-services.js';
import { serverUrl, testRunId, useDatabase } from '../support/database.js';

/** Tables that belong to the installation and not to a shop; a new one needs a reason. */
const INSTALLATION_WIDE = [
  'agent_events',
  'agent_groups',
  'agent_presence',
  'agent_sessions',
  'agents',
  'call_commands',
  'group_homes',
  'groups',
  'installation',
  'leaders',
  'nodes',
  'outbox',
  'pacing_decisions',
  'processes',
  'trunks',
];
/** Columns that hold what a person can be known by must be sealed; names of things and of staff are not. */
const PERSONAL = /phone|customer|address|email|card|details|body|note/;

describe('the schema', () => {
  const database = useDatabase();

  it('says of every table but a short list which shop a row belongs to', async () => {
    const rows = await database.query<{ table: string; hasShop: boolean }>(
      `SELECT t.table_name AS "table", bool_or(c.column_name = 'shop_id' AND c.is_nullable = 'NO') AS "hasShop"
         FROM information_schema.tables t JOIN information_schema.columns c USING (table_schema, table_name)
        WHERE t.table_schema = 'public' AND t.table_name <> 'migrations' GROUP BY 1 ORDER BY 1`,
    );
    expect(rows.filter((row) => !row.hasShop).map((row) => row.table)).toEqual(INSTALLATION_WIDE);
  });

  it('keeps personal data in sealed or hashed columns only', async () => {
    const rows = await database.query<{ name: string }>(
      `SELECT table_name || '.' || column_name AS name FROM information_schema.columns WHERE table_schema = 'public'`,
    );
    const open = rows
      .map((row) => row.name)
      .filter((name) => PERSONAL.test(name.split('.')[1] ?? '') && !/_(encrypted|hash|sha256)$/.test(name));
    expect(open).toEqual([]);
  });

  it('is the one in src/platform/database/schema.sql (npx tsx tools/db/dump-schema.ts writes it anew)', async () => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      expect(await dumpSchema(client)).toBe(readFileSync('src/platform/database/schema.sql', 'utf8'));
    } finally {
      await client.end();
    }
  });
});

describe('migrations', () => {
  const name = `confirm_dialer_migrate_${testRunId()}_${randomBytes(4).toString('hex')}`;
  let url: string;
  beforeAll(async () => {
    url = await createDatabase(serverUrl(), name);
  });
  afterAll(() => dropDatabase(serverUrl(), name));

  it('are run once when several processes start together', async () => {
    const done = await Promise.all([migrate(url), migrate(url), migrate(url)]);
    expect(done.flat()).toHaveLength(MIGRATIONS.length);
    expect(await migrate(url)).toEqual([]);
  });

  it('can be taken back', async () => {
    const source = new DataSource({ type: 'postgres', url, migrations: MIGRATIONS });
    await source.initialize();
    try {
      for (const _ of MIGRATIONS) await source.undoLastMigration();
      const left: { n: string }[] = await source.query(
        `SELECT count(*) AS n FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migrations'`,
      );
      expect(left).toEqual([{ n: '0' }]);
    } finally {
      await source.destroy();
    }
  });
});
