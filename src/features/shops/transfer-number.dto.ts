import { ApiProperty } from '@nestjs/swagger';
import { IsString, Matches, MaxLength } from 'class-validator';

/** A number of the shop's own to which agents may hand a buyer over. */
export class TransferNumberDto {
  @ApiProperty({ example: 'Warehouse', maxLength: 100, description: 'what agents choose by' })
  @IsString()
  @MaxLength(100)
  @Matches(/\S/, { message: 'name must not be empty' })
  name: string;

  @ApiProperty({ example: '+380441234567' })
  @Matches(/^\+[1-9]\d{6,14}$/, { message: 'number must be an E.164 number, e.g. +380441234567' })
  number: string;
}
