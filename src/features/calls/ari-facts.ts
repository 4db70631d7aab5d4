import type { TelephonyFact } from '../../core/call/telephony.js';
import { isLegOfOurs, watchOf } from '../../core/call/leg-ids.js';
import type { AriEvent } from '../../platform/ari/ari-event.js';

/** How many ended legs are remembered, so that what is heard late of them is not told. */
const ENDED_KEPT = 2_000;

interface Heard {
  isDialing: boolean;
  isRinging: boolean;
  hasProgress: boolean;
  isAnswered: boolean;
  isOurs: boolean;
  /** The far end refused or hung up: Asterisk tells that before the leg's end, and tells it of no hang-up of ours. */
  isEndedByThem: boolean;
}

/**
 * Turns the events of one Asterisk node into the facts of the telephony port. No I/O; remembers per live leg what was told, so that a
 * fact that reaches us twice (as `Dial` and as a change of state, over the watch and over the application) is told once.
 */
export class AriFacts {
  private readonly live = new Map<string, Heard>();
  private readonly ended = new Set<string>();
  private readonly hungUp = new Set<string>();

  /** We are asking Asterisk to end this leg, or have found that it is not there. */
  noteHangup(legId: string, isGone = false): void {
    if (isGone) this.hungUp.delete(legId);
    else this.hungUp.add(legId);
  }

  /** True when anything was heard of the leg, which may have ended since. */
  hasHeardOf(legId: string): boolean {
    return this.live.has(legId) || this.ended.has(legId);
  }

  /** True when we have heard the leg's whole life so far, from its dialing on. */
  isKnownFromBirth(legId: string): boolean {
    return this.live.get(legId)?.isDialing ?? false;
  }

  /** The legs that are remembered as living. */
  liveLegs(): string[] {
    return [...this.live.keys()];
  }

  /** Of the legs that were remembered before a survey, forgets those that it did not find: they ended while nothing was heard. */
  forget(remembered: readonly string[], existing: ReadonlySet<string>): void {
    for (const legId of remembered) {
      if (existing.has(legId)) continue;
      this.live.delete(legId);
      this.hungUp.delete(legId);
    }
  }

  /** The facts of one event: usually none or one. Never throws. */
  translate(event: AriEvent): TelephonyFact[] {
    const legId = event.peer?.id ?? event.channel?.id ?? '';
    // The same supervisor may come into a call in the same way again: the one id that is used more than once.
    if (event.type === 'StasisStart' && watchOf(legId) !== null) this.ended.delete(legId);
    if (!isLegOfOurs(legId) || this.ended.has(legId)) return [];
    const at = event.timestamp;
    switch (event.type) {
      case 'Dial':
        return this.onDial(legId, event);
      case 'ChannelStateChange':
        if (event.channel?.state === 'Ringing')
          return this.once(legId, 'isRinging', { kind: 'leg.ringing', legId, at });
        if (event.channel?.state === 'Up') return this.answered(legId, at);
        return [];
      case 'StasisStart':
        // The two sockets keep no common order: whoever entered our application has answered.
        return [...this.answered(legId, at), ...this.once(legId, 'isOurs', { kind: 'leg.ours', legId, at })];
      case 'ChannelEnteredBridge':
        return event.bridgeId === null ? [] : [{ kind: 'leg.bridged', legId, bridgeId: event.bridgeId, at }];
      case 'ChannelLeftBridge':
        return event.bridgeId === null ? [] : [{ kind: 'leg.unbridged', legId, bridgeId: event.bridgeId, at }];
      case 'ChannelTalkingStarted':
        return [{ kind: 'leg.talking', legId, isTalking: true, durationMs: 0, at }];
      case 'ChannelTalkingFinished':
        return [{ kind: 'leg.talking', legId, isTalking: false, durationMs: event.durationMs, at }];
      case 'ChannelDtmfReceived':
        return [{ kind: 'leg.dtmf', legId, digit: event.digit, at }];
      case 'ChannelHangupRequest':
        if (!event.isSoft) this.of(legId).isEndedByThem = true;
        return [];
      case 'ChannelDestroyed':
        return [this.onEnded(legId, event)];
      default:
        return [];
    }
  }

  private onDial(legId: string, event: AriEvent): TelephonyFact[] {
    const at = event.timestamp;
    switch (event.dialStatus) {
      case '':
        return this.once(legId, 'isDialing', { kind: 'leg.dialing', legId, at });
      case 'RINGING':
        return this.once(legId, 'isRinging', { kind: 'leg.ringing', legId, at });
      case 'PROGRESS':
        return this.once(legId, 'hasProgress', { kind: 'leg.progress', legId, at });
      case 'ANSWER':
        return this.answered(legId, at);
      default:
        // BUSY, NOANSWER, CONGESTION …: the end of the leg follows, and its causes say more.
        return [];
    }
  }

  private answered(legId: string, at: Date): TelephonyFact[] {
    return this.once(legId, 'isAnswered', { kind: 'leg.answered', legId, at });
  }

  private once(
    legId: string,
    what: 'isDialing' | 'isRinging' | 'hasProgress' | 'isAnswered' | 'isOurs',
    fact: TelephonyFact,
  ): TelephonyFact[] {
    const heard = this.of(legId);
    if (heard[what]) return [];
    heard[what] = true;
    return [fact];
  }

  private onEnded(legId: string, event: AriEvent): TelephonyFact {
    const heard = this.of(legId);
    this.live.delete(legId);
    this.ended.add(legId);
    if (this.ended.size > ENDED_KEPT) this.ended.delete(this.ended.values().next().value as string);
    // Our ring time-out looks like the carrier's 480 (19/480) but for the far end's hang-up request, which is missing.
    const { cause, techCause } = event;
    const isOurTimeout = !heard.isEndedByThem && (techCause === null || techCause === 480 || techCause === 487);
    return {
      kind: 'leg.ended',
      legId,
      cause,
      techCause,
      wasHungUpByUs: this.hungUp.delete(legId) || isOurTimeout,
      at: event.timestamp,
    };
  }

  private of(legId: string): Heard {
    let heard = this.live.get(legId);
    if (heard === undefined) {
      heard = {
        isDialing: false,
        isRinging: false,
        hasProgress: false,
        isAnswered: false,
        isOurs: false,
        isEndedByThem: false,
      };
      this.live.set(legId, heard);
    }
    return heard;
  }
}
