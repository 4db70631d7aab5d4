import { chromium, type Browser } from 'playwright-core';
import { findChromium } from './chromium-program.js';

/**
 * A Chromium without a screen whose microphone beeps once a second. Loopback addresses count as candidates for audio, and sound plays without
 * a click, since there is no person to make one.
 */
export async function startBrowser(o: { readonly microphone?: 'allowed' | 'refused' } = {}): Promise<Browser> {
  const { path, env } = await findChromium((message) => console.error(`browser: ${message}`));
  const isRefused = o.microphone === 'refused';
  return chromium.launch({
    executablePath: path,
    env: { ...(process.env as Record<string, string>), ...env },
    args: [
      '--no-sandbox',
      isRefused ? '--deny-permission-prompts' : '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream',
      '--autoplay-policy=no-user-gesture-required',
      '--allow-loopback-in-peer-connection',
    ],
  });
}
