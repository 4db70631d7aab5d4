/** A way to the telephone network, and how much of it is free. */
export interface TrunkLoad {
  readonly trunkId: string;
  /** Numbers that begin so may go this way (`+380`); empty = every number. */
  readonly prefixes: readonly string[];
  /** The smaller, the sooner. */
  readonly priority: number;
  /** Lines that may be taken now: free channels, cut to what calls per second allow. */
  readonly linesFree: number;
}

/**
 * The trunk for a number: of those that lead there and have a line, the one of best priority, then of the longest prefix, then with the most
 * free lines.
 *
 * @param number  E.164 with plus
 * @returns `full` when a trunk leads there but none has a line; `none` when no trunk leads there
 */
export function chooseTrunk<T extends TrunkLoad>(trunks: readonly T[], number: string): T | 'full' | 'none' {
  const leading = trunks.flatMap((trunk) => {
    const match = matchLength(trunk, number);
    return match === null ? [] : [{ trunk, match }];
  });
  if (leading.length === 0) return 'none';
  const [best] = leading
    .filter(({ trunk }) => trunk.linesFree >= 1)
    .sort((a, b) => a.trunk.priority - b.trunk.priority || b.match - a.match || b.trunk.linesFree - a.trunk.linesFree);
  return best?.trunk ?? 'full';
}

function matchLength(trunk: TrunkLoad, number: string): number | null {
  if (trunk.prefixes.length === 0) return 0;
  const matches = trunk.prefixes.filter((prefix) => number.startsWith(prefix)).map((prefix) => prefix.length);
  return matches.length === 0 ? null : Math.max(...matches);
}

/** The caller id for a number: the shop's own, else one of the trunk's, always the same one for the same buyer; null = the exchange's. */
export function chooseCallerId(
  shopCallerId: string | null,
  trunkCallerIds: readonly string[],
  number: string,
): string | null {
  if (shopCallerId !== null) return shopCallerId;
  const sum = [...number].reduce((total, digit) => (total * 31 + digit.charCodeAt(0)) % 65_521, 7);
  return trunkCallerIds.length === 0 ? null : (trunkCallerIds[sum % trunkCallerIds.length] ?? null);
}

/** Calls per second as a bucket: filled evenly, holding at most one second's worth (at least one call). */
export interface RateBucket {
  readonly tokens: number;
  readonly atMs: number;
}

/** How full the bucket is now; `atMs` is monotonic. */
export function refill(bucket: RateBucket | null, perSecond: number, atMs: number): RateBucket {
  const capacity = Math.max(1, perSecond);
  if (bucket === null) return { tokens: capacity, atMs };
  const tokens = Math.min(capacity, bucket.tokens + ((atMs - bucket.atMs) / 1000) * perSecond);
  return { tokens, atMs };
}
