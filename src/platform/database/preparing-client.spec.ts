import { describe, expect, it } from 'vitest';
import { nameOfStatement } from './preparing-client.js';

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

  it('is none once there are more texts than a program has', () => {
    for (let i = 0; i < 1_000; i += 1) nameOfStatement(`SELECT ${i} WHERE $1`);
    expect(nameOfStatement('SELECT one more WHERE $1')).toBeNull();
    expect(nameOfStatement('SELECT 7 WHERE $1')).not.toBeNull();
  });
});
