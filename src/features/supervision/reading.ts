/** After a reading that took long, as long a rest as makes it this share of the time. */
const REST_FOR_EACH_MS = 20;

/** Something that is read anew no more often than every so many ms, and less often where reading it takes long: a big backlog must not burden the database. */
export class Reading<T> {
  private last: { readonly value: T } | null = null;
  private nextAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly leastMs: number,
    private readonly read: () => Promise<T>,
  ) {}

  /** The last value, or a new one. Throws what the reading throws; the next call tries again. */
  async get(): Promise<T> {
    const nowMs = performance.now();
    if (this.last !== null && nowMs < this.nextAtMs) return this.last.value;
    this.last = { value: await this.read() };
    this.nextAtMs = nowMs + Math.max(this.leastMs, REST_FOR_EACH_MS * (performance.now() - nowMs));
    return this.last.value;
  }
}
