import { randomUUID } from 'node:crypto';
import { copyFileSync, cpSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { anOrder } from '../../tools/demo-shop/demo-orders.js';
import { makePrivateFolder, removePrivateFolder } from '../../tools/dev-env/processes.js';
import {
  findAlertmanager,
  findPrometheus,
  startPrometheus,
  type Programs,
  type RunningPrometheus,
} from '../../tools/dev-env/prometheus.js';
import { DASHBOARDS, FOLDER, renderDashboards } from '../../tools/observability/dashboards.js';
import { readMetrics } from '../e2e/metrics-page.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { RobotFloor } from '../support/robot-floor.js';
import { asAdmin, createShop, postOrder, type TestShop } from '../support/shop-client.js';
import { waitFor } from '../support/wait.js';

const SHOPS = 20;
const GROUPS = 10;
const MOST_SERIES = 1_750;
const SOURCES = 'observability/prometheus';
/** From the machine itself or from its package mirror. */
const FETCH_LIMIT_MS = 600_000;

let test: TestApp;
let folder: string;
let prometheus: Programs;
const shops: TestShop[] = [];

async function put(path: string, body: object): Promise<void> {
  const answer = await asAdmin(test, 'PUT', `/v1/admin/${path}`, body);
  if (!answer.ok) throw new Error(await answer.text());
}

const page = async (): Promise<string> => (await fetch(`${test.url}/metrics`)).text();
const seriesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

beforeAll(async () => {
  prometheus = await findPrometheus(() => undefined);
  folder = makePrivateFolder('prometheus');
  test = await startTestApp();
  for (let at = 0; at < GROUPS; at += 1) await put(`groups/group-${at}`, { name: `Group ${at}` });
  await put('trunks/main', { endpoint: 'PJSIP/{number}@main', callsPerSecond: 50, maxChannels: 50 });
  for (let at = 0; at < SHOPS; at += 1) {
    shops.push(
      await createShop(test, `shop-${at}`, {
        agentGroups: [{ group: `group-${at % GROUPS}` }],
        jurisdiction: 'demo',
      }),
    );
  }
}, FETCH_LIMIT_MS);
afterAll(async () => {
  await test?.close();
  removePrivateFolder(folder);
});

const orderOf = (orderId: string, phone: string): object => ({
  type: 'order.created',
  data: anOrder({ orderId, phone }),
});

/** An order is called and confirmed by an agent of the shop's group. */
async function confirmOne(shop: TestShop, number: string): Promise<void> {
  const orderId = `o-${randomUUID().slice(0, 8)}`;
  const answer = await postOrder(test, shop, orderOf(orderId, number));
  expect(answer.status, await answer.clone().text()).toBe(202);
  const known = `dialer_outcomes_total{shop="${shop.shop}",outcome="confirmed"}`;
  await waitFor(
    'the outcome',
    async () => new RegExp(`^${known.replace(/[{}]/g, '\\$&')} [1-9]`, 'm').test(await page()),
    15_000,
  );
}

describe('the page of metrics', () => {
  it(`stays below ${MOST_SERIES} series with ${SHOPS} shops and ${GROUPS} groups, however many orders`, async () => {
    const before = seriesOf(await page()).length;
    for (let at = 0; at < 40; at += 1) {
      const shop = shops[at % SHOPS] as TestShop;
      const taken = await postOrder(test, shop, orderOf(`many-${at}`, `+38067${1_000_000 + at}`));
      expect(taken.status).toBe(202);
    }
    const text = await page();
    const after = seriesOf(text).length;
    console.log(`series: ${before} before, ${after} after 40 orders`);
    expect(after).toBeLessThanOrEqual(MOST_SERIES);
    expect(text).not.toMatch(/38067/);
  });

  it('costs less than 50 ms of CPU, the median of twenty', async () => {
    const [spent, waited]: number[][] = [[], []];
    for (let at = 0; at < 20; at += 1) {
      const [cpu, began] = [process.cpuUsage(), performance.now()];
      await page();
      const { user, system } = process.cpuUsage(cpu);
      spent?.push((user + system) / 1_000);
      waited?.push(performance.now() - began);
    }
    const middle = (list: number[] = []): number => list.sort((a, b) => a - b)[10] ?? Infinity;
    console.log(
      `scrape: ${middle(spent).toFixed(1)} ms of CPU (asking included), ${middle(waited).toFixed(1)} ms on the clock`,
    );
    expect(middle(spent)).toBeLessThan(50);
  });
});

describe('Prometheus', () => {
  let running: RunningPrometheus;

  beforeAll(async () => {
    const config = join(folder, 'config');
    cpSync(SOURCES, config, { recursive: true });
    const plan = parse(readFileSync(join(config, 'prometheus.yml'), 'utf8')) as { global: object };
    plan.global = { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' };
    writeFileSync(join(config, 'prometheus.yml'), stringify(plan));
    writeFileSync(join(config, 'targets/dialer.yml'), stringify([{ targets: [new URL(test.url).host] }]));
    running = await startPrometheus(prometheus, { configFile: join(config, 'prometheus.yml'), folder });
    await waitFor('the first scrape', async () => (await running.query('up == 1')).length > 0, 20_000);
  }, 60_000);
  afterAll(() => running?.stop());

  it('takes the configuration and the rules as they are', async () => {
    const asIs = join(folder, 'as-it-is');
    cpSync(SOURCES, asIs, { recursive: true });
    for (const targets of readdirSync(join(SOURCES, 'targets'))) {
      copyFileSync(join(SOURCES, 'targets', targets), join(asIs, 'targets/dialer.yml'));
      const checked = await prometheus.run('promtool', 'check', 'config', join(asIs, 'prometheus.yml'));
      expect(checked.code, checked.stdout + checked.stderr).toBe(0);
    }
    const tested = await prometheus.run('promtool', 'test', 'rules', join(asIs, 'tests/alerts.test.yml'));
    expect(tested.code, tested.stdout + tested.stderr).toBe(0);
  }, 240_000);

  it(
    'is told where alerts go by a configuration that Alertmanager takes',
    async () => {
      const alertmanager = await findAlertmanager(() => undefined);
      const checked = await alertmanager.run('amtool', 'check-config', 'observability/alertmanager/alertmanager.yml');
      expect(checked.code, checked.stdout + checked.stderr).toBe(0);
    },
    FETCH_LIMIT_MS,
  );

  it('finds every metric that rules and dashboards ask for', async () => {
    const texts = [
      ...readdirSync(join(SOURCES, 'rules')).map((file) => readFileSync(join(SOURCES, 'rules', file), 'utf8')),
      ...readdirSync(FOLDER).map((file) => readFileSync(join(FOLDER, file), 'utf8')),
    ];
    const asked = new Set(texts.flatMap((text) => text.match(/\b(dialer|nodejs|process)_[a-z0-9_]+/g) ?? []));
    const metrics = readMetrics(await page());
    const missing = [...asked].filter(
      (name) => metrics.typeOf(name.replace(/_(bucket|count|sum)$/, '')) === null && metrics.typeOf(name) === null,
    );
    expect(missing).toEqual([]);
  });

  it('answers every query of every dashboard', async () => {
    const floor = new RobotFloor(test);
    await floor.join('anna', ['group-0']);
    await confirmOne(shops[0] as TestShop, '+380671110001');
    await confirmOne(shops[0] as TestShop, '+380671110002');
    await waitFor(
      'a rate',
      async () => (await running.query('dialer:calls:rate5m{result="answered"} > 0')).length > 0,
      20_000,
    );

    const [empty, broken]: string[][] = [[], []];
    for (const plan of DASHBOARDS) {
      for (const panel of plan.rows.flatMap((row) => row.panels)) {
        for (const { expr } of panel.queries) {
          const asked = expr.replace(/\$(shop|group|node)\b/g, '.*');
          const found = await running.query(asked).catch((error: Error) => broken?.push(error.message));
          if (Array.isArray(found) && found.length === 0 && panel.emptyWhen === undefined)
            empty?.push(`${plan.title} / ${panel.title}: ${expr}`);
        }
      }
    }
    expect(broken).toEqual([]);
    expect(empty).toEqual([]);
  }, 60_000);

  it('sees no alert while nothing is wrong', async () => {
    const firing = await running.query('ALERTS{alertstate="firing"}');
    expect(firing.map(({ labels }) => labels['alertname'])).toEqual([]);
  });
});

describe('the dashboards', () => {
  it('lie in the repository as the code draws them', async () => {
    const rendered = await renderDashboards();
    expect(readdirSync(FOLDER).sort()).toEqual([...rendered.keys()].sort());
    for (const [file, text] of rendered)
      expect(readFileSync(join(FOLDER, file), 'utf8'), `${file}: npm run dashboards`).toBe(text);
  });
});
