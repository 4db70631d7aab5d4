import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prefixQuery, searchWords } from './search-words.js';

describe('words of a search', () => {
  it.each([
    ['Доставка по Києву', 'доставка по києву'],
    ['Всё о возврате', 'все о возврате'],
    ['п’ять ноутбуків-трансформерів', 'п ять ноутбуків трансформерів'],
    ['Return within 14-16 days!', 'return within 14 16 days'],
    ['TV\u00a055"', 'tv 55'],
    ['  ', ''],
  ])('%s', (text, words) => {
    expect(searchWords(text).join(' ')).toBe(words);
  });

  it('ask for each word by its beginning', () => {
    expect(prefixQuery('Повер гро')).toBe('пове:* & гро:*');
    expect(prefixQuery('доставка 12345678 tv')).toBe('достав:* & 12345678:* & tv:*');
    expect(prefixQuery(" !&|():*' ")).toBeNull();
    expect(prefixQuery('a b c d e f g h i j')).toBe('a:* & b:* & c:* & d:* & e:* & f:* & g:* & h:*');
  });

  it('hold nothing that means anything to the query language', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(prefixQuery(text) ?? '').toMatch(/^([\p{L}\p{M}\p{N}]+:\*( & )?)*$/u);
      }),
    );
  });
});
