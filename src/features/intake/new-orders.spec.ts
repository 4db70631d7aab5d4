import { describe, expect, it } from 'vitest';
import type { Transactions } from '../../platform/database/transaction.js';
import { Log } from '../../platform/log/log.js';
import type { OrdersService, PreparedOrder } from '../orders/orders.service.js';
import { NewOrders } from './new-orders.js';

const log = new Log('error', { write: () => undefined });
const message = (shopId: string) => ({
  message: {
    shopId,
    webhookId: 'w',
    bodySha256: Buffer.alloc(32),
    type: 'order.created',
    receivedAt: new Date(),
    response: '',
  },
  order: {} as PreparedOrder,
});
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

/** Over a database that does not answer until it is told to. */
function standing() {
  const waiting: ((error: Error) => void)[] = [];
  const transactions = { run: () => new Promise((_, reject) => waiting.push(reject)) } as unknown as Transactions;
  const orders = new NewOrders(transactions, {} as OrdersService, log);
  return { orders, goOn: () => waiting.splice(0).forEach((reject) => reject(new Error('no'))) };
}

describe('the place where new orders wait', () => {
  it('is full for a shop that has too many there, and for no other', async () => {
    const { orders, goOn } = standing();
    const all = Array.from({ length: 699 }, () => orders.store(message('big')));
    await turn();
    await turn();
    expect([orders.isFull('big'), orders.isFull('small')]).toEqual([false, false]);
    all.push(orders.store(message('big')));
    expect([orders.isFull('big'), orders.isFull('small')]).toEqual([true, false]);
    for (let go = 0; go < 5; go += 1) {
      goOn();
      await turn();
    }
    expect(await Promise.all(all)).toHaveLength(700);
    expect(orders.isFull('big')).toBe(false);
  });

  it('is full for a shop whose first order waits too long', async () => {
    const { orders, goOn } = standing();
    const all = Array.from({ length: 201 }, () => orders.store(message('big')));
    await turn();
    await turn();
    expect(orders.isFull('big')).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    expect(orders.isFull('big')).toBe(true);
    goOn();
    await turn();
    goOn();
    expect(await Promise.all(all)).toHaveLength(201);
  });
});
