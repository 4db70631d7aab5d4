import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsNumber, IsObject, IsOptional, Max, Min, ValidateNested } from 'class-validator';

export class RetryRuleDto {
  @ApiProperty({ minimum: 1, maximum: 100 }) @IsInt() @Min(1) @Max(100) maxAttempts: number;
  @ApiProperty({ minimum: 0, maximum: 10_080, description: 'less than 1 only with jurisdiction "demo"' })
  @IsNumber()
  @Min(0)
  @Max(10_080)
  gapMinutes: number;
}

const RULE = { type: RetryRuleDto };

/** One rule per attempt result; the names are those of the results. */
export class RetryByResultDto {
  @ApiPropertyOptional(RULE)
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => RetryRuleDto)
  answered?: RetryRuleDto;
  @ApiPropertyOptional(RULE)
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => RetryRuleDto)
  machine?: RetryRuleDto;
  @ApiPropertyOptional(RULE) @IsOptional() @IsObject() @ValidateNested() @Type(() => RetryRuleDto) busy?: RetryRuleDto;
  @ApiPropertyOptional(RULE)
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => RetryRuleDto)
  no_answer?: RetryRuleDto;
  @ApiPropertyOptional(RULE)
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => RetryRuleDto)
  rejected?: RetryRuleDto;
  @ApiPropertyOptional(RULE)
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => RetryRuleDto)
  invalid_number?: RetryRuleDto;
  @ApiPropertyOptional(RULE)
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => RetryRuleDto)
  unobtainable?: RetryRuleDto;
  @ApiPropertyOptional(RULE)
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => RetryRuleDto)
  carrier_failure?: RetryRuleDto;
  @ApiPropertyOptional(RULE)
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => RetryRuleDto)
  abandoned?: RetryRuleDto;
  @ApiPropertyOptional(RULE)
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => RetryRuleDto)
  system_failure?: RetryRuleDto;
}

export class RetryDto extends RetryByResultDto {
  @ApiPropertyOptional({ default: 6, description: 'attempts of one order in all' })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(100)
  maxAttempts?: number;

  @ApiPropertyOptional({ default: 3, description: 'attempts of one order in 24 hours' })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(100)
  maxPer24Hours?: number;

  @ApiPropertyOptional({ default: 120 }) @IsOptional() @IsNumber() @Min(0) @Max(10_080) gapMinutes?: number;

  @ApiPropertyOptional({
    default: 30,
    description: 'first calls go before a retry if their deadline is nearer than this after the retry became due',
  })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(1_440)
  patienceMinutes?: number;

  @ApiPropertyOptional({ type: RetryByResultDto, description: 'the same rules per result, in an object of their own' })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => RetryByResultDto)
  byResult?: RetryByResultDto;
}
