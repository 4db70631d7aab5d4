import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/support/app.js';
import { asAdmin, createShop, orderCreated, postOrder } from '../../../test/support/shop-client.js';
import { Transactions } from '../../platform/database/transaction.js';
import { ShopsService } from './shops.service.js';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ roles: ['api'], env: { ALLOW_PRIVATE_DESTINATIONS: 'false' } });
}, 60_000);
afterAll(() => app.close(), 60_000);

const minimal = { name: 'Shop', timeZone: 'Europe/Kyiv' };
const put = (shop: string, body: unknown) => asAdmin(app, 'PUT', `/v1/admin/shops/${shop}`, body);
const json = async (response: Response) => (await response.json()) as Record<string, unknown>;

describe('PUT shops/{shop}', () => {
  it('needs an administrator', async () => {
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/x'],
      ['PUT', '/x'],
      ['POST', '/x/rotate'],
      ['POST', '/x/pause'],
      ['POST', '/x/resume'],
    ] as const) {
      expect((await fetch(`${app.url}/v1/admin/shops${path}`, { method })).status).toBe(401);
    }
  });

  it('creates with defaults, shows secrets once, and replaces without them', async () => {
    const created = await put('fresh', minimal);
    expect(created.status).toBe(201);
    expect(created.headers.get('cache-control')).toBe('no-store');
    expect(await json(created)).toEqual({
      shop: 'fresh',
      apiKey: expect.stringMatching(/^cdk_[A-Za-z0-9_-]{43}$/) as string,
      webhookSecret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/) as string,
      destinations: [],
    });
    const again = await put('fresh', { ...minimal, name: 'Renamed' });
    expect(again.status).toBe(200);
    expect(await json(again)).toEqual({ shop: 'fresh', destinations: [] });
    const shown = await json(await asAdmin(app, 'GET', '/v1/admin/shops/fresh'));
    expect(shown).toMatchObject({
      shop: 'fresh',
      name: 'Renamed',
      isPaused: false,
      timeZone: 'Europe/Kyiv',
      country: 'UA',
      language: 'uk',
      callerId: null,
      callingHours: { mon: ['09:00-20:00'], sun: ['09:00-20:00'] },
      firstCall: { targetSeconds: 300, deadlineSeconds: 600, delaySeconds: 0, whenLate: 'oldest_first' },
      giveUpAfterHours: 72,
      retry: { maxAttempts: 6, maxPer24Hours: 3, gapMinutes: 120, patienceMinutes: 120, byResult: {} },
      abandon: [
        { maxRatio: 0.01, windowHours: 24 },
        { maxRatio: 0.02, windowHours: 720 },
      ],
      agentGroups: [{ group: 'default', afterSeconds: 0 }],
      callerIds: {},
      skillRules: [],
      sameAgentSeconds: 0,
      jurisdiction: 'generic',
      dialing: 'progressive',
      share: 1,
      ringSeconds: 25,
      answeringMachine: 'off',
      transferNumbers: [],
      scripts: [],
      destinations: [],
    });
    expect(JSON.stringify(shown)).not.toMatch(/whsec_|cdk_|secret/);
    const list = (await json(await asAdmin(app, 'GET', '/v1/admin/shops'))) as { shops: { shop: string }[] };
    expect(list.shops.map(({ shop }) => shop)).toContain('fresh');
  });

  it('gives new destinations a secret, and takes away those that are not named any more', async () => {
    const destination = (name: string) => ({ name, url: `https://shop.example/${name}`, events: ['order.outcome'] });
    const first = await json(await put('hooks', { ...minimal, destinations: [destination('crm')] }));
    const secret = (first['destinations'] as { secret: string }[])[0]?.secret;
    expect(secret).toMatch(/^whsec_/);
    const second = await json(
      await put('hooks', { ...minimal, destinations: [destination('crm'), destination('wms')] }),
    );
    expect(second['destinations']).toEqual([
      { name: 'crm' },
      { name: 'wms', secret: expect.stringMatching(/^whsec_/) as string },
    ]);
    const shops = app.get(ShopsService);
    expect(await shops.destinationSecret('hooks', 'crm')).toBe(secret);
    await put('hooks', { ...minimal, destinations: [destination('wms')] });
    expect((await shops.destinations('hooks')).map(({ name }) => name)).toEqual(['wms']);
    await expect(shops.destinationSecret('hooks', 'crm')).rejects.toMatchObject({ code: 'shop.destination_not_found' });
  });

  it('takes the retry rules flat or grouped, hours per day, and groups with their overflow', async () => {
    const body = {
      ...minimal,
      jurisdiction: 'demo',
      callingHours: { mon: ['09:00-13:00', '14:00-24:00'] },
      retry: {
        maxAttempts: 4,
        gapMinutes: 0.05,
        busy: { maxAttempts: 3, gapMinutes: 0.1 },
        byResult: { no_answer: { maxAttempts: 2, gapMinutes: 1 } },
      },
      agentGroups: ['first', 'second', { group: 'third', overflowAfterSeconds: 5 }],
      overflowAfterSeconds: 30,
    };
    expect((await put('policy', body)).status).toBe(201);
    expect((await app.get(ShopsService).get('policy')).settings).toMatchObject({
      callingHours: { mon: ['09:00-13:00', '14:00-24:00'] },
      retry: {
        maxAttempts: 4,
        maxPer24Hours: 3,
        gapMinutes: 0.05,
        byResult: { busy: { maxAttempts: 3, gapMinutes: 0.1 }, no_answer: { maxAttempts: 2, gapMinutes: 1 } },
      },
      agentGroups: [
        { group: 'first', afterSeconds: 0 },
        { group: 'second', afterSeconds: 30 },
        { group: 'third', afterSeconds: 35 },
      ],
    });
  });

  it('takes skills that orders need, and caller ids by country', async () => {
    const body = {
      ...minimal,
      callerIds: { PL: '+48221234567' },
      skillRules: [
        { itemGroup: 'electronics', skill: ' tv ', relaxAfterSeconds: 120 },
        { language: 'pl', skill: 'pl' },
      ],
      sameAgentSeconds: 20,
    };
    const answer = await put('routing', { ...body, agentGroups: ['default', 'night'] });
    expect(answer.status).toBe(201);
    // Nobody has them yet, and that is no mistake: but the administrator hears of it.
    expect((await json(answer))['warnings']).toEqual([
      expect.stringContaining('no group "night" yet'),
      expect.stringContaining('skill "tv"'),
      expect.stringContaining('skill "pl"'),
    ]);
    const rule = { itemGroup: null, language: null, region: null, relaxAfterSeconds: null };
    expect((await app.get(ShopsService).get('routing')).settings).toMatchObject({
      callerIds: { PL: '+48221234567' },
      skillRules: [
        { ...rule, itemGroup: 'electronics', skill: 'tv', relaxAfterSeconds: 120 },
        { ...rule, language: 'pl', skill: 'pl' },
      ],
      sameAgentSeconds: 20,
    });
  });

  it('keeps holidays, and closes on those of the country and on its own', async () => {
    const year = new Date().getUTCFullYear();
    const holidays = { isClosed: true, country: 'DE', region: 'BY', dates: [`${year}-12-31`] };
    expect((await put('holidays', { ...minimal, holidays })).status).toBe(201);
    expect(await json(await asAdmin(app, 'GET', '/v1/admin/shops/holidays'))).toMatchObject({ holidays });
    const { closedDates } = (await app.get(ShopsService).get('holidays')).ringRules;
    expect([...closedDates]).toEqual(
      expect.arrayContaining([`${year}-12-25`, `${year}-01-06`, `${year}-12-31`, `${year + 1}-10-03`]),
    );
    await put('holidays', { ...minimal, jurisdiction: 'fr' });
    const french = (await app.get(ShopsService).get('holidays')).ringRules;
    expect(french.closedDates.has(`${year}-07-14`)).toBe(true);
    expect(french.closedDates.has(`${year}-12-31`)).toBe(false);
    await put('holidays', minimal);
    expect((await app.get(ShopsService).get('holidays')).ringRules.closedDates.size).toBe(0);
  });

  it.each<[string, object, string[]]>([
    ['no name, no zone', { name: undefined, timeZone: undefined }, ['/name', '/timeZone']],
    ['an unknown field', { colour: 'red' }, ['/colour']],
    ['a wrong zone', { timeZone: 'Kyiv' }, ['/timeZone']],
    ['a wrong country', { country: 'UKR' }, ['/country']],
    ['a wrong caller id', { callerId: '0441234567' }, ['/callerId']],
    ['caller ids that are a list', { callerIds: ['+48221234567'] }, ['/callerIds']],
    [
      'caller ids of no country, and that are none',
      { callerIds: { pl: '+48221234567', PL: '221234567', DE: 49 } },
      ['/callerIds/pl', '/callerIds/PL', '/callerIds/DE'],
    ],
    [
      'numbers to hand over to that are none, have no name, or the same one',
      {
        transferNumbers: [
          { name: 'Stock', number: '0441234567' },
          { name: ' ', number: '+380441234567' },
        ],
      },
      ['/transferNumbers/0/number', '/transferNumbers/1/name'],
    ],
    [
      'two numbers of one name',
      {
        transferNumbers: [
          { name: 'Stock', number: '+380441234567' },
          { name: 'Stock', number: '+380441234568' },
        ],
      },
      ['/transferNumbers'],
    ],
    ['a rule without a skill', { skillRules: [{ language: 'pl' }] }, ['/skillRules/0/skill']],
    ['a skill that is blank', { skillRules: [{ skill: ' ' }] }, ['/skillRules/0/skill']],
    [
      'a rule with a wrong language and wait',
      { skillRules: [{ skill: 'a' }, { skill: 'b', language: 'po lish', relaxAfterSeconds: -1 }] },
      ['/skillRules/1/language', '/skillRules/1/relaxAfterSeconds'],
    ],
    ['a rule with an unknown field', { skillRules: [{ skill: 'a', city: 'x' }] }, ['/skillRules/0/city']],
    ['null among the rules', { skillRules: [null] }, ['/skillRules/0']],
    ['an hour and more for the same agent', { sameAgentSeconds: 3_601 }, ['/sameAgentSeconds']],
    ['wrong hours', { callingHours: { mon: ['20:00-09:00'] } }, ['/callingHours/mon']],
    ['hours of a wrong day', { callingHours: { monday: ['09:00-20:00'] } }, ['/callingHours/monday']],
    ['hours as a word', { callingHours: 'sometimes' }, ['/callingHours']],
    ['hours as a list', { callingHours: ['09:00-20:00'] }, ['/callingHours', '/callingHours/0']],
    ['holidays as a word', { holidays: 'FR' }, ['/holidays']],
    ['holidays of a country that is none', { holidays: { country: 'France' } }, ['/holidays/country']],
    ['a country without known holidays', { holidays: { isClosed: true, country: 'IO' } }, ['/holidays/country']],
    ['an unknown region', { holidays: { isClosed: true, country: 'DE', region: 'XX' } }, ['/holidays/region']],
    ['a region where there are none', { holidays: { country: 'KZ', region: 'AST' } }, ['/holidays/region']],
    [
      'days that do not exist',
      { holidays: { dates: ['2026-12-25', '2026-02-30', '25.12.2026'] } },
      ['/holidays/dates'],
    ],
    ['a closed word', { holidays: { isClosed: 'yes' } }, ['/holidays/isClosed']],
    ['an unknown field of holidays', { holidays: { name: 'x' } }, ['/holidays/name']],
    ['open holidays in France', { jurisdiction: 'fr', holidays: { isClosed: false } }, ['/holidays/isClosed']],
    ['a short ring', { ringSeconds: 14 }, ['/ringSeconds']],
    ['a long ring', { ringSeconds: 61 }, ['/ringSeconds']],
    ['a target behind the deadline', { firstCall: { targetSeconds: 700 } }, ['/firstCall/targetSeconds']],
    [
      'a gap of seconds outside of the demo',
      { retry: { gapMinutes: 0.1, busy: { maxAttempts: 1, gapMinutes: 0.5 } } },
      ['/retry/gapMinutes', '/retry/busy/gapMinutes'],
    ],
    ['an order of late ones that is none', { firstCall: { whenLate: 'random' } }, ['/firstCall/whenLate']],
    ['a patience below nothing', { retry: { patienceMinutes: -1 } }, ['/retry/patienceMinutes']],
    ['half a minute of patience', { retry: { patienceMinutes: 0.5 } }, ['/retry/patienceMinutes']],
    ['no share', { share: 0 }, ['/share']],
    ['a share above all', { share: 11 }, ['/share']],
    ['a share in words', { share: '2' }, ['/share']],
    ['an unknown result', { retry: { asleep: { maxAttempts: 1, gapMinutes: 1 } } }, ['/retry/asleep']],
    ['a ratio above 1', { abandon: [{ maxRatio: 3, windowHours: 24 }] }, ['/abandon/0/maxRatio']],
    [
      'a cap that the jurisdiction forbids',
      { jurisdiction: 'us', abandon: [{ maxRatio: 0.05, windowHours: 24 }] },
      ['/abandon/0/maxRatio'],
    ],
    ['null among the caps', { abandon: [null] }, ['/abandon/0']],
    ['no groups', { agentGroups: [] }, ['/agentGroups']],
    ['an unknown name in a script', { scripts: [{ language: 'uk', text: '{customer.nick}' }] }, ['/scripts/0/text']],
    ['an open brace in a script', { scripts: [{ language: 'uk', text: 'Hello, {total' }] }, ['/scripts/0/text']],
    ['an empty script', { scripts: [{ language: 'uk', text: '  ' }] }, ['/scripts/0/text']],
    ['a script that never ends', { scripts: [{ language: 'uk', text: 'x'.repeat(2_001) }] }, ['/scripts/0/text']],
    ['a script in no language', { scripts: [{ language: '?', text: 'x' }] }, ['/scripts/0/language']],
    ['null among the scripts', { scripts: [null] }, ['/scripts/0']],
    [
      'two scripts in one language',
      { scripts: ['uk', 'UK'].map((language) => ({ language, text: 'x' })) },
      ['/scripts'],
    ],
    ['a jurisdiction that is none', { jurisdiction: 'moon' }, ['/jurisdiction']],
    ['a mode that is none', { dialing: 'wild' }, ['/dialing']],
    ['null among the destinations', { destinations: [null] }, ['/destinations/0']],
    [
      'an event that is none',
      { destinations: [{ name: 'a', url: 'https://shop.example/', events: ['order.all'] }] },
      ['/destinations/0/events'],
    ],
    [
      'two destinations of one name',
      { destinations: ['a', 'a'].map((name) => ({ name, url: 'https://shop.example/', events: ['order.outcome'] })) },
      ['/destinations'],
    ],
    ...[
      'http://shop.example/',
      'https://127.0.0.1/',
      'https://[::1]/',
      'https://169.254.169.254/',
      'https://10.0.0.1/',
      'https://0x7f.1/',
      'ftp://shop.example/',
      'nonsense',
    ].map((url): [string, object, string[]] => [
      `the destination ${url}`,
      { destinations: [{ name: 'a', url, events: ['order.outcome'] }] },
      ['/destinations/0/url'],
    ]),
  ])('refuses %s', async (_name, change, pointers) => {
    const response = await put('refused', { ...minimal, ...change });
    expect(response.status).toBe(422);
    const problem = (await json(response)) as { errors: { pointer: string }[] };
    expect(problem.errors.map(({ pointer }) => pointer)).toEqual(pointers);
    expect((await asAdmin(app, 'GET', '/v1/admin/shops/refused')).status).toBe(404);
  });

  it('refuses a name in the address that is none', async () => {
    for (const name of ['a%2Fb', '-a', 'x'.repeat(65), '%D0%B9']) expect((await put(name, minimal)).status).toBe(422);
  });

  it('makes one shop of many PUTs at once, with one set of secrets', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => put('crowd', minimal)));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array<number>(9).fill(200), 201]);
    const rows = (await app
      .get(Transactions)
      .read((tx) => tx.query(`SELECT kind FROM shop_secrets WHERE shop_id = 'crowd' ORDER BY kind`))) as {
      kind: string;
    }[];
    expect(rows.map(({ kind }) => kind)).toEqual(['api_key', 'webhook']);
  });
});

describe('rotate', () => {
  it('keeps the old one for 24 h, and never more than two', async () => {
    const shop = await createShop(app, 'rotating', {
      destinations: [{ name: 'crm', url: 'https://shop.example/crm', events: ['order.outcome'] }],
    });
    const rotate = (what: string) => asAdmin(app, 'POST', '/v1/admin/shops/rotating/rotate', { what });
    const shops = app.get(ShopsService);
    const first = (await json(await rotate('webhookSecret')))['webhookSecret'] as string;
    expect(await shops.webhookSecrets('rotating')).toEqual([first, shop.webhookSecret]);
    const second = (await json(await rotate('webhookSecret')))['webhookSecret'] as string;
    expect(await shops.webhookSecrets('rotating')).toEqual([second, first]);
    const key = (await json(await rotate('apiKey')))['apiKey'] as string;
    expect(
      await Promise.all([shop.apiKey, key, `${key}x`, ''].map((given) => shops.isApiKey('rotating', given))),
    ).toEqual([true, true, false, false]);
    const secret = (await json(await rotate('destination:crm')))['secret'];
    expect(await shops.destinationSecrets('rotating', 'crm')).toEqual([secret, shop.destinations[0]?.secret]);
    expect((await rotate('destination:nope')).status).toBe(404);
    expect((await rotate('everything')).status).toBe(422);
    expect((await asAdmin(app, 'POST', '/v1/admin/shops/nobody/rotate', { what: 'apiKey' })).status).toBe(404);
    const [row] = (await app
      .get(Transactions)
      .read((tx) =>
        tx.query(
          `SELECT round(extract(epoch FROM max(expires_at) - now()) / 3600)::int AS hours FROM shop_secrets WHERE shop_id = 'rotating'`,
        ),
      )) as { hours: number }[];
    expect(row?.hours).toBe(24);
  });

  it('loses no webhook while it happens', async () => {
    const shop = await createShop(app, 'busy-rotating');
    let { webhookSecret } = shop;
    const statuses: number[] = [];
    for (let round = 0; round < 5; round++) {
      const posts = Array.from({ length: 10 }, () =>
        postOrder(app, { shop: shop.shop, webhookSecret }, orderCreated()),
      );
      const rotated = asAdmin(app, 'POST', '/v1/admin/shops/busy-rotating/rotate', { what: 'webhookSecret' });
      statuses.push(...(await Promise.all(posts)).map(({ status }) => status));
      webhookSecret = (await json(await rotated))['webhookSecret'] as string;
    }
    expect(new Set(statuses)).toEqual(new Set([202]));
  });
});

describe('across processes', () => {
  it('a shop and its pause are seen by another process at once', async () => {
    const other = await startTestApp({ roles: ['api'], databaseUrl: app.databaseUrl });
    try {
      expect(await other.get(ShopsService).find('seen')).toBeNull();
      const shop = await createShop(app, 'seen');
      await expect.poll(() => other.get(ShopsService).find('seen'), { timeout: 2_000 }).not.toBeNull();
      expect((await postOrder(other, shop, orderCreated())).status).toBe(202);
      await asAdmin(app, 'POST', '/v1/admin/shops/seen/pause');
      await expect
        .poll(async () => (await other.get(ShopsService).get('seen')).isPaused, { timeout: 2_000 })
        .toBe(true);
    } finally {
      await other.close();
    }
  });
});
