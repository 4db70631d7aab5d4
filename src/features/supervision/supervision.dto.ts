import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, Matches, MaxLength } from 'class-validator';

export class FloorStateDto {
  @ApiProperty({ enum: ['break'], description: 'nobody is made ready by somebody else' })
  @IsIn(['break'])
  state: 'break';

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 64, default: 'supervisor' })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  // A word for statistics, never a text about a person.
  @Matches(/^[\p{L}\p{N} _.-]*$/u, { message: 'must be letters, digits and spaces' })
  reason?: string | null;
}
