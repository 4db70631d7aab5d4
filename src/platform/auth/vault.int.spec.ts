import { describe, expect, it } from 'vitest';
import { useDatabase } from '../../../test/support/database.js';
import { Vault } from './vault.js';

const key = (id: string, fill: number): { id: string; bytes: Buffer } => ({ id, bytes: Buffer.alloc(32, fill) });

describe('the vault', () => {
  const database = useDatabase();
  const open = (...keys: { id: string; bytes: Buffer }[]): Promise<Vault> => Vault.open(keys, database.source.manager);

  it('opens what it sealed, never the same way twice, and shows nothing of it', async () => {
    const vault = await open(key('a', 1));
    const text = 'Олена Ткач, +380671234567';
    const sealed = vault.encrypt(text);
    expect(vault.decrypt(sealed)).toBe(text);
    expect(vault.encrypt(text)).not.toBe(sealed);
    expect(sealed).toMatch(/^a\.[\w-]{16}\.[\w-]{22}\.[\w-]+$/);
    expect(vault.decrypt(vault.encrypt(''))).toBe('');
  });

  it('notices a changed text', async () => {
    const vault = await open(key('a', 1));
    const [id, iv, tag, data = ''] = vault.encrypt('text').split('.');
    const changed = [id, iv, tag, (data.startsWith('A') ? 'B' : 'A') + data.slice(1)].join('.');
    expect(() => vault.decrypt(changed)).toThrow('do not open');
    expect(() => vault.decrypt([id, iv, (tag ?? '').slice(0, 6), data].join('.'))).toThrow('do not open');
    expect(() => vault.decrypt('rubbish')).toThrow('no key "rubbish"');
  });

  it('reads with old keys and writes with the first', async () => {
    const old = await open(key('a', 1));
    const sealed = old.encrypt('text');
    const rotated = await open(key('b', 2), key('a', 1));
    expect(rotated.decrypt(sealed)).toBe('text');
    expect(rotated.encrypt('text')).toMatch(/^b\./);
  });

  it('hashes a number alike for ever, whatever the keys, and unlike another installation', async () => {
    const hash = (await open(key('a', 1))).phoneHash('+380671234567');
    expect(hash).toHaveLength(32);
    expect((await open(key('b', 2), key('a', 1))).phoneHash('+380671234567')).toEqual(hash);
    expect((await open(key('a', 1))).phoneHash('+380671234568')).not.toEqual(hash);
    expect(new Vault([key('a', 1)], Buffer.alloc(32)).phoneHash('+380671234567')).not.toEqual(hash);
  });

  it('refuses the start with keys that are not those of the stored data', async () => {
    await expect(open(key('c', 3))).rejects.toThrow('has no key "a"');
    await expect(open(key('a', 3))).rejects.toThrow('another key under the same id');
  });
});
