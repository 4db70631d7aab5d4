import type { Browser, Page } from 'playwright-core';
import { startBrowser } from '../dev-env/browser.js';
import { giveEar, heardBy } from '../dev-env/page-ear.js';

/** A card as the page drew it; times of `Date.now()`. */
export interface DrawnCard {
  readonly callId: string;
  readonly connectedMs: number;
  /** The event was in the page. */
  readonly toldMs: number;
  /** The frame after the order's heading was there. */
  readonly drawnMs: number;
}

const START_MS = 30_000;
/** Root mean square, 0–1: far below a voice, far above the noise of the line's coding. */
const AUDIBLE = 0.01;
/** A sound after this much of silence is a new one. */
const PAUSE_MS = 400;

/** An agent at a page in a browser of its own: takes calls, talks, saves the result by its keys, and is ready again. */
export class BrowserDesk {
  private isStopped = false;

  private constructor(
    readonly login: string,
    private readonly browser: Browser,
    private readonly page: Page,
    private readonly talkMs: number,
  ) {}

  /** Resolves when the agent is ready, with an open line. */
  static async start(o: {
    readonly apiUrl: string;
    readonly login: string;
    readonly password: string;
    readonly talkMs: number;
  }): Promise<BrowserDesk> {
    const browser = await startBrowser();
    const page = await (
      await browser.newContext({ viewport: { width: 1280, height: 720 }, locale: 'en-GB', bypassCSP: true })
    ).newPage();
    await page.addInitScript(WATCH);
    await giveEar(page);
    await page.goto(`${o.apiUrl}/desktop/`);
    await page.getByLabel('Login').fill(o.login);
    await page.getByLabel('Password').fill(o.password);
    await page.keyboard.press('Enter');
    await page.locator('header [data-status="line"]').waitFor({ timeout: START_MS });
    await page.keyboard.press('F8');
    await page.locator('header [data-state="ready"]').waitFor({ timeout: START_MS });
    const desk = new BrowserDesk(o.login, browser, page, o.talkMs);
    void desk.work();
    return desk;
  }

  cards(): Promise<DrawnCard[]> {
    return this.page.evaluate('window.cards');
  }

  /** When sound began after silence, `Date.now()`. */
  async onsets(): Promise<number[]> {
    const audible = (await heardBy(this.page)).filter(({ loudness }) => loudness > AUDIBLE).map(({ at }) => at);
    return audible.filter((at, i) => at - (audible[i - 1] ?? 0) > PAUSE_MS);
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.browser.close();
  }

  private async work(): Promise<void> {
    while (!this.isStopped) {
      try {
        await this.page.locator('header [data-state="talking"]').waitFor({ timeout: 5_000 });
        await this.page.waitForTimeout(this.talkMs);
        for (const key of ['Escape', 'Digit1', 'Control+Enter']) await this.page.keyboard.press(key);
        await this.page.getByText('Saved:').waitFor({ timeout: 5_000 });
        await this.page.keyboard.press('F2');
        await this.page.locator('header [data-state="wrap_up"]').waitFor({ timeout: 20_000 });
        await this.page.keyboard.press('F8');
      } catch (error) {
        // No call for a while is no trouble.
        if (!this.isStopped && !String(error).includes('data-state="talking"'))
          console.error(`bench: ${String(error)}`);
      }
    }
  }
}

/** Notes in the page when a card was told and drawn. */
const WATCH = `
  window.cards = [];
  const told = new Map();
  const Stream = window.EventSource;
  window.EventSource = class extends Stream {
    constructor(...args) {
      super(...args);
      this.addEventListener('call.connected', ({ data }) => {
        const { callId, connectedAt, order } = JSON.parse(data);
        if (!told.has(callId)) told.set(callId, { callId, orderId: order.orderId, connectedMs: Date.parse(connectedAt), toldMs: Date.now() });
      });
    }
  };
  new MutationObserver(() => {
    const title = document.querySelector('h1')?.textContent;
    for (const card of told.values()) {
      if (card.drawnMs !== undefined || card.orderId !== title) continue;
      card.drawnMs = 0;
      requestAnimationFrame(() => setTimeout(() => {
        card.drawnMs = Date.now();
        window.cards.push(card);
      }));
    }
  }).observe(document, { childList: true, subtree: true, characterData: true });
`;
