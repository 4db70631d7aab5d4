import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll } from 'vitest';
import { dataSourceOptions, migrate } from '../../src/platform/database/data-source.js';
import { Transactions } from '../../src/platform/database/transaction.js';

const PREFIX = 'confirm_dialer_';
const TEMPLATE_LOCK = 0x74706c;

/** A database of its own for one test file. */
export interface TestDatabase {
  readonly url: string;
  readonly source: DataSource;
  readonly transactions: Transactions;
  /** Runs SQL and returns its rows. */
  query<R = Record<string, unknown>>(sql: string, parameters?: unknown[]): Promise<R[]>;
}

/** The server that tests run on (`DATABASE_URL`); only databases named `confirm_dialer_*` are made and dropped there. */
export function serverUrl(): string {
  const url = process.env['DATABASE_URL'];
  if (url === undefined || url === '')
    throw new Error('Set DATABASE_URL to a Postgres server, or run `npm test`, which brings its own.');
  return url;
}

/** Makes a database with the whole schema, as a clone of a template that is migrated once per run. */
export async function createDatabase(): Promise<string> {
  const template = await ensureTemplate();
  const name = `${PREFIX}t_${testRunId()}_${randomBytes(6).toString('hex')}`;
  await onServer((client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`));
  return urlOf(name);
}

/** Drops a database of {@link createDatabase}, whoever is still connected. */
export async function dropDatabase(url: string): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  if (!name.startsWith(PREFIX)) throw new Error('only databases of ours are dropped');
  await onServer((client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
}

/**
 * Gives the test file a database from its first test to its last.
 * @param options.entities  row classes that the file's stores use
 */
export function useDatabase(options: { entities?: (new () => object)[] } = {}): TestDatabase {
  const held: { url?: string; source?: DataSource } = {};
  beforeAll(async () => {
    held.url = await createDatabase();
    held.source = new DataSource({ ...dataSourceOptions(held.url, 8), entities: options.entities ?? [] });
    await held.source.initialize();
  }, 60_000);
  afterAll(async () => {
    await held.source?.destroy();
    if (held.url !== undefined) await dropDatabase(held.url);
  }, 60_000);
  const source = (): DataSource => {
    if (held.source === undefined) throw new Error('the database is there from beforeAll on');
    return held.source;
  };
  return {
    get url() {
      return held.url ?? '';
    },
    get source() {
      return source();
    },
    get transactions() {
      return new Transactions(source());
    },
    async query<R>(sql: string, parameters: unknown[] = []) {
      const client = new pg.Client({ connectionString: held.url });
      await client.connect();
      try {
        return (await client.query(sql, parameters)).rows as R[];
      } finally {
        await client.end();
      }
    },
  };
}

/** Stands in the name of everything that a run of the tests makes, so that the runner can remove it. `dev` outside of `npm test`. */
export function testRunId(): string {
  return process.env['TEST_RUN_ID'] ?? 'dev';
}

/** The template's name: it changes with the migrations and with the run. */
function templateName(): string {
  const folder = fileURLToPath(new URL('../../src/platform/database/migrations/', import.meta.url));
  const hash = createHash('sha256');
  for (const file of readdirSync(folder).sort()) hash.update(readFileSync(folder + file));
  return `${PREFIX}tpl_${testRunId()}_${hash.digest('hex').slice(0, 12)}`;
}

async function ensureTemplate(): Promise<string> {
  const name = templateName();
  await onServer(async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    const known = await client.query(`SELECT datistemplate AS "isReady" FROM pg_database WHERE datname = $1`, [name]);
    if ((known.rows as { isReady: boolean }[])[0]?.isReady === true) return;
    // One that is there but not marked was left half made by a run that died.
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${name}`);
    await migrate(urlOf(name));
    await client.query(`ALTER DATABASE ${name} IS_TEMPLATE true`);
  });
  return name;
}

function urlOf(name: string): string {
  const url = new URL(serverUrl());
  url.pathname = `/${name}`;
  return url.href;
}

async function onServer<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: serverUrl() });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
