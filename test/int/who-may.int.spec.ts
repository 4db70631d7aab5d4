import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.js';
import { createShop, type TestShop } from '../support/shop-client.js';
import { administer } from '../support/talk.js';

// Every address of the API × everybody who might ask: taken from the service's own description, so that a new one is judged at once.

let test: TestApp;
let own: TestShop;
const tokens = new Map<string, string>();

beforeAll(async () => {
  test = await startTestApp();
  own = await createShop(test, 'own');
  const other = await createShop(test, 'other');
  for (const role of ['agent', 'senior', 'supervisor'] as const) {
    await administer(test, 'PUT', `agents/${role}`, { password: 'correct horse', role, connection: 'per_call' });
    const answer = await fetch(`${test.url}/v1/agent/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ login: role, password: 'correct horse' }),
    });
    tokens.set(role, ((await answer.json()) as { token: string }).token);
  }
  tokens.set('nobody', '');
  tokens.set('a wrong token', 'x'.repeat(43));
  tokens.set('a shop', own.apiKey);
  tokens.set('another shop', other.apiKey);
}, 60_000);
afterAll(() => test.close());

interface Address {
  readonly method: string;
  readonly path: string;
}

async function addresses(below: string): Promise<Address[]> {
  const described = (await (await fetch(`${test.url}/openapi.json`)).json()) as { paths: Record<string, object> };
  return Object.entries(described.paths)
    .filter(([path]) => path.startsWith(below))
    .flatMap(([path, methods]) => Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })));
}

async function ask({ method, path }: Address, token: string): Promise<number> {
  const filled = path.replace(/\{shop(Id)?\}/g, 'own').replace(/\{[^}]+\}/g, () => randomUUID());
  const hasBody = method === 'POST' || method === 'PUT' || method === 'PATCH';
  const answer = await fetch(test.url + filled, {
    method,
    headers: {
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      ...(hasBody ? { 'content-type': 'application/json' } : {}),
    },
    ...(hasBody ? { body: '{}' } : {}),
    signal: AbortSignal.timeout(10_000),
  });
  await answer.body?.cancel();
  return answer.status;
}

describe('who may ask what', () => {
  it('administration is for administrators: everybody else is refused at every address', async () => {
    const all = await addresses('/v1/admin/');
    expect(all.length).toBeGreaterThan(10);
    const letIn: string[] = [];
    for (const [who, token] of tokens) {
      for (const address of all) {
        const status = await ask(address, token);
        if (status !== 401 && status !== 403) letIn.push(`${who}: ${address.method} ${address.path} ${status}`);
      }
    }
    expect(letIn).toEqual([]);
  }, 120_000);

  it('agents’ addresses need an agent’s session, all but the sign-in and the sign-out', async () => {
    const all = (await addresses('/v1/agent/')).filter(({ path }) => path !== '/v1/agent/session');
    expect(all.length).toBeGreaterThan(8);
    const letIn: string[] = [];
    for (const who of ['nobody', 'a wrong token', 'a shop']) {
      for (const address of all) {
        const status = await ask(address, tokens.get(who) ?? '');
        if (status !== 401) letIn.push(`${who}: ${address.method} ${address.path} ${status}`);
      }
    }
    expect(letIn).toEqual([]);
  }, 120_000);

  it('supervisors’ addresses are closed to agents, shops and strangers', async () => {
    const all = await addresses('/v1/supervisor');
    expect(all.length).toBeGreaterThan(0);
    const letIn: string[] = [];
    for (const who of ['nobody', 'a wrong token', 'a shop', 'another shop', 'agent']) {
      for (const address of all) {
        const status = await ask(address, tokens.get(who) ?? '');
        if (status !== 401 && status !== 403) letIn.push(`${who}: ${address.method} ${address.path} ${status}`);
      }
    }
    expect(letIn).toEqual([]);
  }, 120_000);

  it('a shop’s addresses are for that shop', async () => {
    const all = (await addresses('/v1/shops/')).filter(({ path }) => path.includes('{shop'));
    expect(all.length).toBeGreaterThan(1);
    const letIn: string[] = [];
    for (const who of tokens.keys()) {
      if (who === 'a shop') continue;
      for (const address of all) {
        const status = await ask(address, tokens.get(who) ?? '');
        if (status !== 401) letIn.push(`${who}: ${address.method} ${address.path} ${status}`);
      }
    }
    expect(letIn).toEqual([]);
    // Its own key opens them: what is not there is told as such.
    const reads = all.filter(({ method }) => method === 'GET');
    for (const address of reads) expect([address.path, await ask(address, own.apiKey)]).toEqual([address.path, 404]);
  }, 120_000);
});
