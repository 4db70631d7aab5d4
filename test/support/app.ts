import type { DynamicModule } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from '../../src/platform/config/env.js';
import type { Role } from '../../src/platform/config/settings.js';
import { closeApp, createHttpApp, listen } from '../../src/platform/http/create-app.js';
import { Log } from '../../src/platform/log/log.js';
import { PlatformModule } from '../../src/platform/platform.module.js';
import { createDatabase, dropDatabase, testRunId } from './database.js';
import { forgetKeys, redisUrl } from './redis.js';

/** A token that `startTestApp` accepts from administrators. */
export const ADMIN_TOKEN = 'admin-token-of-the-tests-0123456789';

class BareModule {}

/** How to start the application in a test. */
export interface TestAppOptions {
  /** Default: all three. */
  readonly roles?: readonly Role[];
  /** Further environment variables; they win. */
  readonly env?: Readonly<Record<string, string>>;
  /** The plumbing with these modules instead of the rooms; for tests of the plumbing itself. */
  readonly modules?: NonNullable<DynamicModule['imports']>;
  /** A database to work on; left out: a clone of the template, dropped at `close`. */
  readonly databaseUrl?: string;
}

/** The real application in this process, on a port of its own, over a database and a Redis prefix of its own. */
export interface TestApp {
  readonly app: NestFastifyApplication;
  readonly url: string;
  readonly databaseUrl: string;
  /** JSON lines that were logged. */
  readonly logLines: string[];
  get<T>(token: abstract new (...parameters: never[]) => T): T;
  /** Drains and ends it; drops the database if it was made here. */
  close(): Promise<void>;
}

export async function startTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const databaseUrl = options.databaseUrl ?? (await createDatabase());
  const spoolFolder = options.env?.['SPOOL_FOLDER'] ?? mkdtempSync(join(tmpdir(), 'cd-spool-'));
  const parsed = parseEnv({
    HOST: '127.0.0.1',
    PORT: '0',
    NODE_ENV: 'test',
    LOG_LEVEL: 'info',
    DATABASE_URL: databaseUrl,
    DATABASE_POOL_SIZE: '8',
    REDIS_URL: redisUrl(),
    REDIS_KEY_PREFIX: `cd:test-${testRunId()}-${randomBytes(6).toString('hex')}:`,
    ARI_URL: 'virtual:',
    ADMIN_TOKEN,
    ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 7).toString('base64')}`,
    ALLOW_PRIVATE_DESTINATIONS: 'true',
    SPOOL_FOLDER: spoolFolder,
    ROLES: (options.roles ?? ['api', 'dialer', 'worker']).join(','),
    ...options.env,
  });
  if ('problems' in parsed) throw new Error(`the test's environment is wrong: ${JSON.stringify(parsed.problems)}`);
  const { env } = parsed;
  const logLines: string[] = [];
  const log = new Log(env.LOG_LEVEL, { write: (line: string) => void logLines.push(line) });
  const cleanUp = async (): Promise<void> => {
    await forgetKeys(env.REDIS_URL, env.REDIS_KEY_PREFIX);
    if (options.env?.['SPOOL_FOLDER'] === undefined) rmSync(spoolFolder, { recursive: true, force: true });
    if (options.databaseUrl === undefined) await dropDatabase(databaseUrl);
  };
  try {
    const root =
      options.modules === undefined
        ? // Loaded only here: loading the rooms defines their jobs, which a bare application could not do.
          (await import('../../src/app.module.js')).AppModule.forRoot(env, log)
        : { module: BareModule, imports: [PlatformModule.forRoot(env, log), ...options.modules] };
    const app = await createHttpApp(root, log);
    const url = await listen(app);
    return {
      app,
      url,
      databaseUrl,
      logLines,
      get: (token) => app.get(token, { strict: false }),
      async close() {
        await closeApp(app);
        await cleanUp();
      },
    };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}
