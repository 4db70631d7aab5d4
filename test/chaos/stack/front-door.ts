import { startFaultProxy, type FaultProxy } from '../../support/fault-proxy.js';
import type { Service } from './service.js';

const LOOK_EVERY_MS = 500;

/**
 * The balancer in front of the service's processes, as production has one: it sends new connections to those that say they are ready, and ends
 * those to a process that says so no more.
 */
export class FrontDoor {
  private timer: NodeJS.Timeout | undefined;
  private open = '';

  private constructor(
    private readonly proxy: FaultProxy,
    private readonly services: () => readonly Service[],
  ) {}

  static async open(services: () => readonly Service[]): Promise<FrontDoor> {
    return new FrontDoor(await startFaultProxy([]), services);
  }

  get url(): string {
    return `http://127.0.0.1:${this.proxy.port}`;
  }

  /** Begins to look who is ready. */
  watch(): void {
    const look = async (): Promise<void> => {
      const states = await Promise.all(
        this.services().map(async (one) => ({ url: one.url, isReady: await one.isReady() })),
      );
      const ready = states.filter(({ isReady }) => isReady).map(({ url }) => url);
      const now = ready.join(' ');
      if (now !== this.open) {
        this.proxy.setTargets(ready);
        // Which connection leads where is not kept: whoever is cut connects again.
        if (this.open.split(' ').some((url) => url !== '' && !ready.includes(url))) this.proxy.reset();
        this.open = now;
      }
      this.timer = setTimeout(() => void look(), LOOK_EVERY_MS);
    };
    void look();
  }

  async close(): Promise<void> {
    clearTimeout(this.timer);
    await this.proxy.close();
  }
}
