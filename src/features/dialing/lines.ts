import { Injectable } from '@nestjs/common';
import { hasOtherWay, wayTo, type TrunkLoad, type WayTo } from '../../core/trunk/choose-trunk.js';
import type { CircuitState } from '../../core/trunk/circuit-breaker.js';
import { DatabaseClock } from '../../platform/clock/database-clock.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { CallsService } from '../calls/calls.service.js';
import { Circuits } from './circuits.js';
import type { TrunkEntity } from './trunk.entity.js';
import { TrunkStore } from './trunk.store.js';

/** A trunk with what may be taken of it now. */
export interface TrunkLines extends TrunkLoad {
  readonly endpoint: string;
  readonly callerIds: readonly string[];
  readonly maxChannels: number;
  readonly inUse: number;
  readonly circuit: CircuitState;
  readonly callsPerSecond: number;
  /** When the trunk's calls per second permit another call; null: they do now. */
  readonly nextCallInMs: number | null;
  /** When an open circuit lets a call try again. */
  readonly retryAt: Date | null;
  /** Why the circuit leaves no lines, or one; null while closed. */
  readonly circuitExplanation: string | null;
}

/** A buyer's call goes over none of the trunks that failed on one within this time, as long as another leads there. */
const FAILURE_REMEMBERED_MS = 600_000;

/** Which lines are free: channels and calls per second by what Postgres knows of the calls of all dialers, cut by the circuits. */
@Injectable()
export class Lines {
  constructor(
    private readonly transactions: Transactions,
    private readonly store: TrunkStore,
    private readonly calls: CallsService,
    private readonly circuits: Circuits,
    private readonly clock: DatabaseClock,
  ) {}

  /** As it looks now; another dialer may take lines the next moment. */
  async free(): Promise<TrunkLines[]> {
    await this.circuits.look();
    return this.transactions.read(async (tx) => this.linesOf(tx, await this.enabled(tx)));
  }

  /** Free for this transaction: until it ends nobody else takes lines. Null: another dialer is taking some, look again. */
  async lock(tx: Tx): Promise<TrunkLines[] | null> {
    return (await this.calls.lockLines(tx)) ? this.linesOf(tx, await this.enabled(tx)) : null;
  }

  /** Trunks that failed on calls to these numbers a moment ago, before anything rang, by the hex of the number's hash. */
  async failed(tx: Tx, phoneHashes: readonly Buffer[]): Promise<Map<string, string[]>> {
    return this.calls.failedTrunks(tx, phoneHashes, new Date(this.clock.now().getTime() - FAILURE_REMEMBERED_MS));
  }

  /** How it stands with the lines to a number now. */
  async wayTo(number: string, phoneHash: Buffer): Promise<WayTo> {
    const trunks = await this.free();
    const failed = await this.transactions.read((tx) => this.failed(tx, [phoneHash]));
    return wayTo(trunks, number, { failedTrunks: failed.get(phoneHash.toString('hex')) ?? [] });
  }

  /** Whether a trunk that works, and has not just failed on it, leads to the number. */
  async hasOtherWay(tx: Tx, number: string, phoneHash: Buffer): Promise<boolean> {
    const failedTrunks = (await this.failed(tx, [phoneHash])).get(phoneHash.toString('hex')) ?? [];
    const now = this.clock.now();
    const trunks = (await this.enabled(tx)).map((trunk) => ({
      ...trunk,
      linesFree: 0,
      circuit: this.circuits.view(trunk.trunkId, now).state,
    }));
    return hasOtherWay(trunks, number, { failedTrunks });
  }

  private async enabled(tx: Tx): Promise<TrunkEntity[]> {
    return (await this.store.list(tx)).filter((trunk) => trunk.isEnabled);
  }

  private async linesOf(tx: Tx, trunks: readonly TrunkEntity[]): Promise<TrunkLines[]> {
    const [use, rates] = await Promise.all([this.calls.trunkUse(tx), this.calls.ratesLeft(tx, trunks)]);
    const now = this.clock.now();
    return trunks.map((trunk) => {
      const { trunkId, maxChannels } = trunk;
      const { live, undecided } = use.get(trunkId) ?? { live: 0, undecided: 0 };
      const rate = rates.get(trunkId) ?? { calls: 0, nextInMs: null };
      const linesFree = Math.max(0, Math.min(maxChannels - live, rate.calls));
      const { state, explanation, retryAt } = this.circuits.view(trunkId, now);
      return {
        ...trunk,
        inUse: live,
        linesFree: this.circuits.linesPermitted(trunkId, linesFree, undecided, now),
        nextCallInMs: rate.nextInMs,
        circuit: state,
        retryAt,
        circuitExplanation: explanation,
      };
    });
  }
}
