import { afterAll, beforeAll, describe } from 'vitest';
import { Bench } from './bench.js';
import type { Exchange } from './harness.js';
import { describeAgents } from './suite-agents.js';
import { describeBuyers } from './suite-buyers.js';
import { describeCommands } from './suite-commands.js';
import { describeLeases } from './suite-leases.js';
import { describeLinks } from './suite-links.js';
import { describePhones } from './suite-phones.js';
import { describeHandOvers } from './suite-hand-overs.js';

/** What every implementation of the telephony port keeps, whatever it stands on. */
export function describeTelephony(name: string, start: () => Promise<Exchange>): void {
  describe(`telephony: ${name}`, () => {
    const bench = new Bench();
    beforeAll(async () => {
      bench.exchange = await start();
      bench.dialer = await bench.exchange.open();
    }, 120_000);
    afterAll(async () => bench.exchange?.close(), 30_000);

    describeBuyers(bench);
    describeLeases(bench);
    describeCommands(bench);
    describeAgents(bench);
    describeHandOvers(bench);
    describePhones(bench);
    describeLinks(bench);
  });
}
