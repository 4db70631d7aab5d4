/** Waits until `look` gives something other than null, undefined or false, asking every 20 ms; fails after `limitMs`. */
export async function waitFor<T>(what: string, look: () => T | Promise<T>, limitMs = 5_000): Promise<NonNullable<T>> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found as NonNullable<T>;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Does it again when it was refused because the database was too busy, as a client does that is told `Retry-After`. */
export async function patiently<T>(step: () => Promise<T>, mostTries = 10): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await step();
    } catch (error) {
      if (tries >= mostTries || (error as { isRetryable?: boolean }).isRetryable !== true) throw error;
    }
  }
}
