import type { CallHappened, OrderHappened, Worked } from './board-history.read-model.js';
import {
  HISTORY_MINUTES,
  type BoardHistoryMessage,
  type CallHistory,
  type ShopHistory,
  type WorkHistory,
} from './supervision.protocol.js';

const MINUTE_MS = 60_000;

/** Where the hour begins whose last minute is the present one. */
export function historyFrom(now: Date): Date {
  return new Date(Math.floor(now.getTime() / MINUTE_MS) * MINUTE_MS - (HISTORY_MINUTES - 1) * MINUTE_MS);
}

/** Makes series of what happened. @param groupsOf  groups that call for a shop */
export function historyOf(
  from: Date,
  happened: { calls: readonly CallHappened[]; orders: readonly OrderHappened[]; work: readonly Worked[] },
  groupsOf: (shop: string) => readonly string[],
): BoardHistoryMessage {
  return {
    at: new Date(from.getTime() + (HISTORY_MINUTES - 1) * MINUTE_MS).toISOString(),
    shops: byKey(happened.orders, ({ shop }) => shop).map((own): ShopHistory => {
      const { shop } = own[0];
      return { shop, groups: groupsOf(shop), waiting: standing(own, 'came', 'called') };
    }),
    calls: byKey(happened.calls, ({ shop, group }) => `${shop} ${group}`).map((own): CallHistory => {
      const { shop, group } = own[0];
      return {
        shop,
        group,
        live: standing(own, 'placed', 'ended'),
        talks: standing(own, 'connected', 'talk_ended'),
        tried: during(own, 'tried'),
        answered: during(own, 'answered'),
        abandoned: during(own, 'abandoned'),
      };
    }),
    work: byKey(happened.work, ({ groups }) => groups.join(' ')).map((own): WorkHistory => ({
      groups: own[0].groups,
      busySeconds: minutes((minute) => Math.round(sum(own, minute, ({ busySeconds }) => busySeconds))),
      freeSeconds: minutes((minute) => Math.round(sum(own, minute, ({ freeSeconds }) => freeSeconds))),
    })),
  };
}

type Counted = { readonly kind: string; readonly minute: number; readonly n: number };

/** How many had come and not gone yet at the end of each minute. */
function standing(own: readonly Counted[], came: string, went: string): number[] {
  const until = (kind: string, minute: number): number =>
    own.filter((one) => one.kind === kind && one.minute <= minute).reduce((total, { n }) => total + n, 0);
  return minutes((minute) => until(came, minute) - until(went, minute));
}

function during(own: readonly Counted[], kind: string): number[] {
  return minutes((minute) =>
    sum(
      own.filter((one) => one.kind === kind),
      minute,
      ({ n }) => n,
    ),
  );
}

function sum<T extends { readonly minute: number }>(all: readonly T[], minute: number, of: (one: T) => number): number {
  return all.filter((one) => one.minute === minute).reduce((total, one) => total + of(one), 0);
}

function minutes(value: (minute: number) => number): number[] {
  return Array.from({ length: HISTORY_MINUTES }, (_, minute) => value(minute));
}

function byKey<T>(all: readonly T[], key: (one: T) => string): [T, ...T[]][] {
  const parts = new Map<string, [T, ...T[]]>();
  for (const one of all) {
    const part = parts.get(key(one));
    if (part === undefined) parts.set(key(one), [one]);
    else part.push(one);
  }
  return [...parts.values()];
}
