import { describe, expect, it } from 'vitest';
import { Log } from '../log/log.js';
import { Metrics } from './metrics.js';

const quiet = new Log('error', { write: () => undefined });
const page = async (metrics: Metrics): Promise<string> => (await metrics.page()).text;

describe('metrics', () => {
  it('exist at 0 as soon as their labels are declared', async () => {
    const metrics = new Metrics(quiet);
    metrics
      .counter({ name: 'dialer_a_total', help: 'a', labels: ['shop', 'result'] })
      .declare({ shop: ['x', 'y'], result: ['busy'] });
    metrics.gauge({ name: 'dialer_b', help: 'b', labels: ['state'] }).declare({ state: ['ready'] });
    metrics.histogram({ name: 'dialer_c_seconds', help: 'c', labels: ['shop'], buckets: [1] }).declare({ shop: ['x'] });
    metrics.counter({ name: 'dialer_d_total', help: 'd' });
    const text = await page(metrics);
    for (const line of [
      'dialer_a_total{shop="x",result="busy"} 0',
      'dialer_a_total{shop="y",result="busy"} 0',
      'dialer_b{state="ready"} 0',
      'dialer_c_seconds_count{shop="x"} 0',
      'dialer_c_seconds_bucket{le="1",shop="x"} 0',
      'dialer_d_total 0',
    ]) {
      expect(text).toContain(line);
    }
  });

  it('do not lose what was counted when declared again', async () => {
    const metrics = new Metrics(quiet);
    const counter = metrics.counter({ name: 'dialer_a_total', help: 'a', labels: ['shop'] });
    counter.inc({ shop: 'x' }, 2);
    counter.declare({ shop: ['x'] });
    expect(await page(metrics)).toContain('dialer_a_total{shop="x"} 2');
    const histogram = metrics.histogram({ name: 'dialer_c_seconds', help: 'c', labels: ['shop'], buckets: [1] });
    histogram.declare({ shop: ['x'] });
    histogram.observe({ shop: 'x' }, 0.5);
    histogram.observe({ shop: 'y' }, 0.5);
    histogram.declare({ shop: ['x', 'y'] });
    expect(await page(metrics)).toContain('dialer_c_seconds_count{shop="x"} 1');
    expect(await page(metrics)).toContain('dialer_c_seconds_count{shop="y"} 1');
  });

  it('ask a gauge at each scrape, and show its last values when it fails', async () => {
    const metrics = new Metrics(quiet);
    let value = 1;
    metrics.gauge({
      name: 'dialer_a',
      help: 'a',
      collect: async (gauge) => {
        if (value > 2) throw new Error('the database is away');
        gauge.set({}, value);
        value += 1;
      },
    });
    expect(await page(metrics)).toContain('dialer_a 1');
    expect(await page(metrics)).toContain('dialer_a 2');
    expect(await page(metrics)).toContain('dialer_a 2');
  });

  it('belong to one application each', async () => {
    const [one, other] = [new Metrics(quiet), new Metrics(quiet)];
    one.counter({ name: 'dialer_a_total', help: 'a' }).inc({});
    expect(await page(other)).not.toContain('dialer_a_total');
  });
});
