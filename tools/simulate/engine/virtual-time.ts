import type { Scheduler } from '../../../src/core/telephony/virtual-network.js';

/** Works further ahead than the present stretch of time wait in one list for each stretch: most are called off before it begins, and the heap stays small. */
const STRETCH_MS = 4_096;

interface Entry {
  readonly at: number;
  readonly order: number;
  work: (() => void) | null;
}

/**
 * Time that stands still while work is done and jumps to the next work after it: works of one instant in the order they were asked for.
 * Whole milliseconds since 1970.
 */
export class VirtualTime implements Scheduler {
  private readonly heap: Entry[] = [];
  private readonly later = new Map<number, Entry[]>();
  private waiting = 0;
  /** The stretch that the heap holds. */
  private stretch: number;
  /** Works of the present instant; most works are asked for without any delay, and need no heap. */
  private soon: Entry[] = [];
  private soonFrom = 0;
  private asked = 0;
  private now: number;
  /** Works done so far. */
  steps = 0;

  constructor(startMs: number) {
    this.now = Math.round(startMs);
    this.stretch = stretchOf(this.now);
  }

  nowMs(): number {
    return this.now;
  }

  date(): Date {
    return new Date(this.now);
  }

  after(afterMs: number, work: () => void): () => void {
    const wait = afterMs > 0 ? Math.round(afterMs) : 0;
    const entry: Entry = { at: this.now + wait, order: this.asked++, work };
    if (wait === 0) this.soon.push(entry);
    else if (stretchOf(entry.at) <= this.stretch) this.push(entry);
    else this.putOff(entry);
    return () => {
      entry.work = null;
    };
  }

  /** Does all work up to and including `untilMs`; `afterStep` hears of each one done. Stops early when `isOver` says so. */
  run(untilMs: number, afterStep: () => void, isOver: () => boolean = () => false): void {
    while (!isOver()) {
      const entry = this.next(untilMs);
      if (entry === null) break;
      const { work } = entry;
      if (work === null) continue;
      entry.work = null;
      this.now = entry.at;
      this.steps += 1;
      work();
      afterStep();
    }
    this.now = Math.max(this.now, Math.round(untilMs));
  }

  private next(untilMs: number): Entry | null {
    const soon = this.soon[this.soonFrom];
    if (soon === undefined && this.heap.length === 0) this.goOn(untilMs);
    const top = this.heap[0];
    if (soon !== undefined && (top === undefined || !isBefore(top, soon))) {
      this.soonFrom += 1;
      if (this.soonFrom === this.soon.length) {
        this.soon = [];
        this.soonFrom = 0;
      }
      return soon;
    }
    return top === undefined || top.at > untilMs ? null : this.pop();
  }

  private putOff(entry: Entry): void {
    const stretch = stretchOf(entry.at);
    const list = this.later.get(stretch);
    if (list === undefined) this.later.set(stretch, [entry]);
    else list.push(entry);
    this.waiting += 1;
  }

  /** The next stretch with work in it, up to the one of `untilMs`. */
  private goOn(untilMs: number): void {
    const last = stretchOf(untilMs);
    while (this.heap.length === 0 && this.stretch < last && this.waiting > 0) {
      this.stretch += 1;
      const list = this.later.get(this.stretch);
      if (list === undefined) continue;
      this.later.delete(this.stretch);
      this.waiting -= list.length;
      for (const entry of list) if (entry.work !== null) this.push(entry);
    }
  }

  private push(entry: Entry): void {
    const { heap } = this;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent]!;
      if (!isBefore(entry, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  private pop(): Entry {
    const { heap } = this;
    const top = heap[0]!;
    const last = heap.pop()!;
    const size = heap.length;
    if (size === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      const below = heap[child]!;
      if (!isBefore(below, last)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}

function stretchOf(atMs: number): number {
  return Math.floor(atMs / STRETCH_MS);
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** The timers of one process: they die with it, and wait while it is frozen. */
export class ProcessTime {
  private isAlive = true;
  private isFrozen = false;
  private readonly missed: (() => void)[] = [];

  constructor(private readonly time: VirtualTime) {}

  get alive(): boolean {
    return this.isAlive;
  }

  get frozen(): boolean {
    return this.isFrozen;
  }

  nowMs(): number {
    return this.time.nowMs();
  }

  date(): Date {
    return this.time.date();
  }

  after(afterMs: number, work: () => void): () => void {
    const cancel = this.time.after(afterMs, () => this.carryOut(work));
    return cancel;
  }

  /** Now, or when the process thaws; never when it is dead. */
  carryOut(work: () => void): void {
    if (!this.isAlive) return;
    if (this.isFrozen) this.missed.push(work);
    else work();
  }

  kill(): void {
    this.isAlive = false;
    this.missed.length = 0;
  }

  freeze(): void {
    this.isFrozen = true;
  }

  /** What came meanwhile is done at once, in the order in which it came. */
  thaw(): void {
    if (!this.isFrozen) return;
    this.isFrozen = false;
    for (const work of this.missed.splice(0)) this.time.after(0, () => this.carryOut(work));
  }
}
