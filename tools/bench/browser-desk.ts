import { chromium, type Browser, type Page } from 'playwright-core';
import { findChromium } from '../dev-env/chromium-program.js';

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
    const { path, env } = await findChromium((message) => console.error(`bench: ${message}`));
    const browser = await chromium.launch({
      executablePath: path,
      env: { ...(process.env as Record<string, string>), ...env },
      args: [
        '--no-sandbox',
        '--use-fake-ui-for-media-stream',
        '--use-fake-device-for-media-stream',
        '--autoplay-policy=no-user-gesture-required',
        '--allow-loopback-in-peer-connection',
      ],
    });
    const page = await (
      await browser.newContext({ viewport: { width: 1280, height: 720 }, locale: 'en-GB' })
    ).newPage();
    await page.addInitScript(WATCH);
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
  onsets(): Promise<number[]> {
    return this.page.evaluate('window.onsets');
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

/** Notes in the page when a card was told and drawn, and when sound began. */
const WATCH = `
  window.cards = [];
  window.onsets = [];
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
  const Connection = window.RTCPeerConnection;
  const samples = new Float32Array(256);
  let analyser = null;
  window.RTCPeerConnection = class extends Connection {
    constructor(...args) {
      super(...args);
      this.addEventListener('track', ({ receiver }) => {
        const context = new AudioContext();
        analyser = context.createAnalyser();
        analyser.fftSize = samples.length;
        context.createMediaStreamSource(new MediaStream([receiver.track])).connect(analyser);
      });
    }
  };
  let lastAudibleMs = 0;
  setInterval(() => {
    if (analyser === null) return;
    analyser.getFloatTimeDomainData(samples);
    if (!samples.some((sample) => Math.abs(sample) > 0.02)) return;
    const now = Date.now();
    if (now - lastAudibleMs > 400) window.onsets.push(now);
    lastAudibleMs = now;
  }, 20);
`;
