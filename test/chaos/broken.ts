import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Protection } from '../../src/platform/failpoints/failpoints.js';
import { makePrivateFolder, removePrivateFolder } from '../../tools/dev-env/processes.js';
import { FAULTS } from './nemesis/nemesis.js';
import { run, type RunPlan, type RunResult } from './run.js';

/** A protection of the product, the faults that it protects from, and the invariants of which at least one must be seen broken without it. */
interface Broken {
  readonly protection: Protection;
  readonly faults: readonly string[];
  readonly caughtBy: readonly string[];
}

export const BROKEN: readonly Broken[] = [
  { protection: 'epoch_fence', faults: ['pause_leader'], caughtBy: ['I15'] },
  { protection: 'reconciler', faults: ['exchange_kill'], caughtBy: ['I2', 'I9', 'I11', 'I12'] },
  { protection: 'outbox', faults: ['redis_freeze', 'redis_blackhole'], caughtBy: ['I18'] },
];

/** A run with one protection switched off; it has to be noticed. */
export async function runBroken(
  { protection, faults, caughtBy }: Broken,
  plan: Omit<RunPlan, 'faults' | 'environment'>,
): Promise<{ readonly result: RunResult; readonly isCaught: boolean; readonly violated: readonly string[] }> {
  const folder = makePrivateFolder('failpoints');
  try {
    writeFileSync(join(folder, `${protection}.off`), '');
    const result = await run({
      ...plan,
      faults: FAULTS.filter(({ name }) => faults.includes(name)),
      environment: { NODE_ENV: 'test', FAILPOINTS: folder },
    });
    const violated = result.judgements.filter(({ violations }) => violations.length > 0).map(({ id }) => id);
    return { result, violated, isCaught: violated.some((id) => caughtBy.includes(id)) };
  } finally {
    removePrivateFolder(folder);
  }
}
