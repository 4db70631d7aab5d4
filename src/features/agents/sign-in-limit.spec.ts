import { describe, expect, it } from 'vitest';
import { SignInLimit } from './sign-in-limit.js';

describe('the limit on wrong passwords', () => {
  it('shuts the door for one login from one address for a minute', () => {
    let now = 0;
    const limit = new SignInLimit(() => now);
    for (let i = 0; i < 4; i++) limit.noteFailure('anna', '10.0.0.1');
    expect(limit.waitSeconds('anna', '10.0.0.1')).toBe(0);
    limit.noteFailure('anna', '10.0.0.1');
    expect(limit.waitSeconds('anna', '10.0.0.1')).toBe(60);
    expect(limit.waitSeconds('anna', '10.0.0.2')).toBe(0);
    expect(limit.waitSeconds('boris', '10.0.0.1')).toBe(0);
    now = 60_000;
    expect(limit.waitSeconds('anna', '10.0.0.1')).toBe(0);
    limit.noteFailure('anna', '10.0.0.1');
    expect(limit.waitSeconds('anna', '10.0.0.1')).toBe(0);
  });

  it('forgets the failures after a right password', () => {
    const limit = new SignInLimit(() => 0);
    for (let i = 0; i < 4; i++) limit.noteFailure('anna', 'here');
    limit.noteSuccess('anna', 'here');
    limit.noteFailure('anna', 'here');
    expect(limit.waitSeconds('anna', 'here')).toBe(0);
  });

  it('stops one address that tries many logins', () => {
    const limit = new SignInLimit(() => 0);
    for (let i = 0; i < 30; i++) limit.noteFailure(`agent-${i}`, 'there');
    expect(limit.waitSeconds('somebody-else', 'there')).toBeGreaterThan(0);
  });
});
