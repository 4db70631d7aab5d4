import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anOrder } from '../../tools/demo-shop/demo-orders.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { RobotFloor } from '../support/robot-floor.js';
import { asAdmin, createShop, postOrder, signed, type TestShop } from '../support/shop-client.js';
import { waitFor } from '../support/wait.js';

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: { key: string; value: Record<string, unknown> }[];
}
interface Batch {
  readonly resourceSpans: { scopeSpans: { spans: Span[] }[] }[];
}

const PHONE = '+380671112233';
const CALLER = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' };

/** What an OTLP/HTTP receiver and the shop's address were sent. */
const sent: string[] = [];
const headers: (string | string[] | undefined)[] = [];
let outside: Server;
let outsideUrl: string;
let test: TestApp;
let shop: TestShop;
const spans = (): Span[] =>
  sent.flatMap((text) =>
    (JSON.parse(text) as Batch).resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
  );

beforeAll(async () => {
  outside = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      if (request.url === '/v1/traces') {
        sent.push(text);
        headers.push(request.headers['x-key']);
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve));
  outsideUrl = `http://127.0.0.1:${(outside.address() as AddressInfo).port}`;
  test = await startTestApp({
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: `${outsideUrl}/`, OTEL_EXPORTER_OTLP_HEADERS: 'x-key=a%20b' },
  });
  await asAdmin(test, 'PUT', '/v1/admin/trunks/main', {
    endpoint: 'PJSIP/{number}@main',
    callsPerSecond: 50,
    maxChannels: 20,
  });
  shop = await createShop(test, 'traced', {
    jurisdiction: 'demo',
    destinations: [{ name: 'main', url: `${outsideUrl}/shop`, events: ['order.outcome'] }],
  });
  await new RobotFloor(test).join('anna', ['default']);
}, 60_000);
afterAll(async () => {
  await test?.close();
  outside.close();
});

describe('tracing', () => {
  it('makes one trace of an order, from the webhook to the write-back', async () => {
    const message = { type: 'order.created', data: anOrder({ orderId: 'T-1', phone: PHONE }) };
    const body = JSON.stringify(message);
    const answer = await fetch(`${test.url}/v1/shops/${shop.shop}/orders`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        traceparent: `00-${CALLER.traceId}-${CALLER.spanId}-01`,
        ...signed(shop.webhookSecret, body),
      },
      body,
    });
    expect(answer.status).toBe(202);
    const own = (): Span[] => spans().filter((span) => span.traceId === CALLER.traceId);
    await waitFor('the write-back in the trace', () => own().some((span) => span.name === 'write-back'), 15_000);

    const parents = new Map(own().map((span) => [span.name, span.parentSpanId]));
    const idOf = (name: string): string | undefined => own().find((span) => span.name === name)?.spanId;
    const request = 'POST /v1/shops/:shop/orders';
    expect(Object.fromEntries(parents)).toEqual({
      [request]: CALLER.spanId,
      'message order.created': idOf(request),
      'job order.schedule': idOf('message order.created'),
      call: idOf('message order.created'),
      ring: idOf('call'),
      bridge: idOf('call'),
      talk: idOf('call'),
      'write-back': idOf('message order.created'),
    });
    for (const { name, startTimeUnixNano, endTimeUnixNano } of own())
      expect(BigInt(endTimeUnixNano) >= BigInt(startTimeUnixNano), name).toBe(true);
    expect(headers).toContain('a b');
  }, 40_000);

  it('leads from a bucket of the metrics to the trace', async () => {
    const answer = await fetch(`${test.url}/metrics`);
    expect(answer.headers.get('content-type')).toContain('application/openmetrics-text');
    const text = await answer.text();
    for (const name of ['dialer_answer_to_agent_seconds', 'dialer_order_first_call_seconds']) {
      const lines = text.split('\n').filter((line) => line.startsWith(`${name}_bucket`));
      expect(
        lines.some((line) => line.includes(`# {trace_id="${CALLER.traceId}"}`)),
        name,
      ).toBe(true);
    }
    expect(text.endsWith('# EOF\n')).toBe(true);
  });

  it('names its logs and its trace alike', () => {
    const lines = test.logLines.map((line) => JSON.parse(line) as { message: string; traceId?: string });
    for (const message of ['a message of a shop was stored', 'call placed', 'a write-back was delivered'])
      expect(lines.find((line) => line.message === message)?.traceId, message).toBe(CALLER.traceId);
  });

  it('tells nothing of the buyer', () => {
    const { customer, delivery } = anOrder({ orderId: 'T-1', phone: PHONE }) as unknown as {
      customer: { name: string };
      delivery?: { address?: string };
    };
    const text = sent.join('\n');
    expect(text).not.toContain(PHONE.slice(1));
    for (const word of [...customer.name.split(' '), delivery?.address ?? customer.name])
      expect(text).not.toContain(word);
  });

  it('gives a request without a caller a trace of its own, with the request as its first span', async () => {
    const refused = await postOrder(
      test,
      { ...shop, webhookSecret: `whsec_${'A'.repeat(44)}` },
      { type: 'order.created' },
    );
    expect(refused.status).toBe(401);
    const traceId = refused.headers.get('x-trace-id');
    const found = (): Span[] => spans().filter((span) => span.traceId === traceId);
    await waitFor('its span', () => found().length > 0, 10_000);
    expect(found()).toHaveLength(1);
    expect(found()[0]?.parentSpanId ?? '').toBe('');
  });

  it('leaves out health and metrics', () => {
    expect(spans().filter((span) => /health|metrics/.test(span.name))).toEqual([]);
  });
});

describe('without tracing', () => {
  it('nothing is sent and nothing of it is loaded', async () => {
    const before = sent.length;
    const plain = await startTestApp({ roles: ['api'] });
    try {
      await fetch(`${plain.url}/v1/agent/me`);
      expect(plain.logLines.join('')).not.toContain('traces are exported');
      expect(plain.logLines.join('')).not.toContain('spanId');
    } finally {
      await plain.close();
    }
    expect(sent.length).toBe(before);
  });
});
