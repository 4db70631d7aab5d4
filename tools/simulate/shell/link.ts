import type { CommandResult, TelephonyFact } from '../../../src/core/call/telephony.js';
import type { VirtualListener } from '../../../src/core/telephony/virtual-network.js';
import type { Chance } from '../engine/chance.js';
import type { ProcessTime, VirtualTime } from '../engine/virtual-time.js';
import type { FaultPlan } from '../scenario/scenario.js';
import type { Exchange } from '../world/exchange.js';

/** There and back. */
const COMMAND_MS = 4;

/**
 * A dialer's connection to the exchange: commands there, facts back, either of which can go wrong. What a killed process has sent is carried
 * out all the same; what reaches a frozen one waits for it.
 */
export class Link implements VirtualListener {
  private readonly groups = new Set<string>();
  isUp = false;

  constructor(
    private readonly time: VirtualTime,
    private readonly process: ProcessTime,
    private readonly exchange: Exchange,
    private readonly faults: FaultPlan,
    private readonly chance: Chance,
    private readonly hear: (fact: TelephonyFact) => void,
  ) {}

  connect(): void {
    if (this.isUp) return;
    this.isUp = true;
    this.exchange.connect(this);
    for (const groupId of this.groups) this.exchange.network.attachGroup(groupId, this);
    this.hear({ kind: 'link.up', at: this.time.date() });
  }

  /** Facts are not heard from now on and not repeated later. */
  cut(): void {
    this.isUp = false;
    this.exchange.network.disconnect(this);
  }

  attachGroup(groupId: string): void {
    this.groups.add(groupId);
    if (this.isUp) this.exchange.network.attachGroup(groupId, this);
  }

  detachGroup(groupId: string): void {
    this.groups.delete(groupId);
    this.exchange.network.detachGroup(groupId, this);
  }

  /** Gives a command; `done` hears what became of it. Calls that could not be placed are refused, anything else is unknown. */
  command(isOriginate: boolean, work: () => CommandResult, done: (result: CommandResult) => void): void {
    const reason = 'the link to the exchange is down';
    const failed: CommandResult = isOriginate ? { kind: 'refused', reason, status: 0 } : { kind: 'unknown', reason };
    if (!this.isUp) {
      this.process.after(1, () => done(failed));
      return;
    }
    this.time.after(COMMAND_MS / 2, () => {
      const result = work();
      this.process.after(COMMAND_MS / 2, () => done(result));
    });
  }

  onFact(fact: TelephonyFact): void {
    if (fact.kind === 'link.replaced') {
      this.groups.delete(fact.groupId);
      this.process.carryOut(() => this.hear(fact));
      return;
    }
    const { faults, chance } = this;
    if (faults.factsLostRatio > 0 && chance.isTrue(faults.factsLostRatio)) return;
    if (faults.factsDoubledRatio > 0 && chance.isTrue(faults.factsDoubledRatio)) this.deliverLater(fact);
    if (faults.factsLateRatio > 0 && chance.isTrue(faults.factsLateRatio)) this.deliverLater(fact);
    else this.process.carryOut(() => this.hear(fact));
  }

  private deliverLater(fact: TelephonyFact): void {
    this.time.after(this.chance.draw(this.faults.factsLateSeconds) * 1_000, () => {
      if (this.isUp) this.process.carryOut(() => this.hear(fact));
    });
  }
}
