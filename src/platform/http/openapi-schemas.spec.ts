import { IsArray, IsIn, IsInt, IsOptional, IsString, Length, Matches, Max, Min } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { fillSchemas, schemaOf } from './openapi-schemas.js';

class StateProbe {
  @IsIn(['ready', 'break'])
  state: string;

  @IsOptional()
  @IsString()
  @Length(1, 64)
  @Matches(/^[a-z]+$/)
  reason?: string | null;

  @IsInt()
  @Min(0)
  @Max(9)
  priority: number;

  @IsOptional()
  @IsArray()
  @IsString({ each: true })
  skills?: string[];
}

describe('schemas of the document', () => {
  const described = {
    type: 'object',
    additionalProperties: false,
    required: ['state', 'priority'],
    properties: {
      state: { enum: ['ready', 'break'] },
      reason: { type: ['string', 'null'], minLength: 1, maxLength: 64, pattern: '^[a-z]+$' },
      priority: { type: 'integer', minimum: 0, maximum: 9 },
      skills: { type: ['array', 'null'], items: { type: 'string' } },
    },
  };

  it('say what the rules of the class say', () => {
    const schema = schemaOf(StateProbe);
    expect({ ...schema, required: [...(schema.required ?? [])].sort().reverse() }).toEqual(described);
  });

  it('are filled in where the document has none, and left alone where it has', () => {
    const schemas = { StateProbe: { type: 'object', properties: {} }, Other: { type: 'object', properties: {} } };
    fillSchemas(schemas);
    expect(Object.keys(schemas.StateProbe.properties)).toHaveLength(4);
    expect(schemas.Other.properties).toEqual({});
    const kept = { StateProbe: { properties: { own: {} } } };
    fillSchemas(kept);
    expect(kept.StateProbe.properties).toEqual({ own: {} });
  });
});
