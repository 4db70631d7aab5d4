import { describe, expect, it } from 'vitest';
import type { SessionAgent } from './agents.events.js';
import { SessionMemory } from './session-memory.js';

const anna = { agentId: 'anna', sessionId: 's' } as SessionAgent;

describe('sessions as they were seen last', () => {
  it('are good for as long as a session may be idle, and know that they are old', () => {
    let nowMs = 0;
    const memory = new SessionMemory(() => nowMs);
    memory.keep('token', anna);
    expect(memory.recall('another')).toBeNull();
    nowMs += 29 * 60_000;
    expect(memory.recall('token')).toEqual({ ...anna, isRemembered: true });
    nowMs += 29 * 60_000;
    expect(memory.recall('token')).not.toBeNull();
    nowMs += 31 * 60_000;
    expect(memory.recall('token')).toBeNull();
    memory.keep('token', anna);
    memory.forget('token');
    expect(memory.recall('token')).toBeNull();
  });

  it('are not kept without end', () => {
    const memory = new SessionMemory(() => 0);
    for (let n = 0; n <= 5_000; n++) memory.keep(`token-${n}`, anna);
    expect([memory.recall('token-0'), memory.recall('token-5000')]).toEqual([null, { ...anna, isRemembered: true }]);
  });
});
