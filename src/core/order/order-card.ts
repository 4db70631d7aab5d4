import type { PhoneNumber } from '../shared/phone-number.js';
import type { OrderStatus, Outcome } from './order.js';

export interface Customer {
  readonly name: string | null;
  readonly phone: PhoneNumber;
  /** BCP 47. */
  readonly language: string | null;
  /** IANA. */
  readonly timeZone: string | null;
  readonly email: string | null;
}

export interface OrderItem {
  readonly sku: string | null;
  readonly name: string | null;
  readonly quantity: number | null;
  /** Decimal string in the order's currency. */
  readonly unitPrice: string | null;
  readonly group: string | null;
}

export interface Delivery {
  readonly method: string | null;
  readonly city: string | null;
  readonly address: string | null;
  readonly pickupPoint: string | null;
  /** ISO 8601 interval. */
  readonly slot: string | null;
}

/** What the shop said of an order, normalised: everything is there, absent things are null or empty. Personal data: kept encrypted only. */
export interface OrderContent {
  readonly orderId: string;
  readonly customer: Customer;
  readonly items: readonly OrderItem[];
  /** Decimal string with the digits of its ISO 4217 currency. */
  readonly total: { readonly amount: string; readonly currency: string };
  readonly payment: { readonly method: string | null; readonly paid: boolean | null };
  readonly delivery: Delivery;
  readonly source: { readonly channel: string | null; readonly campaign: string | null };
  /** 0–9, 9 is called first. */
  readonly priority: number;
  /** RFC 3339, UTC. */
  readonly confirmBy: string | null;
  readonly comment: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The whole order as an agent sees it. Instants are RFC 3339 strings, so that it can be sent as it is. */
export interface OrderCard extends OrderContent {
  /** Our UUID of the order. */
  readonly id: string;
  readonly shopId: string;
  readonly version: number;
  readonly status: OrderStatus;
  readonly outcome: Outcome | null;
  readonly registeredAt: string;
  readonly callBy: string | null;
  readonly attempts: number;
  readonly callbackAt: string | null;
  readonly isWithdrawRequested: boolean;
}
