import { AGENT_RING_SECONDS } from '../../../src/core/call/call.js';
import type { Survey, TelephonyFact } from '../../../src/core/call/telephony.js';
import type { ProcessTime } from '../engine/virtual-time.js';
import type { Exchange } from '../world/exchange.js';
import type { Database } from './database.js';
import type { Link } from './link.js';
import type { AgentRow } from './rows.js';

const LEASE_SECONDS = 30;
const RENEW_EVERY_MS = 10_000;
const UP_WITHIN_MS = (AGENT_RING_SECONDS + 8) * 1_000;
const LONGER_THAN_TALK_SECONDS = 30;
const CALL_AGAIN_MS = 1_000;
const PER_CALL_LEASE_SECONDS = 3_700;

interface Leg {
  readonly agentId: string;
  readonly groupId: string;
  readonly isStanding: boolean;
  readonly calledAtMs: number;
  isUp: boolean;
  isTold: boolean;
  lentUntilMs: number;
}

/** The standing legs of persistent agents, as the service's AgentLegs tends them. */
export class AgentLegs {
  private readonly legs = new Map<string, Leg>();
  private readonly standing = new Map<string, string>();
  /** Standing legs that nobody was told to be up. */
  private readonly untold = new Map<string, Leg>();
  private readonly restUntil = new Map<string, number>();
  private readonly untoldEnds = new Map<string, { agentId: string; isRefused: boolean }>();
  private renewedAt = 0;

  constructor(
    private readonly time: ProcessTime,
    private readonly exchange: Exchange,
    private readonly link: Link,
    private readonly database: Database,
    private readonly nextId: () => string,
  ) {}

  /** @param isMine whether the agent's first group is led here */
  tend(isMine: (agent: AgentRow) => boolean): void {
    const now = this.time.nowMs();
    if (now - this.renewedAt >= RENEW_EVERY_MS) {
      this.renewedAt = now;
      this.renew();
    }
    if (!this.database.isUp) return;
    this.tellAgain(now);
    for (const agent of this.database.agentsToTend) {
      const { presence } = agent;
      if (!isMine(agent)) continue;
      if (this.isMissing(agent, now)) this.call(agent);
      else if (presence.state === 'offline' && presence.legId !== null && presence.isLegUp) this.end(agent);
    }
  }

  /** Takes over standing legs that the exchange still holds, and forgets those that are gone. */
  adopt(floor: readonly AgentRow[], survey: Survey): void {
    const alive = new Set(survey.legs.map((leg) => leg.legId));
    for (const agent of floor) {
      const { presence } = agent;
      const { legId } = presence;
      if (presence.connection !== 'persistent' || legId === null || !presence.isLegUp) continue;
      if (!alive.has(legId)) {
        this.forget(legId);
        this.database.moveAgent(agent.agentId, { kind: 'leg_down', legId, isRefused: false });
      } else if (!this.legs.has(legId)) {
        const lentUntilMs = presence.state === 'talking' ? presence.limitAt.getTime() : 0;
        this.remember(legId, agent.agentId, agent.groupIds[0] ?? '', { isStanding: true, isUp: true, lentUntilMs });
        this.renewedAt = 0;
      }
    }
  }

  abandonGroup(groupId: string): void {
    for (const [legId, leg] of this.legs) if (leg.groupId === groupId) this.forget(legId);
  }

  isKnown(legId: string): boolean {
    return this.legs.has(legId);
  }

  follow(legId: string, agentId: string, groupId: string): void {
    this.remember(legId, agentId, groupId, { isStanding: false, isUp: false, lentUntilMs: 0 });
  }

  lend(legId: string, maxTalkSeconds: number): void {
    const leg = this.legs.get(legId);
    if (leg === undefined || !leg.isStanding) return;
    const seconds = maxTalkSeconds + LONGER_THAN_TALK_SECONDS;
    leg.lentUntilMs = this.time.nowMs() + seconds * 1_000;
    this.extend(legId, seconds);
  }

  takeBack(legId: string): void {
    const leg = this.legs.get(legId);
    if (leg !== undefined) leg.lentUntilMs = 0;
  }

  onFact(fact: Extract<TelephonyFact, { legId: string }>): void {
    const leg = this.legs.get(fact.legId);
    if (leg === undefined) return;
    if (fact.kind === 'leg.ours' && !leg.isUp) {
      leg.isUp = true;
      this.extend(fact.legId, leg.isStanding ? LEASE_SECONDS : PER_CALL_LEASE_SECONDS);
      if (this.database.isUp) this.tellUp(fact.legId, leg);
    } else if (fact.kind === 'leg.ended') this.drop(fact.legId, leg, !leg.isUp);
  }

  private remember(
    legId: string,
    agentId: string,
    groupId: string,
    more: { isStanding: boolean; isUp: boolean; lentUntilMs: number },
  ): void {
    const leg: Leg = { agentId, groupId, calledAtMs: this.time.nowMs(), isTold: more.isUp, ...more };
    this.legs.set(legId, leg);
    if (!more.isStanding) return;
    this.standing.set(agentId, legId);
    if (!leg.isTold) this.untold.set(legId, leg);
  }

  private forget(legId: string): void {
    const leg = this.legs.get(legId);
    this.legs.delete(legId);
    this.untold.delete(legId);
    if (leg !== undefined && this.standing.get(leg.agentId) === legId) this.standing.delete(leg.agentId);
  }

  private tellUp(legId: string, leg: Leg): void {
    if (!leg.isStanding) return;
    this.database.moveAgent(leg.agentId, { kind: 'leg_up', legId });
    leg.isTold = true;
    this.untold.delete(legId);
  }

  private drop(legId: string, leg: Leg, isRefused: boolean): void {
    this.forget(legId);
    this.restUntil.set(leg.agentId, this.time.nowMs() + CALL_AGAIN_MS);
    if (!leg.isStanding) return;
    if (this.database.isUp) this.database.moveAgent(leg.agentId, { kind: 'leg_down', legId, isRefused });
    else this.untoldEnds.set(legId, { agentId: leg.agentId, isRefused });
  }

  private tellAgain(now: number): void {
    for (const [legId, { agentId, isRefused }] of this.untoldEnds)
      this.database.moveAgent(agentId, { kind: 'leg_down', legId, isRefused });
    if (this.untoldEnds.size > 0) this.untoldEnds.clear();
    for (const [legId, leg] of this.untold) {
      if (leg.isUp) this.tellUp(legId, leg);
      else if (now - leg.calledAtMs > UP_WITHIN_MS) this.drop(legId, leg, true);
    }
  }

  private isMissing({ agentId, presence }: AgentRow, now: number): boolean {
    if (presence.connection !== 'persistent' || presence.isLegUp) return false;
    if (presence.state !== 'connecting' && presence.state !== 'lost') return false;
    return now >= (this.restUntil.get(agentId) ?? 0) && !this.standing.has(agentId);
  }

  private call(agent: AgentRow): void {
    const groupId = agent.groupIds[0];
    if (!this.link.isUp || groupId === undefined) return;
    const legId = `agent-${agent.agentId}-${this.nextId()}`;
    this.remember(legId, agent.agentId, groupId, { isStanding: true, isUp: false, lentUntilMs: 0 });
    this.link.command(
      true,
      () =>
        this.exchange.callAgent({
          legId,
          agentId: agent.agentId,
          groupId,
          endpoint: agent.endpoint,
          callerId: null,
          ringSeconds: AGENT_RING_SECONDS,
        }),
      (result) => {
        if (result.kind === 'done' || result.kind === 'duplicate' || result.kind === 'unknown') return;
        const leg = this.legs.get(legId);
        if (leg !== undefined) this.drop(legId, leg, true);
      },
    );
  }

  private end(agent: AgentRow): void {
    const { legId } = agent.presence;
    if (legId === null) return;
    this.link.command(
      false,
      () => this.exchange.network.hangup(legId),
      (result) => {
        if (result.kind !== 'gone' || !this.database.isUp) return;
        this.forget(legId);
        this.database.moveAgent(agent.agentId, { kind: 'leg_down', legId, isRefused: false });
      },
    );
  }

  private renew(): void {
    for (const [legId, leg] of this.legs) {
      if (!leg.isStanding || !leg.isUp) continue;
      const talkSeconds = Math.ceil((leg.lentUntilMs - this.time.nowMs()) / 1_000);
      this.extend(legId, Math.max(LEASE_SECONDS, talkSeconds), () => this.drop(legId, leg, false));
    }
  }

  private extend(legId: string, seconds: number, onGone: () => void = () => undefined): void {
    this.link.command(
      false,
      () => this.exchange.network.extendLease(legId, seconds),
      (result) => {
        if (result.kind === 'gone') onGone();
      },
    );
  }
}
