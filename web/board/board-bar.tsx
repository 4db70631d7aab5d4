import { ActionIcon, Group, NativeSelect, Text } from '@mantine/core';
import { IconMaximize } from '@tabler/icons-react';
import type { AgentProfile } from '../../src/features/desktop/desktop.protocol.js';
import type { BoardMessage } from '../../src/features/supervision/supervision.protocol.js';
import { OwnSettings } from '../agent/own-settings.js';
import { useWords } from '../shared/language.js';
import { PhoneButton } from '../softphone/phone-button.js';
import classes from './board-page.module.css';
import type { BoardFilter } from './board-filter.js';

/** The board's name and time, what of the floor it shows, and the person's own things. */
export function BoardBar(props: {
  readonly agent: AgentProfile;
  readonly board: BoardMessage | null;
  readonly filter: BoardFilter;
  readonly onFilter: (filter: BoardFilter) => void;
}) {
  const { word, formats } = useWords();
  const { agent, board, filter, onFilter } = props;
  return (
    <header className={classes.bar}>
      <h1 className={classes.title}>{word('board/title')}</h1>
      <Text size="sm" c="dimmed" className={classes.asOf}>
        {board === null ? '' : word('board/asOf', { time: formats.clock(board.at) })}
      </Text>
      <NativeSelect
        aria-label={word('board/filterGroup')}
        value={filter.group ?? ''}
        onChange={({ currentTarget: { value } }) => onFilter({ ...filter, group: value === '' ? null : value })}
        data={[
          { value: '', label: word('board/allGroups') },
          ...(board?.groups ?? []).map(({ group, name }) => ({ value: group, label: name })),
        ]}
      />
      <NativeSelect
        aria-label={word('board/filterShop')}
        value={filter.shop ?? ''}
        onChange={({ currentTarget: { value } }) => onFilter({ ...filter, shop: value === '' ? null : value })}
        data={[
          { value: '', label: word('board/allShops') },
          ...(board?.shops ?? []).map(({ shop, name }) => ({ value: shop, label: name })),
        ]}
      />
      <Group gap={6} wrap="nowrap" className={classes.own}>
        <PhoneButton />
        <Text size="sm" fw={600} truncate className={classes.name}>
          {agent.name}
        </Text>
        <ActionIcon
          variant="default"
          size="lg"
          aria-label={word('board/full')}
          title={word('board/full')}
          onClick={() => void toggleFullScreen()}
        >
          <IconMaximize size={18} aria-hidden />
        </ActionIcon>
        <OwnSettings />
      </Group>
    </header>
  );
}

async function toggleFullScreen(): Promise<void> {
  await (document.fullscreenElement === null
    ? document.documentElement.requestFullscreen()
    : document.exitFullscreen());
}
