import { readFileSync, readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
  .map((file) => ({ file, text: readFileSync(`src/${file}`, 'utf8') }));
const jobs = sources.flatMap(({ file, text }) =>
  [...text.matchAll(/export const (\w+) = defineJob\b/g)].map((match) => ({ file, constant: match[1] as string })),
);
const uses = (pattern: (constant: string) => RegExp, constant: string): string[] =>
  sources.flatMap(({ file, text }) => [...text.matchAll(pattern(constant))].map(() => file));

describe('jobs', () => {
  it('are defined in files that carry the name of their room', () => {
    expect(jobs.filter(({ file }) => !/^features\/([^/]+)\/\1\.jobs\.ts$/.test(file))).toEqual([]);
  });

  it.each(jobs.map(({ constant, file }) => [constant, basename(file)]))(
    '%s has one handler, in its own room, and is asked for',
    (constant) => {
      const handled = uses((name) => new RegExp(`\\.handle\\(\\s*${name}\\b`, 'g'), constant);
      const defined = jobs.find((job) => job.constant === constant)?.file.split('/')[1];
      expect(handled.map((file) => file.split('/')[1])).toEqual([defined]);
      expect(uses((name) => new RegExp(`\\.enqueue\\(\\s*\\w+,\\s*${name}\\b`, 'g'), constant)).not.toEqual([]);
    },
  );
});
