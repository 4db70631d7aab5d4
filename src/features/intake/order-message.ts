import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import type { OrderContent } from '../../core/order/order-card.js';
import type { FieldError } from '../../core/shared/errors.js';
import { currencyDigits, readMoney } from '../../core/shared/money.js';
import { readPhoneNumber, type PhoneNumber, type PhoneRefusal } from '../../core/shared/phone-number.js';
import { readTimestamp } from '../../core/shared/timestamp.js';
import { surelyValid } from '../../platform/http/surely-valid.js';
import { VALIDATION, escapePointer, fieldErrors } from '../../platform/http/validation.js';
import type { OrderInput } from '../orders/orders.service.js';
import { CancelMessageDto, OrderMessageDto, type OrderDataDto } from './order-message.dto.js';

/** A shop's message, checked and normalised. */
export type OrderMessage =
  | { readonly type: 'order.created' | 'order.updated'; readonly order: OrderInput }
  | {
      readonly type: 'order.cancelled';
      readonly cancel: { readonly orderId: string; readonly version: number; readonly reason: string | null };
    };

export type MessageAnswer =
  | { readonly isOk: true; readonly message: OrderMessage }
  | { readonly isOk: false; readonly errors: readonly FieldError[] };

/** What the body alone does not say. */
export interface MessageContext {
  /** The shop's, ISO 3166. */
  readonly country: string;
  /** The header's timestamp: stands in where the body has none. */
  readonly sentAt: Date;
  readonly now: Date;
}

const AHEAD_MS = 300_000;
const OLDEST = new Date('2000-01-01T00:00:00Z');
const MOST_ERRORS = 100;
const PHONE_REFUSALS: Readonly<Record<PhoneRefusal, string>> = {
  characters: 'must hold only digits, spaces, ( ) . - and a leading +',
  not_a_number: 'is not a telephone number',
  not_valid: 'is not a valid telephone number of its country',
  kind: 'is not a number of an ordinary subscriber (premium, satellite, toll-free and service numbers are not called)',
};

const isSurelyOrder = surelyValid(OrderMessageDto);
const isSurelyCancel = surelyValid(CancelMessageDto);

/** Reads a parsed body; every wrong field is named by its pointer from the body's root, up to 100 of them. */
export function readOrderMessage(body: unknown, context: MessageContext): MessageAnswer {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return refuse([{ pointer: '', detail: 'must be a JSON object' }]);
  const inherited = takeInheritedNames(body, '');
  const isCancel = (body as { type?: unknown }).type === 'order.cancelled';
  const isRight = inherited.length === 0 && (isCancel ? isSurelyCancel(body) : isSurelyOrder(body));
  // What is right needs no copy of a class, which costs more than all other checks together.
  const dto = isRight
    ? (body as OrderMessageDto | CancelMessageDto)
    : plainToInstance<OrderMessageDto | CancelMessageDto, object>(isCancel ? CancelMessageDto : OrderMessageDto, body);
  const errors = isRight
    ? []
    : [...inherited, ...fieldErrors(validateSync(dto, { ...VALIDATION, stopAtFirstError: true }))];
  if (isCancelMessage(dto)) {
    if (errors.length > 0) return refuse(errors);
    const { orderId, version, reason } = dto.data;
    return { isOk: true, message: { type: 'order.cancelled', cancel: { orderId, version, reason: reason ?? null } } };
  }
  const reader = new OrderReader(dto, context, errors);
  const order = reader.read();
  return order === null ? refuse(reader.errors) : { isOk: true, message: { type: dto.type, order } };
}

function isCancelMessage(dto: OrderMessageDto | CancelMessageDto): dto is CancelMessageDto {
  return dto.type === 'order.cancelled';
}

function refuse(errors: readonly FieldError[]): MessageAnswer {
  return { isOk: false, errors: errors.slice(0, MOST_ERRORS) };
}

/** The checks that need more than one field or the shop, and the normalised order. */
class OrderReader {
  private readonly wrong: Set<string>;

  constructor(
    private readonly dto: OrderMessageDto,
    private readonly context: MessageContext,
    readonly errors: FieldError[],
  ) {
    this.wrong = new Set(errors.map(({ pointer }) => pointer));
  }

  /** null: there are errors. */
  read(): OrderInput | null {
    const { data, type } = this.dto;
    if (this.isWrong('/data')) return null;
    const phone = this.phone(data);
    this.items(data);
    this.prices(data);
    const registeredAt = this.registration(data);
    if (type === 'order.updated' && (data.version ?? null) === null)
      this.say('/data/version', 'is required for order.updated');
    if (this.errors.length > 0 || phone === null || registeredAt === null) return null;
    return {
      version: data.version ?? 1,
      registeredAt,
      isRegisteredAtGiven: (data.registeredAt ?? null) !== null,
      content: contentOf(data, phone),
    };
  }

  private phone(data: OrderDataDto): PhoneNumber | null {
    const pointer = '/data/customer/phone';
    if (this.isWrong('/data/customer') || this.isWrong(pointer)) return null;
    const answer = readPhoneNumber(data.customer.phone, this.context.country);
    if (answer.isOk) return answer.phone;
    this.say(pointer, PHONE_REFUSALS[answer.why]);
    return null;
  }

  /** class-validator looks into lists within lists as if they were objects. */
  private items(data: OrderDataDto): void {
    if (this.isWrong('/data/items')) return;
    data.items?.forEach((item, index) => {
      if (Array.isArray(item)) this.say(`/data/items/${index}`, 'must be a JSON object');
    });
  }

  private prices(data: OrderDataDto): void {
    if (this.isWrong('/data/total') || this.isWrong('/data/total/currency')) return;
    const { amount, currency } = data.total;
    const digits = currencyDigits(currency);
    if (digits === null) return this.say('/data/total/currency', 'must be an ISO 4217 code, e.g. UAH');
    const detail = `must be a decimal string of 0 or more with ${digits} digits after the point, as the currency has`;
    if (!this.isWrong('/data/total/amount') && readMoney(amount, currency) === null)
      this.say('/data/total/amount', detail);
    if (this.isWrong('/data/items')) return;
    data.items?.forEach((item, index) => {
      const pointer = `/data/items/${index}`;
      if (this.isWrong(pointer) || this.isWrong(`${pointer}/unitPrice`)) return;
      const price = item.unitPrice ?? null;
      if (price !== null && readMoney(price, currency) === null) this.say(`${pointer}/unitPrice`, detail);
    });
  }

  private registration(data: OrderDataDto): Date | null {
    const pointer = (data.registeredAt ?? null) === null ? '/timestamp' : '/data/registeredAt';
    if (this.isWrong(pointer)) return null;
    const text = data.registeredAt ?? this.dto.timestamp ?? null;
    const at = text === null ? this.context.sentAt : readTimestamp(text);
    if (at === null) return null;
    if (at.getTime() > this.context.now.getTime() + AHEAD_MS) this.say(pointer, 'must not lie more than 300 s ahead');
    else if (at < OLDEST) this.say(pointer, 'must not lie before the year 2000');
    return at;
  }

  private isWrong(pointer: string): boolean {
    return this.wrong.has(pointer);
  }

  private say(pointer: string, detail: string): void {
    this.wrong.add(pointer);
    this.errors.push({ pointer, detail });
  }
}

function contentOf(data: OrderDataDto, phone: PhoneNumber): OrderContent {
  const { customer, payment, delivery, source } = data;
  const confirmBy = data.confirmBy === null || data.confirmBy === undefined ? null : readTimestamp(data.confirmBy);
  return {
    orderId: data.orderId,
    customer: {
      name: customer.name ?? null,
      phone,
      language: customer.language ?? null,
      timeZone: customer.timeZone ?? null,
      email: customer.email ?? null,
    },
    items: (data.items ?? []).map((item) => ({
      sku: item.sku ?? null,
      name: item.name ?? null,
      quantity: item.quantity ?? null,
      unitPrice: item.unitPrice ?? null,
      group: item.group ?? null,
    })),
    total: { amount: data.total.amount, currency: data.total.currency },
    payment: { method: payment?.method ?? null, paid: payment?.paid ?? null },
    delivery: {
      method: delivery?.method ?? null,
      city: delivery?.city ?? null,
      address: delivery?.address ?? null,
      pickupPoint: delivery?.pickupPoint ?? null,
      slot: delivery?.slot ?? null,
    },
    source: { channel: source?.channel ?? null, campaign: source?.campaign ?? null },
    priority: data.priority ?? 0,
    confirmBy: confirmBy?.toISOString() ?? null,
    comment: data.comment ?? null,
    metadata: { ...data.metadata },
  };
}

/**
 * Removes keys that every object inherits (`constructor`, `toString` …) and names them as unknown fields: class-validator takes them for known ones.
 * The body is at most 16 levels deep.
 */
function takeInheritedNames(value: object, pointer: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, inner] of Object.entries(value)) {
    const at = `${pointer}/${escapePointer(key)}`;
    if (!Array.isArray(value) && key in Object.prototype) {
      delete (value as Record<string, unknown>)[key];
      errors.push({ pointer: at, detail: 'is not a known field' });
    } else if (typeof inner === 'object' && inner !== null) errors.push(...takeInheritedNames(inner as object, at));
  }
  return errors;
}
