import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrate } from '../../src/platform/database/data-source.js';
import { MIGRATIONS } from '../../src/platform/database/migrations.js';
import { readReleased, releasedSchemas, writeReleased, type ReleasedSchema } from '../../tools/db/releases.js';
import { breakingChanges, readCatalog, type Catalog } from '../../tools/db/schema-changes.js';
import { anOrder } from '../../tools/demo-shop/demo-orders.js';
import { createDatabase, dropDatabase } from '../../tools/dev-env/backing-services.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { serverUrl, testRunId } from '../support/database.js';
import { RobotFloor } from '../support/robot-floor.js';
import { asAdmin, createShop, postOrder, type TestShop } from '../support/shop-client.js';
import { waitFor } from '../support/wait.js';

const NAMES = MIGRATIONS.map((Migration) => new Migration().name);

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function withDatabase<T>(work: (url: string) => Promise<T>): Promise<T> {
  const name = `confirm_dialer_upgrade_${testRunId()}_${randomBytes(4).toString('hex')}`;
  try {
    return await work(await createDatabase(serverUrl(), name));
  } finally {
    await dropDatabase(serverUrl(), name);
  }
}

/** Brings an empty database to the schema of a release. */
async function migrateTo(url: string, names: readonly string[]): Promise<void> {
  const source = new DataSource({
    type: 'postgres',
    url,
    migrations: MIGRATIONS.filter((_, at) => names.includes(NAMES[at] ?? '')),
  });
  await source.initialize();
  await source.runMigrations();
  await source.destroy();
}

/** What an upgrade from this release to the present schema breaks. */
async function faultsOfUpgrade(released: ReleasedSchema): Promise<string[]> {
  return withDatabase(async (url) => {
    await migrateTo(url, released.migrations);
    const then = await withClient(url, readCatalog);
    const [made, stored] = [{ ...released, catalog: then }, released].map(writeReleased);
    if (made !== stored)
      return [`the migrations of ${released.version} make another schema than they made when it was released`];
    await migrate(url);
    return breakingChanges(then, await withClient(url, readCatalog), released.unused);
  });
}

describe('an upgrade from the last release', () => {
  it('only adds: the old process goes on on the new schema', async () => {
    const last = releasedSchemas().at(-1);
    if (last !== undefined) expect(await faultsOfUpgrade(last)).toEqual([]);
  });

  it('is noticed when a migration of the release is changed afterwards', async () => {
    const catalog = await withDatabase(async (url) => {
      await migrate(url);
      return withClient(url, readCatalog);
    });
    const now: ReleasedSchema = { version: '0.0.1', migrations: NAMES, unused: [], catalog };
    expect(readReleased(writeReleased(now))).toEqual(now);
    expect(await faultsOfUpgrade(now)).toEqual([]);
    const tables = new Map([...catalog.tables].filter(([table]) => table !== 'deliveries'));
    expect(await faultsOfUpgrade({ ...now, catalog: { ...catalog, tables } })).toHaveLength(1);
  }, 60_000);
});

describe('what breaks a process that does not know of a change', () => {
  let before: Catalog;
  let url: string;
  const name = `confirm_dialer_upgrade_${testRunId()}_${randomBytes(4).toString('hex')}`;
  beforeAll(async () => {
    url = await createDatabase(serverUrl(), name);
    await migrate(url);
    before = await withClient(url, readCatalog);
  });
  afterAll(() => dropDatabase(serverUrl(), name));

  /** The faults of a change, which is taken back afterwards. */
  const faultsOf = (sql: string, unused: string[] = []): Promise<string[]> =>
    withClient(url, async (client) => {
      await client.query('BEGIN');
      await client.query(sql);
      const after = await readCatalog(client);
      await client.query('ROLLBACK');
      return breakingChanges(before, after, unused);
    });

  it.each([
    ['a table that goes', 'DROP TABLE order_timeline', /table order_timeline is gone/],
    ['a column that goes', 'ALTER TABLE calls DROP COLUMN tech_cause', /column calls.tech_cause is gone/],
    ['another name', 'ALTER TABLE calls RENAME COLUMN tech_cause TO sip_status', /column calls.tech_cause is gone/],
    ['another type', 'ALTER TABLE deliveries ALTER COLUMN tries TYPE bigint', /tries was integer and is bigint/],
    [
      'a column that is required now',
      'ALTER TABLE calls ALTER COLUMN tech_cause SET NOT NULL',
      /may not be left empty/,
    ],
    ['a default that goes', 'ALTER TABLE deliveries ALTER COLUMN tries DROP DEFAULT', /lost its default/],
    ['a new column without a default', 'ALTER TABLE trunks ADD COLUMN a text NOT NULL', /required and has no default/],
    ['a new check', 'ALTER TABLE calls ADD CHECK (tech_cause > 99)', /satisfy something new/],
    ['a new unique index', 'CREATE UNIQUE INDEX a ON calls (trace_id)', /satisfy something new/],
  ])('%s', async (_what, sql, fault) => {
    expect(await faultsOf(sql)).toEqual([expect.stringMatching(fault)]);
  });

  it.each([
    ['a new table', 'CREATE TABLE a (b text NOT NULL UNIQUE)'],
    ['a column that may be empty', 'ALTER TABLE calls ADD COLUMN a text'],
    ['a required one with a default', "ALTER TABLE calls ADD COLUMN a text NOT NULL DEFAULT ''"],
    ['an index', 'CREATE INDEX a ON calls (trace_id)'],
    ['a check that goes', 'ALTER TABLE calls DROP CONSTRAINT calls_result_check'],
  ])('not: %s', async (_what, sql) => {
    expect(await faultsOf(sql)).toEqual([]);
  });

  it('not: what the release before did not use any more', async () => {
    const drop = 'ALTER TABLE calls DROP COLUMN tech_cause';
    expect(await faultsOf(drop, ['calls.tech_cause'])).toEqual([]);
  });
});

describe('a process that runs while the schema grows', () => {
  let test: TestApp;
  let shop: TestShop;
  beforeAll(async () => {
    test = await startTestApp();
    await asAdmin(test, 'PUT', '/v1/admin/trunks/main', {
      endpoint: 'PJSIP/{number}@main',
      callsPerSecond: 50,
      maxChannels: 20,
    });
    shop = await createShop(test, 'growing', { jurisdiction: 'demo' });
    await new RobotFloor(test).join('anna', ['default']);
  }, 60_000);
  afterAll(() => test?.close());

  let numbers = 0;
  async function confirmOne(): Promise<string | null> {
    const orderId = `g-${randomUUID().slice(0, 8)}`;
    const phone = `+38067${4_440_000 + 100 * ++numbers + 1}`;
    const answer = await postOrder(test, shop, { type: 'order.created', data: anOrder({ orderId, phone }) });
    if (answer.status !== 202) return `${answer.status} ${await answer.text()}`;
    await waitFor(
      'the outcome',
      () =>
        withClient(test.databaseUrl, async (client) => {
          const { rows } = await client.query('SELECT outcome FROM orders WHERE order_id = $1', [orderId]);
          return (rows as { outcome: string | null }[])[0]?.outcome === 'confirmed';
        }),
      15_000,
    );
    return null;
  }

  it('takes, calls and confirms orders before, meanwhile and afterwards', async () => {
    expect(await confirmOne()).toBeNull();
    await withClient(test.databaseUrl, async (client) => {
      const { rows } = await client.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`);
      const meanwhile = confirmOne();
      for (const { tablename } of rows as { tablename: string }[]) {
        await client.query(
          `ALTER TABLE "${tablename}" ADD COLUMN of_the_next_release text, ADD COLUMN counted_next integer NOT NULL DEFAULT 0`,
        );
      }
      expect(await meanwhile).toBeNull();
    });
    expect(await confirmOne()).toBeNull();
    expect(test.logLines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  }, 60_000);
});
