import { callNeeds } from '../agent/call-needs.js';
import type { DialingMode } from '../order/shop-settings.js';
import { hasRoom, isAtCap, type AbandonCount } from '../pacing/abandon-budget.js';
import type { PredictivePacer } from '../pacing/predictive.js';
import type { DueCalls, PredictiveDecision, PredictiveLoad } from '../pacing/predictive-load.js';
import {
  needsAgent,
  planTurn,
  type Turn,
  type TurnAgent,
  type TurnOrder,
  type TurnPlan,
  type TurnShop,
  type TurnTrunk,
} from './plan-turn.js';

/** A shop with what its caps say. */
export interface PacedShop extends TurnShop {
  /** One for each window of the shop, with the window's cap. */
  readonly abandons: readonly (AbandonCount & { readonly cap: number })[];
  /** Answered buyers of the shop who have no agent at this instant. */
  readonly waiting: number;
  /** Calls of the shop that nobody has answered yet and that have no agent of their own. */
  readonly ringing: number;
}

/** What a group's agents are at. Durations are in seconds. */
export interface GroupFloor<A> {
  /** Who could take a call now. */
  readonly free: readonly A[];
  readonly reserved: number;
  /** Of those who will be ready again afterwards: how long each has talked, or wrapped up. */
  readonly talking: readonly number[];
  readonly wrapUp: readonly number[];
}

/** All that one turn of a group's leader rests on. */
export interface GroupTurn<O extends PacedOrder, A extends TurnAgent, T extends TurnTrunk> extends Omit<
  Turn<O, A, T>,
  'ahead' | 'dial' | 'reserve' | 'agents' | 'shops'
> {
  /** The shops that the group serves. */
  readonly shops: ReadonlyMap<string, PacedShop>;
  /** The group's mode; null: each shop's own. */
  readonly dialing: DialingMode | null;
  readonly floor: GroupFloor<A>;
  readonly calls: PredictiveLoad['calls'];
}

export interface PacedOrder extends TurnOrder {
  /** Attempts that were begun. */
  readonly attemptsMade: number;
}

/** What was seen and decided. */
export interface GroupDecision {
  readonly load: PredictiveLoad;
  readonly decision: PredictiveDecision;
  /** `predictive` when at least one shop is dialled so. */
  readonly mode: DialingMode;
  /** Shops set to `predictive` whose caps have no room for one more abandoned call: they get no more calls than agents are free. */
  readonly nearCap: readonly string[];
}

/** One turn: also whom it means. */
export interface TurnTaken<O, A, T> extends GroupDecision {
  readonly plan: TurnPlan<O, A, T>;
}

/** More orders than any turn calls. */
const PLENTY = 2_000;

/** Calls that ring when the last room of a cap is spoken for may still be abandoned: about half are answered, and in a burst more of them than the cap permits. */
const CAPS_PER_RINGING_CALL = 2;

/** Decides how many calls a group places now, and which. */
export function takeTurn<O extends PacedOrder, A extends TurnAgent, T extends TurnTrunk>(
  pacer: PredictivePacer,
  turn: GroupTurn<O, A, T>,
  nowSeconds: number,
): TurnTaken<O, A, T> {
  const { ahead, unreserved, ...modes } = modesOf(turn);
  const load = loadOf(turn, ahead, dueCalls(turn, ahead));
  const decision = explained({ load, decision: pacer.decide(load, nowSeconds) }, modes);
  const { dial, reserve, isAhead } = decision;
  // With one call for each free agent it does not matter which of them takes it, as long as no cap is reached.
  const plan = planTurn({ ...turn, agents: turn.floor.free, ahead: isAhead ? ahead : unreserved, dial, reserve });
  return { load, decision, ...modes, plan };
}

/** The first of the due orders that alone makes a turn throw; null: none does. For when {@link takeTurn} has thrown. */
export function findUnplannable<O extends PacedOrder, A extends TurnAgent, T extends TurnTrunk>(
  turn: GroupTurn<O, A, T>,
): string | null {
  const ahead: ReadonlySet<string> = new Set(turn.shops.keys());
  for (const order of turn.due) {
    try {
      const alone = { ...turn, due: [order] };
      dueCalls(alone, ahead);
      planTurn({ ...alone, agents: turn.floor.free, ahead, dial: 1, reserve: 1 });
    } catch {
      return order.orderRef;
    }
  }
  return null;
}

/** What the turn would be if there were plenty of orders; `due` of the turn is not looked at. */
export function foresee<O extends PacedOrder, A extends TurnAgent, T extends TurnTrunk>(
  pacer: PredictivePacer,
  turn: GroupTurn<O, A, T>,
  nowSeconds: number,
): GroupDecision {
  const { ahead, unreserved: _, ...modes } = modesOf(turn);
  const load = loadOf(turn, ahead, [{ attempt: 1, count: PLENTY }]);
  return { load, decision: explained({ load, decision: pacer.decide(load, nowSeconds) }, modes), ...modes };
}

/**
 * Of the shops that are set to predictive dialling, those that may be called ahead of the agents, since their caps have room for one more abandoned
 * call in every window; and those whose calls need no reservation at least, since no cap is reached.
 */
function modesOf({ shops, dialing }: Pick<GroupTurn<never, never, never>, 'shops' | 'dialing'>): {
  ahead: ReadonlySet<string>;
  unreserved: ReadonlySet<string>;
  mode: DialingMode;
  nearCap: string[];
} {
  const ahead = new Set<string>();
  const unreserved = new Set<string>();
  const nearCap: string[] = [];
  for (const [shopId, { settings, abandons, waiting, ringing }] of shops) {
    if ((dialing ?? settings.dialing) !== 'predictive') continue;
    const atRisk = (cap: number): number => waiting + CAPS_PER_RINGING_CALL * cap * ringing;
    if (abandons.length > 0 && abandons.every((count) => hasRoom(count, count.cap, atRisk(count.cap))))
      ahead.add(shopId);
    else nearCap.push(shopId);
    if (!abandons.some((count) => isAtCap(count, count.cap, waiting))) unreserved.add(shopId);
  }
  return { ahead, unreserved, mode: ahead.size + nearCap.length > 0 ? 'predictive' : 'progressive', nearCap };
}

/** Where nobody may be called ahead although a shop wants it, that is its cap's doing. */
function explained(
  { load, decision }: { load: PredictiveLoad; decision: PredictiveDecision },
  { mode }: { mode: DialingMode },
): PredictiveDecision {
  const { ready, reserved, talking, wrapUp } = load.agents;
  const atWork = ready.length + reserved + talking.length + wrapUp.length;
  const isOneToOne = decision.reason === 'one_to_one' || (decision.reason === 'no_agent' && atWork > 0);
  return mode === 'predictive' && isOneToOne ? { ...decision, reason: 'cap_reached' } : decision;
}

/** Orders of one kind that stand one behind the other, together. */
function dueCalls<O extends PacedOrder, A extends TurnAgent, T extends TurnTrunk>(
  turn: GroupTurn<O, A, T>,
  ahead: ReadonlySet<string>,
): DueCalls[] {
  const kinds: { attempt: number; count: number; needsAgent: boolean }[] = [];
  for (const order of turn.due) {
    const settings = turn.shops.get(order.shopId)?.settings;
    if (settings === undefined) continue;
    const needs = callNeeds(order, settings, turn.atWork ?? new Map(), turn.now);
    const kind = { attempt: order.attemptsMade + 1, needsAgent: needsAgent(order, needs, ahead) };
    const last = kinds.at(-1);
    if (last?.attempt === kind.attempt && last.needsAgent === kind.needsAgent) last.count += 1;
    else kinds.push({ ...kind, count: 1 });
  }
  return kinds;
}

function loadOf<O extends PacedOrder, A extends TurnAgent, T extends TurnTrunk>(
  { now, shops, floor, calls, trunks }: GroupTurn<O, A, T>,
  ahead: ReadonlySet<string>,
  due: readonly DueCalls[],
): PredictiveLoad {
  const { free, ...busy } = floor;
  const standing = free.filter((agent) => agent.connection === 'persistent');
  return {
    agents: {
      ...busy,
      ready: standing.map((agent) => Math.max(0, now.getTime() - agent.since.getTime()) / 1000),
      readyPerCall: free.length - standing.length,
    },
    calls,
    due,
    linesFree: trunks.reduce((sum, trunk) => sum + Math.max(0, Math.floor(trunk.linesFree)), 0),
    abandons: [...ahead].flatMap((shopId) => shops.get(shopId)?.abandons ?? []),
  };
}
