import { renameSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startBackingServices } from './backing-services.js';
import { SetUpError } from './processes.js';
import { waitForStopSignal } from './stop-signal.js';

// Entry of `npm run services`: Postgres and Redis for development, until Ctrl-C.

const { values } = parseArgs({
  options: { write: { type: 'string' }, durable: { type: 'boolean', default: false } },
});
const progress = (message: string): void => console.error(`services: ${message}`);
const stopped = waitForStopSignal();

try {
  const services = await startBackingServices({ fsync: values.durable, progress });
  const { databaseUrl, redisUrl } = services;
  const addresses = { databaseUrl, redisUrl };
  console.log(JSON.stringify(addresses, null, 2));
  if (values.write !== undefined) {
    // Renamed into place, so that who waits for the file never reads half of it.
    writeFileSync(`${values.write}.partial`, `${JSON.stringify(addresses)}\n`, { mode: 0o600 });
    renameSync(`${values.write}.partial`, values.write);
  }
  progress('running; Ctrl-C stops them');
  progress(`stopping (${await stopped})`);
  await services.stop();
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
