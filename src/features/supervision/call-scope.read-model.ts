import { Injectable } from '@nestjs/common';
import { rows, type Tx } from '../../platform/database/transaction.js';

/** A live call as far as it matters who may listen to it. */
export interface SupervisedCall {
  readonly callId: string;
  readonly shopId: string;
  readonly groupId: string;
  /** Who talks or is to talk with the buyer. */
  readonly agentId: string | null;
}

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

@Injectable()
export class CallScopeReadModel {
  /** Null when the call is over, or never was; an id that is no UUID is nobody's. */
  async live(tx: Tx, callId: string): Promise<SupervisedCall | null> {
    if (!UUID.test(callId)) return null;
    const [call] = await rows<SupervisedCall>(
      tx,
      `SELECT c.id AS "callId", c.shop_id AS "shopId", c.group_id AS "groupId", c.agent_id AS "agentId"
       FROM calls c WHERE c.id = $1::uuid AND c.ended_at IS NULL`,
      [callId],
    );
    return call ?? null;
  }
}
