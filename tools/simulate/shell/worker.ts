import type { OrderState } from '../../../src/core/order/order-machine.js';
import type { Chance } from '../engine/chance.js';
import type { VirtualTime } from '../engine/virtual-time.js';
import type { FaultPlan } from '../scenario/scenario.js';
import type { Arrival } from '../world/arrivals.js';
import { DatabaseDown, type Database } from './database.js';
import type { Orders } from './orders.js';
import type { Outcomes } from './outcomes.js';
import type { OrderRow } from './rows.js';

const FORGOTTEN_MS = 2_000;
const SWEEP_MS = 2_000;

/** The roles api and worker: orders in, jobs that wake, sweeps that find what jobs have missed. */
export class Worker {
  private readonly accepted = new Set<OrderRow>();
  private readonly inWrapUp = new Set<OrderRow>();

  constructor(
    private readonly time: VirtualTime,
    private readonly chance: Chance,
    private readonly faults: FaultPlan,
    private readonly database: Database,
    private readonly orders: Orders,
    private readonly outcomes: Outcomes,
    private readonly nextId: () => string,
  ) {}

  start(): void {
    this.every(1_000, () => this.scheduleForgotten());
    this.every(500, () => this.endOverdueWrapUps());
    this.every(5_000, () => this.outcomes.closeForgottenWrapUps(this.inWrapUp));
  }

  /** The shop posts an order, again and again until it is taken. */
  receive(arrival: Arrival): void {
    const orderRef = this.nextId();
    this.insist(() => {
      const order = this.orders.accept(orderRef, arrival);
      this.time.after(order.giveUpAt.getTime() - this.time.nowMs(), () => this.giveUp(order));
    });
    if (arrival.cancelAtMs !== null)
      this.time.after(arrival.cancelAtMs - this.time.nowMs(), () => this.insist(() => this.orders.withdraw(orderRef)));
    const times = this.chance.isTrue(this.faults.jobsDoubledRatio) ? 2 : 1;
    for (let i = 0; i < times; i++) {
      if (this.chance.isTrue(this.faults.jobsLostRatio)) continue;
      this.time.after(this.chance.draw(this.faults.jobSeconds) * 1_000, () =>
        this.insist(() => {
          if (this.database.orders.has(orderRef)) this.orders.schedule(orderRef);
        }),
      );
    }
  }

  onOrder(order: OrderRow, before: OrderState | null): void {
    if (order.state.status === 'accepted') this.accepted.add(order);
    else if (before?.status === 'accepted') this.accepted.delete(order);
    if (order.state.status === 'wrap_up') this.inWrapUp.add(order);
    else if (before?.status === 'wrap_up') this.inWrapUp.delete(order);
  }

  private giveUp(order: OrderRow): void {
    this.insist(() => {
      if (!this.outcomes.giveUp(order)) this.time.after(SWEEP_MS, () => this.giveUp(order));
    });
  }

  private scheduleForgotten(): void {
    const before = this.time.nowMs() - FORGOTTEN_MS;
    for (const order of [...this.accepted]) {
      if (order.receivedAt.getTime() > before) break;
      this.orders.schedule(order.orderRef);
    }
  }

  private endOverdueWrapUps(): void {
    const now = this.time.date();
    for (const { agentId, presence } of this.database.agents.values()) {
      if (presence.state !== 'wrap_up' || presence.limitAt > now) continue;
      this.database.moveAgent(agentId, { kind: 'wrap_up_over', callId: presence.callId, hadLimit: true });
    }
  }

  private insist(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof DatabaseDown)) throw error;
      this.time.after(1_000, () => this.insist(work));
    }
  }

  private every(ms: number, work: () => void): void {
    this.time.after(ms, () => {
      if (this.database.isUp) work();
      this.every(ms, work);
    });
  }
}
