import type { AgentConnection } from '../agent/agent.js';
import { callNeeds, type RoutedOrder } from '../agent/call-needs.js';
import { chooseAgent, type CallNeeds, type FreeAgent } from '../agent/choose-agent.js';
import type { PastCall } from '../calling-hours/attempt-limits.js';
import { isAboutHours, mayRing, type RingRules } from '../calling-hours/may-ring.js';
import type { ShopSettings } from '../order/shop-settings.js';
import type { PutOffReason } from '../order/waiting-for.js';
import { chooseCallerId, chooseTrunk, type TrunkLoad } from '../trunk/choose-trunk.js';

/** An order whose turn it is, as far as the plan of its call must know it. */
export interface TurnOrder extends RoutedOrder {
  readonly orderRef: string;
  readonly shopId: string;
  /** E.164 with plus. */
  readonly phone: string;
  /** IANA zones the buyer may be in; all of them must permit the call. */
  readonly timeZones: readonly string[];
  /** Earlier calls of the shop to this number and of this order; what the limits on attempts count. */
  readonly pastCalls: readonly PastCall[];
  /** The buyer picked up before and found no agent. */
  readonly isAbandonedBefore: boolean;
  /** Trunks that refused to carry a call to this buyer a moment ago. */
  readonly failedTrunks?: readonly string[];
}

export interface TurnTrunk extends TrunkLoad {
  readonly callerIds: readonly string[];
  /** When an open circuit lets a call try again. */
  readonly retryAt?: Date | null;
}

/** A shop with orders due, what binds its calls, and how many of them are alive. */
export interface TurnShop {
  readonly settings: ShopSettings;
  readonly rules: RingRules;
  readonly liveCalls: number;
}

export interface TurnAgent extends FreeAgent {
  readonly connection: AgentConnection;
}

/** One turn of an agent group's leader: what there is to do and with what. */
export interface Turn<O extends TurnOrder, A extends TurnAgent, T extends TurnTrunk> {
  readonly now: Date;
  /** In dial order. */
  readonly due: readonly O[];
  readonly shops: ReadonlyMap<string, TurnShop>;
  /** Shops whose orders may be called ahead of the agents; a call of any other shop takes an agent for itself. */
  readonly ahead: ReadonlySet<string>;
  /** Calls to place at most: what the pacing rule decided. */
  readonly dial: number;
  /** Of them, calls that may take an agent because they need one. */
  readonly reserve: number;
  /** Agents who could take a call now. */
  readonly agents: readonly A[];
  /** Everybody of the group who is ready or will be after their call; absent: nobody waits for anybody. */
  readonly atWork?: ReadonlyMap<string, { readonly skills: readonly string[] }>;
  readonly trunks: readonly T[];
}

/** A call to place: over this trunk, with this agent reserved first; null: whoever of those with the skills is free at the answer. */
export interface PlannedCall<O, A, T> {
  readonly order: O;
  readonly settings: ShopSettings;
  readonly trunk: T;
  /** E.164; null: the exchange's own. */
  readonly callerId: string | null;
  readonly agent: A | null;
  readonly needs: CallNeeds;
}

/** An order that cannot be called yet and leaves the queue until then. */
export interface PutOff {
  readonly orderRef: string;
  readonly shopId: string;
  readonly until: Date;
  readonly reason: PutOffReason;
  /** It is the hour in these zones, nothing about this order: all orders of the shop whose buyers may be there wait until then. */
  readonly closedZones?: readonly string[];
}

export interface TurnPlan<O, A, T> {
  readonly calls: readonly PlannedCall<O, A, T>[];
  readonly putOff: readonly PutOff[];
  /** Orders that none of the free agents fits; they stay in the queue. */
  readonly unfit: readonly string[];
  /** Orders to whose number trunks lead, none of which has a line; they stay in the queue. */
  readonly withoutLine: readonly string[];
}

/** An order whose number is on another call, or whose trunk is missing, is looked at again after this. */
export const LOOK_AGAIN_MS = 5_000;
/** The same when no hour is known at which the buyer may be called. */
const HOURS_UNKNOWN_MS = 3_600_000;
const NOBODY: ReadonlyMap<string, { readonly skills: readonly string[] }> = new Map();
const ANYBODY: CallNeeds = { skills: [], preferredAgentId: null };

/**
 * Whom to call now, over which trunk and for which agent: walks the orders in dial order until the allowance is used up. Orders that meet a full
 * trunk, a shop at its limit or no fitting agent stay in the queue, and those behind them have their turn.
 *
 * A call ahead of the agents goes out without one reserved, but for phones that must be rung first. A buyer we owe an agent (abandoned before, promised
 * callback), or who needs one with a skill, is called with one reserved whichever the mode.
 */
export function planTurn<O extends TurnOrder, A extends TurnAgent, T extends TurnTrunk>(
  turn: Turn<O, A, T>,
): TurnPlan<O, A, T> {
  const calls: PlannedCall<O, A, T>[] = [];
  const putOff: PutOff[] = [];
  const unfit: string[] = [];
  const withoutLine: string[] = [];
  const trunks = turn.trunks.map((given) => ({ ...given, given, linesFree: given.linesFree }));
  const liveCalls = new Map<string, number>();
  const called = new Set<string>();
  let free = turn.agents;
  let { reserve } = turn;
  for (const order of turn.due) {
    if (calls.length >= turn.dial) break;
    // One call for each buyer: their other orders join it.
    if (called.has(order.phone)) continue;
    const shop = turn.shops.get(order.shopId);
    if (shop === undefined) continue;
    const { settings } = shop;
    const live = liveCalls.get(order.shopId) ?? shop.liveCalls;
    if (live >= settings.maxConcurrentCalls) continue;
    const refused = refusal(order, shop.rules, turn.now);
    if (refused !== null) {
      putOff.push(refused);
      continue;
    }
    const trunk = chooseTrunk(trunks, order.phone, { failedTrunks: order.failedTrunks ?? [] });
    if (typeof trunk === 'string') {
      if (trunk === 'none') putOff.push(putOffOf(order, new Date(turn.now.getTime() + LOOK_AGAIN_MS), 'trunk_full'));
      if (trunk === 'down') putOff.push(putOffOf(order, retryAt(turn), 'trunk_down'));
      if (trunk === 'full') withoutLine.push(order.orderRef);
      continue;
    }
    const needs = callNeeds(order, settings, turn.atWork ?? NOBODY, turn.now);
    const mustReserve = needsAgent(order, needs, turn.ahead);
    if (mustReserve && reserve === 0) continue;
    const agent = mustReserve ? chooseAgent(free, needs) : chooseAgent(free.filter(isRungFirst), ANYBODY);
    if (mustReserve && agent === null) {
      unfit.push(order.orderRef);
      continue;
    }
    if (mustReserve) reserve -= 1;
    free = free.filter((one) => one !== agent);
    calls.push({
      order,
      settings,
      trunk: trunk.given,
      callerId: chooseCallerId(settings, trunk.callerIds, order.phone),
      agent,
      needs,
    });
    called.add(order.phone);
    trunk.linesFree -= 1;
    liveCalls.set(order.shopId, live + 1);
  }
  return { calls, putOff, unfit, withoutLine };
}

/** Whether the order is called only with an agent reserved for it. */
export function needsAgent(
  order: Pick<TurnOrder, 'shopId' | 'isAbandonedBefore' | 'callbackAt'>,
  needs: CallNeeds,
  ahead: ReadonlySet<string>,
): boolean {
  return (
    !ahead.has(order.shopId) ||
    order.isAbandonedBefore ||
    order.callbackAt !== null ||
    needs.skills.length > 0 ||
    needs.isPreferredOnly === true
  );
}

/** When the first of the open circuits lets a call try again. */
function retryAt({ trunks, now }: { readonly trunks: readonly TurnTrunk[]; readonly now: Date }): Date {
  const times = trunks.flatMap((trunk) => (trunk.circuit === 'open' && trunk.retryAt ? [trunk.retryAt.getTime()] : []));
  return new Date(times.length > 0 ? Math.min(...times) : now.getTime() + LOOK_AGAIN_MS);
}

function isRungFirst(agent: TurnAgent): boolean {
  return agent.connection === 'per_call';
}

function refusal(order: TurnOrder, rules: RingRules, now: Date): PutOff | null {
  const { timeZones, pastCalls: history } = order;
  const ring = mayRing({ rules, timeZones, now, history, isCallback: order.callbackAt !== null });
  if (ring.isOpen) return null;
  const putOff = putOffOf(order, ring.opensAt ?? new Date(now.getTime() + HOURS_UNKNOWN_MS), 'outside_calling_hours');
  return ring.reason !== null && isAboutHours(ring.reason) ? { ...putOff, closedZones: timeZones } : putOff;
}

function putOffOf(order: TurnOrder, until: Date, reason: PutOffReason): PutOff {
  return { orderRef: order.orderRef, shopId: order.shopId, until, reason };
}
