import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsBoolean, IsInt, IsNumber, IsOptional, Matches, Max, Min } from 'class-validator';

/** Body of `PUT /v1/admin/trunks/{trunk}`. */
export class TrunkDto {
  @ApiProperty({
    example: 'PJSIP/{number}@trunk',
    description: 'dial string; {number} becomes the E.164 number with plus',
  })
  @Matches(/^PJSIP\/\{number\}@[A-Za-z0-9_.-]{1,64}$/, { message: 'endpoint must look like PJSIP/{number}@trunk-name' })
  endpoint: string;

  @ApiPropertyOptional({ type: [String], example: ['+380441234567'] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @Matches(/^\+[1-9]\d{6,14}$/, { each: true, message: 'callerIds must be E.164 numbers such as +380441234567' })
  callerIds?: string[];

  @ApiProperty({ minimum: 1, maximum: 10_000 })
  @IsInt()
  @Min(1)
  @Max(10_000)
  maxChannels: number;

  @ApiProperty({ minimum: 0.1, maximum: 1_000 })
  @IsNumber()
  @Min(0.1)
  @Max(1_000)
  callsPerSecond: number;

  @ApiPropertyOptional({ type: [String], example: ['+380'], description: 'numbers that may go this way; empty = all' })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(1_000)
  @Matches(/^\+[1-9]\d{0,14}$/, { each: true, message: 'prefixes must begin with + and a country code, such as +380' })
  prefixes?: string[];

  @ApiPropertyOptional({ minimum: 0, maximum: 1_000, default: 0, description: 'the smaller, the sooner' })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(1_000)
  priority?: number;

  @ApiPropertyOptional({ default: true })
  @IsOptional()
  @IsBoolean()
  isEnabled?: boolean;
}
