import { get, type IncomingMessage } from 'node:http';

/** One Server-Sent Event. */
export interface StreamEvent {
  readonly id: string | null;
  readonly event: string;
  readonly data: Record<string, unknown>;
  /** When it was read (performance.now). */
  readonly atMs: number;
}

/** A client of Server-Sent Events for tests: the agent's (`/v1/agent/events`) unless told otherwise. */
export class EventStream {
  readonly events: StreamEvent[] = [];
  readonly comments: string[] = [];
  isClosed = false;

  private constructor(
    /** The head of the answer. */
    readonly response: IncomingMessage,
  ) {}

  static async open(
    url: string,
    headers: Record<string, string>,
    query = '',
    path = '/v1/agent/events',
  ): Promise<EventStream> {
    // Not fetch: a stream that it aborts leaves an unused connection behind, on which a closing server waits.
    const request = get(`${url}${path}${query}`, { headers, agent: false });
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request.once('response', resolve).once('error', reject);
    });
    request.on('error', () => undefined);
    const stream = new EventStream(response);
    void stream.read();
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
    this.response.destroy();
  }

  private async read(): Promise<void> {
    let text = '';
    try {
      this.response.setEncoding('utf8');
      for await (const chunk of this.response) {
        text += chunk as string;
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
