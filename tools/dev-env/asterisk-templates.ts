import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Replaces the placeholders of one configuration file. A placeholder is `${PREFIX_NAME}`: the prefix tells it from the dialplan's own variables,
 * which have the same form and are left alone.
 *
 * @param prefix  `PBX` or `CARRIER`
 * @throws RangeError for a placeholder without a value: a half-written configuration must not be loaded
 */
export function renderTemplate(
  text: string,
  prefix: string,
  values: Readonly<Record<string, string | number>>,
): string {
  return text.replaceAll(new RegExp(`\\$\\{(${prefix}_[A-Z_]+)\\}`, 'g'), (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new RangeError(`no value for the placeholder ${name}`);
    return String(value);
  });
}

/** Renders every `.conf` file of `from` into `to` (readable by us alone: there are passwords in them). */
export function renderFolder(
  from: string,
  to: string,
  prefix: string,
  values: Readonly<Record<string, string | number>>,
): void {
  mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(from).filter((file) => file.endsWith('.conf'))) {
    writeFileSync(join(to, name), renderTemplate(readFileSync(join(from, name), 'utf8'), prefix, values), {
      mode: 0o600,
    });
  }
}

/**
 * The PBX's entries for agents whose phones stand at a fixed address.
 *
 * @param names  endpoint names: `agent-` and letters, digits, `-`, `_`
 * @param host   `address:port` where the phones answer
 */
export function renderAgents(names: readonly string[], host: string): string {
  return names
    .map((name) => {
      if (!/^agent-[A-Za-z0-9_-]{1,60}$/.test(name))
        throw new RangeError(`"${name}" is no name for an agent's phone (agent-…)`);
      return `[${name}](agent-phone)\naors = ${name}\n[${name}]\ntype = aor\ncontact = sip:${name}@${host}\n`;
    })
    .join('\n');
}
