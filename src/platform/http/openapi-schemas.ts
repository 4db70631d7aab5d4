import { getMetadataStorage } from 'class-validator';

/** The part of JSON Schema that the rules of class-validator can say. */
export interface Schema {
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  enum?: unknown[];
  [keyword: string]: unknown;
}

interface Rule {
  readonly propertyName: string;
  readonly type: string;
  readonly name?: string;
  readonly constraints?: readonly unknown[];
  readonly each?: boolean;
}

type Translate = (constraints: readonly unknown[]) => Schema;

const TRANSLATIONS: Readonly<Record<string, Translate>> = {
  isString: () => ({ type: 'string' }),
  isInt: () => ({ type: 'integer' }),
  isNumber: () => ({ type: 'number' }),
  isBoolean: () => ({ type: 'boolean' }),
  isArray: () => ({ type: 'array' }),
  isObject: () => ({ type: 'object' }),
  isIn: ([values]) => ({ enum: values as unknown[] }),
  equals: ([value]) => ({ const: value }),
  min: ([minimum]) => ({ minimum }),
  max: ([maximum]) => ({ maximum }),
  isLength: ([minLength, maxLength]) => ({ minLength, ...(maxLength === undefined ? {} : { maxLength }) }),
  minLength: ([minLength]) => ({ minLength }),
  maxLength: ([maxLength]) => ({ maxLength }),
  matches: ([pattern]) => ({ pattern: (pattern as RegExp).source }),
  isIso8601: () => ({ type: 'string', format: 'date-time' }),
  isUuid: () => ({ type: 'string', format: 'uuid' }),
  arrayMinSize: ([minItems]) => ({ minItems }),
  arrayMaxSize: ([maxItems]) => ({ maxItems }),
  arrayNotEmpty: () => ({ minItems: 1 }),
  arrayUnique: () => ({ uniqueItems: true }),
};

/**
 * Describes the input classes that the document knows by name only, by the rules that check them: a class needs no second set of decorators.
 * @param schemas  `components.schemas` of the document; those without properties are filled in place
 */
export function fillSchemas(schemas: Record<string, Schema>): void {
  const classes = new Map(inputClasses().map((target) => [target.name, target]));
  for (const [name, schema] of Object.entries(schemas)) {
    const target = classes.get(name);
    if (target !== undefined && Object.keys(schema.properties ?? {}).length === 0)
      Object.assign(schema, schemaOf(target));
  }
}

/** JSON Schema of an input class. */
export function schemaOf(target: abstract new (...parameters: never[]) => unknown): Schema {
  const rules = getMetadataStorage().getTargetValidationMetadatas(target, '', false, false) as unknown as Rule[];
  const properties: Record<string, Schema> = {};
  const optional = new Set<string>();
  for (const rule of rules) {
    const schema = (properties[rule.propertyName] ??= {});
    if (rule.type === 'conditionalValidation') optional.add(rule.propertyName);
    const said = TRANSLATIONS[rule.name ?? '']?.(rule.constraints ?? []) ?? {};
    if (rule.each === true) schema.items = { ...schema.items, ...said };
    else Object.assign(schema, said);
  }
  for (const [name, schema] of Object.entries(properties)) {
    if (schema.items !== undefined) schema.type = 'array';
    // What is optional may also be null (contract, section 2).
    if (optional.has(name) && typeof schema.type === 'string') schema.type = [schema.type, 'null'];
  }
  const required = Object.keys(properties).filter((name) => !optional.has(name));
  return { type: 'object', properties, additionalProperties: false, ...(required.length === 0 ? {} : { required }) };
}

function inputClasses(): (new () => unknown)[] {
  const { validationMetadatas } = getMetadataStorage() as unknown as {
    validationMetadatas: Map<new () => unknown, unknown>;
  };
  return [...validationMetadatas.keys()].filter((target) => typeof target === 'function');
}
