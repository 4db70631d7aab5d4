import { describe, expect, it } from 'vitest';
import { nameOfStatement, preparedName } from './preparing-client.js';

describe('a prepared statement', () => {
  it('has one name for one text, of a length that Postgres takes', () => {
    const name = nameOfStatement('SELECT 1 WHERE $1');
    expect(name).toMatch(/^[\w-]{20}$/);
    expect(nameOfStatement('SELECT 1 WHERE $1')).toBe(name);
    expect(nameOfStatement('SELECT 2 WHERE $1')).not.toBe(name);
  });

  it('is none where the number of rows that are wanted decides how to find them', () => {
    expect(nameOfStatement('SELECT 1 FROM orders WHERE shop_id = $1 ORDER BY id LIMIT $2')).toBeNull();
    expect(nameOfStatement('SELECT 1 FROM orders WHERE shop_id = $1 ORDER BY id LIMIT 1')).not.toBeNull();
  });

  it('is also one without parameters, but not what begins, ends or sets something, nor several in one text', () => {
    for (const text of ['SELECT 1', 'WITH a AS (SELECT 1) SELECT 2', "\n  DELETE FROM outbox WHERE id = 'x'"]) {
      expect([text, preparedName(text, undefined)]).toEqual([text, nameOfStatement(text)]);
      expect(preparedName(text, [])).not.toBeNull();
    }
    for (const text of [
      'START TRANSACTION',
      'COMMIT',
      'SET statement_timeout = 1',
      'SELECT * FROM orders',
      'SELECT 1; SELECT 2',
    ]) {
      expect([text, preparedName(text, undefined)]).toEqual([text, null]);
    }
    expect(preparedName('SELECT * FROM orders WHERE id = $1', ['a'])).not.toBeNull();
    expect(preparedName({ text: 'SELECT 1' }, undefined)).toBeNull();
    // With a callback in the place of the values.
    expect(preparedName('SELECT 1', () => undefined)).toBeNull();
  });

  it('is none once there are more texts than a program has', () => {
    for (let i = 0; i < 1_000; i += 1) nameOfStatement(`SELECT ${i} WHERE $1`);
    expect(nameOfStatement('SELECT one more WHERE $1')).toBeNull();
    expect(nameOfStatement('SELECT 7 WHERE $1')).not.toBeNull();
  });
});
