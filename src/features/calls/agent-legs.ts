import { Inject, Injectable } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import { AGENT_RING_SECONDS } from '../../core/call/call.js';
import type { Telephony, TelephonyFact } from '../../core/call/telephony.js';
import { ORIGINATE_TIMEOUT_MS } from '../../platform/ari/ari-transport.js';
import { DatabaseClock } from '../../platform/clock/database-clock.js';
import { Log } from '../../platform/log/log.js';
import { SOFTPHONE, type PresenceView } from '../agents/agents.events.js';
import { AgentsService } from '../agents/agents.service.js';
import { AgentPhones } from './agent-phones.js';
import { EachNode } from './each-node.js';
import { LineNodes } from './line-nodes.js';
import { TELEPHONY } from './telephony.provider.js';

const LEASE_SECONDS = 30;
const RENEW_EVERY_MS = 10_000;
/**
 * Leases that are renewed in one turn: a part of all, so that neither the turn nor the exchange meets them all at once. A turn comes twice a second and more
 * often: all are renewed long before the lease ends.
 */
const RENEWED_AT_ONCE = { share: 5, least: 8 } as const;
/** When the command to call a phone has surely arrived or never will. */
const SETTLED_AFTER_MS = ORIGINATE_TIMEOUT_MS + 500;
/** A standing leg that is neither up nor ended by then is given up: its facts were lost. */
const UP_WITHIN_MS = (AGENT_RING_SECONDS + 8) * 1_000;
/** How much longer than the talk the agent's leg is leased, so that the buyer's side always ends first. */
const LONGER_THAN_TALK_SECONDS = 30;
/** After a leg was lost or refused, the phone is left alone this long. */
const CALL_AGAIN_MS = 1_000;

/** A leg this young is no lost one: the phone has asked before it came up. */
const YOUNG_MS = 2_000;
/** Q.850: tells a line that was lost from a phone that was put down (16), which ends the talk. */
const TEMPORARY_FAILURE = 41;

interface Leg {
  readonly agentId: string;
  readonly telephony: Telephony;
  readonly groupId: string;
  readonly isStanding: boolean;
  readonly calledAtMs: number;
  isUp: boolean;
  /** Since when it is known to be up, monotonic. */
  upAtMs: number;
  /** When its lease was last renewed, monotonic; -Infinity: not by this process. */
  renewedAtMs: number;
  /** The agent's presence knows that the leg is up. */
  isTold: boolean;
  /** Until when a talk needs the leg, monotonic; 0 = no talk. */
  lentUntilMs: number;
}

/** What a comparison has found on a node. */
interface FoundLegs {
  readonly node: Telephony;
  readonly alive: ReadonlySet<string>;
  /** Of those, the ones that are up and in no bridge. */
  readonly unseated: ReadonlySet<string>;
  /** When the node was asked, monotonic. */
  readonly askedAtMs: number;
}

/**
 * The standing legs of persistent agents: called when the agent signs in, kept by a lease of 30 s (a dead dialer leaves no open phone behind),
 * called again when lost, ended when the agent leaves. During a talk the lease covers the talk: should the dialer die, the talk goes on, and the
 * buyer is not left alone in the bridge. Legs of per-call agents are only followed here; the call itself makes them.
 */
@Injectable()
export class AgentLegs {
  private readonly legs = new Map<string, Leg>();
  private readonly restUntil = new Map<string, number>();
  private readonly untoldEnds = new Map<string, { agentId: string; reason: 'ended' | 'refused' }>();
  private readonly eachNode: EachNode;

  constructor(
    @Inject(TELEPHONY) private readonly nodes: readonly Telephony[],
    private readonly agents: AgentsService,
    private readonly phones: AgentPhones,
    private readonly lineNodes: LineNodes,
    private readonly log: Log,
    private readonly clock: DatabaseClock,
  ) {
    this.eachNode = new EachNode((node, kind, error) =>
      log.warn("agents' lines could not be tended on a node", { node, kind, error }),
    );
  }

  /** Calls who is missing, ends who has left, renews the leases; called at every turn of the dialer. */
  async tend(groupIds: readonly string[]): Promise<void> {
    const now = performance.now();
    await this.renewDue();
    const floor = await this.floorOf(groupIds);
    await this.phones.tend(floor);
    await this.tellAgain(now);
    const missing = await Promise.all(
      floor
        .filter((agent) => this.isMissing(agent, now))
        .map(async (agent) => ({ agent, node: await this.phones.nodeFor(agent) })),
    );
    const left = floor.filter((agent) => agent.state === 'offline' && agent.legId !== null && agent.isLegUp);
    const moving = await this.lineNodes.toMove(floor);
    await this.eachNode.run(
      'call, end and move lines',
      this.nodes.filter(({ isUp }) => isUp),
      async (node) => {
        await Promise.all([
          ...missing.filter((one) => one.node === node).map(({ agent }) => this.call(agent, node)),
          ...left.filter((agent) => this.isOn(agent, node)).map((agent) => this.end(agent, node)),
          ...moving.filter((agent) => agent.legNode === node.node).map((agent) => this.giveUp(agent, node)),
        ]);
      },
    );
    const [, ...others] = this.nodes;
    const unreached = moving.filter((agent) => !this.nodes.some(({ node, isUp }) => isUp && node === agent.legNode));
    if (others.length > 0) for (const agent of unreached) await this.giveUp(agent, null);
  }

  /** Renews a part of the leases that are due, the oldest first. Needs no database: an outage must not cost the agents their legs. */
  async renewDue(): Promise<void> {
    const now = performance.now();
    const standing = [...this.legs].filter(([, leg]) => leg.isStanding && leg.isUp);
    const due = standing
      .filter(([, leg]) => now - leg.renewedAtMs >= RENEW_EVERY_MS)
      .sort(([, a], [, b]) => a.renewedAtMs - b.renewedAtMs || 0)
      .slice(0, Math.max(RENEWED_AT_ONCE.least, Math.ceil(standing.length / RENEWED_AT_ONCE.share)));
    for (const [, leg] of due) leg.renewedAtMs = now;
    const nodes = this.nodes.filter((node) => due.some(([, leg]) => leg.telephony === node));
    await this.eachNode.run('renew leases', nodes, async (node) => {
      const there = due.filter(([, leg]) => leg.telephony === node);
      await Promise.all(there.map(([legId, leg]) => this.renewLease(legId, leg)));
    });
  }

  /**
   * Brings belief in line with a node: takes over standing legs that it still holds, gives those a seat that have lost theirs, and forgets those of its own
   * that are gone.
   */
  async adopt(groupIds: readonly string[], { node, alive, unseated, askedAtMs }: FoundLegs): Promise<void> {
    for (const [legId, leg] of this.legs) {
      if (!leg.isStanding || leg.isUp || leg.telephony !== node || alive.has(legId)) continue;
      // The phone has not been rung, or its answer was not heard: no fault of the agent's.
      if (askedAtMs - leg.calledAtMs > SETTLED_AFTER_MS) await this.drop(legId, leg, 'ended');
    }
    for (const agent of await this.floorOf(groupIds)) {
      const { legId } = agent;
      if (agent.connection !== 'persistent' || legId === null || !agent.isLegUp) continue;
      const leg = this.legs.get(legId);
      if (!alive.has(legId)) {
        if (!this.isOn(agent, node) || (leg !== undefined && leg.upAtMs > askedAtMs)) continue;
        this.legs.delete(legId);
        await this.agents.legDown(agent.agentId, legId, 'ended');
      } else if (leg !== undefined) {
        if (unseated.has(legId) && performance.now() - leg.calledAtMs > YOUNG_MS)
          await node.seat({ legId, besideLegId: legId });
      } else {
        const lentUntilMs = agent.state === 'talking' ? this.lentUntilMs(agent.limitAt) : 0;
        this.remember(legId, agent, node, { isStanding: true, isUp: true, lentUntilMs });
      }
    }
  }

  /** @param talkUntil  the longest talk's end by the database's clock; null: there is none */
  private lentUntilMs(talkUntil: Date | null): number {
    if (talkUntil === null) return 0;
    const leftMs = talkUntil.getTime() - this.clock.now().getTime();
    return performance.now() + leftMs + LONGER_THAN_TALK_SECONDS * 1_000;
  }

  /** Another process tends the legs of this group from now on; they stay up. */
  abandonGroup(groupId: string): void {
    for (const [legId, leg] of this.legs) if (leg.groupId === groupId) this.legs.delete(legId);
  }

  isKnown(legId: string): boolean {
    return this.legs.has(legId);
  }

  /** Remembers the leg of a per-call agent, so that its facts find their agent. */
  follow(legId: string, agentId: string, groupId: string, telephony: Telephony): void {
    this.remember(legId, { agentId, groupIds: [groupId] }, telephony, { isStanding: false });
  }

  /** A talk of at most `maxTalkSeconds` begins on the leg: its lease outlives the talk from now on. */
  async lend(legId: string, maxTalkSeconds: number): Promise<void> {
    const leg = this.legs.get(legId);
    if (leg === undefined || !leg.isStanding) return;
    const seconds = maxTalkSeconds + LONGER_THAN_TALK_SECONDS;
    leg.lentUntilMs = performance.now() + seconds * 1_000;
    await leg.telephony.extendLease(legId, seconds);
  }

  /** The talk is over; the next renewal makes the lease short again. */
  takeBack(legId: string): void {
    const leg = this.legs.get(legId);
    if (leg !== undefined) leg.lentUntilMs = 0;
  }

  /** The agent's phone has lost its line without the exchange's noticing: the leg is ended, and the phone called anew. Nothing when it is not ours. */
  async renewLine(agentId: string): Promise<void> {
    for (const [legId, leg] of this.legs) {
      if (leg.agentId !== agentId || !leg.isStanding || !leg.isUp) continue;
      if (performance.now() - leg.calledAtMs > YOUNG_MS) await leg.telephony.hangup(legId, TEMPORARY_FAILURE);
    }
  }

  /** What the exchange tells of an agent's leg. Resolves when the agent's presence knows it, or will be told by a later turn. */
  async onFact(fact: Extract<TelephonyFact, { legId: string }>): Promise<void> {
    const leg = this.legs.get(fact.legId);
    if (leg === undefined) return;
    if (fact.kind === 'leg.ours' && !leg.isUp) {
      leg.isUp = true;
      leg.upAtMs = performance.now();
      leg.renewedAtMs = leg.upAtMs;
      await leg.telephony.extendLease(fact.legId, leg.isStanding ? LEASE_SECONDS : PER_CALL_LEASE_SECONDS);
      await this.tellUp(fact.legId, leg);
    } else if (fact.kind === 'leg.ended') await this.drop(fact.legId, leg, leg.isUp ? 'ended' : 'refused');
  }

  /** Agents are tended by the leader of the first of their groups. */
  private async floorOf(groupIds: readonly string[]): Promise<PresenceView[]> {
    const floor = await this.agents.floor(groupIds);
    return floor.filter((agent) => groupIds.includes(agent.groupIds[0] ?? ''));
  }

  private remember(
    legId: string,
    agent: { agentId: string; groupIds: readonly string[] },
    telephony: Telephony,
    more: { isStanding: boolean; isUp?: boolean; lentUntilMs?: number },
  ): void {
    const nowMs = performance.now();
    this.legs.set(legId, {
      agentId: agent.agentId,
      telephony,
      groupId: agent.groupIds[0] ?? '',
      isStanding: more.isStanding,
      calledAtMs: nowMs,
      isUp: more.isUp ?? false,
      upAtMs: nowMs,
      renewedAtMs: Number.NEGATIVE_INFINITY,
      isTold: more.isUp ?? false,
      lentUntilMs: more.lentUntilMs ?? 0,
    });
  }

  private async tellUp(legId: string, leg: Leg): Promise<void> {
    if (!leg.isStanding) return;
    await this.agents.legUp(leg.agentId, legId, leg.telephony.node);
    leg.isTold = true;
  }

  private async drop(legId: string, leg: Leg, reason: 'ended' | 'refused'): Promise<void> {
    this.legs.delete(legId);
    this.restUntil.set(leg.agentId, performance.now() + CALL_AGAIN_MS);
    if (!leg.isStanding) return;
    this.untoldEnds.set(legId, { agentId: leg.agentId, reason });
    await this.agents.legDown(leg.agentId, legId, reason);
    this.untoldEnds.delete(legId);
  }

  /** What could not be written when it happened (the database was away, a lock timed out) is written now; lost legs are given up. */
  private async tellAgain(now: number): Promise<void> {
    for (const [legId, { agentId, reason }] of this.untoldEnds) {
      await this.agents.legDown(agentId, legId, reason);
      this.untoldEnds.delete(legId);
    }
    for (const [legId, leg] of this.legs) {
      if (leg.isUp && !leg.isTold) await this.tellUp(legId, leg);
      else if (!leg.isUp && leg.isStanding && this.lineNodes.isLost(leg.telephony.node, leg.groupId))
        this.legs.delete(legId);
      else if (!leg.isUp && leg.isStanding && now - leg.calledAtMs > UP_WITHIN_MS)
        await this.drop(legId, leg, leg.telephony.isUp ? 'refused' : 'ended');
    }
  }

  private isMissing(agent: PresenceView, now: number): boolean {
    if (agent.connection !== 'persistent' || agent.isLegUp) return false;
    // Nobody's desk phone rings on a break or in the wrap-up; a browser's phone makes no noise, and has its line before the next call.
    const isDue = agent.state === 'connecting' || agent.state === 'lost';
    const isQuiet = agent.endpoint === SOFTPHONE && (agent.state === 'break' || agent.state === 'wrap_up');
    if (!isDue && !isQuiet) return false;
    if (now < (this.restUntil.get(agent.agentId) ?? 0)) return false;
    return ![...this.legs.values()].some((leg) => leg.agentId === agent.agentId && leg.isStanding);
  }

  /** A leg whose node is not known stands on the only one there is. */
  private isOn({ legNode, legId }: PresenceView, node: Telephony): boolean {
    const known = legNode ?? this.legs.get(legId ?? '')?.telephony.node ?? null;
    return known === null ? this.nodes.length === 1 : known === node.node;
  }

  /** The line makes place for one on another node. Presence goes first, so that no call takes an agent whose line is about to end. */
  private async giveUp({ agentId, legId }: PresenceView, node: Telephony | null): Promise<void> {
    if (legId === null || !(await this.agents.giveLegUp(agentId, legId))) return;
    this.legs.delete(legId);
    await node?.hangup(legId, TEMPORARY_FAILURE);
  }

  private async call(agent: PresenceView, telephony: Telephony): Promise<void> {
    const groupId = agent.groupIds[0];
    if (groupId === undefined) return;
    const legId = `agent-${agent.agentId}-${uuidv7()}`;
    this.remember(legId, agent, telephony, { isStanding: true });
    const result = await telephony.callAgent({
      legId,
      agentId: agent.agentId,
      groupId,
      endpoint: this.phones.dialString(agent),
      callerId: null,
      ringSeconds: AGENT_RING_SECONDS,
    });
    if (result.kind === 'done' || result.kind === 'duplicate' || result.kind === 'unknown') return;
    this.log.warn("an agent's phone could not be called", { agentId: agent.agentId, result: result.kind });
    const leg = this.legs.get(legId);
    if (leg !== undefined) await this.drop(legId, leg, 'refused');
  }

  private async end(agent: PresenceView, telephony: Telephony): Promise<void> {
    if (agent.legId === null) return;
    const result = await telephony.hangup(agent.legId);
    if (result.kind === 'gone') {
      this.legs.delete(agent.legId);
      await this.agents.legDown(agent.agentId, agent.legId, 'ended');
    }
  }

  private async renewLease(legId: string, leg: Leg): Promise<void> {
    const talkSeconds = Math.ceil((leg.lentUntilMs - performance.now()) / 1_000);
    const result = await leg.telephony.extendLease(legId, Math.max(LEASE_SECONDS, talkSeconds));
    if (result.kind === 'gone') await this.drop(legId, leg, 'ended');
  }
}

/** A per-call leg lives as long as its call, which hangs it up; this bounds it should the dialer die (talk 1 h and ringing). */
const PER_CALL_LEASE_SECONDS = 3_700;
