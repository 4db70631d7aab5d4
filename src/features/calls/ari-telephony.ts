import { isBridgeOfOurs, isLegOfOurs, isPhoneName, seatOf } from '../../core/call/leg-ids.js';
import type {
  AgentCallRequest,
  BuyerCallRequest,
  CommandResult,
  NumberCallRequest,
  Survey,
  Telephony,
  TelephonyFact,
} from '../../core/call/telephony.js';
import { AriConnection, type AriConnectionOptions } from '../../platform/ari/ari-connection.js';
import type { AriEvent } from '../../platform/ari/ari-event.js';
import { AgentSeats } from './agent-seats.js';
import { AriFacts } from './ari-facts.js';
import { APPLICATION, AriPlacing, BUYER_CONTEXT } from './ari-placing.js';
import { DONE, GONE, resultOf, twice } from './ari-results.js';
import { browserPhone } from './browser-phone.js';
import { BuyerHooks, type WatchRequest } from './buyer-hooks.js';

const MESSAGE_EXTENSION = 'message';
const PJSIP = { configClass: 'res_pjsip' } as const;
/** Four packets of 20 ms. */
const MUSIC_HEARD_MS = 80;

/** What the adapter needs of a node's settings; see `AriConnectionOptions`. */
export interface AriTelephonyOptions extends AriConnectionOptions {
  /** The node's name, stored on each call. */
  readonly node: string;
}

/**
 * The telephony port on a real Asterisk, over ARI.
 *
 * A buyer is originated into the reference dialplan, never into an application, so that an answer without a dialer still runs the recorded
 * message; there the leg gets its lease (`TIMEOUT(absolute)`), which Asterisk itself enforces. An agent's leg is put into its bridge here,
 * as soon as it is ours; connecting a buyer is then one `addChannel`.
 */
export class AriTelephony implements Telephony {
  readonly node: string;
  #run: string | null = null;
  private readonly link: AriConnection;
  private readonly facts = new AriFacts();
  private readonly listeners = new Set<(fact: TelephonyFact) => void>();
  private readonly seats: AgentSeats;
  private readonly hooks: BuyerHooks;
  private readonly placing: AriPlacing;
  /** Legs that may have music on. */
  private readonly held = new Set<string>();
  /** The bridge that each buyer was last put into. */
  private readonly joined = new Map<string, string>();
  /** The last lease write per leg: a shorter lease asked earlier must not overwrite a longer one asked later. */
  private readonly leases = new Map<string, Promise<unknown>>();

  constructor(private readonly o: AriTelephonyOptions) {
    this.node = o.node;
    this.link = new AriConnection(o, {
      onEvent: (event) => this.onEvent(event),
      onUp: () => {
        // Should this fail, the next survey makes it good.
        this.learnRun().catch(() => undefined);
        this.tell({ kind: 'link.up', at: new Date() });
      },
      onDown: (reason) => {
        this.#run = null;
        this.tell({ kind: 'link.down', at: new Date(), reason });
      },
      onReplaced: (application) =>
        this.tell({ kind: 'link.replaced', groupId: application.slice(APPLICATION.length), at: new Date() }),
    });
    this.seats = new AgentSeats(this.link.commands);
    this.hooks = new BuyerHooks(this.link.commands);
    this.placing = new AriPlacing(this.link, this.facts);
  }

  /** Begins to connect, for ever; the node need not be there. */
  start(): void {
    this.link.start();
  }

  /** Lets go of the node; calls live on under their leases. */
  async stop(): Promise<void> {
    await this.link.stop();
  }

  get isUp(): boolean {
    return this.link.isUp;
  }

  get isGone(): boolean {
    return this.link.isGone;
  }

  get run(): string | null {
    return this.#run;
  }

  onFact(listener: (fact: TelephonyFact) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async attachGroup(groupId: string): Promise<void> {
    await this.link.openApplication(APPLICATION + groupId);
  }

  detachGroup(groupId: string): Promise<void> {
    this.link.closeApplication(APPLICATION + groupId);
    return Promise.resolve();
  }

  callBuyer(request: BuyerCallRequest): Promise<CommandResult> {
    return this.placing.callBuyer(request);
  }

  callAgent(request: AgentCallRequest): Promise<CommandResult> {
    return this.placing.callAgent(request);
  }

  callNumber(request: NumberCallRequest): Promise<CommandResult> {
    return this.placing.callNumber(request);
  }

  async bridge(request: { buyerLegId: string; agentLegId: string; maxTalkSeconds: number }): Promise<CommandResult> {
    const { buyerLegId, agentLegId, maxTalkSeconds } = request;
    const joined = await this.join(buyerLegId, agentLegId);
    if (joined.kind !== 'done') return joined;
    // Only now: a buyer who could not be connected must still hear the message when the short lease ends.
    const lease = (): Promise<CommandResult> => this.setLease(buyerLegId, maxTalkSeconds);
    const mark = (): Promise<CommandResult> =>
      resultOf(this.link.commands.setVariable(buyerLegId, 'DIALER_BRIDGED', '1'));
    const results = await Promise.all([twice(lease), twice(mark)]);
    return results.find((result) => result.kind !== 'done') ?? DONE;
  }

  async extendLease(legId: string, seconds: number): Promise<CommandResult> {
    return this.setLease(legId, seconds);
  }

  async playMessage(legId: string): Promise<CommandResult> {
    this.held.delete(legId);
    return resultOf(this.link.commands.continueInDialplan(legId, BUYER_CONTEXT, MESSAGE_EXTENSION));
  }

  async hold(request: { buyerLegId: string; agentLegId: string; isOn: boolean }): Promise<CommandResult> {
    if (!request.isOn) return this.join(request.buyerLegId, request.agentLegId);
    const bridgeId = seatOf(request.agentLegId);
    if (bridgeId === null) return GONE;
    // Not being in the bridge (any more) is what we want; a buyer who is gone shows at the next command.
    const out = await resultOf(this.link.commands.removeFromBridge(bridgeId, request.buyerLegId));
    if (out.kind === 'unknown') return out;
    this.held.add(request.buyerLegId);
    return resultOf(this.link.commands.startMusic(request.buyerLegId));
  }

  async seat({ legId, besideLegId }: { legId: string; besideLegId: string }): Promise<CommandResult> {
    return this.seats.move(legId, besideLegId);
  }

  watch(request: WatchRequest): Promise<CommandResult> {
    return this.hooks.watch(request);
  }

  async hangup(legId: string, cause?: number): Promise<CommandResult> {
    this.hooks.leave(legId);
    this.facts.noteHangup(legId);
    const result = await resultOf(this.link.commands.hangup(legId, cause));
    if (result.kind === 'gone') this.facts.noteHangup(legId, true);
    return result;
  }

  async destroyBridge(bridgeId: string): Promise<CommandResult> {
    return resultOf(this.link.commands.destroyBridge(bridgeId));
  }

  async putPhone({ name, password }: { name: string; password: string }): Promise<CommandResult> {
    for (const [objectType, fields] of browserPhone(name, password)) {
      const result = await resultOf(this.link.commands.putObject({ ...PJSIP, objectType, id: name }, fields));
      if (result.kind !== 'done') return result;
    }
    return DONE;
  }

  async removePhone(name: string): Promise<CommandResult> {
    let result = DONE;
    for (const objectType of ['endpoint', 'aor', 'auth']) {
      const removed = await resultOf(this.link.commands.deleteObject({ ...PJSIP, objectType, id: name }));
      if (removed.kind !== 'done' && removed.kind !== 'gone') result = removed;
    }
    return result;
  }

  async phones(): Promise<{ name: string; isThere: boolean }[]> {
    const endpoints = await this.link.commands.sipEndpoints();
    return endpoints.filter(({ name }) => isPhoneName(name)).map(({ name, isOnline }) => ({ name, isThere: isOnline }));
  }

  async survey(): Promise<Survey> {
    const asked = this.facts.liveLegs();
    const [channels, bridges, run] = await Promise.all([
      this.link.commands.channels(),
      this.link.commands.bridges(),
      this.learnRun(),
    ]);
    const ours = bridges.filter((bridge) => isBridgeOfOurs(bridge.id));
    const bridgeOf = new Map(ours.flatMap((bridge) => bridge.channelIds.map((id) => [id, bridge.id] as const)));
    const legs = channels
      .filter((channel) => isLegOfOurs(channel.id))
      .map((channel) => ({
        legId: channel.id,
        state: stateOf(channel.state),
        isInMessage: channel.extension === MESSAGE_EXTENSION,
        bridgeId: bridgeOf.get(channel.id) ?? null,
        createdAt: channel.createdAt,
      }));
    this.facts.forget(asked, new Set(legs.map((leg) => leg.legId)));
    return {
      run,
      legs,
      bridges: ours.map(({ id, channelIds, createdAt }) => ({ bridgeId: id, legIds: channelIds, createdAt })),
    };
  }

  private async learnRun(): Promise<string> {
    const run = await this.link.commands.startedAt();
    if (this.isUp) this.#run = run;
    return run;
  }

  /** Puts the buyer into the bridge of the agent's leg. */
  private async join(buyerLegId: string, agentLegId: string): Promise<CommandResult> {
    const bridgeId = seatOf(agentLegId);
    if (bridgeId === null) return GONE;
    const isThere = this.joined.get(buyerLegId) === bridgeId && !this.held.has(buyerLegId);
    if (!isThere) {
      await this.leaveOther(buyerLegId, bridgeId);
      await this.seats.makeReady(agentLegId);
    }
    // A leg that another process may have put on hold gets its music stopped too.
    const isTakenOver = !this.facts.isKnownFromBirth(buyerLegId);
    if (this.held.delete(buyerLegId) || isTakenOver) {
      if (this.joined.get(buyerLegId) !== bridgeId) await this.hooks.end(buyerLegId, isTakenOver);
      await resultOf(this.link.commands.stopMusic(buyerLegId));
    }
    const add = async (): Promise<CommandResult> => {
      const result = await resultOf(this.link.commands.addToBridge(bridgeId, buyerLegId));
      if (result.kind === 'done') this.joined.set(buyerLegId, bridgeId);
      return result;
    };
    const added = await add();
    if (added.kind !== 'gone') return added;
    // Perhaps it is the bridge that is gone: a leg that has lost its seat gets it back, lest every buyer meet the same.
    const seated = await this.seats.move(agentLegId, agentLegId);
    return seated.kind === 'done' ? add() : seated;
  }

  /** A buyer who goes from one bridge straight into another hears a moment of music: it makes the leg begin anew (see `AgentSeats.makeReady`). */
  private async leaveOther(buyerLegId: string, bridgeId: string): Promise<void> {
    if (this.held.has(buyerLegId)) return;
    const from = this.joined.get(buyerLegId) ?? (await this.bridgeOfOldLeg(buyerLegId));
    if (from === null || from === bridgeId) return;
    const out = await resultOf(this.link.commands.removeFromBridge(from, buyerLegId));
    if (out.kind !== 'done') return;
    this.held.add(buyerLegId);
    const music = await resultOf(this.link.commands.startMusic(buyerLegId));
    // Stopped before its first packet has left, it would have been none.
    if (music.kind === 'done') await new Promise((resolve) => setTimeout(resolve, MUSIC_HEARD_MS));
  }

  /** Where a leg is that another process may have put there; null when it is in no bridge of ours. */
  private async bridgeOfOldLeg(legId: string): Promise<string | null> {
    if (this.facts.isKnownFromBirth(legId)) return null;
    const bridges = await this.link.commands.bridges().catch(() => []);
    return bridges.find(({ id, channelIds }) => isBridgeOfOurs(id) && channelIds.includes(legId))?.id ?? null;
  }

  private setLease(legId: string, seconds: number): Promise<CommandResult> {
    const write = (): Promise<CommandResult> =>
      resultOf(
        this.link.commands.setVariable(
          legId,
          'TIMEOUT(absolute)',
          String(Math.round(Math.max(0.5, seconds) * 10) / 10),
        ),
      );
    const before = this.leases.get(legId);
    const result = before === undefined ? write() : before.then(write);
    this.leases.set(legId, result);
    return result.finally(() => {
      if (this.leases.get(legId) === result) this.leases.delete(legId);
    });
  }

  private onEvent(event: AriEvent): void {
    for (const fact of this.facts.translate(event)) {
      if (fact.kind === 'leg.ours') this.seats.take(fact.legId);
      if (fact.kind === 'leg.ended') {
        this.held.delete(fact.legId);
        this.joined.delete(fact.legId);
        this.seats.clear(fact.legId);
        this.hooks.ended(fact.legId);
      }
      this.tell(fact);
    }
  }

  private tell(fact: TelephonyFact): void {
    for (const listener of this.listeners) {
      try {
        listener(fact);
      } catch (error) {
        this.o.log.warn('a listener of telephony facts failed', { fact: fact.kind, error });
      }
    }
  }
}

function stateOf(state: string): 'dialing' | 'ringing' | 'up' {
  if (state === 'Up') return 'up';
  return state === 'Ring' || state === 'Ringing' ? 'ringing' : 'dialing';
}
