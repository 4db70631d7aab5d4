import { agentOfLeg, seatOf, watchLegId, watchOf, type WatchMode } from '../call/leg-ids.js';
import type {
  AgentCallRequest,
  BuyerCallRequest,
  CommandResult,
  NumberCallRequest,
  Survey,
  TelephonyFact,
} from '../call/telephony.js';
import { buyerBehaviour, phoneBehaviour, trunkBehaviour, type FarEndStep } from './far-end.js';
import { newLeg, type VirtualLeg } from './virtual-leg.js';

/** Time as the network sees it: real in the service, virtual in the simulator. */
export interface Scheduler {
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** Runs `work` after `afterMs`, works of one instant in the order they were asked for; returns how to call it off. */
  after(afterMs: number, work: () => void): () => void;
}

export interface VirtualNetworkOptions {
  readonly scheduler: Scheduler;
  /** What the buyer behind a number does; the simulated carrier's table by default. */
  readonly behaviourOf?: (number: string) => readonly FarEndStep[];
  /** Calls that a trunk carries at once, agents' phones not counted; unlimited by default. */
  readonly trunkChannels?: number;
  /** Length of the recorded message. */
  readonly messageMs?: number;
  /** Between an order to call and the INVITE. */
  readonly dialMs?: number;
}

/** Who is connected to the exchange: hears all facts, owns the groups that it attached last. */
export interface VirtualListener {
  onFact(fact: TelephonyFact): void;
}

const DONE: CommandResult = { kind: 'done' };
const GONE: CommandResult = { kind: 'gone' };
/** The leases of the reference dialplan, asterisk-config/pbx/extensions.conf. */
const BUYER_LEASE_MS = 2_000;
const AGENT_LEASE_MS = 30_000;
const NORMAL = { cause: 16, techCause: null };
const NO_ANSWER = { cause: 19, techCause: 480 };

/**
 * A telephone exchange with its reference dialplan, a carrier and agents' phones, all pretended: no I/O, no clock of its own.
 *
 * It keeps the promises that the real exchange keeps (leases, recorded message, duplicate ids, who hears what); the contract suite holds
 * both to them.
 */
export class VirtualNetwork {
  private readonly legs = new Map<string, VirtualLeg>();
  private readonly bridges = new Map<string, number>();
  private resets = 0;
  private readonly listeners = new Set<VirtualListener>();
  private readonly owners = new Map<string, VirtualListener>();
  private readonly messageMs: number;
  private readonly dialMs: number;
  private readonly behaviourOf: (number: string) => readonly FarEndStep[];

  constructor(private readonly o: VirtualNetworkOptions) {
    this.messageMs = o.messageMs ?? 5_000;
    this.dialMs = o.dialMs ?? 5;
    this.behaviourOf = o.behaviourOf ?? buyerBehaviour;
  }

  connect(listener: VirtualListener): void {
    this.listeners.add(listener);
  }

  /** The listener hears nothing more and owns nothing more; its legs live on under their leases. */
  disconnect(listener: VirtualListener): void {
    this.listeners.delete(listener);
    for (const [groupId, owner] of this.owners) if (owner === listener) this.owners.delete(groupId);
  }

  /** From now on the group's answered legs come to this listener; the one before is told that it was replaced. */
  attachGroup(groupId: string, listener: VirtualListener): void {
    const before = this.owners.get(groupId);
    this.owners.set(groupId, listener);
    if (before !== undefined && before !== listener) {
      this.tell({ kind: 'link.replaced', groupId, at: this.now() }, [before]);
    }
  }

  detachGroup(groupId: string, listener: VirtualListener): void {
    if (this.owners.get(groupId) === listener) this.owners.delete(groupId);
  }

  callBuyer(request: BuyerCallRequest): CommandResult {
    return this.callOut(request, { isAgent: false, reportsSpeech: request.detectSpeech });
  }

  callNumber(request: NumberCallRequest): CommandResult {
    return this.callOut(request, { isAgent: true, reportsSpeech: false });
  }

  callAgent(request: AgentCallRequest): CommandResult {
    if (this.legs.has(request.legId)) return { kind: 'duplicate' };
    const steps = phoneBehaviour(request.endpoint);
    if (steps === null) return { kind: 'refused', reason: 'allocation failed', status: 500 };
    this.dial(
      this.addLeg(request, { isAgent: true, isOnTrunk: false, reportsSpeech: false }),
      request.ringSeconds,
      steps,
    );
    return DONE;
  }

  bridge(request: { buyerLegId: string; agentLegId: string; maxTalkSeconds: number }): CommandResult {
    const joined = this.join(request.buyerLegId, request.agentLegId);
    const leg = this.legs.get(request.buyerLegId);
    if (joined.kind !== 'done' || leg === undefined) return joined;
    leg.isBridgedOnce = true;
    this.setLease(leg, request.maxTalkSeconds * 1_000);
    return DONE;
  }

  hold(request: { buyerLegId: string; agentLegId: string; isOn: boolean }): CommandResult {
    if (!request.isOn) return this.join(request.buyerLegId, request.agentLegId);
    const leg = this.legs.get(request.buyerLegId);
    if (leg === undefined || !leg.isOurs) return GONE;
    this.leaveBridge(leg);
    return DONE;
  }

  seat({ legId, besideLegId }: { legId: string; besideLegId: string }): CommandResult {
    const leg = this.legs.get(legId);
    const bridgeId = seatOf(besideLegId);
    if (leg === undefined || !leg.isOurs || bridgeId === null) return GONE;
    if (legId === besideLegId && !this.bridges.has(bridgeId)) this.bridges.set(bridgeId, this.o.scheduler.nowMs());
    if (!this.bridges.has(bridgeId)) return GONE;
    this.moveTo(leg, bridgeId);
    return DONE;
  }

  watch(request: { supervisorId: string; buyerLegId: string; groupId: string; mode: WatchMode }): CommandResult {
    const legId = watchLegId(request.supervisorId, request.buyerLegId, request.mode);
    const buyer = this.legs.get(request.buyerLegId);
    if (buyer === undefined || !buyer.isOurs || this.legs.has(legId)) return GONE;
    const leg = this.addLeg(
      { legId, groupId: request.groupId },
      { isAgent: true, isOnTrunk: false, reportsSpeech: false, watchesLegId: buyer.legId },
    );
    this.later(leg, 0, () => this.answer(leg));
    return DONE;
  }

  extendLease(legId: string, seconds: number): CommandResult {
    const leg = this.legs.get(legId);
    if (leg === undefined || !leg.isOurs) return GONE;
    this.setLease(leg, seconds * 1_000);
    return DONE;
  }

  playMessage(legId: string): CommandResult {
    const leg = this.legs.get(legId);
    if (leg === undefined || !leg.isOurs) return GONE;
    this.toMessage(leg);
    return DONE;
  }

  hangup(legId: string, cause = NORMAL.cause): CommandResult {
    const leg = this.legs.get(legId);
    if (leg === undefined) return GONE;
    this.end(leg, { ...NORMAL, cause }, true);
    return DONE;
  }

  /**
   * The far end of a connected leg hangs up: for agents' and buyers' behaviour that a simulation decides itself.
   * @param cause  16: the phone was put down; any other: its connection was lost
   */
  hangUpByThem(legId: string, cause = NORMAL.cause): void {
    const leg = this.legs.get(legId);
    if (leg !== undefined) this.end(leg, { ...NORMAL, cause }, false);
  }

  destroyBridge(bridgeId: string): CommandResult {
    if (!this.bridges.delete(bridgeId)) return GONE;
    for (const leg of this.legs.values()) if (leg.bridgeId === bridgeId) this.leaveBridge(leg);
    return DONE;
  }

  /** Another word after each {@link reset}. */
  get run(): string {
    return `virtual-${this.resets}`;
  }

  survey(): Survey {
    const legs = [...this.legs.values()];
    const inBridge = new Map([...this.bridges.keys()].map((bridgeId): [string, string[]] => [bridgeId, []]));
    for (const { legId, bridgeId } of legs) if (bridgeId !== null) inBridge.get(bridgeId)?.push(legId);
    return {
      run: this.run,
      legs: legs.map(({ legId, state, isInMessage, bridgeId, createdMs }) => ({
        legId,
        state,
        isInMessage,
        bridgeId,
        createdAt: new Date(createdMs),
      })),
      bridges: [...this.bridges].map(([bridgeId, createdMs]) => ({
        bridgeId,
        legIds: inBridge.get(bridgeId) ?? [],
        createdAt: new Date(createdMs),
      })),
    };
  }

  /** True while the recorded message is played to the leg. */
  isInMessage(legId: string): boolean {
    return this.legs.get(legId)?.isInMessage ?? false;
  }

  /** The exchange dies and comes back empty: no leg is left, and nobody is told. */
  reset(): void {
    this.resets += 1;
    for (const leg of this.legs.values()) this.remove(leg);
    this.bridges.clear();
  }

  private callOut(
    request: { legId: string; groupId: string; trunkEndpoint: string; number: string; ringSeconds: number },
    more: { isAgent: boolean; reportsSpeech: boolean },
  ): CommandResult {
    if (this.legs.has(request.legId)) return { kind: 'duplicate' };
    const inUse = [...this.legs.values()].filter((leg) => leg.isOnTrunk).length;
    const ofTrunk = trunkBehaviour(request.trunkEndpoint);
    if (ofTrunk === null || inUse >= (this.o.trunkChannels ?? Infinity)) {
      return { kind: 'refused', reason: 'allocation failed', status: 500 };
    }
    const leg = this.addLeg(request, { ...more, isOnTrunk: true });
    this.dial(leg, request.ringSeconds, ofTrunk ?? this.behaviourOf(request.number));
    return DONE;
  }

  private addLeg(request: { legId: string; groupId: string }, more: Parameters<typeof newLeg>[1]): VirtualLeg {
    const leg = newLeg(request, more, this.o.scheduler.nowMs());
    this.legs.set(leg.legId, leg);
    return leg;
  }

  private dial(leg: VirtualLeg, ringSeconds: number, steps: readonly FarEndStep[]): void {
    this.later(leg, this.dialMs, () => {
      this.tell({ kind: 'leg.dialing', legId: leg.legId, at: this.now() });
      this.later(leg, ringSeconds * 1_000, () => {
        if (leg.state !== 'up') this.end(leg, NO_ANSWER, true);
      });
      this.play(leg, steps, 0);
    });
  }

  private play(leg: VirtualLeg, steps: readonly FarEndStep[], index: number): void {
    const step = steps[index];
    if (step === undefined) return;
    this.later(leg, step.afterMs, () => {
      this.carryOut(leg, step);
      if (this.legs.has(leg.legId)) this.play(leg, steps, index + 1);
    });
  }

  private carryOut(leg: VirtualLeg, step: FarEndStep): void {
    const { legId } = leg;
    switch (step.kind) {
      case 'ring':
        leg.state = 'ringing';
        return this.tell({ kind: 'leg.ringing', legId, at: this.now() });
      case 'early_media':
        return this.tell({ kind: 'leg.progress', legId, at: this.now() });
      case 'answer':
        return this.answer(leg);
      case 'refuse':
        return this.end(leg, step, false);
      case 'hang_up':
        return this.end(leg, NORMAL, false);
      case 'press':
        return this.tell({ kind: 'leg.dtmf', legId, digit: step.digit, at: this.now() });
      case 'talk':
        if (!leg.reportsSpeech) return;
        this.tell({ kind: 'leg.talking', legId, isTalking: true, durationMs: 0, at: this.now() });
        return this.later(leg, step.forMs, () => {
          this.tell({ kind: 'leg.talking', legId, isTalking: false, durationMs: step.forMs, at: this.now() });
        });
    }
  }

  /** The reference dialplan's first lines: a lease, then the group's application, or the message when nobody is there. */
  private answer(leg: VirtualLeg): void {
    const { legId } = leg;
    leg.state = 'up';
    this.tell({ kind: 'leg.answered', legId, at: this.now() });
    if (leg.watchesLegId === undefined) this.setLease(leg, leg.isAgent ? AGENT_LEASE_MS : BUYER_LEASE_MS);
    const owner = this.owners.get(leg.groupId);
    if (owner === undefined) return leg.isAgent ? this.end(leg, NORMAL, true) : this.toMessage(leg);
    leg.isOurs = true;
    this.tell({ kind: 'leg.ours', legId, at: this.now() }, [owner]);
    const ear = watchOf(legId);
    if (ear !== null) {
      const seat = [...this.legs.keys()].find((id) => agentOfLeg(id) === ear.supervisorId && this.bridges.has(id));
      return seat === undefined ? this.end(leg, NORMAL, true) : this.enterBridge(leg, seat);
    }
    const bridgeId = seatOf(legId);
    if (bridgeId === null || !this.legs.has(legId)) return;
    if (!this.bridges.has(bridgeId)) this.bridges.set(bridgeId, this.o.scheduler.nowMs());
    this.enterBridge(leg, bridgeId);
  }

  private toMessage(leg: VirtualLeg): void {
    this.leaveBridge(leg);
    leg.isOurs = false;
    leg.isInMessage = true;
    this.setLease(leg, this.messageMs);
  }

  private setLease(leg: VirtualLeg, ms: number): void {
    leg.cancelLease?.();
    leg.cancelLease = this.o.scheduler.after(ms, () => {
      const isOver = leg.isAgent || leg.isBridgedOnce || leg.isInMessage;
      if (isOver) this.end(leg, NORMAL, true);
      else this.toMessage(leg);
    });
  }

  private join(buyerLegId: string, agentLegId: string): CommandResult {
    const leg = this.legs.get(buyerLegId);
    const bridgeId = seatOf(agentLegId);
    if (leg === undefined || !leg.isOurs || bridgeId === null) return GONE;
    if (!this.bridges.has(bridgeId) && this.seat({ legId: agentLegId, besideLegId: agentLegId }).kind !== 'done')
      return GONE;
    this.moveTo(leg, bridgeId);
    return DONE;
  }

  private moveTo(leg: VirtualLeg, bridgeId: string): void {
    if (leg.bridgeId === bridgeId) return;
    this.leaveBridge(leg);
    this.enterBridge(leg, bridgeId);
  }

  private enterBridge(leg: VirtualLeg, bridgeId: string): void {
    leg.bridgeId = bridgeId;
    this.tell({ kind: 'leg.bridged', legId: leg.legId, bridgeId, at: this.now() });
  }

  private leaveBridge(leg: VirtualLeg): void {
    const { bridgeId } = leg;
    if (bridgeId === null) return;
    leg.bridgeId = null;
    this.tell({ kind: 'leg.unbridged', legId: leg.legId, bridgeId, at: this.now() });
  }

  private end(leg: VirtualLeg, why: { cause: number; techCause: number | null }, wasHungUpByUs: boolean): void {
    if (this.legs.get(leg.legId) !== leg) return;
    this.leaveBridge(leg);
    this.remove(leg);
    const bridgeId = seatOf(leg.legId);
    if (bridgeId !== null) this.destroyBridge(bridgeId);
    const { cause, techCause } = why;
    this.tell({ kind: 'leg.ended', legId: leg.legId, cause, techCause, wasHungUpByUs, at: this.now() });
    for (const ear of [...this.legs.values()]) if (ear.watchesLegId === leg.legId) this.end(ear, NORMAL, true);
  }

  private remove(leg: VirtualLeg): void {
    this.legs.delete(leg.legId);
    for (const cancel of leg.cancels) cancel();
    leg.cancelLease?.();
  }

  private later(leg: VirtualLeg, ms: number, work: () => void): void {
    const cancel = this.o.scheduler.after(ms, () => {
      leg.cancels.delete(cancel);
      work();
    });
    leg.cancels.add(cancel);
  }

  /** Everybody hears everything, but not in the middle of a command of theirs. */
  private tell(fact: TelephonyFact, to: Iterable<VirtualListener> = this.listeners): void {
    this.o.scheduler.after(0, () => {
      for (const listener of [...to]) if (this.listeners.has(listener)) listener.onFact(fact);
    });
  }

  private now(): Date {
    return new Date(this.o.scheduler.nowMs());
  }
}
