import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { currencyDigits, readMoney } from './money.js';

describe('readMoney', () => {
  it.each([
    ['15999.00', 'UAH', 1_599_900n],
    ['0.00', 'UAH', 0n],
    ['0.05', 'EUR', 5n],
    ['15999', 'JPY', 15_999n],
    ['1.234', 'KWD', 1_234n],
    ['999999999999999.99', 'USD', 99_999_999_999_999_999n],
  ])('reads %s %s', (amount, currency, minor) => {
    expect(readMoney(amount, currency)).toEqual({ minor, currency });
  });

  it.each([
    ['15999', 'UAH'],
    ['15999.0', 'UAH'],
    ['15999.000', 'UAH'],
    ['15999.00', 'JPY'],
    ['-1.00', 'UAH'],
    ['+1.00', 'UAH'],
    ['1e3', 'JPY'],
    ['NaN', 'UAH'],
    ['Infinity', 'JPY'],
    ['01.00', 'UAH'],
    ['.50', 'UAH'],
    ['1,00', 'UAH'],
    [' 1.00', 'UAH'],
    ['1.00 ', 'UAH'],
    ['', 'UAH'],
    ['1.00', 'uah'],
    ['1.00', 'XXZ'],
    ['1.00', '__proto__'],
    ['1000000000000000.00', 'UAH'],
    ['１.00', 'UAH'],
  ])('refuses %j %s', (amount, currency) => {
    expect(readMoney(amount, currency)).toBeNull();
  });

  it('loses nothing: minor units written back give the same text', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 15n - 1n }),
        fc.constantFrom('UAH', 'JPY', 'KWD'),
        (minor, currency) => {
          const digits = currencyDigits(currency) ?? 0;
          const padded = minor.toString().padStart(digits + 1, '0');
          const text = digits === 0 ? padded : `${padded.slice(0, -digits)}.${padded.slice(-digits)}`;
          expect(readMoney(text, currency)).toEqual({ minor, currency });
        },
      ),
    );
  });
});
