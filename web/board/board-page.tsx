import { Center, Loader } from '@mantine/core';
import { useEffect, useMemo, useState } from 'react';
import type { BoardMessage } from '../../src/features/supervision/supervision.protocol.js';
import type { AgentProfile, AgentStateMessage } from '../../src/features/desktop/desktop.protocol.js';
import { mayAct, type DeskView } from '../agent/desk-view.js';
import { Strip } from '../agent/strip.js';
import { useWords } from '../shared/language.js';
import { usePhone } from '../softphone/phone-context.js';
import { Acting } from './acting.js';
import { AgentTable } from './agent-table.js';
import { BoardBar } from './board-bar.js';
import { filtered, hourOf, type BoardFilter, type HourSeries } from './board-filter.js';
import { useBoardLine } from './board-line.js';
import classes from './board-page.module.css';
import { addBoardWords } from './board-words.js';
import { Charts } from './charts.js';
import { HeldOrders, UrgentOrders } from './order-lists.js';
import { PacingList } from './pacing-list.js';
import { ShopTable } from './shop-table.js';
import { InTalkProvider } from './talk-buttons.js';
import { Tiles } from './tiles.js';
import { TrunkList } from './trunk-list.js';

addBoardWords();

/** The supervisor's page: the floor as it stands, for a wall or a laptop. */
export function BoardPage(props: {
  readonly view: DeskView;
  readonly agent: AgentProfile;
  readonly state: AgentStateMessage;
}) {
  const { view, agent, state } = props;
  const { word, formats } = useWords();
  const phone = usePhone();
  const { board, history, isConnected } = useBoardLine();
  const [filter, setFilter] = useState<BoardFilter>({ group: null, shop: null });
  const isActive = mayAct(view);
  useEffect(() => phone.setWanted(isActive), [phone, isActive]);
  useEffect(() => phone.setLineExpected(state.isLineUp === true), [phone, state.isLineUp]);
  useEffect(() => () => phone.setWanted(false), [phone]);
  const shown = useMemo(() => (board === null ? null : filtered(board, filter)), [board, filter]);
  const hour = useMemo(
    () => (shown === null || history === null ? null : hourOf(history, shown, filter)),
    [shown, history, filter],
  );
  const liveCalls = useMemo(() => new Set((board?.calls ?? []).map(({ callId }) => callId)), [board]);
  return (
    <div className={classes.page}>
      <BoardBar agent={agent} board={board} filter={filter} onFilter={setFilter} />
      <Strip view={view} />
      <p role="status" className={classes.strip} data-shown={!isConnected && board !== null}>
        {!isConnected && board !== null ? word('board/lost', { time: formats.clock(board.at) }) : ''}
      </p>
      <Acting>
        <InTalkProvider liveCalls={liveCalls}>
          {shown === null ? (
            <Center component="main" h="100%">
              <Loader aria-label={word('board/waiting')} />
            </Center>
          ) : (
            <Floor board={shown} hour={hour} />
          )}
        </InTalkProvider>
      </Acting>
    </div>
  );
}

function Floor({ board, hour }: { readonly board: BoardMessage; readonly hour: HourSeries | null }) {
  const { shops, calls } = board;
  return (
    <main className={classes.main}>
      <Tiles board={board} hour={hour} />
      <div className={classes.parts}>
        <div className={classes.people}>
          <AgentTable agents={board.agents} calls={calls} />
          {board.urgent.length > 0 && <UrgentOrders urgent={board.urgent} shops={shops} />}
          {board.held.length > 0 && <HeldOrders held={board.held} shops={shops} />}
        </div>
        <div className={classes.column}>
          <ShopTable shops={shops} calls={calls} />
          <PacingList groups={board.groups} shops={shops} />
          <TrunkList trunks={board.trunks} />
        </div>
        <Charts hour={hour} />
      </div>
    </main>
  );
}
