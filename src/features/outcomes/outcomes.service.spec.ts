import { describe, expect, it } from 'vitest';
import { DialerError } from '../../core/shared/errors.js';
import { OutcomesService } from './outcomes.service.js';

/** The sweep over two calls that nobody is in a wrap-up of; looking at the first one fails so. */
function sweepOfTwo(error: Error) {
  const looked: string[] = [];
  const inTx = (work: (tx: object) => unknown): Promise<unknown> => Promise.resolve(work({}));
  const parts = [
    { read: inTx, run: inTx },
    {},
    {},
    {
      atCall: (_: object, callId: string) => {
        looked.push(callId);
        return callId === 'first' ? Promise.reject(error) : Promise.resolve(null);
      },
    },
    { view: () => Promise.resolve(null) },
    {},
    { inWrapUp: () => Promise.resolve(['first', 'second']) },
    {},
    { onReplay: () => undefined },
    { error: () => undefined },
  ];
  const outcomes = new OutcomesService(...(parts as unknown as ConstructorParameters<typeof OutcomesService>));
  return { outcomes, looked };
}

describe('wrap-ups that nobody is in', () => {
  it('end each by itself: one that cannot be ended keeps no other waiting', async () => {
    const { outcomes, looked } = sweepOfTwo(new Error('unreadable'));
    await outcomes.closeForgottenWrapUps();
    expect(looked).toEqual(['first', 'second']);
  });

  it('wait while Postgres is away', async () => {
    const { outcomes, looked } = sweepOfTwo(new DialerError('busy.retry_later', 'away', { isRetryable: true }));
    await expect(outcomes.closeForgottenWrapUps()).rejects.toThrow('away');
    expect(looked).toEqual(['first']);
  });
});
