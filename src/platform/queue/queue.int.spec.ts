import { Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { afterEach, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp, type TestAppOptions } from '../../../test/support/app.js';
import { startFaultProxy, throughProxy, type FaultProxy } from '../../../test/support/fault-proxy.js';
import { forgetKeys, redisUrl } from '../../../test/support/redis.js';
import { waitFor } from '../../../test/support/wait.js';
import { DialerError } from '../../core/shared/errors.js';
import { Settings } from '../config/settings.js';
import { Transactions, rows } from '../database/transaction.js';
import { currentTrace, withTrace } from '../log/log.js';
import { Jobs, defineJob } from './jobs.js';
import type { QueueHost } from './processors.js';
import { Sweeps } from './sweeps.js';
import { QUEUE_HOSTS, Workers } from './workers.js';

const greet = defineJob<{ id: string }>({ name: 'test.greet', queue: 'intake', attempts: 3, backoffMs: 20 });

@Injectable()
class Probe implements OnModuleInit {
  readonly done: { id: string; traceId: string | undefined }[] = [];
  swept = 0;
  work: (id: string) => Promise<void> = async () => undefined;

  constructor(
    private readonly jobs: Jobs,
    private readonly sweeps: Sweeps,
  ) {}

  onModuleInit(): void {
    this.jobs.handle(greet, async ({ id }) => {
      this.done.push({ id, traceId: currentTrace().traceId });
      await this.work(id);
    });
    this.sweeps.every('test.sweep', 50, async () => {
      this.swept += 1;
      throw new Error('sweeps go on');
    });
  }
}
@Module({ providers: [Probe] })
class ProbeModule {}
@Module({})
class EmptyModule {}

describe('jobs', () => {
  let test: TestApp | null = null;
  let proxy: FaultProxy | null = null;
  afterEach(async () => {
    await test?.close();
    await proxy?.close();
    test = proxy = null;
  }, 60_000);

  const start = async (options: TestAppOptions = {}): Promise<{ app: TestApp; probe: Probe; ids: () => string[] }> => {
    const app = await startTestApp({ modules: [ProbeModule], ...options });
    test = app;
    const probe = app.get(Probe);
    return { app, probe, ids: () => probe.done.map((done) => done.id) };
  };
  const ask = (app: TestApp, id: string, options: { key?: string; runAt?: Date } = {}): Promise<void> =>
    app.get(Transactions).run((tx) => app.get(Jobs).enqueue(tx, greet, { id }, options));
  const waiting = (app: TestApp): Promise<{ n: number }[]> =>
    app.get(Transactions).read((tx) => rows<{ n: number }>(tx, 'SELECT count(*)::int AS n FROM outbox'));

  it('are done soon after the commit, with the trace of who asked, and leave no row behind', async () => {
    const { app, probe } = await start();
    const traceId = 'c'.repeat(32);
    await withTrace({ traceId }, () => ask(app, 'a'));
    await waitFor('the job', () => probe.done.length === 1, 1_000);
    expect(probe.done).toEqual([{ id: 'a', traceId }]);
    await waitFor('an empty outbox', async () => (await waiting(app))[0]?.n === 0);
  });

  it('are not done when the transaction is rolled back', async () => {
    const { app, ids } = await start();
    const failing = app.get(Transactions).run(async (tx) => {
      await app.get(Jobs).enqueue(tx, greet, { id: 'never' });
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    await ask(app, 'b');
    await waitFor('the job', () => ids().length > 0);
    expect(ids()).toEqual(['b']);
  });

  it('wait in Postgres for their time', async () => {
    const { app, ids } = await start();
    await ask(app, 'later', { runAt: new Date(Date.now() + 60_000) });
    await ask(app, 'soon', { runAt: new Date(Date.now() + 300) });
    await waitFor('the job', () => ids().length > 0);
    expect(ids()).toEqual(['soon']);
    expect((await waiting(app))[0]?.n).toBe(1);
  });

  it('with one key are done once while one is in the queue, and again afterwards', async () => {
    const { app, probe, ids } = await start();
    let release: () => void = () => undefined;
    probe.work = () => new Promise((resolve) => (release = resolve));
    await ask(app, 'first', { key: 'same' });
    await waitFor('the first', () => ids().length === 1);
    await ask(app, 'second', { key: 'same' });
    await waitFor('an empty outbox', async () => (await waiting(app))[0]?.n === 0);
    probe.work = async () => undefined;
    release();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(ids()).toEqual(['first']);
    await ask(app, 'third', { key: 'same' });
    await waitFor('the third', () => ids().includes('third'));
  });

  it('are tried again after a failure, but not after a refusal that will not change', async () => {
    const { app, probe, ids } = await start();
    probe.work = async (id) => {
      if (id === 'flaky' && ids().filter((done) => done === 'flaky').length < 3) throw new Error('not yet');
      if (id === 'hopeless') throw new DialerError('order.not_found', 'gone');
    };
    await ask(app, 'hopeless');
    await ask(app, 'flaky');
    await waitFor('three tries', () => ids().filter((id) => id === 'flaky').length === 3);
    expect(ids().filter((id) => id === 'hopeless')).toHaveLength(1);
    const page = await (await fetch(`${app.url}/metrics`)).text();
    expect(page).toContain('dialer_jobs_total{job="test.greet",result="given_up"} 1');
  });

  it('survive a Redis that is cut off or silent: asking still works, and they are done when it is back', async () => {
    proxy = await startFaultProxy(redisUrl());
    const { app, ids } = await start({ env: { REDIS_URL: throughProxy(redisUrl(), proxy) } });
    await ask(app, 'before');
    await waitFor('the job before', () => ids().includes('before'));

    proxy.cut();
    await ask(app, 'while cut');
    const health = (await (await fetch(`${app.url}/health/ready`)).json()) as { status: string };
    expect(health.status).toBe('degraded');
    proxy.mend();
    await waitFor('the job of the cut', () => ids().includes('while cut'), 5_000);

    proxy.freeze();
    const startedAt = performance.now();
    await ask(app, 'while frozen');
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    proxy.mend();
    await waitFor('the job of the freeze', () => ids().includes('while frozen'), 8_000);
  }, 40_000);

  it('survive a Redis that forgot everything, when a sweep asks again', async () => {
    const { app, ids } = await start();
    await forgetKeys(redisUrl(), app.get(Settings).redisKeyPrefix);
    await ask(app, 'after');
    await waitFor('the job', () => ids().includes('after'));
  });

  it('go on after a worker that no longer takes any is replaced', async () => {
    const { app, ids } = await start();
    const hosts = app.app.get<QueueHost[]>(QUEUE_HOSTS, { strict: false });
    await hosts.find((host) => host.queue === 'intake')?.worker.pause(true);
    await ask(app, 'stuck');
    for (let look = 0; look < 4; look += 1) {
      expect(ids()).toEqual([]);
      await app.get(Workers).watch();
    }
    await waitFor('the job', () => ids().includes('stuck'));
    expect(app.logLines.filter((line) => line.includes('is replaced'))).toHaveLength(1);
  });

  it('are only asked for, not done, in a process without role worker; it does not need Redis', async () => {
    const { app, probe, ids } = await start({ roles: ['api'], env: { REDIS_URL: 'redis://127.0.0.1:1' } });
    await ask(app, 'kept');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect([ids(), probe.swept, (await waiting(app))[0]?.n]).toEqual([[], 0, 1]);
    expect(((await (await fetch(`${app.url}/health/ready`)).json()) as { status: string }).status).toBe('ok');
  });

  it('let a process start whose Redis is dead', async () => {
    const { app } = await start({ env: { REDIS_URL: 'redis://127.0.0.1:1' } });
    const ready = await fetch(`${app.url}/health/ready`);
    expect([ready.status, await ready.json()]).toMatchObject([
      200,
      { status: 'degraded', parts: { redis: { status: 'down' } } },
    ]);
  });

  it('refuse the start while one of them has no handler', async () => {
    await expect(startTestApp({ modules: [EmptyModule], roles: ['api'] })).rejects.toThrow(
      'jobs without a handler: test.greet',
    );
  });
});

describe('sweeps', () => {
  it('run again and again, also after a failure, and stop with the process', async () => {
    const test = await startTestApp({ modules: [ProbeModule], roles: ['worker'] });
    const probe = test.get(Probe);
    await waitFor('three runs', () => probe.swept >= 3);
    await test.close();
    const { swept } = probe;
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(probe.swept).toBe(swept);
    expect(test.logLines.some((line) => line.includes('a sweep failed'))).toBe(true);
  }, 60_000);
});
