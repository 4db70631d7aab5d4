import type {
  AgentCallRequest,
  BuyerCallRequest,
  CommandResult,
  Survey,
  TelephonyFact,
} from '../../../src/core/call/telephony.js';
import type { FarEndStep } from '../../../src/core/telephony/far-end.js';
import { VirtualNetwork, type VirtualListener } from '../../../src/core/telephony/virtual-network.js';
import type { VirtualTime } from '../engine/virtual-time.js';

/** Who sits at the carrier's side and hears everything, whatever the dialer hears. */
export interface CarrierWatcher {
  onInvite(request: BuyerCallRequest, by: CommandSource): void;
  onBridge(buyerLegId: string, agentLegId: string, by: CommandSource): void;
  /** The recorded message begins at our wish. */
  onMessage(legId: string): void;
  onFact(fact: TelephonyFact): void;
  /** The exchange died: every leg is gone. */
  onReset(): void;
}

/** The process that gave a command, and the leadership it believes in. */
export interface CommandSource {
  readonly process: string;
  readonly groupId: string;
  readonly epoch: number;
}

export interface Trunk {
  readonly trunkId: string;
  readonly maxChannels: number;
  isOut: boolean;
}

const REFUSED_BY_CARRIER: readonly FarEndStep[] = [{ kind: 'refuse', afterMs: 30, cause: 34, techCause: 503 }];

/** The virtual telephone network, the carriers behind its trunks, and an outside observer of both. */
export class Exchange {
  readonly network: VirtualNetwork;
  /** Live buyers' legs: over which trunk, to which number. */
  readonly buyers = new Map<string, { readonly trunkId: string; readonly number: string; readonly groupId: string }>();
  private readonly perTrunk = new Map<string, number>();
  private dialing: BuyerCallRequest | null = null;

  constructor(
    time: VirtualTime,
    private readonly trunks: ReadonlyMap<string, Trunk>,
    behaviourOf: (number: string, legId: string) => readonly FarEndStep[],
    private readonly watcher: CarrierWatcher,
  ) {
    this.network = new VirtualNetwork({
      scheduler: time,
      behaviourOf: (number) => {
        const request = this.dialing;
        const trunk = request === null ? undefined : this.trunks.get(trunkOf(request));
        return trunk?.isOut === true ? REFUSED_BY_CARRIER : behaviourOf(number, request?.legId ?? '');
      },
    });
    this.network.connect({ onFact: (fact) => this.onFact(fact) });
  }

  /** Calls alive on a trunk now, as the carrier counts them. */
  inUse(trunkId: string): number {
    return this.perTrunk.get(trunkId) ?? 0;
  }

  connect(listener: VirtualListener): void {
    this.network.connect(listener);
  }

  callBuyer(request: BuyerCallRequest, by: CommandSource): CommandResult {
    const trunkId = trunkOf(request);
    const trunk = this.trunks.get(trunkId);
    if (trunk === undefined) return { kind: 'refused', reason: 'no such trunk', status: 500 };
    if (this.buyers.has(request.legId)) return { kind: 'duplicate' };
    this.dialing = request;
    const result = this.network.callBuyer(request);
    this.dialing = null;
    if (result.kind !== 'done') return result;
    this.buyers.set(request.legId, { trunkId, number: request.number, groupId: request.groupId });
    this.perTrunk.set(trunkId, this.inUse(trunkId) + 1);
    this.watcher.onInvite(request, by);
    return result;
  }

  callAgent(request: AgentCallRequest): CommandResult {
    return this.network.callAgent(request);
  }

  bridge(
    request: { buyerLegId: string; agentLegId: string; maxTalkSeconds: number },
    by: CommandSource,
  ): CommandResult {
    const result = this.network.bridge(request);
    if (result.kind === 'done') this.watcher.onBridge(request.buyerLegId, request.agentLegId, by);
    return result;
  }

  playMessage(legId: string): CommandResult {
    const result = this.network.playMessage(legId);
    if (result.kind === 'done') this.watcher.onMessage(legId);
    return result;
  }

  survey(): Survey {
    return this.network.survey();
  }

  reset(): void {
    this.network.reset();
    this.buyers.clear();
    this.perTrunk.clear();
    this.watcher.onReset();
  }

  private onFact(fact: TelephonyFact): void {
    if (fact.kind === 'leg.ended') {
      const buyer = this.buyers.get(fact.legId);
      if (buyer !== undefined) {
        this.buyers.delete(fact.legId);
        this.perTrunk.set(buyer.trunkId, this.inUse(buyer.trunkId) - 1);
      }
    }
    this.watcher.onFact(fact);
  }
}

/** Dial strings are `trunk:<id>/{number}`. */
export function endpointOf(trunkId: string): string {
  return `trunk:${trunkId}/{number}`;
}

function trunkOf(request: BuyerCallRequest): string {
  return request.trunkEndpoint.slice('trunk:'.length, request.trunkEndpoint.indexOf('/'));
}
