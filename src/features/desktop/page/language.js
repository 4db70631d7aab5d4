import { LANGUAGES, WORDS } from './words.js';

const KEY = 'dialer.language';

let language = stored() ?? fromBrowser();
const listeners = new Set();

/** A text of the page; `{name}` in it is replaced. Unknown keys give `otherwise`. */
export function word(key, values = {}, otherwise = key) {
  const text = WORDS[language][key];
  if (text === undefined) return otherwise;
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ''));
}

export function currentLanguage() {
  return language;
}

/** Calls `listener` now and at each change of the language. */
export function onLanguage(listener) {
  listeners.add(listener);
  listener();
}

/** Fills the fixed texts and the language switches. */
export function startLanguages() {
  for (const box of document.querySelectorAll('[data-languages]')) {
    for (const [code, name] of Object.entries(LANGUAGES)) {
      const button = document.createElement('button');
      button.type = 'button';
      button.dataset.language = code;
      button.textContent = code.toUpperCase();
      button.title = name;
      button.setAttribute('aria-label', name);
      button.addEventListener('click', () => choose(code));
      box.append(button);
    }
  }
  onLanguage(fillTexts);
}

function choose(code) {
  language = code;
  try {
    localStorage.setItem(KEY, code);
  } catch {
    // A browser that keeps nothing asks again next time.
  }
  for (const listener of listeners) listener();
}

function fillTexts() {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll('[data-word]')) element.textContent = word(element.dataset.word);
  for (const element of document.querySelectorAll('[data-label]')) {
    element.setAttribute('aria-label', word(element.dataset.label));
  }
  for (const button of document.querySelectorAll('[data-language]')) {
    button.setAttribute('aria-pressed', String(button.dataset.language === language));
  }
}

function stored() {
  try {
    const code = localStorage.getItem(KEY);
    return code !== null && code in WORDS ? code : null;
  } catch {
    return null;
  }
}

function fromBrowser() {
  const known = (navigator.languages ?? []).map((tag) => tag.slice(0, 2)).find((code) => code in WORDS);
  return known ?? 'uk';
}
