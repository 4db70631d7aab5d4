import { ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayUnique, IsArray, IsBoolean, IsOptional, Matches } from 'class-validator';
import { IsCountry, IsDay } from './shop-rules.js';

/** `holidays` of `PUT /v1/admin/shops/{shop}`: days on which nobody is called. */
export class HolidaysDto {
  @ApiPropertyOptional({ description: 'public holidays are closed; default: as the jurisdiction says' })
  @IsOptional()
  @IsBoolean()
  isClosed?: boolean;

  @ApiPropertyOptional({ example: 'PL', description: "ISO 3166: whose holidays; default: the shop's country" })
  @IsOptional()
  @IsCountry()
  country?: string;

  @ApiPropertyOptional({ example: 'BY', description: 'ISO 3166-2 without the country: those of this region too' })
  @IsOptional()
  @Matches(/^[A-Z0-9]{1,3}$/, { message: 'region must be the part of an ISO 3166-2 code behind the country, e.g. BY' })
  region?: string;

  @ApiPropertyOptional({ type: [String], example: ['2026-12-31'], description: "closed days of the shop's own" })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(200)
  @ArrayUnique()
  @IsDay()
  dates?: string[];
}
