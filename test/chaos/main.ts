import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PROJECT_FOLDER } from '../../tools/dev-env/cache-folder.js';
import { SetUpError } from '../../tools/dev-env/processes.js';
import { waitForStopSignal } from '../../tools/dev-env/stop-signal.js';
import { FAULTS } from './nemesis/nemesis.js';
import { describeRun } from './report.js';
import { isGreen, run } from './run.js';

// Entry of `npm run chaos`: faults on the whole installation under load, judged by ledgers that the dialer does not write.
//   --minutes N    of load and faults (default 5); what is under way afterwards has its own time
//   --seed N       the order of faults and what the load is like (default: the clock)
//   --only A,B     these kinds of faults; `none` for a run without any
//   --rate N       orders a second (default 5)
//   --agents N     (default 20)
//   --keep         leave logs and ledgers also when the run is green
//   --list         the kinds of faults
// Exit code 0: green; 1: an invariant was broken, or something did not come to its end; 2: the set-up failed.

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string' },
    only: { type: 'string' },
    rate: { type: 'string', default: '5' },
    agents: { type: 'string', default: '20' },
    keep: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});
if (values.list) {
  for (const { name, covers } of FAULTS) console.log(`${name.padEnd(26)} ${covers.join(' ')}`);
  process.exit(0);
}
const names = values.only === 'none' ? [] : values.only?.split(',');
const unknown = names?.filter((name) => !FAULTS.some((fault) => fault.name === name)) ?? [];
if (unknown.length > 0) {
  console.error(`There is no fault named ${unknown.join(', ')}; --list shows them.`);
  process.exit(2);
}
const beganAt = performance.now();
const say = (line: string): void =>
  console.error(`chaos ${((performance.now() - beganAt) / 1_000).toFixed(0).padStart(4)} s: ${line}`);
// The parts are ended by the watchdog when we end.
void waitForStopSignal().then((reason) => {
  say(`stopping (${reason})`);
  process.exit(130);
});
try {
  const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
  const keepIn = join(PROJECT_FOLDER, '.cache', 'chaos', `run-${seed}`);
  rmSync(keepIn, { recursive: true, force: true });
  const result = await run({
    seconds: Number(values.minutes) * 60,
    seed,
    ordersPerSecond: Number(values.rate),
    agents: Number(values.agents),
    faults: FAULTS.filter(({ name }) => names?.includes(name) ?? true),
    settleSeconds: 240,
    keepIn,
    keepsAlways: values.keep,
    say,
  });
  console.log(describeRun(result));
  mkdirSync(keepIn, { recursive: true });
  writeFileSync(join(keepIn, 'result.json'), `${JSON.stringify(result, null, 2)}\n`);
  process.exitCode = isGreen(result) ? 0 : 1;
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
process.exit();
