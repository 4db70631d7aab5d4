import type { AttemptResult } from '../../core/call/result.js';
import type { TrunkFact } from '../../core/trunk/circuit-breaker.js';
import { trunkFactKind } from '../../core/trunk/trunk-fact.js';
import type { Tx } from '../../platform/database/transaction.js';

/** What one call says of its trunk; a call says it once. */
export interface TrunkCallFact extends TrunkFact {
  readonly callId: string;
  readonly trunkId: string;
}

/** Live calls of a trunk, and how many of them nothing has been heard of yet. */
export interface TrunkUse {
  readonly live: number;
  readonly undecided: number;
}

interface FactRow {
  callId: string;
  trunkId: string;
  number: string;
  placedAt: Date;
  result: AttemptResult | null;
  hasRung: boolean;
  at: Date;
}

const HAS_RUNG = `(c.ringing_at IS NOT NULL OR c.answered_at IS NOT NULL OR (c.machine #>> '{call,hasEarlyMedia}') IS NOT DISTINCT FROM 'true')`;

/** What calls that have rung or ended since then say of their trunks, in the order in which it was known. */
export async function trunkFactsSince(tx: Tx, since: Date): Promise<TrunkCallFact[]> {
  const columns = `c.id AS "callId", c.trunk_id AS "trunkId", encode(c.phone_hash, 'base64') AS number,
    coalesce(c.dialed_at, c.planned_at) AS "placedAt", c.result, ${HAS_RUNG} AS "hasRung",
    least(c.ringing_at, c.answered_at, c.ended_at) AS at`;
  const rows = (await tx.query(
    `SELECT ${columns} FROM calls c WHERE c.ended_at > $1
     UNION ALL SELECT ${columns} FROM calls c WHERE c.ended_at IS NULL AND least(c.ringing_at, c.answered_at) > $1
     ORDER BY at`,
    [since],
  )) as FactRow[];
  return rows.flatMap(({ result, hasRung, ...fact }) => {
    const kind = trunkFactKind({ result, hasRung });
    return kind === null ? [] : [{ ...fact, kind }];
  });
}

/** Which trunks have failed on these numbers since then, by refusal or silence; numbers by the hex of their hash, those without any are missing. */
export async function failedTrunks(
  tx: Tx,
  phoneHashes: readonly Buffer[],
  since: Date,
): Promise<Map<string, string[]>> {
  if (phoneHashes.length === 0) return new Map();
  const rows = (await tx.query(
    `SELECT encode(c.phone_hash, 'hex') AS number, array_agg(DISTINCT c.trunk_id) AS "trunkIds"
     FROM calls c
     WHERE c.phone_hash = ANY($1::bytea[]) AND c.planned_at > $2 AND c.result = 'carrier_failure' AND NOT ${HAS_RUNG}
     GROUP BY c.phone_hash`,
    [phoneHashes, since],
  )) as { number: string; trunkIds: string[] }[];
  return new Map(rows.map(({ number, trunkIds }) => [number, trunkIds]));
}

/** Live calls by trunk, over all leaders, and the lines to the shops' own numbers that buyers were handed over to. */
export async function trunkUse(tx: Tx): Promise<Map<string, TrunkUse>> {
  const rows = (await tx.query(
    `SELECT c.trunk_id AS "trunkId", count(*)::int AS live, count(*) FILTER (WHERE NOT ${HAS_RUNG})::int AS undecided
     FROM (
       SELECT trunk_id, ringing_at, answered_at, machine FROM calls WHERE ended_at IS NULL
       UNION ALL SELECT machine #>> '{call,transfer,target,trunkId}', ringing_at, answered_at, machine FROM calls
       WHERE ended_at IS NULL AND machine #>> '{call,transfer,target,kind}' = 'number'
         AND machine #>> '{call,transfer,state}' NOT IN ('cancelled', 'failed')
     ) c GROUP BY c.trunk_id`,
  )) as (TrunkUse & { trunkId: string })[];
  return new Map(rows.map(({ trunkId, live, undecided }) => [trunkId, { live, undecided }]));
}
