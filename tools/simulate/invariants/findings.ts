import type { VirtualTime } from '../engine/virtual-time.js';

/** A promise that was broken (docs/invariants.md). */
export interface Violation {
  readonly id: string;
  readonly at: Date;
  readonly text: string;
  /** Calls, orders, agents it is about: their lines of the event log tell how it came. */
  readonly ids: readonly string[];
}

/** Collects broken promises, and knows since when the dialing has been undisturbed. */
export class Findings {
  readonly violations: Violation[] = [];
  private troubleUntilMs = 0;

  constructor(
    readonly time: VirtualTime,
    private readonly most: number,
  ) {}

  get isFull(): boolean {
    return this.violations.length >= this.most;
  }

  broken(id: string, text: string, ids: readonly string[]): void {
    if (!this.isFull) this.violations.push({ id, at: this.time.date(), text, ids });
  }

  onTrouble(untilMs: number): void {
    // Whole, as the time is: what is asked again a fraction later would be asked without end.
    this.troubleUntilMs = Math.max(this.troubleUntilMs, Math.ceil(untilMs));
  }

  /** Something outside is wrong, or was a moment ago. */
  isTroubled(healMs: number): boolean {
    return this.time.nowMs() < this.troubleUntilMs + healMs;
  }

  /**
   * Asks again and again until the promise is kept, and finds it broken when it is not within `afterMs` in which nothing outside was wrong.
   * `healMs`: how long the dialing may take to find its feet after a trouble.
   */
  within(afterMs: number, healMs: number, isKept: () => boolean, tell: () => void): void {
    const atMs = Math.max(this.time.nowMs() + afterMs, this.troubleUntilMs + healMs);
    this.time.after(atMs - this.time.nowMs(), () => {
      if (isKept()) return;
      if (this.troubleUntilMs + healMs > this.time.nowMs()) this.within(0, healMs, isKept, tell);
      else tell();
    });
  }
}
