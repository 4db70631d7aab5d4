import { eventsMissed } from '../../../src/core/call/call-facts.js';
import type { Survey } from '../../../src/core/call/telephony.js';
import type { ProcessTime } from '../engine/virtual-time.js';
import type { Exchange } from '../world/exchange.js';
import type { AgentLegs } from './agent-legs.js';
import type { CallMailbox } from './call-mailbox.js';
import type { Database } from './database.js';
import type { Link } from './link.js';
import type { AgentRow } from './rows.js';

const YOUNG_MS = 5_000;
const EMPTY_BRIDGE_MS = 10_000;

/** Compares what a dialer believes with what the exchange holds, as the service's Reconciler does. */
export class Reconciler {
  constructor(
    private readonly time: ProcessTime,
    private readonly exchange: Exchange,
    private readonly link: Link,
    private readonly database: Database,
    private readonly legs: AgentLegs,
    private readonly live: ReadonlyMap<string, CallMailbox>,
  ) {}

  run(floor: readonly AgentRow[]): void {
    if (!this.database.isUp) return;
    if (this.link.isUp) {
      const survey = this.exchange.survey();
      this.legs.adopt(floor, survey);
      this.inform(survey);
      this.endOwnerless(survey);
    }
    this.freeForgottenAgents();
  }

  private inform(survey: Survey): void {
    const legs = new Map(survey.legs.map((leg) => [leg.legId, leg]));
    for (const mailbox of [...this.live.values()]) {
      for (const event of eventsMissed(mailbox.call, legs, new Date(this.time.nowMs()))) mailbox.post(event);
    }
  }

  private endOwnerless(survey: Survey): void {
    const now = this.time.nowMs();
    const unknown = survey.legs.filter(
      (leg) => now - leg.createdAt.getTime() > YOUNG_MS && !this.live.has(leg.legId) && !this.legs.isKnown(leg.legId),
    );
    const owned = unknown.length === 0 ? new Set<string>() : this.ownedByOthers();
    const orphans = unknown.filter((leg) => !owned.has(leg.legId));
    const orphanIds = new Set(orphans.map((leg) => leg.legId));
    const bridges = survey.bridges.filter(
      (bridge) =>
        now - bridge.createdAt.getTime() > EMPTY_BRIDGE_MS && bridge.legIds.every((legId) => orphanIds.has(legId)),
    );
    const { network } = this.exchange;
    for (const { legId } of orphans)
      this.link.command(
        false,
        () => network.hangup(legId),
        () => undefined,
      );
    for (const { bridgeId } of bridges)
      this.link.command(
        false,
        () => network.destroyBridge(bridgeId),
        () => undefined,
      );
  }

  /** Agents whose call is over, or was never written, go back to work. */
  private freeForgottenAgents(): void {
    const now = this.time.date();
    for (const { agentId, presence } of this.database.agents.values()) {
      if (presence.state !== 'reserved' && presence.state !== 'talking' && presence.state !== 'lost') continue;
      if (presence.limitAt > now) continue;
      const row = this.database.calls.get(presence.callId);
      if (row !== undefined && !row.isEnded) continue;
      const to = presence.state === 'reserved' ? 'ready' : 'wrap_up';
      this.database.moveAgent(agentId, { kind: 'call_over', callId: presence.callId, to, reason: null });
    }
  }

  private ownedByOthers(): Set<string> {
    const owned = new Set<string>();
    for (const row of this.database.liveCalls) {
      owned.add(row.callId);
      if (row.call.agent !== null) owned.add(row.call.agent.legId);
    }
    for (const { presence } of this.database.agents.values())
      if (presence.isLegUp && presence.legId !== null) owned.add(presence.legId);
    return owned;
  }
}
