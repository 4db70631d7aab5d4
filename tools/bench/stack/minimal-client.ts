import { randomUUID } from 'node:crypto';
import { Pool } from 'undici';
import { WebSocket } from 'ws';
import { atRate, pause, round, spreadOf, type Spread } from './figures.js';

/** An Asterisk's ARI. */
export interface Ari {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

export interface CallRun {
  readonly offeredPerSecond: number;
  readonly calls: number;
  /** Answered, and in a bridge with an agent within 2 s. */
  readonly bridged: number;
  readonly placedPerSecond: number;
  readonly answerToAgentMs: Spread;
  /** Most calls that were alive at once. */
  readonly atOnce: number;
}

const APP = 'minimal';
const CONNECT_WITHIN_MS = 2_000;

interface Leg {
  readonly legId: string;
  readonly bridgeId: string;
}

/**
 * The least that an ARI client can do for the same job, to hold the service against: places the call, puts the answered buyer into the bridge of the next
 * free agent, and hangs up after the talk. No orders, no database, no rules, nothing kept.
 */
export class MinimalClient {
  private readonly http: Pool;
  private readonly socket: WebSocket;
  private readonly free: Leg[] = [];
  private readonly waiting = new Map<string, (event: AriEvent) => void>();
  private readonly calls = new Map<string, { answeredAt: number; agent: Leg | null; bridgedAt: number | null }>();
  private talkMs = 500;
  private atOnce = 0;

  private constructor(private readonly ari: Ari) {
    this.http = new Pool(new URL(ari.url).origin, { connections: 50 });
    const query = new URLSearchParams({ app: APP, api_key: `${ari.username}:${ari.password}` });
    this.socket = new WebSocket(`${ari.url.replace(/^http/, 'ws')}/ari/events?${query.toString()}`);
    this.socket.on('message', (data: Buffer) => this.onEvent(JSON.parse(data.toString()) as AriEvent));
  }

  /** Connects, and calls these phones, whose legs then stand. */
  static async start(ari: Ari, phones: readonly string[]): Promise<MinimalClient> {
    const client = new MinimalClient(ari);
    await new Promise<void>((resolve, reject) => {
      client.socket.once('open', resolve);
      client.socket.once('error', reject);
    });
    await Promise.all(phones.map((phone) => client.seat(phone)));
    return client;
  }

  /** So many calls a second for so long to numbers that answer; `talkMs` after the bridge the buyer is hung up. */
  async run(o: {
    perSecond: number;
    seconds: number;
    talkMs: number;
    phoneOf: (i: number) => string;
  }): Promise<CallRun> {
    this.calls.clear();
    this.atOnce = 0;
    this.talkMs = o.talkMs;
    const begin = performance.now();
    const count = Math.round(o.perSecond * o.seconds);
    await atRate(o.perSecond, count, (i) => this.place(o.phoneOf(i)));
    const seconds = (performance.now() - begin) / 1_000;
    await pause(6_000);
    const all = [...this.calls.values()];
    const waits = all.flatMap(({ answeredAt, bridgedAt }) => (bridgedAt === null ? [] : [bridgedAt - answeredAt]));
    return {
      offeredPerSecond: o.perSecond,
      calls: count,
      bridged: waits.filter((ms) => ms <= CONNECT_WITHIN_MS).length,
      placedPerSecond: round(count / Math.max(seconds, o.seconds)),
      answerToAgentMs: spreadOf(waits),
      atOnce: this.atOnce,
    };
  }

  /** Hangs up everybody. */
  async stop(): Promise<void> {
    for (const { legId, bridgeId } of this.free) {
      await this.ask('DELETE', `channels/${legId}`);
      await this.ask('DELETE', `bridges/${bridgeId}`);
    }
    this.socket.close();
    await this.http.close();
  }

  private async seat(phone: string): Promise<void> {
    const legId = `minimal-agent-${randomUUID()}`;
    const bridgeId = `minimal-${randomUUID()}`;
    const isThere = new Promise<void>((resolve) => this.waiting.set(legId, () => resolve()));
    await this.ask('POST', `bridges/${bridgeId}?type=mixing`);
    await this.originate(legId, `PJSIP/${phone}`, 'dialer-agent');
    await isThere;
    await this.extendLease(legId);
    await this.ask('POST', `bridges/${bridgeId}/addChannel?channel=${legId}`);
    this.free.push({ legId, bridgeId });
  }

  private async place(number: string): Promise<void> {
    const legId = `minimal-${randomUUID()}`;
    await this.originate(legId, `PJSIP/${number}@trunk`, 'dialer-buyer');
    this.atOnce = Math.max(this.atOnce, this.live);
  }

  private live = 0;

  private onEvent(event: AriEvent): void {
    const legId = event.channel?.id;
    if (legId === undefined || !legId.startsWith('minimal-')) return;
    if (event.type === 'StasisStart') {
      const waiting = this.waiting.get(legId);
      if (waiting !== undefined) return waiting(event);
      void this.connect(legId);
    }
    if (event.type === 'ChannelEnteredBridge') this.onBridged(legId);
    if (event.type === 'StasisEnd') this.onEnded(legId);
  }

  private async connect(legId: string): Promise<void> {
    const agent = this.free.shift() ?? null;
    this.live += 1;
    this.calls.set(legId, { answeredAt: performance.now(), agent, bridgedAt: null });
    if (agent === null) return;
    await Promise.all([
      this.extendLease(legId),
      this.ask('POST', `bridges/${agent.bridgeId}/addChannel?channel=${legId}`),
    ]);
  }

  private onBridged(legId: string): void {
    const call = this.calls.get(legId);
    if (call === undefined || call.bridgedAt !== null) return;
    call.bridgedAt = performance.now();
    setTimeout(() => void this.ask('DELETE', `channels/${legId}`), this.talkMs);
  }

  private onEnded(legId: string): void {
    const call = this.calls.get(legId);
    if (call === undefined) return;
    this.live -= 1;
    if (call.agent !== null) this.free.push(call.agent);
  }

  private async originate(legId: string, endpoint: string, context: string): Promise<void> {
    await this.ask('POST', `channels/${legId}`, {
      endpoint,
      context,
      extension: 's',
      priority: 1,
      timeout: 20,
      variables: { DIALER_APP: APP, DIALER_LANGUAGE: 'en' },
    });
  }

  private extendLease(legId: string): Promise<void> {
    const query = new URLSearchParams({ variable: 'TIMEOUT(absolute)', value: '600' });
    return this.ask('POST', `channels/${legId}/variable?${query.toString()}`);
  }

  private async ask(method: 'POST' | 'DELETE', path: string, body?: object): Promise<void> {
    const { username, password } = this.ari;
    const answer = await this.http.request({
      path: `/ari/${path}`,
      method,
      headers: {
        authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
        'content-type': 'application/json',
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    await answer.body.dump();
  }
}

interface AriEvent {
  readonly type: string;
  readonly channel?: { readonly id: string };
}
