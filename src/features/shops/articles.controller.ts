import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query, Res, UseGuards } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AdminGuard } from '../../platform/auth/admin-guard.js';
import { Transactions } from '../../platform/database/transaction.js';
import { invalidInput } from '../../platform/http/validation.js';
import { ArticleAdministration } from './article-administration.js';
import { ArticlesQueryDto, PutArticleDto } from './article.dto.js';
import { ShopsService } from './shops.service.js';

const ARTICLE_ID = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/** A shop's knowledge base, for the administrator. */
@ApiTags('administration')
@ApiBearerAuth()
@Controller('v1/admin/shops/:shop/articles')
@UseGuards(AdminGuard)
export class ArticlesController {
  constructor(
    private readonly transactions: Transactions,
    private readonly shops: ShopsService,
    private readonly administration: ArticleAdministration,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Articles of the shop: the best first with `search`, else by title' })
  async list(@Param('shop') shop: string, @Query() query: ArticlesQueryDto) {
    const articles = await this.transactions.read((tx) => this.shops.articles(tx, shop, query));
    return { articles };
  }

  @Get(':article')
  one(@Param('shop') shop: string, @Param('article') article: string) {
    return this.transactions.read((tx) => this.shops.article(tx, shop, article));
  }

  @Put(':article')
  @ApiOperation({ summary: 'Create or replace an article' })
  @ApiCreatedResponse({ description: 'created' })
  @ApiOkResponse({ description: 'replaced' })
  async put(
    @Param('shop') shop: string,
    @Param('article') article: string,
    @Body() body: PutArticleDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    if (!ARTICLE_ID.test(article)) {
      const detail = 'the article in the address must be 1–64 of a–z 0–9 _ - and begin with a letter or digit';
      throw invalidInput([{ pointer: '', detail }]);
    }
    const { isNew } = await this.administration.put(shop, article, body);
    void reply.status(isNew ? 201 : 200);
    return { shop, article };
  }

  @Delete(':article')
  @HttpCode(204)
  @ApiNoContentResponse({ description: 'deleted' })
  delete(@Param('shop') shop: string, @Param('article') article: string): Promise<void> {
    return this.administration.delete(shop, article);
  }
}
