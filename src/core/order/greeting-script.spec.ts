import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PhoneNumber } from '../shared/phone-number.js';
import { BUILT_IN_SCRIPTS, fillScript, SCRIPT_PLACEHOLDERS, scriptFault, scriptFor } from './greeting-script.js';
import type { OrderContent } from './order-card.js';

const order = (more: Partial<OrderContent> = {}) => ({
  orderId: 'A-1001',
  customer: {
    name: 'Олена Ткач',
    phone: '+380671234567' as PhoneNumber,
    language: 'uk',
    timeZone: null,
    email: null,
  },
  items: [{ sku: 'TV', name: 'Телевізор', quantity: 2, unitPrice: '8000.00', group: null }],
  total: { amount: '15999.00', currency: 'UAH' },
  delivery: {
    method: 'courier',
    city: 'Київ',
    address: null,
    pickupPoint: null,
    slot: '2026-11-23T10:00+02:00/2026-11-23T12:00+02:00',
  },
  ...more,
});
const fill = (text: string, more: Partial<OrderContent> = {}, language = 'uk') =>
  fillScript({ language, text }, { order: order(more), agentName: 'Анна', shopName: 'Дім' });
/** Intl writes unbreakable spaces between digits. */
const plain = (text: string) => text.replaceAll(/[\u00a0\u202f]/g, ' ');

describe('a greeting script', () => {
  it('says names, amounts and times as its language writes them', () => {
    expect(plain(fill('{customer.name}: {order.id}, {order.items}, {total}; {delivery.city}, {delivery.slot}'))).toBe(
      'Олена Ткач: A-1001, Телевізор × 2, 15 999 ₴; Київ, понеділок, 23 листопада, 10:00–12:00',
    );
    expect(plain(fill('{total} {delivery.slot}', { total: { amount: '9.50', currency: 'EUR' } }, 'en'))).toBe(
      '€9.50 Monday 23 November, 10:00–12:00'.replace('Monday 23 November', 'Monday, November 23'),
    );
  });

  it('leaves out a part in brackets when a name in it is not known, and says so elsewhere', () => {
    const nobody = { customer: { ...order().customer, name: null } };
    expect(fill('Вітаю[, {customer.name}]!')).toBe('Вітаю, Олена Ткач!');
    expect(fill('Вітаю[, {customer.name}]!', nobody)).toBe('Вітаю!');
    expect(fill('Вітаю, {customer.name}!', nobody)).toBe('Вітаю, …!');
    expect(fill('[{delivery.city}, {delivery.address}]', {})).toBe('');
    expect(fill('{delivery.slot}', { delivery: { ...order().delivery, slot: 'soon' } })).toBe('…');
  });

  it('does not read again what it has filled in', () => {
    const customer = { ...order().customer, name: '{total} [x] $& <b>' };
    expect(fill('Вітаю[, {customer.name}]! {customer.name}', { customer })).toBe(
      'Вітаю, {total} [x] $& <b>! {total} [x] $& <b>',
    );
  });

  it('is in the buyer’s language, else in the shop’s, else the first', () => {
    const scripts = ['pl', 'uk', 'ru-UA'].map((language) => ({ language, text: language }));
    const found = (buyer: string | null, shop: string) => scriptFor(scripts, { buyer, shop })?.language;
    expect(found('uk-UA', 'pl')).toBe('uk');
    expect(found('ru', 'uk')).toBe('ru-UA');
    expect(found('de', 'uk')).toBe('uk');
    expect(found(null, 'uk')).toBe('uk');
    expect(found('de', 'fr')).toBe('pl');
    expect(scriptFor([], { buyer: 'en-GB', shop: 'uk' })?.language).toBe('en');
    expect(scriptFor([], { buyer: 'de', shop: 'pl' })?.language).toBe('uk');
  });

  it.each([
    ['Hello, {customer.nick}!', '{customer.nick} is not known: use {customer.name}, {agent.name}'],
    ['Hello, {}!', '{} is not known'],
    ['Hello, {toString}!', '{toString} is not known'],
    ['Hello, {total!', 'every { needs its }'],
    ['Hello, {{total}}!', 'every { needs its }'],
    ['Hello[, {total}!', 'every [ needs its ]'],
    ['Hello[, [{total}]]!', 'do not stand in one another'],
  ])('is refused as %s', (text, fault) => {
    expect(scriptFault(text)).toContain(fault);
  });

  it('is refused, or leaves no name unfilled', () => {
    const piece = fc.constantFrom('{', '}', '[', ']', 'a ', ...SCRIPT_PLACEHOLDERS.map((name) => `{${name}}`));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        if (scriptFault(text) === null) expect(fill(text)).not.toMatch(/[{}[\]]/);
      }),
    );
  });

  it.each(BUILT_IN_SCRIPTS)('built in for $language has no fault', ({ text, language }) => {
    expect(scriptFault(text)).toBeNull();
    expect(fill(text, {}, language)).toContain('A-1001');
    expect(fill(text, {}, language)).not.toContain('…');
  });
});
