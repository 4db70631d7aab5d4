import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FAILPOINTS } from '../../src/platform/failpoints/failpoints.js';
import { PROJECT_FOLDER } from '../../tools/dev-env/cache-folder.js';
import { SetUpError } from '../../tools/dev-env/processes.js';
import { waitForStopSignal } from '../../tools/dev-env/stop-signal.js';
import { BROKEN, runBroken } from './broken.js';
import { describeMatrix, intoPage, isCellGreen, runMatrix } from './matrix/kill-matrix.js';
import { FAULTS } from './nemesis/nemesis.js';
import { describePlan, planTracks, WANTED_ROUNDS } from './nemesis/schedule.js';
import { countFaults, describeRun } from './report.js';
import { isGreen, run } from './run.js';

// Entry of `npm run chaos`: faults on the whole installation under load, judged by ledgers that the dialer does not write.
//   --minutes N    of load and faults (default 5); what is under way afterwards has its own time
//   --seed N       the order of faults and what the load is like (default: the clock)
//   --only A,B     these kinds of faults; `none` for a run without any
//   --rate N       orders a second (default 5)
//   --agents N     (default 20)
//   --keep         leave logs and ledgers also when the run is green
//   --list         the kinds of faults
//   --plan         how often a run would do each of them, and nothing else
//   --broken       instead: runs with one protection of the product switched off each; every one has to be noticed (--only names protections)
//   --matrix       instead: every failpoint, each way of dying at it (--only names failpoints; --lanes N installations side by side, default 2;
//                  --write puts the table into docs/operations.md)
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
    plan: { type: 'boolean', default: false },
    broken: { type: 'boolean', default: false },
    matrix: { type: 'boolean', default: false },
    lanes: { type: 'string', default: '2' },
    write: { type: 'boolean', default: false },
  },
});
if (values.list) {
  for (const { name, covers, isLong } of FAULTS) {
    const more = isLong === true ? ' (runs of its own: --only)' : '';
    console.log(`${name.padEnd(26)} ${covers.join(' ')}${more}`);
  }
  process.exit(0);
}
const only = values.only === undefined ? undefined : values.only === 'none' ? [] : values.only.split(',');
const known = values.matrix
  ? FAILPOINTS
  : values.broken
    ? BROKEN.map(({ protection }) => protection)
    : FAULTS.map(({ name }) => name);
const unknown = only?.filter((name) => !(known as readonly string[]).includes(name)) ?? [];
if (unknown.length > 0) {
  console.error(`There is nothing named ${unknown.join(', ')} here; known are ${known.join(', ')}.`);
  process.exit(2);
}
const isWanted = (name: string): boolean => only?.includes(name) ?? true;
/** A disk that can be filled up takes a mount. */
const isDoable = (name: string): boolean => name !== 'postgres_full' || process.getuid?.() === 0;
const wantedFaults = FAULTS.filter(({ name }) => isWanted(name) && isDoable(name));
if (values.plan) {
  const plans = planTracks(wantedFaults, Number(values.minutes) * 60 - 6, Number(values.seed ?? 1));
  for (const plan of plans) {
    for (const [name, count] of plan.counts) console.log(`${name.padEnd(26)} ${count}`);
    console.log(describePlan(plan).split(':')[0]);
  }
  process.exit(Math.min(...plans.map(({ rounds }) => rounds)) >= WANTED_ROUNDS ? 0 : 1);
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
  process.exitCode = await (values.matrix ? matrix() : values.broken ? broken() : chaos());
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
process.exit();

function folderOf(name: string): string {
  const folder = join(PROJECT_FOLDER, '.cache', 'chaos', name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

async function chaos(): Promise<number> {
  const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
  const keepIn = folderOf(`run-${seed}`);
  const result = await run({
    seconds: Number(values.minutes) * 60,
    seed,
    ordersPerSecond: Number(values.rate),
    agents: Number(values.agents),
    faults: wantedFaults,
    // Faults leave a backlog: the agents have little to spare beside five orders a second.
    settleSeconds: 900,
    keepIn,
    keepsAlways: values.keep,
    say,
  });
  console.log(describeRun(result));
  writeFileSync(join(keepIn, 'result.json'), `${JSON.stringify(result, null, 2)}\n`);
  const rare = [...countFaults(result)].filter(([, { proven }]) => proven < WANTED_ROUNDS).map(([name]) => name);
  if (Number(values.minutes) >= 20 && rare.length > 0) {
    console.log(`not proven ${WANTED_ROUNDS} times, so that the run shows nothing of them: ${rare.join(', ')}`);
    return 1;
  }
  return isGreen(result) ? 0 : 1;
}

async function broken(): Promise<number> {
  let missed = 0;
  for (const one of BROKEN.filter(({ protection }) => isWanted(protection))) {
    const { isCaught, violated, result } = await runBroken(one, {
      seconds: 60,
      seed: Number(values.seed ?? 1),
      ordersPerSecond: Math.min(2, Number(values.rate)),
      agents: Math.min(8, Number(values.agents)),
      settleSeconds: 60,
      keepIn: folderOf(`broken-${one.protection}`),
      say: (line) => say(`without ${one.protection}: ${line}`),
    });
    if (!isCaught) {
      missed += 1;
      console.log(describeRun(result));
    }
    console.log(
      `without ${one.protection}: ${isCaught ? 'noticed' : 'NOT NOTICED'}; broken: ${violated.join(', ') || 'nothing'} (looked for ${one.caughtBy.join(', ')})`,
    );
  }
  return missed === 0 ? 0 : 1;
}

async function matrix(): Promise<number> {
  const result = await runMatrix({ lanes: Number(values.lanes), only, keepIn: folderOf('matrix'), say });
  const table = describeMatrix(result);
  console.log(table);
  if (values.write) {
    const page = join(PROJECT_FOLDER, 'docs', 'operations.md');
    writeFileSync(page, intoPage(readFileSync(page, 'utf8'), table));
  }
  return result.cells.every(isCellGreen) && result.violations.length === 0 ? 0 : 1;
}
