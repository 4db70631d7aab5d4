import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';

const SIZES = [
  { width: 1_280, height: 720 },
  { width: 1_440, height: 900 },
] as const;
const LOOKS = ['light', 'dark'] as const;
/** Fades and the browser's own drawing come to rest. */
const SETTLE_MS = 250;

/** Takes each screen in both looks and both sizes: `<folder>/<language>/<screen>-<look>-<width>.png`. */
export class Camera {
  private readonly folder: string;
  private number = 0;

  constructor(folder: string, language: string) {
    this.folder = join(folder, language);
    mkdirSync(this.folder, { recursive: true });
  }

  async take(page: Page, screen: string): Promise<void> {
    this.number += 1;
    const name = `${String(this.number).padStart(2, '0')}-${screen}`;
    for (const size of SIZES) {
      await page.setViewportSize(size);
      for (const colorScheme of LOOKS) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.waitForTimeout(SETTLE_MS);
        await page.screenshot({ path: join(this.folder, `${name}-${colorScheme}-${size.width}.png`) });
      }
    }
    await page.setViewportSize(SIZES[0]);
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
    console.error(`pictures: ${name}`);
  }
}
