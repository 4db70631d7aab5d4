import { Paper, Text, Title } from '@mantine/core';
import { IconCoffee, IconHeadset, IconPhoneCalling, IconPlugConnected } from '@tabler/icons-react';
import type { AgentState, AgentStateMessage } from '../../src/features/desktop/desktop.protocol.js';
import { useWords } from '../shared/language.js';
import classes from './idle.module.css';

const ICONS: Readonly<Partial<Record<AgentState, typeof IconHeadset>>> = {
  reserved: IconPhoneCalling,
  break: IconCoffee,
  connecting: IconPlugConnected,
};

/** The place of the card while there is none. */
export function Idle({ state, hasDeskPhone }: { readonly state: AgentStateMessage; readonly hasDeskPhone: boolean }) {
  const { word } = useWords();
  const Icon = ICONS[state.state] ?? IconHeadset;
  const key = ['ready', 'reserved', 'break', 'connecting', 'offline'].includes(state.state) ? state.state : 'other';
  const text = key === 'connecting' && hasDeskPhone ? 'connectingDesk' : `${key}Text`;
  return (
    <Paper withBorder className={classes.idle} data-state={state.state}>
      <span className={classes.badge}>
        <Icon size={40} stroke={1.5} aria-hidden />
      </span>
      <Title order={1} size="h2">
        {word(`idle/${key}`)}
      </Title>
      <Text c="dimmed" maw={460} ta="center">
        {word(`idle/${text}`)}
      </Text>
    </Paper>
  );
}
