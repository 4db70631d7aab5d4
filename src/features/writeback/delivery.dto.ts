import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { PageQuery } from '../../platform/http/page-query.dto.js';
import type { DeliveryEvent, DeliveryState } from './delivery.store.js';

const STATES: readonly DeliveryState[] = ['pending', 'delivered', 'parked', 'disabled', 'superseded'];
const EVENTS: readonly DeliveryEvent[] = ['order.outcome', 'order.attempt', 'order.callback_scheduled'];
const INSTANT = { type: String, format: 'date-time' } as const;

export class DeliveriesQuery extends PageQuery {
  @ApiPropertyOptional({ enum: STATES, description: 'all states when absent' })
  @IsOptional()
  @IsIn(STATES)
  state?: DeliveryState;
}

/** A delivery in an answer. */
export class DeliveryDto {
  @ApiProperty({ format: 'uuid', description: 'the `webhook-id` that the shop sees' }) id: string;
  @ApiProperty() shop: string;
  @ApiProperty() destination: string;
  @ApiProperty() orderId: string;
  @ApiProperty({ enum: EVENTS }) event: DeliveryEvent;
  @ApiProperty() sequence: number;
  @ApiProperty({ enum: STATES }) state: DeliveryState;
  @ApiProperty() tries: number;
  @ApiProperty({ type: Number, nullable: true, description: 'HTTP status of the last answer' })
  lastStatus: number | null;
  @ApiProperty({ type: String, nullable: true }) lastError: string | null;
  @ApiProperty(INSTANT) createdAt: Date;
  @ApiProperty({ ...INSTANT, nullable: true }) firstTryAt: Date | null;
  @ApiProperty({ ...INSTANT, nullable: true, description: 'null unless it is still to be sent' })
  nextTryAt: Date | null;
  @ApiProperty({ ...INSTANT, nullable: true }) deliveredAt: Date | null;
}

export class DeliveryPageDto {
  @ApiProperty({ type: [DeliveryDto] }) deliveries: DeliveryDto[];
  @ApiProperty({ type: String, nullable: true, description: 'send it as `before`; null on the last page' })
  next: string | null;
}
