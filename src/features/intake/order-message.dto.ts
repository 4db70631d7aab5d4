import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  Equals,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import {
  IsJsonObject,
  IsLanguage,
  IsMailAddress,
  IsQuantity,
  IsRfc3339,
  IsSlot,
  IsStringMap,
  IsText,
  IsZone,
} from './order-rules.js';

const TEXT = { type: String, nullable: true } as const;
const ORDER_ID = /^[A-Za-z0-9._:-]{1,64}$/;
const ORDER_ID_TEXT = 'must be 1–64 characters of A–Z a–z 0–9 . _ : -';
const LARGEST_VERSION = 2_147_483_647;

export class CustomerDto {
  @ApiPropertyOptional(TEXT) @IsOptional() @IsText(200) name?: string | null;
  /** Judged together with the shop's country, in `order-message.ts`. */
  @ApiProperty({ example: '+380671234567', description: "E.164, or a national form of the shop's country" })
  @IsString({ message: 'must be a text' })
  @MaxLength(32, { message: 'must have at most 32 characters' })
  phone: string;
  @ApiPropertyOptional({ ...TEXT, example: 'uk', description: 'BCP 47' }) @IsOptional() @IsLanguage() language?:
    string | null;
  @ApiPropertyOptional({ ...TEXT, example: 'Europe/Kyiv', description: 'IANA' }) @IsOptional() @IsZone() timeZone?:
    string | null;
  @ApiPropertyOptional(TEXT) @IsOptional() @IsMailAddress() email?: string | null;
}

export class ItemDto {
  @ApiPropertyOptional(TEXT) @IsOptional() @IsText(100) sku?: string | null;
  @ApiPropertyOptional(TEXT) @IsOptional() @IsText(500) name?: string | null;
  @ApiPropertyOptional({ type: Number, nullable: true }) @IsOptional() @IsQuantity() quantity?: number | null;
  @ApiPropertyOptional({ ...TEXT, example: '15999.00' })
  @IsOptional()
  @IsString({ message: 'must be a decimal string' })
  @MaxLength(20)
  unitPrice?: string | null;
  @ApiPropertyOptional(TEXT) @IsOptional() @IsText(100) group?: string | null;
}

export class TotalDto {
  @ApiProperty({ example: '15999.00', description: 'decimal string with the digits of the currency, 0 or more' })
  @IsString({ message: 'must be a decimal string' })
  @MaxLength(20, { message: 'must have at most 20 characters' })
  amount: string;
  @ApiProperty({ example: 'UAH', description: 'ISO 4217' })
  @IsString({ message: 'must be an ISO 4217 code' })
  @MaxLength(3, { message: 'must be an ISO 4217 code' })
  currency: string;
}

export class PaymentDto {
  @ApiPropertyOptional({ ...TEXT, example: 'cash_on_delivery' }) @IsOptional() @IsText(100) method?: string | null;
  @ApiPropertyOptional({ type: Boolean, nullable: true })
  @IsOptional()
  @IsBoolean({ message: 'must be true or false' })
  paid?: boolean | null;
}

export class DeliveryDto {
  @ApiPropertyOptional({ ...TEXT, example: 'courier' }) @IsOptional() @IsText(100) method?: string | null;
  @ApiPropertyOptional(TEXT) @IsOptional() @IsText(200) city?: string | null;
  @ApiPropertyOptional(TEXT) @IsOptional() @IsText(500) address?: string | null;
  @ApiPropertyOptional(TEXT) @IsOptional() @IsText(300) pickupPoint?: string | null;
  @ApiPropertyOptional({ ...TEXT, description: 'ISO 8601 interval' }) @IsOptional() @IsSlot() slot?: string | null;
}

export class SourceDto {
  @ApiPropertyOptional(TEXT) @IsOptional() @IsText(100) channel?: string | null;
  @ApiPropertyOptional(TEXT) @IsOptional() @IsText(200) campaign?: string | null;
}

export class OrderDataDto {
  @ApiProperty({ example: 'A-1001', description: ORDER_ID_TEXT })
  @Matches(ORDER_ID, { message: ORDER_ID_TEXT })
  orderId: string;

  @ApiPropertyOptional({
    type: Number,
    minimum: 1,
    default: 1,
    description: 'a message with a lower or equal one changes nothing',
  })
  @IsOptional()
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be at least 1' })
  @Max(LARGEST_VERSION, { message: `must be at most ${LARGEST_VERSION}` })
  version?: number | null;

  @ApiPropertyOptional({ ...TEXT, description: "RFC 3339; default: the webhook's timestamp; at most 300 s ahead" })
  @IsOptional()
  @IsRfc3339()
  registeredAt?: string | null;

  @ApiProperty({ type: CustomerDto }) @IsJsonObject() @ValidateNested() @Type(() => CustomerDto) customer: CustomerDto;

  @ApiPropertyOptional({ type: [ItemDto], nullable: true })
  @IsOptional()
  @IsArray({ message: 'must be a list' })
  @ArrayMaxSize(200, { message: 'must have at most 200 entries' })
  @ValidateNested({ each: true })
  @Type(() => ItemDto)
  items?: ItemDto[] | null;

  @ApiProperty({ type: TotalDto }) @IsJsonObject() @ValidateNested() @Type(() => TotalDto) total: TotalDto;
  @ApiPropertyOptional({ type: PaymentDto, nullable: true })
  @IsOptional()
  @IsJsonObject()
  @ValidateNested()
  @Type(() => PaymentDto)
  payment?: PaymentDto | null;
  @ApiPropertyOptional({ type: DeliveryDto, nullable: true })
  @IsOptional()
  @IsJsonObject()
  @ValidateNested()
  @Type(() => DeliveryDto)
  delivery?: DeliveryDto | null;
  @ApiPropertyOptional({ type: SourceDto, nullable: true })
  @IsOptional()
  @IsJsonObject()
  @ValidateNested()
  @Type(() => SourceDto)
  source?: SourceDto | null;

  @ApiPropertyOptional({ type: Number, nullable: true, minimum: 0, maximum: 9, default: 0, description: '9 first' })
  @IsOptional()
  @IsInt({ message: 'must be a whole number from 0 to 9' })
  @Min(0, { message: 'must be a whole number from 0 to 9' })
  @Max(9, { message: 'must be a whole number from 0 to 9' })
  priority?: number | null;

  @ApiPropertyOptional({ ...TEXT, description: "RFC 3339; call by then instead of the shop's deadline" })
  @IsOptional()
  @IsRfc3339()
  confirmBy?: string | null;
  @ApiPropertyOptional(TEXT) @IsOptional() @IsText(2_000) comment?: string | null;

  @ApiPropertyOptional({ type: 'object', additionalProperties: { type: 'string' }, nullable: true })
  @IsOptional()
  @IsStringMap()
  metadata?: Record<string, string> | null;
}

export class CancelDataDto {
  @ApiProperty({ example: 'A-1001' }) @Matches(ORDER_ID, { message: ORDER_ID_TEXT }) orderId: string;

  @ApiProperty({ minimum: 1 })
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be at least 1' })
  @Max(LARGEST_VERSION, { message: `must be at most ${LARGEST_VERSION}` })
  version: number;

  @ApiPropertyOptional(TEXT) @IsOptional() @IsText(500) reason?: string | null;
}

class EnvelopeDto {
  @ApiPropertyOptional({ ...TEXT, description: 'RFC 3339: when it happened' }) @IsOptional() @IsRfc3339() timestamp?:
    string | null;
}

const UNKNOWN_TYPE = 'must be order.created, order.updated or order.cancelled';

/** `order.created` and `order.updated`: the latter needs a version. */
export class OrderMessageDto extends EnvelopeDto {
  @ApiProperty({ enum: ['order.created', 'order.updated'] })
  @IsIn(['order.created', 'order.updated'], { message: UNKNOWN_TYPE })
  type: 'order.created' | 'order.updated';

  @ApiProperty({ type: OrderDataDto }) @IsJsonObject() @ValidateNested() @Type(() => OrderDataDto) data: OrderDataDto;
}

export class CancelMessageDto extends EnvelopeDto {
  @ApiProperty({ enum: ['order.cancelled'] })
  @Equals('order.cancelled', { message: UNKNOWN_TYPE })
  type: 'order.cancelled';
  @ApiProperty({ type: CancelDataDto })
  @IsJsonObject()
  @ValidateNested()
  @Type(() => CancelDataDto)
  data: CancelDataDto;
}
