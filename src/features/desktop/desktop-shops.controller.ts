import { Controller, Get, Param, Query, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiCookieAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Transactions } from '../../platform/database/transaction.js';
import type { SessionAgent } from '../agents/agents.events.js';
import { noSuchShop, ShopsService, type Article, type ArticleHead } from '../shops/shops.service.js';
import { ArticleSearchDto } from './desktop.dto.js';
import type { ArticleMessage, ArticlesMessage, ShopsMessage } from './desktop.protocol.js';
import { SessionGuard, SignedInAgent } from './session-guard.js';

/** What an agent may read of the shops whose calls their groups take. Other shops do not exist for them. */
@ApiTags('agents')
@ApiBearerAuth()
@ApiCookieAuth()
@Controller('v1/agent/shops')
@UseGuards(SessionGuard)
export class DesktopShopsController {
  constructor(
    private readonly transactions: Transactions,
    private readonly shops: ShopsService,
  ) {}

  @Get()
  @ApiOkResponse({ description: '`{shops: [{shop, name}]}`, by name' })
  async list(@SignedInAgent() agent: SessionAgent): Promise<ShopsMessage> {
    const own = (await this.shops.list()).filter((shop) => isServedBy(agent, shop));
    return {
      shops: own
        .map(({ shopId, name }) => ({ shop: shopId, name }))
        .sort((a, b) => a.name.localeCompare(b.name) || a.shop.localeCompare(b.shop)),
    };
  }

  @Get(':shop/articles')
  @ApiOperation({ summary: 'Articles of the shop’s knowledge base: the best first with `search`, else by title' })
  async articles(
    @SignedInAgent() agent: SessionAgent,
    @Param('shop') shopId: string,
    @Query() query: ArticleSearchDto,
  ): Promise<ArticlesMessage> {
    await this.demandServed(agent, shopId);
    const heads = await this.transactions.read((tx) => this.shops.articles(tx, shopId, query));
    return { articles: heads.map(headMessage) };
  }

  @Get(':shop/articles/:article')
  @ApiOkResponse({ description: 'the article with its `body` in Markdown' })
  async article(
    @SignedInAgent() agent: SessionAgent,
    @Param('shop') shopId: string,
    @Param('article') articleId: string,
  ): Promise<ArticleMessage> {
    await this.demandServed(agent, shopId);
    const article: Article = await this.transactions.read((tx) => this.shops.article(tx, shopId, articleId));
    return { ...headMessage(article), body: article.body };
  }

  private async demandServed(agent: SessionAgent, shopId: string): Promise<void> {
    const shop = await this.shops.find(shopId);
    if (shop === null || !isServedBy(agent, shop)) throw noSuchShop(shopId);
  }
}

function isServedBy(
  agent: SessionAgent,
  { settings }: { readonly settings: { readonly agentGroups: readonly { readonly group: string }[] } },
): boolean {
  return settings.agentGroups.some(({ group }) => agent.groupIds.includes(group));
}

function headMessage({ article, title, language, tags, updatedAt }: ArticleHead): ArticlesMessage['articles'][number] {
  return { article, title, language, tags, updatedAt: updatedAt.toISOString() };
}
