import { Injectable } from '@nestjs/common';
import {
  circuitState,
  explainCircuit,
  linesPermitted,
  NEW_CIRCUIT,
  noteTrunkFact,
  WINDOW_MS,
  type Circuit,
  type CircuitState,
} from '../../core/trunk/circuit-breaker.js';
import { DatabaseClock } from '../../platform/clock/database-clock.js';
import { Transactions } from '../../platform/database/transaction.js';
import { Log } from '../../platform/log/log.js';
import { CallsService, type TrunkCallFact } from '../calls/calls.service.js';

/** Facts are read this often; all processes read the same, and so come to the same view. */
const READ_EVERY_MS = 250;
/** How far behind the newest fact one may still come: a call's end is written a moment after its instant. */
const LATE_MS = 15_000;
/** The first look goes back so far: the longest pause, and the window before it. */
const FIRST_LOOK_MS = 600_000;

/** Where a trunk's circuit stands, in words for whoever asks. */
export interface CircuitView {
  readonly state: CircuitState;
  /** Null while closed. */
  readonly explanation: string | null;
  readonly retryAt: Date | null;
}

/** The circuits of all trunks, from what Postgres knows of recent calls: a new leader, or another process, sees what the last one saw. */
@Injectable()
export class Circuits {
  private readonly circuits = new Map<string, Circuit>();
  /** Calls whose fact has been noted, with its instant; forgotten once no look can find them again. */
  private readonly noted = new Map<string, number>();
  private readAtMs = Number.NEGATIVE_INFINITY;
  private newestAt = 0;

  constructor(
    private readonly transactions: Transactions,
    private readonly calls: CallsService,
    private readonly log: Log,
    private readonly clock: DatabaseClock,
  ) {}

  /** Takes in what has become known since the last look. */
  async look(): Promise<void> {
    if (performance.now() - this.readAtMs < READ_EVERY_MS) return;
    this.readAtMs = performance.now();
    const since = new Date(this.newestAt === 0 ? this.clock.now().getTime() - FIRST_LOOK_MS : this.newestAt - LATE_MS);
    const facts = await this.transactions.read((tx) => this.calls.trunkFactsSince(tx, since));
    for (const fact of facts) {
      const isOld = fact.at.getTime() < this.newestAt - WINDOW_MS;
      if (!isOld && !this.noted.has(fact.callId)) this.note(fact);
    }
    for (const [callId, atMs] of this.noted) if (atMs < this.newestAt - WINDOW_MS) this.noted.delete(callId);
  }

  view(trunkId: string, now: Date): CircuitView {
    const circuit = this.of(trunkId);
    return {
      state: circuitState(circuit, now),
      explanation: explainCircuit(circuit, now),
      retryAt: circuit.open?.retryAt ?? null,
    };
  }

  /** Lines left to new calls; see `linesPermitted`. */
  linesPermitted(trunkId: string, linesFree: number, undecided: number, now: Date): number {
    return linesPermitted(this.of(trunkId), linesFree, undecided, now);
  }

  private of(trunkId: string): Circuit {
    return this.circuits.get(trunkId) ?? NEW_CIRCUIT;
  }

  private note(fact: TrunkCallFact): void {
    this.noted.set(fact.callId, fact.at.getTime());
    this.newestAt = Math.max(this.newestAt, fact.at.getTime());
    const before = this.of(fact.trunkId);
    const after = noteTrunkFact(before, fact);
    this.circuits.set(fact.trunkId, after);
    const trunk = { trunk: fact.trunkId };
    if (after.open !== null && after.open !== before.open && after.trips !== before.trips) {
      this.log.warn('a trunk refuses call after call: its circuit is open', { ...trunk, retryAt: after.open.retryAt });
    } else if (after.open === null && before.open !== null) {
      this.log.info('a trunk carries calls again: its circuit is closed', trunk);
    }
  }
}
