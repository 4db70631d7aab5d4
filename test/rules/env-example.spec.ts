import { getMetadataStorage } from 'class-validator';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Env } from '../../src/platform/config/env.js';

describe('.env.example', () => {
  const text = readFileSync('.env.example', 'utf8');
  const lines = text.split('\n');
  const named = lines.flatMap((line) => /^(?:# )?([A-Z][A-Z0-9_]+)=/.exec(line)?.[1] ?? []);
  const known = getMetadataStorage()
    .getTargetValidationMetadatas(Env, '', false, false)
    .map((metadata) => metadata.propertyName);

  it('names every variable of the service once, and no other', () => {
    expect([...named].sort()).toEqual([...new Set(known)].sort());
  });

  it('shows the defaults of the code', () => {
    const env = new Env();
    for (const [variable, value] of Object.entries(env)) {
      if (value === undefined) continue;
      const at = lines.findIndex((line) => line.startsWith(`# ${variable}=`));
      const said = lines.slice(Math.max(0, at - 2), at + 1).join(' ');
      expect(said, `${variable} and its default`).toMatch(
        variable === 'ROLES'
          ? /all three/
          : new RegExp(`Default ${String(value).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`),
      );
    }
  });

  it('explains each one in a line above it', () => {
    for (const variable of named) {
      const at = lines.findIndex((line) => new RegExp(`^(# )?${variable}=`).test(line));
      const above =
        lines
          .slice(0, at)
          .reverse()
          .find((line) => !/^(# )?[A-Z][A-Z0-9_]+=/.test(line)) ?? '';
      expect(above, variable).toMatch(/^# \S.*\S/);
    }
  });
});
