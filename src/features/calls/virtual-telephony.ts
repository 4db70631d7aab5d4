import type { WatchMode } from '../../core/call/leg-ids.js';
import type {
  AgentCallRequest,
  BuyerCallRequest,
  CommandResult,
  NumberCallRequest,
  Survey,
  Telephony,
  TelephonyFact,
} from '../../core/call/telephony.js';
import { VirtualNetwork, type Scheduler, type VirtualListener } from '../../core/telephony/virtual-network.js';
import { refusalOfAgent, refusalOfBuyer, refusalOfNumber } from './dial-check.js';

/** Real time for a virtual network: timers of this process, none of which keeps it alive. */
export const realTime: Scheduler = {
  nowMs: () => Date.now(),
  after(afterMs, work) {
    if (afterMs <= 0) {
      const immediate = setImmediate(work);
      return () => clearImmediate(immediate);
    }
    const timer = setTimeout(work, afterMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

const LINK_DOWN = 'the link to the exchange is down';

/**
 * The telephony port on a virtual network in real time (`ARI_URL=virtual:`): the same service with no Asterisk and no audio.
 *
 * Several may share one network, as several processes share one exchange. `cut` and `restore` play the loss of the link, `fail` the end of the exchange.
 */
export class VirtualTelephony implements Telephony {
  private readonly listeners = new Set<(fact: TelephonyFact) => void>();
  private readonly groups = new Set<string>();
  private readonly ear: VirtualListener = { onFact: (fact) => this.tell(fact) };
  private readonly known = new Set<string>();
  private isConnected = false;
  #isGone = false;

  constructor(
    readonly node: string,
    private readonly network = new VirtualNetwork({ scheduler: realTime }),
    private readonly onListenerFailed: (fact: string, error: unknown) => void = () => undefined,
  ) {}

  start(): void {
    this.restore();
  }

  /** Lets go of the network; calls live on under their leases. */
  stop(): Promise<void> {
    this.network.disconnect(this.ear);
    this.isConnected = false;
    return Promise.resolve();
  }

  get isUp(): boolean {
    return this.isConnected;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  get run(): string | null {
    return this.isConnected ? this.network.run : null;
  }

  /** The link is lost: facts are not heard and not repeated later. */
  cut(reason: string): void {
    if (!this.isConnected) return;
    void this.stop();
    this.tell({ kind: 'link.down', at: new Date(), reason });
  }

  /** The exchange dies with all its legs; {@link restore} starts it anew. */
  fail(): void {
    this.cut('the exchange has died');
    this.network.reset();
    this.#isGone = true;
  }

  restore(): void {
    if (this.isConnected) return;
    this.#isGone = false;
    this.network.connect(this.ear);
    for (const groupId of this.groups) this.network.attachGroup(groupId, this.ear);
    this.isConnected = true;
    this.tell({ kind: 'link.up', at: new Date() });
  }

  onFact(listener: (fact: TelephonyFact) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  attachGroup(groupId: string): Promise<void> {
    this.groups.add(groupId);
    if (this.isConnected) this.network.attachGroup(groupId, this.ear);
    return Promise.resolve();
  }

  detachGroup(groupId: string): Promise<void> {
    this.groups.delete(groupId);
    this.network.detachGroup(groupId, this.ear);
    return Promise.resolve();
  }

  callBuyer(request: BuyerCallRequest): Promise<CommandResult> {
    const refusal = refusalOfBuyer(request);
    return refusal === null ? this.originate(() => this.network.callBuyer(request)) : refused(refusal, 400);
  }

  callAgent(request: AgentCallRequest): Promise<CommandResult> {
    const refusal = refusalOfAgent(request);
    return refusal === null ? this.originate(() => this.network.callAgent(request)) : refused(refusal, 400);
  }

  callNumber(request: NumberCallRequest): Promise<CommandResult> {
    const refusal = refusalOfNumber(request);
    return refusal === null ? this.originate(() => this.network.callNumber(request)) : refused(refusal, 400);
  }

  seat(request: { legId: string; besideLegId: string }): Promise<CommandResult> {
    return this.command(() => this.network.seat(request));
  }

  watch(request: {
    supervisorId: string;
    buyerLegId: string;
    groupId: string;
    mode: WatchMode;
  }): Promise<CommandResult> {
    return this.command(() => this.network.watch(request));
  }

  bridge(request: { buyerLegId: string; agentLegId: string; maxTalkSeconds: number }): Promise<CommandResult> {
    return this.command(() => this.network.bridge(request));
  }

  extendLease(legId: string, seconds: number): Promise<CommandResult> {
    return this.command(() => this.network.extendLease(legId, seconds));
  }

  playMessage(legId: string): Promise<CommandResult> {
    return this.command(() => this.network.playMessage(legId));
  }

  hold(request: { buyerLegId: string; agentLegId: string; isOn: boolean }): Promise<CommandResult> {
    return this.command(() => this.network.hold(request));
  }

  /** There is no audio: a browser's phone is one that answers, like any other here. */
  putPhone({ name }: { name: string; password: string }): Promise<CommandResult> {
    this.known.add(name);
    return Promise.resolve({ kind: 'done' });
  }

  removePhone(name: string): Promise<CommandResult> {
    this.known.delete(name);
    return Promise.resolve({ kind: 'done' });
  }

  phones(): Promise<{ name: string; isThere: boolean }[]> {
    return Promise.resolve([...this.known].map((name) => ({ name, isThere: true })));
  }

  hangup(legId: string, cause?: number): Promise<CommandResult> {
    return this.command(() => this.network.hangup(legId, cause));
  }

  destroyBridge(bridgeId: string): Promise<CommandResult> {
    return this.command(() => this.network.destroyBridge(bridgeId));
  }

  survey(): Promise<Survey> {
    return this.isConnected ? Promise.resolve(this.network.survey()) : Promise.reject(new Error(LINK_DOWN));
  }

  private originate(work: () => CommandResult): Promise<CommandResult> {
    return this.isConnected ? Promise.resolve(work()) : refused(LINK_DOWN, 0);
  }

  private command(work: () => CommandResult): Promise<CommandResult> {
    return Promise.resolve(this.isConnected ? work() : { kind: 'unknown', reason: LINK_DOWN });
  }

  private tell(fact: TelephonyFact): void {
    if (fact.kind === 'link.replaced') this.groups.delete(fact.groupId);
    for (const listener of this.listeners) {
      try {
        listener(fact);
      } catch (error) {
        this.onListenerFailed(fact.kind, error);
      }
    }
  }
}

function refused(reason: string, status: number): Promise<CommandResult> {
  return Promise.resolve({ kind: 'refused', reason, status });
}
