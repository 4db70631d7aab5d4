import { Injectable } from '@nestjs/common';
import { Metrics, type Gauge } from '../../platform/metrics/metrics.js';
import { Lines } from './lines.js';

/** Gauges of the pacer and of the trunks. */
@Injectable()
export class DialingMetrics {
  private readonly allowed: Gauge<'group'>;

  constructor(metrics: Metrics, lines: Lines) {
    this.allowed = metrics.gauge({
      name: 'dialer_pacing_calls_allowed',
      help: 'New calls that the last decision of the pacer allowed.',
      labels: ['group'],
    });
    metrics.gauge({
      name: 'dialer_trunk_circuit_open',
      help: 'Whether the circuit of a trunk is open or half open: the carrier has refused call after call.',
      labels: ['trunk'],
      collect: async (gauge) => {
        gauge.reset();
        for (const { trunkId, circuit } of await lines.free())
          gauge.set({ trunk: trunkId }, circuit === 'closed' ? 0 : 1);
      },
    });
    metrics.gauge({
      name: 'dialer_trunk_channels',
      help: 'Channels in use on each trunk.',
      labels: ['trunk'],
      collect: async (gauge) => {
        gauge.reset();
        for (const { trunkId, inUse } of await lines.free()) gauge.set({ trunk: trunkId }, inUse);
      },
    });
  }

  decided(group: string, dial: number): void {
    this.allowed.set({ group }, dial);
  }
}
