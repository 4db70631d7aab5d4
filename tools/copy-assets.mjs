import { cpSync, existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Second half of `npm run build`: pages, prompts and whatever else is no TypeScript goes where the compiled code looks for it.
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [from, to] = [join(root, 'src'), join(root, 'dist')];

if (existsSync(from)) {
  cpSync(from, to, {
    recursive: true,
    filter: (path) => statSync(path).isDirectory() || !/\.(ts|sql|md)$/.test(path),
  });
}
