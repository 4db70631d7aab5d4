import { countryOf } from '../shared/phone-number.js';
import type { CircuitState } from './circuit-breaker.js';

/** A way to the telephone network, and how much of it is free. */
export interface TrunkLoad {
  readonly trunkId: string;
  /** Numbers that begin so may go this way (`+380`); empty = every number. */
  readonly prefixes: readonly string[];
  /** The smaller, the sooner. */
  readonly priority: number;
  /** Its size: of equal trunks a larger one gets more buyers. Absent: all alike. */
  readonly maxChannels?: number;
  /** Lines that may be taken now: free channels, cut to what calls per second and the circuit allow. */
  readonly linesFree: number;
  /** Absent: closed. */
  readonly circuit?: CircuitState;
}

/** What is known of the order's earlier tries. */
export interface EarlierTries {
  /** Trunks that failed on a call to this buyer a moment ago, before anything rang. */
  readonly failedTrunks: readonly string[];
}

/**
 * The trunk for a number: of those that lead there and have a line, the one of best priority, then of the longest prefix. Among equals each buyer
 * has one of their own (by the number; larger trunks get more), so that they see the same network and caller id on each call while it has lines.
 *
 * A trunk that has just failed on this buyer is left out as long as another one that leads there works.
 *
 * @param number  E.164 with plus
 * @returns `full` when a trunk leads there but none has a line; `down` when that is because all circuits are open; `none` when no trunk leads there
 */
export function chooseTrunk<T extends TrunkLoad>(
  trunks: readonly T[],
  number: string,
  earlier: EarlierTries = { failedTrunks: [] },
): T | 'full' | 'down' | 'none' {
  const leading = trunks.flatMap((trunk) => {
    const match = matchLength(trunk, number);
    return match === null ? [] : [{ trunk, match }];
  });
  if (leading.length === 0) return 'none';
  const working = leading.filter(({ trunk }) => trunk.circuit !== 'open');
  if (working.length === 0) return 'down';
  const fresh = working.filter(({ trunk }) => !earlier.failedTrunks.includes(trunk.trunkId));
  const [best] = (fresh.length > 0 ? fresh : working)
    .filter(({ trunk }) => trunk.linesFree >= 1)
    .sort(
      (a, b) =>
        a.trunk.priority - b.trunk.priority ||
        b.match - a.match ||
        weightFor(b.trunk.trunkId, number, b.trunk.maxChannels) -
          weightFor(a.trunk.trunkId, number, a.trunk.maxChannels),
    );
  return best?.trunk ?? 'full';
}

/** How it stands with the lines to a number: free, all busy, refused by the carrier call after call, or there are none. */
export type WayTo = 'free' | 'full' | 'down' | 'none';

/** The same choice as {@link chooseTrunk} in one word; `down` also while single calls try whether the trunks work again. */
export function wayTo(trunks: readonly TrunkLoad[], number: string, earlier?: EarlierTries): WayTo {
  const chosen = chooseTrunk(trunks, number, earlier);
  if (typeof chosen !== 'string') return 'free';
  const leading = trunks.filter((trunk) => matchLength(trunk, number) !== null);
  const isTrying = leading.every(({ circuit = 'closed' }) => circuit !== 'closed');
  return chosen === 'full' && isTrying ? 'down' : chosen;
}

/** Whether some trunk that works leads to the number, besides those that have failed. */
export function hasOtherWay(trunks: readonly TrunkLoad[], number: string, earlier: EarlierTries): boolean {
  return trunks.some(
    (trunk) =>
      trunk.circuit !== 'open' && !earlier.failedTrunks.includes(trunk.trunkId) && matchLength(trunk, number) !== null,
  );
}

function matchLength(trunk: TrunkLoad, number: string): number | null {
  if (trunk.prefixes.length === 0) return 0;
  const matches = trunk.prefixes.filter((prefix) => number.startsWith(prefix)).map((prefix) => prefix.length);
  return matches.length === 0 ? null : Math.max(...matches);
}

/** What a shop says of the number that its buyers see. */
export interface ShopCallerIds {
  /** E.164, for buyers of any country; null: the trunk's. */
  readonly callerId: string | null;
  /** E.164 by ISO 3166 country of the buyer's number; goes before `callerId`. */
  readonly callerIds: Readonly<Record<string, string>>;
}

/**
 * The caller id for a number: the shop's for the buyer's country, else the shop's own, else one of the trunk's, one of the buyer's country if
 * there is any, and always the same one for the same buyer; null = the exchange's.
 */
export function chooseCallerId(shop: ShopCallerIds, trunkCallerIds: readonly string[], number: string): string | null {
  const hasChoice = Object.keys(shop.callerIds).length > 0 || (shop.callerId === null && trunkCallerIds.length > 1);
  const country = hasChoice ? countryOf(number) : null;
  const ofCountry = country === null ? undefined : shop.callerIds[country];
  if (ofCountry !== undefined) return ofCountry;
  if (shop.callerId !== null) return shop.callerId;
  const atHome = country === null ? [] : trunkCallerIds.filter((id) => countryOf(id) === country);
  const [best] = (atHome.length > 0 ? atHome : [...trunkCallerIds]).sort(
    (a, b) => weightFor(b, number) - weightFor(a, number),
  );
  return best ?? null;
}

/**
 * How much a buyer leans to one of several things (rendezvous hashing, weighted by size): everybody has a favourite that depends on nothing but
 * the two, and when one goes only its own buyers move.
 */
function weightFor(id: string, number: string, size = 1): number {
  return -size / Math.log((hash(`${id} ${number}`) + 0.5) / 2 ** 32);
}

/** FNV-1a with the finaliser of MurmurHash3: even over 32 bits, also for texts that differ in one digit. */
function hash(text: string): number {
  let sum = 2_166_136_261;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 16_777_619);
  sum = Math.imul(sum ^ (sum >>> 16), 2_246_822_507);
  sum = Math.imul(sum ^ (sum >>> 13), 3_266_489_909);
  return (sum ^ (sum >>> 16)) >>> 0;
}
