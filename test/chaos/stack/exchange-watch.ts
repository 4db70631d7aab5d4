import type { RunningAsterisk } from '../../../tools/dev-env/asterisk.js';

/** One look into the exchange past the dialer: its legs and bridges. */
export interface ExchangeLook {
  readonly at: Date;
  readonly legs: readonly {
    readonly id: string;
    readonly isUp: boolean;
    readonly createdAt: Date;
    readonly isInMessage: boolean;
  }[];
  readonly bridges: readonly { readonly id: string; readonly legIds: readonly string[] }[];
}

interface AriChannel {
  readonly id: string;
  readonly state: string;
  readonly creationtime: string;
  readonly dialplan: { readonly exten: string };
}

/** Looks into the exchange each second, by a door that the dialer does not use. What cannot be asked is left out. */
export class ExchangeWatch {
  readonly looks: ExchangeLook[] = [];
  private timer: NodeJS.Timeout | undefined;
  private isLooking = false;

  constructor(private readonly pbx: RunningAsterisk) {}

  begin(everyMs = 1_000): void {
    this.timer = setInterval(() => {
      if (this.isLooking) return;
      this.isLooking = true;
      this.look()
        .then((look) => this.looks.push(look))
        .catch(() => undefined)
        .finally(() => (this.isLooking = false));
    }, everyMs);
  }

  end(): void {
    clearInterval(this.timer);
  }

  async look(): Promise<ExchangeLook> {
    const [channels, bridges] = await Promise.all([
      this.ask<AriChannel[]>('channels'),
      this.ask<{ id: string; channels: string[] }[]>('bridges'),
    ]);
    return {
      at: new Date(),
      legs: channels.map(({ id, state, creationtime, dialplan }) => ({
        id,
        isUp: state === 'Up',
        createdAt: new Date(creationtime),
        isInMessage: dialplan.exten === 'message',
      })),
      bridges: bridges.map(({ id, channels: legIds }) => ({ id, legIds })),
    };
  }

  async ask<T>(path: string, method = 'GET'): Promise<T> {
    const { ariUsername, ariPassword, url } = this.pbx;
    const authorization = `Basic ${Buffer.from(`${ariUsername}:${ariPassword}`).toString('base64')}`;
    const answer = await fetch(`${url}/ari/${path}`, {
      method,
      headers: { authorization },
      signal: AbortSignal.timeout(2_000),
    });
    if (!answer.ok) throw new Error(`ARI ${path}: ${answer.status}`);
    const text = await answer.text();
    return (text === '' ? null : JSON.parse(text)) as T;
  }
}
