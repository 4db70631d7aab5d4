import type { Presence } from '../../../src/core/agent/agent.js';
import type { AgentSeconds, CallFigures, OrderFigures } from '../../../src/core/kpi/kpi.js';
import type { AttemptResult } from '../../../src/core/call/result.js';
import type { VirtualTime } from '../engine/virtual-time.js';
import type { Database } from '../shell/database.js';
import { outcomeOf, type AgentRow } from '../shell/rows.js';
import type { Day } from '../world/day.js';

type StateGroup = keyof AgentSeconds | 'break';

/** One stretch of the day, for the picture. */
export interface Slice {
  readonly fromMs: number;
  arrivals: number;
  /** Calls placed in it, by how they ended. */
  readonly calls: Partial<Record<AttemptResult, number>>;
  readonly agentSeconds: Record<StateGroup, number>;
  /** Of them those during which orders waited that could have been called: an idle agent then is the rule's doing. */
  readonly whileWaiting: Record<StateGroup, number>;
  /** At its end. */
  waiting: number;
  agents: number;
  /** Calls that a person answered and that ended by its end, and the abandoned ones, since the begin of the day. */
  answered: number;
  abandoned: number;
  /** Seconds to the first call of orders that came in it. */
  readonly firstCalls: number[];
  lines: number;
}

export const SLICE_MS = 5 * 60_000;
/** It is looked this often whether orders wait. */
const LOOK_MS = 10_000;

export interface LedgerCall extends CallFigures {
  readonly shopId: string;
  /** Of the attempt, from 1. */
  readonly number: number;
  readonly wrappedUpAt: Date | null;
}

export interface LedgerOrder extends OrderFigures {
  readonly shopId: string;
  /** The shop took it back. */
  readonly withdrawnAt: Date | null;
}

/** Keeps what the reported numbers are made of, while the day goes by. */
export class Ledger {
  readonly slices: Slice[] = [];
  private readonly since = new Map<string, { group: StateGroup | null; atMs: number }>();
  private waiting = 0;
  private counted = 0;
  private answered = 0;
  private abandoned = 0;
  private sinceLook = noSeconds();
  private didWait = false;

  /** @param isAnyDue whether an order waits that could be called now */
  constructor(
    private readonly time: VirtualTime,
    private readonly day: Day,
    private readonly database: () => Database,
    private readonly linesInUse: () => number,
    private readonly isAnyDue: () => boolean,
  ) {}

  start(): void {
    for (let fromMs = this.day.startMs; fromMs < this.day.endMs; fromMs += SLICE_MS) {
      this.slices.push({
        fromMs,
        arrivals: 0,
        calls: {},
        agentSeconds: noSeconds(),
        whileWaiting: noSeconds(),
        waiting: 0,
        agents: 0,
        answered: 0,
        abandoned: 0,
        firstCalls: [],
        lines: 0,
      });
      this.time.after(fromMs + SLICE_MS - 1 - this.time.nowMs(), () => this.closeSlice());
      for (let atMs = fromMs + LOOK_MS; atMs <= fromMs + SLICE_MS; atMs += LOOK_MS)
        this.time.after(atMs - this.time.nowMs(), () => this.lookWhetherOrdersWait());
    }
  }

  onAgent(row: AgentRow, _before: Presence): void {
    this.settle(row.agentId, groupOf(row.presence));
  }

  onOrderQueued(by: 1 | -1): void {
    this.waiting += by;
  }

  /** Everybody's time in each state so far. */
  agentSeconds(): AgentSeconds {
    this.settleAll();
    return sumOf(this.slices.map((slice) => slice.agentSeconds));
  }

  calls(): LedgerCall[] {
    return this.database().endedCalls.flatMap(({ call, route, wrappedUpAt }) =>
      call.state === 'ended' ? [{ ...call, shopId: route.shopId, number: route.number, wrappedUpAt }] : [],
    );
  }

  orders(): LedgerOrder[] {
    return [...this.database().orders.values()].map((order) => ({
      shopId: order.shopId,
      withdrawnAt: order.withdrawRequestedAt,
      registeredAt: order.registeredAt,
      firstCallAt: order.firstCallAt,
      outcome: outcomeOf(order),
      calls: order.attempts.length,
    }));
  }

  /** Puts what is known only in the end where it belongs in the day. */
  finish(): void {
    for (const { registeredAt, firstCallAt } of this.orders()) {
      const slice = this.sliceAt(registeredAt.getTime());
      if (slice === null) continue;
      slice.arrivals += 1;
      if (firstCallAt !== null) slice.firstCalls.push((firstCallAt.getTime() - registeredAt.getTime()) / 1_000);
    }
    for (const { dialedAt, result } of this.calls()) {
      const slice = dialedAt === null ? null : this.sliceAt(dialedAt.getTime());
      if (slice !== null) slice.calls[result] = (slice.calls[result] ?? 0) + 1;
    }
  }

  private lookWhetherOrdersWait(): void {
    this.settleAll();
    const isWaiting = this.isAnyDue();
    const slice = this.sliceAt(this.time.nowMs() - 1);
    if (isWaiting && this.didWait && slice !== null)
      for (const state of STATES) slice.whileWaiting[state] += this.sinceLook[state];
    this.didWait = isWaiting;
    this.sinceLook = noSeconds();
  }

  private closeSlice(): void {
    this.settleAll();
    const slice = this.sliceAt(this.time.nowMs());
    if (slice === null) return;
    slice.waiting = this.waiting;
    slice.lines = this.linesInUse();
    slice.agents = [...this.since.values()].filter(({ group }) => group !== null).length;
    const ended = this.database().endedCalls;
    for (; this.counted < ended.length; this.counted += 1) {
      const { call } = ended[this.counted]!;
      if (call.state !== 'ended' || call.answeredAt === null) continue;
      if (call.result === 'answered' || call.result === 'abandoned') this.answered += 1;
      if (call.result === 'abandoned') this.abandoned += 1;
    }
    slice.answered = this.answered;
    slice.abandoned = this.abandoned;
  }

  private sliceAt(atMs: number): Slice | null {
    return this.slices[Math.floor((atMs - this.day.startMs) / SLICE_MS)] ?? null;
  }

  private settleAll(): void {
    for (const [agentId, { group }] of this.since) this.settle(agentId, group);
  }

  private settle(agentId: string, group: StateGroup | null): void {
    const nowMs = this.time.nowMs();
    const last = this.since.get(agentId);
    if (last !== undefined && last.group !== null) {
      this.sinceLook[last.group] += (nowMs - last.atMs) / 1_000;
      // A long talk stretches over several slices.
      for (let fromMs = last.atMs; fromMs < nowMs;) {
        const slice = this.sliceAt(fromMs);
        if (slice === null) break;
        const toMs = Math.min(nowMs, slice.fromMs + SLICE_MS);
        slice.agentSeconds[last.group] += (toMs - fromMs) / 1_000;
        fromMs = toMs;
      }
    }
    this.since.set(agentId, { group, atMs: nowMs });
  }
}

const STATES: readonly StateGroup[] = ['ready', 'reserved', 'talking', 'wrapUp', 'break'];

function noSeconds(): Record<StateGroup, number> {
  return { ready: 0, reserved: 0, talking: 0, wrapUp: 0, break: 0 };
}

export function sumOf(all: readonly Readonly<Record<StateGroup, number>>[]): Record<StateGroup, number> {
  const sum = noSeconds();
  for (const seconds of all) for (const state of STATES) sum[state] += seconds[state];
  return sum;
}

function groupOf({ state }: Presence): StateGroup | null {
  switch (state) {
    case 'ready':
    case 'reserved':
    case 'talking':
    case 'break':
      return state;
    case 'wrap_up':
      return 'wrapUp';
    case 'lost':
      return 'talking';
    case 'connecting':
      return 'break';
    case 'offline':
      return null;
  }
}
