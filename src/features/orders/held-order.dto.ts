import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, IsUUID, Max, MaxLength, Min } from 'class-validator';

const INSTANT = { type: String, format: 'date-time' } as const;

export class HeldOrdersQuery {
  @ApiPropertyOptional({ enum: ['held'], default: 'held', description: 'no other state is listed' })
  @IsOptional()
  @IsIn(['held'])
  state?: 'held';

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @MaxLength(64)
  shop?: string;

  @ApiPropertyOptional({ format: 'uuid', description: '`next` of the page before' })
  @IsOptional()
  @IsUUID()
  before?: string;

  @ApiPropertyOptional({ default: 50, minimum: 1, maximum: 200 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(200)
  limit?: number;
}

/** A held order in an answer; nothing personal. */
export class HeldOrderDto {
  @ApiProperty({ format: 'uuid' }) id: string;
  @ApiProperty() shop: string;
  @ApiProperty() orderId: string;
  @ApiProperty({ description: 'why it is held, as in `waitingFor`' }) reason: string;
  @ApiProperty() attempts: number;
  @ApiProperty(INSTANT) registeredAt: Date;
  @ApiProperty({ ...INSTANT, nullable: true, description: 'when it ends by itself' }) giveUpAt: Date | null;
}

export class HeldOrderPageDto {
  @ApiProperty({ type: [HeldOrderDto] }) orders: HeldOrderDto[];
  @ApiProperty({ type: String, nullable: true, description: 'send it as `before`; null on the last page' })
  next: string | null;
}
