import { Inject, Injectable } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import { AGENT_RING_SECONDS } from '../../core/call/call.js';
import type { Telephony, TelephonyFact } from '../../core/call/telephony.js';
import { Log } from '../../platform/log/log.js';
import type { PresenceView } from '../agents/agents.events.js';
import { AgentsService } from '../agents/agents.service.js';
import { TELEPHONY } from './telephony.provider.js';

const LEASE_SECONDS = 30;
const RENEW_EVERY_MS = 10_000;
/** After a leg was lost or refused, the phone is left alone this long. */
const CALL_AGAIN_MS = 1_000;

interface Leg {
  readonly agentId: string;
  readonly telephony: Telephony;
  readonly groupId: string;
  readonly isStanding: boolean;
  isUp: boolean;
}

/**
 * The standing legs of persistent agents: called when the agent signs in, kept by a lease of 30 s (a dead dialer leaves no open phone behind),
 * called again when lost, ended when the agent leaves. Legs of per-call agents are only followed here; the call itself makes them.
 */
@Injectable()
export class AgentLegs {
  private readonly legs = new Map<string, Leg>();
  private readonly restUntil = new Map<string, number>();
  private renewedAt = 0;

  constructor(
    @Inject(TELEPHONY) private readonly nodes: readonly Telephony[],
    private readonly agents: AgentsService,
    private readonly log: Log,
  ) {}

  /** Calls who is missing, ends who has left, renews the leases; called at every turn of the dialer. */
  async tend(groupIds: readonly string[]): Promise<void> {
    const floor = await this.agents.floor(groupIds);
    const now = Date.now();
    await Promise.all([
      ...floor.filter((agent) => this.isMissing(agent, now)).map((agent) => this.call(agent)),
      ...floor
        .filter((agent) => agent.state === 'offline' && agent.legId !== null && agent.isLegUp)
        .map((agent) => this.end(agent)),
    ]);
    if (now - this.renewedAt >= RENEW_EVERY_MS) {
      this.renewedAt = now;
      await this.renew();
    }
  }

  /** Takes over the standing legs that the exchange still holds after a restart of ours; the others are told to be gone. */
  async adopt(groupIds: readonly string[], alive: ReadonlyMap<string, Telephony>): Promise<void> {
    for (const agent of await this.agents.floor(groupIds)) {
      if (agent.connection !== 'persistent' || agent.legId === null || !agent.isLegUp || this.legs.has(agent.legId))
        continue;
      const telephony = alive.get(agent.legId);
      if (telephony === undefined) await this.agents.legDown(agent.agentId, agent.legId, 'ended');
      else
        this.legs.set(agent.legId, {
          agentId: agent.agentId,
          telephony,
          groupId: agent.groupIds[0] ?? '',
          isStanding: true,
          isUp: true,
        });
    }
    this.renewedAt = 0;
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
    this.legs.set(legId, { agentId, telephony, groupId, isStanding: false, isUp: false });
  }

  /** What the exchange tells of an agent's leg. Resolves when the agent's presence knows it. */
  async onFact(fact: Extract<TelephonyFact, { legId: string }>): Promise<void> {
    const leg = this.legs.get(fact.legId);
    if (leg === undefined) return;
    if (fact.kind === 'leg.ours' && !leg.isUp) {
      leg.isUp = true;
      await leg.telephony.extendLease(fact.legId, leg.isStanding ? LEASE_SECONDS : PER_CALL_LEASE_SECONDS);
      if (leg.isStanding) await this.agents.legUp(leg.agentId, fact.legId);
    } else if (fact.kind === 'leg.ended') {
      this.legs.delete(fact.legId);
      this.restUntil.set(leg.agentId, Date.now() + CALL_AGAIN_MS);
      if (leg.isStanding) await this.agents.legDown(leg.agentId, fact.legId, leg.isUp ? 'ended' : 'refused');
    }
  }

  private isMissing(agent: PresenceView, now: number): boolean {
    if (agent.connection !== 'persistent' || agent.isLegUp) return false;
    if (agent.state !== 'connecting' && agent.state !== 'lost') return false;
    if (now < (this.restUntil.get(agent.agentId) ?? 0)) return false;
    return ![...this.legs.values()].some((leg) => leg.agentId === agent.agentId && leg.isStanding);
  }

  private async call(agent: PresenceView): Promise<void> {
    const telephony = this.nodes.find((node) => node.isUp);
    const groupId = agent.groupIds[0];
    if (telephony === undefined || groupId === undefined) return;
    const legId = `agent-${agent.agentId}-${uuidv7()}`;
    this.legs.set(legId, { agentId: agent.agentId, telephony, groupId, isStanding: true, isUp: false });
    const result = await telephony.callAgent({
      legId,
      agentId: agent.agentId,
      groupId,
      endpoint: agent.endpoint,
      callerId: null,
      ringSeconds: AGENT_RING_SECONDS,
    });
    if (result.kind === 'done' || result.kind === 'duplicate' || result.kind === 'unknown') return;
    this.log.warn("an agent's phone could not be called", { agentId: agent.agentId, result: result.kind });
    this.legs.delete(legId);
    this.restUntil.set(agent.agentId, Date.now() + CALL_AGAIN_MS);
    await this.agents.legDown(agent.agentId, legId, 'refused');
  }

  private async end(agent: PresenceView): Promise<void> {
    if (agent.legId === null) return;
    const telephony = this.legs.get(agent.legId)?.telephony ?? this.nodes.find((node) => node.isUp);
    const result = await telephony?.hangup(agent.legId);
    if (result?.kind === 'gone') {
      this.legs.delete(agent.legId);
      await this.agents.legDown(agent.agentId, agent.legId, 'ended');
    }
  }

  private async renew(): Promise<void> {
    await Promise.all(
      [...this.legs].map(async ([legId, leg]) => {
        if (!leg.isStanding || !leg.isUp) return;
        const result = await leg.telephony.extendLease(legId, LEASE_SECONDS);
        if (result.kind !== 'gone') return;
        this.legs.delete(legId);
        await this.agents.legDown(leg.agentId, legId, 'ended');
      }),
    );
  }
}

/** A per-call leg lives as long as its call, which hangs it up; this bounds it should the dialer die (talk 1 h and ringing). */
const PER_CALL_LEASE_SECONDS = 3_700;
