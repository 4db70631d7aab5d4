import type { OrderContent } from './order-card.js';

/** What the agent says first, in one language. */
export interface GreetingScript {
  /** BCP 47. */
  readonly language: string;
  readonly text: string;
}

/** Names that a script may hold in braces. */
export const SCRIPT_PLACEHOLDERS = [
  'customer.name',
  'agent.name',
  'shop.name',
  'order.id',
  'order.items',
  'total',
  'delivery.city',
  'delivery.address',
  'delivery.pickupPoint',
  'delivery.slot',
] as const;
export type ScriptPlaceholder = (typeof SCRIPT_PLACEHOLDERS)[number];

/** Said when the shop has written no scripts. */
export const BUILT_IN_SCRIPTS: readonly GreetingScript[] = [
  {
    language: 'uk',
    text: 'Добрий день[, {customer.name}]! Мене звати {agent.name}, магазин «{shop.name}». Ви оформили в нас замовлення {order.id} на суму {total}[: {order.items}]. Чи зручно вам зараз підтвердити його?',
  },
  {
    language: 'ru',
    text: 'Добрый день[, {customer.name}]! Меня зовут {agent.name}, магазин «{shop.name}». Вы оформили у нас заказ {order.id} на сумму {total}[: {order.items}]. Удобно ли вам сейчас его подтвердить?',
  },
  {
    language: 'en',
    text: 'Good day[, {customer.name}]! My name is {agent.name}, I am calling from {shop.name}. You have placed the order {order.id} for {total}[: {order.items}]. May I confirm it with you now?',
  },
];

const PLACEHOLDER = /\{([^{}]*)\}/g;
/** Stands for what is not known, outside of a part that may be left out. */
const UNKNOWN = '…';
const MOST_ITEMS_NAMED = 3;

/**
 * What is wrong with a script's text, in a sentence that says what to write instead; null: nothing.
 *
 * Names stand in braces; a part in square brackets is said only when all names in it are known. Brackets do not stand in one another.
 */
export function scriptFault(text: string): string | null {
  for (const [, name] of text.matchAll(PLACEHOLDER)) {
    if (!SCRIPT_PLACEHOLDERS.includes(name as ScriptPlaceholder)) {
      return `{${name}} is not known: use ${SCRIPT_PLACEHOLDERS.map((known) => `{${known}}`).join(', ')}`;
    }
  }
  const rest = text.replaceAll(PLACEHOLDER, '');
  if (/[{}]/.test(rest)) return 'every { needs its }, with one name between them';
  if (/[[\]]/.test(rest.replaceAll(/\[[^[\]]*\]/g, ''))) {
    return 'every [ needs its ], and such parts do not stand in one another';
  }
  return null;
}

/**
 * The script for a buyer: in their language, else in the shop's, else the first. Languages are compared as a whole, then without region and
 * script (`uk-UA` finds `uk`). No scripts of the shop's: the built-in ones.
 */
export function scriptFor(
  scripts: readonly GreetingScript[],
  languages: { readonly buyer: string | null; readonly shop: string },
): GreetingScript | null {
  const known = scripts.length > 0 ? scripts : BUILT_IN_SCRIPTS;
  for (const language of [languages.buyer, languages.shop]) {
    if (language === null) continue;
    const wanted = language.toLowerCase();
    const found =
      known.find((script) => script.language.toLowerCase() === wanted) ??
      known.find((script) => primary(script.language) === primary(wanted));
    if (found) return found;
  }
  return known[0] ?? null;
}

/** Fills the names in, written as the script's language writes amounts, lists and times. The result is plain text. */
export function fillScript(
  script: GreetingScript,
  names: {
    readonly order: Pick<OrderContent, 'orderId' | 'customer' | 'items' | 'total' | 'delivery'>;
    readonly agentName: string;
    readonly shopName: string;
  },
): string {
  const { order, agentName, shopName } = names;
  const values: Values = {
    'customer.name': () => order.customer.name,
    'agent.name': () => agentName,
    'shop.name': () => shopName,
    'order.id': () => order.orderId,
    'order.items': () => itemsSaid(script.language, order.items),
    total: () => moneySaid(script.language, order.total),
    'delivery.city': () => order.delivery.city,
    'delivery.address': () => order.delivery.address,
    'delivery.pickupPoint': () => order.delivery.pickupPoint,
    'delivery.slot': () => slotSaid(script.language, order.delivery.slot),
  };
  // One pass: what is filled in is not read again, whatever a buyer calls themselves.
  return script.text.replaceAll(/\[([^[\]]*)\]|\{([^{}]*)\}/g, (_all, part: string | undefined, name: string) => {
    if (part === undefined) return valueOf(values, name) ?? UNKNOWN;
    const isKnown = [...part.matchAll(PLACEHOLDER)].every(([, inside = '']) => valueOf(values, inside) !== null);
    return isKnown ? part.replaceAll(PLACEHOLDER, (_one, inside: string) => valueOf(values, inside) ?? '') : '';
  });
}

/** What a script does not name need not be written: amounts and days take longer than all the rest. */
type Values = Readonly<Record<ScriptPlaceholder, () => string | null>>;

function valueOf(values: Values, name: string): string | null {
  const value = values[name as ScriptPlaceholder]?.()?.trim() ?? '';
  return value === '' ? null : value;
}

function primary(language: string): string {
  return language.toLowerCase().split('-')[0] ?? '';
}

function moneySaid(language: string, { amount, currency }: OrderContent['total']): string {
  const isWhole = /^\d+(\.0+)?$/.test(amount);
  const format = keptFormat(`${language} ${currency} ${isWhole}`, () => {
    return new Intl.NumberFormat(language, {
      style: 'currency',
      currency,
      ...(isWhole ? { maximumFractionDigits: 0 } : {}),
    });
  });
  return format.format(Number(amount));
}

const MOST_FORMATS = 200;
const formats = new Map<string, Intl.NumberFormat>();

/** To make a format takes a hundred times as long as to use it. */
function keptFormat(key: string, make: () => Intl.NumberFormat): Intl.NumberFormat {
  const known = formats.get(key);
  if (known !== undefined) return known;
  if (formats.size >= MOST_FORMATS) formats.clear();
  const format = make();
  formats.set(key, format);
  return format;
}

function itemsSaid(language: string, items: OrderContent['items']): string | null {
  const names = items.flatMap(({ name, sku, quantity }) => {
    const said = name ?? sku;
    return said === null ? [] : [quantity === null || quantity === 1 ? said : `${said} × ${quantity}`];
  });
  // A long list is read from the card, not aloud.
  if (names.length === 0 || names.length > MOST_ITEMS_NAMED) return null;
  return new Intl.ListFormat(language, { type: 'conjunction' }).format(names);
}

/** Delivery keeps the clock that the slot was written with. */
function slotSaid(language: string, slot: string | null): string | null {
  const [from, to] = (slot ?? '').split('/').map((end) => /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})/.exec(end));
  if (!from?.[1] || !from[2] || !to?.[2]) return null;
  const day = new Intl.DateTimeFormat(language, { weekday: 'long', day: 'numeric', month: 'long', timeZone: 'UTC' });
  return `${day.format(new Date(`${from[1]}T00:00:00Z`))}, ${from[2]}–${to[2]}`;
}
