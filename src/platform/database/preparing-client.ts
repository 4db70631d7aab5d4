import { createHash } from 'node:crypto';
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

type Query = (text: unknown, values?: unknown, callback?: unknown) => unknown;

/**
 * A connection that prepares each statement with parameters at its first use. Reading and planning a statement costs Postgres more than most of ours take to
 * run. Statements name their columns, so that a migration that adds one does not change what a prepared one gives.
 */
export class PreparingClient extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super(config);
    const plain = this.query.bind(this) as Query;
    const preparing: Query = (text, values, callback) => {
      const name =
        typeof text === 'string' && Array.isArray(values) && values.length > 0 ? nameOfStatement(text) : null;
      return name === null ? plain(text, values, callback) : plain({ name, text, values }, callback);
    };
    this.query = preparing as typeof this.query;
  }
}
