import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min, MinLength } from 'class-validator';
import { IsLanguageTag } from './shop-rules.js';

/** Which orders need which skill: all conditions that are given must hold. */
export class SkillRuleDto {
  @ApiPropertyOptional({ type: String, nullable: true, example: 'electronics', description: '`group` of an item' })
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  itemGroup?: string | null;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    example: 'pl',
    description: "BCP 47; the buyer's, else the shop's",
  })
  @IsOptional()
  @IsLanguageTag()
  language?: string | null;

  @ApiPropertyOptional({ type: String, nullable: true, example: 'Київ', description: '`city` of the delivery' })
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  region?: string | null;

  @ApiProperty({ example: 'tv', description: "as it stands among an agent's `skills`" })
  @IsString()
  @MaxLength(64)
  @Matches(/\S/, { message: 'skill must not be empty' })
  skill: string;

  @ApiPropertyOptional({
    type: Number,
    nullable: true,
    minimum: 0,
    maximum: 604_800,
    description: 'an order that has waited so long may go to an agent without the skill; absent: never',
  })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(604_800)
  relaxAfterSeconds?: number | null;
}
