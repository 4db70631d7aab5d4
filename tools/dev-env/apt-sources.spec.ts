import { describe, expect, it } from 'vitest';
import { findMainArchive, parseDeb822, parseOneLine, readDistribution } from './apt-sources.js';

const bookworm = { family: 'debian', codename: 'bookworm' } as const;

describe('readDistribution', () => {
  it.each([
    ['ID=debian\nVERSION_CODENAME=trixie\n', 'debian', 'trixie'],
    ['ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\n', 'ubuntu', 'noble'],
    ['ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_CODENAME=wilma\n', 'ubuntu', 'wilma'],
    ['ID=fedora\n', 'other', ''],
  ])('reads %j', (text, family, codename) => {
    expect(readDistribution(text)).toEqual({ family, codename });
  });
});

describe('parseOneLine', () => {
  it('reads deb lines with and without options and skips the rest', () => {
    const text = [
      '# deb http://old.example/debian bookworm main',
      'deb-src http://mirror.example/debian bookworm main',
      'deb http://mirror.example/debian bookworm main contrib # ours',
      'deb [arch=amd64 signed-by=/usr/share/keyrings/k.gpg] https://other.example/apt stable main',
    ].join('\n');
    expect(parseOneLine(text)).toEqual([
      { uri: 'http://mirror.example/debian', suite: 'bookworm', components: ['main', 'contrib'], signedBy: null },
      {
        uri: 'https://other.example/apt',
        suite: 'stable',
        components: ['main'],
        signedBy: '/usr/share/keyrings/k.gpg',
      },
    ]);
  });
});

describe('parseDeb822', () => {
  it('reads each suite of a stanza, folded fields too, and skips disabled stanzas and embedded keys', () => {
    const text = [
      'Types: deb deb-src',
      '# a comment',
      'URIs: http://mirror.example/debian',
      'Suites: bookworm',
      ' bookworm-updates',
      'Components: main',
      'Signed-By:',
      ' -----BEGIN PGP PUBLIC KEY BLOCK-----',
      '',
      'Types: deb',
      'URIs: http://off.example/debian',
      'Suites: sid',
      'Components: main',
      'Enabled: no',
    ].join('\n');
    expect(parseDeb822(text)).toEqual([
      { uri: 'http://mirror.example/debian', suite: 'bookworm', components: ['main'], signedBy: null },
      { uri: 'http://mirror.example/debian', suite: 'bookworm-updates', components: ['main'], signedBy: null },
    ]);
  });
});

describe('findMainArchive', () => {
  it('takes the release itself, not its updates and not a third party', () => {
    const archives = parseOneLine(
      [
        'deb https://third.example/apt stable main',
        'deb http://mirror.example/debian-security bookworm-security main',
        'deb http://mirror.example/debian bookworm main',
      ].join('\n'),
    );
    expect(findMainArchive(archives, bookworm)?.uri).toBe('http://mirror.example/debian');
  });

  it('knows the release by its alias too', () => {
    const archives = parseOneLine('deb http://mirror.example/debian/ stable main');
    expect(findMainArchive(archives, bookworm)?.suite).toBe('stable');
  });

  it('finds none where there is none', () => {
    expect(findMainArchive(parseOneLine('deb https://third.example/apt stable main'), bookworm)).toBeNull();
  });
});
