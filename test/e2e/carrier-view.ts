import type { RunningCarrier } from '../../tools/dev-env/carrier.js';
import type { CallRecord, TrunkEntry } from '../../tools/dev-env/carrier-ledger.js';
import { waitFor } from '../support/wait.js';

/** What the carrier saw of our calls: its two ledgers, which nothing of the dialer's writes. */
export class CarrierView {
  constructor(private readonly carrier: RunningCarrier) {}

  /** First INVITEs to a number that passed the trunk; retransmissions left out. */
  invites(number: string): TrunkEntry[] {
    return this.carrier
      .trunkLedger()
      .filter((entry) => entry.method === 'INVITE' && entry.number === number && !entry.again);
  }

  /** CANCELs that passed the trunk on their way to a number. */
  cancels(number: string): TrunkEntry[] {
    return this.carrier
      .trunkLedger()
      .filter((entry) => entry.method === 'CANCEL' && entry.number === number && !entry.again);
  }

  /** The statuses with which the carrier answered the INVITEs to a number, in order, without 100 and repeats. */
  answers(number: string): number[][] {
    const ledger = this.carrier.trunkLedger();
    return this.invites(number).map(({ callId }) =>
      ledger.flatMap(({ callId: id, method, status, again }) =>
        id === callId && method === 'INVITE' && status !== undefined && status !== 100 && !again ? [status] : [],
      ),
    );
  }

  /** Ended calls to a number, or to an agent's phone (`agent-…`), in order. */
  records(number: string): CallRecord[] {
    return this.carrier
      .callRecords()
      .filter((record) => record.number === number)
      .sort((a, b) => a.invitedAt.getTime() - b.invitedAt.getTime());
  }

  /** The n-th ended call to a number. */
  async record(number: string, n = 1, limitMs = 10_000): Promise<CallRecord> {
    return waitFor(`the end of call ${n} to ${number} at the carrier`, () => this.records(number)[n - 1], limitMs);
  }

  async invite(number: string, n = 1, limitMs = 10_000): Promise<TrunkEntry> {
    return waitFor(`INVITE ${n} to ${number}`, () => this.invites(number)[n - 1], limitMs);
  }

  /** Numbers that were called again before their last call had ended: there must be none. */
  overlaps(): string[] {
    const numbers = new Set(this.carrier.callRecords().map((record) => record.number));
    return [...numbers].filter((number) => {
      const records = this.records(number);
      return records.some((record, index) => {
        const before = records[index - 1];
        return before !== undefined && record.invitedAt < before.endedAt;
      });
    });
  }
}
