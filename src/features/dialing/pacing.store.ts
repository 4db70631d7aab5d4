import { Injectable } from '@nestjs/common';
import type { GroupLoad } from '../../core/pacing/pace.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import type { TrunkLines } from './lines.js';

/** One decision of the pacer with everything it was made from. */
export interface PacingRecord {
  readonly group: string;
  readonly at: Date;
  readonly reason: string;
  readonly dial: number;
  readonly placed: number;
  readonly agentsFree: number;
  readonly load: GroupLoad;
  readonly trunks: readonly Pick<
    TrunkLines,
    'trunkId' | 'maxChannels' | 'inUse' | 'linesFree' | 'circuit' | 'circuitExplanation'
  >[];
}

/** An unchanged decision is written this often; a changed one at once. */
const WRITE_EVERY_MS = 1_000;

/** The last decision of each group, for whoever asks why an order waits. */
@Injectable()
export class PacingStore {
  private readonly written = new Map<string, { reason: string; atMs: number }>();

  constructor(private readonly transactions: Transactions) {}

  async save(record: PacingRecord): Promise<void> {
    const last = this.written.get(record.group);
    const atMs = performance.now();
    if (last !== undefined && last.reason === record.reason && atMs - last.atMs < WRITE_EVERY_MS) return;
    await this.transactions.run((tx) =>
      tx.query(
        `INSERT INTO pacing_decisions (group_id, at, decision) VALUES ($1, $2, $3)
         ON CONFLICT (group_id) DO UPDATE SET at = EXCLUDED.at, decision = EXCLUDED.decision`,
        [record.group, record.at, JSON.stringify(record)],
      ),
    );
    this.written.set(record.group, { reason: record.reason, atMs });
  }

  async find(tx: Tx, groupId: string): Promise<PacingRecord | null> {
    const rows: { decision: PacingRecord; at: Date }[] = await tx.query(
      `SELECT decision, at FROM pacing_decisions WHERE group_id = $1`,
      [groupId],
    );
    return rows[0] === undefined ? null : { ...rows[0].decision, at: rows[0].at };
  }
}
