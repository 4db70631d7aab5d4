import { Injectable } from '@nestjs/common';
import { Metrics, type Gauge } from '../../platform/metrics/metrics.js';
import { Leadership } from './leadership.js';
import { Lines } from './lines.js';

/** Gauges of the pacer and of the trunks. */
@Injectable()
export class DialingMetrics {
  private readonly allowed: Gauge<'group'>;

  constructor(metrics: Metrics, lines: Lines, leadership: Leadership) {
    this.allowed = metrics.gauge({
      name: 'dialer_pacing_calls_allowed',
      help: 'New calls that the last decision of the pacer allowed.',
      labels: ['group'],
    });
    metrics.gauge({
      name: 'dialer_group_leader',
      help: 'Whether any process leads the group (1 or 0): without a leader nobody of its orders is called.',
      labels: ['group'],
      collect: async (gauge) => {
        const groups = await leadership.look();
        gauge.reset();
        for (const { groupId, isLed } of groups) gauge.set({ group: groupId }, isLed ? 1 : 0);
      },
    });
    metrics.gauge({
      name: 'dialer_trunk_circuit_open',
      help: 'Whether the circuit of a trunk is open or half open: the carrier has refused call after call.',
      labels: ['trunk'],
      collect: async (gauge) => {
        const trunks = await lines.free();
        gauge.reset();
        for (const { trunkId, circuit } of trunks) gauge.set({ trunk: trunkId }, circuit === 'closed' ? 0 : 1);
      },
    });
    metrics.gauge({
      name: 'dialer_trunk_channels',
      help: 'Channels in use on each trunk.',
      labels: ['trunk'],
      collect: async (gauge) => {
        const trunks = await lines.free();
        gauge.reset();
        for (const { trunkId, inUse } of trunks) gauge.set({ trunk: trunkId }, inUse);
      },
    });
  }

  decided(group: string, dial: number): void {
    this.allowed.set({ group }, dial);
  }
}
