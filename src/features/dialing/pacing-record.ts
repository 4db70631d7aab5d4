import type { DialingMode } from '../../core/order/shop-settings.js';
import type { PredictiveDecision, PredictiveLoad } from '../../core/pacing/predictive-load.js';
import type { TrunkLines } from './lines.js';
import type { Stop, Tick } from './pacer.js';

/** One decision of the pacer with everything it was made from. */
export interface PacingRecord extends Omit<PredictiveDecision, 'reason'> {
  readonly group: string;
  readonly at: Date;
  /** `predictive` when at least one of the group's shops is dialled so. */
  readonly mode: DialingMode;
  readonly reason: PredictiveDecision['reason'] | Stop;
  readonly placed: number;
  /** Shops set to `predictive` whose caps have no room for one more abandoned call: each of their calls takes an agent. */
  readonly nearCap: readonly string[];
  /** The caps of all shops that the group serves, as they stand. */
  readonly abandons: readonly {
    readonly shop: string;
    readonly windowHours: number;
    readonly maxRatio: number;
    readonly answered: number;
    readonly abandoned: number;
  }[];
  /** `due`: the shape of the queue in dial order, empty when no order was looked at. */
  readonly load: Omit<PredictiveLoad, 'abandons'> & { readonly ordersDue: number };
  readonly trunks: readonly Pick<
    TrunkLines,
    'trunkId' | 'maxChannels' | 'inUse' | 'linesFree' | 'circuit' | 'circuitExplanation'
  >[];
}

export function recordOf(group: string, tick: Tick, at: Date): PacingRecord {
  const { decision, mode, nearCap, placed, ordersDue, sight } = tick;
  const { agents, calls, due, linesFree } = tick.load;
  return {
    group,
    at,
    mode,
    ...decision,
    ...(tick.stoppedBy === null ? {} : { reason: tick.stoppedBy, dial: 0 }),
    placed,
    nearCap,
    abandons: sight.shops.flatMap(({ shop, abandons }) =>
      abandons.map(({ windowHours, cap, answered, abandoned }) => ({
        shop: shop.shopId,
        windowHours,
        maxRatio: cap,
        answered,
        abandoned,
      })),
    ),
    load: { agents, calls, due, linesFree, ordersDue },
    trunks: tick.trunks.map(({ trunkId, maxChannels, inUse, linesFree: free, circuit, circuitExplanation }) => ({
      trunkId,
      maxChannels,
      inUse,
      linesFree: free,
      circuit,
      circuitExplanation,
    })),
  };
}
