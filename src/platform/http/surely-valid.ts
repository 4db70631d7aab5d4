import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, ValidationTypes } from 'class-validator';

type Check = (value: unknown) => boolean;
type Rule = (value: unknown, owner: object) => boolean;

/** What class-validator keeps of a decorator, as far as it is used here. */
interface Decoration {
  readonly type: string;
  readonly propertyName: string;
  readonly constraintCls: new () => object;
  readonly constraints: readonly unknown[] | undefined;
  readonly each: boolean;
  readonly validateIf?: unknown;
  readonly groups?: readonly string[];
}

interface Field {
  /** All must hold for the others to be asked. */
  readonly conditions: readonly Rule[];
  readonly rules: readonly Rule[];
}

/**
 * A quick answer to the question whether plain JSON is valid by the class-validator decorators of a class, unknown fields refused at every level: the same
 * rules, asked without a copy of the class and without error objects. True is sure. False means that the slow way has to be gone, which names what is wrong,
 * or that the class uses decorators of which this knows nothing.
 */
export function surelyValid(type: new () => object): Check {
  let check: Check | null = null;
  // At the first use: by then all decorators have been read.
  return (value) => (check ??= ofClass(type, new Map()))(value);
}

function ofClass(type: new () => object, known: Map<unknown, Check>): Check {
  const fields = new Map<string, Field>();
  // Classes may hold each other.
  const check: Check = (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    for (const key of Object.keys(value)) if (!fields.has(key)) return false;
    for (const [key, { conditions, rules }] of fields) {
      const inner = (value as Record<string, unknown>)[key];
      if (conditions.every((holds) => holds(inner, value)) && !rules.every((holds) => holds(inner, value)))
        return false;
    }
    return true;
  };
  known.set(type, check);
  const storage = getMetadataStorage();
  const decorations = storage.getTargetValidationMetadatas(type, '', false, false) as unknown as Decoration[];
  for (const decoration of decorations) {
    const { propertyName: name, constraints } = decoration;
    const field = fields.get(name) ?? { conditions: [], rules: [] };
    if (decoration.type === ValidationTypes.CONDITIONAL_VALIDATION) {
      const [asks] = (constraints ?? []) as ((owner: object, value: unknown) => boolean)[];
      if (asks === undefined) return never;
      fields.set(name, { ...field, conditions: [...field.conditions, (value, owner) => asks(owner, value)] });
      continue;
    }
    const rule = ruleOf(type, decoration, known);
    if (rule === null) return never;
    fields.set(name, { ...field, rules: [...field.rules, rule] });
  }
  return fields.size === 0 ? never : check;
}

/** null: of this kind nothing is known here. */
function ruleOf(type: new () => object, decoration: Decoration, known: Map<unknown, Check>): Rule | null {
  if ((decoration.groups?.length ?? 0) > 0 || decoration.validateIf !== undefined) return null;
  if (decoration.type === ValidationTypes.NESTED_VALIDATION) return nested(type, decoration, known);
  if (decoration.type !== ValidationTypes.CUSTOM_VALIDATION) return null;
  const { propertyName: property, constraints = [], each } = decoration;
  const validators = getMetadataStorage().getTargetValidatorConstraints(decoration.constraintCls);
  if (validators.length === 0 || validators.some(({ async }) => async)) return null;
  const instances = validators.map(({ instance }) => instance);
  return (value, object) => {
    const asked = { value, object, property, targetName: type.name, constraints: [...constraints] };
    const isRight = (one: unknown): boolean => instances.every((instance) => instance.validate(one, asked) === true);
    if (!each) return isRight(value);
    return Array.isArray(value) && value.every(isRight);
  };
}

function nested(type: new () => object, { propertyName }: Decoration, known: Map<unknown, Check>): Rule {
  // Which class stands in the field is known to class-transformer alone, which tells it by an example.
  const [example] = (plainToInstance(type, { [propertyName]: [{}] }) as Record<string, object[]>)[propertyName] ?? [];
  const inner = example?.constructor as (new () => object) | undefined;
  if (inner === undefined || inner === Object) return () => false;
  const check = known.get(inner) ?? ofClass(inner, known);
  return (value) => value === undefined || (Array.isArray(value) ? value.every(check) : check(value));
}

const never: Check = () => false;
