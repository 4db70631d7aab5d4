import {
  circuitState,
  linesPermitted,
  NEW_CIRCUIT,
  noteTrunkFact,
  type Circuit,
} from '../../../src/core/trunk/circuit-breaker.js';
import { INVITE_PENDING_MS, rateLeft, rateWindowMs } from '../../../src/core/trunk/call-rate.js';
import { trunkFactKind } from '../../../src/core/trunk/trunk-fact.js';
import type { TurnTrunk } from '../../../src/core/attempt/plan-turn.js';
import type { ProcessTime } from '../engine/virtual-time.js';
import type { TrunkPlan } from '../scenario/scenario.js';
import type { Database } from './database.js';
import { hasRung, type CallRow } from './rows.js';

export type TrunkLines = TurnTrunk & { linesFree: number };

/** Which lines are free: channels and calls per second by what the database knows of all calls, circuits by what this process has seen. */
export class Lines {
  private readonly circuits = new Map<string, Circuit>();

  constructor(
    private readonly time: ProcessTime,
    private readonly trunks: readonly TrunkPlan[],
    private readonly database: Database,
  ) {}

  free(): TrunkLines[] {
    const now = this.time.date();
    return this.trunks.map(({ trunk: trunkId, maxChannels, callsPerSecond, prefixes, priority }) => {
      const rate = this.rateLeft(trunkId, callsPerSecond);
      const used = this.database.liveByTrunk.get(trunkId) ?? 0;
      const lines = Math.max(0, Math.min(maxChannels - used, rate.calls));
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

  /** A call whose agent was rung first takes its place when the INVITE is to leave. @returns 0, or in how many ms to ask again */
  takePlace(row: CallRow): number {
    const { trunkId } = row.route;
    const perSecond = this.trunks.find(({ trunk }) => trunk === trunkId)?.callsPerSecond ?? 1;
    const waitMs = this.rateLeft(trunkId, perSecond).nextInMs;
    if (waitMs === null) this.database.takeLine(row);
    return waitMs ?? 0;
  }

  /** What a call that ended or rang says of its trunk. */
  learn({ call, route }: CallRow): void {
    const kind = trunkFactKind({ result: call.state === 'ended' ? call.result : null, hasRung: hasRung(call) });
    if (kind === null) return;
    const circuit = this.circuits.get(route.trunkId) ?? NEW_CIRCUIT;
    const fact = { number: route.phone, kind, placedAt: call.plannedAt, at: this.time.date() };
    this.circuits.set(route.trunkId, noteTrunkFact(circuit, fact));
  }

  private rateLeft(trunkId: string, perSecond: number) {
    const nowMs = this.time.nowMs();
    const since = nowMs - INVITE_PENDING_MS - rateWindowMs(perSecond);
    const invites = this.database.invitesSince(trunkId, since).map(({ call, lineTakenMs, invitedMs }) => {
      const ended = call.state === 'ended' ? call.endedAt : null;
      const leftMs = invitedMs ?? (call.ringingAt ?? call.answeredAt ?? ended)?.getTime() ?? null;
      return { takenMsAgo: nowMs - (lineTakenMs ?? nowMs), leftMsAgo: leftMs === null ? null : nowMs - leftMs };
    });
    return rateLeft(perSecond, invites);
  }

  private undecided(trunkId: string): number {
    let count = 0;
    for (const row of this.database.liveCalls) if (row.route.trunkId === trunkId && !hasRung(row.call)) count += 1;
    return count;
  }
}
