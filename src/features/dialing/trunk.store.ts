import { Injectable } from '@nestjs/common';
import type { Tx } from '../../platform/database/transaction.js';
import { TrunkEntity } from './trunk.entity.js';

@Injectable()
export class TrunkStore {
  async list(tx: Tx): Promise<TrunkEntity[]> {
    return tx.find(TrunkEntity, { order: { priority: 'ASC', trunkId: 'ASC' } });
  }

  /** @returns whether the trunk is new */
  async put(tx: Tx, trunk: TrunkEntity): Promise<boolean> {
    const isNew = !(await tx.existsBy(TrunkEntity, { trunkId: trunk.trunkId }));
    await tx.upsert(TrunkEntity, trunk, ['trunkId']);
    return isNew;
  }
}
