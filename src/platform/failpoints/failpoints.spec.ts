import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'failpoints-'));
  vi.resetModules();
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

describe('failpoints', () => {
  it('are nothing in a process that was not told of them', async () => {
    const { failpoint, isSwitchedOff } = await import('./failpoints.js');
    writeFileSync(join(folder, 'order_stored'), 'throw');
    await failpoint('order_stored');
    expect(isSwitchedOff('epoch_fence')).toBe(false);
    expect(readdirSync(folder)).toEqual(['order_stored']);
  });

  it('throw once, and leave a trace', async () => {
    const { armFailpoints, failpoint, FailpointError } = await import('./failpoints.js');
    armFailpoints(folder);
    await failpoint('order_stored');
    writeFileSync(join(folder, 'order_stored'), 'throw\n');
    await failpoint('answered');
    await expect(failpoint('order_stored')).rejects.toThrow(FailpointError);
    await failpoint('order_stored');
    expect(readdirSync(folder)).toEqual([`order_stored.hit-${process.pid}`]);
  });

  it('hang for longer than a leadership, and go on', async () => {
    vi.useFakeTimers();
    const { armFailpoints, failpoint, HANG_MS } = await import('./failpoints.js');
    armFailpoints(folder);
    writeFileSync(join(folder, 'answered'), 'hang');
    const isOver = vi.fn();
    void failpoint('answered').then(isOver);
    await vi.advanceTimersByTimeAsync(HANG_MS - 1);
    expect(isOver).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(isOver).toHaveBeenCalled();
    expect(HANG_MS).toBeGreaterThan(6_000);
  });

  it('meant for another process are left to it', async () => {
    const { armFailpoints, failpoint } = await import('./failpoints.js');
    armFailpoints(folder);
    writeFileSync(join(folder, 'answered'), `throw ${process.pid + 1}`);
    await failpoint('answered');
    expect(readdirSync(folder)).toEqual(['answered']);
  });

  it('kill the process on the spot', () => {
    writeFileSync(join(folder, 'bridged'), 'kill9');
    const script = `
      const { armFailpoints, failpoint } = await import(${JSON.stringify(new URL('failpoints.ts', import.meta.url).href)});
      armFailpoints(${JSON.stringify(folder)});
      await failpoint('bridged');
      console.log('still here');`;
    const { signal, stdout } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      encoding: 'utf8',
    });
    expect([signal, stdout]).toEqual(['SIGKILL', '']);
  });

  it('switch protections off only when the file was there at the start', async () => {
    const { armFailpoints, isSwitchedOff } = await import('./failpoints.js');
    writeFileSync(join(folder, 'reconciler.off'), '');
    armFailpoints(folder);
    writeFileSync(join(folder, 'outbox.off'), '');
    expect([isSwitchedOff('reconciler'), isSwitchedOff('outbox')]).toEqual([true, false]);
  });
});
