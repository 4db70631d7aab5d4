import { Inject, Injectable } from '@nestjs/common';
import { callOfLeg, seatOf } from '../../core/call/leg-ids.js';
import { reservedTarget } from '../../core/call/transfer.js';
import { eventsMissed, eventsTakenOver, type Absence } from '../../core/call/call-facts.js';
import type { Survey, Telephony } from '../../core/call/telephony.js';
import { ORIGINATE_TIMEOUT_MS } from '../../platform/ari/ari-transport.js';
import { DatabaseClock } from '../../platform/clock/database-clock.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { Log } from '../../platform/log/log.js';
import { failpoint, isSwitchedOff } from '../../platform/failpoints/failpoints.js';
import { AgentsService } from '../agents/agents.service.js';
import { AgentLegs } from './agent-legs.js';
import { CallsMetrics } from './calls.metrics.js';
import { CallStore } from './call.store.js';
import type { CallMailbox } from './call-mailbox.js';
import { EachNode } from './each-node.js';
import { LiveCalls } from './live-calls.js';
import { NodeHomes } from './node-homes.js';
import { TELEPHONY } from './telephony.provider.js';

/** A leg that has been without an owner for less than this may simply not have been told of yet. */
const YOUNG_MS = 5_000;
/** When the last command to place a call has surely arrived or never will: its time limit and a moment more. */
const SETTLED_AFTER_MS = ORIGINATE_TIMEOUT_MS + 500;
/** A bridge may stand with fewer than two legs this long (invariant I9). */
const EMPTY_BRIDGE_MS = 10_000;
/** An agent's leg may be in no bridge for a moment: it is being put there, or moves to another. */
const UNSEATED_MS = 800;
/** A call that could not be placed so often in spite of all is given up. */
const MOST_PLACINGS = 3;

/**
 * Compares what we believe with what the exchange holds: after each connection and every few seconds.
 *
 * Calls whose leg is gone end; legs and bridges without an owner are ended (and counted as leaked); a call that went on while nobody listened
 * is told what it missed.
 */
@Injectable()
export class Reconciler {
  /** Since when each node can be reached again, monotonic: what was held up before may arrive a moment later. */
  private readonly upSinceMs = new Map<string, number>();
  /** Nodes that have been compared since then. */
  private readonly seen = new Set<Telephony>();
  private readonly eachNode: EachNode;
  /** Since when legs and bridges have been seen without an owner, and agents' legs without their place, monotonic: the exchange's clock may differ from ours. */
  private readonly ownerlessSinceMs = new Map<string, number>();
  private readonly unseatedSinceMs = new Map<string, number>();

  constructor(
    @Inject(TELEPHONY) private readonly nodes: readonly Telephony[],
    private readonly calls: LiveCalls,
    private readonly store: CallStore,
    private readonly transactions: Transactions,
    private readonly agents: AgentsService,
    private readonly agentLegs: AgentLegs,
    private readonly metrics: CallsMetrics,
    private readonly log: Log,
    private readonly clock: DatabaseClock,
    private readonly homes: NodeHomes,
  ) {
    this.eachNode = new EachNode((node, kind, error) =>
      log.warn('a node could not be compared', { node, kind, error }),
    );
    for (const node of nodes) {
      node.onFact((fact) => {
        if (fact.kind === 'link.up') this.upSinceMs.set(node.node, performance.now());
        if (fact.kind === 'link.down') this.seen.delete(node);
      });
    }
  }

  /** True when the node was compared since it can be reached: no call is placed on it before. */
  hasSeen(node: Telephony): boolean {
    return this.seen.has(node);
  }

  /**
   * One comparison with all nodes that can be reached; `groupIds` are the groups that this process leads.
   * @param surely  the name of a node that must have been compared in the end, when it is up; the others may take their time
   * @returns how many calls could not be judged yet: look again soon
   */
  async run(groupIds: readonly string[], surely: string | null = null): Promise<number> {
    const up = this.nodes.filter((node) => node.isUp);
    if (isSwitchedOff('reconciler')) {
      for (const node of up) this.seen.add(node);
      return 0;
    }
    const first = up.find(({ node }) => node === surely);
    const others = up.filter((node) => node !== first);
    const undecided = await Promise.all([
      first === undefined ? [] : this.compare(first, groupIds).then((count) => [count]),
      this.eachNode.run('compare', others, (node) => this.compare(node, groupIds)),
    ]);
    await this.freeForgottenAgents();
    return undecided.flat().reduce((sum, count) => sum + count, 0);
  }

  private async compare(node: Telephony, groupIds: readonly string[]): Promise<number> {
    const askedAtMs = performance.now();
    const survey = await node.survey();
    await failpoint('reconcile_surveyed');
    this.homes.noteLegs(node.node, survey.legs.length);
    await this.agentLegs.adopt(groupIds, {
      node,
      alive: new Set(survey.legs.map(({ legId }) => legId)),
      unseated: new Set(survey.legs.filter(isUnseated).map(({ legId }) => legId)),
      askedAtMs,
    });
    const undecided =
      this.inform(node, survey, askedAtMs) +
      (await this.seatAgain(node, survey, askedAtMs)) +
      (await this.endOwnerless(node, survey, askedAtMs));
    if (node.isUp && askedAtMs >= (this.upSinceMs.get(node.node) ?? 0)) this.seen.add(node);
    return undecided;
  }

  private inform(node: Telephony, survey: Survey, askedAtMs: number): number {
    const legs = new Map(survey.legs.map((leg) => [leg.legId, leg]));
    let undecided = 0;
    for (const mailbox of this.calls.all()) {
      if (mailbox.route.node !== node.node) continue;
      if (this.wasNeverSent(mailbox)) {
        undecided += 1;
        mailbox.noteCompared(askedAtMs);
        if (!this.calls.isPlacing(mailbox.callId)) this.calls.placeAgain(mailbox);
        continue;
      }
      const absence = this.absenceOf(mailbox, node, survey, askedAtMs);
      const askedAt = new Date(mailbox.now.getTime() - (performance.now() - askedAtMs));
      const missed = eventsMissed(mailbox.call, legs, askedAt, absence);
      const isUnanswered = mailbox.call.state === 'dialing' || mailbox.call.state === 'ringing';
      if (isUnanswered && missed.length === 0 && !legs.has(mailbox.callId)) undecided += 1;
      if (mailbox.isFirstCompared(askedAtMs)) missed.push(...eventsTakenOver(mailbox.call, legs));
      for (const event of missed) mailbox.post(event);
      mailbox.noteCompared(askedAtMs);
    }
    return undecided;
  }

  /** Nobody has sent the order to call: it is sent now, and the call goes on as if nothing had happened. */
  private wasNeverSent({ call, wasSent, placings }: CallMailbox): boolean {
    return call.state === 'dialing' && !wasSent && placings < MOST_PLACINGS;
  }

  /** An agent's leg that stands up and alone, in no bridge, is of no use: each buyer who is to be connected to it would be lost. */
  private async seatAgain(node: Telephony, survey: Survey, nowMs: number): Promise<number> {
    const unseated = survey.legs.filter((leg) => isUnseated(leg) && this.agentLegs.isKnown(leg.legId));
    const since = notedSince(this.unseatedSinceMs, node, unseated, ({ legId }) => legId, nowMs);
    for (const { legId } of unseated) {
      // It may have been on its way from one bridge to another.
      if (nowMs - (since.get(legId) ?? nowMs) < UNSEATED_MS) continue;
      this.log.warn("an agent's leg was in no bridge and is put into its own", { node: node.node, legId });
      await this.agentLegs.onFact({ kind: 'leg.ours', legId, at: this.clock.now() });
      await node.seat({ legId, besideLegId: legId });
    }
    return unseated.length;
  }

  /**
   * What it means that the exchange holds no leg of a call. A call is settled, and its order called again, only when no command to place it can arrive
   * any more, whoever sent it: an earlier leader stops sending before its lease ends, its last command is given up and cut off within
   * {@link ORIGINATE_TIMEOUT_MS}, and our own are known. Otherwise the buyer might be on two calls.
   */
  private absenceOf(mailbox: CallMailbox, node: Telephony, survey: Survey, askedAtMs: number): Absence {
    if (this.calls.isPlacing(mailbox.callId)) return 'undecided';
    if (mailbox.route.run !== survey.run) return 'unexplained';
    const quietSinceMs = Math.max(mailbox.quietSinceMs, this.upSinceMs.get(node.node) ?? 0);
    return askedAtMs - quietSinceMs > SETTLED_AFTER_MS ? 'explained' : 'undecided';
  }

  /** @returns how many were seen that may still turn out to be somebody's */
  private async endOwnerless(node: Telephony, survey: Survey, nowMs: number): Promise<number> {
    const strangers = survey.legs.filter(
      ({ legId }) => this.calls.find(callOfLeg(legId) ?? '') === null && !this.agentLegs.isKnown(legId),
    );
    const unknownIds = new Set(strangers.map(({ legId }) => legId));
    const owned = strangers.length === 0 ? unknownIds : await this.ownedByOthers([...unknownIds]);
    for (const legId of owned) unknownIds.delete(legId);
    // An agent who sits beside another keeps their own place.
    const kept = new Set(survey.legs.filter(({ legId }) => !unknownIds.has(legId)).map(({ legId }) => seatOf(legId)));
    const lonely = survey.bridges.filter(
      ({ bridgeId, legIds }) => !kept.has(bridgeId) && legIds.every((legId) => unknownIds.has(legId)),
    );
    const since = notedSince(
      this.ownerlessSinceMs,
      node,
      [...unknownIds, ...lonely.map(({ bridgeId }) => bridgeId)],
      (id) => id,
      nowMs,
    );
    const isFor = (id: string, ms: number): boolean => nowMs - (since.get(id) ?? nowMs) > ms;
    const orphans = strangers.filter(({ legId }) => unknownIds.has(legId) && isFor(legId, YOUNG_MS));
    const orphanIds = new Set(orphans.map(({ legId }) => legId));
    const bridges = lonely.filter(
      ({ bridgeId, legIds }) => isFor(bridgeId, EMPTY_BRIDGE_MS) && legIds.every((legId) => orphanIds.has(legId)),
    );
    const undecided = unknownIds.size - orphans.length;
    if (orphans.length + bridges.length === 0) return undecided;
    this.metrics.leak(orphans.length + bridges.length);
    this.log.warn('legs or bridges without an owner were ended', {
      node: node.node,
      legs: orphans.length,
      bridges: bridges.length,
    });
    await Promise.all([
      ...orphans.map((leg) => node.hangup(leg.legId)),
      ...bridges.map((bridge) => node.destroyBridge(bridge.bridgeId)),
    ]);
    return undecided;
  }

  /** Agents whose call is over, or was never written, go back to work: nobody is stuck in a talk that does not exist. */
  private async freeForgottenAgents(): Promise<void> {
    for (const { agentId, callId, state } of await this.agents.overdueAtCall(this.clock.now())) {
      if (callId === null) continue;
      await this.transactions.run(async (tx) => {
        if (await this.isNeeded(tx, callId, agentId, state)) return;
        await this.agents.afterCall(tx, agentId, callId, state === 'reserved' ? 'ready' : 'wrap_up');
        this.log.warn('an agent was still at a call that is over', { agentId, callId, state });
      });
    }
  }

  /** A live call keeps its agent. Who is only reserved must be known to it, which whoever runs it can tell: its rows may be behind. */
  private async isNeeded(tx: Tx, callId: string, agentId: string, state: string): Promise<boolean> {
    const own = state === 'reserved' ? this.calls.find(callId) : null;
    if (own === null) return this.store.isLive(tx, callId);
    return own.call.agent?.agentId === agentId || reservedTarget(own.call.transfer) === agentId;
  }

  /** Legs that another leader's calls or agents stand on. */
  private async ownedByOthers(legIds: readonly string[]): Promise<Set<string>> {
    const groups = await this.agents.groups();
    const floor = await this.agents.floor(groups.map((group) => group.groupId));
    const calls = await this.transactions.read((tx) => this.store.liveAmong(tx, legIds));
    return new Set([
      ...calls,
      ...floor.flatMap((agent) => (agent.isLegUp && agent.legId !== null ? [agent.legId] : [])),
    ]);
  }
}

/** Up, and in no bridge of ours: nobody could be connected with it. */
function isUnseated(leg: Survey['legs'][number]): boolean {
  return leg.state === 'up' && leg.bridgeId === null;
}

/** Notes when each was first seen on the node, and forgets those that are not seen any more. @returns since when, by id */
function notedSince<T>(
  noted: Map<string, number>,
  { node }: Telephony,
  seen: readonly T[],
  idOf: (one: T) => string,
  nowMs: number,
): Map<string, number> {
  const prefix = `${node} `;
  const ids = new Set(seen.map((one) => prefix + idOf(one)));
  for (const key of noted.keys()) if (key.startsWith(prefix) && !ids.has(key)) noted.delete(key);
  for (const key of ids) if (!noted.has(key)) noted.set(key, nowMs);
  return new Map([...ids].map((key) => [key.slice(prefix.length), noted.get(key) ?? nowMs]));
}
