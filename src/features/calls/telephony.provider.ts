import { randomBytes } from 'node:crypto';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown, type Provider } from '@nestjs/common';
import type { Telephony } from '../../core/call/telephony.js';
import { Settings, type AriNode } from '../../platform/config/settings.js';
import { HealthParts, type PartState } from '../../platform/health/health-parts.js';
import { Log } from '../../platform/log/log.js';
import { Metrics } from '../../platform/metrics/metrics.js';
import { AriTelephony } from './ari-telephony.js';
import { VirtualTelephony } from './virtual-telephony.js';

/** Token of `readonly Telephony[]`: one per node. */
export const TELEPHONY = Symbol('telephony');

/**
 * The telephone exchanges of this process: connected from the start of the application to its shutdown, in role `dialer` only; in other
 * roles they are there and down.
 */
@Injectable()
export class TelephonyNodes implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly all: readonly (AriTelephony | VirtualTelephony)[];
  private readonly isDialer: boolean;

  constructor(
    settings: Settings,
    health: HealthParts,
    private readonly metrics: Metrics,
    private readonly log: Log,
  ) {
    this.isDialer = settings.roles.has('dialer');
    const names = settings.ariNodes.map((node) => node.name);
    const instance = `${process.pid}-${randomBytes(4).toString('hex')}`;
    const report = this.reporter(names);
    this.all = settings.ariNodes.map((node) =>
      node.url === 'virtual:' ? this.virtual(node, report) : this.asterisk(node, instance, report),
    );
    if (this.isDialer) health.register('ari', { isNeededFor: ['dialer'], check: () => Promise.resolve(this.state()) });
  }

  onApplicationBootstrap(): void {
    if (this.isDialer) for (const node of this.all) node.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.all.map((node) => node.stop()));
  }

  /** Up while at least one node is: calls go on there. */
  private state(): PartState {
    const down = this.all.filter((node) => !node.isUp).map((node) => node.node);
    if (down.length === 0) return { isUp: true };
    return { isUp: down.length < this.all.length, reason: `no event comes round from ${down.join(', ')}` };
  }

  private asterisk(node: AriNode, instance: string, report: Report): AriTelephony {
    const { name, url, username, password } = node;
    return new AriTelephony({
      node: name,
      url,
      username,
      password,
      instance,
      random: Math.random,
      log: {
        info: (message, fields) => this.log.info(message, { node: name, ...fields }),
        warn: (message, fields) => this.log.warn(message, { node: name, ...fields }),
      },
      onStatus: (isUp, gapSeconds) => report(name, isUp, gapSeconds),
    });
  }

  private virtual(node: AriNode, report: Report): VirtualTelephony {
    const telephony = new VirtualTelephony(node.name, undefined, (fact, error) =>
      this.log.warn('a listener of telephony facts failed', { node: node.name, fact, error }),
    );
    telephony.onFact((fact) => {
      if (fact.kind === 'link.up' || fact.kind === 'link.down') report(node.name, telephony.isUp, 0);
    });
    return telephony;
  }

  private reporter(nodes: readonly string[]): Report {
    const connected = this.metrics.gauge({
      name: 'dialer_ari_connected',
      help: 'Whether commands and events of the Asterisk node get through, judged by an event that came round (1 or 0)',
      labels: ['node'],
    });
    const gap = this.metrics.counter({
      name: 'dialer_ari_gap_seconds_total',
      help: 'Seconds in which the Asterisk node was not heard',
      labels: ['node'],
    });
    // Other roles have no link, and must not look like one that is down.
    if (this.isDialer) {
      connected.declare({ node: nodes });
      gap.declare({ node: nodes });
    }
    return (node, isUp, gapSeconds) => {
      connected.set({ node }, isUp ? 1 : 0);
      gap.inc({ node }, gapSeconds);
    };
  }
}

type Report = (node: string, isUp: boolean, gapSeconds: number) => void;

/** For the room's module. */
export const telephonyProviders: Provider[] = [
  TelephonyNodes,
  {
    provide: TELEPHONY,
    useFactory: (nodes: TelephonyNodes): readonly Telephony[] => nodes.all,
    inject: [TelephonyNodes],
  },
];
