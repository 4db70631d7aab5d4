import type { WatchMode } from './leg-ids.js';

/**
 * The telephony port: what the dialer asks of a telephone exchange, and the facts it hears back.
 *
 * Two implementations exist: Asterisk over ARI, and the virtual telephone network. Both pass the same contract suite (`test/contract`).
 *
 * Leg ids are ours: a buyer's leg carries the call's UUID; an agent's leg carries `agent-<agentId>-<n>` (standing or per call); a number that
 * a buyer is handed over to `number-<callId>-<n>`; a supervisor's ear in a talk `watch-<supervisorId>-<callId>-<mode>`.
 * The leg of an agent, standing or per call, and that of a number sit in a bridge of their own, which has the leg's name (`leg-ids.ts`).
 * Facts may come late, twice, or after the end of the leg; a listener must bear that. Legs of groups that another process leads are heard
 * too, but for their `leg.ours`, which comes to the group's leader alone.
 */
export interface Telephony {
  /** The name of the node (`ARI_NODES`), stored on each call. */
  readonly node: string;

  /** True while commands and events both get through, judged by an event that came round. */
  readonly isUp: boolean;

  /** True while nothing runs at the node's address: it refuses connections. One that just does not answer may still carry talks. */
  readonly isGone: boolean;

  /** Names this run of the exchange: another word after its restart. Null while it is not known. */
  readonly run: string | null;

  /** Hears every fact of every leg that starts with our ids, in order of arrival. Never throws into the caller. */
  onFact(listener: (fact: TelephonyFact) => void): () => void;

  /**
   * Makes sure this process hears the group's legs (one Stasis application per group and node).
   * Asking twice is harmless. Losing it to another process is told as `link.replaced`.
   */
  attachGroup(groupId: string): Promise<void>;
  detachGroup(groupId: string): Promise<void>;

  /**
   * Calls a buyer. Resolves when the exchange has accepted the order to call; the rest comes as facts.
   * The leg answers into the reference dialplan under a 2 s lease; there it waits for `bridge` or `playMessage`.
   * Asking again with a leg id that is alive is refused as `duplicate`; a leg id is never used twice.
   */
  callBuyer(request: BuyerCallRequest): Promise<CommandResult>;

  /** Calls an agent's phone; when it answers it is put alone into its bridge under a 30 s lease. */
  callAgent(request: AgentCallRequest): Promise<CommandResult>;

  /** Calls a number that a buyer is to be handed over to; when it answers it sits alone in its bridge under a 30 s lease, like an agent's leg. */
  callNumber(request: NumberCallRequest): Promise<CommandResult>;

  /**
   * Puts the buyer's leg into the bridge of the agent's leg (or the number's): from here both hear each other, for `maxTalkSeconds` at most, after which the
   * buyer's leg ends without a message.
   */
  bridge(request: { buyerLegId: string; agentLegId: string; maxTalkSeconds: number }): Promise<CommandResult>;

  /**
   * Moves the end of the leg's lease to `seconds` from now; of several wishes the last one asked for holds, and `bridge` is one as well.
   * `gone` also when the leg is not ours (any more): not answered yet, or in the recorded message.
   */
  extendLease(legId: string, seconds: number): Promise<CommandResult>;

  /** Lets the reference dialplan play the recorded message to a buyer and hang up; works on without us. */
  playMessage(legId: string): Promise<CommandResult>;

  /** Takes the buyer's leg out of the bridge to music, or back in. */
  hold(request: { buyerLegId: string; agentLegId: string; isOn: boolean }): Promise<CommandResult>;

  /**
   * Puts an agent's leg into the bridge of another agent's or a number's leg, and with `besideLegId` its own back into its own bridge. Being
   * there already is `done`; `gone` when either is not there (any more).
   */
  seat(request: { legId: string; besideLegId: string }): Promise<CommandResult>;

  /**
   * Gives a supervisor, whose own leg is up, an ear in the buyer's call, from where all in it are heard: unheard (`listen`), heard by the agent's
   * side alone (`whisper`), or by all (`barge`). The ear is a leg (`watchLegId`): it follows the buyer through hold and hand-over, ends with the
   * buyer's leg whatever becomes of us, and sooner by `hangup`.
   */
  watch(request: {
    supervisorId: string;
    buyerLegId: string;
    groupId: string;
    mode: WatchMode;
  }): Promise<CommandResult>;

  /**
   * Ends a leg, ringing or up. Ending one that is gone is `gone`, not an error.
   * @param cause  Q.850, told in `leg.ended`; default 16, a phone that was put down
   */
  hangup(legId: string, cause?: number): Promise<CommandResult>;

  /** Ends a bridge of ours; the legs in it are left alone. */
  destroyBridge(bridgeId: string): Promise<CommandResult>;

  /**
   * Lets a browser register as the phone `name` with this password, until {@link removePhone}, another password, or the exchange's restart.
   * Repeating it is harmless. The phone is called as `PJSIP/<name>`.
   */
  putPhone(phone: { readonly name: string; readonly password: string }): Promise<CommandResult>;

  /** Nobody registers as this phone any more, and it is not called. A leg that stands is left alone. */
  removePhone(name: string): Promise<CommandResult>;

  /** The browsers' phones that the exchange knows (`isPhoneName`), and whether one is registered now. */
  phones(): Promise<readonly { readonly name: string; readonly isThere: boolean }[]>;

  /** Everything of ours that exists now on the exchange, for the reconciler. */
  survey(): Promise<Survey>;
}

export interface BuyerCallRequest {
  readonly legId: string;
  readonly groupId: string;
  /** Trunk's dial string with `{number}`, e.g. `PJSIP/{number}@trunk`. */
  readonly trunkEndpoint: string;
  /** E.164 with plus; anything else is refused by the adapter. */
  readonly number: string;
  /** E.164 or null for the trunk's own. */
  readonly callerId: string | null;
  /** How long the leg may be unanswered, in seconds (15–60). */
  readonly ringSeconds: number;
  /** `uk`, `ru` or `en`: the language of the recorded message. */
  readonly language: string;
  /** Reports `leg.talking` facts, so that an answering machine can be told from a person. */
  readonly detectSpeech: boolean;
}

export interface AgentCallRequest {
  readonly legId: string;
  readonly agentId: string;
  readonly groupId: string;
  /** e.g. `PJSIP/agent-anna`. */
  readonly endpoint: string;
  readonly callerId: string | null;
  readonly ringSeconds: number;
}

/** A number of the shop's own, for a buyer in a talk. */
export interface NumberCallRequest {
  /** `number-<callId>-<n>`. */
  readonly legId: string;
  readonly groupId: string;
  readonly trunkEndpoint: string;
  /** E.164 with plus. */
  readonly number: string;
  readonly callerId: string | null;
  readonly ringSeconds: number;
}

/**
 * What became of a command. `gone`: the leg or bridge no longer exists, or the leg is no longer ours to command. `refused`: the exchange said
 * no and will go on saying so (`reason` is for logs; `status` is its HTTP status, 400 when the adapter's own check refused, 0 when the link is
 * down and therefore no call was placed). `unknown`: no answer; whether it was carried out must be found out by facts or `survey`.
 */
export type CommandResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'refused'; readonly reason: string; readonly status: number }
  | { readonly kind: 'unknown'; readonly reason: string };

export type TelephonyFact =
  /** The exchange has sent the INVITE (or is about to); at most once. */
  | { readonly kind: 'leg.dialing'; readonly legId: string; readonly at: Date }
  | { readonly kind: 'leg.ringing'; readonly legId: string; readonly at: Date }
  /** Early media (183): sound before an answer. */
  | { readonly kind: 'leg.progress'; readonly legId: string; readonly at: Date }
  /** Answered, whoever answered. */
  | { readonly kind: 'leg.answered'; readonly legId: string; readonly at: Date }
  /** We now control the answered leg (it entered our Stasis application); commands on it work from here. */
  | { readonly kind: 'leg.ours'; readonly legId: string; readonly at: Date }
  | {
      readonly kind: 'leg.bridged';
      readonly legId: string;
      readonly bridgeId: string;
      readonly at: Date;
    }
  | { readonly kind: 'leg.unbridged'; readonly legId: string; readonly bridgeId: string; readonly at: Date }
  | {
      readonly kind: 'leg.talking';
      readonly legId: string;
      readonly isTalking: boolean;
      readonly durationMs: number;
      readonly at: Date;
    }
  | { readonly kind: 'leg.dtmf'; readonly legId: string; readonly digit: string; readonly at: Date }
  /**
   * The leg is over. `cause` is Q.850 (0 when none was given), `techCause` the SIP status or null;
   * `wasHungUpByUs` when a hang-up request of ours or our ring time-out ended it.
   */
  | {
      readonly kind: 'leg.ended';
      readonly legId: string;
      readonly cause: number;
      readonly techCause: number | null;
      readonly wasHungUpByUs: boolean;
      readonly at: Date;
    }
  | { readonly kind: 'link.up'; readonly at: Date }
  | { readonly kind: 'link.down'; readonly at: Date; readonly reason: string }
  /** Another process took over this group's application: leadership is lost. */
  | { readonly kind: 'link.replaced'; readonly groupId: string; readonly at: Date };

export interface Survey {
  /** The run of the exchange that was looked at, see {@link Telephony.run}. */
  readonly run: string;
  readonly legs: readonly {
    readonly legId: string;
    readonly state: 'dialing' | 'ringing' | 'up';
    /** The dialplan plays the recorded message to it, and hangs up after that. */
    readonly isInMessage: boolean;
    readonly bridgeId: string | null;
    readonly createdAt: Date;
  }[];
  readonly bridges: readonly {
    readonly bridgeId: string;
    readonly legIds: readonly string[];
    readonly createdAt: Date;
  }[];
}
