import { ActionIcon, Button, Group, Kbd, Menu, Switch, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { IconBook2, IconChevronDown } from '@tabler/icons-react';
import type { AgentProfile, AgentStateMessage, FiguresMessage } from '../../src/features/desktop/desktop.protocol.js';
import { ask } from '../shared/api.js';
import { duration } from '../shared/format.js';
import { useWords, wordOr } from '../shared/language.js';
import { preferences, usePreference } from '../shared/preferences.js';
import { useNow } from '../shared/ticking.js';
import { PhoneButton } from '../softphone/phone-button.js';
import { BREAKS } from './breaks.js';
import { useDesk } from './desk.js';
import { mayAct, type DeskView } from './desk-view.js';
import { OwnSettings } from './own-settings.js';
import classes from './top-bar.module.css';

const AT_CALL: readonly string[] = ['reserved', 'talking', 'lost'];

/** The panel of articles, opened and closed. */
export interface KnowledgeSwitch {
  readonly isOpen: boolean;
  readonly toggle: () => void;
  readonly close: () => void;
}

/** The agent's state and how long it lasts, what they wish next, their day, the phone, settings. */
export function TopBar(props: {
  readonly view: DeskView;
  readonly agent: AgentProfile;
  readonly state: AgentStateMessage;
  readonly knowledge: KnowledgeSwitch;
}) {
  const { view, agent, state, knowledge } = props;
  const { word } = useWords();
  const desk = useDesk();
  const isActive = mayAct(view);
  const wish = useMutation({
    mutationFn: ({ to, reason }: { to: 'ready' | 'break'; reason?: string }) => desk.wish(to, reason),
  });
  const isAtCall = AT_CALL.includes(state.state);
  const isReady = state.state === 'ready' || ((isAtCall || state.state === 'connecting') && state.wanted === 'ready');
  const isBreak = state.state === 'break' || (isAtCall && state.wanted === 'break');
  return (
    <header className={classes.bar}>
      <StateShown state={state} isTakingOver={view.transfer?.side === 'to'} />
      <Group gap={6} role="group" aria-label={word('bar/myState')} wrap="nowrap">
        <Button
          aria-label={word(isAtCall ? 'bar/readyAfter' : 'bar/goReady')}
          variant={isReady ? 'light' : 'filled'}
          className={classes.ready}
          disabled={!isActive || isReady}
          onClick={() => wish.mutate({ to: 'ready' })}
          rightSection={<Kbd size="xs">F8</Kbd>}
        >
          {word('bar/goReady')}
        </Button>
        <Menu position="bottom-start" withinPortal={false} disabled={!isActive || isBreak}>
          <Menu.Target>
            <Button
              variant="default"
              aria-label={word(isAtCall ? 'bar/breakAfter' : 'bar/goBreak')}
              disabled={!isActive || isBreak}
              rightSection={<IconChevronDown size={16} aria-hidden />}
            >
              {word('bar/goBreak')}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Label>{word('bar/breakReason')}</Menu.Label>
            {BREAKS.map((reason, i) => (
              <Menu.Item
                key={reason}
                onClick={() => wish.mutate({ to: 'break', reason })}
                rightSection={i === 0 ? <Kbd size="xs">F9</Kbd> : null}
              >
                {word(`reason/${reason}`)}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      </Group>
      <Figures state={state} />
      <Group gap={6} wrap="nowrap" className={classes.own}>
        <ActionIcon
          variant={knowledge.isOpen ? 'light' : 'default'}
          size="lg"
          aria-label={word('knowledge/title')}
          aria-pressed={knowledge.isOpen}
          aria-keyshortcuts="F3"
          title={`${word('knowledge/title')} (F3)`}
          onClick={knowledge.toggle}
        >
          <IconBook2 size={18} aria-hidden />
        </ActionIcon>
        <PhoneButton />
        <Text size="sm" fw={600} truncate className={classes.name}>
          {agent.name}
        </Text>
        <Settings isAtCall={isAtCall} />
      </Group>
    </header>
  );
}

function StateShown({ state, isTakingOver }: { readonly state: AgentStateMessage; readonly isTakingOver: boolean }) {
  const { word } = useWords();
  const time = duration(useNow() - Date.parse(state.since));
  const isAtCall = AT_CALL.includes(state.state);
  const wish = isAtCall && state.wanted !== 'ready' ? word(`wanted/${state.wanted}`) : '';
  const reason = state.reason === null ? wish : wordOr(word, `reason/${state.reason}`, state.reason);
  return (
    <div className={classes.state} data-state={state.state}>
      <span className={classes.dot} aria-hidden />
      <span className={classes.words}>
        <strong>
          {word(state.state === 'reserved' && isTakingOver ? 'transfer/takingOver' : `state/${state.state}`)}
        </strong>
        <small>{reason}</small>
      </span>
      <time className={classes.time} aria-label={word('bar/timeInState', { time })}>
        {time}
      </time>
    </div>
  );
}

function Figures({ state }: { readonly state: AgentStateMessage }) {
  const { word, formats } = useWords();
  const figures = useQuery({
    // Each change of state is worth a look, and the time that passes in one.
    queryKey: ['figures', state.since],
    queryFn: () => {
      const midnight = new Date();
      midnight.setHours(0, 0, 0, 0);
      return ask<FiguresMessage>('GET', `figures?since=${encodeURIComponent(midnight.toISOString())}`);
    },
    refetchInterval: 30_000,
    placeholderData: (old) => old,
  });
  const { talks, confirmed, averageHandlingSeconds, occupancyRatio } = figures.data ?? {};
  return (
    <section className={classes.figures} aria-label={word('bar/figures')}>
      <span>{word('bar/talks', { count: talks ?? 0 })}</span>
      <span>{word('bar/confirmed', { count: confirmed ?? 0 })}</span>
      <span>
        {word('bar/handling', {
          time: averageHandlingSeconds == null ? '–' : duration(averageHandlingSeconds * 1_000),
        })}
      </span>
      <span>{word('bar/occupancy', { share: occupancyRatio == null ? '–' : formats.percent(occupancyRatio) })}</span>
    </section>
  );
}

function Settings({ isAtCall }: { readonly isAtCall: boolean }) {
  const { word } = useWords();
  const hasKeys = usePreference('keys');
  const isTold = usePreference('notify');
  const setTold = async (isOn: boolean) => {
    const isAllowed = isOn && (await Notification.requestPermission()) === 'granted';
    preferences.write('notify', isAllowed);
  };
  return (
    <OwnSettings isAtCall={isAtCall}>
      <Switch
        label={word('menu/keys')}
        checked={hasKeys}
        onChange={({ currentTarget }) => preferences.write('keys', currentTarget.checked)}
      />
      <Switch
        label={word('menu/notify')}
        checked={isTold}
        onChange={({ currentTarget }) => void setTold(currentTarget.checked)}
      />
    </OwnSettings>
  );
}
