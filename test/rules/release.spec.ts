import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CHART, CHECKED, VARIANTS, faultsOfValues, fingerprint, valuesWith } from '../../tools/helm/chart.js';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

describe('a release', () => {
  it('has one version, that of package.json', () => {
    expect(version).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
    const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { version: string };
    const chart = parse(readFileSync(join(CHART, 'Chart.yaml'), 'utf8')) as Record<string, string>;
    const label = /image\.version="([^"]+)"/.exec(readFileSync('docker/Dockerfile', 'utf8'))?.[1];
    expect({ lock: lock.version, chart: chart['version'], app: chart['appVersion'], image: label }).toEqual({
      lock: version,
      chart: version,
      app: version,
      image: version,
    });
  });

  it('says in the changelog what is in it, newest first', () => {
    const versions = [...readFileSync('CHANGELOG.md', 'utf8').matchAll(/^## (\S+)/gm)].map(([, name]) => name);
    expect(versions[0]).toBe(version);
  });
});

describe('the chart', () => {
  it('was rendered and checked in the state it is in', () => {
    const checked = existsSync(CHECKED) ? readFileSync(CHECKED, 'utf8').trim() : null;
    expect(checked, 'the chart has changed: npm run chart').toBe(fingerprint());
  });

  it.each(Object.entries(VARIANTS))('takes the values of the variant %s', (_name, own) => {
    expect(faultsOfValues(valuesWith(own))).toEqual([]);
  });

  it.each([
    ['no secret', {}],
    ['an unknown name', { existingSecret: 's', replicas: 3 }],
    ['half a process', { existingSecret: 's', dialer: { replicas: 0.5 } }],
    ['an address without a scheme', { existingSecret: 's', publicUrl: 'dialer.example.com' }],
    ['a drain that is none', { existingSecret: 's', drainSeconds: 0 }],
    ['a port that is none', { existingSecret: 's', networkPolicy: { egress: { ariPort: 80_000 } } }],
  ])('refuses %s', (_what, own) => {
    expect(faultsOfValues(valuesWith(own))).not.toEqual([]);
  });
});
