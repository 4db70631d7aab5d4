import { ValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { DialerError, type FieldError } from '../../core/shared/errors.js';

/**
 * class-validator's errors as JSON Pointers (RFC 6901), one for each wrong field.
 * @param prefix  pointer of the object that was checked, e.g. `/data`; '' for the body's root
 */
export function fieldErrors(errors: readonly ValidationError[], prefix = ''): FieldError[] {
  return errors.flatMap((error) => {
    const pointer = error.property === undefined ? prefix : `${prefix}/${escapePointer(error.property)}`;
    const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
      pointer,
      detail: detailOf(rule, message, error.property),
    }));
    const [first] = own;
    // Of a field that is not there, every rule fails and none of their texts helps.
    if (first !== undefined && error.target !== undefined && error.value === undefined && !isUnknown(error)) {
      return [{ pointer, detail: 'is required' }];
    }
    // One line per field: the first rule that failed says enough, and the second one is mostly its echo.
    return [...(first === undefined ? [] : [first]), ...fieldErrors(error.children ?? [], pointer)];
  });
}

function isUnknown(error: ValidationError): boolean {
  return 'whitelistValidation' in (error.constraints ?? {}) || 'unknownValue' in (error.constraints ?? {});
}

/** One step of a JSON Pointer. */
export function escapePointer(step: string): string {
  return step.replaceAll('~', '~0').replaceAll('/', '~1');
}

function detailOf(rule: string, message: string, property: string | undefined): string {
  if (rule === 'whitelistValidation') return 'is not a known field';
  if (rule === 'unknownValue') return 'must be a JSON object';
  const named =
    property === undefined
      ? message
      : message.replace(new RegExp(`^(each value in )?${escapeRegExp(property)} `), '$1');
  return named
    .replace(/^each value in (?=must |should )/, 'each value ')
    .replace(/^nested property .+ must be either object or array$/, 'must be an object')
    .replace(/^each value in nested property .+ must be either object or array$/, 'each value must be an object');
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** The refusal of a body with wrong fields: 422 with `errors[]`. */
export function invalidInput(errors: readonly FieldError[]): DialerError {
  return new DialerError('input.invalid', 'A field is wrong; see errors.', { fieldErrors: errors });
}

/** Options with which every input is checked: unknown fields are refused at every level. */
export const VALIDATION = { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true } as const;

/** Checks `@Body()`, `@Query()` and `@Param()` against their class; wrong ones are refused with 422 and the pointer of each wrong field. */
export class InputPipe extends ValidationPipe {
  constructor() {
    super({ ...VALIDATION, transform: true, exceptionFactory: (errors) => invalidInput(fieldErrors(errors)) });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const isDto = metadata.type === 'body' && this.toValidate(metadata) && !Buffer.isBuffer(value);
    if (isDto && (typeof value !== 'object' || value === null || Array.isArray(value))) {
      throw invalidInput([{ pointer: '', detail: 'must be a JSON object' }]);
    }
    return super.transform(value, metadata) as Promise<unknown>;
  }
}
