import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useDatabase } from '../../../test/support/database.js';
import { startFaultProxy, throughProxy, type FaultProxy } from '../../../test/support/fault-proxy.js';
import { waitFor } from '../../../test/support/wait.js';
import type { Settings } from '../config/settings.js';
import { Log } from '../log/log.js';
import { Notifications } from './notifications.js';

describe('notices', () => {
  const database = useDatabase();
  let proxy: FaultProxy;
  let notifications: Notifications;
  let heard: string[];

  beforeEach(async () => {
    proxy = await startFaultProxy(database.url);
    notifications = new Notifications(
      { databaseUrl: throughProxy(database.url, proxy) } as Settings,
      new Log('error', { write: () => undefined }),
    );
    heard = [];
    notifications.listen('dialer', (payload) => heard.push(payload));
    await waitFor('the first look', () => heard.length === 1);
  });
  afterEach(async () => {
    await notifications.onApplicationShutdown();
    await proxy.close();
  });
  const send = (payload: string): Promise<void> =>
    database.transactions.run((tx) => notifications.notify(tx, 'dialer', payload));

  it('come when the transaction commits, and not when it does not', async () => {
    await database.transactions
      .run(async (tx) => {
        await notifications.notify(tx, 'dialer', 'never');
        throw new Error('no');
      })
      .catch(() => undefined);
    await send('now');
    await waitFor('the notice', () => heard.includes('now'));
    expect(heard).toEqual(['', 'now']);
  });

  it('reach a channel that is added later, and stop when asked', async () => {
    const late: string[] = [];
    const stop = notifications.listen('outbox', (payload) => late.push(payload));
    await waitFor('the first look', () => late.length === 1);
    stop();
    await database.transactions.run((tx) => notifications.notify(tx, 'outbox', 'x'));
    await send('after');
    await waitFor('the notice', () => heard.includes('after'));
    expect(late).toEqual(['']);
  });

  it('tell every listener to look itself after the line was cut', async () => {
    proxy.cut();
    await send('lost');
    proxy.mend();
    await waitFor('the look', () => heard.length === 2);
    await send('found');
    await waitFor('the notice', () => heard.includes('found'));
    expect(heard).toEqual(['', '', 'found']);
  });

  it('notice a silent line by themselves', async () => {
    proxy.freeze();
    await new Promise((resolve) => setTimeout(resolve, 8_500));
    proxy.mend();
    await waitFor('the look', () => heard.length >= 2);
    await send('found');
    await waitFor('the notice', () => heard.includes('found'));
  });

  it('refuse a payload that is no hint any more, and a strange channel', async () => {
    await expect(send('x'.repeat(8_000))).rejects.toThrow('send an id');
    expect(() => notifications.listen('a"; DROP', () => undefined)).toThrow('small letters');
  });
});
