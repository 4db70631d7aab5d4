import { ApiExtraModels, ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  IsNumber,
  IsObject,
  IsOptional,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  IsString,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { WHEN_LATE, type WhenLate } from '../../core/attempt/dial-order.js';
import { DIALING_MODES, JURISDICTIONS, type DialingMode, type Jurisdiction } from '../../core/order/shop-settings.js';
import { GreetingScriptDto } from './greeting-script.dto.js';
import { SkillRuleDto } from './skill-rule.dto.js';
import { HolidaysDto } from './holidays.dto.js';
import { TransferNumberDto } from './transfer-number.dto.js';
import { RetryDto } from './retry.dto.js';
import { IsAgentGroups, IsCallingRange, IsCountry, IsLanguageTag, IsTimeZoneName } from './shop-rules.js';

export const DESTINATION_EVENTS = ['order.outcome', 'order.attempt', 'order.callback_scheduled'] as const;

const HOURS = { type: 'string' as const, isArray: true as const, example: ['09:00-13:00', '14:00-20:00'] };

export class CallingHoursDto {
  @ApiPropertyOptional(HOURS) @IsOptional() @IsArray() @ArrayMaxSize(8) @IsCallingRange() mon?: string[];
  @ApiPropertyOptional(HOURS) @IsOptional() @IsArray() @ArrayMaxSize(8) @IsCallingRange() tue?: string[];
  @ApiPropertyOptional(HOURS) @IsOptional() @IsArray() @ArrayMaxSize(8) @IsCallingRange() wed?: string[];
  @ApiPropertyOptional(HOURS) @IsOptional() @IsArray() @ArrayMaxSize(8) @IsCallingRange() thu?: string[];
  @ApiPropertyOptional(HOURS) @IsOptional() @IsArray() @ArrayMaxSize(8) @IsCallingRange() fri?: string[];
  @ApiPropertyOptional(HOURS) @IsOptional() @IsArray() @ArrayMaxSize(8) @IsCallingRange() sat?: string[];
  @ApiPropertyOptional(HOURS) @IsOptional() @IsArray() @ArrayMaxSize(8) @IsCallingRange() sun?: string[];
}

export class FirstCallDto {
  @ApiPropertyOptional({ default: 300 }) @IsOptional() @IsInt() @Min(1) @Max(86_400) targetSeconds?: number;
  @ApiPropertyOptional({ default: 600 }) @IsOptional() @IsInt() @Min(1) @Max(86_400) deadlineSeconds?: number;
  @ApiPropertyOptional({ default: 0, description: 'pause before the first call' })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(86_400)
  delaySeconds?: number;
  @ApiPropertyOptional({
    enum: WHEN_LATE,
    default: 'oldest_first',
    description: 'whom first of the orders whose deadline has passed; with newest_first they come after all others',
  })
  @IsOptional()
  @IsIn(WHEN_LATE)
  whenLate?: WhenLate;
}

export class AbandonCapDto {
  @ApiProperty({ minimum: 0, maximum: 1, example: 0.01 }) @IsNumber() @Min(0) @Max(1) maxRatio: number;
  @ApiProperty({ minimum: 1, maximum: 2_160, example: 24 }) @IsInt() @Min(1) @Max(2_160) windowHours: number;
}

export class DestinationDto {
  @ApiProperty({ example: 'crm' }) @IsString() @Matches(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/) name: string;
  @ApiProperty({ example: 'https://shop.example/hooks/outcomes' }) @IsString() @MaxLength(2_000) url: string;

  @ApiProperty({ enum: DESTINATION_EVENTS, isArray: true })
  @IsArray()
  @ArrayNotEmpty()
  @ArrayUnique()
  @IsIn(DESTINATION_EVENTS, { each: true })
  events: string[];
}

/** Body of `PUT /v1/admin/shops/{shop}`. */
@ApiExtraModels(CallingHoursDto)
export class PutShopDto {
  @ApiProperty({ example: 'Demo shop' }) @IsString() @MinLength(1) @MaxLength(200) name: string;
  @ApiProperty({ example: 'Europe/Kyiv', description: 'IANA zone of buyers who have none of their own' })
  @IsTimeZoneName()
  timeZone: string;
  @ApiPropertyOptional({ default: 'UA', description: 'ISO 3166: how national telephone numbers are read' })
  @IsOptional()
  @IsCountry()
  country?: string;
  @ApiPropertyOptional({ default: 'uk', description: 'BCP 47' }) @IsOptional() @IsLanguageTag() language?: string;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    example: '+380441234567',
    description: 'absent: the trunk decides',
  })
  @IsOptional()
  @Matches(/^\+[1-9]\d{6,14}$/, { message: 'callerId must be an E.164 number, e.g. +380441234567' })
  callerId?: string | null;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { PL: '+48221234567' },
    description: "by ISO 3166 country of the buyer's number; goes before `callerId`",
  })
  @IsOptional()
  @IsObject()
  callerIds?: Record<string, string>;

  @ApiPropertyOptional({
    oneOf: [{ type: 'string', enum: ['always'] }, { $ref: '#/components/schemas/CallingHoursDto' }],
    description: '"always", or per weekday a list of HH:MM-HH:MM in the buyer\'s zone (default 09:00-20:00 each day)',
  })
  @ValidateIf(
    (shop: PutShopDto) =>
      shop.callingHours !== undefined && shop.callingHours !== null && shop.callingHours !== 'always',
  )
  @IsObject({ message: 'callingHours must be "always" or an object of weekdays (mon … sun) with lists of HH:MM-HH:MM' })
  @ValidateNested()
  @Type(() => CallingHoursDto)
  callingHours?: 'always' | CallingHoursDto;

  @ApiPropertyOptional({ type: HolidaysDto, description: 'days on which nobody is called' })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => HolidaysDto)
  holidays?: HolidaysDto;

  @ApiPropertyOptional({ type: FirstCallDto })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => FirstCallDto)
  firstCall?: FirstCallDto;
  @ApiPropertyOptional({ default: 72 }) @IsOptional() @IsNumber() @Min(0.01) @Max(2_160) giveUpAfterHours?: number;
  @ApiPropertyOptional({ type: RetryDto })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => RetryDto)
  retry?: RetryDto;

  @ApiPropertyOptional({ type: [AbandonCapDto] })
  @IsOptional()
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(8)
  @ArrayUnique((cap?: AbandonCapDto) => cap?.windowHours, { message: 'abandon must have different windows' })
  @ValidateNested({ each: true })
  @Type(() => AbandonCapDto)
  abandon?: AbandonCapDto[];

  @ApiPropertyOptional({
    type: 'array',
    items: {
      oneOf: [
        { type: 'string' },
        { type: 'object', properties: { group: { type: 'string' }, overflowAfterSeconds: { type: 'integer' } } },
      ],
    },
    default: ['default'],
    description: 'in order of overflow',
  })
  @IsOptional()
  @IsAgentGroups()
  agentGroups?: (string | { group: string; overflowAfterSeconds?: number })[];

  @ApiPropertyOptional({ default: 60, description: 'how long an order waits before the next group helps' })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(86_400)
  overflowAfterSeconds?: number;

  @ApiPropertyOptional({ type: [TransferNumberDto], description: 'where agents may hand a buyer over to' })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(20)
  @ArrayUnique((one: TransferNumberDto) => one.name.trim(), { message: 'names must be different' })
  @ValidateNested({ each: true })
  @Type(() => TransferNumberDto)
  transferNumbers?: TransferNumberDto[] | null;

  @ApiPropertyOptional({ type: [SkillRuleDto], description: 'which orders need which skill of an agent' })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @Type(() => SkillRuleDto)
  skillRules?: SkillRuleDto[];

  @ApiPropertyOptional({
    default: 0,
    description: 'how long an order waits for the agent who talked with the buyer before, while that agent is busy',
  })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(3_600)
  sameAgentSeconds?: number;

  @ApiPropertyOptional({ type: [DestinationDto] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(20)
  @ArrayUnique((destination?: DestinationDto) => destination?.name, {
    message: 'destinations must have different names',
  })
  @ValidateNested({ each: true })
  @Type(() => DestinationDto)
  destinations?: DestinationDto[];

  @ApiPropertyOptional({
    enum: JURISDICTIONS,
    default: 'generic',
    description: '"demo" only while the service listens on loopback',
  })
  @IsOptional()
  @IsIn(JURISDICTIONS)
  jurisdiction?: Jurisdiction;

  @ApiPropertyOptional({ enum: DIALING_MODES, default: 'progressive' })
  @IsOptional()
  @IsIn(DIALING_MODES)
  dialing?: DialingMode;
  @ApiPropertyOptional({
    default: 1,
    description: 'weight of the shop among shops that wait for the same group: 2 has twice the calls of 1',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(10)
  share?: number;
  @ApiPropertyOptional({ default: 100 }) @IsOptional() @IsInt() @Min(1) @Max(10_000) maxConcurrentCalls?: number;
  @ApiPropertyOptional({ default: 25, minimum: 15, maximum: 60 })
  @IsOptional()
  @IsInt()
  @Min(15)
  @Max(60)
  ringSeconds?: number;
  @ApiPropertyOptional({ enum: ['off', 'detect'], default: 'off' })
  @IsOptional()
  @IsIn(['off', 'detect'])
  answeringMachine?: 'off' | 'detect';

  @ApiPropertyOptional({ type: [GreetingScriptDto], description: 'what agents say first, one for each language' })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(20)
  @ArrayUnique((script?: GreetingScriptDto) => String(script?.language).toLowerCase(), {
    message: 'scripts must have different languages',
  })
  @ValidateNested({ each: true })
  @Type(() => GreetingScriptDto)
  scripts?: GreetingScriptDto[];
}

/** Body of `POST /v1/admin/shops/{shop}/rotate`. */
export class RotateDto {
  @ApiProperty({ example: 'webhookSecret', description: '`apiKey`, `webhookSecret` or `destination:<name>`' })
  @IsString()
  @Matches(/^(apiKey|webhookSecret|destination:[A-Za-z0-9][A-Za-z0-9._-]{0,63})$/, {
    message: 'what must be apiKey, webhookSecret or destination:<name>',
  })
  what: string;
}
