import { Injectable } from '@nestjs/common';
import { hasOtherWay, refill, type RateBucket, type TrunkLoad } from '../../core/trunk/choose-trunk.js';
import type { CircuitState } from '../../core/trunk/circuit-breaker.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { CallsService } from '../calls/calls.service.js';
import { Circuits } from './circuits.js';
import { TrunkStore } from './trunk.store.js';

/** A trunk with what may be taken of it now. */
export interface TrunkLines extends TrunkLoad {
  readonly endpoint: string;
  readonly callerIds: readonly string[];
  readonly maxChannels: number;
  readonly inUse: number;
  readonly circuit: CircuitState;
  /** When an open circuit lets a call try again. */
  readonly retryAt: Date | null;
  /** Why the circuit leaves no lines, or one; null while closed. */
  readonly circuitExplanation: string | null;
}

/** A buyer's call goes over none of the trunks that failed on one within this time, as long as another leads there. */
const FAILURE_REMEMBERED_MS = 600_000;

/** Which lines are free: channels by what Postgres knows of live calls, calls per second by a bucket of this process, cut by the circuits. */
@Injectable()
export class Lines {
  private readonly buckets = new Map<string, RateBucket>();

  constructor(
    private readonly transactions: Transactions,
    private readonly store: TrunkStore,
    private readonly calls: CallsService,
    private readonly circuits: Circuits,
  ) {}

  async free(): Promise<TrunkLines[]> {
    await this.circuits.look();
    const [trunks, use] = await this.transactions.read((tx) =>
      Promise.all([this.store.list(tx), this.calls.trunkUse(tx)]),
    );
    const now = new Date();
    const atMs = performance.now();
    return trunks
      .filter((trunk) => trunk.isEnabled)
      .map((trunk) => {
        const bucket = refill(this.buckets.get(trunk.trunkId) ?? null, trunk.callsPerSecond, atMs);
        this.buckets.set(trunk.trunkId, bucket);
        const { live, undecided } = use.get(trunk.trunkId) ?? { live: 0, undecided: 0 };
        const linesFree = Math.max(0, Math.min(trunk.maxChannels - live, Math.floor(bucket.tokens)));
        const { state, explanation, retryAt } = this.circuits.view(trunk.trunkId, now);
        return {
          ...trunk,
          inUse: live,
          linesFree: this.circuits.linesPermitted(trunk.trunkId, linesFree, undecided, now),
          circuit: state,
          retryAt,
          circuitExplanation: explanation,
        };
      });
  }

  /** Trunks that failed on calls to these numbers a moment ago, before anything rang, by the hex of the number's hash. */
  async failed(tx: Tx, phoneHashes: readonly Buffer[]): Promise<Map<string, string[]>> {
    return this.calls.failedTrunks(tx, phoneHashes, new Date(Date.now() - FAILURE_REMEMBERED_MS));
  }

  /** Whether a trunk that works, and has not just failed on it, leads to the number. */
  async hasOtherWay(tx: Tx, number: string, phoneHash: Buffer): Promise<boolean> {
    const failedTrunks = (await this.failed(tx, [phoneHash])).get(phoneHash.toString('hex')) ?? [];
    const now = new Date();
    const trunks = (await this.store.list(tx))
      .filter((trunk) => trunk.isEnabled)
      .map((trunk) => ({ ...trunk, linesFree: 0, circuit: this.circuits.view(trunk.trunkId, now).state }));
    return hasOtherWay(trunks, number, { failedTrunks });
  }

  /** A call was placed on the trunk. */
  take(trunkId: string): void {
    const bucket = this.buckets.get(trunkId);
    if (bucket !== undefined) this.buckets.set(trunkId, { ...bucket, tokens: bucket.tokens - 1 });
  }
}
