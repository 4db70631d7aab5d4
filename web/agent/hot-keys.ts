import { useEffect, useRef } from 'react';

/** `F8`, `Ctrl+Enter`, `Digit1` (outside of text fields), `Ctrl+Alt+Digit1`, `Escape`. */
export type HotKeys = Readonly<Record<string, () => unknown>>;

/**
 * Keys of the whole page. Plain digits count outside of fields only and can be switched off (WCAG 2.1.4); with Ctrl and Alt they work anywhere.
 * Digits are known by their place on the keyboard, so that the layout does not matter.
 */
export function useHotKeys(keys: HotKeys): void {
  const latest = useRef(keys);
  useEffect(() => {
    latest.current = keys;
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const run = event.repeat ? undefined : latest.current[nameOf(event)];
      if (run === undefined || (isPlain(event) && isTyping(event.target))) return;
      event.preventDefault();
      run();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}

function nameOf(event: KeyboardEvent): string {
  const key = event.code.startsWith('Digit') || event.code.startsWith('F') ? event.code : event.key;
  return `${event.ctrlKey || event.metaKey ? 'Ctrl+' : ''}${event.altKey ? 'Alt+' : ''}${key}`;
}

function isPlain(event: KeyboardEvent): boolean {
  return event.code.startsWith('Digit') && !event.ctrlKey && !event.altKey && !event.metaKey;
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName) || target.role === 'radio')
  );
}
