import { Injectable } from '@nestjs/common';
import { chooseAgent } from '../../core/agent/choose-agent.js';
import type { AgentLeg } from '../../core/call/call.js';
import { Transactions } from '../../platform/database/transaction.js';
import { takesCalls, type PresenceView } from '../agents/agents.events.js';
import { AgentsService } from '../agents/agents.service.js';

/** A call that was answered and wants an agent. */
interface AnsweredCall {
  readonly callId: string;
  readonly groupId: string;
  /** The node of the exchange that carries it. */
  readonly node: string;
  readonly reserved: AgentLeg | null;
  /** {@link AnsweringAgents.isReservedFor} of the reserved agent, as it was a moment ago. */
  readonly isReserved: boolean;
  readonly skills: readonly string[];
  readonly preferredAgentId: string | null;
}

/** An answered buyer has an agent or the message by then: nobody is looked for any more. */
const LOOKS_WITHIN_MS = 5_000;

/**
 * Who takes a buyer who has answered: the one the buyer knows (who promised the callback, or talked with them before) when free by now, else the
 * agent reserved for the call, else whoever of the group is ready with the skills and has been idle longest. Only persistent agents: nobody picks up a phone within 2 s of a buyer's answer.
 */
@Injectable()
export class AnsweringAgents {
  /** Agents whom an answer is taking right now: buyers who answer in the same moment look at different ones. */
  private readonly beingTaken = new Set<string>();
  /** By call, who may have been taken for it: the answer to the commit was lost. */
  private readonly doubted = new Map<string, string>();

  constructor(
    private readonly transactions: Transactions,
    private readonly agents: AgentsService,
  ) {}

  /** @returns an agent who is reserved for the call; null when nobody is free now */
  async find(call: AnsweredCall): Promise<AgentLeg | null> {
    const { callId, node, reserved, skills, preferredAgentId } = call;
    const taken = await this.takenBefore(call);
    if (taken !== null) return taken;
    const known = await this.takeKnown(call);
    if (known !== null) return known;
    if (reserved !== null && call.isReserved) return reserved;
    let free = (await this.agents.floor(call.groupId)).filter((agent) => isAtHand(agent, node));
    for (;;) {
      free = free.filter(({ agentId }) => !this.beingTaken.has(agentId));
      const chosen = chooseAgent(free, { skills, preferredAgentId });
      if (chosen === null || chosen.legId === null) return null;
      if (await this.take(chosen.agentId, callId)) {
        return { agentId: chosen.agentId, legId: chosen.legId, connection: 'persistent' };
      }
      free = free.filter((agent) => agent !== chosen);
    }
  }

  /** Whom the look before has taken for the call, as it turns out: the answer to its commit was lost. */
  private async takenBefore({ callId, node }: AnsweredCall): Promise<AgentLeg | null> {
    const agentId = this.doubted.get(callId);
    if (agentId === undefined) return null;
    const agent = await this.agents.presence(agentId);
    this.doubted.delete(callId);
    const { legId } = agent;
    if (!isReservedNow(agent, callId) || !isReachable(agent, node) || legId === null) return null;
    return { agentId, legId, connection: 'persistent' };
  }

  /** An agent whose phone was rung for the call stays with it. */
  private async takeKnown(call: AnsweredCall): Promise<AgentLeg | null> {
    const { callId, groupId, node, reserved, skills, preferredAgentId } = call;
    if (reserved === null || reserved.connection === 'per_call') return null;
    if (preferredAgentId === null || preferredAgentId === reserved.agentId) return null;
    const known = (await this.agents.floor(groupId)).filter((agent) => agent.agentId === preferredAgentId);
    const atHand = known.filter((agent) => isAtHand(agent, node));
    const chosen = chooseAgent(atHand, { skills, preferredAgentId });
    if (chosen === null || chosen.legId === null || !(await this.take(chosen.agentId, callId))) return null;
    return { agentId: chosen.agentId, legId: chosen.legId, connection: 'persistent' };
  }

  /** The call went on without the agent who was found for it. */
  async giveBack(agentId: string, callId: string): Promise<void> {
    await this.transactions.run((tx) => this.agents.afterCall(tx, agentId, callId, 'ready'));
  }

  private async take(agentId: string, callId: string): Promise<boolean> {
    this.beingTaken.add(agentId);
    try {
      return await this.transactions.run((tx) => this.agents.reserve(tx, agentId, callId));
    } catch (error) {
      this.doubted.set(callId, agentId);
      setTimeout(() => this.doubted.delete(callId), LOOKS_WITHIN_MS).unref();
      throw error;
    } finally {
      this.beingTaken.delete(agentId);
    }
  }

  /** Whether the agent who was reserved for the call still is. */
  async isReservedFor(reserved: AgentLeg | null, callId: string): Promise<boolean> {
    if (reserved === null) return false;
    const presence = await this.agents.presence(reserved.agentId);
    return isReservedNow(presence, callId);
  }
}

/** Who has signed out meanwhile has no screen any more: somebody else takes the call. */
function isReservedNow({ callId, state, wish }: PresenceView, ofCall: string): boolean {
  return callId === ofCall && state === 'reserved' && wish.to !== 'offline';
}

function isAtHand(agent: PresenceView, node: string): boolean {
  return agent.state === 'ready' && isReachable(agent, node);
}

/** With a line on the node of the call: buyer and agent meet in one bridge. */
function isReachable(agent: PresenceView, node: string): boolean {
  return (
    takesCalls(agent.role) &&
    (agent.legNode ?? node) === node &&
    agent.connection === 'persistent' &&
    agent.isLegUp &&
    agent.legId !== null
  );
}
