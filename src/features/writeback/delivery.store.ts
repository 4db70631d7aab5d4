import { Injectable } from '@nestjs/common';
import { rows, send, type Tx } from '../../platform/database/transaction.js';
import type { OrderWork } from '../orders/orders.service.js';

export type DeliveryState = 'pending' | 'delivered' | 'parked' | 'disabled' | 'superseded';
export type DeliveryEvent = 'order.outcome' | 'order.attempt' | 'order.callback_scheduled';

/** What deliveries of one order to one destination have in common: they keep their order among themselves. */
export interface Pair {
  readonly shopId: string;
  readonly destination: string;
  readonly orderRef: string;
}

/** One delivery of a pair, locked. `isDue`: its time has come; `isLeased`: somebody is sending it. */
export interface PairMember {
  readonly id: string;
  readonly sequence: number;
  readonly state: DeliveryState;
  readonly isDue: boolean;
  readonly isLeased: boolean;
}

/** A delivery that this process may send now, until its lease runs out. */
export interface ClaimedDelivery extends Pair {
  readonly id: string;
  readonly sequence: number;
  readonly event: DeliveryEvent;
  readonly bodyEncrypted: string;
  /** This try counted. */
  readonly tries: number;
  readonly firstTryAt: Date;
  readonly createdAt: Date;
  readonly traceId: string;
  /** Null when the destination no longer exists. */
  readonly url: string | null;
  readonly isEnabled: boolean;
}

/** The rows of `deliveries`. Whoever changes the state of one locks its pair first; before that the destination, who asks whether it is on or switches it off. */
@Injectable()
export class DeliveryStore {
  /**
   * Names of the shop's destinations that asked for this event, in the transaction's own view; also of those that are switched off: what they
   * miss is kept and can be replayed.
   */
  async interestedDestinations(tx: Tx, shopId: string, event: DeliveryEvent): Promise<string[]> {
    const found = await rows<{ name: string }>(
      tx,
      'SELECT name FROM destinations WHERE shop_id = $1 AND $2 = ANY(events) ORDER BY name',
      [shopId, event],
    );
    return found.map((row) => row.name);
  }

  /**
   * Whether the destination is switched on; stays as it is until the end of the transaction. Locked before any deliveries: who locks it wants all of
   * them. @returns false also when there is no such destination
   */
  async lockDestination(tx: Tx, shopId: string, destination: string): Promise<boolean> {
    const [found] = await rows<{ isOn: boolean }>(
      tx,
      'SELECT is_enabled AS "isOn" FROM destinations WHERE shop_id = $1 AND name = $2 FOR NO KEY UPDATE',
      [shopId, destination],
    );
    return found?.isOn === true;
  }

  async insert(
    tx: Tx,
    delivery: Pair & {
      id: string;
      sequence: number;
      event: DeliveryEvent;
      bodyEncrypted: string;
      traceId: string;
    },
  ): Promise<void> {
    await send(
      tx,
      `INSERT INTO deliveries (id, shop_id, destination, order_ref, sequence, event, body_encrypted, trace_id)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [
        delivery.id,
        delivery.shopId,
        delivery.destination,
        delivery.orderRef,
        delivery.sequence,
        delivery.event,
        delivery.bodyEncrypted,
        delivery.traceId,
      ],
    );
  }

  async pairOf(tx: Tx, deliveryId: string): Promise<Pair | null> {
    const [row] = await rows<Pair>(
      tx,
      'SELECT shop_id AS "shopId", destination, order_ref AS "orderRef" FROM deliveries WHERE id = $1',
      [deliveryId],
    );
    return row ?? null;
  }

  /** All deliveries of the pair, lowest sequence first, locked until the end of the transaction. */
  async lockPair(tx: Tx, pair: Pair): Promise<PairMember[]> {
    return rows<PairMember>(
      tx,
      `SELECT id, sequence, state, next_try_at <= clock_timestamp() AS "isDue",
         coalesce(leased_until > clock_timestamp(), false) AS "isLeased"
       FROM deliveries WHERE shop_id = $1 AND destination = $2 AND order_ref = $3 ORDER BY sequence FOR UPDATE`,
      [pair.shopId, pair.destination, pair.orderRef],
    );
  }

  /** The delivery that has been due longest at this destination and need not wait for a lower one of its order; null when there is none. */
  async nextDue(
    tx: Tx,
    shopId: string,
    destination: string,
    except: readonly string[],
  ): Promise<{ id: string; orderRef: string } | null> {
    const [row] = await rows<{ id: string; orderRef: string }>(
      tx,
      `SELECT id, order_ref AS "orderRef" FROM deliveries d
       WHERE shop_id = $1 AND destination = $2 AND state = 'pending' AND next_try_at <= clock_timestamp()
         AND (leased_until IS NULL OR leased_until <= clock_timestamp()) AND id <> ALL ($3::uuid[])
         AND NOT EXISTS (SELECT 1 FROM deliveries lower WHERE lower.shop_id = d.shop_id AND lower.destination = d.destination
           AND lower.order_ref = d.order_ref AND lower.sequence < d.sequence AND lower.state = 'pending')
       ORDER BY next_try_at LIMIT 1`,
      [shopId, destination, except],
    );
    return row ?? null;
  }

  /** Destinations at which something should have been sent this many seconds ago. */
  async overdueDestinations(tx: Tx, seconds: number): Promise<{ shopId: string; destination: string }[]> {
    return rows(
      tx,
      `SELECT DISTINCT shop_id AS "shopId", destination FROM deliveries d
       WHERE state = 'pending' AND next_try_at <= clock_timestamp() - make_interval(secs => $1)
         AND (leased_until IS NULL OR leased_until <= clock_timestamp())
         AND NOT EXISTS (SELECT 1 FROM deliveries lower WHERE lower.shop_id = d.shop_id AND lower.destination = d.destination
           AND lower.order_ref = d.order_ref AND lower.sequence < d.sequence AND lower.state = 'pending')
       LIMIT 500`,
      [seconds],
    );
  }

  /** What the process is sending, as work on orders. */
  async inHandsOf(tx: Tx, processId: string): Promise<OrderWork[]> {
    return rows(
      tx,
      `SELECT shop_id AS "shopId", order_ref AS "orderRef", 'writeback' AS work FROM deliveries
       WHERE leased_by = $1 AND state = 'pending' AND leased_until > clock_timestamp()`,
      [processId],
    );
  }

  /** The process sends nothing of what it holds, but for `except`: others may, at once. */
  async free(tx: Tx, processId: string, except: readonly string[] = []): Promise<void> {
    await send(
      tx,
      'UPDATE deliveries SET leased_until = NULL, leased_by = NULL WHERE leased_by = $1 AND id <> ALL ($2::uuid[])',
      [processId, except],
    );
  }

  /** Nobody lived to tell how its tries ended: it is not sent any more. */
  async parkLeft(tx: Tx, deliveryId: string, error: string): Promise<void> {
    await send(
      tx,
      `UPDATE deliveries SET state = 'parked', leased_until = NULL, leased_by = NULL, last_error = $2 WHERE id = $1`,
      [deliveryId, error],
    );
  }

  /** Takes a delivery of a locked pair for sending and counts the try. */
  async lease(tx: Tx, deliveryId: string, processId: string, leaseSeconds: number): Promise<ClaimedDelivery> {
    const [row] = await rows<ClaimedDelivery>(
      tx,
      `WITH taken AS (
         UPDATE deliveries SET leased_until = clock_timestamp() + make_interval(secs => $2), leased_by = $3, tries = tries + 1,
           first_try_at = coalesce(first_try_at, clock_timestamp())
         WHERE id = $1 RETURNING *)
       SELECT t.id, t.shop_id AS "shopId", t.destination, t.order_ref AS "orderRef", t.sequence, t.event, t.tries,
         t.body_encrypted AS "bodyEncrypted", t.first_try_at AS "firstTryAt", t.created_at AS "createdAt", t.trace_id AS "traceId",
         d.url, coalesce(d.is_enabled, false) AS "isEnabled"
       FROM taken t LEFT JOIN destinations d ON d.shop_id = t.shop_id AND d.name = t.destination`,
      [deliveryId, leaseSeconds, processId],
    );
    if (!row) throw new Error('a locked delivery has gone');
    return row;
  }

  /** An acknowledgement counts whoever received it and however late. @returns false when it had been noted before */
  async markDelivered(tx: Tx, deliveryId: string, status: number): Promise<boolean> {
    const changed = await rows(
      tx,
      `UPDATE deliveries SET state = 'delivered', delivered_at = clock_timestamp(), leased_until = NULL, leased_by = NULL, last_status = $2, last_error = NULL
       WHERE id = $1 AND state <> 'delivered' RETURNING id`,
      [deliveryId, status],
    );
    return changed.length > 0;
  }

  /** A failed try, told by the one who still holds it: `tries` is the number of that try. @returns false when somebody else has taken over */
  async markFailed(
    tx: Tx,
    deliveryId: string,
    tries: number,
    failure: { state: 'pending' | 'parked' | 'disabled'; nextTryAt: Date | null; status: number | null; error: string },
  ): Promise<boolean> {
    const changed = await rows(
      tx,
      `UPDATE deliveries SET state = $3, next_try_at = coalesce($4, next_try_at), leased_until = NULL, leased_by = NULL, last_status = $5, last_error = $6
       WHERE id = $1 AND tries = $2 AND state = 'pending' RETURNING id`,
      [deliveryId, tries, failure.state, failure.nextTryAt, failure.status, failure.error],
    );
    return changed.length > 0;
  }

  /** @returns how many deliveries waited for the destination that is now switched off */
  async disableWaiting(tx: Tx, shopId: string, destination: string, error: string): Promise<number> {
    const changed = await rows(
      tx,
      `UPDATE deliveries SET state = 'disabled', last_error = $3
       WHERE shop_id = $1 AND destination = $2 AND state = 'pending' RETURNING id`,
      [shopId, destination, error],
    );
    return changed.length;
  }

  async supersede(tx: Tx, deliveryId: string): Promise<void> {
    await send(tx, `UPDATE deliveries SET state = 'superseded', leased_until = NULL, leased_by = NULL WHERE id = $1`, [
      deliveryId,
    ]);
  }

  /** Puts a delivery back to its beginning: as many tries as a new one. */
  async restart(tx: Tx, deliveryId: string): Promise<void> {
    await send(
      tx,
      `UPDATE deliveries SET state = 'pending', tries = 0, first_try_at = NULL, next_try_at = clock_timestamp(), leased_until = NULL, leased_by = NULL
       WHERE id = $1`,
      [deliveryId],
    );
  }
}
