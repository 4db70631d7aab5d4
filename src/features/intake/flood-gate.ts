/** A bucket of tokens per shop: lets `perSecond` through in the long run, `burst` at once. In memory, per process. */
export class FloodGate {
  private readonly buckets = new Map<string, { tokens: number; atMs: number }>();

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
  ) {}

  /**
   * Takes one token of the shop.
   * @param nowMs  of a clock that never jumps
   * @returns      null, or after how many whole seconds to try again
   */
  take(shopId: string, nowMs: number): number | null {
    const bucket = this.buckets.get(shopId) ?? { tokens: this.burst, atMs: nowMs };
    bucket.tokens = Math.min(this.burst, bucket.tokens + ((nowMs - bucket.atMs) / 1000) * this.perSecond);
    bucket.atMs = nowMs;
    this.buckets.set(shopId, bucket);
    if (bucket.tokens < 1) return Math.max(1, Math.ceil((1 - bucket.tokens) / this.perSecond));
    bucket.tokens -= 1;
    return null;
  }
}
