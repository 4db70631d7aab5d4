import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { AGENT_OUTCOMES, AGENT_STATES, ATTEMPT_RESULTS } from '../../../src/features/desktop/desktop.protocol.js';
import { DECLINE_REASONS } from '../../agent/talk-draft.js';
import { PACING_WORDS } from '../../board/pacing-words.js';
import { en as boardEn } from '../../board/words/en.js';
import { ru as boardRu } from '../../board/words/ru.js';
import { uk as boardUk } from '../../board/words/uk.js';
import { en } from './en.js';
import { ru } from './ru.js';
import { uk } from './uk.js';

const PLURAL = /_(one|few|many|other)$/;
const web = fileURLToPath(new URL('../../', import.meta.url));

/** `order/title` → text, over all levels. */
function flat(words: object, path = ''): Map<string, string> {
  return new Map(
    Object.entries(words).flatMap(([key, value]: [string, unknown]) =>
      typeof value === 'string' ? [[path + key, value] as const] : [...flat(value as object, `${path}${key}/`)],
    ),
  );
}

const languages = {
  en: flat({ ...en, board: boardEn }),
  ru: flat({ ...ru, board: boardRu }),
  uk: flat({ ...uk, board: boardUk }),
};
const keysOf = (words: Map<string, string>) =>
  [...new Set([...words.keys()].map((key) => key.replace(PLURAL, '')))].sort();
const holesOf = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name).sort();

describe('the words of the page', () => {
  it.each(['ru', 'uk'] as const)('are all there in %s', (language) => {
    expect(keysOf(languages[language])).toEqual(keysOf(languages.en));
    for (const [key, text] of languages[language]) {
      const english = languages.en.get(key) ?? languages.en.get(key.replace(PLURAL, '_other')) ?? '';
      expect([key, holesOf(text)]).toEqual([key, holesOf(english)]);
    }
  });

  it.each(Object.entries(languages))('have every form of a plural in %s', (language, words) => {
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    for (const key of [...words.keys()].filter((one) => one.endsWith('_other'))) {
      const own = forms.filter((form) => words.has(key.replace(PLURAL, `_${form}`)));
      expect([key, own.sort()]).toEqual([key, [...forms].sort()]);
    }
  });

  it('cover what the server says and what the page asks for', () => {
    const told = [
      ...AGENT_STATES.map((state) => `state/${state}`),
      ...AGENT_OUTCOMES.map((outcome) => `result/${outcome}`),
      ...ATTEMPT_RESULTS.map((result) => `attempt/${result}`),
      ...Object.values(PACING_WORDS).map((reason) => `board/pacing/${reason}`),
      ...DECLINE_REASONS.map((reason) => `result/reasons/${reason}`),
    ];
    const sources = readdirSync(web, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tsx'));
    const asked = sources.flatMap((name) =>
      [...readFileSync(join(web, name), 'utf8').matchAll(/\bword\(\s*'([\w./]+)'/g)].map(([, key]) => key ?? ''),
    );
    expect(asked.length).toBeGreaterThan(80);
    expect(keysOf(languages.en)).toEqual(expect.arrayContaining([...told, ...asked]));
  });

  it('get onto the page as text only', () => {
    const sources = readdirSync(web, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /(?<!spec)\.tsx?$/.test(name),
    );
    const text = sources.map((name) => readFileSync(join(web, name), 'utf8')).join('\n');
    expect(text).not.toMatch(/dangerouslySetInnerHTML|\.innerHTML\b|document\.write\b|\beval\(/);
  });
});
