import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import type { AgentWord } from '../../core/outcome/agent-word.js';
import { Vault } from '../../platform/auth/vault.js';
import { rows, send, type Tx } from '../../platform/database/transaction.js';

/** An agent's word as it is kept. Words are never changed; a correction is a further row. */
export interface StoredWord {
  readonly id: string;
  readonly orderRef: string;
  readonly callId: string;
  readonly agentId: string;
  readonly agentName: string;
  readonly word: AgentWord;
  readonly decidedAt: Date;
}

interface Row {
  id: string;
  order_ref: string;
  call_id: string;
  agent_id: string;
  word: AgentWord['outcome'];
  details_encrypted: string;
  decided_at: Date;
  body_sha256: Buffer;
}

/** The sealed part of a word. */
interface Details {
  readonly changes: AgentWord['changes'];
  readonly note: string | null;
  readonly callbackAt: string | null;
  readonly callbackAgent: AgentWord['callbackAgent'];
  readonly agentName: string;
}

const COLUMNS = 'id, order_ref, call_id, agent_id, word, details_encrypted, decided_at, body_sha256';

/** Equal for words that say the same, whatever the order of their fields. */
export function fingerprint(word: AgentWord): Buffer {
  const sorted = (value: unknown): unknown => {
    if (value instanceof Date) return value.toISOString();
    if (Array.isArray(value)) return value.map(sorted);
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(
      Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, inner]) => [name, sorted(inner)]),
    );
  };
  return createHash('sha256')
    .update(JSON.stringify(sorted(word)))
    .digest();
}

/** The rows of `outcomes`: every word said about an order. Read and written under the order's lock. */
@Injectable()
export class OutcomeStore {
  constructor(private readonly vault: Vault) {}

  async insertWord(
    tx: Tx,
    of: { shopId: string; orderRef: string; callId: string; agentId: string; agentName: string },
    word: AgentWord,
    decidedAt: Date,
  ): Promise<StoredWord> {
    const id = uuidv7();
    const details: Details = {
      changes: word.changes,
      note: word.note,
      callbackAt: word.callbackAt?.toISOString() ?? null,
      callbackAgent: word.callbackAgent,
      agentName: of.agentName,
    };
    await send(
      tx,
      `INSERT INTO outcomes (id, shop_id, order_ref, call_id, agent_id, word, body_sha256, details_encrypted, decided_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        id,
        of.shopId,
        of.orderRef,
        of.callId,
        of.agentId,
        word.outcome,
        fingerprint(word),
        this.vault.encrypt(JSON.stringify(details)),
        decidedAt,
      ],
    );
    return {
      id,
      orderRef: of.orderRef,
      callId: of.callId,
      agentId: of.agentId,
      agentName: of.agentName,
      word,
      decidedAt,
    };
  }

  /** Nobody said anything: noted in the system's name. */
  async insertSilence(tx: Tx, of: { shopId: string; orderRef: string; callId: string }): Promise<void> {
    await send(
      tx,
      `INSERT INTO outcomes (id, shop_id, order_ref, call_id, agent_id, word, body_sha256, details_encrypted)
       VALUES ($1, $2, $3, $4, NULL, 'no_decision', '', $5)`,
      [uuidv7(), of.shopId, of.orderRef, of.callId, this.vault.encrypt('{}')],
    );
  }

  /** What the agent said last of this order in this call, and the word's fingerprint. */
  async latest(tx: Tx, callId: string, orderRef: string): Promise<{ stored: StoredWord; sha256: Buffer } | null> {
    const [row] = await rows<Row>(
      tx,
      `SELECT ${COLUMNS} FROM outcomes WHERE call_id = $1 AND order_ref = $2 AND agent_id IS NOT NULL ORDER BY id DESC LIMIT 1`,
      [callId, orderRef],
    );
    return row ? { stored: this.open(row), sha256: row.body_sha256 } : null;
  }

  /** Whether somebody has said something of the order since, in another call. */
  async isOutdated(tx: Tx, word: { orderRef: string; callId: string; at: Date }): Promise<boolean> {
    const found = await rows(
      tx,
      `SELECT 1 FROM outcomes WHERE order_ref = $1 AND call_id <> $2 AND agent_id IS NOT NULL AND decided_at > $3 LIMIT 1`,
      [word.orderRef, word.callId, word.at],
    );
    return found.length > 0;
  }

  /** What this agent said last of each order in this call. */
  async ofCall(tx: Tx, callId: string, agentId: string): Promise<StoredWord[]> {
    const found = await rows<Row>(
      tx,
      `SELECT DISTINCT ON (order_ref) ${COLUMNS} FROM outcomes WHERE call_id = $1 AND agent_id = $2 ORDER BY order_ref, id DESC`,
      [callId, agentId],
    );
    return found.map((row) => this.open(row));
  }

  /** The word that has led to this outcome and has not been told yet. */
  async untold(tx: Tx, orderRef: string, outcome: string): Promise<StoredWord | null> {
    const [row] = await rows<Row>(
      tx,
      `SELECT ${COLUMNS} FROM outcomes WHERE order_ref = $1 AND word = $2 AND sequence IS NULL AND agent_id IS NOT NULL
       ORDER BY decided_at DESC, id DESC LIMIT 1`,
      [orderRef, outcome],
    );
    return row ? this.open(row) : null;
  }

  /** Whether another order has ended with this outcome in the call. */
  async hasOther(tx: Tx, callId: string, orderRef: string, outcome: string): Promise<boolean> {
    const found = await rows(
      tx,
      `SELECT 1 FROM attempts a JOIN orders o ON o.id = a.order_ref WHERE a.call_id = $1 AND o.id <> $2 AND o.outcome = $3 LIMIT 1`,
      [callId, orderRef, outcome],
    );
    return found.length > 0;
  }

  async setSequence(tx: Tx, wordId: string, sequence: number): Promise<void> {
    await send(tx, 'UPDATE outcomes SET sequence = $2 WHERE id = $1', [wordId, sequence]);
  }

  private open(row: Row): StoredWord {
    const details = JSON.parse(this.vault.decrypt(row.details_encrypted)) as Details;
    return {
      id: row.id,
      orderRef: row.order_ref,
      callId: row.call_id,
      agentId: row.agent_id,
      agentName: details.agentName,
      decidedAt: row.decided_at,
      word: {
        outcome: row.word,
        changes: details.changes,
        note: details.note,
        callbackAt: details.callbackAt === null ? null : new Date(details.callbackAt),
        callbackAgent: details.callbackAgent,
      },
    };
  }
}
