import { renameSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startBackingServices } from './backing-services.js';
import { SetUpError } from './processes.js';
import { waitForStopSignal } from './stop-signal.js';
import { startTelephony } from './telephony.js';

// Entry of `npm run services`: the servers that the dialer needs, for development, until Ctrl-C.
//   --asterisk            also a PBX and the simulated carrier
//   --agents NAME,NAME    endpoints of agents whose phones the carrier plays (default agent-1 … agent-60)
//   --durable             Postgres with fsync
//   --write FILE          the printed addresses as JSON, complete when the file appears

const { values } = parseArgs({
  options: {
    asterisk: { type: 'boolean', default: false },
    agents: { type: 'string' },
    durable: { type: 'boolean', default: false },
    write: { type: 'string' },
  },
});
const agents = values.agents?.split(',') ?? Array.from({ length: 60 }, (_, index) => `agent-${index + 1}`);
const progress = (message: string): void => console.error(`services: ${message}`);
const stopped = waitForStopSignal();
const started: { stop(): Promise<void> }[] = [];

try {
  await Promise.race([start(), stopped]);
  progress(`stopping (${await stopped})`);
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
} finally {
  for (const service of started.reverse()) await service.stop();
}
// What was still being fetched or started when the signal came is ended by the watchdog.
process.exit();

async function start(): Promise<void> {
  const { databaseUrl, redisUrl, ...services } = await startBackingServices({ fsync: values.durable, progress });
  started.push(services);
  const telephony = values.asterisk ? await startTelephony({ agents, progress }) : null;
  if (telephony !== null) started.push(telephony);
  const addresses = {
    databaseUrl,
    redisUrl,
    ...(telephony === null
      ? {}
      : {
          ariUrl: telephony.ariUrl,
          ariUsername: telephony.ariUsername,
          ariPassword: telephony.ariPassword,
          pbxFolder: telephony.pbx?.instance.folder,
          carrierFolder: telephony.carrier?.instance.folder,
          sippPort: telephony.pbx?.sippPort,
        }),
  };
  console.log(JSON.stringify(addresses, null, 2));
  if (values.write !== undefined) {
    // Renamed into place, so that who waits for the file never reads half of it.
    writeFileSync(`${values.write}.partial`, `${JSON.stringify(addresses)}\n`, { mode: 0o600 });
    renameSync(`${values.write}.partial`, values.write);
  }
  progress('running; Ctrl-C stops them');
  await stopped;
}
