import { existsSync, readFileSync } from 'node:fs';
import { WebSocket } from 'ws';
import type { StartedProcess } from '../../dev-env/processes.js';
import { pause } from './figures.js';

/** What the service must be started with, so that its inspector takes a free port when it is asked to open. */
export const INSPECTABLE = { NODE_OPTIONS: '--inspect-port=127.0.0.1:0' } as const;

const OPEN_LIMIT_MS = 5_000;

/** Bytes of a process, after everything that nobody holds any more was thrown away. */
export interface HeapUse {
  readonly heapUsed: number;
  readonly external: number;
  readonly rss: number;
}

/** The inspector of a running Node process ({@link INSPECTABLE}): opened by a signal, so that nothing runs beside the load until then. */
export class Inspector {
  private readonly waiting = new Map<number, (answer: { result?: unknown; error?: { message: string } }) => void>();
  private lastId = 0;

  private constructor(private readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => {
      const answer = JSON.parse(data.toString()) as { id?: number };
      if (answer.id !== undefined) this.waiting.get(answer.id)?.(answer as never);
    });
  }

  /** @throws Error when the process does not open its inspector within 5 s */
  static async open({ pid, logFile }: Pick<StartedProcess, 'pid' | 'logFile'>): Promise<Inspector> {
    const addresses = (): string[] =>
      existsSync(logFile)
        ? [...readFileSync(logFile, 'utf8').matchAll(/Debugger listening on (ws:\S+)/g)].map(([, url]) => url!)
        : [];
    if (addresses().length === 0) process.kill(pid, 'SIGUSR1');
    const until = performance.now() + OPEN_LIMIT_MS;
    while (addresses().length === 0) {
      if (performance.now() > until) throw new Error('the inspector does not open');
      await pause(50);
    }
    const socket = new WebSocket(addresses().at(-1)!);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return new Inspector(socket);
  }

  async heap(): Promise<HeapUse> {
    await this.ask('HeapProfiler.collectGarbage');
    const { result } = (await this.ask('Runtime.evaluate', {
      expression: 'JSON.stringify(process.memoryUsage())',
      returnByValue: true,
    })) as { result: { value: string } };
    return JSON.parse(result.value) as HeapUse;
  }

  /** Where the processor's time goes from now on, until {@link profiled}. */
  async profile(): Promise<void> {
    await this.ask('Profiler.enable');
    await this.ask('Profiler.setSamplingInterval', { interval: 500 });
    await this.ask('Profiler.start');
  }

  /** @returns the text of a `.cpuprofile` file */
  async profiled(): Promise<string> {
    const { profile } = (await this.ask('Profiler.stop')) as { profile: object };
    return JSON.stringify(profile);
  }

  close(): void {
    this.socket.close();
  }

  private ask(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, ({ result, error }) => {
        this.waiting.delete(id);
        if (error === undefined) resolve(result);
        else reject(new Error(`${method}: ${error.message}`));
      });
      this.socket.send(JSON.stringify({ id, method, params }));
    });
  }
}
