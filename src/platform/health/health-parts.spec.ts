import { describe, expect, it } from 'vitest';
import type { Role, Settings } from '../config/settings.js';
import { isReady } from './health.controller.js';
import { HealthParts } from './health-parts.js';

const parts = (...roles: Role[]): HealthParts => new HealthParts({ roles: new Set(roles) } as unknown as Settings);
const up = async (): Promise<{ isUp: boolean }> => ({ isUp: true });
const down = async (): Promise<{ isUp: boolean; reason: string }> => ({ isUp: false, reason: 'no answer' });

describe('readiness', () => {
  it('is ok while all parts are up', async () => {
    const health = parts('api');
    health.register('postgres', { isNeededFor: ['api'], check: up });
    expect(await health.readiness()).toEqual({ status: 'ok', parts: { postgres: { status: 'up', isNeeded: true } } });
  });

  it('is degraded by a part that none of our roles needs, and down by one that is needed', async () => {
    for (const [roles, status] of [
      [['api', 'worker'], 'degraded'],
      [['dialer'], 'down'],
    ] as const) {
      const health = parts(...roles);
      health.register('ari', { isNeededFor: ['dialer'], check: down });
      const readiness = await health.readiness();
      expect([readiness.status, readiness.parts['ari']?.reason, isReady(readiness)]).toEqual([
        status,
        'no answer',
        status === 'degraded',
      ]);
    }
  });

  it('counts a check that throws as down, without the text of the error', async () => {
    const health = parts('api');
    health.register('postgres', {
      isNeededFor: ['api'],
      check: () => Promise.reject(Object.assign(new Error('postgres://u:secret@h'), { code: 'ECONNREFUSED' })),
    });
    expect((await health.readiness()).parts['postgres']).toEqual({
      status: 'down',
      reason: 'ECONNREFUSED',
      isNeeded: true,
    });
  });

  it('is over once the process drains', async () => {
    const health = parts('api');
    health.drain();
    const readiness = await health.readiness();
    expect([readiness.status, isReady(readiness)]).toEqual(['draining', false]);
  });
});
