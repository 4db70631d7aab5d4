import { useSyncExternalStore } from 'react';

const DEFAULTS = { keys: true, notify: false };
type Name = keyof typeof DEFAULTS;

/** The person's own switches, kept in this browser. */
class Preferences {
  private readonly watchers = new Set<() => void>();

  read(name: Name): boolean {
    return (localStorage.getItem(name) ?? String(DEFAULTS[name])) === 'true';
  }

  write(name: Name, isOn: boolean): void {
    localStorage.setItem(name, String(isOn));
    this.watchers.forEach((watcher) => watcher());
  }

  readonly subscribe = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };
}

export const preferences = new Preferences();

export function usePreference(name: Name): boolean {
  return useSyncExternalStore(preferences.subscribe, () => preferences.read(name));
}
