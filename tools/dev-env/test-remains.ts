import { Redis } from 'ioredis';
import pg from 'pg';

/**
 * Removes what a run of the tests may have left on servers that are not ours: databases `confirm_dialer_*_<run id>_*` and keys `cd:test-<run id>-*`.
 * @param runId  hexadecimal; the tests put it into every name (`TEST_RUN_ID`)
 */
export async function forgetTestRun(services: { databaseUrl: string; redisUrl: string }, runId: string): Promise<void> {
  const client = new pg.Client({ connectionString: services.databaseUrl });
  await client.connect();
  try {
    const found = await client.query<{ name: string }>(
      `SELECT datname AS name FROM pg_database WHERE datname LIKE 'confirm\\_dialer\\_%' AND strpos(datname, $1) > 0`,
      [`_${runId}`],
    );
    for (const { name } of found.rows) {
      await client.query(`ALTER DATABASE "${name}" IS_TEMPLATE false`);
      await client.query(`DROP DATABASE "${name}" WITH (FORCE)`);
    }
  } finally {
    await client.end();
  }
  const redis = new Redis(services.redisUrl, { lazyConnect: true, retryStrategy: null });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    const keys = await redis.keys(`cd:test-${runId}-*`);
    if (keys.length > 0) await redis.unlink(...keys);
  } finally {
    redis.disconnect();
  }
}
