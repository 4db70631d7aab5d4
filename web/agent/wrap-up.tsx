import { RingProgress, Text } from '@mantine/core';
import { useWords } from '../shared/language.js';
import { useNow } from '../shared/ticking.js';
import classes from './wrap-up.module.css';

/** How long the result can still be written. @param until  null: no wrap-up, its place stays */
export function WrapUp({ until, seconds }: { readonly until: string | null; readonly seconds: number }) {
  const { word } = useWords();
  const now = useNow();
  if (until === null) return <span className={classes.place} />;
  const left = Math.max(0, Math.ceil((Date.parse(until) - now) / 1_000));
  const text = left > 0 ? word('call/wrapUpLeft', { seconds: left }) : word('call/wrapUpOver');
  return (
    <div className={classes.place} role="timer" aria-label={text}>
      <Text size="sm">{text}</Text>
      <RingProgress
        size={40}
        thickness={5}
        roundCaps
        sections={[{ value: Math.min(100, (left / seconds) * 100), color: left <= 10 ? 'red' : 'indigo' }]}
        aria-hidden
      />
    </div>
  );
}
