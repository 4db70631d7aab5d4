import { Injectable } from '@nestjs/common';
import { DialerError } from '../../core/shared/errors.js';
import { searchWords } from '../../core/shared/search-words.js';
import { Transactions } from '../../platform/database/transaction.js';
import { Log } from '../../platform/log/log.js';
import type { PutArticleDto } from './article.dto.js';
import { deleteArticle, putArticle } from './article.store.js';
import { lockShop } from './shop.store.js';
import { noSuchArticle, noSuchShop } from './shops.service.js';

/** One shop's articles are read by people: more than this is no knowledge base any more. */
const MOST_ARTICLES = 500;

/** What administrators do to a shop's knowledge base. */
@Injectable()
export class ArticleAdministration {
  constructor(
    private readonly transactions: Transactions,
    private readonly log: Log,
  ) {}

  /**
   * Creates or replaces.
   * @throws DialerError `shop.not_found`; `input.invalid` when the shop has 500 articles and this would be one more
   */
  async put(shopId: string, article: string, dto: PutArticleDto): Promise<{ isNew: boolean }> {
    const { title, body, language = null } = dto;
    const tags = (dto.tags ?? []).map((tag) => tag.trim());
    const words = [title, tags.join(' '), body].map((text) => searchWords(text).join(' ')) as [string, string, string];
    const done = await this.transactions.run(async (tx) => {
      if (!(await lockShop(tx, shopId))) throw noSuchShop(shopId);
      return putArticle(tx, shopId, { article, title: title.trim(), body, language, tags, words }, MOST_ARTICLES);
    });
    if (done === null) {
      throw new DialerError('input.invalid', `A shop has at most ${MOST_ARTICLES} articles: delete one first.`);
    }
    this.log.info('an article was stored', { shopId, isNew: done.isNew });
    return done;
  }

  /** @throws DialerError `article.not_found` */
  async delete(shopId: string, article: string): Promise<void> {
    if (!(await this.transactions.run((tx) => deleteArticle(tx, shopId, article)))) throw noSuchArticle(shopId);
    this.log.info('an article was deleted', { shopId });
  }
}
