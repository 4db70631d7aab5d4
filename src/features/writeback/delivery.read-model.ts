import { Injectable } from '@nestjs/common';
import { rows, type Tx } from '../../platform/database/transaction.js';
import type { DeliveryEvent, DeliveryState } from './delivery.store.js';

/** A delivery as an administrator sees it: everything but its content. */
export interface DeliveryView {
  readonly id: string;
  readonly shop: string;
  readonly destination: string;
  readonly orderId: string;
  readonly event: DeliveryEvent;
  readonly sequence: number;
  readonly state: DeliveryState;
  readonly tries: number;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  readonly createdAt: Date;
  readonly firstTryAt: Date | null;
  /** Null unless it is still to be sent. */
  readonly nextTryAt: Date | null;
  readonly deliveredAt: Date | null;
}

const VIEW = `SELECT d.id, d.shop_id AS shop, d.destination, o.order_id AS "orderId", d.event, d.sequence, d.state, d.tries,
  d.last_status AS "lastStatus", d.last_error AS "lastError", d.created_at AS "createdAt", d.first_try_at AS "firstTryAt",
  CASE WHEN d.state = 'pending' THEN d.next_try_at END AS "nextTryAt", d.delivered_at AS "deliveredAt"
  FROM deliveries d JOIN orders o ON o.id = d.order_ref`;

@Injectable()
export class DeliveryReadModel {
  async get(tx: Tx, deliveryId: string): Promise<DeliveryView | null> {
    const [view] = await rows<DeliveryView>(tx, `${VIEW} WHERE d.id = $1`, [deliveryId]);
    return view ?? null;
  }

  /** Newest first; ids grow with time, so `before` is the last id of the page before. */
  async page(
    tx: Tx,
    filter: { shopId: string | null; state: DeliveryState | null; before: string | null; limit: number },
  ): Promise<DeliveryView[]> {
    return rows<DeliveryView>(
      tx,
      `${VIEW} WHERE ($1::text IS NULL OR d.shop_id = $1) AND ($2::text IS NULL OR d.state = $2) AND ($3::uuid IS NULL OR d.id < $3)
       ORDER BY d.id DESC LIMIT $4`,
      [filter.shopId, filter.state, filter.before, filter.limit],
    );
  }

  /** How long the oldest delivery of each shop that is still to be sent has been waiting, in seconds; shops without one are left out. */
  async oldestByShop(tx: Tx): Promise<{ shopId: string; seconds: number }[]> {
    return rows(
      tx,
      `SELECT s.shop_id AS "shopId", extract(epoch FROM now() - d.created_at)::float8 AS seconds FROM shops s
       CROSS JOIN LATERAL (
         SELECT created_at FROM deliveries WHERE shop_id = s.shop_id AND state = 'pending' ORDER BY created_at LIMIT 1
       ) AS d`,
    );
  }

  async parkedByShop(tx: Tx): Promise<{ shopId: string; count: number }[]> {
    return rows(
      tx,
      `SELECT shop_id AS "shopId", count(*)::int AS count FROM deliveries WHERE state = 'parked' GROUP BY shop_id`,
    );
  }
}
