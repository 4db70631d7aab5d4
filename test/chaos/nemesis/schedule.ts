import { seededRandom } from '../../../tools/demo-shop/demo-orders.js';
import type { Fault } from './fault.js';

/** How often a run does each kind, and with how much rest between them. */
export interface SchedulePlan {
  /** The faults in the order in which they are done; the time decides how many of them. */
  readonly order: readonly Fault[];
  /** The rests of the faults are taken so many times as long. */
  readonly restFactor: number;
  /** Every kind fits into the time at least so often. */
  readonly rounds: number;
  readonly counts: ReadonlyMap<string, number>;
}

/** Each kind so often: fewer is chance, not proof. */
export const WANTED_ROUNDS = 3;
const LEAST_REST = 0.2;
const MOST_REST = 1.5;

const workMs = (fault: Fault): number => fault.lastsMs + (fault.worksMs ?? 1_000);

/**
 * The faults of a run on two tracks that go on side by side: what is done to machines and lines, and what people and shops do meanwhile. The long ones
 * are left out; a run of nothing but long ones does each once.
 */
export function planTracks(faults: readonly Fault[], seconds: number, seed: number): SchedulePlan[] {
  const short = faults.filter((fault) => fault.isLong !== true);
  const wanted = short.length > 0 ? short : faults;
  const isOfPeople = (fault: Fault): boolean => fault.hits.every((part) => part === 'shop' || part === 'agent');
  return [wanted.filter((fault) => !isOfPeople(fault)), wanted.filter(isOfPeople)]
    .filter((track) => track.length > 0)
    .map((track, index) => planSchedule(track, seconds, seededRandom(seed + 2 * index)));
}

/**
 * The kinds of one track again and again, each time shuffled, so that in any stretch of the run every kind has had its turn about as often. Rests are
 * made shorter, down to a fifth, when the wished number of rounds would not fit otherwise, and longer when there is time.
 */
export function planSchedule(faults: readonly Fault[], seconds: number, random: () => number): SchedulePlan {
  const totalMs = seconds * 1_000;
  const sum = (of: (fault: Fault) => number): number => faults.reduce((all, one) => all + of(one), 0);
  const restsMs = WANTED_ROUNDS * sum((fault) => fault.restMs);
  const wishedMs = totalMs - WANTED_ROUNDS * sum(workMs);
  const restFactor = restsMs === 0 ? 1 : Math.min(MOST_REST, Math.max(LEAST_REST, wishedMs / restsMs));
  const isOnce = faults.every((fault) => fault.isLong === true);
  const roundMs = Math.max(
    1,
    sum((fault) => workMs(fault) + fault.restMs * restFactor),
  );
  const rounds = isOnce ? 0 : Math.floor(totalMs / roundMs);
  const order = Array.from({ length: rounds + 1 }, () => shuffled(faults, random)).flat();
  let atMs = 0;
  const counts = new Map(faults.map((fault) => [fault.name, 0]));
  for (const fault of order) {
    if (atMs + workMs(fault) > totalMs) break;
    atMs += workMs(fault) + fault.restMs * restFactor;
    counts.set(fault.name, (counts.get(fault.name) ?? 0) + 1);
  }
  return { order, restFactor, rounds, counts };
}

/** The plan in words, for a person who wants to know what a run will show. */
export function describePlan({ counts, restFactor, rounds }: SchedulePlan): string {
  const often = [...counts].map(([name, count]) => `${name} ×${count}`);
  return `${rounds} full rounds of all kinds, rests × ${restFactor.toFixed(2)}: ${often.join(', ')}`;
}

function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const all = [...list];
  for (let last = all.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [all[last], all[other]] = [all[other]!, all[last]!];
  }
  return all;
}
