import type { Browser, Page } from 'playwright-core';
import { anOrder, seededRandom, type DemoOrder } from '../demo-shop/demo-orders.js';
import { startBrowser } from '../dev-env/browser.js';
import { startNetwork, type AgentPlan, type Network } from '../dev-env/network.js';
import { VirtualAgent } from '../dev-env/virtual-agent.js';

const LIMIT_MS = 30_000;
const AGENTS: readonly AgentPlan[] = [
  { login: 'olena', name: 'Олена Ткач', connection: 'persistent', phone: 'softphone' },
  { login: 'taras', name: 'Тарас Кравчук', connection: 'persistent', phone: 'softphone', role: 'senior' },
  { login: 'deaf', name: 'Ірина Мельник', connection: 'persistent', phone: 'softphone' },
  { login: 'boss', name: 'Оксана Бондар', connection: 'persistent', phone: 'softphone', role: 'supervisor' },
];
const FLOOR: readonly AgentPlan[] = ['Андрій Гнатюк', 'Вікторія Лисенко', 'Максим Поліщук'].map((name, i) => ({
  login: `floor-${i + 1}`,
  name,
  connection: 'persistent',
}));
const SCRIPT =
  'Добрий день, {customer.name}! Мене звати {agent.name}, магазин «Затишок». Ви оформили замовлення {order.id}, хочу уточнити доставку.';
const ARTICLE =
  'Кур’єр телефонує за годину до приїзду.\n\n| місто | строк |\n| --- | --- |\n| Київ | 1 день |\n| Львів | 2 дні |\n\n- Оплата карткою можлива **на місці**.\n- Примірка безкоштовна.';

/** The installation with everything that the pictures show, and browsers to look at it. */
export class Stage {
  private readonly random = seededRandom(3);
  private readonly floor: VirtualAgent[] = [];
  private readonly browsers: Browser[] = [];
  private orders = 0;

  private constructor(private readonly network: Network) {}

  static async build(folder: string): Promise<Stage> {
    const network = await startNetwork({
      folder,
      telephony: 'own-asterisk',
      agents: [...AGENTS, ...FLOOR],
      isTemporary: true,
      runId: `pictures${process.pid}`,
      groupSettings: { wrapUpSeconds: 90 },
      shopSettings: {
        name: 'Затишок',
        answeringMachine: 'off',
        scripts: [{ language: 'uk', text: SCRIPT }],
        transferNumbers: [{ name: 'Склад магазину', number: '+380671110276' }],
      },
      progress: (message) => console.error(`pictures: ${message}`),
    });
    const articles: readonly (readonly [string, string, string[]])[] = [
      ['courier', 'Доставка кур’єром', ['доставка']],
      ['return', 'Повернення товару', ['повернення', 'гроші']],
      ['payment', 'Оплата частинами', ['оплата']],
    ];
    for (const [name, title, tags] of articles)
      await network.admin.put(`shops/${network.shopName}/articles/${name}`, {
        title,
        body: ARTICLE,
        language: 'uk',
        tags,
      });
    return new Stage(network);
  }

  /** Those who are seen on the board at work. */
  async startFloor(): Promise<void> {
    for (const { login, password } of this.network.agents.filter((one) => one.login.startsWith('floor-'))) {
      const agent = new VirtualAgent({
        apiUrl: this.network.apiUrl,
        login,
        password,
        talkMs: () => 15_000 + this.random() * 30_000,
        decide: () => ({ outcome: 'confirmed' }),
      });
      this.floor.push(agent);
      await agent.start();
    }
  }

  /** A new buyer's order, or one more of the same buyer. */
  async send(ending = '00', more: Partial<DemoOrder> = {}): Promise<DemoOrder> {
    this.orders += 1;
    const phone = `+38067${String(41_000 + this.orders)}${ending}`;
    const order = { ...anOrder({ orderId: `A-${2_040 + this.orders}`, phone, random: this.random }), ...more };
    await this.network.shop.sendOrder(order);
    return order;
  }

  get databaseUrl(): string {
    return this.network.databaseUrl;
  }

  async openPage(language: string, o: { readonly isMicrophoneRefused?: boolean } = {}): Promise<Page> {
    const browser = await startBrowser({ microphone: o.isMicrophoneRefused === true ? 'refused' : 'allowed' });
    this.browsers.push(browser);
    const page = await (await browser.newContext({ locale: LOCALES[language] ?? 'en-US' })).newPage();
    page.setDefaultTimeout(LIMIT_MS);
    await page.goto(this.address);
    return page;
  }

  get address(): string {
    return `${this.network.apiUrl}/desktop/`;
  }

  async signIn(page: Page, login: string): Promise<void> {
    await page.locator('input[name=username]').fill(login);
    await page
      .locator('input[name=password]')
      .fill(this.network.agents.find((one) => one.login === login)?.password ?? '');
    await page.keyboard.press('Enter');
  }

  async stop(): Promise<void> {
    await Promise.all(this.browsers.map((browser) => browser.close()));
    await Promise.all(this.floor.map((agent) => agent.stop()));
    await this.network.stop();
  }
}

/** A browser of another country than the page's language is common, and must not show in times and days. */
const LOCALES: Readonly<Record<string, string>> = { uk: 'uk-UA', ru: 'ru-RU', en: 'en-US' };
