import 'reflect-metadata';
import { plainToInstance, Type } from 'class-transformer';
import {
  Allow,
  ArrayMaxSize,
  IsArray,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
  validateSync,
} from 'class-validator';
import { describe, expect, it } from 'vitest';
import { surelyValid } from './surely-valid.js';
import { VALIDATION } from './validation.js';

class Leaf {
  @IsString() @MaxLength(3) name: string;
  @IsOptional() @IsInt() @Min(0) @Max(9) n?: number | null;
}

class Base {
  @IsOptional() @Matches(/^a+$/) tag?: string | null;
}

class Tree extends Base {
  @IsIn(['x', 'y']) kind: string;
  @ValidateNested() @Type(() => Leaf) leaf: Leaf;
  @IsOptional() @IsArray() @ArrayMaxSize(2) @ValidateNested({ each: true }) @Type(() => Leaf) leaves?: Leaf[] | null;
  @IsOptional() @IsString({ each: true }) words?: string[] | null;
}

class Grouped {
  @IsString({ groups: ['some'] }) name: string;
}

class Conditional {
  @IsString() name: string;
  @Allow() anything: unknown;
}

const isSurely = surelyValid(Tree);
const slowly = (value: object): boolean =>
  validateSync(plainToInstance(Tree, structuredClone(value)), VALIDATION).length === 0;

const RIGHT = {
  kind: 'x',
  leaf: { name: 'abc', n: 3 },
  leaves: [{ name: 'a' }, { name: 'b', n: null }],
  words: ['a'],
  tag: 'aa',
};

describe('what is surely valid', () => {
  it('is what is valid the slow way', () => {
    expect([isSurely(RIGHT), slowly(RIGHT)]).toEqual([true, true]);
    expect(isSurely({ kind: 'y', leaf: { name: '' } })).toBe(true);
  });

  it.each<[string, object]>([
    ['an unknown field', { ...RIGHT, other: 1 }],
    ['an unknown field within', { ...RIGHT, leaf: { name: 'a', other: 1 } }],
    ['an unknown field in a list', { ...RIGHT, leaves: [{ name: 'a', other: 1 }] }],
    ['a missing field', { leaf: { name: 'a' } }],
    ['a missing field within', { ...RIGHT, leaf: {} }],
    ['a wrong word', { ...RIGHT, kind: 'z' }],
    ['a number beyond', { ...RIGHT, leaf: { name: 'a', n: 10 } }],
    ['no number', { ...RIGHT, leaf: { name: 'a', n: '1' } }],
    ['a long text', { ...RIGHT, leaf: { name: 'abcd' } }],
    ['no object', { ...RIGHT, leaf: 'a' }],
    ['nothing where an object is needed', { ...RIGHT, leaf: null }],
    ['no list', { ...RIGHT, leaves: { name: 'a' } }],
    ['a list in a list', { ...RIGHT, leaves: [[{ name: 'a' }]] }],
    ['nothing in a list', { ...RIGHT, leaves: [null] }],
    ['a list too long', { ...RIGHT, leaves: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] }],
    ['a wrong one among many', { ...RIGHT, words: ['a', 1] }],
    ['a wrong field of the class beneath', { ...RIGHT, tag: 'b' }],
    ['a key that every object has', JSON.parse('{"kind":"x","leaf":{"name":"a"},"constructor":1}') as object],
  ])('is not %s', (_name, value) => {
    expect(isSurely(value)).toBe(false);
  });

  it('is none of what is no object', () => {
    for (const value of [null, undefined, 1, 'x', [], [RIGHT]]) expect(isSurely(value)).toBe(false);
  });

  it('is nothing where a decorator says more than is known here', () => {
    expect(surelyValid(Grouped)({ name: 'a' })).toBe(false);
    expect(surelyValid(Conditional)({ name: 'a', anything: 1 })).toBe(false);
    expect(surelyValid(class {})({})).toBe(false);
  });

  it('never says yes where the slow way says no, whatever is put together', () => {
    const values: unknown[] = [
      undefined,
      null,
      '',
      'a',
      'aa',
      'abcd',
      0,
      9,
      10,
      -1,
      1.5,
      [],
      [1],
      ['a'],
      {},
      { name: 'a' },
      [{ name: 'a', n: 1 }],
      [null],
    ];
    let agreed = 0;
    for (const kind of ['x', 'z', null])
      for (const leaf of values)
        for (const leaves of values)
          for (const words of values) {
            const one = { kind, leaf, leaves, words };
            if (!isSurely(one)) continue;
            expect(slowly(one), JSON.stringify(one)).toBe(true);
            agreed += 1;
          }
    expect(agreed).toBeGreaterThan(20);
  });
});
