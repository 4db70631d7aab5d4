import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { AgentPlan } from '../../tools/dev-env/network.js';
import { startBrowser } from '../../tools/dev-env/browser.js';
import { DeskPage, type DeskOptions } from './desk-page.js';
import { useWorld, type World } from './world.js';

/** An installation whose agents work at pages in a real browser. */
export interface Desks {
  world(): World;
  browser(): Browser;
  /** A page that is closed after the test; it must not have complained by then. */
  open(o?: DeskOptions): Promise<DeskPage>;
}

/** An agent at a page in a browser; without a group each has one of their own. */
export function atBrowser(login: string, more: Partial<AgentPlan> = {}): AgentPlan {
  return { login, name: `Desk ${login}`, connection: 'persistent', phone: 'softphone', group: login, ...more };
}

/** Gives a test file its world, a browser and pages, from its first test to its last. */
export function useDesks(plan: Parameters<typeof useWorld>[0]): Desks {
  const world = useWorld({ groupSettings: { wrapUpSeconds: 120 }, ...plan });
  let browser: Browser | null = null;
  const open: DeskPage[] = [];
  const running = (): Browser => {
    if (browser === null) throw new Error('the browser has not been started');
    return browser;
  };
  beforeAll(async () => {
    browser = await startBrowser();
  }, 180_000);
  afterEach(async () => {
    for (const desk of open.splice(0)) {
      expect(desk.complaints).toEqual([]);
      await desk.context.close();
    }
  });
  afterAll(() => browser?.close(), 60_000);
  return {
    world,
    browser: running,
    async open(o = {}) {
      const desk = await DeskPage.open(running(), world(), o);
      open.push(desk);
      return desk;
    },
  };
}

/** What a tool finds wrong with a page against WCAG 2.2, levels A and AA: rule and element. */
export async function faultsOf(page: Page): Promise<string[]> {
  // Half shown, a thing has colours that it is not meant to have; before it moves at all, its own style keeps it unseen.
  await page.waitForFunction(() => {
    interface Moving {
      readonly playState: string;
      readonly effect: { getTiming(): { iterations?: number } } | null;
    }
    interface Styled {
      readonly style: { readonly opacity: string; readonly display: string };
    }
    const { document } = globalThis as unknown as {
      document: { getAnimations(): Moving[]; querySelectorAll(selector: string): Iterable<Styled> };
    };
    const isStill = document
      .getAnimations()
      .every((one) => one.playState !== 'running' || one.effect?.getTiming().iterations === Infinity);
    return (
      isStill &&
      [...document.querySelectorAll('[style*="opacity"]')].every(
        ({ style }) => style.display === 'none' || Number(style.opacity || 1) === 1,
      )
    );
  });
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
    .analyze();
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}
