/**
 * `npm run simulate -- <scenario>`: a day of the dialer in virtual time (docs/simulator.md). Prints the figures and the hash of the event log, writes a
 * picture of the day. Exit code 1 when an invariant was broken, 2 when the scenario cannot be played.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { playMillion } from './million/play.js';
import { pictureOf } from './report/picture.js';
import { hoursTable, tableOf } from './report/table.js';
import { run, type RunResult } from './run.js';
import { ScenarioError } from './scenario/json-reader.js';
import { readScenario } from './scenario/read-scenario.js';
import type { Scenario } from './scenario/scenario.js';

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), 'scenarios');
const USAGE = `usage: npm run simulate -- [scenario | file.json] [--seed n] [--seeds n] [--until-broken] [--hours] [--json] [--picture file.html] [--no-picture]
scenarios: ${readdirSync(FOLDER)
  .map((file) => basename(file, '.json'))
  .join(', ')}
           million [--minutes n] [--json]: a day of a million orders, as many groups of it as can be begun in n minutes (5)`;

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        seed: { type: 'string' },
        seeds: { type: 'string', default: '1' },
        'until-broken': { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        hours: { type: 'boolean', default: false },
        picture: { type: 'string' },
        'no-picture': { type: 'boolean', default: false },
        minutes: { type: 'string', default: '5' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      console.log(USAGE);
      return 0;
    }
    if (positionals[0] === 'million') {
      const isClean = await playMillion({ minutes: wholeNumber('minutes', values.minutes), isJson: values.json });
      return isClean ? 0 : 1;
    }
    const scenario = load(positionals[0] ?? 'ten-agents');
    const first = values.seed === undefined ? scenario.seed : wholeNumber('seed', values.seed);
    const count = wholeNumber('seeds', values.seeds);
    let isClean = true;
    for (let seed = first; seed < first + count && (isClean || !values['until-broken']); seed++) {
      const picture = values['no-picture'] ? null : (values.picture ?? `.cache/simulate/${scenario.name}-${seed}.html`);
      isClean = playOne(scenario, seed, { isJson: values.json, withHours: values.hours, picture }) && isClean;
    }
    return isClean ? 0 : 1;
  } catch (error) {
    const isUsage = error instanceof Error && String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS');
    if (!(error instanceof ScenarioError) && !isUsage) throw error;
    console.error(`${error.message}\n\n${USAGE}`);
    return 2;
  }
}

function load(name: string): Scenario {
  const file = name.endsWith('.json') ? name : join(FOLDER, `${name}.json`);
  try {
    return readScenario(basename(file, '.json'), readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof ScenarioError) throw error;
    throw new ScenarioError(`${file} cannot be read.`);
  }
}

function playOne(
  scenario: Scenario,
  seed: number,
  how: { isJson: boolean; withHours: boolean; picture: string | null },
): boolean {
  const startedAt = performance.now();
  const result = run(scenario, { seed });
  const seconds = (performance.now() - startedAt) / 1_000;
  if (how.picture !== null) {
    mkdirSync(dirname(how.picture), { recursive: true });
    writeFileSync(how.picture, pictureOf(scenario, seed, result));
  }
  const { figures, violations, hash, steps, troubles } = result;
  const memoryMb = Math.round(process.resourceUsage().maxRSS / 1_024);
  const about = { scenario: scenario.name, seed, seconds, memoryMb };
  if (how.isJson) console.log(JSON.stringify({ ...about, hash, steps, troubles, violations, figures }));
  else tell(scenario, seed, seconds, result, how);
  return violations.length === 0;
}

function tell(
  scenario: Scenario,
  seed: number,
  seconds: number,
  result: RunResult,
  { withHours, picture }: { readonly withHours: boolean; readonly picture: string | null },
): void {
  const faults = Object.entries(result.troubles).map(([kind, n]) => `${kind} ${n}`);
  console.log(`${scenario.name}, seed ${seed}: ${scenario.title}`);
  console.log(tableOf(result.figures));
  if (withHours) console.log(hoursTable(result.figures, scenario.timeZone));
  if (faults.length > 0) console.log(`  faults     ${faults.join(' · ')}`);
  const speed = Math.round((scenario.hours * 3_600) / seconds);
  console.log(
    `  played     ${scenario.hours} h in ${seconds.toFixed(1)} s (${speed} times real time), ${result.steps} steps`,
  );
  console.log(`  event log  ${result.lines} lines, sha256 ${result.hash}`);
  if (picture !== null) console.log(`  picture    ${picture}`);
  for (const { id, at, text, ids } of result.violations)
    console.log(`  BROKEN     ${id} at ${at.toISOString()}: ${text} (${ids.join(', ')})`);
  for (const line of result.story) console.log(`             ${line}`);
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new ScenarioError(`--${option} takes a whole number.`);
}
