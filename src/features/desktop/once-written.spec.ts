import { expect, it } from 'vitest';
import { DialerError } from '../../core/shared/errors.js';
import { onceWritten } from './once-written.js';

const refused = (code: 'call.state_refused' | 'call.closed') => new DialerError(code, 'not now');

it('asks again while the talk is not written yet', async () => {
  let asked = 0;
  const answer = await onceWritten(() => {
    asked += 1;
    return asked < 3 ? Promise.reject(refused('call.state_refused')) : Promise.resolve('said');
  });
  expect({ answer, asked }).toEqual({ answer: 'said', asked: 3 });
});

it('passes on what is refused for good: at once, or after a second', async () => {
  let asked = 0;
  const ask = (code: 'call.state_refused' | 'call.closed') => () => {
    asked += 1;
    return Promise.reject(refused(code));
  };
  await expect(onceWritten(ask('call.closed'))).rejects.toMatchObject({ code: 'call.closed' });
  expect(asked).toBe(1);
  await expect(onceWritten(ask('call.state_refused'))).rejects.toMatchObject({ code: 'call.state_refused' });
  expect(asked).toBeGreaterThan(3);
});
