import type { Presence } from '../../src/core/agent/agent.js';
import { newPresence } from '../../src/core/agent/agent.js';
import { boundingHours } from '../../src/core/calling-hours/jurisdiction.js';
import { ringRules } from '../../src/core/calling-hours/may-ring.js';
import type { Call } from '../../src/core/call/call.js';
import type { BuyerCallRequest, TelephonyFact } from '../../src/core/call/telephony.js';
import type { OrderState } from '../../src/core/order/order-machine.js';
import type { FarEndStep } from '../../src/core/telephony/far-end.js';
import { Chance } from './engine/chance.js';
import { EventLog } from './engine/event-log.js';
import { VirtualTime } from './engine/virtual-time.js';
import { BuyerPeace } from './invariants/buyer-peace.js';
import { CarrierSide } from './invariants/carrier-side.js';
import { Findings, type Violation } from './invariants/findings.js';
import { RecordSide } from './invariants/record-side.js';
import { figuresOf, type Figures } from './report/figures.js';
import { Ledger, type Slice } from './report/ledger.js';
import type { Scenario, ShopPlan } from './scenario/scenario.js';
import { Database, type DatabaseWatcher } from './shell/database.js';
import { DialQueue } from './shell/dial-queue.js';
import type { DialerWorld } from './shell/dialer.js';
import { Orders } from './shell/orders.js';
import { Outcomes } from './shell/outcomes.js';
import type { AgentRow, CallRow, OrderRow } from './shell/rows.js';
import { Worker } from './shell/worker.js';
import { arrivalsOf } from './world/arrivals.js';
import { Buyers } from './world/buyers.js';
import { dayOf, hourOf, type Day } from './world/day.js';
import { Exchange, type CarrierWatcher, type CommandSource, type Trunk } from './world/exchange.js';
import { Nemesis } from './world/nemesis.js';
import { People } from './world/people.js';

export interface RunOptions {
  readonly seed: number;
  /** How many lines of the event log are kept for whoever looks for a cause. */
  readonly keepLines?: number;
  /** Ends the run at the first so many broken invariants. */
  readonly mostViolations?: number;
}

export interface RunResult {
  readonly figures: Figures;
  readonly slices: readonly Slice[];
  readonly violations: readonly Violation[];
  /** Of the event log: the same seed gives the same. */
  readonly hash: string;
  readonly lines: number;
  readonly steps: number;
  /** Every call that ended, as the service wrote it down. */
  readonly calls: readonly SeenCall[];
  /** Faults that were injected, by kind. */
  readonly troubles: Readonly<Record<string, number>>;
  /** The lines of the log about the first violation. */
  readonly story: readonly string[];
}

/** Seconds since 1970; null: it did not come to that. */
export interface SeenCall {
  readonly dialed: number;
  readonly ringing: number | null;
  readonly answered: number | null;
  readonly connected: number | null;
  readonly ended: number;
  /** When its agent had written down the result. */
  readonly wrapped: number | null;
  readonly result: string;
}

/** After the day: time for all that is under way to end. */
const REST_MS = 45 * 60_000;

/** Plays a scenario from begin to end. */
export function run(scenario: Scenario, options: RunOptions): RunResult {
  return new Simulation(scenario, options).play();
}

class Simulation implements DatabaseWatcher, CarrierWatcher {
  private readonly day: Day;
  private readonly time: VirtualTime;
  private readonly chance: Chance;
  private readonly log: EventLog;
  private readonly findings: Findings;
  private readonly database: Database;
  private readonly exchange: Exchange;
  private readonly records: RecordSide;
  private readonly carrier: CarrierSide;
  private readonly peace: BuyerPeace;
  private readonly ledger: Ledger;
  private readonly orders: Orders;
  private readonly worker: Worker;
  private readonly people: People;
  private readonly nemesis: Nemesis;
  private readonly buyers = new Map<string, Buyers>();
  private readonly shops: ReadonlyMap<string, ShopPlan>;
  private readonly machines = new Set<string>();
  private readonly troubles: Record<string, number> = {};
  private readonly agents: { row: AgentRow; plan: Scenario['agents'][number] }[] = [];
  private ids = 0;

  constructor(
    private readonly scenario: Scenario,
    options: RunOptions,
  ) {
    this.day = dayOf(scenario);
    this.time = new VirtualTime(this.day.startMs - 60_000);
    this.chance = new Chance(`${scenario.name} ${options.seed}`);
    this.log = new EventLog(options.keepLines ?? 20_000);
    this.findings = new Findings(this.time, options.mostViolations ?? 1);
    this.shops = new Map(scenario.shops.map((shop) => [shop.shop, shop]));
    const settingsOf = (shopId: string) => this.shop(shopId).settings;
    const groups = new Map(scenario.groups.map((group) => [group.group, group]));
    this.records = new RecordSide({
      findings: this.findings,
      settingsOf,
      pastOf: (shopId) => this.shop(shopId).past,
      modeOf: (groupId, shopId) => groups.get(groupId)?.dialing ?? settingsOf(shopId).dialing,
    });
    this.carrier = new CarrierSide(
      this.findings,
      scenario.trunks,
      this.records,
      (groupId) => groups.get(groupId)?.maxTalkSeconds ?? 3_600,
      (callId) => this.isWithdrawn(callId),
    );
    this.database = new Database(this.time, this);
    this.records.carrier = this.carrier;
    this.records.database = this.database;
    const trunks = new Map<string, Trunk>(
      scenario.trunks.map(({ trunk, maxChannels }) => [trunk, { trunkId: trunk, maxChannels, isOut: false }]),
    );
    this.exchange = new Exchange(this.time, trunks, (number, legId) => this.farEnd(number, legId), this);
    this.carrier.exchange = this.exchange;
    const zonesOf = (order: OrderRow) => [order.timeZone ?? settingsOf(order.shopId).timeZone];
    this.peace = new BuyerPeace(this.findings, this.database, settingsOf, zonesOf, ({ jurisdiction }) =>
      boundingHours(jurisdiction),
    );
    const queue = new DialQueue();
    this.ledger = new Ledger(
      this.time,
      this.day,
      () => this.database,
      () => this.exchange.buyers.size,
      () => queue.isAnyDue(this.time.date()),
    );
    for (const { shop, settings } of scenario.shops)
      queue.addShop(shop, {
        whenLate: settings.firstCall.whenLate,
        patienceMs: settings.retry.patienceMinutes * 60_000,
        share: settings.share,
      });
    this.orders = new Orders(this.time, this.database, queue, settingsOf, (callId) => {
      // The buyer's other orders keep the call going.
      if (this.isWithdrawn(callId)) this.database.request({ callId, kind: 'withdraw' });
    });
    const outcomes = new Outcomes(
      this.time,
      this.database,
      this.orders,
      settingsOf,
      this.chance.stream('retries').next,
    );
    const nextId = () => this.nextId();
    this.worker = new Worker(
      this.time,
      this.chance.stream('worker'),
      scenario.faults,
      this.database,
      this.orders,
      outcomes,
      nextId,
    );
    this.people = new People({
      time: this.time,
      chance: this.chance.stream('people'),
      talk: scenario.talk,
      day: this.day,
      database: this.database,
      outcomes,
      buyerHangsUp: (callId) => this.exchange.network.hangUpByThem(callId),
      isMachine: (callId) => this.machines.has(callId),
    });
    const shopsOf = scenario.groups.map(({ group }) => ({
      group,
      shops: scenario.shops
        .filter(({ settings }) => settings.agentGroups.some((choice) => choice.group === group))
        .map(({ shop, settings, past }) => ({ shopId: shop, settings, rules: ringRules(settings, []), past })),
    }));
    const dialerWorld: DialerWorld = {
      time: this.time,
      chance: this.chance.stream('dialers'),
      faults: scenario.faults,
      exchange: this.exchange,
      database: this.database,
      queue,
      orders: this.orders,
      outcomes,
      groups: scenario.groups,
      trunks: scenario.trunks,
      shopsOf: (groupId) => shopsOf.find(({ group }) => group === groupId)?.shops ?? [],
      zonesOf,
      nextId,
      onDecision: (by, decision) => {
        this.records.onDecision(decision);
        if (decision.dial > 0) this.write(`decide ${by} ${decision.groupId} ${decision.dial} ${decision.reason}`);
      },
    };
    this.addAgents();
    this.nemesis = new Nemesis({
      time: this.time,
      chance: this.chance.stream('faults'),
      faults: scenario.faults,
      day: this.day,
      exchange: this.exchange,
      database: this.database,
      trunks,
      dialerWorld,
      agents: this.agents.map(({ row }) => row),
      onTrouble: (kind, untilMs, who) => {
        this.troubles[kind] = (this.troubles[kind] ?? 0) + 1;
        this.findings.onTrouble(untilMs);
        this.write(`trouble ${kind} of ${who} for ${untilMs - this.time.nowMs()} ms`);
      },
    });
  }

  play(): RunResult {
    this.ledger.start();
    this.worker.start();
    this.nemesis.start();
    for (const { row, plan } of this.agents) this.people.employ(row, plan);
    this.scenario.shops.forEach((shop, i) => {
      this.buyers.set(shop.shop, new Buyers(shop.buyers, this.chance.stream(`buyers ${shop.shop}`)));
      for (const arrival of arrivalsOf(shop, this.day, this.chance.stream(`orders ${shop.shop}`), i * 40_000))
        this.time.after(arrival.atMs - this.time.nowMs(), () => this.worker.receive(arrival));
    });
    const isOver = () => this.findings.isFull;
    this.time.run(this.day.endMs, () => undefined, isOver);
    this.time.run(this.day.endMs + REST_MS, () => undefined, isOver);
    if (!isOver()) this.records.checkRest();
    this.ledger.finish();
    const [first] = this.findings.violations;
    return {
      figures: figuresOf(this.ledger, this.scenario),
      slices: this.ledger.slices,
      violations: this.findings.violations,
      hash: this.log.hash(),
      lines: this.log.lines,
      steps: this.time.steps,
      calls: this.calls(),
      troubles: this.troubles,
      story: first === undefined ? [] : this.log.about(first.ids, 60),
    };
  }

  onOrder(order: OrderRow, before: OrderState | null): void {
    const { status } = order.state;
    if (before?.status !== status) this.write(`order ${order.orderRef} ${status}`);
    const wasQueued = before?.status === 'accepted' || before?.status === 'scheduled';
    const isQueued = status === 'accepted' || status === 'scheduled';
    if (wasQueued !== isQueued) this.ledger.onOrderQueued(isQueued ? 1 : -1);
    this.records.onOrder(order, before);
    this.worker.onOrder(order, before);
  }

  onCallPlaced(row: CallRow): void {
    this.write(`call ${row.callId} placed for ${row.route.orderRef} agent ${row.call.agent?.agentId ?? 'none'}`);
    this.records.onCallPlaced(row);
    this.peace.onCallPlaced(row);
  }

  onCall(row: CallRow, before: Call): void {
    const { call } = row;
    const what = call.state === 'ended' ? `ended ${call.result} ${call.because}` : call.state;
    this.write(`call ${row.callId} ${what}`);
    this.records.onCall(row, before);
  }

  onAgent(row: AgentRow, before: Presence): void {
    const { presence } = row;
    this.write(`agent ${row.agentId} ${before.state} -> ${presence.state}`);
    this.records.onAgent(row, before);
    this.ledger.onAgent(row, before);
    this.people.onAgent(row, before);
  }

  onLeader(groupId: string, holder: string, epoch: number, isChange: boolean): void {
    if (isChange) this.write(`leader ${groupId} ${holder} ${epoch}`);
    this.records.onLeader(groupId, holder, epoch, isChange);
  }

  onInvite(request: BuyerCallRequest, by: CommandSource): void {
    this.write(`invite ${request.legId} by ${by.process}`);
    this.carrier.onInvite(request, by);
    this.peace.onInvite(request.legId);
  }

  onBridge(buyerLegId: string, agentLegId: string, by: CommandSource): void {
    this.carrier.onBridge(buyerLegId, agentLegId, by);
    this.records.onBridge(buyerLegId, agentLegId);
  }

  onFact(fact: TelephonyFact): void {
    if ('legId' in fact) this.write(`fact ${fact.kind} ${fact.legId}`);
    this.carrier.onFact(fact);
    if (fact.kind === 'leg.answered') this.loosePatience(fact.legId);
  }

  onMessage(legId: string): void {
    this.carrier.onMessage(legId);
  }

  onReset(): void {
    this.write('exchange reset');
    this.carrier.onReset();
  }

  private calls(): SeenCall[] {
    const seconds = (at: Date | null): number | null => (at === null ? null : at.getTime() / 1_000);
    return this.database.endedCalls.flatMap(({ call, wrappedUpAt }) =>
      call.state !== 'ended'
        ? []
        : [
            {
              dialed: (call.dialedAt ?? call.plannedAt).getTime() / 1_000,
              ringing: seconds(call.ringingAt),
              answered: seconds(call.answeredAt),
              connected: seconds(call.connectedAt),
              ended: call.endedAt.getTime() / 1_000,
              wrapped: seconds(wrappedUpAt),
              result: call.result,
            },
          ],
    );
  }

  private addAgents(): void {
    for (const plan of this.scenario.agents) {
      const groups = this.scenario.groups.filter(({ group }) => plan.groups.includes(group));
      for (let i = 0; i < plan.count; i++) {
        const agentId = this.nextId();
        const row: AgentRow = {
          agentId,
          groupIds: plan.groups,
          skills: plan.skills,
          endpoint: `PJSIP/agent-${this.agents.length + 1}`,
          limits: {
            reservedSeconds: 60,
            maxTalkSeconds: Math.max(...groups.map((group) => group.maxTalkSeconds)),
            wrapUpSeconds: Math.max(...groups.map((group) => group.wrapUpSeconds)),
          },
          presence: newPresence(plan.connection, this.time.date()),
        };
        this.database.addAgent(row);
        this.agents.push({ row, plan });
      }
    }
  }

  /** An answered buyer waits only so long for an agent. */
  private loosePatience(legId: string): void {
    const row = this.database.calls.get(legId);
    if (row === undefined || this.machines.has(legId)) return;
    const patienceMs = this.buyers.get(row.route.shopId)?.patienceMs() ?? 10_000;
    if (patienceMs > 10_000) return;
    this.time.after(patienceMs, () => {
      if (this.carrier.isWaiting(legId)) this.exchange.network.hangUpByThem(legId);
    });
  }

  private farEnd(number: string, legId: string): readonly FarEndStep[] {
    const row = this.database.calls.get(legId);
    const buyers = row === undefined ? undefined : this.buyers.get(row.route.shopId);
    if (row === undefined || buyers === undefined) return [];
    const { steps, isMachine } = buyers.farEnd(number, row.route.number, hourOf(this.day, this.time.nowMs()));
    if (isMachine) this.machines.add(legId);
    return steps;
  }

  private isWithdrawn(callId: string): boolean {
    const orders = this.database.calls.get(callId)?.orderRefs ?? [];
    return orders.every((orderRef) => this.database.order(orderRef).withdrawRequestedAt !== null);
  }

  private shop(shopId: string): ShopPlan {
    const shop = this.shops.get(shopId);
    if (shop === undefined) throw new Error(`there is no shop ${shopId}`);
    return shop;
  }

  private nextId(): string {
    this.ids += 1;
    return `00000000-0000-7000-8000-${this.ids.toString(16).padStart(12, '0')}`;
  }

  private write(line: string): void {
    this.log.write(`${this.time.nowMs()} ${line}`);
  }
}
