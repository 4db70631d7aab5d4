import { Injectable } from '@nestjs/common';
import { isSwitchedOff } from '../../platform/failpoints/failpoints.js';

/** An instant by both clocks: the monotonic one stands while a machine sleeps, the wall clock may be set. */
export interface BothClocks {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

export function bothClocks(): BothClocks {
  return { monotonicMs: performance.now(), wallMs: Date.now() };
}

/**
 * Until when this process may have calls placed for the groups it leads, judged without asking anybody: a process that was paused finds its time over
 * before it sends another command, however late it wakes (reliability: F9, F50).
 */
@Injectable()
export class Tenures {
  private readonly until = new Map<string, BothClocks>();

  /** The lease on these groups was ours at `from`, and no other process takes it for so long. */
  grant(groupIds: Iterable<string>, from: BothClocks, forMs: number): void {
    for (const groupId of groupIds) {
      this.until.set(groupId, { monotonicMs: from.monotonicMs + forMs, wallMs: from.wallMs + forMs });
    }
  }

  /** From now on nothing is placed for this group before the lease is renewed. */
  end(groupId: string): void {
    this.until.delete(groupId);
  }

  /** The same for those groups of which it is true. */
  endWhere(isMeant: (groupId: string) => boolean): void {
    for (const groupId of [...this.until.keys()]) if (isMeant(groupId)) this.until.delete(groupId);
  }

  isHeld(groupId: string): boolean {
    if (isSwitchedOff('epoch_fence')) return true;
    const until = this.until.get(groupId);
    return until !== undefined && performance.now() < until.monotonicMs && Date.now() < until.wallMs;
  }
}
