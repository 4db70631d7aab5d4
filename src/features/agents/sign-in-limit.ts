/** So many wrong passwords for one login from one address … */
const MOST_FAILURES = 5;
/** … within this time shut the door for as long (ASVS 6.3.1). */
const WINDOW_MS = 60_000;
/** From one address for all logins together, so that a list of logins cannot be tried. */
const MOST_FAILURES_PER_ADDRESS = 30;
/** So that a flood of invented logins cannot fill the memory. */
const MOST_ENTRIES = 10_000;

/** Counts wrong passwords in the memory of one process; with n processes behind one address the limit is n times as high. */
export class SignInLimit {
  private readonly failures = new Map<string, { count: number; until: number }>();

  constructor(private readonly nowMs: () => number = () => performance.now()) {}

  /** Seconds until the next try is allowed, 0 when it is now. */
  waitSeconds(login: string, from: string): number {
    return Math.max(this.wait(pair(login, from), MOST_FAILURES), this.wait(from, MOST_FAILURES_PER_ADDRESS));
  }

  noteFailure(login: string, from: string): void {
    this.count(pair(login, from));
    this.count(from);
  }

  noteSuccess(login: string, from: string): void {
    this.failures.delete(pair(login, from));
  }

  private wait(key: string, most: number): number {
    const entry = this.failures.get(key);
    if (!entry || entry.count < most) return 0;
    return Math.max(0, Math.ceil((entry.until - this.nowMs()) / 1000));
  }

  private count(key: string): void {
    const now = this.nowMs();
    const known = this.failures.get(key);
    const isFresh = known === undefined || known.until <= now;
    this.failures.delete(key);
    if (this.failures.size >= MOST_ENTRIES) this.failures.delete(this.failures.keys().next().value ?? '');
    this.failures.set(key, { count: isFresh ? 1 : known.count + 1, until: now + WINDOW_MS });
  }
}

function pair(login: string, from: string): string {
  return `${from} ${login}`;
}
