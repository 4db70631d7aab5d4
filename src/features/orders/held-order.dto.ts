import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { PageQuery } from '../../platform/http/page-query.dto.js';

const INSTANT = { type: String, format: 'date-time' } as const;

export class HeldOrdersQuery extends PageQuery {
  @ApiPropertyOptional({ enum: ['held'], default: 'held', description: 'no other state is listed' })
  @IsOptional()
  @IsIn(['held'])
  state?: 'held';
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
