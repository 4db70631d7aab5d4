import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { measureCalls } from './calls.js';
import { measureDay } from './day.js';
import { measureIntake } from './intake.js';
import { measureMemory } from './memory.js';
import { tableOf, type Figures } from './table.js';

// What the real stack carries on this machine:
//   npm run bench                                            orders taken in, then calls
//   npm run bench -- --only intake
//   npm run bench -- --only calls --rates 20,30,40 --seconds 20 --agents 100
//   npm run bench -- --only calls --rates 20 --seconds 300 --without-minimal      every call bridged, for five minutes
//   npm run bench -- --only memory                           100 talks, 10,000 orders waiting
//   npm run bench -- --only day --orders 20000 --minutes 20  a day with a sale, pressed together
// --json figures.json keeps them all; --profile service.cpuprofile looks where the service's processor time goes at the last rate.

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seconds: { type: 'string', default: '20' },
    agents: { type: 'string' },
    rates: { type: 'string', default: '10,20,30,40' },
    /** Milliseconds; of a day, on average. */
    talk: { type: 'string' },
    'without-minimal': { type: 'boolean', default: false },
    /** The dialer in a process of its own. */
    apart: { type: 'boolean', default: false },
    profile: { type: 'string' },
    orders: { type: 'string', default: '2000' },
    minutes: { type: 'string', default: '3' },
    waiting: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    json: { type: 'string' },
  },
});
const say = (message: string): void => console.error(`bench: ${message}`);
const isAsked = (part: string, byDefault: boolean): boolean =>
  values.only === undefined ? byDefault : values.only === part;

const seconds = Number(values.seconds);
const figures: Figures = {
  machine: {
    cores: cpus().length,
    model: cpus()[0]?.model ?? '',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  },
  at: new Date().toISOString(),
  intake: isAsked('intake', true) ? await measureIntake({ seconds, say }) : null,
  calls: isAsked('calls', true)
    ? await measureCalls({
        agents: Number(values.agents ?? 100),
        rates: values.rates.split(',').map(Number),
        seconds,
        talkMs: Number(values.talk ?? 500),
        withMinimal: !values['without-minimal'],
        profile: values.profile ?? null,
        isDialerApart: values.apart,
        say,
      })
    : null,
  memory: isAsked('memory', false)
    ? await measureMemory({
        agents: Number(values.agents ?? 100),
        waiting: Number(values.waiting),
        isDialerApart: values.apart,
        say,
      })
    : null,
  day: isAsked('day', false)
    ? await measureDay({
        orders: Number(values.orders),
        minutes: Number(values.minutes),
        agents: Number(values.agents ?? 60),
        talkMs: Number(values.talk ?? 2_000),
        seed: Number(values.seed),
        say,
      })
    : null,
};
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`);
console.log(tableOf(figures));
process.exit();
