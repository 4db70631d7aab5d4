import { ActionIcon, Menu } from '@mantine/core';
import { IconCoffee, IconDots, IconLogout } from '@tabler/icons-react';
import type { BoardAgent, BoardCall } from '../../src/features/supervision/supervision.protocol.js';
import { BREAKS } from '../agent/breaks.js';
import { duration } from '../shared/format.js';
import { useWords, wordOr } from '../shared/language.js';
import { useNow } from '../shared/ticking.js';
import { useAct } from './acting.js';
import classes from './agent-table.module.css';
import { Panel } from './panel.js';
import { TalkButtons } from './talk-buttons.js';

/** Who needs a look stands first; within a state, whoever has stood in it longest. */
const ORDER: readonly string[] = ['lost', 'talking', 'wrap_up', 'reserved', 'ready', 'connecting', 'break'];
const AT_CALL: readonly string[] = ['reserved', 'talking', 'lost', 'wrap_up'];

/** Who is there, in which state, for how long. Who is not signed in is only counted. */
export function AgentTable({
  agents,
  calls,
}: {
  readonly agents: readonly BoardAgent[];
  readonly calls: readonly BoardCall[];
}) {
  const { word } = useWords();
  const now = useNow();
  const there = agents
    .filter(({ state }) => state !== 'offline')
    .sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.since.localeCompare(b.since));
  const offline = agents.length - there.length;
  return (
    <Panel
      title={word('board/agents/title')}
      aside={offline > 0 ? word('board/agents/offline', { count: offline }) : ''}
      isEmpty={there.length === 0}
      emptyText={word('board/agents/nobody')}
    >
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">{word('board/agents/agent')}</th>
            <th scope="col">{word('board/agents/state')}</th>
            <th scope="col" className={classes.number}>
              {word('board/agents/time')}
            </th>
            <th scope="col">
              <span className="visually-hidden">{word('board/agents/actions')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {there.map((agent) => (
            <AgentRow
              key={agent.login}
              agent={agent}
              call={calls.find(({ callId }) => callId === agent.callId)}
              now={now}
            />
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

function AgentRow(props: { readonly agent: BoardAgent; readonly call: BoardCall | undefined; readonly now: number }) {
  const { word } = useWords();
  const { agent, call, now } = props;
  const isAtCall = AT_CALL.includes(agent.state);
  const wish = isAtCall && agent.wanted !== 'ready' ? word(`wanted/${agent.wanted}`) : '';
  const reason = agent.reason === null ? wish : wordOr(word, `reason/${agent.reason}`, agent.reason);
  return (
    <tr data-agent={agent.login} data-state={agent.state}>
      <th scope="row">
        <span className={classes.who}>
          <span>{agent.name}</span>
          {call !== undefined && <small>{word('board/agents/order', { orderId: call.orderId })}</small>}
        </span>
      </th>
      <td>
        <span className={classes.state}>
          {word(`state/${agent.state}`)}
          {reason !== '' && <small>{reason}</small>}
        </span>
      </td>
      <td className={classes.number}>{duration(now - Date.parse(agent.since))}</td>
      <td className={classes.actions}>
        {call?.state === 'connected' && <TalkButtons callId={call.callId} name={agent.name} />}
        <AgentMenu agent={agent} isAtCall={isAtCall} />
      </td>
    </tr>
  );
}

function AgentMenu({ agent, isAtCall }: { readonly agent: BoardAgent; readonly isAtCall: boolean }) {
  const { word } = useWords();
  const act = useAct();
  const address = `agents/${encodeURIComponent(agent.login)}`;
  return (
    <Menu position="bottom-end" withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <ActionIcon
          size={26}
          variant="subtle"
          color="gray"
          aria-label={word('board/agents/menu', { name: agent.name })}
        >
          <IconDots size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{word('board/agents/toBreak')}</Menu.Label>
        {[...BREAKS, 'supervisor'].map((reason) => (
          <Menu.Item
            key={reason}
            leftSection={<IconCoffee size={16} aria-hidden />}
            onClick={() => void act('PUT', `${address}/state`, { state: 'break', reason })}
          >
            {word(`reason/${reason}`)}
          </Menu.Item>
        ))}
        <Menu.Divider />
        {isAtCall && <Menu.Label>{word('board/agents/afterCall')}</Menu.Label>}
        <Menu.Item
          leftSection={<IconLogout size={16} aria-hidden />}
          onClick={() => void act('DELETE', `${address}/session`)}
        >
          {word('board/agents/signOut')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
