import { WebSocket } from 'ws';
import type { Fault, Target } from './fault.js';
import { lineFault } from './store-faults.js';

/** The dialer's application in the exchange for its first group. */
const APPLICATION = 'dialer-default';

/**
 * People hang up when they hear nothing any more: the carrier's buyers and phones whose other side has died are ended here, those that still
 * ring are left ringing.
 */
async function hangUpWhoHearsNothing({ stack }: Target, invitedBefore: Date): Promise<number> {
  const { instance } = stack.carrier;
  const lines = (await instance.cli('core show channels concise')).split('\n');
  let ended = 0;
  for (const line of lines) {
    const fields = line.split('!');
    const [name = '', , , , state = ''] = fields;
    const seconds = Number(fields[11] ?? 0);
    if (!name.startsWith('PJSIP/') || state !== 'Up') continue;
    if (Date.now() - seconds * 1_000 > invitedBefore.getTime() + 1_000) continue;
    await instance.cli(`channel request hangup ${name}`);
    ended += 1;
  }
  return ended;
}

async function signalExchange(target: Target, signal: NodeJS.Signals): Promise<void> {
  process.kill(target.stack.pbx.instance.pid, signal);
}

const ari = (
  more: Pick<Parameters<typeof lineFault>[0], 'name' | 'covers' | 'lastsMs' | 'proof' | 'break' | 'onlyLeader'>,
) => lineFault({ hits: ['exchange'], restMs: 6_000, line: 'ari', ...more });

/** Faults of the exchange, of the line to it, and of the carrier behind it. */
export const TELEPHONY_FAULTS: readonly Fault[] = [
  ari({ name: 'ari_reset', covers: ['F27'], lastsMs: 0, proof: 'resets', break: (line) => line.reset() }),
  ari({
    name: 'ari_blackhole',
    covers: ['F28'],
    lastsMs: 7_500,
    proof: 'hindered',
    break: (line) => line.blackhole(),
  }),
  {
    name: 'leader_without_exchange',
    covers: ['F28', 'F50'],
    hits: ['exchange', 'leader'],
    lastsMs: 12_000,
    restMs: 6_000,
    async inject(target) {
      const { stack } = target;
      const mark = await stack.database.mark();
      const service = await target.leader();
      const before = service.ari.counts.hindered;
      service.ari.blackhole();
      return {
        async heal() {
          const met = service.ari.counts.hindered - before;
          const changes = await stack.database.leaderChanges(mark);
          service.ari.mend();
          return met > 0 && changes > 0
            ? `${met} hindered on the line of ${service.name}; ${changes} change(s) of leadership`
            : null;
        },
      };
    },
  },
  ari({
    name: 'ari_one_way',
    covers: ['F28', 'F30'],
    lastsMs: 7_500,
    proof: 'hindered',
    break: (line) => line.blackhole('to_client'),
  }),
  ari({
    name: 'ari_slow',
    covers: ['F30', 'F31'],
    lastsMs: 6_000,
    proof: 'hindered',
    break: (line) => line.delay(700),
  }),
  {
    name: 'ari_taken_over',
    covers: ['F29'],
    hits: ['leader'],
    lastsMs: 3_000,
    restMs: 8_000,
    async inject({ stack }) {
      const { pbx } = stack;
      const url = `${pbx.url.replace('http', 'ws')}/ari/events?app=${APPLICATION}`;
      const authorization = `Basic ${Buffer.from(`${pbx.ariUsername}:${pbx.ariPassword}`).toString('base64')}`;
      const thief = new WebSocket(url, { headers: { authorization } });
      let isOpen = false;
      thief.on('open', () => (isOpen = true));
      thief.on('error', () => undefined);
      return {
        async heal() {
          thief.terminate();
          return isOpen ? `another client has held the application ${APPLICATION}` : null;
        },
      };
    },
  },
  {
    name: 'exchange_kill',
    covers: ['F24', 'F26'],
    hits: ['exchange'],
    lastsMs: 3_000,
    worksMs: 4_000,
    restMs: 10_000,
    async inject(target) {
      const { stack } = target;
      const { pid } = stack.pbx.instance;
      const from = new Date();
      await signalExchange(target, 'SIGKILL');
      return {
        async heal() {
          const hungUp = await hangUpWhoHearsNothing(target, from);
          await stack.restartExchange();
          // Who answered meanwhile has heard nothing either.
          setTimeout(() => void hangUpWhoHearsNothing(target, from).catch(() => 0), 5_000);
          return `process ${pid} ended by SIGKILL; ${hungUp} people hung up a dead line`;
        },
      };
    },
  },
  {
    name: 'exchange_down_long',
    covers: ['F26'],
    hits: ['exchange'],
    lastsMs: 60_000,
    worksMs: 4_000,
    restMs: 12_000,
    isLong: true,
    async inject(target) {
      const { stack } = target;
      const { pid } = stack.pbx.instance;
      const from = new Date();
      await signalExchange(target, 'SIGKILL');
      setTimeout(() => void hangUpWhoHearsNothing(target, from).catch(() => 0), 3_000);
      return {
        async heal() {
          const hungUp = await hangUpWhoHearsNothing(target, from);
          await stack.restartExchange();
          return `process ${pid} ended by SIGKILL and was away for a minute; ${hungUp} people hung up a dead line`;
        },
      };
    },
  },
  {
    name: 'exchange_draining',
    covers: ['F25'],
    hits: ['exchange'],
    lastsMs: 5_000,
    restMs: 4_000,
    async inject({ stack }) {
      const { instance } = stack.pbx;
      const calls = async (): Promise<number> =>
        Number(/(\d+) active channel/.exec(await instance.cli('core show channels count'))?.[1] ?? 0);
      const before = await calls();
      // Does not come back: it waits for the last call, and the agents' legs stand.
      void instance.cli('core restart gracefully').catch(() => '');
      return {
        async heal() {
          const told = await instance.cli('core abort shutdown');
          const after = await calls();
          return before > 0 && after > 0
            ? `a restart without new calls was asked for and called off (${told.trim() || 'done'})`
            : null;
        },
      };
    },
  },
  {
    name: 'exchange_freeze',
    covers: ['F24', 'F30'],
    hits: ['exchange'],
    lastsMs: 8_000,
    restMs: 8_000,
    async inject(target) {
      const { pid } = target.stack.pbx.instance;
      await signalExchange(target, 'SIGSTOP');
      return {
        async heal() {
          await signalExchange(target, 'SIGCONT');
          return `process ${pid} stood still`;
        },
      };
    },
  },
  {
    name: 'carrier_silent',
    covers: ['F32'],
    hits: ['carrier'],
    lastsMs: 4_000,
    restMs: 6_000,
    async inject({ stack }) {
      const { pid } = stack.carrier.gate;
      process.kill(pid, 'SIGSTOP');
      return {
        async heal() {
          process.kill(pid, 'SIGCONT');
          return `trunk gate ${pid} said nothing`;
        },
      };
    },
  },
];
