/** How a {@link Gathering} gathers. */
export interface GatheringOptions<T, R> {
  /** Most pieces done at once in one go. */
  readonly most: number;
  /** So many goes run side by side; what comes meanwhile gathers for the next one. */
  readonly atOnce: number;
  /** Whose piece it is. Of several owners each gives one piece in turn, so that many of one do not hold up the few of another. */
  readonly ownerOf: (piece: T) => string;
  /** Does them together and answers each in its place. What it throws, all of them are told. */
  readonly work: (pieces: readonly T[]) => Promise<readonly R[]>;
}

interface Waiting<T, R> {
  readonly piece: T;
  readonly sinceMs: number;
  readonly resolve: (answer: R) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gathers small pieces of work that come at about the same time, and does them together: one transaction, one commit, one round trip for many. Nobody waits
 * for company: a piece that comes alone is done at once, alone.
 */
export class Gathering<T, R> {
  /** By owner, in the order of their next turn; none is empty. */
  private readonly waiting = new Map<string, Waiting<T, R>[]>();
  private running = 0;
  private isStartAsked = false;

  constructor(private readonly options: GatheringOptions<T, R>) {}

  /** Resolves with the answer once it is done. */
  add(piece: T): Promise<R> {
    const owner = this.options.ownerOf(piece);
    return new Promise((resolve, reject) => {
      const list = this.waiting.get(owner);
      const entry = { piece, sinceMs: performance.now(), resolve, reject };
      if (list === undefined) this.waiting.set(owner, [entry]);
      else list.push(entry);
      this.askStart();
    });
  }

  /** How many pieces of the owner have not been begun, and for how long the first of them has waited, in milliseconds. */
  waitingOf(owner: string): { readonly count: number; readonly longestMs: number } {
    const list = this.waiting.get(owner) ?? [];
    const [first] = list;
    return { count: list.length, longestMs: first === undefined ? 0 : performance.now() - first.sinceMs };
  }

  /** What came in the same turn of the event loop goes together. */
  private askStart(): void {
    if (this.isStartAsked || this.running >= this.options.atOnce) return;
    this.isStartAsked = true;
    setImmediate(() => {
      this.isStartAsked = false;
      if (this.waiting.size > 0 && this.running < this.options.atOnce) void this.go(this.take());
    });
  }

  private async go(taken: readonly Waiting<T, R>[]): Promise<void> {
    this.running += 1;
    if (this.waiting.size > 0) this.askStart();
    try {
      const answers = await this.options.work(taken.map(({ piece }) => piece));
      taken.forEach(({ resolve }, at) => resolve(answers[at] as R));
    } catch (error) {
      for (const { reject } of taken) reject(error);
    } finally {
      this.running -= 1;
      if (this.waiting.size > 0) this.askStart();
    }
  }

  private take(): Waiting<T, R>[] {
    const taken: Waiting<T, R>[] = [];
    while (taken.length < this.options.most) {
      const next = this.waiting.entries().next().value;
      if (next === undefined) break;
      const [owner, list] = next;
      const first = list.shift();
      if (first !== undefined) taken.push(first);
      // To the end of the round, where others stand before it.
      this.waiting.delete(owner);
      if (list.length > 0) this.waiting.set(owner, list);
    }
    return taken;
  }
}
