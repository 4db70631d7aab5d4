import { DataSource } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { useDatabase } from '../../../test/support/database.js';
import { startFaultProxy, throughProxy } from '../../../test/support/fault-proxy.js';
import { dataSourceOptions } from './data-source.js';
import { isDuplicate } from './database-errors.js';
import { Transactions, afterCommit, oneOf, rows, send, sideBySide, type Tx } from './transaction.js';

const addShop = (tx: Tx, shopId: string): Promise<unknown> =>
  tx.query(`INSERT INTO shops (shop_id, name, settings) VALUES ($1, $1, '{}')`, [shopId]);

describe('transactions', () => {
  const database = useDatabase();
  const shopIds = async (): Promise<string[]> =>
    (await database.query<{ shop_id: string }>('SELECT shop_id FROM shops ORDER BY 1')).map((row) => row.shop_id);
  const busy = { code: 'busy.retry_later', isRetryable: true };

  it('keeps all of a transaction or nothing', async () => {
    await database.transactions.run((tx) => addShop(tx, 'kept'));
    const failing = database.transactions.run(async (tx) => {
      await addShop(tx, 'lost');
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await shopIds()).toEqual(['kept']);
  });

  it('keeps what was sent and not waited for, in the order in which it was sent', async () => {
    const { transactions } = database;
    const name = (tx: Tx, to: string): Promise<void> =>
      send(tx, `UPDATE shops SET name = name || $1 WHERE shop_id = 'kept'`, [to]);
    const seen = await transactions.run(async (tx) => {
      await name(tx, ' a');
      await name(tx, ' b');
      const [row] = await rows<{ name: string }>(tx, `SELECT name FROM shops WHERE shop_id = 'kept'`);
      await name(tx, ' c');
      return row?.name;
    });
    expect(seen).toBe('kept a b');
    await transactions.read((tx) => name(tx, ' d'));
    expect(await database.query(`SELECT name FROM shops WHERE shop_id = 'kept'`)).toEqual([{ name: 'kept a b c d' }]);
  });

  it('does several things side by side, gives what each gave, and fails with what failed first', async () => {
    const { transactions } = database;
    const doubled = await transactions.run((tx) =>
      sideBySide([1, 2, 3], async (n) => {
        const [row] = await rows<{ n: number }>(tx, 'SELECT $1::int + $1::int AS n', [n]);
        const [again] = await rows<{ n: number }>(tx, 'SELECT $1::int AS n', [row?.n]);
        return again?.n;
      }),
    );
    expect(doubled).toEqual([2, 4, 6]);
    const done: string[] = [];
    const deep = async (work: () => Promise<unknown>, levels: number): Promise<unknown> =>
      levels === 0 ? work() : await deep(work, levels - 1);
    const failing = transactions.run((tx) =>
      sideBySide(['sound', 'faulty', 'sound too'], async (what) => {
        await addShop(tx, what);
        // What fails is heard of later than what others meet because of it.
        if (what === 'faulty') await deep(() => addShop(tx, 'kept'), 20);
        for (let n = 0; n < 3; n++) await tx.query('SELECT 1');
        done.push(what);
      }),
    );
    await expect(failing).rejects.toSatisfy((error) => isDuplicate(error, 'shops_pkey'));
    expect(done).toEqual([]);
    expect((await shopIds()).filter((shopId) => /sound|faulty/.test(shopId))).toEqual([]);
  });

  it('fails with what a statement that was sent fails with, and keeps nothing', async () => {
    const { transactions } = database;
    const twice = (tx: Tx): Promise<void> =>
      send(tx, `INSERT INTO shops (shop_id, name, settings) VALUES ('kept', '', '{}')`);
    let isTold = false;
    const atTheCommit = transactions.run(async (tx) => {
      afterCommit(tx, () => (isTold = true));
      await addShop(tx, 'lost');
      await twice(tx);
    });
    await expect(atTheCommit).rejects.toSatisfy((error) => isDuplicate(error, 'shops_pkey'));
    const behindIt = transactions.run(async (tx) => {
      await twice(tx);
      await addShop(tx, 'lost');
    });
    await expect(behindIt).rejects.toSatisfy((error) => isDuplicate(error, 'shops_pkey'));
    const byTheWork = transactions.run(async (tx) => {
      await send(tx, `INSERT INTO shops (shop_id, name, settings) VALUES ('lost', '', '{}')`);
      throw new Error('no');
    });
    await expect(byTheWork).rejects.toThrow('no');
    await expect(transactions.read(twice)).rejects.toSatisfy((error) => isDuplicate(error, 'shops_pkey'));
    expect(isTold).toBe(false);
    // The connection is as good as before.
    await transactions.run((tx) => tx.query('SELECT 1'));
    expect(await shopIds()).toEqual(['kept']);
  });

  it('sends statements that are asked for together in one go, each with its own answer', async () => {
    const answers = await database.transactions.run((tx) =>
      Promise.all([1, 2, 3].map((n) => rows<{ n: number }>(tx, 'SELECT $1::int AS n', [n]))),
    );
    expect(answers).toEqual([[{ n: 1 }], [{ n: 2 }], [{ n: 3 }]]);
  });

  it('finds rows by one id, by several and by none', async () => {
    const { transactions } = database;
    const found = async (wanted: readonly string[]): Promise<string[]> => {
      const { condition, ids } = oneOf('t.id', wanted);
      const sql = `SELECT t.id FROM (VALUES ('a'), ('b'), ('c')) t (id) WHERE ${condition} ORDER BY 1`;
      return (await transactions.read((tx) => rows<{ id: string }>(tx, sql, [ids]))).map(({ id }) => id);
    };
    expect(await found(['b'])).toEqual(['b']);
    expect(await found(['a', 'c', 'x'])).toEqual(['a', 'c']);
    expect(await found([])).toEqual([]);
  });

  it('gives rows of every kind of statement', async () => {
    const { transactions } = database;
    const changed = await transactions.run((tx) =>
      rows(tx, `UPDATE shops SET name = 'new' WHERE shop_id = $1 RETURNING name`, ['kept']),
    );
    expect(changed).toEqual([{ name: 'new' }]);
    expect(await transactions.read((tx) => rows(tx, 'SELECT 1 AS one'))).toEqual([{ one: 1 }]);
    expect(
      await transactions.run((tx) => rows(tx, `DELETE FROM shops WHERE shop_id = 'nobody' RETURNING name`)),
    ).toEqual([]);
  });

  it('tells a duplicate by its constraint', async () => {
    const error: unknown = await database.transactions
      .run((tx) => addShop(tx, 'kept'))
      .catch((caught: unknown) => caught);
    expect([isDuplicate(error), isDuplicate(error, 'shops_pkey'), isDuplicate(error, 'other')]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('gives up on a statement after 2 s and on a lock after half a second', async () => {
    await expect(database.transactions.run((tx) => tx.query('SELECT pg_sleep(5)'))).rejects.toMatchObject(busy);
    await database.transactions.run(async (tx) => {
      await tx.query(`SELECT 1 FROM shops WHERE shop_id = 'kept' FOR UPDATE`);
      const other = database.transactions.run((second) =>
        second.query(`UPDATE shops SET name = 'x' WHERE shop_id = 'kept'`),
      );
      await expect(other).rejects.toMatchObject(busy);
    });
  });

  it('gives up when all connections are taken for 2 s', async () => {
    const source = new DataSource(dataSourceOptions(database.url, 1));
    await source.initialize();
    try {
      const transactions = new Transactions(source);
      await transactions.run(async () => {
        await expect(transactions.run((tx) => tx.query('SELECT 1'))).rejects.toMatchObject(busy);
      });
    } finally {
      await source.destroy();
    }
  });

  it('survives a connection that is ended under it', async () => {
    const ended = database.transactions.run(async (tx) => {
      const [row] = await rows<{ pid: number }>(tx, 'SELECT pg_backend_pid() AS pid');
      await database.query('SELECT pg_terminate_backend($1)', [row?.pid]);
      await tx.query('SELECT 1');
    });
    await expect(ended).rejects.toMatchObject(busy);
    expect(await database.transactions.read((tx) => rows(tx, 'SELECT 1 AS one'))).toEqual([{ one: 1 }]);
  });

  it('gives up on a database that is silent, drops that connection, and works on when it is back', async () => {
    const proxy = await startFaultProxy(database.url);
    const source = new DataSource(dataSourceOptions(throughProxy(database.url, proxy), 2));
    await source.initialize();
    const transactions = new Transactions(source);
    try {
      await transactions.run((tx) => addShop(tx, 'before'));
      proxy.freeze();
      await expect(transactions.run((tx) => addShop(tx, 'silent'))).rejects.toMatchObject(busy);
      proxy.cut();
      await expect(transactions.run((tx) => addShop(tx, 'refused'))).rejects.toMatchObject(busy);
      proxy.mend();
      await transactions.run((tx) => addShop(tx, 'after'));
      expect(await shopIds()).toEqual(['after', 'before', 'kept']);
    } finally {
      await source.destroy();
      await proxy.close();
    }
  });
});
