import type { Call } from '../../../src/core/call/call.js';
import { eventOfAgent, eventOfBuyer, type LegFact } from '../../../src/core/call/call-facts.js';
import type { TelephonyFact } from '../../../src/core/call/telephony.js';
import type { Chance } from '../engine/chance.js';
import { ProcessTime, type VirtualTime } from '../engine/virtual-time.js';
import type { FaultPlan, GroupPlan, TrunkPlan } from '../scenario/scenario.js';
import type { Exchange } from '../world/exchange.js';
import { AgentLegs } from './agent-legs.js';
import { CallMailbox, type MailboxHooks } from './call-mailbox.js';
import { CallRunner } from './call-runner.js';
import { DatabaseDown, type Database } from './database.js';
import type { DialQueue } from './dial-queue.js';
import { Lines } from './lines.js';
import { Link } from './link.js';
import type { Orders } from './orders.js';
import type { Outcomes } from './outcomes.js';
import type { ShopOfGroup } from './group-look.js';
import { Pacer, type PacerParts, type PacingRecord, type PlacedCall } from './pacer.js';
import { Reconciler } from './reconciler.js';
import type { AgentRow, CallRow, OrderRow } from './rows.js';

/** Everything outside of a dialer process that it works with. */
export interface DialerWorld {
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly faults: FaultPlan;
  readonly exchange: Exchange;
  readonly database: Database;
  readonly queue: DialQueue;
  readonly orders: Orders;
  readonly outcomes: Outcomes;
  readonly groups: readonly GroupPlan[];
  readonly trunks: readonly TrunkPlan[];
  readonly shopsOf: (groupId: string) => readonly ShopOfGroup[];
  readonly zonesOf: (order: OrderRow) => readonly string[];
  readonly nextId: () => string;
  readonly onDecision: (by: string, decision: PacingRecord) => void;
}

const POLL_MS = 500;
const LEAST_PAUSE_MS = 10;
/** A turn with its transaction takes about so long. */
const TURN_MS = 8;
/** One turn goes on placing calls for so many rounds before it looks at everything else again. */
const MOST_ROUNDS = 20;
const WAKE_MS = 2;
const RENEW_EVERY_MS = 2_000;
const RECONCILE_EVERY_MS = 5_000;

/** One dialer process: takes groups, tends their calls, lets the pacer place new ones. Its memory dies with it. */
export class Dialer {
  readonly time: ProcessTime;
  readonly link: Link;
  readonly live = new Map<string, CallMailbox>();
  private readonly led = new Map<string, { readonly epoch: number; readonly pacer: Pacer }>();
  private readonly replaced = new Set<string>();
  private readonly lines: Lines;
  private readonly legs: AgentLegs;
  private readonly runner: CallRunner;
  private readonly reconciler: Reconciler;
  private readonly hooks: MailboxHooks;
  private readonly stopListening: () => void;
  private claimedAt = -Infinity;
  private reconciledAt = -Infinity;
  private isWakePending = false;
  private isWoken = false;
  private isInTurn = false;
  private cancelRest: (() => void) | null = null;

  constructor(
    readonly name: string,
    private readonly world: DialerWorld,
  ) {
    const { exchange, database, orders, outcomes, faults } = world;
    const chance = world.chance.stream(name);
    this.time = new ProcessTime(world.time);
    this.link = new Link(world.time, this.time, exchange, faults, chance.stream('facts'), (fact) => this.onFact(fact));
    this.lines = new Lines(this.time, world.trunks, database);
    this.legs = new AgentLegs(this.time, exchange, this.link, database, world.nextId);
    this.runner = new CallRunner({
      name,
      time: this.time,
      exchange,
      link: this.link,
      database,
      orders,
      outcomes,
      legs: this.legs,
      lines: this.lines,
      onProgress: (row, before) => this.onProgress(row, before),
    });
    this.reconciler = new Reconciler(this.time, exchange, this.link, database, this.legs, this.live);
    this.hooks = {
      time: this.time,
      writeMs: () => 3 + chance.next() * 6,
      perform: (mailbox, action) => this.runner.perform(mailbox, action),
      save: (mailbox, before, call, version) => this.runner.save(mailbox, before, call, version),
      onClosed: (mailbox) => this.live.delete(mailbox.callId),
    };
    const wakeUps = chance.stream('wake-ups');
    this.stopListening = database.listen(() => {
      if (!wakeUps.isTrue(faults.wakeUpsLostRatio)) this.wakeSoon();
    });
    this.link.connect();
    this.time.after(0, () => this.turn());
  }

  /** SIGKILL. */
  kill(): void {
    this.time.kill();
    this.stopListening();
    this.link.cut();
  }

  private onProgress(row: CallRow, before: Call): void {
    const { call, route } = row;
    this.led.get(route.groupId)?.pacer.onMoved(row, before);
    const hadRung = before.ringingAt !== null || before.hasEarlyMedia;
    if (call.state === 'ended' || (!hadRung && call.ringingAt !== null)) this.lines.learn(row);
  }

  private wakeSoon(): void {
    if (this.isWakePending) return;
    this.isWakePending = true;
    this.world.time.after(WAKE_MS, () => {
      this.isWakePending = false;
      this.time.carryOut(() => this.wakeUp());
    });
  }

  private wakeUp(): void {
    this.isWoken = true;
    if (this.cancelRest === null) return;
    this.cancelRest();
    this.cancelRest = null;
    this.turn();
  }

  /** One at a time: a process that thaws finds its poll and its wake-up side by side. */
  private turn(): void {
    if (this.isInTurn) return;
    this.isInTurn = true;
    this.isWoken = false;
    try {
      this.work();
    } catch (error) {
      if (!(error instanceof DatabaseDown)) throw error;
      return this.rest();
    }
    this.placeCalls(MOST_ROUNDS);
  }

  /** Round after round until there is nothing to place: each one counts on the calls of those before it, which are alive after their commit. */
  private placeCalls(rounds: number): void {
    const placed = rounds > 0 && this.link.isUp ? this.placeOnce() : [];
    if (placed.length === 0) return this.rest();
    this.time.after(TURN_MS, () => {
      for (const { row, actions } of placed) this.start(row, actions);
      this.placeCalls(rounds - 1);
    });
  }

  private placeOnce(): PlacedCall[] {
    const placed: PlacedCall[] = [];
    try {
      for (const { pacer } of this.led.values()) placed.push(...pacer.tick());
    } catch (error) {
      if (!(error instanceof DatabaseDown)) throw error;
    }
    return placed;
  }

  private rest(): void {
    this.time.after(LEAST_PAUSE_MS + TURN_MS, () => {
      this.isInTurn = false;
      if (this.isWoken) return this.turn();
      this.cancelRest = this.time.after(POLL_MS, () => {
        this.cancelRest = null;
        this.turn();
      });
    });
  }

  private work(): void {
    for (const groupId of this.replaced) this.leave(groupId);
    this.replaced.clear();
    if (this.time.nowMs() - this.claimedAt > RENEW_EVERY_MS) this.claim();
    if (this.led.size > 0) this.tend();
  }

  private start(row: CallRow, actions: PlacedCall['actions']): void {
    if (this.live.has(row.callId)) return;
    const mailbox = new CallMailbox(row, this.hooks);
    this.live.set(row.callId, mailbox);
    for (const action of actions) this.runner.perform(mailbox, action);
  }

  private claim(): void {
    const { database, groups } = this.world;
    const claimed = database.claim(
      groups.map(({ group }) => group),
      this.name,
    );
    this.claimedAt = this.time.nowMs();
    for (const [groupId, { epoch }] of [...this.led]) if (claimed.get(groupId) !== epoch) this.leave(groupId);
    let isFresh = false;
    for (const [groupId, epoch] of claimed) {
      if (this.led.has(groupId)) continue;
      this.lead(groupId, epoch);
      isFresh = true;
    }
    if (isFresh) this.reconcile();
  }

  private lead(groupId: string, epoch: number): void {
    this.link.attachGroup(groupId);
    for (const row of this.world.database.adoptCalls(groupId, epoch)) {
      if (this.live.has(row.callId)) continue;
      this.live.set(row.callId, new CallMailbox(row, this.hooks));
      const { agent } = row.call;
      if (agent?.connection === 'per_call') this.legs.follow(agent.legId, agent.agentId, groupId);
    }
    this.led.set(groupId, { epoch, pacer: new Pacer(this.pacerParts(groupId), epoch) });
  }

  private pacerParts(groupId: string): PacerParts {
    const { database, queue, orders, nextId, zonesOf } = this.world;
    return {
      time: this.time,
      group: this.world.groups.find(({ group }) => group === groupId)!,
      shops: this.world.shopsOf(groupId),
      database,
      queue,
      orders,
      lines: this.lines,
      agents: [...database.agents.values()].filter((agent) => agent.groupIds.includes(groupId)),
      live: this.live,
      nextId,
      zonesOf,
      onDecision: (decision) => this.world.onDecision(this.name, decision),
    };
  }

  /** Its talks go on and are the next leader's. */
  private leave(groupId: string): void {
    this.led.delete(groupId);
    for (const [callId, mailbox] of this.live) {
      if (mailbox.route.groupId !== groupId) continue;
      mailbox.close();
      this.live.delete(callId);
    }
    this.legs.abandonGroup(groupId);
    this.link.detachGroup(groupId);
  }

  private floor(): AgentRow[] {
    return [...this.world.database.agents.values()].filter((agent) => this.led.has(agent.groupIds[0] ?? ''));
  }

  private tend(): void {
    const { database } = this.world;
    this.legs.tend((agent) => this.led.has(agent.groupIds[0] ?? ''));
    database.check();
    this.takeCommands();
    if (this.time.nowMs() - this.reconciledAt > RECONCILE_EVERY_MS) this.reconcile();
  }

  private takeCommands(): void {
    const { database } = this.world;
    if (database.commands.length === 0) return;
    const mine = database.commands.filter(({ callId }) => this.live.has(callId));
    database.commands = database.commands.filter(
      ({ callId }) => !this.live.has(callId) && database.calls.get(callId)?.isEnded === false,
    );
    for (const { callId, kind } of mine)
      this.live.get(callId)?.post(kind === 'withdraw' ? { kind: 'withdrawn' } : { kind: 'agent.hangup' });
  }

  private reconcile(): void {
    this.reconciledAt = this.time.nowMs();
    this.reconciler.run(this.floor());
  }

  private onFact(fact: TelephonyFact): void {
    if (fact.kind === 'link.up') this.reconciledAt = -Infinity;
    if (fact.kind === 'link.replaced') {
      this.replaced.add(fact.groupId);
      this.wakeUp();
    }
    if (!('legId' in fact)) return;
    const buyer = this.live.get(fact.legId);
    if (buyer !== undefined) {
      const event = eventOfBuyer(fact);
      if (event !== null) buyer.post(event);
      return;
    }
    if (!this.legs.isKnown(fact.legId)) return;
    this.legs.onFact(fact);
    this.onAgentFact(fact);
  }

  private onAgentFact(fact: LegFact): void {
    for (const mailbox of [...this.live.values()]) {
      const event = eventOfAgent(mailbox.call, fact);
      if (event !== null) mailbox.post(event);
    }
  }
}
