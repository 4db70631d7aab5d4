import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/support/app.js';

describe('the HTTP application', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp();
  }, 60_000);
  afterAll(() => test.close(), 60_000);

  it('is alive and ready, and names its parts', async () => {
    expect(await (await fetch(`${test.url}/health/live`)).json()).toEqual({ status: 'ok' });
    const ready = await fetch(`${test.url}/health/ready`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({ parts: { postgres: { status: 'up' }, redis: { status: 'up' } } });
  });
});
