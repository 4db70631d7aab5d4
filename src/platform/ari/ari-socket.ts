import { WebSocket } from 'ws';
import type { Random } from '../../core/shared/clock.js';
import type { AriCommands } from './ari-commands.js';
import { parseEvent, type AriEvent } from './ari-event.js';
import { backoffMs } from './backoff.js';

const PROBE = 'dialer-probe';
const PROBE_EVERY_MS = 2_000;
/** Three probes missed: the socket is deaf, whatever TCP and WebSocket pings say. */
const DEAF_AFTER_MS = 3 * PROBE_EVERY_MS;
const OPEN_WITHIN_MS = 3_000;

export interface AriSocketOptions {
  /** `http(s)://host:port` of Asterisk. */
  readonly origin: string;
  readonly authorization: string;
  readonly application: string;
  /** Hears the events of every channel on the node, not only of those inside the application. */
  readonly subscribesToAll: boolean;
  /** Types of events that are let through. */
  readonly eventTypes: readonly string[];
  readonly commands: Pick<AriCommands, 'allowEvents' | 'echo'>;
  readonly random: Random;
  readonly onEvent: (event: AriEvent) => void;
  readonly onUp: () => void;
  readonly onDown: (reason: string) => void;
  /** Another process has connected with the application's name; this socket is closed and stays so. Null: nobody else uses the name. */
  readonly onReplaced: (() => void) | null;
}

/**
 * The event socket of one Stasis application, kept open for ever.
 *
 * Up means: an event that we sent through a command came back over the socket. It is asked every 2 s, because a socket that Asterisk has given to
 * somebody else stays open and answers pings, and one that died half-open says nothing at all. A connection that ends is made again after a
 * jittered wait of at most 2 s, without limit of tries. Credentials travel in a header, never in the address.
 */
export class AriSocket {
  private socket: WebSocket | null = null;
  private isStopped = false;
  private isHeard = false;
  #isRefused = false;
  private tries = 0;
  private probeSent = 0;
  private heardAtMs = 0;
  private probeTimer: NodeJS.Timeout | undefined;
  private retryTimer: NodeJS.Timeout | undefined;

  constructor(private readonly o: AriSocketOptions) {}

  /** True from the first probe that came round until the connection ends or falls deaf. */
  get isUp(): boolean {
    return this.isHeard;
  }

  /** True while the last try to connect was refused: nothing listens at the address. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  start(): void {
    if (this.socket === null && !this.isStopped) this.connect();
  }

  /** Ends the connection for good; no callback comes after it. */
  stop(): void {
    this.isStopped = true;
    this.isHeard = false;
    clearTimeout(this.retryTimer);
    clearInterval(this.probeTimer);
    this.socket?.removeAllListeners('message');
    this.socket?.close();
    const socket = this.socket;
    setTimeout(() => socket?.terminate(), 500).unref();
  }

  private connect(): void {
    const url = new URL('/ari/events', this.o.origin);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    url.searchParams.set('app', this.o.application);
    if (this.o.subscribesToAll) url.searchParams.set('subscribeAll', 'true');
    const socket = new WebSocket(url, {
      headers: { authorization: this.o.authorization },
      handshakeTimeout: OPEN_WITHIN_MS,
      perMessageDeflate: false,
    });
    this.socket = socket;
    let reason = 'closed';
    socket.on('error', (problem: NodeJS.ErrnoException) => {
      reason = problem.message;
      this.#isRefused = problem.code === 'ECONNREFUSED';
    });
    socket.on('message', (data) => this.onFrame((data as Buffer).toString('utf8')));
    socket.on('open', () => void this.onOpen(socket));
    socket.on('close', (code) => this.onClose(socket, reason === 'closed' ? `closed (${code})` : reason));
  }

  private async onOpen(socket: WebSocket): Promise<void> {
    this.#isRefused = false;
    this.heardAtMs = performance.now();
    try {
      await this.o.commands.allowEvents(this.o.application, this.o.eventTypes);
    } catch {
      socket.terminate();
      return;
    }
    if (this.socket !== socket || this.isStopped) return;
    this.probe();
    clearInterval(this.probeTimer);
    this.probeTimer = setInterval(() => {
      if (performance.now() - this.heardAtMs >= DEAF_AFTER_MS - 100) {
        this.lose('no probe came round for 6 s');
        socket.terminate();
      } else {
        this.probe();
      }
    }, PROBE_EVERY_MS);
  }

  private probe(): void {
    this.probeSent += 1;
    // A probe that could not be sent is a probe that did not come round.
    this.o.commands.echo(this.o.application, PROBE, { probe: String(this.probeSent) }).catch(() => undefined);
  }

  private onFrame(frame: string): void {
    if (this.isStopped) return;
    const event = parseEvent(frame, new Date());
    if (event === null) return;
    if (event.type === 'ChannelUserevent' && event.eventName === PROBE) {
      if (event.application === this.o.application) this.onProbe();
    } else if (event.type === 'ApplicationReplaced') {
      if (event.application === this.o.application) this.onReplaced();
    } else {
      this.o.onEvent(event);
    }
  }

  private onProbe(): void {
    this.heardAtMs = performance.now();
    this.tries = 0;
    if (this.isHeard) return;
    this.isHeard = true;
    this.o.onUp();
  }

  private onReplaced(): void {
    if (this.o.onReplaced === null) {
      // A connection of our own, given up while Asterisk stood still, was taken up by it late: connect anew.
      this.lose('a late connection of our own took its place');
      this.socket?.terminate();
      return;
    }
    this.stop();
    this.o.onReplaced();
  }

  private onClose(socket: WebSocket, reason: string): void {
    if (this.socket !== socket || this.isStopped) return;
    clearInterval(this.probeTimer);
    this.lose(reason);
    this.retryTimer = setTimeout(() => this.connect(), backoffMs(this.tries, this.o.random));
    this.tries += 1;
  }

  private lose(reason: string): void {
    if (!this.isHeard) return;
    this.isHeard = false;
    this.o.onDown(reason);
  }
}
