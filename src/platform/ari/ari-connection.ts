import type { Random } from '../../core/shared/clock.js';
import { AriCommands } from './ari-commands.js';
import type { AriEvent } from './ari-event.js';
import { AriSocket } from './ari-socket.js';
import { basicAuthorization, openTransport } from './ari-transport.js';
import { backoffMs } from './backoff.js';

/** What is heard of every channel on the node. Left out are the chatty ones: variables set, dialplan steps, caller ids, device states. */
const WATCHED_EVENTS = [
  'ChannelStateChange',
  'Dial',
  'ChannelHangupRequest',
  'ChannelDestroyed',
  'ChannelEnteredBridge',
  'ChannelLeftBridge',
  'ChannelDtmfReceived',
  'ChannelTalkingStarted',
  'ChannelTalkingFinished',
  'ChannelUserevent',
  'ApplicationReplaced',
];
/** What only the application itself is told. */
const APPLICATION_EVENTS = ['StasisStart', 'StasisEnd', 'ChannelUserevent', 'ApplicationReplaced'];
const COMMAND_TIMEOUT_MS = 5_000;
const POOL_SIZE = 32;
const STATUS_EVERY_MS = 1_000;

export interface AriConnectionOptions {
  /** `http(s)://host:port` of Asterisk. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** A word that no other process on the node uses at the same time: names our watching application. */
  readonly instance: string;
  readonly random: Random;
  readonly log: { info(message: string, fields?: object): void; warn(message: string, fields?: object): void };
  /** Told every second and at each change, with the seconds since the last time in which the link was down. */
  readonly onStatus: (isUp: boolean, gapSeconds: number) => void;
}

/** What the owner of a connection wants to hear. None of them may throw. */
export interface AriListener {
  onEvent(event: AriEvent): void;
  onUp(): void;
  onDown(reason: string): void;
  onReplaced(application: string): void;
}

/**
 * The supervised link to one Asterisk node: commands over HTTP, events over one socket for everything and one per application.
 *
 * The watching application `dialer-watch-<instance>` is subscribed to all channels of the node, so that nothing is lost of a call that
 * fails within milliseconds; it vanishes from Asterisk with its socket (docs/decisions/0007-pre-answer-events.md). Asterisk may be absent
 * at the start, and as often and long as it likes.
 */
export class AriConnection {
  readonly commands: AriCommands;
  private readonly origin: string;
  private readonly authorization: string;
  private readonly watch: AriSocket;
  private readonly applications = new Map<string, AriSocket>();
  /** Applications that are down after having been up. */
  private readonly lost = new Set<string>();
  private readonly waiting = new Set<() => void>();
  private closeTransport: (() => Promise<void>) | null = null;
  private statusTimer: NodeJS.Timeout | undefined;
  private loadTimer: NodeJS.Timeout | undefined;
  private wasUp = false;
  private isStopped = false;
  private accountedMs = 0;

  constructor(
    private readonly o: AriConnectionOptions,
    private readonly listener: AriListener,
  ) {
    this.origin = new URL(o.url).origin;
    this.authorization = basicAuthorization(o.username, o.password);
    this.commands = new AriCommands(this.origin, o.username, o.password, COMMAND_TIMEOUT_MS);
    this.watch = this.socketOf(`dialer-watch-${o.instance}`, true);
  }

  /** True while an event that we sent has come round within the last 6 s, on the watch and on every application that was up. */
  get isUp(): boolean {
    return this.watch.isUp && this.lost.size === 0;
  }

  /** True while nothing runs at the node's address: it has refused the last connection. */
  get isGone(): boolean {
    return !this.isUp && this.watch.isRefused;
  }

  start(): void {
    this.closeTransport = openTransport({
      origin: this.origin,
      authorization: this.authorization,
      timeoutMs: COMMAND_TIMEOUT_MS,
      connections: POOL_SIZE,
    });
    this.accountedMs = performance.now();
    this.statusTimer = setInterval(() => this.account(), STATUS_EVERY_MS);
    this.load(0);
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.loadTimer);
    clearInterval(this.statusTimer);
    this.watch.stop();
    for (const socket of this.applications.values()) socket.stop();
    await this.closeTransport?.();
  }

  /** Opens the application's socket and keeps it open; resolves once it and the link are up, rejects after 5 s (and goes on trying). */
  async openApplication(name: string): Promise<void> {
    let socket = this.applications.get(name);
    if (socket === undefined) {
      socket = this.socketOf(name, false);
      this.applications.set(name, socket);
      if (this.commands.isLoaded) socket.start();
    }
    await this.untilUp(socket);
  }

  closeApplication(name: string): void {
    this.applications.get(name)?.stop();
    this.applications.delete(name);
    this.lost.delete(name);
    this.judge('');
  }

  private load(tries: number): void {
    this.commands.load().then(
      () => {
        if (this.isStopped) return;
        this.watch.start();
        for (const socket of this.applications.values()) socket.start();
      },
      (problem: unknown) => {
        if (this.isStopped) return;
        if (tries % 30 === 0) this.o.log.warn('asterisk is not reachable', { reason: reasonOf(problem) });
        this.loadTimer = setTimeout(() => this.load(tries + 1), 100 + backoffMs(tries, this.o.random));
      },
    );
  }

  private socketOf(application: string, isWatch: boolean): AriSocket {
    return new AriSocket({
      origin: this.origin,
      authorization: this.authorization,
      application,
      subscribesToAll: isWatch,
      eventTypes: isWatch ? WATCHED_EVENTS : APPLICATION_EVENTS,
      commands: this.commands,
      random: this.o.random,
      onEvent: (event) => this.listener.onEvent(event),
      onUp: () => {
        this.lost.delete(application);
        this.judge('');
        for (const look of [...this.waiting]) look();
      },
      onDown: (reason) => {
        if (!isWatch) this.lost.add(application);
        this.judge(reason);
      },
      onReplaced: isWatch ? null : () => this.onReplaced(application),
    });
  }

  private onReplaced(application: string): void {
    this.closeApplication(application);
    this.o.log.warn('another process has taken over an application', { application });
    this.listener.onReplaced(application);
  }

  private judge(reason: string): void {
    if (this.isStopped || this.isUp === this.wasUp) return;
    this.account();
    this.wasUp = this.isUp;
    this.o.onStatus(this.wasUp, 0);
    if (this.wasUp) {
      this.o.log.info('the link to asterisk is up');
      this.listener.onUp();
    } else {
      this.o.log.warn('the link to asterisk is down', { reason });
      this.listener.onDown(reason);
    }
  }

  private account(): void {
    const now = performance.now();
    this.o.onStatus(this.wasUp, this.wasUp ? 0 : (now - this.accountedMs) / 1000);
    this.accountedMs = now;
  }

  private untilUp(socket: AriSocket): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (!this.isUp || !socket.isUp) return;
        clearTimeout(timer);
        this.waiting.delete(look);
        resolve();
      };
      const timer = setTimeout(() => {
        this.waiting.delete(look);
        reject(new Error('the application could not be heard within 5 s'));
      }, COMMAND_TIMEOUT_MS);
      this.waiting.add(look);
      look();
    });
  }
}

function reasonOf(problem: unknown): string {
  return problem instanceof Error ? problem.message : 'the API description could not be read';
}
