import {
  INVITE_PENDING_MS,
  rateLeft,
  rateWindowMs,
  type InviteMark,
  type RateLeft,
} from '../../core/trunk/call-rate.js';
import { rows, type Tx } from '../../platform/database/transaction.js';

/** A trunk and the calls per second that it bears. */
export interface RatedTrunk {
  readonly trunkId: string;
  readonly callsPerSecond: number;
}

/** So long at most does a transaction stand in line for the lines, looking again each {@link ASK_AGAIN_MS}. */
const LONGEST_WAIT_MS = 100;
const ASK_AGAIN_MS = 5;

/**
 * Nobody else takes lines of any trunk until the transaction ends, in whichever process. Never waited for in the database, so that it may be asked for
 * while rows are locked, and so that a dialer that is slow or frozen costs the others no more than a turn.
 * @returns whether the lines are ours
 */
export async function lockLines(tx: Tx): Promise<boolean> {
  const untilMs = performance.now() + LONGEST_WAIT_MS;
  for (;;) {
    const [row] = await rows<{ isOurs: boolean }>(
      tx,
      `SELECT pg_try_advisory_xact_lock(hashtextextended('lines of the trunks', 0)) AS "isOurs"`,
    );
    if (row?.isOurs === true) return true;
    if (performance.now() > untilMs) return false;
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
}

/**
 * What the trunks' calls per second leave now, over all dialers and by the database's own clock. Exact after {@link lockLines}. An INVITE whose
 * answer by the exchange got lost had left when it was last heard of.
 */
export async function ratesLeft(tx: Tx, trunks: readonly RatedTrunk[]): Promise<Map<string, RateLeft>> {
  // The range of the index must not move within the query, so it begins with the transaction's time: earlier is safe, `rateLeft` looks again.
  const found = await rows<InviteMark & { trunkId: string }>(
    tx,
    `SELECT c.trunk_id AS "trunkId", extract(epoch FROM clock_timestamp() - c.line_taken_at)::float8 * 1000 AS "takenMsAgo",
       extract(epoch FROM clock_timestamp() - coalesce(c.invited_at, c.ringing_at, c.answered_at, c.ended_at))::float8 * 1000 AS "leftMsAgo"
     FROM unnest($1::text[], $2::float8[]) AS t (trunk_id, window_ms)
     JOIN calls c ON c.trunk_id = t.trunk_id AND c.line_taken_at > now() - (${INVITE_PENDING_MS} + t.window_ms) * interval '1 millisecond'
     WHERE coalesce(c.invited_at, c.ringing_at, c.answered_at, c.ended_at, now()) > now() - t.window_ms * interval '1 millisecond'`,
    [trunks.map(({ trunkId }) => trunkId), trunks.map(({ callsPerSecond }) => rateWindowMs(callsPerSecond))],
  );
  const byTrunk = new Map<string, InviteMark[]>(trunks.map(({ trunkId }) => [trunkId, []]));
  for (const { trunkId, ...mark } of found) byTrunk.get(trunkId)?.push(mark);
  return new Map(
    trunks.map(({ trunkId, callsPerSecond }) => [trunkId, rateLeft(callsPerSecond, byTrunk.get(trunkId) ?? [])]),
  );
}

/** The call takes its place in the trunk's calls per second. @returns 0, or in how many ms to ask again, when there was none */
export async function takeInvitePlace(tx: Tx, callId: string, trunk: RatedTrunk): Promise<number> {
  if (!(await lockLines(tx))) return ASK_AGAIN_MS;
  const waitMs = (await ratesLeft(tx, [trunk])).get(trunk.trunkId)?.nextInMs ?? null;
  if (waitMs !== null) return waitMs;
  await tx.query('UPDATE calls SET line_taken_at = clock_timestamp() WHERE id = $1', [callId]);
  return 0;
}

/** The exchange has taken the order to call: the INVITE has left by now. */
export async function noteInvited(tx: Tx, callId: string): Promise<void> {
  await tx.query('UPDATE calls SET invited_at = clock_timestamp() WHERE id = $1 AND invited_at IS NULL', [callId]);
}
