import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, IsUUID, Max, MaxLength, Min } from 'class-validator';
import type { DeliveryState } from './delivery.store.js';

const STATES: readonly DeliveryState[] = ['pending', 'delivered', 'parked', 'disabled', 'superseded'];

export class DeliveriesQuery {
  /** All states when absent. */
  @IsOptional()
  @IsIn(STATES)
  state?: DeliveryState;

  @IsOptional()
  @IsString()
  @MaxLength(64)
  shop?: string;

  /** `next` of the page before. */
  @IsOptional()
  @IsUUID()
  before?: string;

  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(200)
  limit?: number;
}
