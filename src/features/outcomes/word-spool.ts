import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DialerError } from '../../core/shared/errors.js';
import { Settings } from '../../platform/config/settings.js';
import { Log } from '../../platform/log/log.js';
import { Spool, type Spooled } from '../../platform/spool/spool.js';
import type { OutcomeInput } from './words-of-call.js';

/** An agent's word as it came, before anything could be checked against the call. */
export interface SpooledWord {
  readonly agentId: string;
  readonly agentName: string;
  readonly sessionId: string;
  readonly callId: string;
  readonly input: OutcomeInput;
}

/** What became of a word in Postgres; `later`: it is too early to tell. */
export type Replay = 'taken' | 'refused' | 'later';

const LOOK_EVERY_MS = 1_000;
/** A word whose replay fails in a manner that Postgres's return does not explain is set aside after so many tries. */
const MOST_FAILURES = 3;
/** After so many words in a row that Postgres does not take, it is taken to be away still. */
const AWAY_AFTER = 3;

/** Words that agents gave while Postgres was away, and the loop that tells them to Postgres once it is back. */
@Injectable()
export class WordSpool implements OnApplicationBootstrap, OnModuleDestroy {
  private apply: ((word: SpooledWord, at: Date) => Promise<Replay>) | null = null;
  private readonly failures = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  private isWarned = false;
  private running: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly settings: Settings,
    private readonly spool: Spool,
    private readonly log: Log,
  ) {}

  /** Who takes replayed words; `at` is when the agent gave the word. Throws what the database throws while it is away. */
  onReplay(apply: (word: SpooledWord, at: Date) => Promise<Replay>): void {
    this.apply = apply;
  }

  onApplicationBootstrap(): void {
    if (!this.settings.roles.has('api')) return;
    const look = (): void => {
      this.running = this.replay()
        .then(
          () => (this.isWarned = false),
          (error: unknown) => this.warn(error),
        )
        .finally(() => {
          this.timer = setTimeout(look, LOOK_EVERY_MS);
        });
    };
    look();
  }

  async onModuleDestroy(): Promise<void> {
    // The loop sets its timer when a pass has ended.
    await this.running;
    clearTimeout(this.timer);
  }

  /** A later word about the call must not overtake those that wait. */
  holds(callId: string): boolean {
    return this.spool.holds(callId);
  }

  /** @throws DialerError `busy.retry_later` when the disk does not take it */
  async keep(word: SpooledWord, at: Date): Promise<void> {
    await this.spool.keep(word.callId, at, JSON.stringify(word));
    this.log.warn('the database is away: an agent’s word is kept on disk', { callId: word.callId });
  }

  private warn(error: unknown): void {
    if (!this.isWarned) this.log.warn('the spool cannot be read, trying again', { error });
    this.isWarned = true;
  }

  /** One pass over all that waits, in the order of their coming; a word that has to wait keeps later ones of its call waiting. */
  private async replay(): Promise<void> {
    const waiting = await this.spool.list().catch((error: NodeJS.ErrnoException) => {
      // Nothing was ever kept.
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    const held = new Set<string>();
    let inVain = 0;
    for (const one of waiting) {
      if (held.has(one.key)) continue;
      const result = await this.replayOne(one);
      if (result !== 'done') held.add(one.key);
      inVain = result === 'away' ? inVain + 1 : 0;
      if (inVain >= AWAY_AFTER) return;
    }
  }

  private async replayOne(one: Spooled): Promise<'done' | 'later' | 'away'> {
    try {
      const text = await this.spool.read(one);
      if (text === null || this.apply === null) return 'done';
      const result = await this.apply(JSON.parse(text) as SpooledWord, one.at);
      if (result === 'later') return 'later';
      await this.spool.remove(one, result === 'taken' ? 'replayed' : 'refused');
      this.failures.delete(one.name);
      return 'done';
    } catch (error) {
      if (error instanceof DialerError && error.isRetryable) return 'away';
      const failures = (this.failures.get(one.name) ?? 0) + 1;
      this.failures.set(one.name, failures);
      if (failures < MOST_FAILURES) return 'later';
      this.log.error('a spooled word cannot be replayed and is set aside', { file: one.name, callId: one.key, error });
      await this.spool.setAside(one);
      return 'done';
    }
  }
}
