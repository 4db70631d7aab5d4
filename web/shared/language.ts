import i18next from 'i18next';
import { useMemo } from 'react';
import { initReactI18next, useTranslation } from 'react-i18next';
import { Formats, type Language } from './format.js';

export const LANGUAGES: Readonly<Record<Language, string>> = { uk: 'Українська', ru: 'Русский', en: 'English' };
const KEY = 'language';

function isLanguage(text: string): text is Language {
  return text in LANGUAGES;
}

/** The person's own choice, else the first language of the browser that the page speaks, else Ukrainian. */
function firstLanguage(): Language {
  const wanted = [localStorage.getItem(KEY) ?? '', ...navigator.languages.map((tag) => tag.slice(0, 2))];
  return wanted.find(isLanguage) ?? 'uk';
}

/** A page speaks one language: the others are fetched when they are chosen. */
const WORDS: Readonly<Record<Language, () => Promise<object>>> = {
  uk: async () => (await import('./words/uk.js')).uk,
  ru: async () => (await import('./words/ru.js')).ru,
  en: async () => (await import('./words/en.js')).en,
};

/** Resolves when the page has its words. */
export async function startLanguage(): Promise<void> {
  const language = firstLanguage();
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    resources: { [language]: { translation: await WORDS[language]() } },
    // React escapes.
    interpolation: { escapeValue: false },
    // Words of the notices have dots of their own.
    keySeparator: '/',
    nsSeparator: false,
    initAsync: false,
  });
  markPage();
  i18next.on('languageChanged', markPage);
}

/** Changes the page's language; without a network to fetch its words by, it stays as it is. */
export async function setLanguage(language: Language): Promise<void> {
  // Parts of the page may have added words of their own: they stay.
  i18next.addResourceBundle(language, 'translation', await WORDS[language](), true, true);
  localStorage.setItem(KEY, language);
  await i18next.changeLanguage(language);
}

/** The page's texts (`word('order/title', { orderId })`) and its way of writing numbers and times. */
export function useWords(): { word: Word; formats: Formats; language: Language } {
  const { t, i18n } = useTranslation();
  const language = isLanguage(i18n.language) ? i18n.language : 'uk';
  const formats = useMemo(() => new Formats(language), [language]);
  return { word: t as Word, formats, language };
}

/** A text by its path; `or` for words that the server or a shop may send and the page need not know. */
export type Word = (path: string, values?: Readonly<Record<string, unknown>>) => string;

/** The page's word for something that others name, or their own name of it. */
export function wordOr(word: Word, path: string, own: string): string {
  const text = word(path, { defaultValue: own });
  return text === path ? own : text;
}

function markPage(): void {
  document.documentElement.lang = i18next.language;
}
