import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readStrictJson } from './strict-json.js';

const read = (text: string | Buffer) => readStrictJson(typeof text === 'string' ? Buffer.from(text) : text);

describe('readStrictJson', () => {
  it.each<[string, string | Buffer, string]>([
    ['nothing', '', 'The body is empty.'],
    ['a byte order mark', '\ufeff{}', 'The body begins with a byte order mark.'],
    ['UTF-16', Buffer.from('{}', 'utf16le'), 'The body is not JSON.'],
    ['Latin-1', Buffer.from('"é"', 'latin1'), 'The body is not UTF-8.'],
    ['an overlong form', Buffer.from([0x22, 0xc0, 0xaf, 0x22]), 'The body is not UTF-8.'],
    ['a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'The body is not UTF-8.'],
    ['trailing garbage', '{} x', 'The body is not JSON.'],
    ['two documents', '{}\n{}', 'The body is not JSON.'],
    ['NaN', '{"a":NaN}', 'The body is not JSON.'],
    ['a comment', '{/* */}', 'The body is not JSON.'],
    ['a trailing comma', '{"a":1,}', 'The body is not JSON.'],
    ['a raw control character', '{"a":"\u0000"}', 'The body is not JSON.'],
    ['a key twice', '{"a":1,"b":{},"a":2}', 'The body has a key twice in one object.'],
    ['a key twice, once escaped', '{"a":1,"\\u0061":2}', 'The body has a key twice in one object.'],
    ['a key twice, deep inside', '{"x":[{"y":1},{"y":{"z":"}","z":2}}]}', 'The body has a key twice in one object.'],
    ['__proto__', '{"a":{"__proto__":{}}}', 'The body has a key that is not allowed.'],
    ['__proto__, escaped', '{"\\u005f_proto__":1}', 'The body has a key that is not allowed.'],
    ['a bomb', '['.repeat(30_000) + ']'.repeat(30_000), 'The body nests deeper than 16 levels.'],
    ['17 levels', '['.repeat(17) + ']'.repeat(17), 'The body nests deeper than 16 levels.'],
  ])('refuses %s', (_name, text, why) => {
    expect(read(text)).toEqual({ isOk: false, why });
  });

  it.each([
    ['16 levels', '['.repeat(16) + ']'.repeat(16)],
    ['the same key in two objects', '[{"a":1},{"a":2}]'],
    ['the same key above and below', '{"a":{"a":{"a":1}},"b":1}'],
    ['a text like a key', '{"a":"b","b":"a"}'],
    ['quotes and brackets in texts', '{"a\\"{[":"\\\\","b":"\\"a\\":1,}"}'],
    ['null', 'null'],
  ])('reads %s', (_name, text) => {
    expect(read(text)).toEqual({ isOk: true, value: JSON.parse(text) as unknown });
  });

  it('reads whatever JSON.stringify writes, at most 16 levels deep', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 10 }), fc.constantFrom(undefined, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        const answer = read(text);
        if (text.includes('__proto__')) return;
        expect(answer).toEqual({ isOk: true, value: JSON.parse(text) as unknown });
      }),
    );
  });

  it('never throws on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(typeof readStrictJson(Buffer.from(bytes)).isOk).toBe('boolean');
      }),
    );
  });
});
