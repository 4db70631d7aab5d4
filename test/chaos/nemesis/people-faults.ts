import { waitFor } from '../../support/wait.js';
import type { ChaosShop } from '../stack/stack.js';
import type { Fault, Target } from './fault.js';

const aShop = ({ stack, random }: Target): ChaosShop => stack.shops[Math.floor(random() * stack.shops.length)]!;

/** A shop that answers its write-backs in some wrong way; proven by its own request log. */
function shopFault(plan: {
  readonly name: string;
  readonly covers: readonly string[];
  readonly lastsMs: number;
  readonly answer: {
    readonly status?: number;
    readonly headers?: Record<string, string>;
    readonly delayMs?: number;
    readonly isDripping?: boolean;
  };
}): Fault {
  const { name, covers, lastsMs, answer } = plan;
  return {
    name,
    covers,
    hits: ['shop'],
    lastsMs,
    restMs: 2_000,
    async inject(target) {
      const { shop, name: shopName } = aShop(target);
      let met = 0;
      shop.behave(() => {
        met += 1;
        return answer;
      });
      return {
        async heal() {
          shop.behave(undefined);
          return met > 0 ? `${met} requests to ${shopName} answered so` : null;
        },
      };
    },
  };
}

/** Faults of shops and of people at their desks. */
export const PEOPLE_FAULTS: readonly Fault[] = [
  shopFault({ name: 'shop_down', covers: ['F38'], lastsMs: 12_000, answer: { status: 503 } }),
  shopFault({ name: 'shop_cuts', covers: ['F38', 'F8'], lastsMs: 10_000, answer: { status: 0 } }),
  shopFault({ name: 'shop_drips', covers: ['F39'], lastsMs: 12_000, answer: { isDripping: true } }),
  shopFault({ name: 'shop_slow', covers: ['F39'], lastsMs: 12_000, answer: { delayMs: 12_000 } }),
  shopFault({
    name: 'shop_busy',
    covers: ['F41'],
    lastsMs: 8_000,
    answer: { status: 429, headers: { 'retry-after': '2' } },
  }),
  shopFault({
    name: 'shop_redirects',
    covers: ['F42'],
    lastsMs: 8_000,
    answer: { status: 302, headers: { location: 'http://169.254.169.254/latest/meta-data' } },
  }),
  {
    name: 'shop_unreachable',
    covers: ['F38'],
    hits: ['shop'],
    lastsMs: 10_000,
    restMs: 2_000,
    async inject(target) {
      const { line, name } = aShop(target);
      const before = line.counts.refused;
      line.cut();
      return {
        async heal() {
          line.mend();
          const met = line.counts.refused - before;
          return met > 0 ? `${met} connections to ${name} refused` : null;
        },
      };
    },
  },
  {
    name: 'agent_browser_crash',
    covers: ['F43', 'F47'],
    hits: ['agent'],
    lastsMs: 0,
    restMs: 3_000,
    async inject({ floor, random }) {
      const inTalk = (): string | undefined => {
        const talking = floor.logins.filter((login) => floor.stateOf(login) === 'talking');
        return talking[Math.floor(random() * talking.length)];
      };
      // While something else is away, nobody talks.
      const login = await waitFor('a talk', inTalk, 15_000).catch(() => null);
      if (login === null) return { heal: async () => null };
      await floor.crash(login, 6_000);
      return { heal: async () => `the browser of ${login} closed in a talk` };
    },
  },
  {
    name: 'agent_phone_down',
    covers: ['F44', 'F46'],
    hits: ['agent'],
    lastsMs: 0,
    restMs: 3_000,
    async inject({ stack, floor, random }) {
      const login = floor.logins[Math.floor(random() * floor.logins.length)] ?? '';
      const isDown = await stack.carrier.hangUp(`agent-${login}`);
      return { heal: async () => (isDown ? `the phone of ${login} was put down` : null) };
    },
  },
  {
    name: 'agent_network_gone',
    covers: ['F44'],
    hits: ['agent'],
    lastsMs: 0,
    worksMs: 14_000,
    restMs: 3_000,
    async inject({ floor, random }) {
      const login = floor.logins[Math.floor(random() * floor.logins.length)] ?? '';
      const swallowed = await floor.loseNetwork(login, 10_000);
      return { heal: async () => (swallowed > 0 ? `${swallowed} messages to and from ${login} lost` : null) };
    },
  },
  {
    name: 'agent_two_tabs',
    covers: ['F45'],
    hits: ['agent'],
    lastsMs: 3_000,
    restMs: 3_000,
    async inject({ floor, random }) {
      const login = floor.logins[Math.floor(random() * floor.logins.length)] ?? '';
      const isOldOneOut = await floor.openSecondTab(login);
      return {
        async heal() {
          return (await isOldOneOut()) ? `the first tab of ${login} was signed out by the second` : null;
        },
      };
    },
  },
  {
    name: 'shop_gone',
    covers: ['F40'],
    hits: ['shop'],
    lastsMs: 10_000,
    worksMs: 2_000,
    restMs: 3_000,
    async inject(target) {
      const shop = aShop(target);
      let met = 0;
      shop.shop.behave(() => {
        met += 1;
        return { status: 410 };
      });
      return {
        async heal() {
          shop.shop.behave(undefined);
          // As the manual says: name the destination again, then replay what was given up.
          await patiently(() => shop.putAgain());
          const replayed = await patiently(() => replayAll(target, shop.name));
          return met > 0 ? `${met} requests to ${shop.name} answered 410; ${replayed} deliveries replayed` : null;
        },
      };
    },
  },
];

async function replayAll({ stack }: Target, shop: string): Promise<number> {
  const answer = await stack.admin.get<{ deliveries: { id: string }[] }>(
    `deliveries?state=disabled&shop=${shop}&limit=200`,
  );
  const { deliveries } = answer.body;
  // Oldest first: a later word about an order makes the earlier one superfluous, not the other way round.
  for (const { id } of deliveries.reverse()) await stack.admin.post(`deliveries/${id}/replay`);
  return deliveries.length;
}

/** An administrator asks again while the service is away. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries === 20) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }
}
