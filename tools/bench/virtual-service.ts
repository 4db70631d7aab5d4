import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { AdminClient } from '../dev-env/admin-client.js';
import { startApp } from '../dev-env/app-process.js';
import { createDatabase } from '../dev-env/backing-services.js';
import { startPostgres } from '../dev-env/postgres.js';
import { startRedis } from '../dev-env/redis.js';
import { SignedSender } from './shop/signed-sender.js';

/**
 * The service with all roles beside a Postgres and a Redis of its own, without an exchange, and everything that looks at it.
 * @param name  of the database and the folder of the log: small letters and `_`
 */
export async function startVirtualService(name: string, logLevel: 'error' | 'warn', say: (message: string) => void) {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  const postgres = await startPostgres({ progress: say });
  const redis = await startRedis({ progress: say });
  const token = randomBytes(32).toString('hex');
  const databaseUrl = await createDatabase(postgres.url, `confirm_dialer_${name}`);
  const app = await startApp({
    databaseUrl,
    redisUrl: redis.url,
    redisKeyPrefix: 'cd:bench:',
    adminToken: token,
    encryptionKeys: `k1:${randomBytes(32).toString('base64')}`,
    ari: { url: 'virtual:', username: '', password: '' },
    logFile: join(folder, 'service.log'),
    logLevel,
    more: { SHOP_WEBHOOKS_PER_SECOND: '100000' },
  });
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const sender = new SignedSender(app.url);
  return {
    app,
    redis,
    client,
    sender,
    admin: new AdminClient(app.url, token),
    async stop(): Promise<void> {
      sender.close();
      await client.end();
      await app.process.stop(50_000);
      await redis.stop();
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
