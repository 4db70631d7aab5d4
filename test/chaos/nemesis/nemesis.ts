import { setTimeout as pause } from 'node:timers/promises';
import { seededRandom } from '../../../tools/demo-shop/demo-orders.js';
import { waitFor } from '../../support/wait.js';
import type { Floor } from '../load/floor.js';
import type { Service } from '../stack/service.js';
import type { Stack } from '../stack/stack.js';
import type { Fault, FaultRecord, Target } from './fault.js';
import { PEOPLE_FAULTS } from './people-faults.js';
import { describePlan, planTracks, type SchedulePlan } from './schedule.js';
import { SERVICE_FAULTS } from './service-faults.js';
import { STORE_FAULTS } from './store-faults.js';
import { TELEPHONY_FAULTS } from './telephony-faults.js';

/** Every kind of fault that a run may do. */
export const FAULTS: readonly Fault[] = [...SERVICE_FAULTS, ...STORE_FAULTS, ...TELEPHONY_FAULTS, ...PEOPLE_FAULTS];

/** Does one fault after the other until it is told to stop, with rests in between, and writes down what it did and how that is known. */
export class Nemesis {
  readonly records: FaultRecord[] = [];
  private isStopped = false;

  constructor(
    private readonly stack: Stack,
    private readonly floor: Floor,
    private readonly faults: readonly Fault[],
    private readonly seed: number,
    private readonly say: (line: string) => void,
  ) {}

  /** Until `untilMs` of the monotonic clock; the fault at hand is healed. */
  async run(untilMs: number): Promise<void> {
    const plans = planTracks(this.faults, (untilMs - performance.now()) / 1_000, this.seed);
    await Promise.all(plans.map((plan, index) => this.follow(plan, untilMs, seededRandom(this.seed + 2 * index + 1))));
  }

  private async follow(plan: SchedulePlan, untilMs: number, random: () => number): Promise<void> {
    const target = this.target(random);
    this.say(describePlan(plan));
    for (const fault of plan.order) {
      if (this.isStopped || performance.now() + fault.lastsMs > untilMs) break;
      await this.do(fault, target);
      const rest = fault.restMs * plan.restFactor * (0.5 + random());
      await pause(Math.min(rest, Math.max(0, untilMs - performance.now())));
    }
  }

  stop(): void {
    this.isStopped = true;
  }

  /** One fault from its beginning to its end. */
  async do(fault: Fault, target: Target): Promise<FaultRecord> {
    const from = new Date();
    this.say(`${fault.name} begins`);
    let proof: string | null = null;
    try {
      const injected = await fault.inject(target);
      await pause(fault.lastsMs);
      proof = await injected.heal();
    } catch (error) {
      this.say(`${fault.name} could not be done: ${String(error)}`);
    }
    const record = { name: fault.name, covers: fault.covers, hits: fault.hits, from, to: new Date(), proof };
    this.records.push(record);
    this.say(`${fault.name} is over: ${proof ?? 'NOT PROVEN'}`);
    return record;
  }

  /** Everything works again, whatever a fault has left behind. */
  async healAll(): Promise<void> {
    const { services, shops, redis, pbx, carrier } = this.stack;
    for (const pid of [redis.pid, pbx.instance.pid, carrier.gate.pid]) wake(pid);
    for (const service of services) {
      wake(service.pid);
      service.mend();
      service.setClock(0);
    }
    for (const { shop, line } of shops) {
      shop.behave(undefined);
      line.mend();
    }
    if (!pbx.instance.isRunning()) await this.stack.restartExchange();
    await this.stack.disk?.empty();
    await Promise.all(services.map((service) => service.start()));
  }

  private target(random: () => number): Target {
    const { stack, floor } = this;
    const leader = async (): Promise<Service> =>
      waitFor(
        'a leader',
        async () => {
          const pid = await stack.database.leaderPid().catch(() => null);
          return stack.services.find((service) => service.isRunning && service.pid === pid);
        },
        20_000,
      );
    return {
      stack,
      floor,
      random,
      leader,
      async standby() {
        const first = await leader();
        const other = stack.services.find((service) => service !== first && service.isRunning);
        if (other === undefined) throw new Error('there is no other process');
        return other;
      },
    };
  }
}

function wake(pid: number): void {
  try {
    if (pid > 0) process.kill(pid, 'SIGCONT');
  } catch {
    // It has ended.
  }
}
