/** See file-lock.mjs. */
export function withFileLock<T>(folder: string, name: string, work: () => Promise<T>, onWait?: () => void): Promise<T>;
