/** A card as the agent's screen gets it; only what a virtual agent reads. */
export interface SeenCall {
  readonly callId: string;
  readonly order: { readonly orderId: string; readonly customer: { readonly phone: string } };
  readonly connectedAt: string;
  /** When the event reached the agent's window. */
  readonly seenAt: Date;
}

/** An agent's phone is called and answers well within this. */
const READY_WITHIN_MS = 20_000;

/** What the agent says in the end; null = says nothing and lets the wrap-up run out. */
export interface Word {
  readonly outcome: string;
  readonly changes?: object;
  readonly note?: string;
  readonly callbackAt?: string;
}

export interface VirtualAgentPlan {
  readonly apiUrl: string;
  readonly login: string;
  readonly password: string;
  /** How long to talk, in ms. */
  talkMs(call: SeenCall): number;
  decide(call: SeenCall): Word | null;
  /** Told of each answer to a word of this agent, once it is not "try again"; `askedAt`: when the word was first sent. */
  onSaid?(
    callId: string,
    word: Word,
    answer: { readonly status: number; readonly body: string; readonly askedAt: Date },
  ): void;
}

/** A person tries again for this long when the desktop says that it could not be done just now. */
const INSIST_MS = 60_000;

/**
 * An agent who works like a person at the desktop: signs in, goes ready, waits for the screen pop, talks, says the outcome, hangs up, goes ready
 * again. Their phone is elsewhere (an endpoint of the carrier's Asterisk). Leaves quietly when a person signs in with the same login.
 */
export class VirtualAgent {
  readonly seen: SeenCall[] = [];
  readonly events: { event: string; data: Record<string, unknown>; at: Date }[] = [];
  private token = '';
  private readonly stopped = new AbortController();
  private stream: Promise<void> = Promise.resolve();
  private readonly ends = new Map<string, () => void>();
  private readonly ended = new Set<string>();
  private readonly watchers = new Set<() => void>();

  constructor(private readonly plan: VirtualAgentPlan) {}

  get login(): string {
    return this.plan.login;
  }

  async signIn(): Promise<void> {
    const response = await this.fetch('POST', 'session', { login: this.plan.login, password: this.plan.password });
    if (!response.ok) throw new Error(`${this.plan.login} cannot sign in: ${response.status} ${await response.text()}`);
    this.token = ((await response.json()) as { token: string }).token;
    this.stream = this.listen();
  }

  /** False before the first sign-in, and once the service has ended the session. */
  get isSignedIn(): boolean {
    return this.token !== '';
  }

  /** The window is gone and with it everything that it was about to do; nobody is told. */
  vanish(): void {
    this.stopped.abort();
  }

  /** Signs in, asks for work, waits until the phone stands, and serves calls until {@link stop}. */
  async start(): Promise<void> {
    await this.signIn();
    await this.setState('ready');
    await this.waitForEvent((event, data) => event === 'agent.state' && data['state'] === 'ready', READY_WITHIN_MS);
  }

  /** @param callId  the call at which it is wished, when there is one */
  async setState(state: 'ready' | 'break', reason?: string, callId?: string): Promise<Response> {
    return this.fetch('PUT', 'state', { state, reason, callId });
  }

  async say(callId: string, word: Word): Promise<Response> {
    return this.fetch('POST', `calls/${callId}/outcome`, word);
  }

  async hangUp(callId: string): Promise<Response> {
    return this.fetch('POST', `calls/${callId}/hangup`);
  }

  async post(path: string, body?: object): Promise<Response> {
    return this.fetch('POST', path, body);
  }

  /** Resolves with the first event that fits, one already seen or one to come. */
  async waitForEvent(
    isWanted: (event: string, data: Record<string, unknown>) => boolean,
    timeoutMs = 30_000,
  ): Promise<Record<string, unknown>> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = this.events.find(({ event, data }) => isWanted(event, data));
      if (found !== undefined) return found.data;
      const left = deadline - Date.now();
      if (left <= 0)
        throw new Error(
          `${this.plan.login} saw no such event; the last ones: ${this.events
            .slice(-5)
            .map((e) => e.event)
            .join(', ')}`,
        );
      await this.nextEvent(left);
    }
  }

  /** Signs out; a talk goes on in the exchange until it ends. */
  async stop(): Promise<void> {
    this.stopped.abort();
    await this.fetch('DELETE', 'session').catch(() => undefined);
    await this.stream;
  }

  private async serve(call: SeenCall): Promise<void> {
    this.seen.push(call);
    const hasEnded = new Promise<void>((resolve) =>
      this.ended.has(call.callId) ? resolve() : this.ends.set(call.callId, resolve),
    );
    await Promise.race([this.pause(this.plan.talkMs(call)), hasEnded]);
    if (this.stopped.signal.aborted) return;
    const word = this.plan.decide(call);
    if (word !== null) {
      const askedAt = new Date();
      const answer = await this.insist(() => this.say(call.callId, word));
      if (answer !== null) {
        const body = await answer.text().catch(() => '');
        this.plan.onSaid?.(call.callId, word, { status: answer.status, body, askedAt });
      }
    }
    await this.insist(() => this.hangUp(call.callId));
    await Promise.race([hasEnded, this.pause(10_000)]);
    if (!this.stopped.signal.aborted && word !== null)
      await this.insist(() => this.setState('ready', undefined, call.callId));
  }

  /** Asks again while there is no answer, or one of 5xx; null when there was none in a minute, or the agent has left. */
  private async insist(ask: () => Promise<Response>): Promise<Response | null> {
    const until = performance.now() + INSIST_MS;
    while (!this.stopped.signal.aborted && performance.now() < until) {
      const answer = await ask().catch(() => null);
      if (answer !== null && answer.status < 500) return answer;
      await this.pause(400);
    }
    return null;
  }

  private async listen(): Promise<void> {
    let lastId = '';
    while (!this.stopped.signal.aborted) {
      try {
        const response = await fetch(`${this.plan.apiUrl}/v1/agent/events`, {
          headers: {
            authorization: `Bearer ${this.token}`,
            accept: 'text/event-stream',
            ...(lastId === '' ? {} : { 'last-event-id': lastId }),
          },
          signal: this.stopped.signal,
        });
        if (response.status === 401) {
          this.token = '';
          return;
        }
        if (response.body === null) throw new Error('no stream');
        for await (const message of messagesOf(response.body)) {
          if (message.id !== '') lastId = message.id;
          this.take(message.event, JSON.parse(message.data) as Record<string, unknown>);
        }
      } catch {
        // The stream was cut, or we are stopping; the loop decides which.
      }
      await this.pause(300);
    }
  }

  private take(event: string, data: Record<string, unknown>): void {
    this.events.push({ event, data, at: new Date() });
    if (event === 'call.connected' && !this.seen.some((call) => call.callId === data['callId'])) {
      void this.serve({ ...(data as unknown as SeenCall), seenAt: new Date() }).catch(() => undefined);
    }
    if (event === 'call.ended') {
      const callId = String(data['callId']);
      this.ended.add(callId);
      this.ends.get(callId)?.();
    }
    for (const wake of this.watchers) wake();
  }

  private nextEvent(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.watchers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, timeoutMs);
      this.watchers.add(wake);
    });
  }

  private fetch(method: string, path: string, body?: object): Promise<Response> {
    return fetch(`${this.plan.apiUrl}/v1/agent/${path}`, {
      method,
      headers: {
        ...(this.token === '' ? {} : { authorization: `Bearer ${this.token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.stopped.signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

/** Server-Sent Events of a response, one by one. */
async function* messagesOf(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<{ id: string; event: string; data: string }> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const lines = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      const field = (name: string): string =>
        lines
          .filter((line) => line.startsWith(`${name}:`))
          .map((line) => line.slice(name.length + 1).replace(/^ /, ''))
          .join('\n');
      const data = field('data');
      if (data !== '') yield { id: field('id'), event: field('event') || 'message', data };
    }
  }
}
