import type { Tx } from '../../platform/database/transaction.js';

/** An article of the shop's knowledge base as lists show it. */
export interface ArticleHead {
  readonly article: string;
  readonly title: string;
  /** BCP 47; null: not said. */
  readonly language: string | null;
  readonly tags: readonly string[];
  readonly updatedAt: Date;
}

export interface Article extends ArticleHead {
  /** Markdown without HTML. */
  readonly body: string;
}

const HEAD = `article_id AS article, title, language, tags, updated_at AS "updatedAt"`;

/**
 * Creates or replaces. `words`: title, tags and body as they are searched for, the weightier first.
 * @returns null when it is a new one and the shop has `most` already; the caller holds the shop's lock
 */
export async function putArticle(
  tx: Tx,
  shopId: string,
  article: Omit<Article, 'updatedAt'> & { readonly words: readonly [title: string, tags: string, body: string] },
  most: number,
): Promise<{ isNew: boolean } | null> {
  const rows = await tx.query<{ isNew: boolean }[]>(
    `INSERT INTO articles (shop_id, article_id, title, markdown, language, tags, words)
     SELECT $1, $2, $3, $4, $5, $6::text[],
            setweight(to_tsvector('simple', $7), 'A') || setweight(to_tsvector('simple', $8), 'B') || setweight(to_tsvector('simple', $9), 'D')
     WHERE EXISTS (SELECT 1 FROM articles WHERE shop_id = $1 AND article_id = $2)
        OR (SELECT count(*) FROM articles WHERE shop_id = $1) < $10::int
     ON CONFLICT (shop_id, article_id) DO UPDATE SET title = excluded.title, markdown = excluded.markdown, language = excluded.language,
       tags = excluded.tags, words = excluded.words, updated_at = now()
     RETURNING (xmax = 0) AS "isNew"`,
    [shopId, article.article, article.title, article.body, article.language, article.tags, ...article.words, most],
  );
  return rows[0] ?? null;
}

export async function findArticle(tx: Tx, shopId: string, article: string): Promise<Article | null> {
  const rows = await tx.query<Article[]>(
    `SELECT ${HEAD}, markdown AS body FROM articles WHERE shop_id = $1 AND article_id = $2`,
    [shopId, article],
  );
  return rows[0] ?? null;
}

/** The best first with a query for `to_tsquery`, else by title. */
export async function listArticles(
  tx: Tx,
  shopId: string,
  o: { readonly query: string | null; readonly limit: number },
): Promise<ArticleHead[]> {
  if (o.query === null) {
    return tx.query(`SELECT ${HEAD} FROM articles WHERE shop_id = $1 ORDER BY title, article_id LIMIT $2`, [
      shopId,
      o.limit,
    ]);
  }
  return tx.query(
    `SELECT ${HEAD} FROM articles, to_tsquery('simple', $2) AS wanted
     WHERE shop_id = $1 AND words @@ wanted ORDER BY ts_rank(words, wanted) DESC, title, article_id LIMIT $3`,
    [shopId, o.query, o.limit],
  );
}

/** False: there was none. */
export async function deleteArticle(tx: Tx, shopId: string, article: string): Promise<boolean> {
  const rows = await tx.query<{ n: number }[]>(
    `WITH gone AS (DELETE FROM articles WHERE shop_id = $1 AND article_id = $2 RETURNING 1) SELECT count(*)::int AS n FROM gone`,
    [shopId, article],
  );
  return rows[0]?.n === 1;
}
