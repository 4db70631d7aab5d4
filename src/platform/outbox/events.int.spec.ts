import { describe, expect, it } from 'vitest';
import { useDatabase } from '../../../test/support/database.js';
import { Events, defineEvent } from './events.js';

const shopNamed = defineEvent<{ shopId: string }>('shop.named');

describe('facts', () => {
  const database = useDatabase();
  const count = async (): Promise<unknown> => (await database.query('SELECT count(*)::int AS n FROM shops'))[0];

  it('are told in the order of registration, inside the transaction', async () => {
    const events = new Events();
    const told: string[] = [];
    events.on(shopNamed, async (tx, { shopId }) => {
      told.push(`first ${shopId}`);
      await tx.query(`INSERT INTO shops (shop_id, name, settings) VALUES ($1, $1, '{}')`, [shopId]);
    });
    events.on(shopNamed, async (tx, { shopId }) => {
      const found: unknown[] = await tx.query('SELECT 1 FROM shops WHERE shop_id = $1', [shopId]);
      told.push(`second sees ${found.length}`);
    });
    await database.transactions.run((tx) => events.publish(tx, shopNamed, { shopId: 'a' }));
    expect(told).toEqual(['first a', 'second sees 1']);
    expect(await count()).toEqual({ n: 1 });
  });

  it('roll everything back when a handler throws', async () => {
    const events = new Events();
    events.on(shopNamed, async (tx) => {
      await tx.query(`INSERT INTO shops (shop_id, name, settings) VALUES ('b', 'b', '{}')`);
    });
    events.on(shopNamed, async () => {
      throw new Error('refused');
    });
    await expect(database.transactions.run((tx) => events.publish(tx, shopNamed, { shopId: 'b' }))).rejects.toThrow(
      'refused',
    );
    expect(await count()).toEqual({ n: 1 });
  });
});
