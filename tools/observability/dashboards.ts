import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { PROJECT_FOLDER } from '../dev-env/cache-folder.js';
import { DEADLINE } from './deadline.js';
import { FLOOR } from './floor.js';
import { dashboard, type DashboardPlan } from './panel.js';
import { SERVICE } from './service.js';
import { SHOP } from './shop.js';
import { TELEPHONY } from './telephony.js';

// `npm run dashboards` writes the dashboards of Grafana anew.
export const DASHBOARDS: readonly DashboardPlan[] = [FLOOR, DEADLINE, SHOP, TELEPHONY, SERVICE];
export const FOLDER = join(PROJECT_FOLDER, 'observability/grafana/dashboards');

/** File name → JSON text, as it lies in {@link FOLDER}. */
export async function renderDashboards(): Promise<Map<string, string>> {
  const style = await resolveConfig(join(FOLDER, 'any.json'));
  const files = new Map<string, string>();
  for (const plan of DASHBOARDS) {
    files.set(`${plan.uid}.json`, await format(JSON.stringify(dashboard(plan)), { ...style, parser: 'json' }));
  }
  return files;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  mkdirSync(FOLDER, { recursive: true });
  for (const [file, text] of await renderDashboards()) writeFileSync(join(FOLDER, file), text);
}
