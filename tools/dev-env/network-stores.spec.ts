import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { redisKeyPrefix, removeData } from './network-stores.js';

const parent = mkdtempSync(join(tmpdir(), 'stores-'));
const folder = join(parent, 'demo');
afterEach(() => rmSync(parent, { recursive: true, force: true }));

describe('what an installation has outside of its folder', () => {
  it('is found again by it, and not by a later one at the same place', () => {
    const first = redisKeyPrefix({ folder });
    expect(redisKeyPrefix({ folder })).toBe(first);
    removeData(folder);
    const second = redisKeyPrefix({ folder });
    expect(second).not.toBe(first);
    expect(second).toMatch(/^cd:[0-9a-f]{16}:$/);
  });
});
