import { describe, expect, it } from 'vitest';
import { parseEnv } from './env.js';
import { Settings } from './settings.js';

const KEY = Buffer.alloc(32, 1).toString('base64');
const GOOD = {
  DATABASE_URL: 'postgres://u:p@127.0.0.1:5432/d',
  REDIS_URL: 'redis://127.0.0.1:6379',
  ARI_URL: 'http://127.0.0.1:8088',
  ARI_USERNAME: 'dialer',
  ARI_PASSWORD: 'secret',
  ADMIN_TOKEN: 'x'.repeat(32),
  ENCRYPTION_KEYS: `k1:${KEY}`,
};
const settings = (more: Record<string, string> = {}): Settings => {
  const parsed = parseEnv({ ...GOOD, ...more });
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  return new Settings(parsed.env);
};
const wrong = (more: Record<string, string | undefined>): string[] => {
  const parsed = parseEnv({ ...GOOD, ...more });
  return 'problems' in parsed ? parsed.problems.map((problem) => problem.variable) : [];
};

describe('the environment', () => {
  it('has the defaults of the contract', () => {
    expect(settings()).toMatchObject({
      port: 3000,
      host: '127.0.0.1',
      publicUrl: 'http://127.0.0.1:3000',
      isHttps: false,
      isLoopbackOnly: true,
      metricsPort: null,
      allowPrivateDestinations: false,
      logLevel: 'info',
      drainSeconds: 45,
      redisKeyPrefix: 'cd:',
      ariNodes: [{ name: 'main', url: 'http://127.0.0.1:8088', username: 'dialer', password: 'secret' }],
    });
    expect([...settings().roles]).toEqual(['api', 'dialer', 'worker']);
  });

  it('tells all problems together, with a remedy and without the value', () => {
    const parsed = parseEnv({
      PORT: '99999',
      ADMIN_TOKEN: 'hunter2',
      DATABASE_URL: 'mysql://secret',
      LOG_LEVEL: 'loud',
    });
    if ('env' in parsed) throw new Error('expected problems');
    expect(parsed.problems.map((problem) => problem.variable).sort()).toEqual(
      [
        'PORT',
        'ADMIN_TOKEN',
        'DATABASE_URL',
        'LOG_LEVEL',
        'REDIS_URL',
        'ARI_URL',
        'ARI_USERNAME',
        'ARI_PASSWORD',
        'ENCRYPTION_KEYS',
      ].sort(),
    );
    for (const { remedy } of parsed.problems) expect(remedy).toMatch(/^is (missing|wrong): \S.{3,}/);
    expect(JSON.stringify(parsed.problems)).not.toMatch(/hunter2|mysql/);
  });

  it.each([
    [{ PORT: 'x' }, 'PORT'],
    [{ PORT: '-1' }, 'PORT'],
    [{ PORT: '80.5' }, 'PORT'],
    [{ METRICS_PORT: '70000' }, 'METRICS_PORT'],
    [{ PORT: '3100', METRICS_PORT: '3100' }, 'METRICS_PORT'],
    [{ REDIS_URL: 'http://x' }, 'REDIS_URL'],
    [{ REDIS_KEY_PREFIX: 'other:' }, 'REDIS_KEY_PREFIX'],
    [{ ADMIN_TOKEN: 'x'.repeat(31) }, 'ADMIN_TOKEN'],
    [{ ADMIN_TOKEN: '' }, 'ADMIN_TOKEN'],
    [{ ENCRYPTION_KEYS: 'k1:short' }, 'ENCRYPTION_KEYS'],
    [{ ENCRYPTION_KEYS: `k1:${KEY},k1:${KEY}` }, 'ENCRYPTION_KEYS'],
    [{ ENCRYPTION_KEYS: `k1:${KEY},` }, 'ENCRYPTION_KEYS'],
    [{ ROLES: 'api,cook' }, 'ROLES'],
    [{ ROLES: ',' }, 'ROLES'],
    [{ PUBLIC_URL: 'dialer.example.com' }, 'PUBLIC_URL'],
    [{ ALLOW_PRIVATE_DESTINATIONS: 'yes' }, 'ALLOW_PRIVATE_DESTINATIONS'],
    [{ LOG_LEVEL: 'trace' }, 'LOG_LEVEL'],
    [{ DRAIN_SECONDS: '0' }, 'DRAIN_SECONDS'],
    [{ NODE_ENV: 'prod' }, 'NODE_ENV'],
    [{ ARI_URL: 'ws://x' }, 'ARI_URL'],
    [{ ARI_NODES: '[]' }, 'ARI_NODES'],
    [{ ARI_NODES: '[{"name":"a","url":"http://x","username":"u"}]' }, 'ARI_NODES'],
    [{ ARI_NODES: 'no json' }, 'ARI_NODES'],
  ])('refuses %j', (more, variable) => {
    expect(wrong(more)).toEqual([variable]);
  });

  it('takes several Asterisks instead of one', () => {
    const nodes = ['a', 'b'].map((name) => ({ name, url: `http://${name}:8088`, username: 'u', password: 'p' }));
    const env = { ARI_NODES: JSON.stringify(nodes), ARI_URL: '', ARI_USERNAME: '', ARI_PASSWORD: '' };
    expect(settings(env).ariNodes).toEqual(nodes.map((node) => ({ ...node, weight: 1 })));
    const weighted = nodes.map((node, n) => ({ ...node, weight: n + 0.5 }));
    expect(settings({ ...env, ARI_NODES: JSON.stringify(weighted) }).ariNodes).toEqual(weighted);
    for (const weight of [0, -1, '2', null, 1_001]) {
      expect(wrong({ ARI_NODES: JSON.stringify([{ ...nodes[0], weight }]) })).toEqual(['ARI_NODES']);
    }
    const doubled = JSON.stringify([nodes[0], nodes[0]]);
    expect(wrong({ ARI_NODES: doubled })).toEqual(['ARI_NODES']);
  });

  it('takes the virtual telephone network only while nobody else can reach us', () => {
    const virtual = { ARI_URL: 'virtual:', ARI_USERNAME: '', ARI_PASSWORD: '' };
    expect(settings(virtual).isTelephonyVirtual).toBe(true);
    for (const HOST of ['localhost', '::1', '127.0.0.2']) expect(wrong({ ...virtual, HOST })).toEqual([]);
    for (const HOST of ['0.0.0.0', '::', '10.0.0.1', '127.example.com'])
      expect(wrong({ ...virtual, HOST })).toEqual(['ARI_URL']);
  });

  it('reads several keys, the first one writes', () => {
    const other = Buffer.alloc(32, 2).toString('base64');
    expect(
      settings({ ENCRYPTION_KEYS: `new:${other}, k1:${KEY}` }).encryptionKeys.map((key) => [key.id, key.bytes.length]),
    ).toEqual([
      ['new', 32],
      ['k1', 32],
    ]);
  });

  it('knows https by the public address', () => {
    expect(settings({ PUBLIC_URL: 'https://dialer.example.com/' })).toMatchObject({
      isHttps: true,
      publicUrl: 'https://dialer.example.com',
    });
  });
});
