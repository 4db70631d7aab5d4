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

/**
 * The two ends of a delivery slot as they were written: delivery keeps the buyer's clock, whatever the clock here says.
 * @returns null when the text is no interval of one day and two times
 */
export function slotParts(slot) {
  const [from, to] = (slot ?? '').split('/').map((end) => /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})/.exec(end));
  if (!from || !to) return null;
  return { day: from[1], from: from[2], lastDay: to[1], to: to[2] };
}

/** A slot for people. */
export function slotText(slot) {
  const parts = slotParts(slot);
  if (parts === null) return slot ?? '';
  const day = (text) =>
    new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(text));
  const end = parts.lastDay === parts.day ? parts.to : `${day(parts.lastDay)}, ${parts.to}`;
  return `${day(parts.day)}, ${parts.from}–${end}`;
}

/** The name of a language in the page's language. */
export function languageName(tag) {
  try {
    return new Intl.DisplayNames([locale()], { type: 'language' }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/** The value of a datetime-local field for an instant, on the clock of a zone (null: of this browser). */
export function toField(date, timeZone) {
  return new Date(date.getTime() + offsetMinutes(date, timeZone) * 60_000).toISOString().slice(0, 16);
}

/** RFC 3339 with the zone's offset for `2026-11-23T10:00` on its clock, or null when it is no time. */
export function fromField(value, timeZone) {
  const asUtc = new Date(`${value}:00Z`);
  if (value === '' || Number.isNaN(asUtc.getTime())) return null;
  // Around a change of the clocks the first guess may be an hour off.
  const guess = new Date(asUtc.getTime() - offsetMinutes(asUtc, timeZone) * 60_000);
  const minutes = offsetMinutes(guess, timeZone);
  const two = (n) => String(Math.floor(Math.abs(n))).padStart(2, '0');
  return `${value}:00${minutes < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`;
}

function offsetMinutes(date, timeZone) {
  try {
    const parts = new Intl.DateTimeFormat('en-GB', { timeZone: timeZone ?? undefined, timeZoneName: 'longOffset' });
    const name = parts.formatToParts(date).find((part) => part.type === 'timeZoneName')?.value ?? '';
    const [, sign, hours, minutes] = /([+-])(\d{2}):(\d{2})/.exec(name) ?? [null, '+', '0', '0'];
    return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
  } catch {
    return -date.getTimezoneOffset();
  }
}
