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

/** Whole statements without parameters; what begins or ends a transaction, or sets something, is no work to plan. `*` may give more after a migration. */
const PLANNED = /^\s*(SELECT(?! \*)|WITH|UPDATE|DELETE|INSERT)\b[^;]*$/;

/** The name under which a query is prepared, null when it is not. */
export function preparedName(text: unknown, values: unknown): string | null {
  if (typeof text !== 'string') return null;
  if (Array.isArray(values) && values.length > 0) return nameOfStatement(text);
  return (values === undefined || Array.isArray(values)) && PLANNED.test(text) ? nameOfStatement(text) : null;
}

/**
 * A connection that prepares each statement at its first use. Reading and planning a statement costs Postgres more than most of ours take to
 * run. Statements name their columns, so that a migration that adds one does not change what a prepared one gives.
 */
export class PreparingClient extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super(config);
    const plain = this.query.bind(this) as Query;
    const preparing: Query = (text, values, callback) => {
      const name = preparedName(text, values);
      return name === null ? plain(text, values, callback) : plain({ name, text, values }, callback);
    };
    this.query = preparing as typeof this.query;
  }
}
