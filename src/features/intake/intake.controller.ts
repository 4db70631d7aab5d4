import { Controller, Get, Headers, Param, Post, Req, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBearerAuth,
  ApiBody,
  ApiExtraModels,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiResponse,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DialerError } from '../../core/shared/errors.js';
import { bearerToken } from '../../platform/auth/tokens.js';
import { ShopsService } from '../shops/shops.service.js';
import { IntakeService } from './intake.service.js';
import { CancelMessageDto, OrderMessageDto } from './order-message.dto.js';
import { OrderStatusReader } from './order-status.js';
import { AcceptedDto, OrderStatusDto } from './order-status.dto.js';

const REFUSALS: readonly [status: number, description: string][] = [
  [400, 'the body is not JSON (or not the same JSON to everybody: a key twice, a byte order mark)'],
  [401, 'unknown shop, bad or missing signature, or outside the tolerance of 300 s: one answer for all'],
  [409, 'the webhook-id was used for another body'],
  [413, 'more than 65,536 bytes'],
  [415, 'not application/json in UTF-8, or compressed'],
  [422, 'a field is wrong: every wrong field stands in `errors`'],
  [429, 'too many at once; see Retry-After. Nothing was stored'],
  [503, 'try again later; see Retry-After. Nothing was stored'],
];

/** Names the refusals of a route in the document. */
function Refuses(...statuses: number[]): MethodDecorator {
  return (target, key, descriptor) => {
    for (const [status, description] of REFUSALS) {
      if (!statuses.includes(status)) continue;
      ApiResponse({ status, description, content: { 'application/problem+json': {} } })(target, key, descriptor);
    }
  };
}

/** The shop's API (contract, section 2). */
@ApiTags('shop')
@Controller('v1/shops/:shop/orders')
export class IntakeController {
  constructor(
    private readonly intake: IntakeService,
    private readonly status: OrderStatusReader,
    private readonly shops: ShopsService,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Order in: a webhook, signed as Standard Webhooks 1.0.0' })
  @ApiParam({ name: 'shop' })
  @ApiHeader({ name: 'webhook-id', required: true, description: 'the same on each repeat of one message' })
  @ApiHeader({ name: 'webhook-timestamp', required: true, description: 'Unix seconds' })
  @ApiHeader({
    name: 'webhook-signature',
    required: true,
    description: '`v1,<base64 HMAC-SHA256 of id.timestamp.body>`, several separated by spaces',
  })
  @ApiExtraModels(OrderMessageDto, CancelMessageDto)
  @ApiBody({ schema: { oneOf: [{ $ref: getSchemaPath(OrderMessageDto) }, { $ref: getSchemaPath(CancelMessageDto) }] } })
  @ApiAcceptedResponse({
    type: AcceptedDto,
    description: 'stored durably; the same webhook-id with the same body gets the same answer again',
  })
  @Refuses(400, 401, 409, 413, 415, 422, 429, 503)
  async receive(
    @Param('shop') shopId: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const answer = await this.intake.receive(shopId, request.headers, body);
    await reply
      .status(202)
      .header('content-type', 'application/json; charset=utf-8')
      .header('cache-control', 'no-store')
      .send(answer);
  }

  @Get(':orderId')
  @ApiOperation({
    summary: 'An order with its attempts, deliveries and history, and why it is not being called right now',
  })
  @ApiBearerAuth()
  @ApiParam({ name: 'shop' })
  @ApiParam({ name: 'orderId', description: "the shop's own number" })
  @ApiOkResponse({ type: OrderStatusDto })
  @ApiResponse({ status: 404, description: 'the shop has no such order' })
  @Refuses(401, 503)
  async one(
    @Param('shop') shopId: string,
    @Param('orderId') orderId: string,
    @Headers('authorization') authorization: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const isKey = await this.shops.isApiKey(shopId, bearerToken(authorization) ?? '');
    if (!isKey) throw new DialerError('auth.failed', "Send the shop's API key as `Authorization: Bearer …`.");
    void reply.header('cache-control', 'no-store');
    return this.status.read(shopId, orderId);
  }
}
