import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { measureCalls } from './calls.js';
import { measureIntake } from './intake.js';
import { tableOf, type Figures } from './table.js';

// What the real stack carries on this machine:
//   npm run bench [-- --only intake|calls --seconds 20 --agents 60 --rates 5,10,20 --json figures.json]

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seconds: { type: 'string', default: '20' },
    agents: { type: 'string', default: '60' },
    rates: { type: 'string', default: '5,10,15,20,30' },
    /** Milliseconds. */
    talk: { type: 'string', default: '500' },
    json: { type: 'string' },
  },
});
const say = (message: string): void => console.error(`bench: ${message}`);

const seconds = Number(values.seconds);
const figures: Figures = {
  machine: {
    cores: cpus().length,
    model: cpus()[0]?.model ?? '',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  },
  at: new Date().toISOString(),
  intake: values.only === 'calls' ? null : await measureIntake({ seconds, say }),
  calls:
    values.only === 'intake'
      ? null
      : await measureCalls({
          agents: Number(values.agents),
          rates: values.rates.split(',').map(Number),
          seconds,
          talkMs: Number(values.talk),
          say,
        }),
};
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`);
console.log(tableOf(figures));
process.exit();
