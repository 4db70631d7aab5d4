import { describe, expect, it } from 'vitest';
import { hashPassword, isPassword } from './password.js';
import { bearerToken, constantTimeEqual, newToken, newWebhookSecret } from './tokens.js';

describe('tokens', () => {
  it('compares secrets of any length', () => {
    expect([
      constantTimeEqual('a', 'a'),
      constantTimeEqual('a', 'b'),
      constantTimeEqual('a', 'aa'),
      constantTimeEqual('', ''),
    ]).toEqual([true, false, false, true]);
  });

  it('makes secrets that differ', () => {
    expect(newToken('sk_')).toMatch(/^sk_[\w-]{43}$/);
    expect(newToken()).not.toBe(newToken());
    expect(Buffer.from(newWebhookSecret().replace(/^whsec_/, ''), 'base64')).toHaveLength(32);
  });

  it.each([
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['Bearer ', null],
    ['Bearer a b', null],
    ['Basic abc', null],
    [undefined, null],
  ])('reads %j as %j', (header, token) => {
    expect(bearerToken(header)).toBe(token);
  });
});

describe('passwords', () => {
  it('are kept as a hash that only the right one fits', async () => {
    const stored = await hashPassword('correct horse');
    expect(stored).toMatch(/^\$argon2id\$/);
    expect([
      await isPassword(stored, 'correct horse'),
      await isPassword(stored, 'wrong'),
      await isPassword(null, 'any'),
    ]).toEqual([true, false, false]);
  });
});
