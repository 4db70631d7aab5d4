import { Kbd, Paper, Title } from '@mantine/core';
import { useWords } from '../shared/language.js';
import classes from './key-list.module.css';

const KEYS: readonly [keys: string, word: string][] = [
  ['F8', 'ready'],
  ['F9', 'break'],
  ['F2', 'hangUp'],
  ['F4', 'hold'],
  ['F6', 'transfer'],
  ['F7', 'mute'],
  ['F3', 'knowledge'],
  ['1 – 8', 'results'],
  ['Ctrl Alt 1 – 8', 'resultsAnywhere'],
  ['Ctrl Enter', 'save'],
  ['Esc', 'leaveField'],
];

/** Which keys do what: stands where the result will be asked for. @param isCovered  something lies over it */
export function KeyList({ isCovered }: { readonly isCovered: boolean }) {
  const { word } = useWords();
  return (
    <Paper withBorder p="md" component="section" aria-labelledby="keys" inert={isCovered}>
      <Title order={2} size="h4" id="keys" mb="sm">
        {word('idle/keys')}
      </Title>
      <dl className={classes.keys}>
        {KEYS.map(([keys, name]) => (
          <div key={name}>
            <dt>
              <Kbd>{keys}</Kbd>
            </dt>
            <dd>{word(`keys/${name}`)}</dd>
          </div>
        ))}
      </dl>
    </Paper>
  );
}
