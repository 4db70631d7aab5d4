import type {
  BoardAbandon,
  BoardHistoryMessage,
  BoardMessage,
  BoardShop,
} from '../../src/features/supervision/supervision.protocol.js';

/** What the watcher wishes to see; null: all. */
export interface BoardFilter {
  readonly group: string | null;
  readonly shop: string | null;
}

/** Of the board, what belongs to the group and the shop. A shop's agents are those of all groups that call for it. */
export function filtered(board: BoardMessage, { group, shop }: BoardFilter): BoardMessage {
  const shops = board.shops.filter((one) => (shop === null || one.shop === shop) && inGroup(one.groups, group));
  const own = new Set(shops.map((one) => one.shop));
  const groups = shop === null ? null : new Set(shops.flatMap((one) => one.groups));
  const isMeant = (id: string) => (group === null || id === group) && (groups === null || groups.has(id));
  return {
    ...board,
    groups: board.groups.filter((one) => isMeant(one.group)),
    shops,
    agents: board.agents.filter((agent) => agent.groups.some(isMeant)),
    calls: board.calls.filter(
      (call) => (shop === null || call.shop === shop) && (group === null || call.group === group),
    ),
    urgent: board.urgent.filter((order) => own.has(order.shop)),
    held: board.held.filter((order) => own.has(order.shop)),
  };
}

/** The last hour of the same, as sums by minute. */
export interface HourSeries {
  /** Seconds since 1970 of each minute's begin. */
  readonly times: readonly number[];
  readonly waiting: readonly number[];
  readonly live: readonly number[];
  readonly talks: readonly number[];
  /** 0–1; null where nobody worked. */
  readonly occupancy: readonly (number | null)[];
  /** Of those who picked up in the minute; null where nobody did. */
  readonly abandoned: readonly (number | null)[];
  /** Over the whole hour. */
  readonly total: { readonly tried: number; readonly answered: number; readonly abandoned: number };
}

/** @param board  what is shown of it, by the same filter: the present values are its own */
export function hourOf(history: BoardHistoryMessage, board: BoardMessage, filter: BoardFilter): HourSeries {
  const { group, shop } = filter;
  const shopGroups = new Set(board.shops.filter((one) => one.shop === shop).flatMap((one) => one.groups));
  const shops = history.shops.filter((one) => (shop === null || one.shop === shop) && inGroup(one.groups, group));
  const calls = history.calls.filter(
    (one) => (shop === null || one.shop === shop) && (group === null || one.group === group),
  );
  const work = history.work.filter(
    ({ groups }) => inGroup(groups, group) && (shop === null || groups.some((id) => shopGroups.has(id))),
  );
  const answered = sums(calls.map((one) => one.answered));
  const abandoned = sums(calls.map((one) => one.abandoned));
  const busy = sums(work.map(({ busySeconds }) => busySeconds));
  const free = sums(work.map(({ freeSeconds }) => freeSeconds));
  const end = Math.floor(Date.parse(history.at) / 1_000);
  return {
    times: busy.map((_, i) => end - (busy.length - 1 - i) * 60),
    waiting: sums(shops.map(({ waiting }) => waiting)),
    live: withPresent(sums(calls.map(({ live }) => live)), board.calls.length),
    talks: withPresent(
      sums(calls.map(({ talks }) => talks)),
      board.calls.filter(({ state }) => state === 'connected').length,
    ),
    occupancy: busy.map((seconds, i) => share(seconds, seconds + (free[i] ?? 0))),
    abandoned: abandoned.map((count, i) => share(count, count + (answered[i] ?? 0))),
    total: {
      tried: total(sums(calls.map(({ tried }) => tried))),
      answered: total(answered) + total(abandoned),
      abandoned: total(abandoned),
    },
  };
}

/** The cap that is nearest to being broken, of the shop that is nearest to it; null when nobody has answered yet. */
export function worstAbandon(
  shops: readonly BoardShop[],
): { readonly shop: BoardShop; readonly window: BoardAbandon } | null {
  const each = shops.flatMap((shop) => {
    const window = tightest(shop.abandons.filter(({ answered }) => answered > 0));
    return window === null ? [] : [{ shop, window }];
  });
  return each.reduce<(typeof each)[number] | null>(
    (worst, one) => (worst === null || strain(one.window) > strain(worst.window) ? one : worst),
    null,
  );
}

/** The cap that is used up furthest; null when there is none. */
export function tightest(windows: readonly BoardAbandon[]): BoardAbandon | null {
  return windows.reduce<BoardAbandon | null>(
    (worst, one) => (worst === null || strain(one) > strain(worst) ? one : worst),
    null,
  );
}

export function ratioOf({ answered, abandoned }: BoardAbandon): number {
  return answered === 0 ? 0 : abandoned / answered;
}

/** How far a cap is used up: 1 is the cap itself. */
export function strain(window: BoardAbandon): number {
  return window.maxRatio === 0 ? (window.abandoned > 0 ? Infinity : 0) : ratioOf(window) / window.maxRatio;
}

function inGroup(groups: readonly string[], group: string | null): boolean {
  return group === null || groups.includes(group);
}

const MINUTES = 60;

function sums(series: readonly (readonly number[])[]): number[] {
  return Array.from({ length: MINUTES }, (_, i) => series.reduce((sum, values) => sum + (values[i] ?? 0), 0));
}

function withPresent(values: readonly number[], now: number): number[] {
  return [...values.slice(0, -1), now];
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
