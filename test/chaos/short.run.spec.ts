import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PROJECT_FOLDER } from '../../tools/dev-env/cache-folder.js';
import { FAULTS } from './nemesis/nemesis.js';
import { describeRun } from './report.js';
import { isGreen, run } from './run.js';

/** One of each neighbourhood, none of the long ones: the whole list takes `npm run chaos`. */
const SHORT = ['kill_leader', 'redis_freeze', 'postgres_commit_in_doubt', 'ari_reset', 'shop_down', 'postgres_crash'];

it('nothing is lost, nobody is called twice, nobody is left alone under a few faults', async () => {
  const result = await run({
    seconds: 60,
    seed: 20_261_122,
    ordersPerSecond: 1,
    agents: 8,
    faults: FAULTS.filter(({ name }) => SHORT.includes(name)),
    settleSeconds: 60,
    keepIn: join(PROJECT_FOLDER, '.cache', 'chaos', 'short'),
    say: (line) => console.info(`chaos: ${line}`),
  });
  console.info(describeRun(result));
  expect(result.judgements.flatMap(({ id, violations }) => violations.map(({ what }) => `${id}: ${what}`))).toEqual([]);
  expect(result.faults.filter(({ proof }) => proof !== null).length).toBeGreaterThanOrEqual(4);
  expect(result.figures.talks).toBeGreaterThan(20);
  expect(isGreen(result)).toBe(true);
});
