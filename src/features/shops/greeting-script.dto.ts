import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength, MinLength } from 'class-validator';
import { IsLanguageTag } from './shop-rules.js';

/** What agents say first, in one language. */
export class GreetingScriptDto {
  @ApiProperty({ example: 'uk', description: 'BCP 47' }) @IsLanguageTag() language: string;

  @ApiProperty({
    maxLength: 2_000,
    example: 'Добрий день[, {customer.name}]! Мене звати {agent.name}, магазин «{shop.name}».',
    description: 'names in braces are filled in; a part in square brackets is said only when all names in it are known',
  })
  @IsString()
  @MinLength(1)
  @MaxLength(2_000)
  text: string;
}
