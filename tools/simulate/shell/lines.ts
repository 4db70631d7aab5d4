import {
  circuitState,
  linesPermitted,
  NEW_CIRCUIT,
  noteTrunkFact,
  type Circuit,
} from '../../../src/core/trunk/circuit-breaker.js';
import { refill, type RateBucket } from '../../../src/core/trunk/choose-trunk.js';
import { trunkFactKind } from '../../../src/core/trunk/trunk-fact.js';
import type { TurnTrunk } from '../../../src/core/attempt/plan-turn.js';
import type { ProcessTime } from '../engine/virtual-time.js';
import type { TrunkPlan } from '../scenario/scenario.js';
import type { Database } from './database.js';
import { hasRung, type CallRow } from './rows.js';

export type TrunkLines = TurnTrunk & { linesFree: number };

/** Which lines are free: channels by what the database knows of live calls, calls per second and circuits by what this process has seen. */
export class Lines {
  private readonly buckets = new Map<string, RateBucket>();
  private readonly circuits = new Map<string, Circuit>();

  constructor(
    private readonly time: ProcessTime,
    private readonly trunks: readonly TrunkPlan[],
    private readonly database: Database,
  ) {}

  free(): TrunkLines[] {
    const now = this.time.date();
    return this.trunks.map(({ trunk: trunkId, maxChannels, callsPerSecond, prefixes, priority }) => {
      const bucket = refill(this.buckets.get(trunkId) ?? null, callsPerSecond, now.getTime());
      this.buckets.set(trunkId, bucket);
      const used = this.database.liveByTrunk.get(trunkId) ?? 0;
      const lines = Math.max(0, Math.min(maxChannels - used, Math.floor(bucket.tokens)));
      const circuit = this.circuits.get(trunkId) ?? NEW_CIRCUIT;
      const linesFree = linesPermitted(circuit, lines, circuit.open === null ? 0 : this.undecided(trunkId), now);
      return {
        trunkId,
        maxChannels,
        prefixes,
        priority,
        callerIds: [],
        linesFree,
        circuit: circuitState(circuit, now),
      };
    });
  }

  take(trunkId: string): void {
    const bucket = this.buckets.get(trunkId);
    if (bucket !== undefined) this.buckets.set(trunkId, { ...bucket, tokens: bucket.tokens - 1 });
  }

  /** What a call that ended or rang says of its trunk. */
  learn({ call, route }: CallRow): void {
    const kind = trunkFactKind({ result: call.state === 'ended' ? call.result : null, hasRung: hasRung(call) });
    if (kind === null) return;
    const circuit = this.circuits.get(route.trunkId) ?? NEW_CIRCUIT;
    const fact = { number: route.phone, kind, placedAt: call.plannedAt, at: this.time.date() };
    this.circuits.set(route.trunkId, noteTrunkFact(circuit, fact));
  }

  private undecided(trunkId: string): number {
    let count = 0;
    for (const row of this.database.liveCalls) if (row.route.trunkId === trunkId && !hasRung(row.call)) count += 1;
    return count;
  }
}
