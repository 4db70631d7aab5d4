import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { asDialerError, connectionLost, isAfterFailure, isUnansweredQuery } from './database-errors.js';

/** The database inside one transaction (or, in `read`, one plain connection). Stores take it as their first argument. */
export type Tx = EntityManager;

/**
 * Runs hand-written SQL and returns its rows, whatever the statement (TypeORM's own `query` wraps those of UPDATE and DELETE together with a count).
 * @param sql  with `$1` placeholders
 */
export async function rows<R>(tx: Tx, sql: string, parameters: readonly unknown[] = []): Promise<R[]> {
  const answer: unknown = await tx.query(sql, [...parameters]);
  if (!Array.isArray(answer)) return [];
  const isWrapped = answer.length === 2 && Array.isArray(answer[0]) && typeof answer[1] === 'number';
  return (isWrapped ? answer[0] : answer) as R[];
}

/**
 * A condition for rows with one of these ids, which are the statement's first parameter. A single id is asked for by itself: Postgres keeps a plan for
 * one, and makes one for an array anew each time, which takes longer than to find the row.
 */
export function oneOf(column: string, ids: readonly string[]): { readonly condition: string; readonly ids: unknown } {
  return ids.length === 1
    ? { condition: `${column} = $1`, ids: ids[0] }
    : { condition: `${column} = ANY($1)`, ids: [...ids] };
}

/** What waits for the commit of a running transaction. */
const waiting = new WeakMap<Tx, (() => void)[]>();

/**
 * Runs `work` once the transaction has committed, and never when it is rolled back: for counters and other things that a rollback cannot take back.
 * Outside of {@link Transactions.run} it runs at once. It must not throw.
 */
export function afterCommit(tx: Tx, work: () => void): void {
  const list = waiting.get(tx);
  if (list === undefined) work();
  else list.push(work);
}

/** Statements of a running transaction that nobody has waited for. */
const sent = new WeakMap<Tx, Promise<unknown>[]>();

/**
 * Sends a statement whose answer is not needed: it is on its way when this resolves, and what it fails with is what the transaction fails with. Outside of
 * {@link Transactions.run} it is waited for.
 */
export async function send(tx: Tx, sql: string, parameters: readonly unknown[] = []): Promise<void> {
  const answer = tx.query(sql, [...parameters]);
  const list = sent.get(tx);
  if (list === undefined) {
    await answer;
    return;
  }
  // Heard of at the commit, or when a statement behind it is refused.
  answer.catch(() => undefined);
  list.push(answer);
}

/**
 * Work of one transaction that is mostly the way to Postgres and back, on several things at once: its statements leave together. Those of one thing keep their
 * order; things that want the same rows belong together as one. Everything has ended when this does.
 * @throws what failed the transaction, and not what the others met because of it
 */
export async function sideBySide<T, R>(things: readonly T[], work: (thing: T) => Promise<R>): Promise<R[]> {
  const ends = await Promise.allSettled(things.map(work));
  const failures = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
  if (failures.length > 0) throw failures.find((failure) => !isAfterFailure(failure)) ?? failures[0];
  return ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
}

/** Where transactions begin and end. Services open them; stores never do. No network call belongs inside one. */
@Injectable()
export class Transactions {
  constructor(private readonly source: DataSource) {}

  /**
   * Runs `work` in one transaction (READ COMMITTED): committed when it resolves, rolled back when it throws.
   * @throws DialerError `busy.retry_later` when Postgres cannot be reached, is too slow (statement 2 s, lock 500 ms) or ended the transaction
   *   for another's sake. After a lost COMMIT the work may still have been done: callers must be safe to repeat.
   */
  async run<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const runner = this.source.createQueryRunner();
    const afterwards: (() => void)[] = [];
    const unheard: Promise<unknown>[] = [];
    try {
      await runner.startTransaction();
      waiting.set(runner.manager, afterwards);
      sent.set(runner.manager, unheard);
      const result = await work(runner.manager);
      // Together: a COMMIT behind a statement that has failed rolls back.
      const ends = await Promise.allSettled([...unheard, runner.commitTransaction()]);
      for (const end of ends) if (end.status === 'rejected') throw end.reason;
      for (const work of afterwards) work();
      return result;
    } catch (caught) {
      const error = await firstFailure(unheard, caught);
      // Released under the work's hands: the connection was lost between two of its queries.
      if (runner.isReleased) throw connectionLost(error);
      if (isUnansweredQuery(error)) await cut(runner);
      else if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => cut(runner));
      throw asDialerError(error);
    } finally {
      await runner.release().catch(() => undefined);
    }
  }

  /**
   * Runs queries without a transaction, each on a connection of its own: for reads that need no common moment.
   * @throws DialerError as {@link run}
   */
  async read<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    try {
      return await work(this.source.manager);
    } catch (error) {
      throw asDialerError(error);
    }
  }
}

/** What went wrong first: a statement that nobody had waited for yet, or what the work met then. */
async function firstFailure(unheard: readonly Promise<unknown>[], caught: unknown): Promise<unknown> {
  if (unheard.length === 0 || isUnansweredQuery(caught)) return caught;
  const failed = (await Promise.allSettled(unheard)).find(({ status }) => status === 'rejected');
  return failed?.status === 'rejected' ? (failed.reason as unknown) : caught;
}

/** Ends the connection under the runner, so that the pool drops it instead of lending it out again in an unknown state. */
async function cut(runner: ReturnType<DataSource['createQueryRunner']>): Promise<void> {
  const connection = (await runner.connect().catch(() => null)) as {
    connection?: { stream?: { destroy(error: Error): void } };
  } | null;
  connection?.connection?.stream?.destroy(new Error('Connection terminated: no answer in time'));
}
