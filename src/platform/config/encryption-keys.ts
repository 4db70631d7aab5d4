/** One key of `ENCRYPTION_KEYS`: AES-256, named so that old data find the key that wrote them. */
export interface EncryptionKey {
  readonly id: string;
  /** 32 bytes. */
  readonly bytes: Buffer;
}

export const ENCRYPTION_KEYS_REMEDY =
  'write id:base64 of 32 bytes, comma separated, the first one writes: k1:$(openssl rand -base64 32); ids are different, of letters and digits';

/** `id:base64,…` → keys, the writing one first; null when an id is doubled or malformed or a key does not have 32 bytes. */
export function parseEncryptionKeys(text: string): readonly EncryptionKey[] | null {
  const keys: EncryptionKey[] = [];
  for (const part of text.split(',')) {
    const match = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/]{43}=)$/.exec(part.trim());
    if (match === null) return null;
    keys.push({ id: match[1] as string, bytes: Buffer.from(match[2] as string, 'base64') });
  }
  return new Set(keys.map((key) => key.id)).size === keys.length ? keys : null;
}
