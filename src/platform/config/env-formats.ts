/** The parts of the service that a process may run (`ROLES`). */
export const ROLES = ['api', 'dialer', 'worker'] as const;
export type Role = (typeof ROLES)[number];

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The address of the virtual telephone network. */
export const VIRTUAL = 'virtual:';

/** One Asterisk as the configuration names it. `url` is `virtual:` for the virtual telephone network. */
export interface AriNode {
  readonly name: string;
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** How much it bears beside the others; 1 where nothing is said. */
  readonly weight: number;
}

/** `api,worker` → roles; null when empty or when a word is unknown. */
export function parseRoles(text: string): ReadonlySet<Role> | null {
  const words = text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  const known = words.filter((word): word is Role => (ROLES as readonly string[]).includes(word));
  return known.length === words.length && known.length > 0 ? new Set(known) : null;
}

/** `ARI_NODES`; null when it is not a non-empty JSON list of nodes with different names and http addresses (or `virtual:`), and weights above 0, if any. */
export function parseAriNodes(text: string): readonly AriNode[] | null {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(list) || list.length === 0) return null;
  const nodes: AriNode[] = [];
  for (const item of list as unknown[]) {
    if (typeof item !== 'object' || item === null) return null;
    const { name, url, username, password, weight = 1 } = item as Record<string, unknown>;
    if (![name, url, username, password].every((value) => typeof value === 'string' && value !== '')) return null;
    if (!/^[a-z0-9][a-z0-9-]{0,31}$/i.test(name as string)) return null;
    if (url !== VIRTUAL && !/^https?:$/.test(protocolOf(url as string))) return null;
    if (typeof weight !== 'number' || !(weight > 0 && weight <= 1_000)) return null;
    nodes.push({ name, url, username, password, weight } as AriNode);
  }
  return new Set(nodes.map((node) => node.name)).size === nodes.length ? nodes : null;
}

function protocolOf(url: string): string {
  return URL.canParse(url) ? new URL(url).protocol : '';
}

/** `a=1,b=2` → `{a: '1', b: '2'}`, values as they are in a URL; null when it reads otherwise. */
export function parseHeaders(text: string): Readonly<Record<string, string>> | null {
  const headers: Record<string, string> = {};
  for (const part of text.split(',')) {
    const [, name, value] = /^\s*([\w-]+)=([^\s,]+)\s*$/.exec(part) ?? [];
    if (name === undefined || value === undefined) return null;
    try {
      headers[name] = decodeURIComponent(value);
    } catch {
      return null;
    }
  }
  return headers;
}
