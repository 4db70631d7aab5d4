import type { Browser, BrowserContext, Page } from 'playwright-core';
import { giveEar, giveVoice, heardBy, type PageMoment } from '../../tools/dev-env/page-ear.js';
import { waitFor } from '../support/wait.js';
import { TONES, VOICES, whoIsHeard, type Voice } from './voices.js';
import type { World } from './world.js';

/** What the page's connection to the exchange has carried since it was made. */
export interface Sound {
  readonly received: number;
  readonly lost: number;
  readonly sent: number;
  /** Of what is heard, 0–1, summed over all samples: grows with anything but silence. */
  readonly heardEnergy: number;
}

export interface DeskOptions {
  readonly language?: string;
  readonly look?: 'light' | 'dark';
  /** A further page of a browser that is signed in. */
  readonly context?: BrowserContext;
  /** The page's microphone says this tone, and who is heard on the page is measured. */
  readonly voice?: Voice;
}

/** How long somebody is listened to before it is said who is heard. */
const LISTEN_MS = 1_000;

/** The agent's page in a real browser, worked like a person does: by what is on it. */
export class DeskPage {
  /** What the browser complained of: errors of scripts and breaches of the page's policy. */
  readonly complaints: string[] = [];

  private constructor(
    readonly page: Page,
    readonly context: BrowserContext,
    private readonly world: World,
  ) {
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => {
      if (/Content Security Policy/i.test(message.text())) this.complaints.push(message.text());
    });
  }

  static async open(browser: Browser, world: World, o: DeskOptions = {}): Promise<DeskPage> {
    const context =
      o.context ??
      (await browser.newContext({
        viewport: { width: 1280, height: 720 },
        locale: o.language ?? 'en-GB',
        colorScheme: o.look ?? 'light',
        bypassCSP: o.voice !== undefined,
      }));
    const page = await context.newPage();
    await page.addInitScript(REMEMBER_CONNECTIONS);
    if (o.voice !== undefined) {
      await giveEar(page, TONES);
      await giveVoice(page, VOICES[o.voice]);
    }
    const desk = new DeskPage(page, context, world);
    await page.goto(`${world.network.apiUrl}/desktop/`);
    return desk;
  }

  async signIn(login: string): Promise<void> {
    const agent = this.world.network.agents.find((one) => one.login === login);
    await this.page.getByLabel('Login').fill(login);
    await this.page.getByLabel('Password').fill(agent?.password ?? '');
    await this.page.keyboard.press('Enter');
  }

  /** Signed in, the phone's line stands, ready for calls. */
  async start(login: string): Promise<void> {
    await this.signIn(login);
    await this.line();
    await this.page.keyboard.press('F8');
    await this.state('ready');
  }

  async state(state: string, limitMs = 15_000): Promise<void> {
    await this.page.locator(`header [data-state="${state}"]`).waitFor({ timeout: limitMs });
  }

  /** Waits until the browser's phone has its line. */
  async line(limitMs = 20_000): Promise<void> {
    await this.page.locator('header [data-status="line"]').waitFor({ timeout: limitMs });
  }

  /** Waits for the card of an order. */
  async card(orderId: string, limitMs = 20_000): Promise<void> {
    await this.page.getByRole('heading', { level: 1, name: `Order ${orderId}` }).waitFor({ timeout: limitMs });
  }

  field(name: string) {
    return this.page.locator(`[data-field="${name}"]`);
  }

  /** A key as it works outside of fields. */
  async press(...keys: string[]): Promise<void> {
    await this.page.keyboard.press('Escape');
    for (const key of keys) await this.page.keyboard.press(key);
  }

  /** Begins a hand-over by the page's own picker. */
  async handOver(to: string, mode: 'warm' | 'blind'): Promise<void> {
    await this.press('F6');
    const how = mode === 'warm' ? 'Speak first' : 'At once';
    await this.page.getByRole('button', { name: `${how}: ${to}` }).click();
  }

  /** All that was heard since `sinceMs`, `Date.now()`; with a `voice` only. */
  async heard(sinceMs: number): Promise<PageMoment[]> {
    return heardBy(this.page, sinceMs);
  }

  /** Waits until exactly these are heard throughout a second (see `whoIsHeard`); `''`: nobody. */
  async hears(who: string, limitMs = 8_000): Promise<void> {
    let heard = '';
    const isSo = async (): Promise<boolean> => {
      heard = whoIsHeard(await this.heard(Date.now() - LISTEN_MS));
      return heard === who;
    };
    await waitFor(`“${who}” on the page`, isSo, limitMs).catch((error: unknown) => {
      throw new Error(`${String(error)}; heard was “${heard}”`, { cause: error });
    });
  }

  async sound(): Promise<Sound | null> {
    return this.page.evaluate(READ_SOUND);
  }

  /** Sound in both directions from now on, told by the browser's own counters. */
  async hearsAndSpeaks(limitMs = 15_000): Promise<Sound> {
    const before = await waitFor('a connection for sound', () => this.sound(), limitMs);
    return waitFor(
      'sound in both directions',
      async () => {
        const now = await this.sound();
        if (now === null) return null;
        const isHeard = now.received > before.received + 50 && now.heardEnergy > before.heardEnergy;
        return isHeard && now.sent > before.sent + 50 ? now : null;
      },
      limitMs,
    );
  }
}

const REMEMBER_CONNECTIONS = `
  const Original = window.RTCPeerConnection;
  window.connections = [];
  window.RTCPeerConnection = class extends Original {
    constructor(...args) { super(...args); window.connections.push(this); }
  };
`;

const READ_SOUND = `(async () => {
  const connection = window.connections.filter((one) => one.connectionState === 'connected').at(-1);
  if (connection === undefined) return null;
  const sound = { received: 0, lost: 0, sent: 0, heardEnergy: 0 };
  (await connection.getStats()).forEach((entry) => {
    if (entry.type === 'inbound-rtp') Object.assign(sound, { received: entry.packetsReceived, lost: entry.packetsLost, heardEnergy: entry.totalAudioEnergy ?? 0 });
    if (entry.type === 'outbound-rtp') sound.sent = entry.packetsSent;
  });
  return sound;
})()` as unknown as () => Promise<Sound | null>;
