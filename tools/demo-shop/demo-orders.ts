/** An order as the demo shop posts it (`data` of the webhook). */
export interface DemoOrder {
  readonly orderId: string;
  readonly version: number;
  readonly registeredAt: string;
  readonly customer: {
    readonly name: string;
    readonly phone: string;
    readonly language: string;
    readonly timeZone: string;
    readonly email: null;
  };
  readonly items: readonly {
    readonly sku: string;
    readonly name: string;
    readonly quantity: number;
    readonly unitPrice: string;
    readonly group: string;
  }[];
  readonly total: { readonly amount: string; readonly currency: string };
  readonly payment: { readonly method: string; readonly paid: boolean };
  readonly delivery: {
    readonly method: string;
    readonly city: string;
    readonly address: string | null;
    readonly pickupPoint: string | null;
    readonly slot: string;
  };
  readonly source: { readonly channel: string; readonly campaign: string | null };
  readonly priority: number;
  readonly confirmBy: null;
  readonly comment: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

/** What the simulated carrier does for the last two digits of a number, beside 00–59 who answer and talk. */
export const SPECIAL_ENDINGS = {
  busy: '60',
  declined: '61',
  noAnswer: '62',
  invalid: '63',
  congestion: '64',
  voicemail: '65',
  hangsUpAtOnce: '66',
  switchedOff: '73',
  earlyMediaAnswers: '70',
  hangsUpSoon: '74',
  earlyMediaBusy: '69',
  answersLate: '72',
} as const;

const FIRST_NAMES = [
  'Олена',
  'Андрій',
  'Ірина',
  'Тарас',
  'Наталія',
  'Богдан',
  'Соломія',
  'Віктор',
  'Юлія',
  'Максим',
  'Оксана',
  'Дмитро',
];
const LAST_NAMES = [
  'Ткач',
  'Шевченко',
  'Бондар',
  'Кравчук',
  'Мельник',
  'Коваль',
  'Гнатюк',
  'Лисенко',
  'Романюк',
  'Поліщук',
];
const PLACES: readonly (readonly [city: string, address: string, pickupPoint: string])[] = [
  ['Київ', 'вул. Хрещатик, 1', 'Відділення № 12'],
  ['Львів', 'вул. Городоцька, 45, кв. 7', 'Відділення № 3'],
  ['Одеса', 'вул. Дерибасівська, 20', 'Поштомат 5512'],
  ['Харків', 'просп. Науки, 14, кв. 31', 'Відділення № 101'],
  ['Дніпро', 'вул. Набережна Перемоги, 60', 'Відділення № 8'],
  ['Вінниця', 'вул. Соборна, 9', 'Поштомат 2040'],
];
const GOODS: readonly (readonly [sku: string, name: string, price: number, group: string])[] = [
  ['TV-55', 'Телевізор 55″ 4K', 15_999, 'electronics'],
  ['KET-17', 'Чайник електричний 1,7 л', 1_249, 'kitchen'],
  ['HP-200', 'Навушники бездротові', 2_799, 'electronics'],
  ['SNK-42', 'Кросівки, розмір 42', 3_150, 'shoes'],
  ['BLN-01', 'Блендер занурювальний', 1_890, 'kitchen'],
  ['BAG-09', 'Рюкзак міський', 1_420, 'bags'],
  ['LMP-03', 'Лампа настільна', 690, 'home'],
  ['PH-A15', 'Смартфон 128 ГБ', 8_499, 'electronics'],
];
const COMMENTS = [null, null, null, 'дзвоніть після 18', 'домофон 47', 'подарункова упаковка, будь ласка'];

/** A seeded source of chance in [0, 1): the same seed gives the same orders (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * `n` orders of different buyers: three in five answer and talk (endings 00–59), the others go through {@link SPECIAL_ENDINGS} in turn, so that 20
 * orders meet busy, declined, no answer, invalid, congestion, voicemail, hang-up and switched off once each. Nothing depends on the clock but the
 * instants in it.
 *
 * @param prefix  begins every order number; give each run its own, since a shop's order numbers are unique
 */
export function buildOrders(n: number, seed = 1, prefix = `D${seed}-`, now = new Date()): DemoOrder[] {
  const random = seededRandom(seed);
  const endings = Object.values(SPECIAL_ENDINGS);
  let specials = 0;
  // Numbers of one run differ in their middle five digits; another seed begins elsewhere.
  const firstMiddle = Math.floor(random() * 100_000);
  return Array.from({ length: n }, (_, i) => {
    const isSpecial = i % 5 === 2 || i % 5 === 4;
    const ending = isSpecial
      ? endings[specials++ % endings.length]!
      : String(Math.floor(random() * 60)).padStart(2, '0');
    const middle = String((firstMiddle + i * 7) % 100_000).padStart(5, '0');
    return anOrder({
      orderId: `${prefix}${String(i + 1).padStart(4, '0')}`,
      phone: `+38067${middle}${ending}`,
      random,
      now,
    });
  });
}

/** One order with everything in it. */
export function anOrder(input: { orderId: string; phone: string; random?: () => number; now?: Date }): DemoOrder {
  const random = input.random ?? seededRandom(7);
  const now = input.now ?? new Date();
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const [city, address, pickupPoint] = pick(PLACES);
  const isCourier = random() < 0.6;
  const first = Math.floor(random() * GOODS.length);
  const items = Array.from({ length: random() < 0.3 ? 2 : 1 }, (_, i) => {
    const [sku, name, price, group] = GOODS[(first + i) % GOODS.length]!;
    return { sku, name, quantity: random() < 0.2 ? 2 : 1, unitPrice: `${price}.00`, group };
  });
  const total = items.reduce((sum, item) => sum + Number(item.unitPrice) * item.quantity, 0);
  const isPaid = random() < 0.19;
  const day = new Date(now.getTime() + 86_400_000).toISOString().slice(0, 10);
  const hour = 9 + Math.floor(random() * 8);
  const at = (h: number): string => `${day}T${String(h).padStart(2, '0')}:00+02:00`;
  return {
    orderId: input.orderId,
    version: 1,
    registeredAt: now.toISOString(),
    customer: {
      name: `${pick(FIRST_NAMES)} ${pick(LAST_NAMES)}`,
      phone: input.phone,
      language: 'uk',
      timeZone: 'Europe/Kyiv',
      email: null,
    },
    items,
    total: { amount: `${total}.00`, currency: 'UAH' },
    payment: { method: isPaid ? 'card' : 'cash_on_delivery', paid: isPaid },
    delivery: {
      method: isCourier ? 'courier' : 'pickup',
      city,
      address: isCourier ? address : null,
      pickupPoint: isCourier ? null : pickupPoint,
      slot: `${at(hour)}/${at(hour + 2)}`,
    },
    source: { channel: random() < 0.7 ? 'web' : 'app', campaign: random() < 0.5 ? 'black-friday' : null },
    priority: random() < 0.1 ? 5 : 0,
    confirmBy: null,
    comment: pick(COMMENTS),
    metadata: { origin: 'demo-shop' },
  };
}
