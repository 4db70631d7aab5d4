import { expect, test } from 'vitest';
import type { Role, Settings } from '../../platform/config/settings.js';
import { HealthParts } from '../../platform/health/health-parts.js';
import { Log } from '../../platform/log/log.js';
import { Metrics } from '../../platform/metrics/metrics.js';
import { TelephonyNodes } from './telephony.provider.js';

function nodesOf(roles: Role[]): { nodes: TelephonyNodes; health: HealthParts; metrics: Metrics } {
  const node = (name: string) => ({ name, url: 'virtual:', username: '', password: '', weight: 1 });
  const settings = { roles: new Set(roles), ariNodes: [node('one'), node('two')] } as unknown as Settings;
  const log = new Log('error');
  const health = new HealthParts(settings);
  const metrics = new Metrics(log);
  return { nodes: new TelephonyNodes(settings, health, metrics, log), health, metrics };
}

test('a dialer connects to all nodes, and says how they are', async () => {
  const { nodes, health, metrics } = nodesOf(['dialer']);
  expect((await metrics.page()).text).toContain('dialer_ari_connected{node="two"} 0');
  expect((await metrics.page()).text).toContain('dialer_ari_gap_seconds_total{node="one"} 0');
  expect((await health.readiness()).parts['ari']).toMatchObject({ status: 'down', isNeeded: true });
  nodes.onApplicationBootstrap();
  expect((await metrics.page()).text).toContain('dialer_ari_connected{node="two"} 1');
  expect((await health.readiness()).parts['ari']).toMatchObject({ status: 'up' });
  await nodes.all[0]?.stop();
  expect((await health.readiness()).parts['ari']).toMatchObject({ status: 'up' });
  await nodes.onApplicationShutdown();
  expect((await health.readiness()).parts['ari']).toMatchObject({
    status: 'down',
    reason: 'no event comes round from one, two',
  });
});

test('other roles have the nodes and leave them alone', async () => {
  const { nodes, health } = nodesOf(['api']);
  nodes.onApplicationBootstrap();
  expect(nodes.all.map((node) => node.isUp)).toEqual([false, false]);
  expect((await health.readiness()).parts).toEqual({});
});
