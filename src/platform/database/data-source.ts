import { DataSource, type DataSourceOptions } from 'typeorm';
import { PreparingClient } from './preparing-client.js';
import { MIGRATIONS } from './migrations.js';

/** Time limits of everything we ask of Postgres, in milliseconds. The driver's own limit is longer: it only meets a server that does not answer. */
export const DATABASE_LIMITS = {
  statementMs: 2_000,
  lockMs: 500,
  idleInTransactionMs: 5_000,
  answerMs: 4_000,
  connectMs: 2_000,
} as const;

/** Options of the service's pool. Entities are added by the rooms (`TypeOrmModule.forFeature`). */
export function dataSourceOptions(databaseUrl: string, poolSize: number): DataSourceOptions {
  return {
    type: 'postgres',
    url: databaseUrl,
    uuidExtension: 'pgcrypto',
    installExtensions: false,
    logging: false,
    poolSize,
    connectTimeoutMS: DATABASE_LIMITS.connectMs,
    applicationName: 'confirm-dialer',
    extra: {
      Client: PreparingClient,
      statement_timeout: DATABASE_LIMITS.statementMs,
      lock_timeout: DATABASE_LIMITS.lockMs,
      idle_in_transaction_session_timeout: DATABASE_LIMITS.idleInTransactionMs,
      query_timeout: DATABASE_LIMITS.answerMs,
      keepAlive: true,
    },
  };
}

/** Any number that no other program takes on the same server: "confirm". */
const MIGRATION_LOCK = 0x636f6e66;

/**
 * Brings the schema up to date, one process at a time (advisory lock), without the service's time limits.
 * @returns names of the migrations that were run
 */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const source = new DataSource({
    type: 'postgres',
    url: databaseUrl,
    installExtensions: false,
    poolSize: 2,
    connectTimeoutMS: DATABASE_LIMITS.connectMs,
    migrations: MIGRATIONS,
    migrationsTransactionMode: 'each',
  });
  await source.initialize();
  try {
    const guard = source.createQueryRunner();
    await guard.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    try {
      const done = await source.runMigrations();
      return done.map((migration) => migration.name);
    } finally {
      await guard.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
      await guard.release();
    }
  } finally {
    await source.destroy();
  }
}
