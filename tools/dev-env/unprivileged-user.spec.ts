import { describe, expect, it } from 'vitest';
import { findUnprivilegedUser, isOpenToOthers } from './unprivileged-user.js';

const isRoot = process.getuid?.() === 0;

describe.runIf(isRoot)('findUnprivilegedUser, as root', () => {
  it('prefers postgres, else takes nobody, else says what to do', () => {
    const nobody = 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n';
    expect(findUnprivilegedUser(`${nobody}postgres:x:101:104::/:/bin/sh\n`)).toEqual({ uid: 101, gid: 104 });
    expect(findUnprivilegedUser(nobody)).toEqual({ uid: 65534, gid: 65534 });
    expect(() => findUnprivilegedUser('root:x:0:0::/root:/bin/sh\n')).toThrow('DATABASE_URL');
  });
});

describe.skipIf(isRoot)('findUnprivilegedUser, as an ordinary user', () => {
  it('has nobody to change to', () => {
    expect(findUnprivilegedUser('')).toBeNull();
  });
});

describe('isOpenToOthers', () => {
  it('is true for a folder that all may pass and false for one that is not there', () => {
    expect(isOpenToOthers('/usr')).toBe(true);
    expect(isOpenToOthers('/no/such/folder')).toBe(false);
  });
});
