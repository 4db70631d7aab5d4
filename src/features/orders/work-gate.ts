interface Waiter {
  readonly isAlone: boolean;
  readonly admit: () => void;
}

/**
 * Keeps work on an order under suspicion apart from all other work of this process, so that a crash has one cause. Any number of innocent pieces of work
 * go side by side; one under suspicion goes alone. Nobody waits for ever: who has waited for the given time goes all the same.
 */
export class WorkGate {
  private together = 0;
  private alone = 0;
  private waiting: Waiter[] = [];

  /**
   * @param isAlone  waits until all other work has ended; else only for work that goes, or waits to go, alone
   * @param limitMs  no longer than this
   * @returns to be called once, when the work has ended
   */
  async enter(isAlone: boolean, limitMs: number): Promise<() => void> {
    // Who is to go alone is first in line: work that begins all the time must not keep it out.
    const isFree = this.alone === 0 && (isAlone ? this.together === 0 : !this.waiting.some((one) => one.isAlone));
    if (isFree) this.count(isAlone, 1);
    else await this.wait(isAlone, limitMs);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.count(isAlone, -1);
      this.next();
    };
  }

  private wait(isAlone: boolean, limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const one: Waiter = {
        isAlone,
        admit: () => {
          clearTimeout(timer);
          this.waiting = this.waiting.filter((other) => other !== one);
          this.count(isAlone, 1);
          resolve();
        },
      };
      const timer = setTimeout(one.admit, limitMs);
      this.waiting.push(one);
    });
  }

  private count(isAlone: boolean, by: 1 | -1): void {
    if (isAlone) this.alone += by;
    else this.together += by;
  }

  private next(): void {
    if (this.alone > 0) return;
    const first = this.waiting.find((one) => one.isAlone);
    if (first === undefined) for (const one of this.waiting) one.admit();
    else if (this.together === 0) first.admit();
  }
}
