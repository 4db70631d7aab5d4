import { createHash } from 'node:crypto';

/** Everything that happened, line by line: its hash tells whether two runs were the same. The last lines are kept for whoever looks for a cause. */
export class EventLog {
  private readonly sum = createHash('sha256');
  private part: string[] = [];
  private readonly last: string[] = [];
  private at = 0;
  lines = 0;

  /** @param keep how many of the last lines are remembered */
  constructor(private readonly keep: number) {}

  write(line: string): void {
    this.lines += 1;
    this.last[this.at] = line;
    this.at = (this.at + 1) % this.keep;
    this.part.push(line);
    if (this.part.length < 512) return;
    this.flush();
  }

  /** The last lines that name one of the ids, and what went wrong in the world meanwhile, oldest first. */
  about(ids: readonly string[], most: number): string[] {
    const inOrder = [...this.last.slice(this.at), ...this.last.slice(0, this.at)];
    const isAbout = (line: string): boolean => ids.some((id) => line.includes(id));
    const from = inOrder.findIndex(isAbout);
    return inOrder
      .slice(Math.max(0, from))
      .filter((line) => isAbout(line) || / (trouble|leader) /.test(line))
      .slice(-most);
  }

  hash(): string {
    this.flush();
    return this.sum.copy().digest('hex');
  }

  private flush(): void {
    if (this.part.length > 0) this.sum.update(`${this.part.join('\n')}\n`);
    this.part = [];
  }
}
