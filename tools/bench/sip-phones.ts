import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { LOOPBACK } from '../dev-env/ports.js';

/** Silence in G.711 A-law decodes to ±8; a voice is far above. */
const AUDIBLE = 400;
/** 20 ms of A-law, and what is in it when nobody speaks. */
const SAMPLES = 160;
const SILENCE = 0xd5;
/** A sound after this much of silence is a new one. */
const PAUSE_MS = 400;

/** A phone that takes every call at once, and the beginnings of what was heard on it. */
export interface SipPhone {
  /** Times (`Date.now()`) at which sound began after silence. */
  readonly onsets: readonly number[];
}

/**
 * Agents' phones as SIP legs of the bench: one SIP address for all, names are told by the called user. Each takes the call that comes to it, listens
 * in G.711 A-law and sends silence all the time, as a phone in a quiet room does.
 */
export class SipPhones {
  private readonly phones = new Map<string, { readonly onsets: number[] }>();
  private readonly answers = new Map<string, string>();
  private readonly media = new Map<string, Socket>();

  private constructor(
    private readonly socket: Socket,
    readonly address: string,
  ) {
    socket.on('message', (message, from) => void this.take(message.toString('utf8'), from));
  }

  static async start(): Promise<SipPhones> {
    const socket = createSocket('udp4');
    const port = await bound(socket);
    return new SipPhones(socket, `${LOOPBACK}:${port}`);
  }

  phone(name: string): SipPhone {
    const known = this.phones.get(name) ?? { onsets: [] };
    this.phones.set(name, known);
    return known;
  }

  stop(): void {
    this.socket.close();
    for (const socket of this.media.values()) socket.close();
    this.media.clear();
  }

  private async take(message: string, from: RemoteInfo): Promise<void> {
    const method = message.split(' ', 1)[0] ?? '';
    if (method === 'ACK' || method === 'SIP/2.0') return;
    const key = `${headerOf(message, 'Call-ID')} ${headerOf(message, 'CSeq')}`;
    const callId = headerOf(message, 'Call-ID');
    let answer = this.answers.get(key);
    if (answer === undefined) {
      const name = /^\w+ sip:([^@;>\s]+)@/.exec(message)?.[1] ?? '';
      const body = method === 'INVITE' ? await this.open(callId, name, message) : '';
      if (method === 'BYE') this.close(callId);
      answer = this.ok(message, body);
      this.answers.set(key, answer);
    }
    this.socket.send(answer, from.port, from.address);
  }

  private async open(callId: string, name: string, invite: string): Promise<string> {
    const far = {
      host: /^c=IN IP4 (\S+)/m.exec(invite)?.[1] ?? LOOPBACK,
      port: Number(/^m=audio (\d+)/m.exec(invite)?.[1] ?? 0),
    };
    let socket = this.media.get(callId);
    if (socket === undefined) {
      socket = createSocket('udp4');
      await bound(socket);
      this.media.set(callId, socket);
      const { onsets } = this.phone(name) as { onsets: number[] };
      let lastAudibleMs = 0;
      socket.on('message', (packet: Buffer) => {
        if (packet.length <= 12) return;
        if (loudness(packet.subarray(12)) > AUDIBLE) {
          const now = Date.now();
          if (now - lastAudibleMs > PAUSE_MS) onsets.push(now);
          lastAudibleMs = now;
        }
      });
      this.speak(socket, far);
    }
    const { port } = socket.address();
    return [
      'v=0',
      `o=- 1 1 IN IP4 ${LOOPBACK}`,
      's=-',
      `c=IN IP4 ${LOOPBACK}`,
      't=0 0',
      `m=audio ${port} RTP/AVP 8`,
      'a=rtpmap:8 PCMA/8000',
      'a=ptime:20',
      'a=sendrecv',
      '',
    ].join('\r\n');
  }

  private speak(socket: Socket, far: { readonly host: string; readonly port: number }): void {
    const packet = Buffer.alloc(12 + SAMPLES, SILENCE);
    packet.writeUInt16BE(0x8008, 0);
    packet.writeUInt32BE(far.port, 8);
    let sent = 0;
    const timer = setInterval(() => {
      packet.writeUInt16BE(sent & 0xffff, 2);
      packet.writeUInt32BE((sent * SAMPLES) >>> 0, 4);
      sent += 1;
      socket.send(packet, far.port, far.host);
    }, 20);
    socket.once('close', () => clearInterval(timer));
  }

  private close(callId: string): void {
    this.media.get(callId)?.close();
    this.media.delete(callId);
  }

  private ok(request: string, body: string): string {
    const copied = request
      .split('\r\n\r\n', 1)[0]
      ?.split('\r\n')
      .filter((line) => /^(Via|Record-Route|From|Call-ID|CSeq):/i.test(line));
    const to = headerOf(request, 'To');
    return [
      'SIP/2.0 200 OK',
      ...(copied ?? []),
      `To: ${to}${to.includes(';tag=') ? '' : ';tag=bench'}`,
      `Contact: <sip:phone@${this.address}>`,
      'Allow: INVITE, ACK, BYE, CANCEL, OPTIONS',
      ...(body === '' ? [] : ['Content-Type: application/sdp']),
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n');
  }
}

function headerOf(message: string, name: string): string {
  return new RegExp(`^${name}:[ \\t]*(.*?)\\r$`, 'im').exec(message)?.[1] ?? '';
}

function bound(socket: Socket): Promise<number> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, LOOPBACK, () => resolve(socket.address().port));
  });
}

/** Mean of the samples' magnitude, as 16-bit numbers. */
function loudness(alaw: Buffer): number {
  let sum = 0;
  for (const byte of alaw) {
    const code = byte ^ 0x55;
    const exponent = (code >> 4) & 7;
    const mantissa = code & 15;
    sum += exponent === 0 ? (mantissa << 4) + 8 : ((mantissa << 4) + 0x108) << (exponent - 1);
  }
  return sum / alaw.length;
}
