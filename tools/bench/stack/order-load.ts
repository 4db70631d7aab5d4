import { randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { Pool } from 'undici';
import { anOrder } from '../../demo-shop/demo-shop.js';
import { atRate, pause, round, spreadOf, type Spread } from './figures.js';

/** Where orders go, and what they are signed with. */
export interface Intake {
  readonly apiUrl: string;
  readonly shop: string;
  readonly webhookSecret: string;
}

export interface LoadResult {
  readonly sent: number;
  readonly accepted: number;
  /** How many got each other answer; 0 = none at all. */
  readonly refused: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly acceptedPerSecond: number;
  /** From the moment that the order was due to be sent to the answer; milliseconds. */
  readonly answerMs: Spread;
}

/** What is sent, and how: at a rate, whatever the answers do, or as fast as so many senders get their answers. */
export type LoadPlan = { readonly phoneOf: (i: number) => string; readonly prefix: string } & (
  { readonly perSecond: number; readonly seconds: number } | { readonly senders: number; readonly seconds: number }
);

/** Posts signed orders as a shop does, each of them new, and waits for each answer. */
export async function sendOrders(intake: Intake, plan: LoadPlan): Promise<LoadResult> {
  const poster = new OrderPoster(intake);
  const took: number[] = [];
  const refused: Record<string, number> = {};
  let sent = 0;
  const send = async (i: number, dueAt: number): Promise<void> => {
    sent += 1;
    const status = await poster.post(`${plan.prefix}-${i}`, plan.phoneOf(i));
    if (status === 202) took.push(performance.now() - dueAt);
    else refused[status] = (refused[status] ?? 0) + 1;
  };
  const begin = performance.now();
  if ('perSecond' in plan) await atRate(plan.perSecond, Math.round(plan.perSecond * plan.seconds), send);
  else {
    const until = begin + plan.seconds * 1_000;
    let next = 0;
    const sender = async (): Promise<void> => {
      while (performance.now() < until) await send(next++, performance.now());
    };
    await Promise.all(Array.from({ length: plan.senders }, sender));
  }
  const seconds = (performance.now() - begin) / 1_000;
  await poster.close();
  return {
    sent,
    accepted: took.length,
    refused,
    seconds: round(seconds),
    acceptedPerSecond: round(took.length / seconds),
    answerMs: spreadOf(took),
  };
}

/** Posts each of these orders when its time has come. @returns the numbers of those that were accepted */
export async function sendPlanned(
  intake: Intake,
  orders: readonly { readonly atMs: number; readonly phone: string }[],
  prefix: string,
): Promise<ReadonlySet<string>> {
  const poster = new OrderPoster(intake);
  const accepted = new Set<string>();
  const begin = performance.now();
  const all: Promise<void>[] = [];
  for (const [i, { atMs, phone }] of orders.entries()) {
    const waitMs = begin + atMs - performance.now();
    if (waitMs > 1) await pause(waitMs);
    const orderId = `${prefix}-${i}`;
    all.push(
      poster.post(orderId, phone).then((status) => {
        if (status === 202) accepted.add(orderId);
      }),
    );
  }
  await Promise.all(all);
  await poster.close();
  return accepted;
}

/** Signs and posts orders over connections that are kept. */
class OrderPoster {
  private readonly pool: Pool;
  private readonly webhook: Webhook;

  constructor(private readonly intake: Intake) {
    this.pool = new Pool(intake.apiUrl, { connections: 64, pipelining: 1 });
    this.webhook = new Webhook(intake.webhookSecret);
  }

  /** @returns the status of the answer; 0 = none at all */
  async post(orderId: string, phone: string): Promise<number> {
    const body = JSON.stringify({
      type: 'order.created',
      timestamp: new Date().toISOString(),
      data: anOrder({ orderId, phone }),
    });
    const [id, at] = [randomUUID(), new Date()];
    try {
      const answer = await this.pool.request({
        path: `/v1/shops/${this.intake.shop}/orders`,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
          'webhook-signature': this.webhook.sign(id, at, body),
        },
        body,
      });
      await answer.body.dump();
      return answer.statusCode;
    } catch {
      return 0;
    }
  }

  async close(): Promise<void> {
    await this.pool.close();
  }
}
