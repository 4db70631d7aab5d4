import { Inject, Injectable } from '@nestjs/common';
import { callOfLeg } from '../../core/call/leg-ids.js';
import { eventsMissed } from '../../core/call/call-facts.js';
import type { Survey, Telephony } from '../../core/call/telephony.js';
import { Transactions } from '../../platform/database/transaction.js';
import { Log } from '../../platform/log/log.js';
import { failpoint, isSwitchedOff } from '../../platform/failpoints/failpoints.js';
import { AgentsService } from '../agents/agents.service.js';
import { AgentLegs } from './agent-legs.js';
import { CallsMetrics } from './calls.metrics.js';
import { CallStore } from './call.store.js';
import { LiveCalls } from './live-calls.js';
import { TELEPHONY } from './telephony.provider.js';

/** A leg younger than this may simply not have been told of yet. */
const YOUNG_MS = 5_000;
/** A bridge may stand with fewer than two legs this long (invariant I9). */
const EMPTY_BRIDGE_MS = 10_000;

/**
 * Compares what we believe with what the exchange holds: after each connection and every few seconds.
 *
 * Calls whose leg is gone end; legs and bridges without an owner are ended (and counted as leaked); a call that went on while nobody listened
 * is told what it missed.
 */
@Injectable()
export class Reconciler {
  constructor(
    @Inject(TELEPHONY) private readonly nodes: readonly Telephony[],
    private readonly calls: LiveCalls,
    private readonly store: CallStore,
    private readonly transactions: Transactions,
    private readonly agents: AgentsService,
    private readonly agentLegs: AgentLegs,
    private readonly metrics: CallsMetrics,
    private readonly log: Log,
  ) {}

  /** One comparison with all nodes that can be reached; `groupIds` are the groups that this process leads. */
  async run(groupIds: readonly string[]): Promise<void> {
    if (isSwitchedOff('reconciler')) return;
    const surveys = await Promise.all(
      this.nodes.filter((node) => node.isUp).map(async (node) => ({ node, survey: await node.survey() })),
    );
    await failpoint('reconcile_surveyed');
    const alive = new Map(surveys.flatMap(({ node, survey }) => survey.legs.map((leg) => [leg.legId, node] as const)));
    await this.agentLegs.adopt(groupIds, alive);
    for (const { node, survey } of surveys) {
      this.inform(node, survey);
      await this.endOwnerless(node, survey);
    }
    await this.freeForgottenAgents();
  }

  private inform(node: Telephony, survey: Survey): void {
    const legs = new Map(survey.legs.map((leg) => [leg.legId, leg]));
    for (const mailbox of this.calls.all()) {
      if (mailbox.route.node !== node.node) continue;
      for (const event of eventsMissed(mailbox.call, legs, new Date())) mailbox.post(event);
    }
  }

  private async endOwnerless(node: Telephony, survey: Survey): Promise<void> {
    const now = Date.now();
    const unknown = survey.legs.filter(
      (leg) =>
        now - leg.createdAt.getTime() > YOUNG_MS &&
        this.calls.find(callOfLeg(leg.legId) ?? '') === null &&
        !this.agentLegs.isKnown(leg.legId),
    );
    const owned = unknown.length === 0 ? new Set<string>() : await this.ownedByOthers(unknown.map((leg) => leg.legId));
    const orphans = unknown.filter((leg) => !owned.has(leg.legId));
    const orphanIds = new Set(orphans.map((leg) => leg.legId));
    const bridges = survey.bridges.filter(
      (bridge) =>
        now - bridge.createdAt.getTime() > EMPTY_BRIDGE_MS && bridge.legIds.every((legId) => orphanIds.has(legId)),
    );
    if (orphans.length + bridges.length === 0) return;
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
  }

  /** Agents whose call is over, or was never written, go back to work: nobody is stuck in a talk that does not exist. */
  private async freeForgottenAgents(): Promise<void> {
    for (const { agentId, callId, state } of await this.agents.overdueAtCall(new Date())) {
      if (callId === null) continue;
      await this.transactions.run(async (tx) => {
        if (await this.store.isLive(tx, callId)) return;
        await this.agents.afterCall(tx, agentId, callId, state === 'reserved' ? 'ready' : 'wrap_up');
        this.log.warn('an agent was still at a call that is over', { agentId, callId, state });
      });
    }
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
