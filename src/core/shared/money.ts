/** An amount in the smallest unit of its currency (kopiykas, cents), so that nothing is ever rounded. */
export interface Money {
  readonly minor: bigint;
  readonly currency: string;
}

const CURRENCIES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));
const AMOUNT = /^(0|[1-9]\d{0,14})(?:\.(\d+))?$/;
const digitsOf = new Map<string, number>();

/** Digits after the point of an ISO 4217 currency (2 for UAH, 0 for JPY, 3 for KWD), or null when there is no such currency. */
export function currencyDigits(currency: string): number | null {
  if (!CURRENCIES.has(currency)) return null;
  let digits = digitsOf.get(currency);
  if (digits === undefined) {
    digits = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
    digitsOf.set(currency, digits);
  }
  return digits;
}

/**
 * Reads a decimal string that has exactly the currency's digits after the point: `15999.00` UAH, `15999` JPY.
 *
 * @returns the amount, or null: unknown currency, sign, exponent, leading zeros, other number of digits, more than 15 digits before the point
 */
export function readMoney(amount: string, currency: string): Money | null {
  const digits = currencyDigits(currency);
  const match = AMOUNT.exec(amount);
  if (digits === null || match === null || (match[2]?.length ?? 0) !== digits) return null;
  return { minor: BigInt((match[1] ?? '') + (match[2] ?? '')), currency };
}
