import type { Evidence } from './check/evidence.js';
import { groupBy, matchInvites } from './check/evidence.js';
import { longestAlone } from './check/floor.js';

/** One figure that a run has measured: of how many instances, and their median, 99th percentile and most. */
export interface Figure {
  readonly name: string;
  /** What it is measured by. */
  readonly by: string;
  readonly unit: 'ms' | 's' | 'count';
  readonly of: number;
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

/** What a run shows beside its invariants, each by ledgers that the dialer does not write, but where it says otherwise. */
export function measure(evidence: Evidence, settleSeconds: number): Figure[] {
  const { faults, posts, rows, tries, ends } = evidence;
  const proven = faults.filter(({ proof }) => proof !== null);
  const named = (...names: string[]) => proven.filter(({ name }) => names.includes(name));
  const changes = rows.moves.filter((move) => move.what === 'leader' && move.before !== null).map((move) => move.at);
  const after = (list: readonly Date[], at: Date, withinMs: number): number | null => {
    const next = list.find((one) => one >= at);
    return next === undefined || next.getTime() - at.getTime() > withinMs ? null : next.getTime() - at.getTime();
  };
  const failover = (...names: string[]): number[] =>
    named(...names).flatMap(({ from }) => after(changes, from, 30_000) ?? []);
  const invites = matchInvites(evidence);
  const inviteTimes = invites.map(({ at }) => at).sort((a, b) => a.getTime() - b.getTime());
  const acknowledged = tries.filter((one) => one.status === 200).map((one) => new Date(one.at));
  acknowledged.sort((a, b) => a.getTime() - b.getTime());

  const drains = named('drain_leader', 'rolling_deploy');
  const cutByDrain = rows.calls.filter(
    (call) =>
      call.answeredAt !== null &&
      call.result !== 'answered' &&
      call.result !== 'machine' &&
      call.endedAt !== null &&
      drains.some(({ from, to }) => call.answeredAt! >= from && call.endedAt! <= new Date(to.getTime() + 5_000)),
  );
  const isDuring = (at: Date, list: readonly { from: Date; to: Date }[], moreMs = 0): boolean =>
    list.some(({ from, to }) => at >= from && at.getTime() <= to.getTime() + moreMs);
  const withoutPostgres = proven.filter(({ hits }) =>
    hits.every((part) => !['postgres', 'service', 'leader'].includes(part)),
  );
  const hard = proven.filter(({ hits }) => hits.some((part) => ['postgres', 'service', 'leader'].includes(part)));
  const answersOf = (list: readonly (typeof posts)[number][]): number[] =>
    list.filter((post) => post.status === 202).map((post) => post.answeredAt.getTime() - post.sentAt.getTime());

  const delivered = deliverySeconds(evidence);
  const badShops = proven.filter(({ hits }) => hits.includes('shop'));
  const quietly = delivered.filter(({ at }) => !isDuring(at, hard, 10_000));
  const besideBad = quietly.filter(
    ({ at, shop }) =>
      isDuring(at, badShops) && !badShops.some((bad) => isDuring(at, [bad]) && bad.proof?.includes(shop)),
  );
  const undisturbed = quietly.filter(({ at }) => !isDuring(at, badShops, 30_000));
  const served = servedMs(evidence);

  return [
    figure('a dead or paused leader is followed', 'leaders’ rows', 'ms', failover('kill_leader', 'pause_leader')),
    figure('a leader without Postgres is followed', 'leaders’ rows', 'ms', failover('leader_without_postgres')),
    figure('a leader without its exchange is followed', 'leaders’ rows', 'ms', failover('leader_without_exchange')),
    figure(
      'from the death of a process to the next call placed',
      'carrier',
      'ms',
      named('kill_leader', 'kill_both').flatMap(({ from }) => after(inviteTimes, from, 60_000) ?? []),
    ),
    figure(
      'from the death of a process to the next write-back taken',
      'shops',
      'ms',
      named('kill_leader', 'kill_standby').flatMap(({ from }) => after(acknowledged, from, 60_000) ?? []),
    ),
    figure(
      'from the exchange’s return to the next call placed',
      'carrier',
      'ms',
      named('exchange_kill', 'exchange_down_long').flatMap(({ to }) => after(inviteTimes, to, 120_000) ?? []),
    ),
    figure(
      'from the loss of the exchange to its being noticed',
      'the service’s log',
      'ms',
      named('exchange_kill', 'exchange_freeze', 'ari_blackhole', 'leader_without_exchange').flatMap(
        ({ from }) => after(linkLosses(evidence), from, 15_000) ?? [],
      ),
    ),
    figure('an answered buyer alone in the exchange', 'looks into the exchange', 'ms', longestAlone(evidence)),
    figure('from the answer to an agent or the message', 'carrier, exchange', 'ms', served),
    figure('calls cut or left without an agent by a drain', 'rows', 'count', [cutByDrain.length], drains.length),
    figure(
      'a process asked to end has ended',
      'the run',
      's',
      ends
        .filter(({ exitCode, endedAt }) => exitCode === 0 && isDuring(endedAt, drains))
        .flatMap(({ endedAt }) => {
          const drain = drains.find((one) => isDuring(endedAt, [one]));
          return drain === undefined ? [] : [(endedAt.getTime() - drain.from.getTime()) / 1_000];
        }),
    ),
    figure(
      'an outcome reaches its shop, nothing in the way',
      'shops',
      'ms',
      undisturbed.map(({ ms }) => ms),
    ),
    figure(
      'an outcome reaches its shop while another shop misbehaves',
      'shops',
      'ms',
      besideBad.map(({ ms }) => ms),
    ),
    figure(
      'an outcome reaches its shop, all',
      'shops',
      'ms',
      delivered.map(({ ms }) => ms),
    ),
    figure(
      'an order is answered 202, nothing in the way',
      'clients',
      'ms',
      answersOf(posts.filter((post) => !isDuring(post.sentAt, proven, 3_000))),
    ),
    figure(
      'an order is answered 202 under a fault of anything but Postgres and ourselves',
      'clients',
      'ms',
      answersOf(posts.filter((post) => isDuring(post.sentAt, withoutPostgres) && !isDuring(post.sentAt, hard, 3_000))),
    ),
    figure('everything at its end after the last fault', 'rows', 's', [settleSeconds]),
  ];
}

/** From an order's last word to the shop's 200 for it. */
function deliverySeconds({ rows, tries }: Evidence): { shop: string; at: Date; ms: number }[] {
  const first = new Map<string, Date>();
  for (const one of tries) {
    if (one.event !== 'order.outcome' || one.status !== 200) continue;
    const key = `${one.shop} ${one.orderId}`;
    if (!first.has(key)) first.set(key, new Date(one.at));
  }
  const finals = groupBy(
    rows.moves.filter((move) => move.what === 'order' && move.after.startsWith('final/')),
    (move) => move.id,
  );
  return rows.orders.flatMap(({ id, shopId, orderId }) => {
    const at = finals.get(id)?.[0]?.at;
    const told = first.get(`${shopId} ${orderId}`);
    return at === undefined || told === undefined ? [] : [{ shop: shopId, at, ms: told.getTime() - at.getTime() }];
  });
}

function servedMs(evidence: Evidence): number[] {
  const first = new Map<string, number>();
  for (const { event, app, legId, at } of evidence.exchange) {
    if (event !== 'BRIDGE_ENTER' && !(event === 'APP_START' && app === 'playback')) continue;
    if (!first.has(legId)) first.set(legId, at.getTime());
  }
  return matchInvites(evidence).flatMap(({ record, call }) => {
    const at = call === null ? undefined : first.get(call.id);
    return record?.answeredAt == null || at === undefined ? [] : [at - record.answeredAt.getTime()];
  });
}

/** When processes have said that they hear the exchange no more. */
function linkLosses({ texts }: Evidence): Date[] {
  return texts
    .flatMap(({ text }) => [...text.matchAll(/^\{[^\n]*"time":"([^"]+)"[^\n]*the link to asterisk is down/gm)])
    .map(([, time]) => new Date(time ?? ''))
    .sort((a, b) => a.getTime() - b.getTime());
}

function figure(name: string, by: string, unit: Figure['unit'], list: readonly number[], of = list.length): Figure {
  const sorted = [...list].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
  return { name, by, unit, of, p50: at(0.5), p99: at(0.99), most: at(1) };
}

/** The figures as a table in Markdown. */
export function describeFigures(figures: readonly Figure[]): string {
  const value = (figure: Figure, one: number): string =>
    figure.of === 0 ? '–' : figure.unit === 'count' ? String(one) : `${Number(one.toFixed(1))} ${figure.unit}`;
  return [
    '| figure | by | of | p50 | p99 | most |',
    '| --- | --- | --- | --- | --- | --- |',
    ...figures.map(
      (one) =>
        `| ${one.name} | ${one.by} | ${one.of} | ${value(one, one.p50)} | ${value(one, one.p99)} | ${value(one, one.most)} |`,
    ),
  ].join('\n');
}
