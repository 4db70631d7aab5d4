import { setTimeout as pause } from 'node:timers/promises';
import { buildOrders, type DemoOrder, type DemoShop } from '../demo-shop/demo-shop.js';

const EVERY_ORDER_MS = 8_000;

type Say = (message: string) => void;

/** Posts the orders all at once; those that are not taken are told about. */
export async function sendOrders(shop: DemoShop, orders: readonly DemoOrder[], say: Say): Promise<void> {
  await Promise.all(
    orders.map(async (order) => {
      const answer = await shop.sendOrder({ ...order, registeredAt: new Date().toISOString() });
      if (answer.status !== 202)
        say(`order ${order.orderId} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    }),
  );
  if (orders.length > 0) say(`${orders.length} orders sent`);
}

/**
 * One order every few seconds until `stopped`.
 *
 * @param options.run   begins every order number, as in {@link buildOrders}
 * @param options.sent  orders of this run that were sent before
 */
export async function keepSending(
  shop: DemoShop,
  options: { readonly run: string; readonly sent: number; readonly stopped: Promise<unknown>; readonly say: Say },
): Promise<void> {
  options.say(`one order every ${EVERY_ORDER_MS / 1000} s from here on; Ctrl-C ends the demo`);
  const isOver = options.stopped.then(() => true);
  for (let n = options.sent + 1; ; n++) {
    if (await Promise.race([isOver, pause(EVERY_ORDER_MS, false, { ref: false })])) return;
    const order = buildOrders(n, 4_711, options.run).at(-1);
    if (order !== undefined)
      await sendOrders(shop, [order], options.say).catch((error: unknown) => options.say(String(error)));
  }
}
