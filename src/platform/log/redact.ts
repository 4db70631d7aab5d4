/** Names of fields whose values never reach a log line, however deep they stand. */
const PRIVATE_NAMES =
  /^(name|fullName|firstName|lastName|customer|buyer|phone|number|e164|callerId|email|address|city|slot|comment|note|changes|items|card|body|payload|metadata|login|parameters|detail|headers|cookie)$/i;
const PRIVATE_PARTS = /(phone|password|secret|token|authorization|apiKey|encrypted|signature)/i;

/** Anything that reads like a telephone number: a plus and 7–15 digits, or 9–15 digits in a row that are not part of a longer word. */
const PHONE = /\+\d[\d\s().-]{6,18}\d|(?<![\w-])\d{9,15}(?![\w-])/g;
const HIDDEN = '[hidden]';
const DEEPEST = 4;

/** A copy that is safe to write: private fields hidden, telephone numbers struck out of every text, errors as `{type, code, message, stack}`. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value);
  if (value === null || typeof value === 'number' || typeof value === 'boolean' || value === undefined) return value;
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Error) return redactError(value, depth);
  if (typeof value !== 'object' || depth >= DEEPEST || Buffer.isBuffer(value)) return HIDDEN;
  if (Array.isArray(value)) return value.slice(0, 50).map((item) => redact(item, depth + 1));
  const copy: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) copy[name] = isPrivate(name) ? HIDDEN : redact(item, depth + 1);
  return copy;
}

/** True when a field of this name is hidden. */
export function isPrivate(name: string): boolean {
  return PRIVATE_NAMES.test(name) || PRIVATE_PARTS.test(name);
}

function redactText(text: string): string {
  return text.length > 8_000 ? redactText(text.slice(0, 8_000)) : text.replace(PHONE, HIDDEN);
}

function redactError(error: Error, depth: number): unknown {
  const { code } = error as { code?: unknown };
  // Only named parts are taken: drivers hang parameters, rows and requests on their errors.
  return {
    type: error.name,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    message: redactText(error.message),
    ...(error.stack === undefined ? {} : { stack: redactText(error.stack.split('\n').slice(1, 12).join('\n')) }),
    ...(error.cause === undefined || depth >= DEEPEST ? {} : { cause: redact(error.cause, depth + 1) }),
  };
}
