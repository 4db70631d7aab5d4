import {
  Findings,
  groupBy,
  matchInvites,
  overlaps,
  wasAway,
  type Evidence,
  type Finding,
  type MatchedInvite,
} from './evidence.js';
import { masked } from './orders.js';

// What buyers went through, by the carrier's clock: I4, I5, I6, I7, I8, I10, I13.

const ms = (at: Date | null): number => at?.getTime() ?? Number.POSITIVE_INFINITY;

/** I4: one live attempt of an order, one live call to a number, over all shops. */
export function oneLiveCall({ rows }: Evidence): Finding {
  const found = new Findings();
  for (const [, calls] of groupBy(rows.calls, (call) => call.phone)) {
    const both = overlaps(calls, (call) => [ms(call.plannedAt), ms(call.endedAt)], ROW_SLACK_MS);
    found.judged += calls.length;
    for (const [a, b] of both)
      found.violations.push({ what: `calls ${a.id} and ${b.id} to one number lived at once`, at: b.plannedAt });
  }
  const orderIds = new Map(rows.orders.map((order) => [order.id, order.orderId]));
  for (const [orderRef, attempts] of groupBy(rows.attempts, (attempt) => attempt.orderRef)) {
    found.judged += attempts.length;
    const orderId = orderIds.get(orderRef);
    for (const [a, b] of overlaps(attempts, (one) => [ms(one.plannedAt), ms(one.endedAt)], ROW_SLACK_MS)) {
      found.violations.push({
        what: `attempts ${a.number} and ${b.number} of order ${orderId} lived at once`,
        at: b.plannedAt,
        ...(orderId === undefined ? {} : { orderId }),
      });
    }
  }
  return found;
}

/** I5: no number has two calls at the carrier at once, and every INVITE is that of one call of ours. */
export function carrierSeesOneCall(evidence: Evidence): Finding {
  const found = new Findings();
  const invites = matchInvites(evidence);
  for (const [number, list] of groupBy(invites, (invite) => invite.number)) {
    // The carrier has no record of a call that it never answered with anything: there is nothing that could overlap.
    const recorded = list.filter((invite) => invite.record !== null);
    found.judged += list.length;
    for (const [a, b] of overlaps(recorded, ({ record }) => [ms(record!.invitedAt), ms(record!.endedAt)])) {
      found.violations.push({
        what: `${masked(number)} was called at ${b.at.toISOString()} while the call of ${a.at.toISOString()} went on until ${a.record!.endedAt.toISOString()}`,
        at: b.at,
      });
    }
  }
  for (const invite of invites) {
    found.judge(invite.call !== null, () => `an INVITE to ${masked(invite.number)} belongs to no call of ours`, {
      at: invite.at,
    });
  }
  for (const [callId, list] of groupBy(
    invites.filter((invite) => invite.call !== null),
    (invite) => invite.call!.id,
  )) {
    // One that was held up on its way comes with the next call to the number, and looks like that one's.
    if (list.length > 1 && list.some(({ at }) => wasHeldUp(evidence, at))) found.excuse();
    else found.judge(list.length === 1, () => `call ${callId} sent ${list.length} INVITEs`, { at: list[0]!.at });
  }
  return found;
}

/** I6: nobody is called outside of a shop's hours, more often than it wishes, or before its gap. */
export function rulesOfCallingHold(evidence: Evidence): Finding {
  const found = new Findings();
  const { rows, phones, shops, posts } = evidence;
  const shopOf = new Map(rows.orders.map((order) => [order.id, order.shopId]));
  const orderIds = new Map(rows.orders.map((order) => [order.id, order.orderId]));
  const shopsOfNumber = groupBy(
    posts.filter((post) => post.kind === 'created'),
    (post) => post.phone,
  );
  for (const { number, at } of matchInvites(evidence)) {
    const isOpen = (shopsOfNumber.get(number) ?? []).some((post) => shops.get(post.shop)?.isOpen === true);
    found.judge(isOpen, () => `${masked(number)} was called outside of the shop's hours`, { at });
  }
  const callbacks = groupBy(
    rows.words.filter((word) => word.word === 'callback'),
    (word) => word.orderRef,
  );
  const calls = new Map(rows.calls.map((call) => [call.id, call]));
  for (const [orderRef, attempts] of groupBy(rows.attempts, (attempt) => attempt.orderRef)) {
    const shop = shops.get(shopOf.get(orderRef) ?? '');
    const orderId = orderIds.get(orderRef) ?? '';
    if (shop === undefined || !phones.has(orderId)) continue;
    const sorted = [...attempts].sort((a, b) => a.number - b.number);
    const counted = sorted.filter((one) => one.result !== null && COUNTED.has(one.result)).length;
    const most = shop.maxAttempts + (callbacks.get(orderRef)?.length ?? 0);
    found.judge(counted <= most, () => `order ${orderId} had ${counted} attempts, and ${most} were allowed`, {
      orderId,
    });
    sorted.forEach((attempt, index) => {
      const before = sorted[index - 1];
      if (before?.endedAt == null || before.result === null || !COUNTED.has(before.result)) return;
      // At the time that the buyer has asked for, no gap is kept.
      if (callbacks.get(orderRef)?.some(({ callId }) => callId === before.callId)) return;
      // Nobody was called for it: it came into a talk that its buyer had about another order.
      const call = calls.get(attempt.callId);
      const isOther = attempt.callId !== before.callId;
      if (isOther && call?.connectedAt != null && attempt.plannedAt >= call.connectedAt) return;
      const gapMs = attempt.plannedAt.getTime() - before.endedAt.getTime();
      found.judge(
        gapMs >= shop.gapSeconds * 1_000 - 500,
        () => `order ${orderId} was called again ${gapMs} ms after a ${before.result}`,
        { at: attempt.plannedAt, orderId },
      );
    });
  }
  return found;
}

/** I7: a second after the 202 to a cancel nobody is called for it, and nobody's phone rings for it any more. */
export function cancelledIsNotCalled(evidence: Evidence): Finding {
  const found = new Findings();
  const { posts } = evidence;
  const ordersOfNumber = groupBy(
    posts.filter((post) => post.kind === 'created'),
    (post) => post.phone,
  );
  const invites = groupBy(matchInvites(evidence), (invite) => invite.number);
  for (const cancel of posts) {
    if (cancel.kind !== 'cancelled' || cancel.status !== 202) continue;
    const others = new Set((ordersOfNumber.get(cancel.phone) ?? []).map((post) => post.orderId));
    others.delete(cancel.orderId);
    // Another order of the same buyer may be called for as ever.
    if (others.size > 0) continue;
    const limit = cancel.answeredAt.getTime() + CANCEL_MS;
    const more = { at: cancel.answeredAt, orderId: cancel.orderId };
    for (const invite of invites.get(cancel.phone) ?? []) {
      const at = invite.at.getTime();
      if (at > limit && wasTakenBack(evidence, invite, cancel.answeredAt.getTime())) {
        found.excuse();
        continue;
      }
      found.judge(
        at <= limit,
        () => `order ${cancel.orderId} was called ${at - cancel.answeredAt.getTime()} ms after its cancel`,
        more,
      );
      const { record } = invite;
      if (record === null || record.answeredAt !== null || at > cancel.answeredAt.getTime()) continue;
      const rangUntil = record.endedAt.getTime();
      if (rangUntil <= limit) found.judged += 1;
      else if (wasAway(evidence, ACTING, at - SETTLE_MS, rangUntil)) found.excuse();
      else
        found.judge(
          false,
          () => `order ${cancel.orderId} rang on for ${rangUntil - cancel.answeredAt.getTime()} ms after its cancel`,
          more,
        );
    }
  }
  return found;
}

/** The order to call had left before the cancel, for an exchange that stood still; nobody picked up, and it was taken back as soon as the exchange went on. */
function wasTakenBack(evidence: Evidence, { call, record, at }: MatchedInvite, cancelledAt: number): boolean {
  if (call === null || call.plannedAt.getTime() > cancelledAt || record?.answeredAt != null) return false;
  const until = evidence.faults
    .filter(({ hits, from, to }) => hits.includes('exchange') && from <= at && to.getTime() >= at.getTime() - CANCEL_MS)
    .map(({ to }) => Math.max(to.getTime(), at.getTime()) + CANCEL_MS);
  return until.length > 0 && (record === null || record.endedAt.getTime() <= Math.max(...until));
}

/** I8: who answers has an agent or hears the message within 2 s, as the exchange itself wrote it down. */
export function whoAnswersIsServed(evidence: Evidence): Finding {
  const found = new Findings();
  const served = groupBy(
    evidence.exchange.filter(
      ({ event, app }) => event === 'BRIDGE_ENTER' || (event === 'APP_START' && app === 'playback'),
    ),
    (one) => one.legId,
  );
  const answers = groupBy(
    evidence.exchange.filter(({ event }) => event === 'ANSWER'),
    (one) => one.legId,
  );
  for (const { number, record, call } of matchInvites(evidence)) {
    if (record?.answeredAt == null || call === null) continue;
    // A carrier that stands still knows of an answer that has not reached the exchange yet; from there on the time counts.
    const isHeldUp = wasAway(evidence, ['carrier'], record.answeredAt.getTime(), record.answeredAt.getTime());
    const heard = isHeldUp ? answers.get(call.id)?.[0]?.at.getTime() : undefined;
    const answeredAt = heard ?? record.answeredAt.getTime();
    if (record.endedAt.getTime() - answeredAt <= SERVE_MS) {
      found.judged += 1;
      continue;
    }
    const first = (served.get(call.id) ?? []).map((one) => one.at.getTime()).sort((a, b) => a - b)[0];
    const waitedMs = (first ?? record.endedAt.getTime()) - answeredAt;
    if (waitedMs <= SERVE_MS) found.judged += 1;
    // An exchange that is dead or stands still can play nothing to anybody.
    else if (wasAway(evidence, ['exchange'], answeredAt - 3_000, answeredAt + SERVE_MS)) found.excuse();
    else
      found.judge(
        false,
        () =>
          `${masked(number)} answered and ${first === undefined ? 'was never served' : 'was served'} (call ${call.id}, ${waitedMs} ms)`,
        { at: record.answeredAt },
      );
  }
  return found;
}

/** The trunk was silent, or has only just been, when the carrier saw it. */
function wasHeldUp(evidence: Evidence, at: Date): boolean {
  return wasAway(evidence, ['carrier'], at.getTime() - 1_000, at.getTime());
}

/** I10: no ring of ours is cut before 15 s but by the buyer or a cancel. */
export function ringingIsNotCut(evidence: Evidence): Finding {
  const found = new Findings();
  const cancelled = new Set(evidence.posts.filter((post) => post.kind === 'cancelled').map((post) => post.phone));
  const cut = new Map(
    evidence.trunk
      .filter((entry) => entry.method === 'CANCEL' && entry.status === undefined)
      .map((entry) => [entry.callId, entry]),
  );
  for (const { number, sipCallId, at, record } of matchInvites(evidence)) {
    if (record?.answeredAt != null || cancelled.has(number)) continue;
    const cancel = cut.get(sipCallId);
    const rangMs = (cancel?.at.getTime() ?? Number.POSITIVE_INFINITY) - at.getTime();
    // The exchange counts from the INVITE that it sent first, the carrier from the one that came through.
    if (rangMs < LEAST_RING_MS && wasHeldUp(evidence, at)) found.excuse();
    else found.judge(rangMs >= LEAST_RING_MS, () => `the ring at ${masked(number)} was cut after ${rangMs} ms`, { at });
  }
  return found;
}

/** I13, by the carrier's clock: no more calls at once than the trunk has lines and each shop wishes. */
export function limitsOfCallsHold(evidence: Evidence): Finding {
  const found = new Findings();
  const spans = matchInvites(evidence).flatMap(({ call, record, at }) =>
    call === null
      ? []
      : [
          {
            shop: call.shopId,
            from: at.getTime(),
            to: Math.min(ms(record?.endedAt ?? call.endedAt), ms(call.endedAt)),
          },
        ],
  );
  const check = (list: readonly { from: number; to: number }[], most: number, whose: string): void => {
    found.judged += list.length;
    const peak = peakOf(list);
    if (peak.count > most)
      found.violations.push({ what: `${whose}: ${peak.count} calls at once, ${most} allowed`, at: new Date(peak.at) });
  };
  check(spans, evidence.limits.maxChannels, 'the trunk');
  for (const [shop, list] of groupBy(spans, (span) => span.shop)) {
    check(list, evidence.shops.get(shop)?.maxConcurrentCalls ?? Number.POSITIVE_INFINITY, `shop ${shop}`);
  }
  return found;
}

function peakOf(spans: readonly { from: number; to: number }[]): { count: number; at: number } {
  const steps = spans
    .flatMap(({ from, to }) => [
      { at: from, by: 1 },
      { at: to, by: -1 },
    ])
    .sort((a, b) => a.at - b.at || a.by - b.by);
  let count = 0;
  let peak = { count: 0, at: 0 };
  for (const { at, by } of steps) {
    count += by;
    if (count > peak.count) peak = { count, at };
  }
  return peak;
}

/** Results that a shop's limits count; the others are faults of ours or of the trunk. */
const COUNTED = new Set(['answered', 'machine', 'busy', 'no_answer', 'rejected', 'unobtainable']);
/** An end and the next beginning may be written by two processes of one machine. */
const ROW_SLACK_MS = 50;
/** I7, with what a row needs to reach the carrier's ledger. */
const CANCEL_MS = 1_300;
/** I8, with the clocks' millisecond rounding and a busy machine's scheduling. */
const SERVE_MS = 2_300;
/** A fault still works on for so long: a lease runs out, a socket is noticed to be dead. */
const SETTLE_MS = 10_000;
const LEAST_RING_MS = 14_500;
/** Who would have to end a ring. */
const ACTING = ['service', 'leader', 'postgres', 'exchange', 'carrier'] as const;
