import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/database/transaction.js';
import { isListed, liftNumber, listNumber } from './do-not-call.store.js';
import type { OrderRow } from './order-row.js';
import { insertTimeline } from './order.store.js';

/** Buyers who wish no more calls of a shop, known by the keyed hash of their number. No call is placed to them; their later orders are `blocked`. */
@Injectable()
export class DoNotCallList {
  /** The buyer of this order says so. */
  async add(tx: Tx, order: OrderRow): Promise<void> {
    const { shopId, orderRef, phoneHash } = order;
    if (phoneHash === null) return;
    await listNumber(tx, { shopId, orderRef, phoneHash });
    await insertTimeline(tx, shopId, orderRef, { kind: 'number_listed', data: {} });
  }

  /** The buyer may be called again. @returns false when they could be all the time */
  async lift(tx: Tx, shopId: string, phoneHash: Buffer): Promise<boolean> {
    return liftNumber(tx, shopId, phoneHash);
  }

  /** Whether the buyer of this order is listed. */
  async isListed(tx: Tx, orderRef: string): Promise<boolean> {
    return isListed(tx, orderRef);
  }
}
