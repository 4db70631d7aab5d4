import { spawnSync } from 'node:child_process';
import { chmodSync, statfsSync } from 'node:fs';
import { makePrivateFolder, removePrivateFolder, runCommand } from '../../../tools/dev-env/processes.js';
import { findTemporaryFolder } from '../../../tools/dev-env/unprivileged-user.js';

/** A disk of a run's own, in memory, that can be filled to its last byte. */
export class SmallDisk {
  private constructor(
    readonly folder: string,
    private readonly bytes: number,
  ) {}

  /** @returns null when this user may not mount one */
  static async make(bytes: number): Promise<SmallDisk | null> {
    if (process.getuid?.() !== 0) return null;
    const folder = makePrivateFolder('disk', findTemporaryFolder());
    // The server runs as another user, who has to come by.
    chmodSync(folder, 0o755);
    const made = await runCommand('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0755`, 'chaos', folder]);
    if (made.code === 0) {
      // Whatever ends this process: memory that nobody unmounts is never free again.
      process.once('exit', () => spawnSync('umount', ['-l', folder]));
      return new SmallDisk(folder, bytes);
    }
    removePrivateFolder(folder);
    return null;
  }

  /** Nothing more can be written: the disk is as large as what is on it. */
  async fill(): Promise<void> {
    // What is written meanwhile makes one more try.
    for (let tries = 0; tries < 20; tries += 1) {
      const { blocks, bfree, bsize } = statfsSync(this.folder);
      if (await this.resize((blocks - bfree) * bsize)) return;
    }
    throw new Error('the disk could not be filled');
  }

  async empty(): Promise<void> {
    await this.resize(this.bytes);
  }

  private async resize(bytes: number): Promise<boolean> {
    return (await runCommand('mount', ['-o', `remount,size=${bytes}`, this.folder])).code === 0;
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.folder);
    return bavail * bsize;
  }

  async stop(): Promise<void> {
    await runCommand('umount', ['-l', this.folder]);
    removePrivateFolder(this.folder);
  }
}
