/** One Server-Sent Event. */
export interface StreamEvent {
  readonly id: string | null;
  readonly event: string;
  readonly data: Record<string, unknown>;
  /** When it was read (performance.now). */
  readonly atMs: number;
}

/** A client of `GET /v1/agent/events` for tests. */
export class EventStream {
  readonly events: StreamEvent[] = [];
  readonly comments: string[] = [];
  isClosed = false;
  private readonly abort = new AbortController();

  private constructor(readonly response: Response) {}

  static async open(url: string, headers: Record<string, string>): Promise<EventStream> {
    const abort = new AbortController();
    const response = await fetch(`${url}/v1/agent/events`, { headers, signal: abort.signal });
    const stream = new EventStream(response);
    stream.abort.signal.addEventListener('abort', () => abort.abort());
    if (response.ok) void stream.read();
    return stream;
  }

  /** The first event of this kind from the `from`-th one on; waits for it. */
  async next(event: string, from = 0, limitMs = 5_000): Promise<StreamEvent> {
    const deadline = performance.now() + limitMs;
    for (;;) {
      const found = this.events.slice(from).find((one) => one.event === event);
      if (found) return found;
      if (this.isClosed || performance.now() > deadline) {
        throw new Error(`no ${event} came: ${JSON.stringify(this.events.map((one) => one.event))}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  close(): void {
    this.abort.abort();
  }

  private async read(): Promise<void> {
    let text = '';
    try {
      const decoder = new TextDecoder();
      for await (const chunk of this.response.body as unknown as AsyncIterable<Uint8Array>) {
        text += decoder.decode(chunk, { stream: true });
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) this.take(block);
      }
    } catch {
      // Closed by us, or cut.
    }
    this.isClosed = true;
  }

  private take(block: string): void {
    const fields = new Map(
      block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
    );
    const data = fields.get('data');
    if (data === undefined) this.comments.push(block);
    else {
      this.events.push({
        id: fields.get('id') ?? null,
        event: fields.get('event') ?? 'message',
        data: JSON.parse(data) as Record<string, unknown>,
        atMs: performance.now(),
      });
    }
  }
}
