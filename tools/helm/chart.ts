import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { PROJECT_FOLDER } from '../dev-env/cache-folder.js';

export const CHART = join(PROJECT_FOLDER, 'deploy/helm/confirm-dialer');
/** The state of the chart that was last rendered and found right. */
export const CHECKED = join(PROJECT_FOLDER, 'deploy/helm/checked.sha256');

type Values = Readonly<Record<string, unknown>>;

/** Values as an operator may give them, on top of the defaults. */
export const VARIANTS: Readonly<Record<string, Values>> = {
  least: { existingSecret: 'dialer' },
  everything: {
    existingSecret: 'dialer',
    nameOverride: 'calls',
    imagePullSecrets: [{ name: 'registry' }],
    ari: { url: 'http://asterisk:8088', username: 'dialer' },
    env: { LOG_LEVEL: 'debug', DATABASE_POOL_SIZE: 20 },
    drainSeconds: 120,
    nodeSelector: { role: 'calls' },
    tolerations: [{ key: 'calls', operator: 'Exists', effect: 'NoSchedule' }],
    api: { spool: { storageClassName: 'fast' } },
    ingress: { enabled: true, className: 'nginx', tlsSecretName: 'tls' },
    networkPolicy: {
      ingressFrom: [{ namespaceSelector: { matchLabels: { name: 'ingress' } } }],
      egress: { more: [{ ports: [{ port: 4318, protocol: 'TCP' }] }] },
    },
    podMonitor: { enabled: true, labels: { release: 'prometheus' } },
  },
  small: {
    existingSecret: 'dialer',
    api: { replicas: 1 },
    dialer: { replicas: 1 },
    worker: { replicas: 1 },
    migrations: { enabled: false },
    networkPolicy: { enabled: false },
  },
};

/** The chart's defaults with these values over them, maps merged and lists replaced, as helm does. */
export function valuesWith(own: Values): Values {
  return merged(parse(readFileSync(join(CHART, 'values.yaml'), 'utf8')) as Values, own);
}

function merged(below: Values, above: Values): Values {
  const all: Record<string, unknown> = { ...below };
  for (const [name, value] of Object.entries(above)) {
    const under = all[name];
    all[name] = isMap(under) && isMap(value) ? merged(under, value) : value;
  }
  return all;
}

const isMap = (value: unknown): value is Values => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What the chart's schema has against these values; empty when nothing. */
export function faultsOfValues(values: Values): string[] {
  const ajv = new Ajv({ allErrors: true, strict: false });
  const check = ajv.compile(JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8')) as object);
  return check(values) ? [] : (check.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/** Changes with every change of the chart. */
export function fingerprint(folder = CHART): string {
  const hash = createHash('sha256');
  const add = (path: string): void => {
    for (const name of readdirSync(path).sort()) {
      const file = join(path, name);
      if (statSync(file).isDirectory()) add(file);
      else
        hash
          .update(`${file.slice(folder.length)}\0`)
          .update(readFileSync(file))
          .update('\0');
    }
  };
  add(folder);
  return hash.digest('hex');
}
