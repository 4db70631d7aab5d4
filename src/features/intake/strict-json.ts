import { decodeUtf8 } from '../../platform/http/body-parser.js';

/** How deep a body may nest; an order needs five levels. */
const MOST_LEVELS = 16;

export type JsonAnswer =
  { readonly isOk: true; readonly value: unknown } | { readonly isOk: false; readonly why: string };

/**
 * Reads JSON that means the same to everybody (I-JSON, RFC 7493): UTF-8 without a byte order mark, no key twice in one object, not deeper than
 * 16 levels, no key `__proto__`.
 */
export function readStrictJson(bytes: Buffer): JsonAnswer {
  const refuse = (why: string): JsonAnswer => ({ isOk: false, why });
  if (bytes.length === 0) return refuse('The body is empty.');
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf)
    return refuse('The body begins with a byte order mark.');
  const text = decodeUtf8(bytes);
  if (text === null) return refuse('The body is not UTF-8.');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse('The body is not JSON.');
  }
  const flaw = findFlaw(text);
  return flaw === null ? { isOk: true, value } : refuse(flaw);
}

/** Looks at the keys of a text that is known to be JSON, without recursion. */
function findFlaw(text: string): string | null {
  // One entry per open bracket: the keys seen so far, or null in an array.
  const open: (Set<string> | null)[] = [];
  let isKeyNext = false;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x7b: // {
        open.push(new Set());
        isKeyNext = true;
        break;
      case 0x5b: // [
        open.push(null);
        isKeyNext = false;
        break;
      case 0x7d: // }
      case 0x5d: // ]
        open.pop();
        break;
      case 0x2c: // ,
        isKeyNext = open.at(-1) instanceof Set;
        break;
      case 0x22: {
        const end = endOfString(text, at);
        const keys = open.at(-1);
        if (isKeyNext && keys instanceof Set) {
          const raw = text.slice(at, end + 1);
          const key = raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1);
          if (keys.has(key)) return 'The body has a key twice in one object.';
          if (key === '__proto__') return 'The body has a key that is not allowed.';
          keys.add(key);
          isKeyNext = false;
        }
        at = end;
        break;
      }
    }
    if (open.length > MOST_LEVELS) return `The body nests deeper than ${MOST_LEVELS} levels.`;
  }
  return null;
}

/** Index of the quote that ends the string which begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x5c) at++;
    else if (code === 0x22) return at;
  }
  return text.length;
}
