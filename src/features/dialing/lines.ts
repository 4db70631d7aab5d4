import { Injectable } from '@nestjs/common';
import { refill, type RateBucket, type TrunkLoad } from '../../core/trunk/choose-trunk.js';
import { Transactions } from '../../platform/database/transaction.js';
import { CallsService } from '../calls/calls.service.js';
import { TrunkStore } from './trunk.store.js';

/** A trunk with what may be taken of it now. */
export interface TrunkLines extends TrunkLoad {
  readonly endpoint: string;
  readonly callerIds: readonly string[];
  readonly maxChannels: number;
  readonly inUse: number;
}

/** Which lines are free: channels by what Postgres knows of live calls, calls per second by a bucket of this process. */
@Injectable()
export class Lines {
  private readonly buckets = new Map<string, RateBucket>();

  constructor(
    private readonly transactions: Transactions,
    private readonly store: TrunkStore,
    private readonly calls: CallsService,
  ) {}

  async free(): Promise<TrunkLines[]> {
    const [trunks, inUse] = await this.transactions.read((tx) =>
      Promise.all([this.store.list(tx), this.calls.linesInUse(tx)]),
    );
    const atMs = performance.now();
    return trunks
      .filter((trunk) => trunk.isEnabled)
      .map((trunk) => {
        const bucket = refill(this.buckets.get(trunk.trunkId) ?? null, trunk.callsPerSecond, atMs);
        this.buckets.set(trunk.trunkId, bucket);
        const used = inUse.get(trunk.trunkId) ?? 0;
        return {
          ...trunk,
          inUse: used,
          linesFree: Math.max(0, Math.min(trunk.maxChannels - used, Math.floor(bucket.tokens))),
        };
      });
  }

  /** A call was placed on the trunk. */
  take(trunkId: string): void {
    const bucket = this.buckets.get(trunkId);
    if (bucket !== undefined) this.buckets.set(trunkId, { ...bucket, tokens: bucket.tokens - 1 });
  }
}
