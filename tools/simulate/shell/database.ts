import { decide, type AgentAction, type AgentEvent, type Presence } from '../../../src/core/agent/agent.js';
import type { Call } from '../../../src/core/call/call.js';
import type { OrderState } from '../../../src/core/order/order-machine.js';
import type { VirtualTime } from '../engine/virtual-time.js';
import { isAtWork, type CallCommand } from './desk.js';
import type { AgentRow, CallRow, OrderRow, Route } from './rows.js';
import { hasRung } from './rows.js';

/** Postgres cannot be reached, or refuses writes; the caller tries again. */
export class DatabaseDown extends Error {}

/** Hears of every committed change, before anybody acts on it. */
export interface DatabaseWatcher {
  onOrder(order: OrderRow, before: OrderState | null): void;
  onCallPlaced(row: CallRow): void;
  onCall(row: CallRow, before: Call): void;
  onAgent(row: AgentRow, before: Presence): void;
  /** A leader's lease was taken; `isChange` when by another holder. */
  onLeader(groupId: string, holder: string, epoch: number, isChange: boolean): void;
}

interface Leader {
  holder: string;
  epoch: number;
  expiresMs: number;
}

const LEASE_MS = 6_000;

/**
 * Postgres as the dialer uses it: rows that outlive every process, transactions that are one after the other, unique indexes and the guards of
 * its UPDATEs (version, epoch, lease). A method is one transaction, or a part of one that runs through without anything in between.
 */
export class Database {
  isUp = true;
  readonly orders = new Map<string, OrderRow>();
  readonly calls = new Map<string, CallRow>();
  readonly agents = new Map<string, AgentRow>();
  /** The agent of each change of an agent's row, in their order: who reads on from where they stopped sees what is new. */
  readonly movedAgents: AgentRow[] = [];
  /** Agents at work in each group. */
  private readonly staff = new Map<string, number>();
  /** Groups in which somebody is at work. */
  readonly staffedGroups = new Set<string>();
  /** Agents whose phone is to be called, or let go. */
  readonly agentsToTend = new Set<AgentRow>();
  readonly liveCalls = new Set<CallRow>();
  /** Unique index: one live call to a number, over all shops. */
  private readonly liveByPhone = new Map<string, CallRow>();
  /** Unique index: one live call of an order. */
  private readonly liveByOrder = new Map<string, CallRow>();
  readonly liveByShop = new Map<string, number>();
  readonly liveByTrunk = new Map<string, number>();
  private readonly invites = new Map<string, CallRow[]>();
  readonly openByPhone = new Map<string, Set<OrderRow>>();
  /** Every call to a number, oldest first. */
  readonly callsByPhone = new Map<string, CallRow[]>();
  /** Ended calls, in the order in which they ended. */
  readonly endedCalls: CallRow[] = [];
  /** What is asked of live calls, for the process that runs them. */
  commands: CallCommand[] = [];
  private readonly leaders = new Map<string, Leader>();
  private readonly noticeListeners = new Set<() => void>();
  /** Hears of ends of wrap-ups, in the transaction that ends them. */
  onWrapUpEnded: (row: AgentRow, action: AgentAction) => void = () => undefined;

  constructor(
    private readonly time: VirtualTime,
    private readonly watcher: DatabaseWatcher,
  ) {}

  check(): void {
    if (!this.isUp) throw new DatabaseDown('the database cannot be reached');
  }

  /** NOTIFY: whoever listens looks for work. */
  notify(): void {
    for (const listener of this.noticeListeners) listener();
  }

  listen(listener: () => void): () => void {
    this.noticeListeners.add(listener);
    return () => this.noticeListeners.delete(listener);
  }

  /** Takes or renews the lease of each group; the epoch grows when the holder changes. */
  claim(groupIds: readonly string[], holder: string): Map<string, number> {
    this.check();
    const now = this.time.nowMs();
    const claimed = new Map<string, number>();
    for (const groupId of groupIds) {
      const leader = this.leaders.get(groupId);
      if (leader === undefined) {
        this.leaders.set(groupId, { holder, epoch: 1, expiresMs: now + LEASE_MS });
        this.watcher.onLeader(groupId, holder, 1, true);
        claimed.set(groupId, 1);
      } else if (leader.holder === holder || leader.expiresMs <= now) {
        const isChange = leader.holder !== holder;
        if (isChange) leader.epoch += 1;
        leader.holder = holder;
        leader.expiresMs = now + LEASE_MS;
        this.watcher.onLeader(groupId, holder, leader.epoch, isChange);
        claimed.set(groupId, leader.epoch);
      }
    }
    return claimed;
  }

  release(groupIds: readonly string[], holder: string): void {
    for (const groupId of groupIds) {
      const leader = this.leaders.get(groupId);
      if (leader?.holder === holder) leader.expiresMs = this.time.nowMs();
    }
  }

  /** Inserts a planned call and its attempt; false when the order or the number has a live call, or the leadership is over. */
  insertCall(call: Call, route: Route, isPredictive: boolean): boolean {
    this.check();
    const leader = this.leaders.get(route.groupId);
    if (leader?.epoch !== route.epoch || leader.expiresMs <= this.time.nowMs()) return false;
    if (this.liveByPhone.has(route.phone) || this.liveByOrder.has(route.orderRef)) return false;
    const { callId } = call;
    const row: CallRow = {
      callId,
      call,
      route,
      version: 0,
      isPredictive,
      isEnded: false,
      wrappedUpAt: null,
      lineTakenMs: null,
      invitedMs: null,
      orderRefs: [],
    };
    if (call.dialedAt !== null) this.takeLine(row);
    this.calls.set(row.callId, row);
    this.liveCalls.add(row);
    this.liveByPhone.set(route.phone, row);
    this.liveByOrder.set(route.orderRef, row);
    const ofPhone = this.callsByPhone.get(route.phone);
    if (ofPhone === undefined) this.callsByPhone.set(route.phone, [row]);
    else ofPhone.push(row);
    this.count(row, 1);
    this.addOrder(row, this.order(route.orderRef));
    this.watcher.onCallPlaced(row);
    return true;
  }

  /** The call has a line of its trunk from now on. */
  takeLine(row: CallRow): void {
    row.lineTakenMs = this.time.nowMs();
    const ofTrunk = this.invites.get(row.route.trunkId);
    if (ofTrunk === undefined) this.invites.set(row.route.trunkId, [row]);
    else ofTrunk.push(row);
  }

  /** Calls that took a line of the trunk since then, oldest first; earlier ones are forgotten. */
  invitesSince(trunkId: string, sinceMs: number): readonly CallRow[] {
    const ofTrunk = this.invites.get(trunkId) ?? [];
    let old = 0;
    while (old < ofTrunk.length && (ofTrunk[old]!.lineTakenMs ?? 0) <= sinceMs) old += 1;
    if (old > 0) ofTrunk.splice(0, old);
    return ofTrunk;
  }

  /** The call serves this order, too: an attempt of its own. */
  addOrder(row: CallRow, order: OrderRow): void {
    row.orderRefs.push(order.orderRef);
    order.attempts.push({
      callId: row.callId,
      number: order.attempts.length + 1,
      plannedAt: this.time.date(),
      result: null,
      endedAt: null,
      hasRung: false,
    });
  }

  /** Writes what a call became; false when it ended, or belongs to another leader by now. */
  saveCall(callId: string, call: Call, version: number, epoch: number): boolean {
    this.check();
    const row = this.calls.get(callId);
    if (row === undefined || row.version !== version || row.isEnded || row.route.epoch !== epoch) return false;
    const before = row.call;
    row.call = call;
    row.version += 1;
    if (call.state === 'ended') {
      row.isEnded = true;
      this.liveCalls.delete(row);
      this.liveByPhone.delete(row.route.phone);
      this.liveByOrder.delete(row.route.orderRef);
      this.endedCalls.push(row);
      this.count(row, -1);
      for (const orderRef of row.orderRefs) {
        const attempt = this.order(orderRef).attempts.find((one) => one.callId === callId);
        if (attempt === undefined) continue;
        attempt.result = call.result;
        attempt.endedAt = call.endedAt;
        attempt.hasRung = hasRung(call);
      }
    }
    this.watcher.onCall(row, before);
    return true;
  }

  /** The live calls of a group get the new leadership's epoch, so that the old leader's writes fail. */
  adoptCalls(groupId: string, epoch: number): CallRow[] {
    this.check();
    const adopted = [...this.liveCalls].filter((row) => row.route.groupId === groupId);
    for (const row of adopted) {
      row.route = { ...row.route, epoch };
      row.version += 1;
    }
    return adopted;
  }

  request(command: CallCommand): void {
    this.check();
    this.commands.push(command);
    this.notify();
  }

  isPhoneBusy(phone: string): boolean {
    return this.liveByPhone.has(phone);
  }

  order(orderRef: string): OrderRow {
    const order = this.orders.get(orderRef);
    if (order === undefined) throw new Error(`there is no order ${orderRef}`);
    return order;
  }

  insertOrder(order: OrderRow): void {
    this.check();
    this.orders.set(order.orderRef, order);
    const open = this.openByPhone.get(order.phone);
    if (open === undefined) this.openByPhone.set(order.phone, new Set([order]));
    else open.add(order);
    this.watcher.onOrder(order, null);
  }

  /** The order's row was changed by `change`, under its lock. */
  writeOrder(order: OrderRow, change: (order: OrderRow) => void): void {
    const before = order.state;
    change(order);
    if (order.state.status === 'final' && order.finishedAt === null) {
      order.finishedAt = this.time.date();
      this.openByPhone.get(order.phone)?.delete(order);
    }
    this.watcher.onOrder(order, before);
  }

  agent(agentId: string): AgentRow {
    const agent = this.agents.get(agentId);
    if (agent === undefined) throw new Error(`there is no agent ${agentId}`);
    return agent;
  }

  addAgent(agent: AgentRow): void {
    this.agents.set(agent.agentId, agent);
    this.noteAgent(agent, null);
  }

  /** Asks the presence machine and writes its decision; false when the event changed nothing. */
  moveAgent(agentId: string, event: AgentEvent): boolean {
    this.check();
    const row = this.agent(agentId);
    const decision = decide(row.presence, event, this.time.date(), row.limits);
    if ('ignored' in decision) return false;
    const before = row.presence;
    row.presence = decision.presence;
    this.noteAgent(row, before);
    if (before.state === 'wrap_up' && decision.presence.state !== 'wrap_up') {
      const call = this.calls.get(before.callId);
      if (call !== undefined) call.wrappedUpAt = this.time.date();
    }
    this.watcher.onAgent(row, before);
    for (const action of decision.actions) this.onWrapUpEnded(row, action);
    this.notify();
    return true;
  }

  private noteAgent(row: AgentRow, before: Presence | null): void {
    const { presence, groupIds } = row;
    this.movedAgents.push(row);
    if (isToTend(presence)) this.agentsToTend.add(row);
    else this.agentsToTend.delete(row);
    const by = Number(isAtWork(presence)) - Number(before !== null && isAtWork(before));
    if (by === 0) return;
    for (const groupId of groupIds) {
      const count = (this.staff.get(groupId) ?? 0) + by;
      this.staff.set(groupId, count);
      if (count > 0) this.staffedGroups.add(groupId);
      else this.staffedGroups.delete(groupId);
    }
  }

  private count(row: CallRow, by: number): void {
    const { shopId, trunkId } = row.route;
    this.liveByShop.set(shopId, (this.liveByShop.get(shopId) ?? 0) + by);
    this.liveByTrunk.set(trunkId, (this.liveByTrunk.get(trunkId) ?? 0) + by);
  }
}

function isToTend(presence: Presence): boolean {
  if (presence.state === 'connecting' || presence.state === 'lost') return true;
  return presence.state === 'offline' && presence.legId !== null && presence.isLegUp;
}
