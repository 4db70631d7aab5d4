import { slotParts } from './zoned-time.js';

export type Language = 'uk' | 'ru' | 'en';

export const LOCALES: Readonly<Record<Language, string>> = { uk: 'uk-UA', ru: 'ru-UA', en: 'en-GB' };

/** `1:05`, `1:02:05`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const two = (n: number) => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3_600);
  const rest = `${Math.floor((seconds % 3_600) / 60)}:${two(seconds % 60)}`;
  return hours > 0 ? `${hours}:${rest.padStart(5, '0')}` : rest;
}

/** How the page writes numbers, money and times in one language. */
export class Formats {
  private readonly locale: string;
  /** To make a format takes as long as a hundred uses of it. */
  private readonly made = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>();

  constructor(language: Language) {
    this.locale = LOCALES[language];
  }

  money(amount: string, currency: string): string {
    try {
      return this.number({ style: 'currency', currency, currencyDisplay: 'narrowSymbol' }).format(Number(amount));
    } catch {
      return `${amount} ${currency}`;
    }
  }

  percent(ratio: number): string {
    return this.number({ style: 'percent', maximumFractionDigits: 0 }).format(ratio);
  }

  /** Small shares need a place more: `1.3 %` against a cap of 1 %. */
  share(ratio: number): string {
    return this.number({ style: 'percent', maximumFractionDigits: ratio < 0.1 ? 1 : 0 }).format(ratio);
  }

  count(number: number): string {
    return this.number({}).format(number);
  }

  dateTime(instant: string): string {
    return this.time({ dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23' }).format(new Date(instant));
  }

  /** With seconds, on the clock of this machine. */
  clock(instant: string): string {
    return this.time({ timeStyle: 'medium', hourCycle: 'h23' }).format(new Date(instant));
  }

  timeIn(instant: Date, timeZone: string | null): string {
    return this.time({ timeStyle: 'short', hourCycle: 'h23', timeZone: timeZone ?? undefined }).format(instant);
  }

  /** `23 листопада, понеділок` for `2026-11-23`. */
  day(day: string): string {
    return this.time({ weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' }).format(
      new Date(`${day}T00:00:00Z`),
    );
  }

  slot(slot: string): string {
    const parts = slotParts(slot);
    if (parts === null) return slot;
    const end = parts.lastDay === parts.day ? parts.to : `${this.day(parts.lastDay)} ${parts.to}`;
    return `${this.day(parts.day)}, ${parts.from}–${end}`;
  }

  /** `+380 67 123 45 67`: groups are easier to read out. */
  phone(e164: string): string {
    const ukrainian = /^\+380(\d{2})(\d{3})(\d{2})(\d{2})$/.exec(e164);
    return ukrainian ? `+380 ${ukrainian.slice(1).join(' ')}` : e164;
  }

  languageName(tag: string): string {
    try {
      return new Intl.DisplayNames([this.locale], { type: 'language' }).of(tag) ?? tag;
    } catch {
      return tag;
    }
  }

  private number(options: Intl.NumberFormatOptions): Intl.NumberFormat {
    return this.kept(`number ${JSON.stringify(options)}`, () => new Intl.NumberFormat(this.locale, options));
  }

  private time(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    return this.kept(`time ${JSON.stringify(options)}`, () => new Intl.DateTimeFormat(this.locale, options));
  }

  private kept<F extends Intl.NumberFormat | Intl.DateTimeFormat>(key: string, make: () => F): F {
    const known = this.made.get(key) as F | undefined;
    if (known !== undefined) return known;
    const made = make();
    this.made.set(key, made);
    return made;
  }
}
