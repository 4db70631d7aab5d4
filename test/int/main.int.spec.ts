import { spawn, type ChildProcess } from 'node:child_process';
import { connect, createServer, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase, dropDatabase, testRunId } from '../support/database.js';
import { serviceEnvironment } from '../support/kept-service.js';
import { waitFor } from '../support/wait.js';

interface Service {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  readonly lines: () => Record<string, unknown>[];
  readonly exit: Promise<number | null>;
}

describe('the process', () => {
  let databaseUrl: string;
  const running = new Set<ChildProcess>();

  beforeAll(async () => {
    databaseUrl = await createDatabase();
  }, 60_000);
  afterEach(() => {
    for (const child of running) child.kill('SIGKILL');
    running.clear();
  });
  afterAll(() => dropDatabase(databaseUrl));

  const start = (more: Record<string, string> = {}, args: readonly string[] = []): Service => {
    const child = spawn(process.execPath, ['dist/main.js', ...args], {
      env: serviceEnvironment(databaseUrl, { REDIS_KEY_PREFIX: `cd:test-${testRunId()}-main:`, ...more }),
    });
    running.add(child);
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    return {
      child,
      out: () => out,
      err: () => err,
      lines: () =>
        out
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Record<string, unknown>),
      exit: new Promise((resolve) => child.once('exit', resolve)),
    };
  };
  const listening = (service: Service): Promise<{ url: string; metricsPort: number | null }> =>
    waitFor(
      'listening',
      () => {
        if (service.child.exitCode !== null) throw new Error(`it ended: ${service.err()}${service.out()}`);
        return service.out().includes('"listening"')
          ? (service.lines().find((line) => line['message'] === 'listening') as {
              url: string;
              metricsPort: number | null;
            })
          : null;
      },
      30_000,
    );

  it('only brings the schema up to date when it is asked for that alone', async () => {
    const service = start({ ROLES: 'worker' }, ['--migrate']);
    expect(await service.exit).toBe(0);
    expect(service.lines().map((line) => line['message'])).toEqual(['the schema is up to date']);
  }, 60_000);

  it('refuses a wrong environment with all its problems and code 1', async () => {
    const service = start({ ADMIN_TOKEN: 'short', ENCRYPTION_KEYS: '', DATABASE_URL: 'nonsense', PORT: '-1' });
    expect(await service.exit).toBe(1);
    for (const variable of ['ADMIN_TOKEN', 'ENCRYPTION_KEYS', 'DATABASE_URL', 'PORT']) {
      expect(service.err()).toMatch(new RegExp(`^  ${variable} is (missing|wrong): `, 'm'));
    }
    expect(service.err()).not.toContain('short\n');
  }, 30_000);

  it('logs JSON lines, serves metrics on a port of their own, and ends with 0 on SIGTERM', async () => {
    const service = start({ METRICS_PORT: '0' });
    const { url, metricsPort } = await listening(service);
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
    const metrics = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
    expect([metrics.status, metrics.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/plain')]);
    expect((await fetch(`http://127.0.0.1:${metricsPort}/health/ready`)).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${metricsPort}/v1/anything`)).status).toBe(404);
    service.child.kill('SIGTERM');
    expect(await service.exit).toBe(0);
    expect(service.lines().map((line) => line['message'])).toEqual(
      expect.arrayContaining(['listening', 'draining', 'drained']),
    );
    expect(service.err()).toBe('');
  }, 60_000);

  it('ends with 3 when the drain takes too long', async () => {
    const service = start({ DRAIN_SECONDS: '1', ROLES: 'api' });
    const { url } = await listening(service);
    // A request that never ends holds the server open.
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
    socket.write(
      'POST /v1/shops/demo/orders HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{',
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    service.child.kill('SIGTERM');
    expect(await service.exit).toBe(3);
    socket.destroy();
  }, 60_000);

  it('starts as role api without Redis', async () => {
    const service = start({ ROLES: 'api', REDIS_URL: 'redis://127.0.0.1:1' });
    const { url } = await listening(service);
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
  }, 60_000);

  it('refuses in production a Redis that may lose or evict work, and only warns elsewhere', async () => {
    const { server, url } = await startFakeRedis({ appendonly: 'no', 'maxmemory-policy': 'allkeys-lru' });
    try {
      const service = start({ NODE_ENV: 'production', ROLES: 'worker', REDIS_URL: url });
      expect(await service.exit).toBe(1);
      expect(service.err()).toMatch(/--appendonly yes.*--maxmemory-policy noeviction/s);
    } finally {
      server.close();
    }
  }, 60_000);
});

/** Speaks just enough of Redis's protocol to be asked for its settings. */
async function startFakeRedis(settings: Record<string, string>): Promise<{ server: Server; url: string }> {
  const text = (value: string): string => `$${Buffer.byteLength(value)}\r\n${value}\r\n`;
  const answer = (words: string[]): string => {
    const [command = '', sub = '', name = ''] = words;
    if (command === 'info') return text('redis_version:7.0.15\r\nloading:0\r\n');
    if (command === 'config' && sub === 'get') return `*2\r\n${text(name)}${text(settings[name] ?? '')}`;
    return '+OK\r\n';
  };
  const server = createServer((socket) => {
    let heard = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      heard += chunk.toString();
      for (;;) {
        const count = /^\*(\d+)\r\n/.exec(heard);
        const command = new RegExp(`^\\*\\d+\\r\\n(?:\\$\\d+\\r\\n[^\\r]*\\r\\n){${count?.[1] ?? 0}}`).exec(heard);
        if (count === null || command === null) return;
        heard = heard.slice(command[0].length);
        const words = command[0].split('\r\n').filter((_, at) => at > 0 && at % 2 === 0);
        socket.write(answer(words.map((word) => word.toLowerCase())));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `redis://127.0.0.1:${(server.address() as { port: number }).port}` };
}
