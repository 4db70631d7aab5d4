import { DialerError } from '../../core/shared/errors.js';

/** How long the write of a talk may lie behind the screen. */
const WRITTEN_WITHIN_MS = 1_000;
const ASK_AGAIN_MS = 50;

/**
 * The screen is told of a talk ahead of the write behind it: what is asked with the first word is refused by a call that is not written as a talk yet, and asked
 * again until it is. What is refused for good is refused a second later.
 * @throws whatever `ask` throws, `call.state_refused` once that time is over
 */
export async function onceWritten<T>(ask: () => Promise<T>): Promise<T> {
  const untilMs = performance.now() + WRITTEN_WITHIN_MS;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const isEarly = error instanceof DialerError && error.code === 'call.state_refused';
      if (!isEarly || performance.now() > untilMs) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
}
