import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { Type } from 'class-transformer';
import { IsLanguageTag } from './shop-rules.js';

/** Body of `PUT /v1/admin/shops/{shop}/articles/{article}`. */
export class PutArticleDto {
  @ApiProperty({ maxLength: 200 })
  @IsString()
  @MaxLength(200)
  @Matches(/\S/, { message: 'title must not be empty' })
  title: string;

  @ApiProperty({
    maxLength: 20_000,
    description:
      'Markdown: headings, paragraphs, emphasis, lists, quotes, code, tables, links (https, mailto, tel); HTML and pictures are not shown',
  })
  @IsString()
  @MaxLength(20_000)
  @Matches(/\S/, { message: 'body must not be empty' })
  body: string;

  @ApiPropertyOptional({ type: String, nullable: true, example: 'uk', description: 'BCP 47' })
  @IsOptional()
  @IsLanguageTag()
  language?: string | null;

  @ApiPropertyOptional({ type: [String], description: 'at most 20 words of at most 64 characters' })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(20)
  @ArrayUnique()
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  @Matches(/\S/, { each: true, message: 'tags must not be empty' })
  tags?: string[];
}

export class ArticlesQueryDto {
  @ApiPropertyOptional({ type: String, maxLength: 200, description: 'beginnings of words that all must be there' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  search?: string;

  @ApiPropertyOptional({ type: Number, default: 50, minimum: 1, maximum: 500 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(500)
  limit?: number;
}
