import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsISO8601,
  IsObject,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Matches,
  MaxLength,
  ValidateNested,
} from 'class-validator';
import { TRANSFER_MODES, type TransferMode } from '../../core/call/transfer.js';
import { AGENT_OUTCOMES, type AgentOutcome } from '../../core/order/order.js';

export class SignInDto {
  @ApiProperty({ maxLength: 64 })
  @IsString()
  @Length(1, 64)
  login: string;

  @ApiProperty({ maxLength: 128 })
  @IsString()
  @Length(1, 128)
  password: string;

  /** False: refused (409 `session.elsewhere`) while the agent is at work on another screen; absent: that screen's session ends. */
  @ApiPropertyOptional({ type: Boolean, nullable: true, default: true })
  @IsOptional()
  @IsBoolean()
  takeOver?: boolean | null;
}

export class EventsQueryDto {
  @ApiPropertyOptional({
    type: String,
    format: 'uuid',
    description: 'the screen’s name for itself; see `screen.state`',
  })
  @IsOptional()
  @IsUUID()
  screen?: string;
}

export class StateDto {
  @ApiProperty({ enum: ['ready', 'break'] })
  @IsIn(['ready', 'break'])
  state: 'ready' | 'break';

  /** Why it is a break: the agent's own word. */
  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 64, description: 'the agent’s own word for a break' })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  // A word for statistics, never a text about a buyer.
  @Matches(/^[\p{L}\p{N} _.-]*$/u, { message: 'must be letters, digits and spaces' })
  reason?: string | null;

  @ApiPropertyOptional({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'the call at hand when this was wished: `ready` changes nothing when another one is at hand by then',
  })
  @IsOptional()
  @IsUUID()
  callId?: string | null;
}

const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;

export class FiguresQueryDto {
  @ApiPropertyOptional({ type: String, format: 'date-time', description: 'default, and earliest: 24 hours ago' })
  @IsOptional()
  @Matches(RFC_3339, { message: 'must be an RFC 3339 date and time with offset' })
  @IsISO8601({ strict: true, strictSeparator: true })
  since?: string;
}

export class ArticleSearchDto {
  @ApiPropertyOptional({ type: String, maxLength: 200, description: 'beginnings of words that all must be there' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  search?: string;
}

class TransferToDto {
  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 64, description: 'login of a free agent' })
  @IsOptional()
  @IsString()
  @Length(1, 64)
  agent?: string | null;

  @ApiPropertyOptional({ type: Boolean, nullable: true, description: 'true: any free senior' })
  @IsOptional()
  @IsBoolean()
  senior?: boolean | null;

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 100, description: 'name of a number of the shop’s' })
  @IsOptional()
  @IsString()
  @Length(1, 100)
  number?: string | null;
}

/** To whom the buyer is handed over; exactly one of the three. */
export class TransferDto {
  @ApiProperty({ type: TransferToDto })
  @IsObject()
  @ValidateNested()
  @Type(() => TransferToDto)
  to: TransferToDto;

  @ApiProperty({ enum: TRANSFER_MODES, description: '`warm`: speak first, while the buyer hears music' })
  @IsIn(TRANSFER_MODES)
  mode: TransferMode;
}

/** More orders than a call can hold. */
const MOST_ORDERS = 50;

class WordDto {
  @ApiProperty({ enum: AGENT_OUTCOMES })
  @IsIn(AGENT_OUTCOMES)
  outcome: AgentOutcome;

  /** With `changed`: only the fields that differ, named as in the order. */
  @ApiPropertyOptional({
    type: Object,
    nullable: true,
    description: 'with `changed`: `delivery`, `items`, `customer`, `payment`, `comment`, only what differs',
  })
  @IsOptional()
  @IsObject()
  changes?: Record<string, unknown> | null;

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 2000 })
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  note?: string | null;

  /** With `callback`: RFC 3339, ahead, within 30 days. */
  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'with `callback`: ahead, within 30 days',
  })
  @IsOptional()
  @IsISO8601({ strict: true, strictSeparator: true })
  @Matches(RFC_3339, { message: 'must be an RFC 3339 date and time with offset' })
  callbackAt?: string | null;

  /** With `callback`: who rings back. */
  @ApiPropertyOptional({ enum: ['me', 'anyone'], nullable: true, default: 'anyone' })
  @IsOptional()
  @IsIn(['me', 'anyone'])
  callbackAgent?: 'me' | 'anyone' | null;
}

/** A word for a single order of the buyer. */
export class OrderOutcomeDto extends WordDto {
  @ApiProperty({ description: 'the shop’s number of an open order of this buyer', maxLength: 64 })
  @IsString()
  @Length(1, 64)
  orderId: string;
}

export class OutcomeDto extends WordDto {
  @ApiPropertyOptional({
    type: [OrderOutcomeDto],
    nullable: true,
    description: 'orders of this buyer that get a word of their own',
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MOST_ORDERS)
  @ValidateNested({ each: true })
  @Type(() => OrderOutcomeDto)
  orders?: OrderOutcomeDto[] | null;
}
