import { Module } from '@nestjs/common';
import { PublicHolidays } from '../../platform/calendar/public-holidays.js';
import { OutboundModule } from '../../platform/http/outbound.module.js';
import { ArticleAdministration } from './article-administration.js';
import { ArticlesController } from './articles.controller.js';
import { ShopAdministration } from './shop-administration.js';
import { ShopsController } from './shops.controller.js';
import { ShopsService } from './shops.service.js';

export { ShopAdministration } from './shop-administration.js';

@Module({
  imports: [OutboundModule],
  controllers: [ShopsController, ArticlesController],
  providers: [ShopsService, ShopAdministration, ArticleAdministration, PublicHolidays],
  exports: [ShopsService, ShopAdministration],
})
export class ShopsModule {}
