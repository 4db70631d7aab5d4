/** What the page shows of its phone. */
export interface PhoneView {
  readonly status: 'off' | 'connecting' | 'registered' | 'line' | 'lost' | 'denied';
  readonly isMuted: boolean;
}

/** The agent's phone in the browser. */
export class Phone {
  private view: PhoneView = { status: 'off', isMuted: false };
  private readonly watchers = new Set<() => void>();
  readonly isOffered: boolean = false;

  readonly subscribe = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  readonly snapshot = (): PhoneView => this.view;

  setWanted(_isWanted: boolean): void {}

  toggleMute(): void {}

  sendTone(_tone: string): void {}
}
