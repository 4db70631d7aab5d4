import { Injectable } from '@nestjs/common';
import { ATTEMPT_RESULTS } from '../../core/call/result.js';
import { isCharged, type PastAttempt } from '../../core/attempt/next-attempt.js';
import type { ShopSettings } from '../../core/order/shop-settings.js';
import { rows, type Tx } from '../../platform/database/transaction.js';

/** No shop allows more; an endless maximum is not one for the database. */
const MOST_ATTEMPTS = 1_000_000;

/** What the decision about the next attempt rests on, read in the deciding transaction itself. */
@Injectable()
export class AttemptHistory {
  /** Attempts of the order that have ended, oldest first; one that was taken back while the order left its call counts for nothing. */
  async ended(tx: Tx, orderRef: string): Promise<PastAttempt[]> {
    return rows<PastAttempt>(
      tx,
      `SELECT a.result, greatest(coalesce(c.dialed_at, c.planned_at), a.planned_at) AS "startedAt",
         (c.ringing_at IS NOT NULL OR c.answered_at IS NOT NULL) AS "hasRung"
       FROM attempts a JOIN calls c ON c.id = a.call_id
       WHERE a.order_ref = $1 AND a.ended_at IS NOT NULL AND a.result <> 'withdrawn' ORDER BY a.number`,
      [orderRef],
    );
  }

  /** The call that the order was last called with; null when it never was. */
  async lastCallId(tx: Tx, orderRef: string): Promise<string | null> {
    const [row] = await rows<{ id: string }>(
      tx,
      'SELECT call_id AS id FROM attempts WHERE order_ref = $1 ORDER BY number DESC LIMIT 1',
      [orderRef],
    );
    return row?.id ?? null;
  }

  /** The shop's settings as this transaction sees them, without a second connection. */
  async settings(tx: Tx, shopId: string): Promise<ShopSettings> {
    const [row] = await rows<{ settings: ShopSettings }>(tx, 'SELECT settings FROM shops WHERE shop_id = $1', [shopId]);
    if (!row) throw new Error('an order without its shop');
    return row.settings;
  }

  /** Orders whose time to give up has come, oldest first. One that is to be rung back at the buyer's wish gets an hour from then. */
  async overdue(tx: Tx, limit: number): Promise<string[]> {
    const found = await rows<{ id: string }>(
      tx,
      `SELECT id FROM orders WHERE status IN ('accepted', 'scheduled') AND give_up_at <= now()
         AND (callback_at IS NULL OR callback_at <= now() - interval '1 hour') ORDER BY give_up_at LIMIT $1`,
      [limit],
    );
    return found.map((row) => row.id);
  }

  /** Waiting orders of the shop with so many charged attempts; whom the buyer asked to be called back is not among them, nor who is held. */
  async usedUp(tx: Tx, shopId: string, maxAttempts: number, limit: number): Promise<string[]> {
    // The first condition is the index's; the second leaves out attempts that count for nothing.
    const found = await rows<{ id: string }>(
      tx,
      `SELECT id FROM orders WHERE shop_id = $1 AND attempts_made >= $2 AND status = 'scheduled' AND attempts_made > 0
         AND callback_at IS NULL AND hold_reason IS NULL
         AND (SELECT coalesce(sum(n::int), 0) FROM jsonb_each_text(results) AS r (result, n) WHERE result = ANY($3::text[])) >= $2 LIMIT $4`,
      [shopId, Math.min(maxAttempts, MOST_ATTEMPTS), ATTEMPT_RESULTS.filter(isCharged), limit],
    );
    return found.map((row) => row.id);
  }

  /** Calls whose orders wait for an agent's word. */
  async inWrapUp(tx: Tx): Promise<string[]> {
    const found = await rows<{ callId: string }>(
      tx,
      `SELECT DISTINCT live_call_id AS "callId" FROM orders WHERE status = 'wrap_up' AND live_call_id IS NOT NULL LIMIT 1000`,
    );
    return found.map((row) => row.callId);
  }
}
