import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import pg from 'pg';

/** Statements of the program are few; whatever is beyond (a text with values written into it) is not worth a name. */
const MOST_NAMES = 1_000;

/** How many rows are wanted decides how to find them best: such statements are planned anew each time. */
const DEPENDS_ON_VALUES = /\bLIMIT \$\d/;

const names = new Map<string, string>();

/** The name under which a connection keeps the statement; null: it is not kept. */
export function nameOfStatement(text: string): string | null {
  const known = names.get(text);
  if (known !== undefined) return known;
  if (names.size >= MOST_NAMES || DEPENDS_ON_VALUES.test(text)) return null;
  const name = createHash('sha256').update(text).digest('base64url').slice(0, 20);
  names.set(text, name);
  return name;
}

/** What the driver's types leave out. */
interface Inner {
  readonly connection: { readonly stream: Duplex };
}

type Query = (text: unknown, values?: unknown, callback?: unknown) => unknown;

/** Whole statements without parameters; what begins or ends a transaction, or sets something, is no work to plan. `*` may give more after a migration. */
const PLANNED = /^\s*(SELECT(?! \*)|WITH|UPDATE|DELETE|INSERT)\b[^;]*$/;

/** The name under which a query is prepared, null when it is not. */
export function preparedName(text: unknown, values: unknown): string | null {
  if (typeof text !== 'string') return null;
  if (Array.isArray(values) && values.length > 0) return nameOfStatement(text);
  return (values === undefined || Array.isArray(values)) && PLANNED.test(text) ? nameOfStatement(text) : null;
}

/** What a statement that begins a transaction answers. */
const BEGUN = { command: 'START', rowCount: null, rows: [], oid: 0, fields: [] };

/**
 * The pool's connection, made for many short statements, whose way to Postgres and back costs more than what they do there:
 * - it prepares each statement at its first use. Statements name their columns, so that a migration that adds one does not change what a prepared one gives;
 * - statements that are asked for together leave together (the driver's pipelining), in one write for all of one turn of the event loop;
 * - `START TRANSACTION` is not waited for and leaves with the statement behind it. Should it fail, the connection is ended, and with it whatever was sent
 *   behind.
 */
export class PreparingClient extends pg.Client {
  private isHeldBack = false;

  constructor(config?: pg.ClientConfig) {
    super({ ...config, pipeline: true } as pg.ClientConfig);
    const plain = this.query.bind(this) as Query;
    const preparing: Query = (text, values, callback) => {
      this.holdBack();
      if (text === 'START TRANSACTION' && callback === undefined) {
        (plain(text) as Promise<unknown>).catch((error: unknown) => this.cut(error));
        return Promise.resolve(BEGUN);
      }
      const name = preparedName(text, values);
      return name === null ? plain(text, values, callback) : plain({ name, text, values }, callback);
    };
    this.query = preparing as typeof this.query;
  }

  private cut(error: unknown): void {
    (this as unknown as Inner).connection.stream.destroy(error instanceof Error ? error : undefined);
  }

  /** Gathers what is written until everything that is ready to run has run. */
  private holdBack(): void {
    const { stream } = (this as unknown as Inner).connection;
    if (this.isHeldBack) return;
    this.isHeldBack = true;
    stream.cork();
    // Behind the promises that are settled by now, and those that follow from them.
    queueMicrotask(() =>
      process.nextTick(() => {
        this.isHeldBack = false;
        stream.uncork();
      }),
    );
  }
}
