import { Injectable } from '@nestjs/common';
import { Transactions } from '../../platform/database/transaction.js';
import { Log } from '../../platform/log/log.js';
import { CallStore } from './call.store.js';
import { LiveCalls } from './live-calls.js';

/** The answer to a commit comes within the database's time limit, or never; the call is set going in the same moment. */
const STRAY_AFTER_MS = 3_000;

/** Live calls of this process's leaderships that it does not run: the commit of their plan was carried out, and its answer was lost. */
@Injectable()
export class StrayCalls {
  /** Since when each has been seen, monotonic. */
  private sinceMs: ReadonlyMap<string, number> = new Map();

  constructor(
    private readonly live: LiveCalls,
    private readonly store: CallStore,
    private readonly transactions: Transactions,
    private readonly log: Log,
  ) {}

  /**
   * Takes them over.
   * @param led  the epoch of each led group
   * @returns how many there were: to be looked at again soon, taken over or not
   */
  async adopt(led: ReadonlyMap<string, number>): Promise<number> {
    const ours = this.live.all().map(({ callId }) => callId);
    const strays = await this.transactions.read((tx) => this.store.liveBeside(tx, led, ours));
    const nowMs = performance.now();
    const before = this.sinceMs;
    this.sinceMs = new Map(strays.map(({ callId }) => [callId, before.get(callId) ?? nowMs]));
    const ripe = strays.filter(({ callId }) => nowMs - (this.sinceMs.get(callId) ?? nowMs) > STRAY_AFTER_MS);
    for (const groupId of new Set(ripe.map((stray) => stray.groupId))) {
      const callIds = ripe.filter((stray) => stray.groupId === groupId).map(({ callId }) => callId);
      const epoch = led.get(groupId) ?? 0;
      const stored = await this.transactions.run((tx) => this.store.adopt(tx, groupId, epoch, callIds));
      this.log.warn('live calls that nobody ran are taken over', { groupId, count: stored.length });
      await this.live.takeOver(groupId, stored);
    }
    return strays.length;
  }
}
