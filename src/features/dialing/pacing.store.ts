import { Injectable } from '@nestjs/common';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import type { PacingRecord } from './pacing-record.js';

/** An unchanged decision is written this often; one with another reason, or one that stops or begins to dial, sooner. */
const WRITE_EVERY_MS = 1_000;
const WRITE_CHANGED_EVERY_MS = 200;

/** The last decision of each group, for whoever asks why an order waits. */
@Injectable()
export class PacingStore {
  private readonly written = new Map<string, { kind: string; atMs: number }>();

  constructor(private readonly transactions: Transactions) {}

  async save(record: PacingRecord): Promise<void> {
    const last = this.written.get(record.group);
    const atMs = performance.now();
    const kind = `${record.reason} ${record.dial > 0}`;
    const everyMs = last?.kind === kind ? WRITE_EVERY_MS : WRITE_CHANGED_EVERY_MS;
    if (last !== undefined && atMs - last.atMs < everyMs) return;
    await this.transactions.run((tx) =>
      tx.query(
        `INSERT INTO pacing_decisions (group_id, at, decision) VALUES ($1, $2, $3)
         ON CONFLICT (group_id) DO UPDATE SET at = EXCLUDED.at, decision = EXCLUDED.decision`,
        [record.group, record.at, JSON.stringify(record)],
      ),
    );
    this.written.set(record.group, { kind, atMs });
  }

  async find(tx: Tx, groupId: string): Promise<PacingRecord | null> {
    const rows: { decision: PacingRecord; at: Date }[] = await tx.query(
      `SELECT decision, at FROM pacing_decisions WHERE group_id = $1`,
      [groupId],
    );
    return rows[0] === undefined ? null : { ...rows[0].decision, at: rows[0].at };
  }
}
