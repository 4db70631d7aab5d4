import JsSIP from 'jssip';
import type { RTCSession } from 'jssip/lib/RTCSession';
import type { UA } from 'jssip/lib/UA';
import type { SoftphoneMessage } from '../../src/features/desktop/desktop.protocol.js';

const REGISTER_AGAIN_MS = 700;
/** Candidates of this machine's own addresses come at once; nobody waits for more. */
const GATHER_MS = 250;

/** A phone that is put down (cause 16) would end the talk. */
const LINE_LOST = 'Reason: Q.850;cause=41;text="line lost"';

export interface LineEvents {
  onRegistered(isRegistered: boolean): void;
  /** The line for the shift stands (with its connection), or is gone (null). */
  onLine(connection: RTCPeerConnection | null): void;
  /** Asked when the exchange calls: with this stream it is answered. */
  stream(): MediaStream | null;
}

/** One registration and the one call that comes to it: the standing line, answered without ringing. */
export class SipLine {
  private readonly ua: UA;
  private session: RTCSession | null = null;
  private isStopped = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    account: SoftphoneMessage,
    private readonly events: LineEvents,
  ) {
    // The page may be reached by another name than the server knows of itself; the cookie goes where the page came from.
    const address = new URL(new URL(account.url).pathname, location.href);
    address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    this.ua = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(address.href)],
      uri: account.uri,
      authorization_user: account.username,
      password: account.password,
      register_expires: account.registerSeconds,
      session_timers: false,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 4,
      user_agent: 'confirm-dialer',
    });
    const tell = (isRegistered: boolean): void => {
      if (!this.isStopped) events.onRegistered(isRegistered);
    };
    this.ua.on('registered', () => tell(true));
    this.ua.on('unregistered', () => tell(false));
    this.ua.on('disconnected', () => tell(false));
    this.ua.on('registrationFailed', () => {
      if (this.isStopped) return;
      tell(false);
      // Right after the sign-in the exchange may not have been told of us yet.
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.ua.register(), REGISTER_AGAIN_MS);
    });
    this.ua.on('newRTCSession', ({ originator, session }: { originator: string; session: RTCSession }) => {
      if (originator === 'remote') this.take(session);
    });
    this.ua.start();
  }

  sendTone(tone: string): void {
    this.session?.sendDTMF(tone, { transportType: JsSIP.C.DTMF_TRANSPORT.RFC2833 });
  }

  /** Ends the line as one that is lost: the exchange learns at once, keeps the buyer and calls anew. */
  drop(): void {
    const { session } = this;
    this.session = null;
    if (session !== null && !session.isEnded()) session.terminate({ extraHeaders: [LINE_LOST] });
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
    this.drop();
    this.ua.stop();
  }

  private take(session: RTCSession): void {
    const stream = this.events.stream();
    if (stream === null) {
      session.terminate({ status_code: 480 });
      return;
    }
    // The exchange calls once; a new call means that it has given up the old one.
    this.drop();
    this.session = session;
    const over = (): void => {
      if (this.session !== session) return;
      this.session = null;
      this.events.onLine(null);
    };
    session.on('ended', over);
    session.on('failed', over);
    session.on('icecandidate', ({ ready }: { ready: () => void }) => setTimeout(ready, GATHER_MS));
    session.on('peerconnection', ({ peerconnection }: { peerconnection: RTCPeerConnection }) => {
      peerconnection.addEventListener('connectionstatechange', () => {
        if (this.session !== session) return;
        if (peerconnection.connectionState === 'connected') this.events.onLine(peerconnection);
        // Given up by the browser: the network is another one now.
        if (peerconnection.connectionState === 'failed') {
          this.drop();
          this.events.onLine(null);
        }
      });
    });
    session.answer({ mediaStream: stream, pcConfig: { iceServers: [] } });
  }
}
