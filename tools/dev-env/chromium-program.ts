import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unpackProgram } from './apt-unpack.js';
import { cacheFolder } from './cache-folder.js';
import { runCommand } from './processes.js';

/** A Chromium that can be started without a screen. */
export interface ChromiumProgram {
  readonly path: string;
  /** Added to the environment: where its libraries and fonts are. */
  readonly env: Readonly<Record<string, string>>;
}

const OWN_PLACES = ['/usr/bin/chromium', '/usr/bin/google-chrome-stable', '/usr/bin/google-chrome'];

/**
 * The machine's own Chromium, else the distribution's package unpacked into the project's cache. Its processes start each other by
 * `/proc/self/exe`, so it runs on the machine's own dynamic loader and must come from the machine's own release.
 * @throws SetUpError when it cannot be had
 */
export async function findChromium(progress: (message: string) => void): Promise<ChromiumProgram> {
  const own = OWN_PLACES.find((path) => existsSync(path));
  if (own !== undefined) return { path: own, env: {} };
  const root = await unpackProgram({
    name: 'chromium',
    alternatives: [['chromium', 'fonts-liberation', 'fontconfig-config']],
    suites: { debian: ['own'], ubuntu: ['own'] },
    // The loader's own library, and what only matters when the package is installed for good.
    assumeInstalled: [
      'libc6',
      'adduser',
      'debconf',
      'perl-base',
      'tzdata',
      'xdg-desktop-portal',
      'default-dbus-session-bus',
    ],
    check: (unpacked) => faultOf(programIn(unpacked.folder)),
    progress,
  });
  return programIn(root.folder);
}

function programIn(folder: string): ChromiumProgram {
  const libraries = ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu/pulseaudio'];
  return {
    path: join(folder, 'usr/lib/chromium/chromium'),
    env: {
      LD_LIBRARY_PATH: libraries.map((path) => join(folder, path)).join(':'),
      FONTCONFIG_FILE: fontsOf(folder),
    },
  };
}

/** Fontconfig reads its list of folders from one file; ours names the unpacked fonts. */
function fontsOf(folder: string): string {
  const file = join(cacheFolder('debian'), 'chromium-fonts.conf');
  const lines = [
    '<?xml version="1.0"?>',
    '<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">',
    '<fontconfig>',
    `  <dir>${join(folder, 'usr/share/fonts')}</dir>`,
    '  <dir>/usr/share/fonts</dir>',
    `  <cachedir>${cacheFolder('fontconfig')}</cachedir>`,
    '</fontconfig>',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

async function faultOf({ path, env }: ChromiumProgram): Promise<string | null> {
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const told = await runCommand('env', [...settings, path, '--version', '--no-sandbox']);
  return told.code === 0 ? null : `\`chromium --version\` does not run: ${told.stderr.trim().slice(0, 300)}`;
}
