import { currentLanguage } from './language.js';

const LOCALES = { uk: 'uk-UA', ru: 'ru-UA', en: 'en-GB' };

function locale() {
  return LOCALES[currentLanguage()];
}

export function byId(id) {
  return document.getElementById(id);
}

/** A new element with a text; texts of shops and buyers get onto the page in no other way. */
export function element(tag, text = '', className = '') {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className !== '') made.className = className;
  return made;
}

/** Puts a text into an element and hides it when there is none. */
export function show(id, text) {
  const target = byId(id);
  target.textContent = text ?? '';
  target.hidden = !text;
}

/** `1:05`, `1:02:05`. */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (n) => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const rest = `${Math.floor((seconds % 3600) / 60)}:${two(seconds % 60)}`;
  return hours > 0 ? `${hours}:${rest.padStart(5, '0')}` : rest;
}

export function money(amount, currency) {
  try {
    return new Intl.NumberFormat(locale(), { style: 'currency', currency }).format(Number(amount));
  } catch {
    return `${amount} ${currency}`;
  }
}

export function dateTime(instant) {
  return new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(instant));
}

/** The time of day in another zone, or null when it is the same as here. */
export function timeThere(timeZone) {
  try {
    const format = (zone) =>
      new Intl.DateTimeFormat(locale(), { timeStyle: 'short', timeZone: zone }).format(new Date());
    return timeZone && format(timeZone) !== format(undefined) ? format(timeZone) : null;
  } catch {
    return null;
  }
}

/** An ISO 8601 interval for people: one date when both ends share it. */
export function interval(slot) {
  const [from, to] = (slot ?? '').split('/').map((part) => new Date(part));
  if (!from || !to || Number.isNaN(from.getTime()) || Number.isNaN(to.getTime())) return slot ?? '';
  return new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'short' }).formatRange(from, to);
}

/** The value of a datetime-local field for an instant. */
export function toField(date) {
  const here = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return here.toISOString().slice(0, 16);
}

/** RFC 3339 with this browser's offset, so that the shop reads the hour that was agreed. */
export function fromField(value) {
  const date = new Date(value);
  if (value === '' || Number.isNaN(date.getTime())) return null;
  const minutes = -date.getTimezoneOffset();
  const two = (n) => String(Math.floor(Math.abs(n))).padStart(2, '0');
  return `${toField(date)}:00${minutes < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`;
}
