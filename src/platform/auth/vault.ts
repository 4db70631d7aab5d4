import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import type { EncryptionKey } from '../config/encryption-keys.js';
import type { Tx } from '../database/transaction.js';

/**
 * Secrets and personal data at rest: AES-256-GCM under the keys of `ENCRYPTION_KEYS`, and a keyed hash of telephone numbers.
 *
 * A stored text is `keyId.iv.tag.data`, each part base64url. The first key writes, all keys read: to change keys, put the new one first and keep
 * the old one until nothing is written with it any more.
 */
export class Vault {
  private readonly keysById: ReadonlyMap<string, Buffer>;

  constructor(
    private readonly keys: readonly EncryptionKey[],
    private readonly pepper: Buffer,
  ) {
    this.keysById = new Map(keys.map((key) => [key.id, key.bytes]));
  }

  /**
   * Opens the vault of an installation. The first process to do so makes the pepper of the telephone hash: 32 random bytes, kept encrypted in
   * `installation`, the same for ever, since stored hashes depend on it.
   * @throws Error when none of the keys opens the stored pepper
   */
  static async open(keys: readonly EncryptionKey[], tx: Tx): Promise<Vault> {
    const sealer = new Vault(keys, Buffer.alloc(0));
    const read = (): Promise<{ value: string }[]> =>
      tx.query(`SELECT value_encrypted AS value FROM installation WHERE key = 'pepper'`);
    let [row] = await read();
    if (row === undefined) {
      const fresh = sealer.encrypt(randomBytes(32).toString('base64'));
      await tx.query(`INSERT INTO installation (key, value_encrypted) VALUES ('pepper', $1) ON CONFLICT DO NOTHING`, [
        fresh,
      ]);
      [row] = await read();
    }
    return new Vault(keys, Buffer.from(sealer.decrypt(row?.value ?? ''), 'base64'));
  }

  /** Seals a text; the same text gives another result each time. */
  encrypt(text: string): string {
    const [key] = this.keys;
    if (key === undefined) throw new Error('the vault has no key');
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', key.bytes, iv);
    const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return [
      key.id,
      iv.toString('base64url'),
      cipher.getAuthTag().toString('base64url'),
      data.toString('base64url'),
    ].join('.');
  }

  /**
   * Opens a sealed text.
   * @throws Error when its key is not among ours or the text was changed; the message names the key, never the text
   */
  decrypt(sealed: string): string {
    const [keyId = '', iv = '', tag = '', data = ''] = sealed.split('.');
    const key = this.keysById.get(keyId);
    if (key === undefined)
      throw new Error(`ENCRYPTION_KEYS has no key "${keyId.slice(0, 32)}", which stored data were written with`);
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url'), { authTagLength: 16 });
      decipher.setAuthTag(Buffer.from(tag, 'base64url'));
      return Buffer.concat([decipher.update(Buffer.from(data, 'base64url')), decipher.final()]).toString('utf8');
    } catch (cause) {
      throw new Error(
        `stored data do not open with the key "${keyId}" of ENCRYPTION_KEYS: another key under the same id, or changed data`,
        { cause },
      );
    }
  }

  /** Equal for equal numbers, meaningless without the pepper: HMAC-SHA256, 32 bytes. */
  phoneHash(e164: string): Buffer {
    return createHmac('sha256', this.pepper).update(e164).digest();
  }
}
