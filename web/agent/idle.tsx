import { Paper, Text, Title } from '@mantine/core';
import { IconCoffee, IconHeadset, IconMicrophoneOff, IconPhoneCalling, IconPlugConnected } from '@tabler/icons-react';
import type { AgentState, AgentStateMessage } from '../../src/features/desktop/desktop.protocol.js';
import { useWords } from '../shared/language.js';
import classes from './idle.module.css';

const ICONS: Readonly<Partial<Record<AgentState, typeof IconHeadset>>> = {
  reserved: IconPhoneCalling,
  break: IconCoffee,
  connecting: IconPlugConnected,
};

/** The place of the card while there is none. */
export function Idle(props: {
  readonly state: AgentStateMessage;
  readonly hasDeskPhone: boolean;
  /** The browser's phone cannot hear the agent. */
  readonly isMute: boolean;
}) {
  const { state, hasDeskPhone, isMute } = props;
  const { word } = useWords();
  const isWithoutPhone = isMute && state.state === 'connecting';
  const Icon = isWithoutPhone ? IconMicrophoneOff : (ICONS[state.state] ?? IconHeadset);
  const known = ['ready', 'reserved', 'break', 'connecting', 'offline'].includes(state.state) ? state.state : 'other';
  const key = isWithoutPhone ? 'mute' : known;
  const text = key === 'connecting' && hasDeskPhone ? 'connectingDesk' : `${key}Text`;
  return (
    <Paper withBorder className={classes.idle} data-side="left" data-state={state.state}>
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
