/** What is typed into a search is cut here: nobody means more words. */
const MOST_WORDS = 8;

/**
 * The words of a text as they are searched for: small letters and digits only, `ё` as `е`, and what joins parts of a word (apostrophe, hyphen)
 * parts it. Text that is kept and text that is looked for go through the same sieve.
 */
export function searchWords(text: string): string[] {
  return (
    text
      .normalize('NFKC')
      .toLowerCase()
      .replaceAll('ё', 'е')
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
  );
}

/**
 * A query for `to_tsquery('simple', …)`: every word must be there, its beginning is enough; null: no word at all. Words end in many ways in the
 * languages that are spoken here, so long ones are looked for without their last letters: `доставка` finds `доставки`.
 */
export function prefixQuery(text: string): string | null {
  const words = searchWords(text).slice(0, MOST_WORDS);
  return words.length === 0 ? null : words.map((word) => `${withoutEnding(word)}:*`).join(' & ');
}

function withoutEnding(word: string): string {
  const letters = [...word];
  if (!/^[\p{L}\p{M}]+$/u.test(word) || letters.length < 5) return word;
  return letters.slice(0, letters.length < 7 ? -1 : -2).join('');
}
