import type { EventPipe } from '../../platform/http/event-pipe.js';
import type { SessionAgent } from '../agents/agents.events.js';
import { maySupervise, Rights } from './rights.js';
import type { BoardMessage, BoardMessages } from './supervision.protocol.js';

/** A reader that takes nothing any more is cut at this much unsent text; it comes back by itself. */
const MOST_UNSENT_BYTES = 2_000_000;
/** An unchanged board is told this often, so that the page knows that it is still true. */
const SAY_AGAIN_MS = 4_000;

/** One open event stream with the board. */
export class BoardWatcher {
  readonly agentId: string;
  rights: Rights;
  private told = '';
  private toldHistory = '';
  private toldAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    agent: SessionAgent,
    readonly token: string,
    private readonly pipe: EventPipe,
  ) {
    this.agentId = agent.agentId;
    this.rights = new Rights(agent);
  }

  /** What the session says now: null when it has ended. Other rights show another board at the next turn. */
  follow(agent: SessionAgent | null): void {
    if (agent === null || !maySupervise(agent.role)) this.end();
    else this.rights = new Rights(agent);
  }

  showNow(board: BoardMessage): void {
    const { at, ...rest } = board;
    const text = JSON.stringify(rest);
    const nowMs = performance.now();
    if (text === this.told && nowMs - this.toldAtMs < SAY_AGAIN_MS) return;
    this.told = text;
    this.toldAtMs = nowMs;
    this.write('board.now', `{"at":${JSON.stringify(at)},${text.slice(1)}`);
  }

  showHistory(json: string): void {
    if (json === this.toldHistory) return;
    this.toldHistory = json;
    this.write('board.history', json);
  }

  end(): void {
    this.pipe.end();
  }

  private write(event: keyof BoardMessages, json: string): void {
    this.pipe.write(`event: ${event}\ndata: ${json}\n\n`);
    if (this.pipe.unsentBytes() > MOST_UNSENT_BYTES) this.pipe.end();
  }
}
