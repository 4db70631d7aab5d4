import i18next from 'i18next';
import { en } from './words/en.js';
import { ru } from './words/ru.js';
import { uk } from './words/uk.js';

/** The board's texts come with its chunk: agents never load them. */
export function addBoardWords(): void {
  for (const [language, board] of Object.entries({ en, ru, uk })) {
    i18next.addResourceBundle(language, 'translation', { board }, true, true);
  }
}
