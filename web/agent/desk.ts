import { createContext, useContext, useEffect, useState } from 'react';
import type {
  AgentStateMessage,
  DesktopMessages,
  SessionMessage,
} from '../../src/features/desktop/desktop.protocol.js';
import { ask, Refusal, SCREEN_ID } from '../shared/api.js';
import { after, START, type DeskFact, type DeskView } from './desk-view.js';

const EVENTS = [
  'agent.state',
  'call.connected',
  'call.ended',
  'call.transfer',
  'order.arrived',
  'order.updated',
  'order.withdrawn',
  'screen.state',
  'notice',
] as const satisfies readonly (keyof DesktopMessages)[];
/** Behind the stream: a connection that is half open says nothing. */
const PING_MS = 10_000;
const RETRY_MS = 2_000;

/** The page's line to the server: asks, hears the event stream, and keeps the view. */
export class Desk {
  private view: DeskView = START;
  private stream: EventSource | null = null;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private isShowing = false;
  /** Unlike a timer not put off in a tab that nobody looks at, and unlike a frame it comes there, too. */
  private readonly afterTask = new MessageChannel();
  private readonly watchers = new Set<() => void>();
  private readonly hearers = new Set<(fact: DeskFact) => void>();

  constructor() {
    this.afterTask.port2.onmessage = () => {
      this.isShowing = false;
      this.watchers.forEach((watcher) => watcher());
    };
    setInterval(() => void this.ping(), PING_MS);
  }

  readonly subscribe = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  readonly snapshot = (): DeskView => this.view;

  /** Hears each fact after it has been taken into the view: for sounds, notifications, announcements. */
  readonly onFact = (hear: (fact: DeskFact) => void): (() => void) => {
    this.hearers.add(hear);
    return () => this.hearers.delete(hear);
  };

  /** Finds out whether somebody is signed in here. */
  readonly begin = async (): Promise<void> => {
    clearTimeout(this.retry);
    try {
      this.enter(await ask<SessionMessage>('GET', 'session'));
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) this.tell({ event: 'signed_out', data: { reason: null } });
      else this.retry = setTimeout(() => void this.begin(), RETRY_MS);
    }
  };

  /** @param isTakeOver  also when the agent is at work on another screen. Throws `Refusal`, `session.elsewhere` among them */
  readonly signIn = async (login: string, password: string, isTakeOver: boolean): Promise<void> => {
    this.enter(await ask<SessionMessage>('POST', 'session', { login, password, takeOver: isTakeOver }));
  };

  readonly signOut = async (): Promise<void> => {
    await ask('DELETE', 'session');
    this.leave();
    this.tell({ event: 'signed_out', data: { reason: null } });
  };

  readonly wish = async (state: 'ready' | 'break', reason?: string): Promise<void> => {
    const callId = this.view.call?.callId;
    this.tell({ event: 'agent.state', data: await ask<AgentStateMessage>('PUT', 'state', { state, reason, callId }) });
  };

  readonly hold = async (callId: string, isHeld: boolean): Promise<void> => {
    await ask('POST', `calls/${callId}/${isHeld ? 'hold' : 'unhold'}`);
    this.tell({ event: 'held', data: { isHeld } });
  };

  readonly transfer = async (
    callId: string,
    to: { readonly agent: string } | { readonly senior: true } | { readonly number: string },
    mode: 'warm' | 'blind',
  ): Promise<void> => {
    await ask('POST', `calls/${callId}/transfer`, { to, mode });
  };

  /** What is to become of the hand-over under way. */
  readonly step = async (
    callId: string,
    step: 'transfer/complete' | 'transfer/cancel' | 'conference',
  ): Promise<void> => {
    await ask('POST', `calls/${callId}/${step}`);
  };

  readonly hangUp = async (callId: string): Promise<void> => {
    await ask('POST', `calls/${callId}/hangup`);
  };

  /** Makes this tab the one that acts. */
  readonly takeScreen = async (): Promise<void> => {
    await ask('POST', 'screen');
    this.tell({ event: 'screen.state', data: { isActive: true } });
    // What was said on the other tab meanwhile.
    this.listen();
  };

  private enter(session: SessionMessage): void {
    this.tell({ event: 'signed_in', data: session });
    this.listen();
  }

  private leave(): void {
    clearTimeout(this.retry);
    this.stream?.close();
    this.stream = null;
  }

  private listen(): void {
    this.leave();
    const stream = new EventSource(`/v1/agent/events?screen=${SCREEN_ID}`);
    this.stream = stream;
    stream.addEventListener('open', () => this.tell({ event: 'link', data: { isConnected: true } }));
    stream.addEventListener('error', () => {
      this.tell({ event: 'link', data: { isConnected: false } });
      // The browser connects again by itself, but not after an answer that is no stream.
      if (stream.readyState === EventSource.CLOSED && this.stream === stream) {
        this.retry = setTimeout(() => void this.begin(), RETRY_MS);
      }
    });
    for (const event of EVENTS) {
      stream.addEventListener(event, ({ data }: MessageEvent<string>) => {
        if (this.stream === stream) this.tell({ event, data: JSON.parse(data) as unknown } as DeskFact);
      });
    }
  }

  private async ping(): Promise<void> {
    if (this.stream === null) return;
    try {
      await ask('GET', 'session');
      if (this.stream?.readyState === EventSource.OPEN) this.setConnected(true);
    } catch (error) {
      if (!(error instanceof Refusal)) this.setConnected(false);
    }
  }

  private setConnected(isConnected: boolean): void {
    if (this.view.isConnected !== isConnected) this.tell({ event: 'link', data: { isConnected } });
  }

  private tell(fact: DeskFact): void {
    this.view = after(this.view, fact);
    if (this.view.session === 'signed_out' || this.view.session === 'closed') this.leave();
    this.show();
    this.hearers.forEach((hear) => hear(fact));
  }

  /** What comes together is drawn together: a call's card is told at once with the state that goes with it, and to draw it twice takes twice as long. */
  private show(): void {
    if (this.isShowing) return;
    this.isShowing = true;
    this.afterTask.port1.postMessage(null);
  }
}

export const DeskContext = createContext<Desk | null>(null);

export function useDesk(): Desk {
  const desk = useContext(DeskContext);
  if (desk === null) throw new Error('used outside of DeskContext');
  return desk;
}

/**
 * The view as it is drawn. A store read by `useSyncExternalStore` would have React finish all that follows from a card, down to what the buttons do when they are
 * pressed, before the card is painted; this way it is painted first.
 */
export function useDeskView(): DeskView {
  const desk = useDesk();
  const [view, setView] = useState(desk.snapshot);
  useEffect(() => {
    const show = () => setView(desk.snapshot());
    show();
    return desk.subscribe(show);
  }, [desk]);
  return view;
}
