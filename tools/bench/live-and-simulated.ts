/**
 * `npx tsx tools/bench/live-and-simulated.ts [options of bench:floor]`: does the simulator tell the truth? A floor of virtual agents works on the real stack
 * (tools/bench/live-floor.ts); the simulator then plays the same orders with the talks, wrap-ups and answers that were seen in that very run. Prints occupancy
 * and abandoned share of both side by side; exit code 1 when they differ by more than five points. `--calls file.json`: a run that was kept.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { run, type SeenCall } from '../simulate/run.js';
import { readScenario } from '../simulate/scenario/read-scenario.js';
import type { Scenario } from '../simulate/scenario/scenario.js';
import { FLOOR_OPTIONS, pastAbandonedOf } from './floor-options.js';

const HERE = dirname(fileURLToPath(import.meta.url));
/** What the two may differ by, points of a hundred. */
const POINTS = 5;

const { values } = parseArgs({ options: { ...FLOOR_OPTIONS, seeds: { type: 'string', default: '10' } } });

interface FloorFigures {
  readonly calls: number;
  readonly answered: number;
  readonly abandoned: number;
  /** Percent. */
  readonly abandonedShare: number;
  readonly occupancy: number;
}

const live = values.calls === undefined ? playLive() : readCalls(values.calls);
const simulated = Array.from({ length: Number(values.seeds) }, (_, i) => {
  const { calls, violations } = run(scenarioOf(live), { seed: i + 1 });
  for (const { id, text } of violations) console.error(`bench: the simulator broke ${id}: ${text}`);
  return figuresOf(calls);
});
process.exitCode = compare(figuresOf(live), simulated) ? 0 : 1;

function playLive(): SeenCall[] {
  const folder = mkdtempSync(join(tmpdir(), 'live-and-simulated-'));
  try {
    const file = join(folder, 'calls.json');
    const { seeds: _seeds, calls: _calls, ...shared } = values;
    const options = Object.entries(shared).flatMap(([name, value]) => [`--${name}`, value]);
    const live = spawnSync(
      process.execPath,
      ['--import', 'tsx', join(HERE, 'live-floor.ts'), ...options, '--calls', file],
      { stdio: 'inherit', cwd: join(HERE, '..', '..') },
    );
    if (live.status !== 0) throw new Error('the live floor did not come to its end');
    return readCalls(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readCalls(file: string): SeenCall[] {
  return JSON.parse(readFileSync(file, 'utf8')) as SeenCall[];
}

/** The same orders, agents and caps; buyers and agents who behave like those that were seen. */
function scenarioOf(calls: readonly SeenCall[]): Scenario {
  const talks = calls.flatMap(({ connected, ended }) => (connected === null ? [] : [ended - connected]));
  const wraps = calls.flatMap(({ connected, ended, wrapped }) =>
    connected === null || wrapped === null ? [] : [Math.max(0, wrapped - ended)],
  );
  const retry = { maxAttempts: 1, maxPer24Hours: 100, gapMinutes: 0.05 };
  return readScenario(
    'live-and-simulated',
    JSON.stringify({
      title: 'what was seen on the real stack',
      from: '10:00',
      hours: 1,
      groups: [{ group: 'default', wrapUpSeconds: 120, dialing: values.dialing }],
      agents: [{ count: Number(values.agents), from: '10:00', to: '11:00' }],
      talk: {
        talkSeconds: { kind: 'samples', values: talks },
        wrapUpSeconds: { kind: 'samples', values: wraps },
        outcomes: { confirmed: 1 },
        saidDuringTalkRatio: 0,
        unsaidRatio: 0,
        buyerEndsRatio: 0,
      },
      shops: [
        {
          shop: 'demo',
          settings: {
            jurisdiction: 'demo',
            callingHours: 'always',
            ringSeconds: 15,
            dialing: values.dialing,
            maxConcurrentCalls: 200,
            abandon: [{ maxRatio: Number(values.cap), windowHours: 24 }],
            retry,
          },
          orders: { count: 0, overnight: Number(values.orders), repeatRatio: 0, cancelRatio: 0, urgentRatio: 0 },
          buyers: { behaviour: { calls: calls.map(seenBuyer) } },
          past: { answered: Number(values.past), abandoned: pastAbandonedOf(values) },
        },
      ],
      trunks: [{ trunk: 'carrier', maxChannels: 60, callsPerSecond: 20 }],
    }),
  );
}

function seenBuyer({ dialed, ringing, answered, ended, result }: SeenCall): object {
  return {
    result: answered !== null && result !== 'machine' ? 'answered' : result,
    seconds: Math.max(0, (answered ?? ended) - dialed),
    ringingAfterSeconds: ringing === null ? null : Math.max(0, ringing - dialed),
  };
}

/** The floor is full from the first talks until nine of ten calls are placed: that stretch is judged. */
function figuresOf(calls: readonly SeenCall[]): FloorFigures {
  const inOrder = [...calls].sort((a, b) => a.dialed - b.dialed);
  const begin = inOrder[0]?.dialed ?? 0;
  const [from, to] = [begin + 30, inOrder[Math.floor(inOrder.length * 0.9)]?.dialed ?? begin];
  const busy = calls.reduce((sum, { connected, ended, wrapped }) => {
    if (connected === null) return sum;
    return sum + Math.max(0, Math.min(to, wrapped ?? ended) - Math.max(from, connected));
  }, 0);
  const answered = calls.filter(
    ({ answered: at, result }) => at !== null && ['answered', 'abandoned'].includes(result),
  );
  const abandoned = answered.filter(({ result }) => result === 'abandoned').length;
  return {
    calls: calls.length,
    answered: answered.length,
    abandoned,
    abandonedShare: (100 * abandoned) / Math.max(1, answered.length),
    occupancy: (100 * busy) / Math.max(1, (to - from) * Number(values.agents)),
  };
}

function compare(live: FloorFigures, simulated: readonly FloorFigures[]): boolean {
  const mean = (of: (figures: FloorFigures) => number): number =>
    simulated.reduce((sum, one) => sum + of(one), 0) / simulated.length;
  const rows = (['calls', 'answered', 'abandoned', 'abandonedShare', 'occupancy'] as const).map((name) => {
    const all = simulated.map((one) => one[name]);
    return {
      name,
      live: live[name],
      simulated: mean((one) => one[name]),
      least: Math.min(...all),
      most: Math.max(...all),
    };
  });
  console.log(
    `\n  ${''.padEnd(18)}${'live'.padStart(10)}${'simulated'.padStart(12)}   ${simulated.length} seeds, least … most`,
  );
  for (const { name, live: seen, simulated: played, least, most } of rows)
    console.log(
      `  ${name.padEnd(18)}${seen.toFixed(1).padStart(10)}${played.toFixed(1).padStart(12)}   ${least.toFixed(1)} … ${most.toFixed(1)}`,
    );
  const apart = rows.filter(
    ({ name, live: seen, simulated: played }) =>
      (name === 'abandonedShare' || name === 'occupancy') && Math.abs(seen - played) > POINTS,
  );
  console.log(
    apart.length === 0
      ? `  within ${POINTS} points`
      : `  more than ${POINTS} points apart: ${apart.map(({ name }) => name).join(', ')}`,
  );
  return apart.length === 0;
}
