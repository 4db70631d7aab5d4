import pg from 'pg';
import type { Camera } from './camera.js';
import type { Stage } from './stage.js';

/** Every screen of a supervisor, beside a floor at work. */
export async function takeBoard(stage: Stage, camera: Camera, language: string): Promise<void> {
  await stage.startFloor();
  for (let i = 0; i < 14; i += 1) await stage.send(i % 5 === 4 ? '60' : '00');
  const page = await stage.openPage(language);
  await stage.signIn(page, 'boss');
  await page.locator('header [data-status="line"]').waitFor();
  await page.locator('tr[data-state="talking"]').nth(1).waitFor();
  await camera.take(page, 'board');
  await page.locator('[data-tile="abandoned"]').hover();
  await page.locator('[role="tooltip"][data-shown="true"]').waitFor();
  await camera.take(page, 'board-explained');
  await page.keyboard.press('Escape');
  await page.locator('tr[data-agent] button[aria-haspopup]').first().click();
  await page.getByRole('menuitem').first().waitFor();
  await camera.take(page, 'board-actions');
  await page.keyboard.press('Escape');
  await page.locator('header button[aria-haspopup]').last().click();
  await page.locator('header [role="dialog"] input').first().waitFor({ state: 'attached' });
  await camera.take(page, 'board-settings');
  await page.keyboard.press('Escape');

  for (const [i, way] of ['listen', 'whisper'].entries()) {
    const talks = page.locator('tr[data-state="talking"]');
    const joined = talks.filter({ has: page.locator('button[aria-pressed="true"]') });
    // The talk that is listened to may have ended meanwhile.
    const row = (await joined.count()) > 0 ? joined : talks.first();
    await row.locator('button[aria-pressed]').nth(i).click();
    await joined.locator('button[aria-pressed]').and(page.locator('[aria-pressed="true"]')).waitFor();
    await camera.take(page, way);
  }

  await page.locator('tr[data-shop] button').first().click();
  const postgres = new pg.Client({ connectionString: stage.databaseUrl });
  await postgres.connect();
  await postgres.query(
    `UPDATE orders SET hold_reason = 'system_failure' WHERE id IN (SELECT id FROM orders WHERE status = 'scheduled' LIMIT 2)`,
  );
  await postgres.end();
  await page.locator('[data-held]').first().waitFor();
  await camera.take(page, 'board-held');
  await page.locator('[data-held] button').last().click();
  await page.getByRole('dialog').waitFor();
  await camera.take(page, 'board-close');
}
