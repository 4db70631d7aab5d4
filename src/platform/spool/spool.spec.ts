import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Vault } from '../auth/vault.js';
import type { Settings } from '../config/settings.js';
import { Log } from '../log/log.js';
import { Metrics } from '../metrics/metrics.js';
import { Spool } from './spool.js';

const [ONE, TWO] = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'];
const vaultOf = (byte: number) => new Vault([{ id: `k${byte}`, bytes: Buffer.alloc(32, byte) }], Buffer.alloc(0));

describe('the spool', () => {
  let folder: string;
  const open = async (vault = vaultOf(1)) => {
    const log = new Log('error', { write: () => true });
    const settings = { roles: new Set(['api']), spoolFolder: folder } as unknown as Settings;
    const spool = new Spool(settings, vault, log, new Metrics(log));
    await spool.onModuleInit();
    return spool;
  };
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'cd-spool-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('gives back what it kept, in the order of its coming, also when the clock was set back and after a restart', async () => {
    const spool = await open();
    await spool.keep(ONE, new Date(5_000), 'first');
    await spool.keep(TWO, new Date(3_000), 'second');
    await spool.keep(ONE, new Date(6_000), 'third');
    const again = await open();
    expect([again.holds(ONE), again.holds(TWO)]).toEqual([true, true]);
    const all = await again.list();
    expect(await Promise.all(all.map((one) => again.read(one)))).toEqual(['first', 'second', 'third']);
    expect(all.map(({ key, at }) => [key, at.getTime()])).toEqual([
      [ONE, 5_000],
      [TWO, 5_000],
      [ONE, 6_000],
    ]);
    for (const one of all) await again.remove(one, 'replayed');
    expect([again.holds(ONE), readdirSync(folder)]).toEqual([false, []]);
    // Somebody else who shares the folder has been faster.
    await spool.remove(all[0]!, 'replayed');
    expect(await spool.read(all[0]!)).toBeNull();
  });

  it('sets aside what it cannot open, and goes on', async () => {
    await (await open(vaultOf(2))).keep(ONE, new Date(1_000), 'of another installation');
    const spool = await open();
    const [strange] = await spool.list();
    await expect(spool.read(strange!)).rejects.toThrow('no key');
    await spool.setAside(strange!);
    expect(await spool.list()).toEqual([]);
    expect(readdirSync(folder)).toEqual([expect.stringMatching(/\.word\.aside$/)]);
  });

  it('throws away what a killed process left half written, and nothing that is being written', async () => {
    const [old, young] = ['000000000000001-000001-1', '000000000000002-000001-1'].map((name) =>
      join(folder, `${name}-${ONE}.word.draft`),
    );
    writeFileSync(old!, 'half');
    writeFileSync(young!, 'half');
    const hourAgo = Date.now() / 1000 - 3_600;
    utimesSync(old!, hourAgo, hourAgo);
    const spool = await open();
    expect(await spool.list()).toEqual([]);
    expect(readdirSync(folder)).toEqual([expect.stringContaining('000000000000002')]);
  });

  it('takes nothing when the folder is gone, and says so', async () => {
    const spool = await open();
    rmSync(folder, { recursive: true });
    await expect(spool.keep(ONE, new Date(), 'text')).rejects.toMatchObject({
      code: 'busy.retry_later',
      isRetryable: true,
    });
    expect(spool.holds(ONE)).toBe(false);
  });
});
