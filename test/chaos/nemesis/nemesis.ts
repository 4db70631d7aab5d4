import { setTimeout as pause } from 'node:timers/promises';
import { waitFor } from '../../support/wait.js';
import type { Floor } from '../load/floor.js';
import type { Service } from '../stack/service.js';
import type { Stack } from '../stack/stack.js';
import type { Fault, FaultRecord, Target } from './fault.js';
import { PEOPLE_FAULTS } from './people-faults.js';
import { SERVICE_FAULTS } from './service-faults.js';
import { STORE_FAULTS } from './store-faults.js';
import { TELEPHONY_FAULTS } from './telephony-faults.js';

/** Every kind of fault that a run may do. */
export const FAULTS: readonly Fault[] = [...SERVICE_FAULTS, ...STORE_FAULTS, ...TELEPHONY_FAULTS, ...PEOPLE_FAULTS];

/**
 * The order of faults of a run: the wanted kinds again and again, each time shuffled by the seed, so that in any stretch of the run every kind
 * has had its turn about as often.
 */
export function* schedule(faults: readonly Fault[], random: () => number): Generator<Fault> {
  if (faults.length === 0) return;
  for (;;) {
    const round = [...faults];
    for (let last = round.length - 1; last > 0; last -= 1) {
      const other = Math.floor(random() * (last + 1));
      [round[last], round[other]] = [round[other]!, round[last]!];
    }
    yield* round;
  }
}

/** Does one fault after the other until it is told to stop, with rests in between, and writes down what it did and how that is known. */
export class Nemesis {
  readonly records: FaultRecord[] = [];
  private isStopped = false;

  constructor(
    private readonly stack: Stack,
    private readonly floor: Floor,
    private readonly faults: readonly Fault[],
    private readonly random: () => number,
    private readonly say: (line: string) => void,
  ) {}

  /** Until `untilMs` of the monotonic clock; the fault at hand is healed. */
  async run(untilMs: number): Promise<void> {
    const target = this.target();
    for (const fault of schedule(this.faults, this.random)) {
      if (this.isStopped || performance.now() + fault.lastsMs > untilMs) break;
      await this.do(fault, target);
      const rest = Math.min(fault.restMs * (0.5 + this.random()), Math.max(0, untilMs - performance.now()));
      await pause(rest);
    }
  }

  stop(): void {
    this.isStopped = true;
  }

  /** One fault from its beginning to its end. */
  async do(fault: Fault, target = this.target()): Promise<FaultRecord> {
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
    }
    for (const { shop, line } of shops) {
      shop.behave(undefined);
      line.mend();
    }
    if (!pbx.instance.isRunning()) await this.stack.restartExchange();
    await Promise.all(services.map((service) => service.start()));
  }

  private target(): Target {
    const { stack, floor, random } = this;
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
