import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** One archive that the machine's apt is configured to fetch from. */
export interface AptArchive {
  readonly uri: string;
  readonly suite: string;
  readonly components: readonly string[];
  /** Path of the keyring that signs it, when the configuration names one. */
  readonly signedBy: string | null;
}

/** What of a machine decides where packages come from. */
export interface Distribution {
  /** `debian` or `ubuntu`, from /etc/os-release (a derivative counts as what it names in ID_LIKE). */
  readonly family: 'debian' | 'ubuntu' | 'other';
  /** e.g. `bookworm`, `noble`. */
  readonly codename: string;
}

/** Reads /etc/os-release. */
export function readDistribution(osRelease = readOrEmpty('/etc/os-release')): Distribution {
  const value = (key: string): string => new RegExp(`^${key}="?([^"\\n]*)"?$`, 'm').exec(osRelease)?.[1] ?? '';
  const names = [value('ID'), ...value('ID_LIKE').split(' ')];
  const family = names.includes('ubuntu') ? 'ubuntu' : names.includes('debian') ? 'debian' : 'other';
  return { family, codename: value('VERSION_CODENAME') };
}

/** Every archive of /etc/apt/sources.list and sources.list.d, both formats. */
export function readAptArchives(aptFolder = '/etc/apt'): AptArchive[] {
  const partsFolder = join(aptFolder, 'sources.list.d');
  const parts = existsSync(partsFolder) ? readdirSync(partsFolder).sort() : [];
  const files = [join(aptFolder, 'sources.list'), ...parts.map((name) => join(partsFolder, name))];
  return files.flatMap((file) => {
    const text = readOrEmpty(file);
    return file.endsWith('.sources') ? parseDeb822(text) : file.endsWith('.list') ? parseOneLine(text) : [];
  });
}

/**
 * The distribution's own archive among `archives`: the one that carries the machine's release itself (not its updates, security or
 * backports, and no third party's), or null.
 */
export function findMainArchive(archives: readonly AptArchive[], distribution: Distribution): AptArchive | null {
  const aliases = ['stable', 'oldstable', 'testing', 'unstable', 'sid'];
  const carriesMain = archives.filter(({ components }) => components.includes('main'));
  return (
    carriesMain.find(({ suite }) => suite === distribution.codename) ??
    carriesMain.find(({ suite, uri }) => aliases.includes(suite) && uri.replace(/\/$/, '').endsWith('/debian')) ??
    null
  );
}

/** The `deb` lines of a one-line-style file. */
export function parseOneLine(text: string): AptArchive[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    const [, options = '', uri, suite, components = ''] = match ?? [];
    if (uri === undefined || suite === undefined) return [];
    const signedBy = /signed-by=(\/[^\s,]+)/.exec(options)?.[1] ?? null;
    return [{ uri, suite, components: components.trim().split(/\s+/).filter(Boolean), signedBy }];
  });
}

/** The enabled `deb` stanzas of a deb822 file. */
export function parseDeb822(text: string): AptArchive[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = new Map<string, string>();
    let last = '';
    for (const line of stanza.split('\n')) {
      if (line.startsWith('#')) continue;
      const field = /^([A-Za-z-]+):\s*(.*)$/.exec(line);
      if (field !== null) {
        last = (field[1] ?? '').toLowerCase();
        fields.set(last, field[2] ?? '');
      } else if (last !== '') {
        fields.set(last, `${fields.get(last) ?? ''} ${line.trim()}`);
      }
    }
    const words = (name: string): string[] => (fields.get(name) ?? '').trim().split(/\s+/).filter(Boolean);
    if (!words('types').includes('deb') || words('enabled')[0] === 'no') return [];
    // An inline key block starts with its banner, not with a path.
    const signedBy = words('signed-by').find((word) => word.startsWith('/')) ?? null;
    return words('uris').flatMap((uri) =>
      words('suites').map((suite) => ({ uri, suite, components: words('components'), signedBy })),
    );
  });
}

function readOrEmpty(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
