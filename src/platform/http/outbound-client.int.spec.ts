import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { DestinationGuard } from './destination-guard.js';
import { OutboundClient } from './outbound-client.js';

const running: Server[] = [];
const clients: OutboundClient[] = [];

async function serve(listener: RequestListener): Promise<{ url: string; port: number; hits: () => number }> {
  let hits = 0;
  const server = createServer((request, response) => {
    hits += 1;
    listener(request, response);
  });
  running.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/hook`, port, hits: () => hits };
}

function client(guard = new DestinationGuard({ allowPrivateDestinations: true }), exchangeMs = 600): OutboundClient {
  const made = new OutboundClient(guard, { connectMs: 300, exchangeMs });
  clients.push(made);
  return made;
}

afterEach(async () => {
  for (const made of clients.splice(0)) await made.close();
  for (const server of running.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

describe('exchanges', () => {
  it('posts and reports status and Retry-After', async () => {
    const shop = await serve((_, response) => response.writeHead(429, { 'retry-after': '7' }).end('slow down'));
    expect(await client().post(shop.url, {}, '{}')).toEqual({ kind: 'answered', status: 429, retryAfter: '7' });
  });

  it('never follows a redirect', async () => {
    const inner = await serve((_, response) => response.end('secret'));
    const shop = await serve((_, response) => response.writeHead(307, { location: inner.url }).end());
    expect(await client().post(shop.url, {}, '{}')).toMatchObject({ kind: 'answered', status: 307 });
    expect(inner.hits()).toBe(0);
  });

  it('does not connect to loopback, whatever way the host is written', async () => {
    const inner = await serve((_, response) => response.end());
    const guarded = client(new DestinationGuard({ allowPrivateDestinations: false }));
    const hosts = [
      '127.0.0.1',
      '127.1',
      '0x7f.1',
      '2130706433',
      '017700000001',
      '[::ffff:127.0.0.1]',
      '[::1]',
      'localhost',
      '0',
    ];
    for (const host of hosts) {
      for (const scheme of ['http', 'https']) {
        expect(await guarded.post(`${scheme}://${host}:${inner.port}/`, {}, '{}')).toEqual({
          kind: 'failed',
          reason: 'address_refused',
        });
      }
    }
    expect(inner.hits()).toBe(0);
  });

  it('judges at the connection what a name resolves to then, not what it resolved to before', async () => {
    const inner = await serve((_, response) => response.end());
    let asked = 0;
    const rebinding = new DestinationGuard({ allowPrivateDestinations: false }, () => {
      asked += 1;
      return Promise.resolve([{ address: asked === 1 ? '93.184.215.14' : '127.0.0.1', family: 4 }]);
    });
    const url = `https://rebind.example:${inner.port}/`;
    expect(await rebinding.check(url)).toBeNull();
    expect(await client(rebinding).post(url, {}, '{}')).toEqual({ kind: 'failed', reason: 'address_refused' });
    expect(asked).toBe(2);
    expect(inner.hits()).toBe(0);
  });

  it('ends a silent exchange in time', async () => {
    const shop = await serve(() => undefined);
    const begun = performance.now();
    expect(await client().post(shop.url, {}, '{}')).toEqual({ kind: 'failed', reason: 'timeout' });
    expect(performance.now() - begun).toBeLessThan(1_500);
  });

  it('counts the status of an answer whose body drips or has no end, within the limits', async () => {
    const dripping = await serve((_, response) => {
      const timer = setInterval(() => response.write('.'), 50);
      response.on('close', () => clearInterval(timer));
    });
    const begun = performance.now();
    expect(await client().post(dripping.url, {}, '{}')).toMatchObject({ kind: 'answered', status: 200 });
    expect(performance.now() - begun).toBeLessThan(1_500);

    let sent = 0;
    const endless = await serve((_, response) => {
      const chunk = Buffer.alloc(16_384);
      const more = (): void => {
        while (!response.destroyed && sent < 50_000_000) {
          sent += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', more);
        }
      };
      more();
    });
    expect(await client(undefined, 5_000).post(endless.url, {}, '{}')).toMatchObject({ kind: 'answered', status: 200 });
    expect(sent).toBeLessThan(20_000_000);
  });

  it('names a closed port', async () => {
    expect(await client().post('http://127.0.0.1:1/', {}, '{}')).toEqual({ kind: 'failed', reason: 'econnrefused' });
  });
});
