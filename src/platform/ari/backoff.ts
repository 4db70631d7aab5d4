import type { Random } from '../../core/shared/clock.js';

/**
 * How long to wait before try number `tries` (0 = the first repetition), in milliseconds: full jitter under a doubling limit, capped, without end.
 * A cap of 2 s brings the link back within seconds of Asterisk's return, and costs one refused connection in two seconds at most.
 */
export function backoffMs(tries: number, random: Random, capMs = 2_000): number {
  return Math.round(random() * Math.min(capMs, 100 * 2 ** Math.min(tries, 10)));
}
