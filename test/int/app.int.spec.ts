import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.js';

describe('the whole service', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp();
  }, 60_000);
  afterAll(() => test.close(), 60_000);

  it('comes up ready in all roles, with every part it stands on', async () => {
    const ready = await fetch(`${test.url}/health/ready`);
    expect([ready.status, await ready.json()]).toMatchObject([
      200,
      { status: 'ok', parts: { postgres: { status: 'up' }, redis: { status: 'up' }, ari: { status: 'up' } } },
    ]);
  });

  it('describes every address of its API, with a body for each that takes one', async () => {
    const document = (await (await fetch(`${test.url}/openapi.json`)).json()) as {
      openapi: string;
      paths: Record<
        string,
        Record<string, { requestBody?: { content: Record<string, { schema: { $ref?: string } }> } }>
      >;
      components: { schemas: Record<string, { properties?: object; $ref?: string }> };
    };
    const known = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(known).toEqual(
      expect.arrayContaining([
        'post /v1/shops/{shop}/orders',
        'get /v1/shops/{shop}/orders/{orderId}',
        'put /v1/admin/shops/{shop}',
        'post /v1/admin/shops/{shop}/rotate',
        'post /v1/admin/shops/{shop}/pause',
        'post /v1/admin/shops/{shop}/resume',
        'put /v1/admin/groups/{group}',
        'put /v1/admin/agents/{login}',
        'put /v1/admin/trunks/{trunk}',
        'get /v1/admin/deliveries',
        'post /v1/admin/deliveries/{id}/replay',
        'post /v1/agent/session',
        'delete /v1/agent/session',
        'put /v1/agent/state',
        'get /v1/agent/events',
        'post /v1/agent/calls/{callId}/outcome',
        'post /v1/agent/calls/{callId}/hangup',
        'post /v1/agent/calls/{callId}/hold',
        'post /v1/agent/calls/{callId}/unhold',
        'post /v1/agent/calls/{callId}/transfer',
        'get /v1/agent/softphone',
        'post /v1/agent/softphone/line',
        'post /v1/agent/screen',
        'get /v1/agent/figures',
        'get /health/live',
        'get /health/ready',
        'get /metrics',
      ]),
    );
    expect(document.openapi).toBe('3.1.0');
    const empty = Object.entries(document.components.schemas).filter(
      ([, schema]) => Object.keys(schema.properties ?? {}).length === 0,
    );
    expect(empty.map(([name]) => name)).toEqual([]);
    const referred = [...JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g)].map(
      (match) => match[1] ?? '',
    );
    expect(referred.filter((name) => document.components.schemas[name] === undefined)).toEqual([]);
  });

  it('has every metric of the contract', async () => {
    const text = await (await fetch(`${test.url}/metrics`)).text();
    const types = Object.fromEntries(
      [...text.matchAll(/^# TYPE (dialer_\w+) (\w+)$/gm)].map((match) => [match[1], match[2]]),
    );
    expect(types).toMatchObject({
      dialer_orders_received_total: 'counter',
      dialer_order_first_call_seconds: 'histogram',
      dialer_orders_waiting: 'gauge',
      dialer_orders_overdue: 'gauge',
      dialer_calls_total: 'counter',
      dialer_calls_live: 'gauge',
      dialer_answer_to_agent_seconds: 'histogram',
      dialer_abandoned_ratio: 'gauge',
      dialer_agents: 'gauge',
      dialer_pacing_calls_allowed: 'gauge',
      dialer_outcomes_total: 'counter',
      dialer_writeback_deliveries_total: 'counter',
      dialer_writeback_lag_seconds: 'histogram',
      dialer_writeback_parked: 'gauge',
      dialer_ari_connected: 'gauge',
      dialer_ari_gap_seconds_total: 'counter',
      dialer_trunk_channels: 'gauge',
      dialer_leaked_channels_total: 'counter',
    });
  });

  it('answers every address below /v1 that needs a key with 401 and a problem when there is none', async () => {
    for (const path of ['/v1/admin/shops', '/v1/admin/deliveries', '/v1/agent/events', '/v1/shops/nobody/orders/A-1']) {
      const response = await fetch(`${test.url}${path}`);
      expect([path, response.status, response.headers.get('content-type')]).toEqual([
        path,
        401,
        'application/problem+json',
      ]);
    }
  });

  it('serves the page of the desktop without inline code', async () => {
    const page = await fetch(`${test.url}/desktop/`);
    const html = await page.text();
    expect([page.status, page.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>|<style|\son\w+=|\sstyle=/i);
    expect(page.headers.get('cache-control')).toBe('no-cache');
    const script = /<script[^>]*\bsrc="\.\/([^"]+)"/.exec(html)?.[1] ?? '';
    const asset = await fetch(`${test.url}/desktop/${script}`, { headers: { 'accept-encoding': 'br' } });
    expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(asset.headers.get('content-encoding')).toBe('br');
    expect((await asset.text()).length).toBeGreaterThan(100_000);
  });
});
