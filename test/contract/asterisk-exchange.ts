import { WebSocket } from 'ws';
import { startAsterisk } from '../../tools/dev-env/asterisk.js';
import { startCarrier } from '../../tools/dev-env/carrier.js';
import { AriTelephony } from '../../src/features/calls/ari-telephony.js';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.js';
import { FactLog, GROUP, until, type Dialer, type Exchange } from './harness.js';

/** A dialer process behind a TCP proxy of its own; `status` is what it would report to metrics. */
export interface AsteriskDialer extends Dialer {
  readonly proxy: FaultProxy;
  readonly status: { isUp: boolean; gapSeconds: number };
}

/** The real Asterisk with the product's configuration, and what only it can be asked. */
export interface AsteriskExchange extends Exchange {
  open(): Promise<AsteriskDialer>;
  /** A dialer that has begun to connect and need not succeed. */
  openLater(more?: { password?: string }): Promise<AsteriskDialer>;
  /** Ends the dialers that a failed test has left. */
  endDialers(): Promise<void>;
  /** The carrier says nothing any more, or again. */
  setCarrierSilent(isSilent: boolean): void;
  /** Asterisk stands still, or goes on. */
  setHeld(isHeld: boolean): void;
  /** Ends Asterisk at once; `restart` brings it back. */
  kill(): Promise<void>;
  /** Another client connects under the name of an application and leaves at once. */
  takeOver(application: string): Promise<void>;
  /** A raw command to ARI; the body of the answer. */
  ari(method: string, path: string): Promise<unknown>;
}

const PHONES = ['agent-anna', 'agent-echo-1', 'agent-reject-1', 'agent-deaf-1', 'agent-ring-1'];

/** Starts a PBX and a carrier of their own; each dialer reaches the PBX through a TCP proxy of its own. */
export async function startAsteriskExchange(): Promise<AsteriskExchange> {
  const carrier = await startCarrier();
  const pbx = await startAsterisk({ trunkHost: carrier.trunkHost, phonesHost: carrier.phonesHost, agents: PHONES });
  const dialers = new Set<{ die(): Promise<void> }>();
  const ari = async (method: string, path: string): Promise<unknown> => {
    const authorization = `Basic ${Buffer.from(`${pbx.ariUsername}:${pbx.ariPassword}`).toString('base64')}`;
    const answer = await fetch(`${pbx.url}/ari/${path}`, { method, headers: { authorization } });
    const text = await answer.text();
    return text === '' ? null : (JSON.parse(text) as unknown);
  };
  const openLater = async (more: { password?: string } = {}): Promise<AsteriskDialer> => {
    const proxy = await startFaultProxy(pbx.url);
    const status = { isUp: false, gapSeconds: 0 };
    const telephony = new AriTelephony({
      node: 'main',
      url: `http://127.0.0.1:${proxy.port}`,
      username: pbx.ariUsername,
      password: more.password ?? pbx.ariPassword,
      instance: `${process.pid}-${proxy.port}`,
      random: Math.random,
      log: { info: () => undefined, warn: () => undefined },
      onStatus: (isUp, gapSeconds) => {
        status.isUp = isUp;
        status.gapSeconds += gapSeconds;
      },
    });
    const facts = new FactLog(telephony);
    telephony.start();
    const dialer = {
      telephony,
      facts,
      proxy,
      status,
      cutLink: () => Promise.resolve(proxy.reset()),
      die: async () => {
        dialers.delete(dialer);
        proxy.reset();
        await telephony.stop();
        await proxy.close();
      },
    };
    dialers.add(dialer);
    return dialer;
  };
  const endDialers = async (): Promise<void> => {
    await Promise.all([...dialers].map((dialer) => dialer.die()));
  };
  return {
    ari,
    openLater,
    async takeOver(application) {
      const authorization = `Basic ${Buffer.from(`${pbx.ariUsername}:${pbx.ariPassword}`).toString('base64')}`;
      const thief = new WebSocket(`${pbx.url.replace('http', 'ws')}/ari/events?app=${application}`, {
        headers: { authorization },
      });
      await new Promise((resolve, reject) => thief.once('open', resolve).once('error', reject));
      thief.terminate();
    },
    async open() {
      const dialer = await openLater();
      await dialer.telephony.attachGroup(GROUP);
      return dialer;
    },
    restart: () => pbx.instance.restart(),
    async kill() {
      process.kill(pbx.instance.pid, 'SIGKILL');
      await until('the end of Asterisk', () => !pbx.instance.isRunning());
    },
    async isInMessage(legId) {
      const channel = (await ari('GET', `channels/${legId}`)) as { dialplan?: { exten: string; app_name: string } };
      return channel.dialplan?.exten === 'message' && channel.dialplan.app_name === 'Playback';
    },
    endDialers,
    setHeld: (isHeld) => process.kill(pbx.instance.pid, isHeld ? 'SIGSTOP' : 'SIGCONT'),
    setCarrierSilent: (isSilent) => process.kill(carrier.gate.pid, isSilent ? 'SIGSTOP' : 'SIGCONT'),
    async close() {
      await endDialers();
      await pbx.stop();
      await carrier.stop();
    },
  };
}
