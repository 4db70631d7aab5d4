import { createContext, useContext, useSyncExternalStore } from 'react';
import type { BoardHistoryMessage, BoardMessage } from '../../src/features/supervision/supervision.protocol.js';

const RETRY_MS = 2_000;
/** The server says something every 4 s at least. */
const SILENT_MS = 9_000;

export interface BoardLineView {
  readonly board: BoardMessage | null;
  readonly history: BoardHistoryMessage | null;
  readonly isConnected: boolean;
}

/** The page's line to the live board. */
export class BoardLine {
  private view: BoardLineView = { board: null, history: null, isConnected: true };
  private stream: EventSource | null = null;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private readonly watchers = new Set<() => void>();

  readonly subscribe = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    if (this.watchers.size === 1) this.open();
    return () => {
      this.watchers.delete(watcher);
      if (this.watchers.size === 0) this.close();
    };
  };

  readonly snapshot = (): BoardLineView => this.view;

  private open(): void {
    this.close();
    const stream = new EventSource('/v1/supervisor/events');
    this.stream = stream;
    stream.addEventListener('board.now', ({ data }: MessageEvent<string>) => {
      this.change({ board: JSON.parse(data) as BoardMessage, isConnected: true });
      clearTimeout(this.silence);
      this.silence = setTimeout(() => this.change({ isConnected: false }), SILENT_MS);
    });
    stream.addEventListener('board.history', ({ data }: MessageEvent<string>) => {
      this.change({ history: JSON.parse(data) as BoardHistoryMessage });
    });
    stream.addEventListener('error', () => {
      this.change({ isConnected: false });
      // The browser connects again by itself, but not after an answer that is no stream.
      if (stream.readyState === EventSource.CLOSED && this.stream === stream) {
        this.retry = setTimeout(() => this.open(), RETRY_MS);
      }
    });
  }

  private close(): void {
    clearTimeout(this.retry);
    clearTimeout(this.silence);
    this.stream?.close();
    this.stream = null;
  }

  private change(part: Partial<BoardLineView>): void {
    this.view = { ...this.view, ...part };
    this.watchers.forEach((watcher) => watcher());
  }
}

export const BoardLineContext = createContext(new BoardLine());

export function useBoardLine(): BoardLineView {
  const line = useContext(BoardLineContext);
  return useSyncExternalStore(line.subscribe, line.snapshot);
}
