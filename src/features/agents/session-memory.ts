import { sha256 } from '../../platform/auth/tokens.js';
import type { SessionAgent } from './agents.events.js';
import { IDLE_MINUTES } from './session.store.js';

/** More agents than one process has signed in. */
const MOST_SESSIONS = 5_000;

/**
 * Sessions as this process saw them last. Good only for what is judged again by Postgres before it takes effect: an agent who was switched off
 * meanwhile is known here still.
 */
export class SessionMemory {
  private readonly seen = new Map<string, { readonly agent: SessionAgent; atMs: number }>();

  constructor(private readonly nowMs: () => number = () => performance.now()) {}

  keep(token: string, agent: SessionAgent): void {
    const key = keyOf(token);
    this.seen.delete(key);
    this.seen.set(key, { agent, atMs: this.nowMs() });
    for (const oldest of this.seen.keys()) {
      if (this.seen.size <= MOST_SESSIONS) break;
      this.seen.delete(oldest);
    }
  }

  forget(token: string): void {
    this.seen.delete(keyOf(token));
  }

  /** Null when the token is unknown here, or was idle for as long as ends a session. Being recalled is a sign of life. */
  recall(token: string): SessionAgent | null {
    const known = this.seen.get(keyOf(token));
    if (known === undefined || this.nowMs() - known.atMs > IDLE_MINUTES * 60_000) return null;
    known.atMs = this.nowMs();
    return { ...known.agent, isRemembered: true };
  }
}

function keyOf(token: string): string {
  return sha256(token).toString('base64');
}
