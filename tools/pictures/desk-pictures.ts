import type { Page } from 'playwright-core';
import type { Camera } from './camera.js';
import type { Stage } from './stage.js';

/** Every screen of an agent, in the order of a shift. */
export async function takeDesk(stage: Stage, camera: Camera, language: string): Promise<void> {
  const page = await stage.openPage(language);
  await page.locator('input[name=username]').waitFor();
  await camera.take(page, 'sign-in');
  await stage.signIn(page, 'olena');
  await page.locator('header [data-status="line"]').waitFor();
  await camera.take(page, 'break');
  await page.locator('header [data-status="line"]').click();
  await page.locator('[role="progressbar"]').first().waitFor();
  await camera.take(page, 'microphone');
  await leave(page);
  await page.locator('header button[aria-haspopup]').last().click();
  await camera.take(page, 'settings');
  await leave(page);
  await page.keyboard.press('F8');
  await state(page, 'ready');
  await camera.take(page, 'ready');
  await page.locator('header [role="group"] button').last().click();
  await page.getByRole('menuitem').first().waitFor();
  await camera.take(page, 'break-reasons');
  await leave(page);

  const taras = await stage.openPage(language);
  await stage.signIn(taras, 'taras');
  await taras.locator('header [data-status="line"]').waitFor();
  await talk(stage, camera, page, taras);
  await others(stage, camera, page, language);
}

async function talk(stage: Stage, camera: Camera, page: Page, taras: Page): Promise<void> {
  const order = await stage.send('76', { comment: 'домофон 47, дзвоніть після 18' });
  await state(page, 'talking');
  await camera.take(page, 'card');
  await taras.keyboard.press('F8');
  await state(taras, 'ready');

  await page.locator('[data-field="city"]').fill('Стрий');
  await page.locator('[data-field="slotFrom"]').click();
  await camera.take(page, 'edit-delivery');
  await leave(page);
  await page.locator('[data-field="slotDay"]').click();
  await camera.take(page, 'edit-day');
  await leave(page);
  await page.getByRole('table').getByRole('button').nth(2).click();
  await camera.take(page, 'edit-items');
  await leave(page);

  await page.keyboard.press('Digit3');
  await page.locator('[aria-labelledby="result"] input').first().click();
  await camera.take(page, 'declined');
  await leave(page);
  await page.keyboard.press('Digit4');
  await page.locator('[aria-labelledby="result"] fieldset button').first().click();
  await page.locator('[aria-labelledby="result"] fieldset [role="combobox"]').last().click();
  await camera.take(page, 'callback');
  await leave(page);

  await page.keyboard.press('F3');
  await page.locator('[aria-labelledby="knowledge"] li button').first().waitFor();
  await camera.take(page, 'knowledge');
  await page.locator('[aria-labelledby="knowledge"] li button').first().click();
  await page.locator('article table').waitFor();
  await camera.take(page, 'article');
  await page.keyboard.press('F3');
  await leave(page);

  await page.keyboard.press('F4');
  await page.locator('[data-stage="held"]').waitFor();
  await camera.take(page, 'hold');
  await page.keyboard.press('F4');
  await page.locator('[data-stage="talk"]').waitFor();
  await page.keyboard.press('F6');
  await page.getByText('Тарас Кравчук').first().waitFor();
  await camera.take(page, 'transfer-picker');
  await page.getByRole('listitem').filter({ hasText: 'Тарас Кравчук' }).getByRole('button').first().click();
  const strip = page.locator('main [role="status"]', { has: page.locator('button') });
  await strip.locator('button').nth(2).waitFor();
  await camera.take(page, 'consultation');
  await camera.take(taras, 'consultation-other-side');
  await strip.locator('button').nth(1).click();
  await strip.locator('button').nth(2).waitFor({ state: 'hidden' });
  await camera.take(page, 'conference');
  await strip.locator('button').last().click();
  await strip.waitFor({ state: 'hidden' });
  await taras.close();

  await stage.send('76', { customer: order.customer });
  await page.getByRole('tab').nth(1).waitFor();
  await page.keyboard.press('Digit1');
  await camera.take(page, 'second-order');
  await page.keyboard.press('Control+Enter');
  await page.locator('[aria-labelledby="result"] [role="status"]').waitFor();
  await camera.take(page, 'saved');
  await page.keyboard.press('F2');
  await state(page, 'wrap_up');
  await camera.take(page, 'wrap-up');
}

async function others(stage: Stage, camera: Camera, page: Page, language: string): Promise<void> {
  const second = await page.context().newPage();
  await second.goto(stage.address);
  await second.locator('[role="status"] button').first().waitFor();
  await camera.take(second, 'second-tab');
  await second.close();

  const elsewhere = await stage.openPage(language);
  await stage.signIn(elsewhere, 'olena');
  await elsewhere.getByRole('dialog').waitFor();
  await camera.take(elsewhere, 'elsewhere');
  await elsewhere.getByRole('dialog').getByRole('button').last().click();
  await page.locator('[role="status"] button').first().waitFor();
  await camera.take(page, 'read-only');

  await elsewhere.context().setOffline(true);
  await elsewhere.locator('[role="status"][data-shown="true"]').waitFor();
  await camera.take(elsewhere, 'connection-lost');

  const deaf = await stage.openPage(language, { isMicrophoneRefused: true });
  await stage.signIn(deaf, 'deaf');
  await deaf.getByRole('alert').first().waitFor();
  await camera.take(deaf, 'microphone-refused');
}

export async function state(page: Page, name: string): Promise<void> {
  await page.locator(`header [data-state="${name}"]`).waitFor();
}

/** Out of lists, menus and fields. */
async function leave(page: Page): Promise<void> {
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
}
