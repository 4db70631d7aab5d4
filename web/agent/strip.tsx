import { Alert, Button, Group } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useWords } from '../shared/language.js';
import { useDesk } from './desk.js';
import type { DeskView } from './desk-view.js';
import classes from './strip.module.css';

/** What stands between the person and their work, if anything does. */
export function Strip({ view }: { readonly view: DeskView }) {
  const { word } = useWords();
  const desk = useDesk();
  const [isAsking, setAsking] = useState(false);
  const ask = (work: () => Promise<void>) => {
    setAsking(true);
    work()
      .catch(() => undefined)
      .finally(() => setAsking(false));
  };
  if (view.session === 'closed') {
    return (
      <Bar title={word(`notice/${view.ending ?? 'session.replaced'}`)}>
        <Button size="compact-md" loading={isAsking} onClick={() => ask(desk.begin)}>
          {word('screen/back')}
        </Button>
      </Bar>
    );
  }
  if (!view.screen.isActive) {
    return (
      <Bar title={word('screen/title')} text={word('screen/text')}>
        <Button size="compact-md" loading={isAsking} onClick={() => ask(desk.takeScreen)}>
          {word('screen/take')}
        </Button>
      </Bar>
    );
  }
  return (
    <p role="status" className={classes.strip} data-shown={!view.isConnected}>
      {view.isConnected ? '' : word('bar/noLink')}
    </p>
  );
}

/** One line: what is below it moves as little as can be. */
function Bar(props: { readonly title: string; readonly text?: string; readonly children: ReactNode }) {
  return (
    <Alert color="yellow" radius={0} p="xs" role="status">
      <Group justify="space-between">
        <span>
          <strong>{props.title}</strong> {props.text}
        </span>
        {props.children}
      </Group>
    </Alert>
  );
}
