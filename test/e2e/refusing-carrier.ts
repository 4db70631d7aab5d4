import { createSocket, type RemoteInfo } from 'node:dgram';

/** An INVITE that came in, each once. */
export interface RefusedInvite {
  readonly number: string;
  readonly callId: string;
  readonly at: Date;
}

/** A carrier that refuses every call, as a SIP peer of the PBX: what it was asked stands in its own ledger. */
export class RefusingCarrier {
  readonly invites: RefusedInvite[] = [];
  /** What every INVITE is answered from now on. */
  answer: { status: number; reason: string } = { status: 503, reason: 'Service Unavailable' };
  private readonly socket = createSocket('udp4');

  /** Listens on this port of 127.0.0.1. */
  async start(port: number): Promise<void> {
    this.socket.on('message', (message, from) => this.onMessage(message.toString('utf8'), from));
    await new Promise<void>((resolve, reject) => {
      this.socket.once('error', reject);
      this.socket.bind(port, '127.0.0.1', resolve);
    });
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.socket.close(resolve));
  }

  /** INVITEs to one number. */
  to(number: string): RefusedInvite[] {
    return this.invites.filter((invite) => invite.number === number);
  }

  private onMessage(text: string, from: RemoteInfo): void {
    const request = /^(INVITE|OPTIONS) sip:([^@;>\s]+)\S* SIP\/2\.0/.exec(text);
    if (request === null) return;
    const callId = header(text, 'Call-ID')[0] ?? '';
    if (request[1] === 'OPTIONS') return this.reply(text, from, 200, 'OK');
    if (!this.invites.some((invite) => invite.callId === callId)) {
      this.invites.push({ number: decodeURIComponent(request[2] ?? ''), callId, at: new Date() });
    }
    this.reply(text, from, this.answer.status, this.answer.reason);
  }

  private reply(request: string, to: RemoteInfo, status: number, reason: string): void {
    const lines = [
      `SIP/2.0 ${status} ${reason}`,
      ...header(request, 'Via').map((value) => `Via: ${value}`),
      ...header(request, 'From').map((value) => `From: ${value}`),
      ...header(request, 'To').map((value) => `To: ${value};tag=refusing`),
      ...header(request, 'Call-ID').map((value) => `Call-ID: ${value}`),
      ...header(request, 'CSeq').map((value) => `CSeq: ${value}`),
      'Content-Length: 0',
    ];
    this.socket.send(`${lines.join('\r\n')}\r\n\r\n`, to.port, to.address);
  }
}

function header(text: string, name: string): string[] {
  return [...text.matchAll(new RegExp(`^${name}:[ \\t]*(.*?)\\r?$`, 'gim'))].map(([, value = '']) => value);
}
