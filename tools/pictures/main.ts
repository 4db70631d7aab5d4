import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { takeBoard } from './board-pictures.js';
import { Camera } from './camera.js';
import { takeDesk } from './desk-pictures.js';
import { Stage } from './stage.js';

// Pictures of every screen, in both looks and two sizes, to be looked at after a change; all of it started here:
//   npm run build && npm run pictures -- --folder ../pictures --language uk --of desk

const { values } = parseArgs({
  options: {
    folder: { type: 'string' },
    /** uk, ru or en; default: all three, one after the other. */
    language: { type: 'string' },
    /** desk or board; default: both. */
    of: { type: 'string' },
  },
});
if (values.folder === undefined) throw new Error('--folder names the folder that the pictures go to');

for (const language of values.language === undefined ? ['uk', 'ru', 'en'] : [values.language]) {
  const data = mkdtempSync(join(tmpdir(), 'pictures-'));
  const stage = await Stage.build(data);
  try {
    if (values.of !== 'board') await takeDesk(stage, new Camera(join(values.folder, 'desk'), language), language);
    if (values.of !== 'desk') await takeBoard(stage, new Camera(join(values.folder, 'board'), language), language);
  } finally {
    await stage.stop();
    rmSync(data, { recursive: true, force: true });
  }
}
process.exit();
