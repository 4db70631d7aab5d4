import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * By how much, in percent, the heap may grow after a collection until the next one. By itself V8 lets a small heap grow to four times its size; the
 * service holds some 85 MB and would keep 300 MB for itself after every rush (docs/performance.md). Collecting more often costs little: it is done beside the program.
 */
const GROWTH_PERCENT = 25;

/** Keeps the process small: before anything large is made. */
export function limitHeapGrowth(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}

/** Throws away what the start has left behind, once, before there is work that would have to wait. */
export function collectOnce(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  collect();
}
