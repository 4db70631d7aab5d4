import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import { loadEnv } from './platform/config/env.js';
import { collectOnce, limitHeapGrowth } from './platform/config/heap.js';
import { Settings } from './platform/config/settings.js';
import { armFailpoints } from './platform/failpoints/failpoints.js';
import { isPassingDatabaseError } from './platform/database/database-errors.js';
import { migrate } from './platform/database/data-source.js';
import { closeApp, createHttpApp, listen } from './platform/http/create-app.js';
import { startMetricsServer } from './platform/http/metrics-server.js';
import { Log } from './platform/log/log.js';

/** Exit codes (contract, section 1). */
const DRAINED = 0;
const REFUSED = 1;
const DRAIN_TIMED_OUT = 3;

/** How long the start waits for a database that does not answer yet. */
const DATABASE_WAIT_MS = 60_000;

limitHeapGrowth();
const env = loadEnv();
if (env.FAILPOINTS !== undefined) armFailpoints(env.FAILPOINTS);
const log = new Log(env.LOG_LEVEL);

function endWith(code: number): never {
  log.flush();
  process.exit(code);
}

process.on('uncaughtException', (error) => {
  log.error('an error that nobody caught, the process ends', { error });
  endWith(REFUSED);
});
process.on('unhandledRejection', (error) => {
  log.error('a rejection that nobody handled, the process ends', { error });
  endWith(REFUSED);
});

async function migrateWhenPossible(): Promise<void> {
  const deadline = Date.now() + DATABASE_WAIT_MS;
  for (;;) {
    try {
      const migrations = await migrate(env.DATABASE_URL);
      log.info('the schema is up to date', { migrations });
      return;
    } catch (error) {
      if (!isPassingDatabaseError(error) || Date.now() > deadline) throw error;
      log.warn('the database does not answer yet, trying again', { error });
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }
}

/** Ends the process on SIGTERM and SIGINT: 0 when everything was brought to its end, 3 when that took longer than DRAIN_SECONDS. */
function drainOnSignal(app: NestFastifyApplication, closeMetrics: () => Promise<void>): void {
  let isDraining = false;
  const drain = (signal: NodeJS.Signals): void => {
    if (isDraining) return;
    isDraining = true;
    log.info('draining', { signal, limitSeconds: env.DRAIN_SECONDS });
    setTimeout(() => {
      log.error('the drain took too long, the process ends', { limitSeconds: env.DRAIN_SECONDS });
      endWith(DRAIN_TIMED_OUT);
    }, env.DRAIN_SECONDS * 1_000);
    closeApp(app)
      .then(closeMetrics)
      .then(
        () => {
          log.info('drained');
          endWith(DRAINED);
        },
        (error: unknown) => {
          log.error('the drain failed', { error });
          endWith(DRAIN_TIMED_OUT);
        },
      );
  };
  process.on('SIGTERM', drain);
  process.on('SIGINT', drain);
}

async function start(): Promise<void> {
  await migrateWhenPossible();
  // A deployment may bring the schema up to date by itself, before it starts the new processes.
  if (process.argv.includes('--migrate')) endWith(DRAINED);
  const app = await createHttpApp(AppModule.forRoot(env, log), log);
  const metrics = await startMetricsServer(app);
  drainOnSignal(app, metrics.close);
  collectOnce();
  const url = await listen(app);
  log.info('listening', { url, metricsPort: metrics.port, roles: [...app.get(Settings).roles] });
}

start().catch((error: unknown) => {
  log.error('the start failed', { error });
  process.stderr.write(`The service could not start: ${(error as Error).message}\n`);
  endWith(REFUSED);
});
