import { Body, Controller, Get, HttpCode, Param, Post, Put, Res, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiCreatedResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AdminGuard } from '../../platform/auth/admin-guard.js';
import { invalidInput } from '../../platform/http/validation.js';
import { ShopAdministration, type PutShopAnswer, type RotateAnswer } from './shop-administration.js';
import type { ShopRecord } from './shop-cache.js';
import { PutShopDto, RotateDto } from './shop.dto.js';
import { ShopsService } from './shops.service.js';

const SHOP_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Shops, for the administrator (contract, section 4). */
@ApiTags('administration')
@ApiBearerAuth()
@Controller('v1/admin/shops')
@UseGuards(AdminGuard)
export class ShopsController {
  constructor(
    private readonly shops: ShopsService,
    private readonly administration: ShopAdministration,
  ) {}

  @Get()
  @ApiOperation({ summary: 'All shops, without secrets' })
  async list() {
    return { shops: (await this.shops.records()).map(shown) };
  }

  @Get(':shop')
  @ApiParam({ name: 'shop' })
  @ApiOperation({ summary: 'One shop, without secrets' })
  async one(@Param('shop') shopId: string) {
    return shown(await this.shops.record(shopId));
  }

  @Put(':shop')
  @ApiParam({ name: 'shop', description: 'letters, digits, `.`, `_`, `-`; at most 64' })
  @ApiOperation({ summary: 'Create or replace a shop' })
  @ApiCreatedResponse({
    description: 'created: `{shop, apiKey, webhookSecret, destinations: [{name, secret}]}`, shown this once',
  })
  @ApiOkResponse({ description: 'replaced: a secret stands only with destinations that are new' })
  async put(
    @Param('shop') shopId: string,
    @Body() body: PutShopDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PutShopAnswer> {
    if (!SHOP_ID.test(shopId)) {
      throw invalidInput([
        {
          pointer: '',
          detail: 'the shop in the address must be 1–64 of A–Z a–z 0–9 . _ - and begin with a letter or digit',
        },
      ]);
    }
    const { isNew, answer } = await this.administration.put(shopId, body);
    void reply.status(isNew ? 201 : 200).header('cache-control', 'no-store');
    return answer;
  }

  @Post(':shop/rotate')
  @HttpCode(200)
  @ApiParam({ name: 'shop' })
  @ApiOperation({ summary: 'Add a second key or secret; the present one lives 24 h more' })
  async rotate(
    @Param('shop') shopId: string,
    @Body() body: RotateDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RotateAnswer> {
    void reply.header('cache-control', 'no-store');
    return this.administration.rotate(shopId, body.what);
  }

  @Post(':shop/pause')
  @HttpCode(200)
  @ApiParam({ name: 'shop' })
  @ApiOperation({ summary: 'Place no new calls for the shop; orders are still taken' })
  async pause(@Param('shop') shopId: string) {
    await this.administration.setPaused(shopId, true);
    return { shop: shopId, isPaused: true };
  }

  @Post(':shop/resume')
  @HttpCode(200)
  @ApiParam({ name: 'shop' })
  @ApiOperation({ summary: 'Call again' })
  async resume(@Param('shop') shopId: string) {
    await this.administration.setPaused(shopId, false);
    return { shop: shopId, isPaused: false };
  }
}

function shown(record: ShopRecord) {
  const { shop } = record;
  return {
    shop: shop.shopId,
    name: shop.name,
    isPaused: shop.isPaused,
    ...shop.settings,
    destinations: record.destinations,
    createdAt: record.createdAt,
    updatedAt: record.updatedAt,
  };
}
