import { seededRandom, SPECIAL_ENDINGS } from '../../demo-shop/demo-orders.js';

/** A buyer who is called, by the last two digits of the number (the simulated carrier's table). */
export interface DayOrder {
  /** Milliseconds from the begin of the day. */
  readonly atMs: number;
  readonly phone: string;
}

/** Orders of each hour of a day as a shop has them, of `simulate -- big-day`. */
const BY_HOUR = [1, 0, 0, 0, 0, 0, 1, 3, 8, 12, 13, 13, 12, 12, 12, 12, 12, 12, 12, 11, 8, 5, 3, 2];
/** A sale at one o'clock: 40 minutes of six times as many. */
const SALE = { hour: 13, minutes: 40, factor: 6 };

/**
 * What buyers do, of 100: 61 answer, after 1 to 6 s; 14 let it ring (they pick up at no attempt), 9 are busy, 6 decline, 5 are switched off, 2 have no such number,
 * 2 hang up as soon as they have answered, 1 has a carrier with an announcement before the answer.
 */
const BUYERS: readonly (readonly [share: number, ending: string | null])[] = [
  [61, null],
  [14, SPECIAL_ENDINGS.noAnswer],
  [9, SPECIAL_ENDINGS.busy],
  [6, SPECIAL_ENDINGS.declined],
  [5, SPECIAL_ENDINGS.switchedOff],
  [2, SPECIAL_ENDINGS.invalid],
  [2, SPECIAL_ENDINGS.hangsUpAtOnce],
  [1, SPECIAL_ENDINGS.earlyMediaAnswers],
];

/** A day's orders in `minutes`, in the order in which they come; the same for the same seed. */
export function ordersOfDay(o: { orders: number; minutes: number; seed: number }): DayOrder[] {
  const random = seededRandom(o.seed);
  const weights = minutesOfDay();
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const upTo: number[] = [];
  weights.reduce((sum, weight, at) => (upTo[at] = sum + weight / total), 0);
  const dayMs = o.minutes * 60_000;
  return Array.from({ length: o.orders }, (_, i) => {
    const share = random();
    const minute = upTo.findIndex((sum) => share <= sum);
    const atMs = ((Math.max(0, minute) + random()) / weights.length) * dayMs;
    return { atMs, phone: `+38067${String(10_000 + i)}${endingOf(random)}` };
  }).sort((a, b) => a.atMs - b.atMs);
}

/** How many orders each minute of the day has, compared with the others. */
function minutesOfDay(): number[] {
  return BY_HOUR.flatMap((weight, hour) =>
    Array.from({ length: 60 }, (_, minute) =>
      hour === SALE.hour && minute < SALE.minutes ? weight * SALE.factor : weight,
    ),
  );
}

function endingOf(random: () => number): string {
  let left = random() * 100;
  for (const [share, ending] of BUYERS) {
    left -= share;
    if (left < 0) return ending ?? String(Math.floor(random() * 60)).padStart(2, '0');
  }
  return '00';
}
