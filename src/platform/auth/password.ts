import { hash, verify } from '@node-rs/argon2';

/** OWASP's first choice for argon2id (19 MiB, 2 passes, 1 lane): about 40 ms on one core. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

// A hash that no password has: checked when the login is unknown, so that both take the same time.
let dummy: Promise<string> | null = null;

/** Salted argon2id hash of a password, as a PHC string. */
export function hashPassword(password: string): Promise<string> {
  return hash(password, COST);
}

/** True when the password is the one that was hashed. With `null` (unknown login) it takes as long and says false. */
export async function isPassword(stored: string | null, password: string): Promise<boolean> {
  dummy ??= hash('no password has this hash', COST);
  const isRight = await verify(stored ?? (await dummy), password);
  return isRight && stored !== null;
}
