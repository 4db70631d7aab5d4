/**
 * `npm run --silent bench:pacing [-- --cap 0.01]`: the dialer's predictive rule as a filter. It reads one JSON line for each instant of a simulated floor and
 * answers each with `{"dial": n}` (docs/pacing-protocol.md). Nothing else is written to standard output. Standard input's end ends it.
 */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { PacingRun, type InitLine, type StateLine } from './pacing-protocol.js';
import { rehearse } from './pacing-rehearsal.js';

const { values } = parseArgs({ options: { cap: { type: 'string', default: '0.03' } } });
const cap = Number(values.cap);
if (!(cap > 0 && cap <= 0.2)) {
  process.stderr.write('--cap is the highest share of abandoned calls: above 0, at most 0.2, for example 0.01.\n');
  process.exit(2);
}

const run = new PacingRun(cap);
createInterface({ input: process.stdin })
  .on('line', (text) => {
    if (text.trim() === '') return;
    const line = JSON.parse(text) as InitLine | StateLine;
    // Asked before the clock of the run starts: the first decisions shall not wait for the compiler.
    if (line.type === 'init') rehearse(cap);
    process.stdout.write(`${JSON.stringify(run.answer(line))}\n`);
  })
  .on('close', () => process.exit(0));
