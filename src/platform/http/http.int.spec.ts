import { Body, Controller, Get, HttpCode, Module, Post, Query, Res, UseGuards } from '@nestjs/common';
import { Type } from 'class-transformer';
import { IsArray, IsInt, IsOptional, IsString, ValidateNested } from 'class-validator';
import type { FastifyReply } from 'fastify';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, startTestApp, type TestApp } from '../../../test/support/app.js';
import { DialerError } from '../../core/shared/errors.js';
import { AdminGuard } from '../auth/admin-guard.js';
import { Transactions } from '../database/transaction.js';
import { currentTrace } from '../log/log.js';

class Line {
  @IsString()
  sku: string;
}
class Probe {
  @IsInt()
  count: number;

  @IsOptional()
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => Line)
  lines?: Line[];
}
class Page {
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  limit?: number;
}

@Controller('v1')
class ProbeController {
  constructor(private readonly transactions: Transactions) {}

  @Post('probe')
  @HttpCode(200)
  probe(@Body() body: Probe, @Query() page: Page): object {
    return { body, page, traceId: currentTrace().traceId };
  }

  @Post('shops/:shop/orders')
  @HttpCode(200)
  raw(@Body() body: Buffer): object {
    return { isBuffer: Buffer.isBuffer(body), bytes: body.length };
  }

  @Get('probe/boom')
  boom(): never {
    throw new Error('secret detail +380671234567');
  }

  @Get('probe/busy')
  busy(): Promise<unknown> {
    return this.transactions.run((tx) => tx.query('SELECT pg_sleep(10)'));
  }

  @Get('probe/stream')
  stream(@Res() reply: FastifyReply): void {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
    reply.raw.write(': open\n\n');
  }

  @Get('probe/closed')
  closed(): never {
    throw new DialerError('call.closed', 'The wrap-up of this call has ended.');
  }

  @Get('probe/admin')
  @UseGuards(AdminGuard)
  admin(): object {
    return { isAdmin: true };
  }
}

@Module({ controllers: [ProbeController] })
class ProbeModule {}

interface Problem {
  status: number;
  type: string;
  title: string;
  detail: string;
  code?: string;
  errors?: { pointer: string; detail: string }[];
}

describe('the HTTP application', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ modules: [ProbeModule] });
  }, 60_000);
  afterAll(() => test.close(), 60_000);

  const problem = async (path: string, init?: RequestInit): Promise<{ response: Response; body: Problem }> => {
    const response = await fetch(`${test.url}${path}`, init);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    const body = (await response.json()) as Problem;
    expect(body).toMatchObject({
      status: response.status,
      type: expect.any(String),
      title: expect.any(String),
      detail: expect.any(String),
    });
    expect(JSON.stringify(body)).not.toMatch(/stack|node_modules|secret|380671234567/);
    return { response, body };
  };
  const post = (
    path: string,
    body: string | Uint8Array<ArrayBuffer>,
    contentType = 'application/json',
    headers: Record<string, string> = {},
  ) => problem(path, { method: 'POST', body, headers: { 'content-type': contentType, ...headers } });

  it('is alive and ready, and names its parts', async () => {
    expect(await (await fetch(`${test.url}/health/live`)).json()).toEqual({ status: 'ok' });
    const ready = await fetch(`${test.url}/health/ready`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({
      status: 'ok',
      parts: { postgres: { status: 'up' }, redis: { status: 'up' } },
    });
  });

  it('shows metrics in the format of Prometheus', async () => {
    const response = await fetch(`${test.url}/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await response.text()).toContain('dialer_http_request_seconds_bucket');
  });

  it('accepts what is right and gives the work a trace', async () => {
    const traceId = 'a'.repeat(32);
    const response = await fetch(`${test.url}/v1/probe?limit=3`, {
      method: 'POST',
      body: '{"count":1,"lines":[{"sku":"A"}]}',
      headers: { 'content-type': 'application/json; charset=UTF-8', traceparent: `00-${traceId}-${'b'.repeat(16)}-01` },
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-trace-id')).toBe(traceId);
    expect(await response.json()).toEqual({ body: { count: 1, lines: [{ sku: 'A' }] }, page: { limit: 3 }, traceId });
  });

  it('names every wrong field by a pointer', async () => {
    const { response, body } = await post('/v1/probe', '{"count":"x","lines":[{"sku":1},{"sku":"A","a/b":1}],"__x":1}');
    expect(response.status).toBe(422);
    expect(body.errors?.map((error) => error.pointer).sort()).toEqual([
      '/__x',
      '/count',
      '/lines/0/sku',
      '/lines/1/a~1b',
    ]);
  });

  it.each([['[]'], ['null'], ['"text"'], ['3']])('refuses %s where an object belongs', async (text) => {
    const { response, body } = await post('/v1/probe', text);
    expect(response.status).toBe(422);
    expect(body.errors).toEqual([{ pointer: '', detail: 'must be a JSON object' }]);
  });

  it('refuses an absent body by its fields', async () => {
    const { response } = await problem('/v1/probe', { method: 'POST' });
    expect(response.status).toBe(422);
  });

  it.each([
    ['broken JSON', '{"count":', 'application/json', {}, 400],
    ['a poisoned prototype', '{"count":1,"__proto__":{"a":1}}', 'application/json', {}, 400],
    ['bytes that are not UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 'application/json', {}, 400],
    ['another media type', '{}', 'text/plain', {}, 415],
    ['another charset', '{}', 'application/json; charset=latin1', {}, 415],
    ['a compressed body', '{}', 'application/json', { 'content-encoding': 'gzip' }, 415],
    ['a body over the limit', `"${'x'.repeat(65_536)}"`, 'application/json', {}, 413],
  ] as const)('answers %s with a problem', async (_name, body, contentType, headers, status) => {
    expect((await post('/v1/probe', body, contentType, headers)).response.status).toBe(status);
  });

  it('hands the bytes of webhooks on as they came, up to the limit', async () => {
    const send = (bytes: number, contentType: string): Promise<Response> =>
      fetch(`${test.url}/v1/shops/demo/orders`, {
        method: 'POST',
        body: 'x'.repeat(bytes),
        headers: { 'content-type': contentType },
      });
    for (const contentType of ['application/json', 'text/plain', 'application/x-anything']) {
      expect(await (await send(65_536, contentType)).json()).toEqual({ isBuffer: true, bytes: 65_536 });
      expect((await send(65_537, contentType)).status).toBe(413);
    }
    const bare = await fetch(`${test.url}/v1/shops/demo/orders`, {
      method: 'POST',
      body: new Uint8Array([0x7b, 0x7d]),
    });
    expect(await bare.json()).toEqual({ isBuffer: true, bytes: 2 });
  });

  it('says that a body is too large before it says anything about its type', async () => {
    for (const contentType of ['garbage', 'text/plain', 'application/json; charset=latin1', '']) {
      const response = await fetch(`${test.url}/v1/shops/demo/orders`, {
        method: 'POST',
        body: new TextEncoder().encode('x'.repeat(65_537)),
        headers: { 'content-type': contentType },
      });
      expect([contentType, response.status]).toEqual([contentType, 413]);
    }
  });

  it('tells an unknown address, a wrong method and an overlong address apart', async () => {
    expect((await problem('/nothing/here?phone=%2B380671234567')).response.status).toBe(404);
    const wrong = await problem('/v1/probe', { method: 'DELETE' });
    expect([wrong.response.status, wrong.response.headers.get('allow')]).toEqual([405, 'POST']);
    expect((await problem(`/${'x'.repeat(3_000)}`)).response.status).toBe(414);
    expect((await problem('/%zz')).response.status).toBe(400);
  });

  it('hides what went wrong inside', async () => {
    const { response, body } = await problem('/v1/probe/boom');
    expect([response.status, body.title]).toEqual([500, 'Internal Server Error']);
    const line = test.logLines.find((candidate) => candidate.includes('a request failed')) ?? '';
    expect(line).toContain(response.headers.get('x-trace-id') ?? 'no trace id');
    expect(line).not.toContain('380671234567');
  });

  it('asks to come again when the database is too slow', async () => {
    const { response, body } = await problem('/v1/probe/busy');
    expect([response.status, body.code, response.headers.get('retry-after')]).toEqual([503, 'busy.retry_later', '2']);
  });

  it('tells the code of a refusal', async () => {
    const { response, body } = await problem('/v1/probe/closed');
    expect([response.status, body.code]).toEqual([409, 'call.closed']);
  });

  it('lets only administrators pass', async () => {
    expect((await problem('/v1/probe/admin')).response.headers.get('www-authenticate')).toBe('Bearer');
    expect((await problem('/v1/probe/admin', { headers: { authorization: 'Bearer wrong' } })).response.status).toBe(
      401,
    );
    const right = await fetch(`${test.url}/v1/probe/admin`, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
    expect(await right.json()).toEqual({ isAdmin: true });
  });

  it('sends headers that forbid inline code, framing and sniffing', async () => {
    const { headers } = await fetch(`${test.url}/health/live`);
    expect(headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(headers.get('content-security-policy')).not.toMatch(/unsafe|https?:/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('strict-transport-security')).toBeNull();
    expect(headers.get('x-powered-by')).toBeNull();
  });

  it('answers what is not HTTP, and headers that are too large, with a problem', async () => {
    expect(await speak(test.url, 'nonsense\r\n\r\n')).toMatch(/^HTTP\/1.1 400 .*application\/problem\+json/s);
    expect(await speak(test.url, `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 431 /,
    );
  });

  it('describes itself', async () => {
    const document = (await (await fetch(`${test.url}/openapi.json`)).json()) as { openapi: string; paths: object };
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toContain('/v1/probe');
  });
});

describe('a process without role api', () => {
  it('answers health and metrics alone', async () => {
    const test = await startTestApp({ modules: [ProbeModule], roles: ['worker'] });
    try {
      expect((await fetch(`${test.url}/health/ready`)).status).toBe(200);
      expect((await fetch(`${test.url}/metrics`)).status).toBe(200);
      expect((await fetch(`${test.url}/v1/probe/closed`)).status).toBe(404);
      expect((await fetch(`${test.url}/openapi.json`)).status).toBe(404);
    } finally {
      await test.close();
    }
  }, 60_000);
});

describe('the end of the application', () => {
  it('cuts streams that nobody ends', async () => {
    const test = await startTestApp({ modules: [ProbeModule], roles: ['api'] });
    const stream = await fetch(`${test.url}/v1/probe/stream`);
    const startedAt = performance.now();
    await test.close();
    expect(performance.now() - startedAt).toBeLessThan(12_000);
    await expect(stream.text()).rejects.toThrow();
  }, 60_000);
});

function speak(url: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text));
    let heard = '';
    socket.on('data', (chunk) => (heard += chunk.toString()));
    socket.on('close', () => resolve(heard));
    socket.on('error', reject);
  });
}
