import { ATTEMPT_RESULTS } from '../../../src/core/call/result.js';
import { AGENT_OUTCOMES } from '../../../src/core/order/order.js';
import { DIALING_MODES, DEFAULT_SHOP_SETTINGS, type ShopSettings } from '../../../src/core/order/shop-settings.js';
import { isTimeZone } from '../../../src/core/shared/locale.js';
import type { Distribution } from '../engine/chance.js';
import { JsonReader, ScenarioError } from './json-reader.js';
import { readFaults } from './read-faults.js';
import {
  UNANSWERED,
  type AgentsPlan,
  type BuyersPlan,
  type FlashSale,
  type GroupPlan,
  type OrdersPlan,
  type Scenario,
  type ShopPlan,
  type TalkPlan,
  type TrunkPlan,
} from './scenario.js';

/**
 * A scenario from its JSON; what is left out has a default.
 * @param name of the file, for the message
 * @throws ScenarioError with every fault and its place
 */
export function readScenario(name: string, json: string): Scenario {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new ScenarioError(`${name} is not JSON: ${String(error)}`);
  }
  const faults: string[] = [];
  const scenario = wholeScenario(name, new JsonReader(value, '', faults));
  if (faults.length === 0) checkNames(scenario, faults);
  if (faults.length > 0)
    throw new ScenarioError(`${name} cannot be played:\n${faults.map((f) => `  ${f}`).join('\n')}`);
  return scenario;
}

function wholeScenario(name: string, reader: JsonReader): Scenario {
  const m = reader.members([
    'title',
    'seed',
    'timeZone',
    'date',
    'from',
    'hours',
    'groups',
    'agents',
    'talk',
    'shops',
    'trunks',
    'faults',
  ]);
  const timeZone = m['timeZone']!.or('Europe/Kyiv', zone);
  return {
    name,
    title: m['title']!.text(),
    seed: m['seed']!.or(1, (r) => r.whole(0)),
    timeZone,
    date: m['date']!.or('2026-11-24', day),
    from: m['from']!.or('08:00', (r) => r.timeOfDay()),
    hours: m['hours']!.or(12, (r) => r.number(0.05, 24 * 8)),
    groups: m['groups']!.or([groupPlan(new JsonReader({}, '/groups/0', []))], (r) => r.list(groupPlan, 1)),
    agents: m['agents']!.list(agentsPlan, 1),
    talk: talkPlan(m['talk']!.isAbsent ? new JsonReader({}, '/talk', []) : m['talk']!),
    shops: m['shops']!.list((r) => shopPlan(r, timeZone), 1),
    trunks: m['trunks']!.or([trunkPlan(new JsonReader({}, '/trunks/0', []))], (r) => r.list(trunkPlan, 1)),
    faults: readFaults(m['faults']!.isAbsent ? new JsonReader({}, '/faults', []) : m['faults']!, distribution),
  };
}

function checkNames(scenario: Scenario, faults: string[]): void {
  const groups = new Set(scenario.groups.map((one) => one.group));
  scenario.agents.forEach((agents, i) =>
    agents.groups.forEach((group) => {
      if (!groups.has(group)) faults.push(`/agents/${i}/groups names the group ${group}, which does not exist`);
    }),
  );
  scenario.shops.forEach((shop, i) =>
    shop.settings.agentGroups.forEach(({ group }) => {
      if (!groups.has(group))
        faults.push(`/shops/${i}/settings/agentGroups names the group ${group}, which does not exist`);
    }),
  );
  scenario.faults.trunkOutages.forEach(({ trunk }, i) => {
    if (!scenario.trunks.some((one) => one.trunk === trunk))
      faults.push(`/faults/trunkOutages/${i} names the trunk ${trunk}, which does not exist`);
  });
}

function groupPlan(reader: JsonReader): GroupPlan {
  const m = reader.members(['group', 'wrapUpSeconds', 'maxTalkSeconds', 'dialing']);
  return {
    group: m['group']!.or('default', (r) => r.text()),
    wrapUpSeconds: m['wrapUpSeconds']!.or(60, (r) => r.number(1)),
    maxTalkSeconds: m['maxTalkSeconds']!.or(1_800, (r) => r.number(10)),
    dialing: m['dialing']!.or(null, (r) => r.oneOf(DIALING_MODES)),
  };
}

function agentsPlan(reader: JsonReader): AgentsPlan {
  const m = reader.members(['groups', 'count', 'from', 'to', 'connection', 'skills', 'breaks']);
  return {
    groups: m['groups']!.or(['default'], (r) => r.list((one) => one.text(), 1)),
    count: m['count']!.whole(1, 2_000),
    from: m['from']!.timeOfDay(),
    to: m['to']!.timeOfDay(),
    connection: m['connection']!.or('persistent', (r) => r.oneOf(['persistent', 'per_call'] as const)),
    skills: m['skills']!.or([], (r) => r.list((one) => one.text())),
    breaks: m['breaks']!.or([], (r) =>
      r.list((one) => {
        const b = one.members(['at', 'minutes', 'spreadMinutes']);
        return {
          at: b['at']!.timeOfDay(),
          minutes: b['minutes']!.number(0.1),
          spreadMinutes: b['spreadMinutes']!.or(0, (s) => s.number(0)),
        };
      }),
    ),
  };
}

function talkPlan(reader: JsonReader): TalkPlan {
  const m = reader.members([
    'talkSeconds',
    'machineSeconds',
    'wrapUpSeconds',
    'outcomes',
    'saidDuringTalkRatio',
    'unsaidRatio',
    'buyerEndsRatio',
    'callbackMinutes',
  ]);
  return {
    talkSeconds: m['talkSeconds']!.or({ kind: 'lognormal', median: 80, sigma: 0.6, atLeast: 5 }, distribution),
    machineSeconds: m['machineSeconds']!.or({ kind: 'uniform', from: 4, to: 9 }, distribution),
    wrapUpSeconds: m['wrapUpSeconds']!.or({ kind: 'lognormal', median: 14, sigma: 0.5, atLeast: 1 }, distribution),
    outcomes: m['outcomes']!.or(
      { confirmed: 74, changed: 10, declined: 8, callback: 3, no_decision: 4, duplicate: 1 },
      (r) => r.weights(AGENT_OUTCOMES),
    ),
    saidDuringTalkRatio: m['saidDuringTalkRatio']!.or(0.3, (r) => r.ratio()),
    unsaidRatio: m['unsaidRatio']!.or(0.002, (r) => r.ratio()),
    buyerEndsRatio: m['buyerEndsRatio']!.or(0.5, (r) => r.ratio()),
    callbackMinutes: m['callbackMinutes']!.or({ kind: 'uniform', from: 20, to: 180 }, distribution),
  };
}

function shopPlan(reader: JsonReader, timeZone: string): ShopPlan {
  const m = reader.members(['shop', 'settings', 'orders', 'buyers', 'past']);
  return {
    shop: m['shop']!.text(),
    settings: settingsOf(m['settings']!, timeZone),
    orders: ordersPlan(m['orders']!),
    buyers: buyersPlan(m['buyers']!.isAbsent ? new JsonReader({}, '/buyers', []) : m['buyers']!),
    past: m['past']!.or({ answered: 0, abandoned: 0 }, (r) => {
      const past = r.members(['answered', 'abandoned']);
      return { answered: past['answered']!.whole(0), abandoned: past['abandoned']!.whole(0) };
    }),
  };
}

/** What an administrator would set: members of the shop's settings over their defaults, one level deep. */
function settingsOf(reader: JsonReader, timeZone: string): ShopSettings {
  const defaults: ShopSettings = { ...DEFAULT_SHOP_SETTINGS, timeZone };
  if (reader.isAbsent) return defaults;
  const members = reader.members(Object.keys(defaults));
  const settings: Record<string, unknown> = { ...defaults };
  for (const [name, member] of Object.entries(members)) {
    if (member.isAbsent) continue;
    const usual = settings[name];
    const isMixed = name === 'callingHours' || usual === null || usual === undefined;
    if (!isMixed && (typeof member.raw !== typeof usual || Array.isArray(member.raw) !== Array.isArray(usual)))
      member.fault(`must be like its default, ${JSON.stringify(usual)}`);
    const isGroup = typeof usual === 'object' && usual !== null && !Array.isArray(usual) && name !== 'callingHours';
    settings[name] = isGroup ? { ...usual, ...(member.raw as object) } : member.raw;
  }
  return settings as unknown as ShopSettings;
}

function ordersPlan(reader: JsonReader): OrdersPlan {
  const m = reader.members([
    'count',
    'byHour',
    'flashSales',
    'overnight',
    'repeatRatio',
    'cancelRatio',
    'cancelSeconds',
    'urgentRatio',
  ]);
  return {
    count: m['count']!.whole(0, 1_000_000),
    byHour: m['byHour']!.or(Array<number>(24).fill(1), hours),
    flashSales: m['flashSales']!.or([], (r) => r.list(flashSale)),
    overnight: m['overnight']!.or(0, (r) => r.whole(0)),
    repeatRatio: m['repeatRatio']!.or(0.02, (r) => r.ratio()),
    cancelRatio: m['cancelRatio']!.or(0.01, (r) => r.ratio()),
    cancelSeconds: m['cancelSeconds']!.or({ kind: 'exponential', mean: 300 }, distribution),
    urgentRatio: m['urgentRatio']!.or(0.01, (r) => r.ratio()),
  };
}

function flashSale(reader: JsonReader): FlashSale {
  const m = reader.members(['at', 'minutes', 'factor', 'orders']);
  const when = { at: m['at']!.timeOfDay(), minutes: m['minutes']!.number(0.1) };
  if (m['factor']!.isAbsent === m['orders']!.isAbsent) reader.fault('needs one of factor and orders');
  return m['factor']!.isAbsent
    ? { ...when, orders: m['orders']!.or(0, (r) => r.whole(1)) }
    : { ...when, factor: m['factor']!.number(1, 1_000) };
}

function buyersPlan(reader: JsonReader): BuyersPlan {
  const m = reader.members([
    'behaviour',
    'answerRatioByHour',
    'laterAttemptsFactor',
    'answerSeconds',
    'machineRatio',
    'hangsUpAtOnceRatio',
    'patienceSeconds',
    'unanswered',
    'timeZones',
  ]);
  return {
    behaviour: m['behaviour']!.or('drawn', behaviour),
    answerRatioByHour: m['answerRatioByHour']!.or(Array<number>(24).fill(0.6), (r) =>
      typeof r.raw === 'number' ? Array<number>(24).fill(r.ratio()) : hours(r),
    ),
    laterAttemptsFactor: m['laterAttemptsFactor']!.or(0.75, (r) => r.number(0, 2)),
    answerSeconds: m['answerSeconds']!.or(
      { kind: 'lognormal', median: 8, sigma: 0.5, atLeast: 1, atMost: 40 },
      distribution,
    ),
    machineRatio: m['machineRatio']!.or(0.03, (r) => r.ratio()),
    hangsUpAtOnceRatio: m['hangsUpAtOnceRatio']!.or(0.01, (r) => r.ratio()),
    patienceSeconds: m['patienceSeconds']!.or({ kind: 'exponential', mean: 60, atLeast: 0.3 }, distribution),
    unanswered: m['unanswered']!.or(
      {
        no_answer: 62,
        busy: 14,
        rejected: 9,
        switched_off: 11,
        invalid: 1,
        congestion: 1,
        early_media_busy: 1.5,
        silent_carrier: 0.5,
      },
      (r) => r.weights(UNANSWERED),
    ),
    timeZones: m['timeZones']!.or({}, zones),
  };
}

function behaviour(reader: JsonReader): BuyersPlan['behaviour'] {
  if (typeof reader.raw === 'string') return reader.oneOf(['drawn', 'carrier'] as const);
  return {
    calls: reader.members(['calls'])['calls']!.list((r) => {
      const m = r.members(['result', 'seconds', 'ringingAfterSeconds']);
      return {
        result: m['result']!.oneOf(ATTEMPT_RESULTS),
        seconds: m['seconds']!.number(0),
        ringingAfterSeconds: m['ringingAfterSeconds']!.raw === null ? null : m['ringingAfterSeconds']!.number(0),
      };
    }, 1),
  };
}

function trunkPlan(reader: JsonReader): TrunkPlan {
  const m = reader.members(['trunk', 'maxChannels', 'callsPerSecond', 'prefixes', 'priority']);
  return {
    trunk: m['trunk']!.or('main', (r) => r.text()),
    maxChannels: m['maxChannels']!.or(1_000, (r) => r.whole(1)),
    callsPerSecond: m['callsPerSecond']!.or(50, (r) => r.number(0.1)),
    prefixes: m['prefixes']!.or([], (r) => r.list((one) => one.text())),
    priority: m['priority']!.or(1, (r) => r.whole(0)),
  };
}

function hours(reader: JsonReader): number[] {
  const list = reader.list((r) => r.number(0));
  if (list.length !== 24) reader.fault('must hold 24 numbers, one for each hour of the day');
  return list;
}

function zones(reader: JsonReader): Record<string, number> {
  return reader.weights<string>(null) as Record<string, number>;
}

function zone(reader: JsonReader): string {
  const name = reader.text();
  if (name !== '' && !isTimeZone(name)) reader.fault('must be a time zone, for example Europe/Kyiv');
  return name;
}

function day(reader: JsonReader): string {
  const text = reader.text();
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(Date.parse(text))) reader.fault('must be a date, YYYY-MM-DD');
  return text;
}

const KINDS = ['constant', 'uniform', 'exponential', 'lognormal', 'samples', 'mixture'] as const;

function distribution(reader: JsonReader): Distribution {
  if (typeof reader.raw === 'number') return { kind: 'constant', value: reader.number(0) };
  const m = reader.members([
    'kind',
    'value',
    'from',
    'to',
    'mean',
    'median',
    'sigma',
    'values',
    'of',
    'atLeast',
    'atMost',
  ]);
  const cut = {
    atLeast: m['atLeast']!.or(0, (r) => r.number(0)),
    atMost: m['atMost']!.or(Infinity, (r) => r.number(0)),
  };
  const kind = m['kind']!.oneOf(KINDS);
  switch (kind) {
    case 'constant':
      return { kind, value: m['value']!.number(0), ...cut };
    case 'uniform':
      return { kind, from: m['from']!.number(0), to: m['to']!.number(0), ...cut };
    case 'exponential':
      return { kind, mean: m['mean']!.number(0), ...cut };
    case 'lognormal':
      return { kind, median: m['median']!.number(0), sigma: m['sigma']!.number(0, 5), ...cut };
    case 'samples':
      return { kind, values: m['values']!.list((r) => r.number(0), 1), ...cut };
    case 'mixture':
      return {
        kind,
        of: m['of']!.list((r) => {
          const part = r.members(['weight', 'distribution']);
          return { weight: part['weight']!.number(0), distribution: distribution(part['distribution']!) };
        }, 1),
        ...cut,
      };
  }
}
