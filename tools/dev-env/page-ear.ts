import type { Page } from 'playwright-core';

/** What a page's phone heard in one moment of {@link MOMENT_MS}. */
export interface PageMoment {
  /** Its end, by this machine's clock (`Date.now()`). */
  readonly at: number;
  /** Root mean square, 0–1. */
  readonly loudness: number;
  /** Amplitude, 0–1, of each tone that was asked for, in that order. */
  readonly tones: readonly number[];
}

export const MOMENT_MS = 20;

/**
 * Lets `page` measure everything that its phone plays, from the first packet on: on the thread of the sound itself, so that a busy page misses
 * nothing. Before the page is opened, in a context with `bypassCSP`: the page's policy would not let the ear run.
 *
 * @param tonesHz  multiples of 50, below half of the line's 8,000 Hz
 */
export async function giveEar(page: Page, tonesHz: readonly number[] = []): Promise<void> {
  const asked = { worklet: WORKLET, tonesHz, momentMs: MOMENT_MS };
  await page.addInitScript(`(${LISTEN})(${JSON.stringify(asked)})`);
}

/**
 * Lets the page's microphone say one tone instead of what the browser would: who is heard can then be told by it. The tone sways by 4 Hz, so that
 * it never meets its own echo in such a way that both are silent.
 */
export async function giveVoice(page: Page, toneHz: number): Promise<void> {
  await page.addInitScript(`(${SPEAK})(${toneHz})`);
}

/** All moments since `sinceMs` (`Date.now()`), of all lines that the page has had. */
export async function heardBy(page: Page, sinceMs = 0): Promise<PageMoment[]> {
  return page.evaluate(`window.heard.filter(({ at }) => at > ${sinceMs})`);
}

const LISTEN = `({ worklet, tonesHz, momentMs }) => {
  window.heard = [];
  const context = new AudioContext();
  const ready = context.audioWorklet.addModule(URL.createObjectURL(new Blob([worklet], { type: 'text/javascript' })));
  const Connection = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Connection {
    constructor(...args) {
      super(...args);
      this.addEventListener('track', async ({ track }) => {
        await ready;
        const ear = new AudioWorkletNode(context, 'ear', { processorOptions: { tonesHz, momentMs } });
        ear.port.onmessage = ({ data }) => window.heard.push(data);
        // What leads nowhere is not run; the ear itself says nothing.
        context.createMediaStreamSource(new MediaStream([track])).connect(ear).connect(context.destination);
      });
    }
  };
}`;

const SPEAK = `(toneHz) => {
  navigator.mediaDevices.getUserMedia = async () => {
    const context = new AudioContext();
    const mouth = new MediaStreamAudioDestinationNode(context, { channelCount: 1 });
    const loudness = new GainNode(context, { gain: 0.3 });
    const voice = new OscillatorNode(context, { frequency: toneHz });
    voice.connect(loudness).connect(mouth);
    const sway = new OscillatorNode(context, { frequency: 3 });
    sway.connect(new GainNode(context, { gain: 4 })).connect(voice.frequency);
    for (const one of [voice, sway]) one.start();
    return mouth.stream;
  };
}`;

/** Loudness, and each tone's amplitude by Goertzel's algorithm. */
const WORKLET = `registerProcessor('ear', class extends AudioWorkletProcessor {
  constructor({ processorOptions: { tonesHz, momentMs } }) {
    super();
    this.length = Math.round((sampleRate * momentMs) / 1000);
    this.turns = tonesHz.map((hz) => 2 * Math.cos((2 * Math.PI * hz) / sampleRate));
    this.begin();
  }
  begin() {
    this.count = 0;
    this.power = 0;
    this.last = this.turns.map(() => 0);
    this.before = this.turns.map(() => 0);
  }
  process([[samples]]) {
    if (samples === undefined) return true;
    for (const sample of samples) {
      this.power += sample * sample;
      for (let i = 0; i < this.turns.length; i += 1) {
        const next = sample + this.turns[i] * this.last[i] - this.before[i];
        this.before[i] = this.last[i];
        this.last[i] = next;
      }
      this.count += 1;
      if (this.count < this.length) continue;
      const tones = this.turns.map((turn, i) => {
        const [a, b] = [this.last[i], this.before[i]];
        return (2 / this.length) * Math.sqrt(Math.max(0, a * a + b * b - turn * a * b));
      });
      this.port.postMessage({ at: Date.now(), loudness: Math.sqrt(this.power / this.length), tones });
      this.begin();
    }
    return true;
  }
});`;
