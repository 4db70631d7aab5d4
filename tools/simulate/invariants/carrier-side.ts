import { agentOfLeg, isBuyerLeg } from '../../../src/core/call/leg-ids.js';
import type { BuyerCallRequest, TelephonyFact } from '../../../src/core/call/telephony.js';
import type { TrunkPlan } from '../scenario/scenario.js';
import type { CarrierWatcher, CommandSource, Exchange } from '../world/exchange.js';
import type { Findings } from './findings.js';

interface Leg {
  readonly legId: string;
  readonly number: string;
  readonly trunkId: string;
  readonly ringSeconds: number;
  readonly invitedMs: number;
  answeredMs: number | null;
  bridgeId: string | null;
  wasBridged: boolean;
  hadMessage: boolean;
  unbridgedMs: number | null;
}

/** Who leads a group, as the database says. */
export interface Leaders {
  holderOf(groupId: string): { readonly holder: string; readonly epoch: number; readonly sinceMs: number } | null;
}

const CONNECT_MS = 2_050;
const LEAST_RING_MS = 14_900;
/** A lost agent is noticed by the reconciler at the latest (10 s); then the buyer is held under a lease of 12 s while the phone is called again. */
const UNBRIDGED_MS = 23_000;
const HEAL_MS = 30_000;
const HANDED_OVER_MS = 500;
const LONGER_THAN_TALK_MS = 60_000;
const LONGER_THAN_RING_MS = 10_000;

/**
 * What the carrier and the buyers see, told by the exchange and not by the dialer: one call to a number at a time, an agent or the recorded
 * message within 2 s, no ring cut short, nobody forgotten, no more lines than there are, INVITEs of the present leader only.
 */
export class CarrierSide implements CarrierWatcher {
  private readonly legs = new Map<string, Leg>();
  private readonly byNumber = new Map<string, string>();
  private readonly invited = new Set<string>();
  private readonly inBridge = new Map<string, string>();
  private readonly inviteTimes = new Map<string, number[]>();
  exchange: Exchange | null = null;

  constructor(
    private readonly findings: Findings,
    private readonly trunks: readonly TrunkPlan[],
    private readonly leaders: Leaders,
    private readonly maxTalkSecondsOf: (groupId: string) => number,
    private readonly isWithdrawn: (callId: string) => boolean,
  ) {}

  /** The agent who has a buyer in their bridge now. */
  buyerWith(agentId: string): string | null {
    for (const [bridgeId, legId] of this.inBridge) if (agentOfLeg(bridgeId) === agentId) return legId;
    return null;
  }

  /** Rings and is not answered. */
  isUnanswered(legId: string): boolean {
    return this.legs.get(legId)?.answeredMs === null;
  }

  /** Rings, or is about to be placed. */
  mayBeAnswered(legId: string): boolean {
    return !this.invited.has(legId) || this.isUnanswered(legId);
  }

  /** Answered, and neither with an agent nor in the recorded message so far. */
  isWaiting(legId: string): boolean {
    const leg = this.legs.get(legId);
    return leg !== undefined && leg.answeredMs !== null && !leg.wasBridged && !this.isInMessage(leg);
  }

  onInvite(request: BuyerCallRequest, by: CommandSource): void {
    const { legId, number } = request;
    const other = this.byNumber.get(number);
    if (other !== undefined && this.legs.has(other))
      this.findings.broken('I4', `${number} is called while another call to it is alive`, [legId, other]);
    if (this.invited.has(legId)) this.findings.broken('I5', 'a second INVITE for one attempt', [legId]);
    this.checkLeader('INVITE', legId, by);
    this.invited.add(legId);
    this.byNumber.set(number, legId);
    const buyer = this.exchange?.buyers.get(legId);
    const leg: Leg = {
      legId,
      number,
      trunkId: buyer?.trunkId ?? '',
      ringSeconds: request.ringSeconds,
      invitedMs: this.findings.time.nowMs(),
      answeredMs: null,
      bridgeId: null,
      wasBridged: false,
      hadMessage: false,
      unbridgedMs: null,
    };
    this.legs.set(legId, leg);
    this.checkTrunk(leg);
    this.findings.time.after(request.ringSeconds * 1_000 + LONGER_THAN_RING_MS, () => {
      if (this.legs.get(legId) === leg && leg.answeredMs === null)
        this.findings.broken('I9', 'a phone rings on after its time', [legId]);
    });
  }

  onBridge(buyerLegId: string, _agentLegId: string, by: CommandSource): void {
    // What the old leader had begun when the new one came is no harm: both want this buyer to have this agent.
    const leader = this.leaders.holderOf(by.groupId);
    if (leader === null || this.findings.time.nowMs() - leader.sinceMs > HANDED_OVER_MS)
      this.checkLeader('bridge', buyerLegId, by);
  }

  onMessage(legId: string): void {
    const leg = this.legs.get(legId);
    if (leg !== undefined) leg.hadMessage = true;
  }

  onFact(fact: TelephonyFact): void {
    if (!('legId' in fact) || !isBuyerLeg(fact.legId)) return;
    const leg = this.legs.get(fact.legId);
    if (leg === undefined) return;
    switch (fact.kind) {
      case 'leg.answered':
        return this.onAnswered(leg);
      case 'leg.bridged':
        return this.onBridged(leg, fact.bridgeId);
      case 'leg.unbridged':
        return this.onUnbridged(leg);
      case 'leg.ended':
        return this.onEnded(leg, fact.wasHungUpByUs);
      default:
    }
  }

  onReset(): void {
    this.legs.clear();
    this.byNumber.clear();
    this.inBridge.clear();
  }

  private onAnswered(leg: Leg): void {
    leg.answeredMs = this.findings.time.nowMs();
    this.findings.time.after(CONNECT_MS, () => {
      if (this.legs.get(leg.legId) !== leg || leg.wasBridged || this.isInMessage(leg)) return;
      this.findings.broken('I8', 'an answered buyer has neither an agent nor the recorded message after 2 s', [
        leg.legId,
      ]);
    });
    const groupId = this.exchange?.buyers.get(leg.legId)?.groupId ?? '';
    this.findings.time.after(this.maxTalkSecondsOf(groupId) * 1_000 + LONGER_THAN_TALK_MS, () => {
      if (this.legs.get(leg.legId) === leg) this.findings.broken('I9', 'a call outlives the longest talk', [leg.legId]);
    });
  }

  private onBridged(leg: Leg, bridgeId: string): void {
    const other = this.inBridge.get(bridgeId);
    if (other !== undefined && other !== leg.legId && this.legs.has(other))
      this.findings.broken('I11', `two buyers are with ${bridgeId}`, [leg.legId, other, bridgeId]);
    this.inBridge.set(bridgeId, leg.legId);
    leg.bridgeId = bridgeId;
    leg.wasBridged = true;
    leg.unbridgedMs = null;
  }

  private onUnbridged(leg: Leg): void {
    if (leg.bridgeId !== null && this.inBridge.get(leg.bridgeId) === leg.legId) this.inBridge.delete(leg.bridgeId);
    leg.bridgeId = null;
    const sinceMs = this.findings.time.nowMs();
    leg.unbridgedMs = sinceMs;
    this.findings.within(
      UNBRIDGED_MS,
      HEAL_MS,
      () => this.legs.get(leg.legId) !== leg || leg.unbridgedMs !== sinceMs || this.isInMessage(leg),
      () => this.findings.broken('I9', 'a buyer is left alone on the line', [leg.legId]),
    );
  }

  private onEnded(leg: Leg, wasHungUpByUs: boolean): void {
    this.legs.delete(leg.legId);
    if (this.byNumber.get(leg.number) === leg.legId) this.byNumber.delete(leg.number);
    if (leg.bridgeId !== null && this.inBridge.get(leg.bridgeId) === leg.legId) this.inBridge.delete(leg.bridgeId);
    if (wasHungUpByUs && this.isSilent(leg))
      this.findings.broken('I8', 'an answered buyer was hung up on without a word', [leg.legId]);
    const rangMs = this.findings.time.nowMs() - leg.invitedMs;
    if (wasHungUpByUs && leg.answeredMs === null && rangMs < LEAST_RING_MS && !this.isWithdrawn(leg.legId))
      this.findings.broken('I10', `a ring was cut after ${(rangMs / 1_000).toFixed(1)} s`, [leg.legId]);
  }

  /** Neither an agent nor a message; after 2 s the exchange plays it by itself. */
  private isSilent(leg: Leg): boolean {
    if (leg.answeredMs === null || leg.wasBridged || leg.hadMessage) return false;
    return this.findings.time.nowMs() - leg.answeredMs < CONNECT_MS - 60;
  }

  private isInMessage(leg: Leg): boolean {
    return this.exchange?.network.isInMessage(leg.legId) ?? false;
  }

  private checkLeader(what: string, legId: string, by: CommandSource): void {
    const leader = this.leaders.holderOf(by.groupId);
    if (leader?.holder === by.process && leader.epoch === by.epoch) return;
    this.findings.broken(
      'I15',
      `${what} by ${by.process} in epoch ${by.epoch}, but ${leader?.holder ?? 'nobody'} leads in epoch ${leader?.epoch ?? 0}`,
      [legId],
    );
  }

  private checkTrunk(leg: Leg): void {
    const trunk = this.trunks.find((one) => one.trunk === leg.trunkId);
    if (trunk === undefined) return;
    const inUse = this.exchange?.inUse(leg.trunkId) ?? 0;
    if (inUse > trunk.maxChannels)
      this.findings.broken('I13', `${inUse} lines in use on ${leg.trunkId}, which has ${trunk.maxChannels}`, [
        leg.legId,
      ]);
    const times = (this.inviteTimes.get(leg.trunkId) ?? []).filter((ms) => ms > leg.invitedMs - 1_000);
    times.push(leg.invitedMs);
    this.inviteTimes.set(leg.trunkId, times);
    if (times.length > Math.max(1, Math.floor(trunk.callsPerSecond)))
      this.findings.broken('I13', `${times.length} INVITEs within a second over ${leg.trunkId}`, [leg.legId]);
  }
}
