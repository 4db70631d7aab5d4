import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AGENT_STATES } from '../../core/agent/agent.js';
import { ATTEMPT_RESULTS } from '../../core/call/result.js';
import { AGENT_OUTCOMES } from '../../core/order/order.js';

type Words = Record<string, Record<string, string>>;
const page = new URL('./page/', import.meta.url);
const { WORDS } = (await import(new URL('words.js', page).href)) as { WORDS: Words };
const read = (file: string) => readFileSync(new URL(file, page), 'utf8');
const scripts = ['desktop.js', 'card.js', 'result.js', 'own-words.js', 'api.js', 'format.js', 'language.js']
  .map(read)
  .join('\n');

describe('the words of the page', () => {
  const keys = Object.keys(WORDS['uk'] ?? {}).sort();
  const holes = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();

  it.each(Object.keys(WORDS))('are all there in %s', (language) => {
    const words = WORDS[language] ?? {};
    expect(Object.keys(words).sort()).toEqual(keys);
    for (const key of keys) expect(holes(words[key] ?? ''), key).toEqual(holes(WORDS['uk']?.[key] ?? ''));
  });

  it('cover whatever the page and the server say', () => {
    const fixed = [...read('index.html').matchAll(/data-(?:word|label)="(\w+)"/g)].map((match) => match[1]);
    const called = [...scripts.matchAll(/\bword\('(\w+)'/g)].map((match) => match[1]);
    const told = [
      ...AGENT_STATES.map((state) => `state_${state}`),
      ...AGENT_OUTCOMES.map((outcome) => `outcome_${outcome}`),
      ...ATTEMPT_RESULTS.map((result) => `result_${result}`),
    ];
    expect(keys).toEqual(expect.arrayContaining([...fixed, ...called, ...told]));
  });

  it('get onto the page as text only', () => {
    expect(scripts).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(/);
  });
});
