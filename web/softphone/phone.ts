import type { SoftphoneMessage } from '../../src/features/desktop/desktop.protocol.js';
import { ask, Refusal } from '../shared/api.js';
import {
  listDevices,
  openMicrophone,
  STANDARD,
  troubleOf,
  type AudioDevice,
  type AudioTrouble,
} from './audio-devices.js';
import { countersOf, figuresBetween, type LineCounters, type LineFigures } from './quality.js';
import type { SipLine } from './sip-line.js';

/** What the page shows of its phone. */
export interface PhoneView {
  /** False: the agent's phone is elsewhere. Null: not known yet. */
  readonly isOffered: boolean | null;
  readonly status: 'off' | 'connecting' | 'registered' | 'line';
  readonly trouble: AudioTrouble | null;
  readonly isMuted: boolean;
  readonly microphones: readonly AudioDevice[];
  readonly speakers: readonly AudioDevice[];
  readonly microphone: string;
  readonly speaker: string;
  /** The device that took over when the headset was unplugged; null once it has been seen. */
  readonly pulledTo: string | null;
  readonly figures: LineFigures | null;
}

const MEASURE_MS = 2_000;
const RETRY_MS = 2_000;
/** A phone that is registered gets its line within a second; after this long without one the exchange holds a dead one. */
const WITHOUT_LINE_MS = 2_500;

/**
 * The agent's phone in the browser: microphone, registration, and the standing line of the shift, which is answered without ringing. It is there
 * while the page acts, and comes back by itself after a reload, a lost network, a pulled headset.
 */
export class Phone {
  private view: PhoneView = {
    isOffered: null,
    status: 'off',
    trouble: null,
    isMuted: false,
    microphones: [],
    speakers: [],
    microphone: localStorage.getItem('microphone') ?? STANDARD,
    speaker: localStorage.getItem('speaker') ?? STANDARD,
    pulledTo: null,
    figures: null,
  };
  private readonly watchers = new Set<() => void>();
  private readonly audio = new Audio();
  private isWanted = false;
  private isLineExpected = false;
  private withoutLineSince = 0;
  private line: SipLine | null = null;
  private stream: MediaStream | null = null;
  private connection: RTCPeerConnection | null = null;
  private counters: LineCounters | null = null;
  private starting: Promise<void> | null = null;
  private retry: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.audio.autoplay = true;
    setInterval(() => void this.measure(), MEASURE_MS);
    setInterval(() => this.missLine(), WITHOUT_LINE_MS);
    if ('mediaDevices' in navigator) {
      navigator.mediaDevices.addEventListener('devicechange', () => void this.onDevices());
    }
    // The exchange learns of a reload at once, and calls the new page instead of waiting for the old one.
    addEventListener('pagehide', () => this.line?.drop());
  }

  readonly subscribe = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  readonly snapshot = (): PhoneView => this.view;

  /** Whether this page is the agent's phone now. */
  setWanted(isWanted: boolean): void {
    if (this.isWanted === isWanted) return;
    this.isWanted = isWanted;
    if (isWanted) this.start();
    else this.stop();
  }

  /** Whether the exchange believes that the line stands. */
  setLineExpected(isExpected: boolean): void {
    this.isLineExpected = isExpected;
  }

  /** Tries once more after the agent has plugged something in or allowed something. */
  readonly tryAgain = (): void => {
    this.change({ trouble: null });
    this.start();
  };

  readonly toggleMute = (): void => {
    if (this.view.status !== 'line') return;
    this.change({ isMuted: !this.view.isMuted });
    this.applyMute();
  };

  readonly sendTone = (tone: string): void => this.line?.sendTone(tone);

  readonly chooseMicrophone = async (microphone: string): Promise<void> => {
    localStorage.setItem('microphone', microphone);
    this.change({ microphone });
    await this.openStream();
  };

  readonly chooseSpeaker = async (speaker: string): Promise<void> => {
    localStorage.setItem('speaker', speaker);
    this.change({ speaker });
    await this.applySpeaker();
  };

  readonly seePulled = (): void => this.change({ pulledTo: null });

  /** The microphone as it is heard, for its meter. */
  get microphoneStream(): MediaStream | null {
    return this.stream;
  }

  private start(): void {
    clearTimeout(this.retry);
    this.starting ??= this.bringUp().finally(() => {
      this.starting = null;
    });
  }

  private async bringUp(): Promise<void> {
    try {
      const account = await ask<SoftphoneMessage>('GET', 'softphone');
      this.change({ isOffered: true, status: 'connecting' });
      if (!(await this.openStream()) || !this.isWanted) return;
      const { SipLine } = await import('./sip-line.js');
      if (!this.isWanted) return;
      this.line?.stop();
      this.line = new SipLine(account, {
        onRegistered: (isRegistered) => this.onRegistered(isRegistered),
        onLine: (connection) => this.onLine(connection),
        stream: () => this.stream,
      });
    } catch (error) {
      if (error instanceof Refusal && error.code === 'agent.no_softphone') this.change({ isOffered: false });
      else if (this.isWanted) this.retry = setTimeout(() => this.start(), RETRY_MS);
    }
  }

  private stop(): void {
    clearTimeout(this.retry);
    this.line?.stop();
    this.line = null;
    this.onLine(null);
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.change({ status: 'off', isMuted: false, trouble: null });
  }

  /** Opens the chosen microphone, also in the middle of a talk. @returns false when it cannot be had: `trouble` says why */
  private async openStream(): Promise<boolean> {
    try {
      const stream = await openMicrophone(this.view.microphone);
      const [track] = stream.getAudioTracks();
      track?.addEventListener('ended', () => this.stream === stream && void this.onDevices());
      this.stream?.getTracks().forEach((old) => old.stop());
      this.stream = stream;
      await this.connection?.getSenders()[0]?.replaceTrack(track ?? null);
      this.applyMute();
      this.change({
        trouble: null,
        microphones: await listDevices('audioinput'),
        speakers: await listDevices('audiooutput'),
      });
      return true;
    } catch (error) {
      this.change({ trouble: troubleOf(error), status: this.line === null ? 'off' : this.view.status });
      return false;
    }
  }

  /** Something was plugged in or out. */
  private async onDevices(): Promise<void> {
    const microphones = await listDevices('audioinput');
    this.change({ microphones, speakers: await listDevices('audiooutput') });
    if (this.stream === null || this.stream.getAudioTracks().some((track) => track.readyState === 'live')) return;
    if (await this.openStream()) this.change({ pulledTo: this.stream.getAudioTracks()[0]?.label ?? '' });
  }

  private onRegistered(isRegistered: boolean): void {
    if (this.view.status === 'line') return;
    this.withoutLineSince = Date.now();
    this.change({ status: isRegistered ? 'registered' : 'connecting' });
  }

  private onLine(connection: RTCPeerConnection | null): void {
    this.connection = connection;
    this.counters = null;
    this.withoutLineSince = Date.now();
    if (connection === null) {
      this.change({ status: this.line === null ? 'off' : 'registered', figures: null });
      return;
    }
    this.audio.srcObject = new MediaStream(connection.getReceivers().map((receiver) => receiver.track));
    void this.audio.play().catch(() => undefined);
    void this.applySpeaker();
    this.applyMute();
    this.change({ status: 'line' });
  }

  /** The exchange may hold a line to a page that was reloaded or a network that is gone: it is told, ends that line and calls anew. */
  private missLine(): void {
    if (this.view.status !== 'registered' || !this.isLineExpected) return;
    if (Date.now() - this.withoutLineSince < WITHOUT_LINE_MS) return;
    void ask('POST', 'softphone/line').catch(() => undefined);
  }

  private applyMute(): void {
    this.stream?.getAudioTracks().forEach((track) => {
      track.enabled = !this.view.isMuted;
    });
  }

  private async applySpeaker(): Promise<void> {
    try {
      await this.audio.setSinkId(this.view.speaker === STANDARD ? '' : this.view.speaker);
    } catch {
      // A pair of headphones that is gone: the sound goes where the system sends it.
    }
  }

  private async measure(): Promise<void> {
    if (this.connection === null) return;
    const now = countersOf(await this.connection.getStats());
    if (this.counters !== null) this.change({ figures: figuresBetween(this.counters, now) });
    this.counters = now;
  }

  private change(part: Partial<PhoneView>): void {
    this.view = { ...this.view, ...part };
    this.watchers.forEach((watcher) => watcher());
  }
}
