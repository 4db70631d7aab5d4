import { cruise, type ICruiseResult } from 'dependency-cruiser';
import { createRequire } from 'node:module';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const config = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as {
  forbidden: never[];
  options: object;
};

/** A small house that keeps the rules: file → what it imports. */
const CLEAN: Readonly<Record<string, readonly string[]>> = {
  'src/main.ts': ['./app.module.js'],
  'src/app.module.ts': [
    './features/shops/shops.module.js',
    './features/orders/orders.module.js',
    './features/calls/calls.module.js',
    './platform/log/log.js',
  ],
  'src/core/shared/ids.ts': [],
  'src/core/order/order.ts': ['../shared/ids.js', 'luxon', 'libphonenumber-js'],
  'src/core/order/order.spec.ts': ['./order.js', 'vitest', 'node:fs'],
  'src/platform/log/log.ts': ['../../core/shared/ids.js', 'pino'],
  'src/platform/queue/jobs.ts': ['@nestjs/bullmq', 'bullmq', 'ioredis'],
  'src/platform/ari/ari.ts': ['ari-client', 'ws', 'undici'],
  'src/platform/metrics/metrics.ts': ['prom-client'],
  'src/platform/database/transaction.ts': ['typeorm'],
  'src/features/shops/shops.module.ts': ['./shops.service.js'],
  'src/features/shops/shops.service.ts': [
    './shop.store.js',
    '../../platform/queue/jobs.js',
    '../../platform/ari/ari.js',
    '../../platform/metrics/metrics.js',
  ],
  'src/features/shops/shop.store.ts': ['typeorm', '../../platform/database/transaction.js'],
  'src/features/orders/orders.module.ts': ['../shops/shops.module.js', './orders.service.js'],
  'src/features/orders/orders.service.ts': [
    '../shops/shops.service.js',
    '../../core/order/order.js',
    './orders.events.js',
  ],
  'src/features/orders/orders.events.ts': [],
  'src/features/calls/calls.module.ts': ['../orders/orders.events.js', './calls.protocol.js'],
  'src/features/calls/calls.protocol.ts': ['../../core/order/order.js'],
  'tools/simulate/main.ts': ['../../src/core/order/order.js'],
  'tools/dev-env/demo.ts': ['undici', '../../src/app.module.js'],
  'web/agent/main.ts': ['../../src/features/calls/calls.protocol.js'],
  'test/rules/some.spec.ts': ['../../src/main.js'],
};

/** One planted breach: the file, the import that breaks a rule, and the rule that has to say so. */
const BREACHES: readonly (readonly [file: string, imports: string, rule: string])[] = [
  ['src/core/order/a.ts', 'node:crypto', 'core-is-pure'],
  ['src/core/order/b.ts', 'fs', 'core-is-pure'],
  ['src/core/order/c.ts', 'typeorm', 'core-is-pure'],
  ['src/core/order/d.ts', '@nestjs/common', 'core-is-pure'],
  ['src/core/order/e.ts', '../../platform/log/log.js', 'core-is-pure'],
  ['src/core/order/f.ts', '../../features/orders/orders.service.js', 'core-is-pure'],
  ['src/platform/log/a.ts', '../../features/shops/shops.service.js', 'platform-knows-no-feature'],
  ['src/platform/log/b.ts', '../../app.module.js', 'platform-knows-no-feature'],
  ['src/platform/log/c.ts', '../../core/order/order.js', 'platform-sees-only-core-shared'],
  ['src/features/orders/a.ts', '../shops/shop.store.js', 'rooms-through-the-door'],
  ['src/features/calls/b.ts', '../orders/orders.metrics.js', 'rooms-through-the-door'],
  ['src/app.module.ts', './features/shops/shop.store.js', 'root-through-the-door'],
  ['src/features/orders/c.ts', '../billing/billing.service.js', 'room-must-be-listed'],
  ['src/features/shops/a.ts', '../orders/orders.service.js', 'rooms-one-way:shops'],
  ['src/features/orders/d.ts', '../calls/calls.module.js', 'rooms-one-way:orders'],
  ['src/features/orders/e.ts', '../../app.module.js', 'nobody-imports-the-root'],
  ['src/features/orders/f.ts', '../../main.js', 'nobody-imports-the-root'],
  ['src/features/orders/g.ts', '../../../tools/dev-env/demo.js', 'src-knows-no-tools'],
  ['src/core/order/g.ts', '../../../test/support/app.js', 'src-knows-no-tools'],
  ['tools/simulate/a.ts', '../../src/features/orders/orders.service.js', 'simulator-sees-only-core'],
  ['tools/simulate/b.ts', '../../src/platform/log/log.js', 'simulator-sees-only-core'],
  ['web/agent/a.ts', '../../src/features/orders/orders.service.js', 'web-sees-only-protocol'],
  ['src/features/orders/orders.protocol.ts', './orders.service.js', 'protocol-sees-only-core'],
  ['src/features/shops/shops.protocol.ts', 'luxon', 'protocol-sees-only-core'],
  ['src/core/order/h.ts', './order.spec.js', 'nobody-imports-a-test'],
  ['src/features/orders/h.ts', 'ari-client', 'only-here:ari-client'],
  ['src/features/orders/i.ts', 'bullmq', 'only-here:(@nestjs/)?bullmq'],
  ['src/features/orders/j.ts', '@nestjs/bullmq', 'only-here:(@nestjs/)?bullmq'],
  ['src/features/orders/k.ts', 'ws', 'only-here:ws'],
  ['src/features/orders/l.ts', 'undici', 'only-here:undici'],
  ['src/features/orders/m.ts', 'ioredis', 'only-here:ioredis'],
  ['src/features/orders/n.ts', 'prom-client', 'only-here:prom-client'],
  ['src/features/orders/o.ts', 'typeorm', 'only-here:typeorm'],
  ['src/features/orders/t.ts', '@opentelemetry/api', 'only-here:@opentelemetry'],
  ['src/features/orders/p.ts', './q.js', 'no-circular'],
  ['src/features/orders/r.ts', './nowhere.js', 'resolvable'],
  ['src/features/orders/s.ts', 'no-such-package', 'resolvable'],
  ['src/features/orders/lonely.ts', '', 'no-orphans'],
];

const HELPERS = {
  'src/features/orders/orders.metrics.ts': [],
  'src/features/billing/billing.service.ts': [],
  'src/features/orders/q.ts': ['./p.js'],
  'test/support/app.ts': [],
};
const PACKAGES = [
  'luxon',
  'libphonenumber-js',
  'vitest',
  'pino',
  '@nestjs/bullmq',
  '@nestjs/common',
  'bullmq',
  'ioredis',
  'ari-client',
  'ws',
  'undici',
  'prom-client',
  'typeorm',
  '@opentelemetry/api',
];

describe('the import rules', () => {
  let folder: string;
  const home = process.cwd();

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'confirm-dialer-rules-'));
    for (const name of PACKAGES) {
      write(`node_modules/${name}/package.json`, JSON.stringify({ name, main: 'index.js', version: '1.0.0' }));
      write(`node_modules/${name}/index.js`, 'module.exports = {};');
    }
    write(
      'package.json',
      JSON.stringify({ name: 'house', dependencies: Object.fromEntries(PACKAGES.map((name) => [name, '1.0.0'])) }),
    );
    write(
      'tsconfig.json',
      JSON.stringify({ compilerOptions: { module: 'nodenext', moduleResolution: 'nodenext', target: 'ES2023' } }),
    );
  });
  afterAll(() => {
    process.chdir(home);
    rmSync(folder, { recursive: true, force: true });
  });

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const plant = (path: string, imports: readonly string[]): void => {
    const lines = imports
      .filter((from) => from !== '')
      .map((from, at) => `import * as i${at} from '${from}';\nvoid i${at};`);
    write(path, `${lines.join('\n')}\nexport const here = '${path}';\n`);
  };

  async function findings(): Promise<string[]> {
    // The cruiser reads paths relative to where it stands.
    process.chdir(folder);
    try {
      const { output } = await cruise(['src', 'tools', 'test', 'web'], {
        ...config.options,
        validate: true,
        ruleSet: { forbidden: config.forbidden },
        baseDir: folder,
      });
      return (output as ICruiseResult).summary.violations.map(
        (violation) => `${violation.from}: ${violation.rule.name}`,
      );
    } finally {
      process.chdir(home);
    }
  }

  it('let a clean house pass', async () => {
    for (const [path, imports] of Object.entries(CLEAN)) plant(path, imports);
    expect(await findings()).toEqual([]);
  });

  it('catch each planted breach', async () => {
    for (const [path, imports] of Object.entries(HELPERS)) plant(path, imports);
    for (const [path, imports] of BREACHES) plant(path, [...(CLEAN[path] ?? []), imports]);
    const found = await findings();
    const missed = BREACHES.filter(([path, , rule]) => !found.includes(`${path}: ${rule}`));
    expect(missed).toEqual([]);
    expect(BREACHES.length).toBeGreaterThanOrEqual(20);
  });
});
