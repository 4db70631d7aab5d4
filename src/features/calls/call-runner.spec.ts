import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Call } from '../../core/call/call.js';
import type { CommandResult, Telephony } from '../../core/call/telephony.js';
import { Log } from '../../platform/log/log.js';
import type { CallMailbox } from './call-mailbox.js';
import { CallRunner } from './call-runner.js';

type Deps = ConstructorParameters<typeof CallRunner>;

/** A runner on one node that answers `play_message` so, one after the other, and a call that has come to the message. */
function room(answers: readonly CommandResult[]) {
  let asked = 0;
  const telephony = {
    node: 'main',
    playMessage: async () => answers[Math.min(asked++, answers.length - 1)]!,
  } as unknown as Telephony;
  const careful = { around: (_callId: string, _route: unknown, work: () => Promise<unknown>) => work() };
  const log = new Log('error', { write: () => undefined });
  const unused = undefined as never;
  const runner = new CallRunner(
    [telephony],
    unused,
    unused,
    careful as unknown as Deps[3],
    unused,
    unused,
    unused,
    unused,
    unused,
    unused,
    log,
  );
  const mailbox = { callId: 'c1', route: { node: 'main' }, call: { state: 'message' }, isClosed: false };
  runner.perform(mailbox as unknown as CallMailbox, { kind: 'play_message' });
  return {
    asked: () => asked,
    moveTo: (state: Call['state']) => void (mailbox.call = { state }),
    pass: (ms: number) => vi.advanceTimersByTimeAsync(ms),
  };
}

const UNKNOWN: CommandResult = { kind: 'unknown', reason: 'no answer' };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a message that the exchange does not say it plays', () => {
  it('is asked for again until it does', async () => {
    const { asked, pass } = room([UNKNOWN, UNKNOWN, { kind: 'done' }]);
    await pass(400);
    expect(asked()).toBe(1);
    await pass(5_000);
    expect(asked()).toBe(3);
  });

  it('is not asked for again once the call has gone on', async () => {
    const { asked, moveTo, pass } = room([UNKNOWN]);
    await pass(1_200);
    expect(asked()).toBe(3);
    moveTo('ending');
    await pass(5_000);
    expect(asked()).toBe(3);
  });
});
