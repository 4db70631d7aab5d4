import type { Said } from '../load/floor.js';
import type { Rows } from '../stack/database-ledger.js';
import { Findings, groupBy, matchInvites, type Evidence, type Finding } from './evidence.js';

// What became of orders and messages: I1, I2, I3, I16, I17, I18 (its second half), I19.

const key = (shop: string, orderId: string): string => `${shop}\n${orderId}`;

/** I1: what was answered 202 is in Postgres, and so is every word of an agent that was taken. */
export function acknowledgedIsStored({ posts, said, rows }: Evidence): Finding {
  const found = new Findings();
  const orders = new Set(rows.orders.map((order) => key(order.shopId, order.orderId)));
  const messages = new Set(rows.webhooks.map((one) => key(one.shopId, one.webhookId)));
  for (const post of posts) {
    if (post.status !== 202) continue;
    const more = { at: post.answeredAt, orderId: post.orderId };
    found.judge(
      orders.has(key(post.shop, post.orderId)),
      () => `${post.kind} ${post.orderId} was answered 202 and its order is not there`,
      more,
    );
    found.judge(
      messages.has(key(post.shop, post.webhookId)),
      () => `the message ${post.webhookId} of ${post.orderId} was answered 202 and is not there`,
      more,
    );
  }
  const words = new Set(rows.words.map((one) => `${one.callId} ${one.word}`));
  for (const one of said) {
    const { at, login, callId, outcome, status } = one;
    if (status !== 200 && status !== 202) continue;
    const isThere = words.has(`${callId} ${outcome}`);
    if (!isThere && status === 202 && isRefusedInTheEnd(one, rows)) found.excuse();
    else
      found.judge(
        isThere,
        () => `${login} said "${outcome}" about call ${callId}, was answered ${status}, and the word is not there`,
        { at },
      );
  }
  return found;
}

/** A word that the disk took, since Postgres could not say that the wrap-up was over already; the order's history tells of it. */
function isRefusedInTheEnd({ callId, outcome, askedAt }: Said, { refusedWords, moves }: Rows): boolean {
  const isTold = refusedWords.some(
    (one) => one.callId === callId && one.word === outcome && one.code === 'call.closed',
  );
  const atCall = moves.findLastIndex((move) => move.what === 'agent' && move.callId === callId);
  const left = moves.slice(atCall + 1).find((move) => move.what === 'agent' && move.id === moves[atCall]?.id);
  return isTold && atCall >= 0 && left !== undefined && left.at < askedAt;
}

/**
 * I2: every accepted order is final in the end, and what was final never opened again. One whose next call is due later, by the shop's gaps or because
 * the carrier may still ring after a lost call, is not asked.
 */
export function everyOrderEndsOnce({ posts, rows }: Evidence): Finding {
  const found = new Findings();
  const orders = new Map(rows.orders.map((order) => [key(order.shopId, order.orderId), order]));
  for (const { shop, orderId } of acceptedOrders(posts)) {
    const order = orders.get(key(shop, orderId));
    if (order === undefined) continue;
    if (order.isNotYetDue) {
      found.excuse();
      continue;
    }
    found.judge(
      order.status === 'final' && order.outcome !== null,
      () => `order ${orderId} is ${order.status}${order.holdReason === null ? '' : `, held: ${order.holdReason}`}`,
      { orderId },
    );
  }
  const names = new Map(rows.orders.map((order) => [order.id, order.orderId]));
  for (const move of rows.moves) {
    if (move.what !== 'order' || move.before?.startsWith('final/') !== true) continue;
    const orderId = names.get(move.id);
    found.judge(move.after.startsWith('final/'), () => `order ${orderId} was ${move.before} and became ${move.after}`, {
      at: move.at,
      ...(orderId === undefined ? {} : { orderId }),
    });
  }
  return found;
}

/** I3: each final outcome reached the shop, under one id, and nothing lower came after something higher was acknowledged. */
export function everyOutcomeIsTold({ posts, rows, tries, shopProblems }: Evidence): Finding {
  const found = new Findings();
  const orders = new Map(rows.orders.map((order) => [key(order.shopId, order.orderId), order]));
  const byOrder = groupBy(tries, (one) => key(one.shop, one.orderId));
  for (const { shop, orderId } of acceptedOrders(posts)) {
    const order = orders.get(key(shop, orderId));
    if (order?.status !== 'final') continue;
    const told = (byOrder.get(key(shop, orderId)) ?? [])
      .filter((one) => one.event === 'order.outcome' && one.status >= 200 && one.status < 300)
      .sort((a, b) => a.sequence - b.sequence)
      .at(-1);
    found.judge(
      told?.body.data['outcome'] === order.outcome,
      () =>
        `order ${orderId} ended as ${order.outcome}, and the shop was told ${told === undefined ? 'nothing' : JSON.stringify(told.body.data['outcome'])}`,
      { orderId },
    );
  }
  for (const [, list] of groupBy(tries, (one) => key(one.shop, `${one.orderId} ${one.sequence}`))) {
    const ids = new Set(list.map((one) => one.webhookId));
    const first = list[0]!;
    found.judge(ids.size === 1, () => `${first.orderId} #${first.sequence} came under ${ids.size} ids`, {
      orderId: first.orderId,
    });
  }
  for (const problem of shopProblems) found.judge(false, () => problem);
  return found;
}

/** I16: nobody is called for whom no order was open at that instant: no stale job, no ghost. */
export function nobodyIsCalledForNothing(evidence: Evidence): Finding {
  const found = new Findings();
  const { rows, phones } = evidence;
  const moves = groupBy(
    rows.moves.filter((move) => move.what === 'order'),
    (move) => move.id,
  );
  const ordersOf = groupBy(rows.orders, (order) => phones.get(order.orderId) ?? '');
  for (const { number, at } of matchInvites(evidence)) {
    const open = (ordersOf.get(number) ?? []).some((order) => {
      const own = moves.get(order.id) ?? [];
      const final = own.find((move) => move.after.startsWith('final/'));
      const from = own[0]?.at.getTime() ?? Number.POSITIVE_INFINITY;
      return from - SLACK_MS <= at.getTime() && at.getTime() <= (final?.at.getTime() ?? Infinity) + SLACK_MS;
    });
    found.judge(open, () => `${masked(number)} was called while no order of theirs was open`, { at });
  }
  return found;
}

/** I17: one webhook-id with one body has one answer, another body 409. */
export function repeatsGetTheSameAnswer({ posts }: Evidence): Finding {
  const found = new Findings();
  for (const [, list] of groupBy(posts, (post) => key(post.shop, post.webhookId))) {
    const taken = list.filter((post) => post.status === 202 && post.kind !== 'conflicting');
    const bodies = new Set(taken.map((post) => post.body));
    if (taken.length > 1) {
      found.judge(bodies.size === 1, () => `${taken[0]!.webhookId} was answered in ${bodies.size} ways`, {
        orderId: taken[0]!.orderId,
      });
    }
    const conflict = list.filter((post) => post.kind === 'conflicting' && post.status !== 0 && post.status < 500);
    for (const post of conflict) {
      if (post.status === 429) continue;
      found.judge(post.status === 409, () => `another body under ${post.webhookId} was answered ${post.status}`, {
        orderId: post.orderId,
      });
    }
  }
  return found;
}

/** I18, as far as it can be seen from outside: while Redis alone is away, orders are taken as fast as ever. */
export function intakeNeedsNoRedis({ posts, faults }: Evidence): Finding {
  const found = new Findings();
  for (const fault of faults) {
    if (fault.proof === null || fault.hits.some((part) => part !== 'redis')) continue;
    // What another fault has left behind just before says nothing about Redis.
    const from = fault.from.getTime();
    const isFresh = faults.some((other) => other !== fault && from - other.to.getTime() < 2_000 && other.to < fault.to);
    for (const post of posts) {
      const sentAt = post.sentAt.getTime();
      if (sentAt < from || sentAt > fault.to.getTime() || post.kind === 'conflicting') continue;
      if (isFresh && sentAt < from + 2_000) {
        found.excuse();
        continue;
      }
      const tookMs = post.answeredAt.getTime() - sentAt;
      found.judge(
        post.status === 202 && tookMs < INTAKE_LIMIT_MS,
        () => `during ${fault.name} ${post.orderId} was answered ${post.status} after ${tookMs} ms`,
        { at: post.sentAt, orderId: post.orderId },
      );
    }
  }
  return found;
}

/** I19: no write-back is forgotten, and "delivered" is what the shop says too. */
export function noDeliveryIsDropped({ rows, tries }: Evidence): Finding {
  const found = new Findings();
  const taken = new Set(tries.filter((one) => one.status >= 200 && one.status < 300).map((one) => one.webhookId));
  for (const { id, orderId, sequence, state } of rows.deliveries) {
    const more = { orderId };
    found.judge(state !== 'pending', () => `delivery #${sequence} of ${orderId} is still ${state}`, more);
    if (state !== 'delivered') continue;
    found.judge(
      taken.has(id),
      () => `delivery #${sequence} of ${orderId} counts as delivered; the shop has none`,
      more,
    );
  }
  return found;
}

const SLACK_MS = 1_500;
/** A machine of two processors that runs everything else too. */
const INTAKE_LIMIT_MS = 1_000;

function acceptedOrders(posts: Evidence['posts']): Iterable<{ shop: string; orderId: string }> {
  return new Map(
    posts
      .filter((post) => post.status === 202 && post.kind === 'created')
      .map((post) => [key(post.shop, post.orderId), post] as const),
  ).values();
}

/** Numbers in reports are made up too, and still nobody needs to read them whole. */
export function masked(number: string): string {
  return `${number.slice(0, 6)}…${number.slice(-4)}`;
}
