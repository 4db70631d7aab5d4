import { plainToInstance, Type } from 'class-transformer';
import { IsInt, IsString, ValidateNested, validateSync } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { VALIDATION, escapePointer, fieldErrors } from './validation.js';

class Day {
  @IsString({ each: true })
  hours: string[];
}
class Body {
  @IsInt()
  count: number;

  @ValidateNested()
  @Type(() => Day)
  day: Day;
}

const check = (value: object, prefix?: string): { pointer: string; detail: string }[] =>
  fieldErrors(validateSync(plainToInstance(Body, value), VALIDATION), prefix);

describe('field errors', () => {
  it('point to the field from the root of the body and say what is wrong', () => {
    expect(check({ count: 'x', day: { hours: [1] } })).toEqual([
      { pointer: '/count', detail: 'must be an integer number' },
      { pointer: '/day/hours', detail: 'each value must be a string' },
    ]);
  });

  it('start where the checked object stands', () => {
    expect(check({ count: 1, day: { hours: [], other: 1 } }, '/data')).toEqual([
      { pointer: '/data/day/other', detail: 'is not a known field' },
    ]);
  });

  it('do not repeat what was sent', () => {
    expect(JSON.stringify(check({ count: '<script>', day: 'secret' }))).not.toMatch(/script|secret/);
  });

  it('escape the two characters of a pointer that mean something', () => {
    expect(escapePointer('a/b~c')).toBe('a~1b~0c');
  });
});
