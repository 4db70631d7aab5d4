import { Paper, Tabs } from '@mantine/core';
import { useState } from 'react';
import type { AgentStateMessage, CallTransferMessage } from '../../src/features/desktop/desktop.protocol.js';
import { useWords } from '../shared/language.js';
import { CallBar } from './call-bar.js';
import classes from './call-panel.module.css';
import type { CallOnScreen } from './desk-view.js';
import { OrderCardView } from './order-card.js';
import { ResultPanel } from './result-panel.js';
import { useTalk } from './talk.js';
import { TransferStrip } from './transfer-strip.js';

/** The call in hand: its orders on the left, what became of them on the right. */
export function CallPanel(props: {
  readonly call: CallOnScreen;
  /** False: stands ready for the next call, unseen and without keys. */
  readonly isShown: boolean;
  readonly state: AgentStateMessage;
  /** The hand-over of the call, under way or failed. */
  readonly transfer: CallTransferMessage | null;
  readonly isActive: boolean;
  /** Something lies over the result. */
  readonly isResultCovered: boolean;
  /** The agent turns to the result. */
  readonly onResult: () => void;
}) {
  const { call, isShown, state, transfer, isResultCovered, onResult } = props;
  // A buyer who is about to come is seen, and not worked on yet.
  const isActive = props.isActive && state.state !== 'reserved';
  const { word } = useWords();
  const talk = useTalk(call, isShown);
  const [shownRef, show] = useState<string | null>(null);
  const shown = talk.orders.find((order) => order.id === shownRef) ?? talk.main;
  const isOpen = isActive && talk.savedOutcome === null;
  return (
    <>
      <Paper
        withBorder
        component="section"
        aria-label={word('order/title', { orderId: shown.orderId })}
        className={classes.card}
        data-side="left"
        hidden={!isShown}
      >
        <CallBar
          call={call}
          state={state}
          isActive={isActive}
          isShown={isShown}
          isMoving={transfer !== null && transfer.state !== 'failed'}
        />
        <OrderCardView
          key={shown === talk.main ? 'main' : shown.id}
          call={call}
          order={shown}
          talk={talk}
          isOpen={isOpen}
        />
        {/* Below the card: what comes and goes during the talk moves nothing that is being read or typed into. */}
        {talk.orders.length > 1 && (
          <Tabs inverted value={shown.id} onChange={(id) => id !== null && show(id)} className={classes.tabs}>
            <Tabs.List aria-label={word('order/tabs')}>
              {talk.orders.map((order) => (
                <Tabs.Tab key={order.id} value={order.id}>
                  {order.orderId}
                </Tabs.Tab>
              ))}
            </Tabs.List>
          </Tabs>
        )}
        {transfer !== null && <TransferStrip transfer={transfer} isActive={props.isActive} />}
      </Paper>
      <ResultPanel
        call={call}
        state={state}
        order={shown}
        talk={talk}
        isActive={isActive}
        isShown={isShown}
        onShow={show}
        isCovered={isResultCovered}
        onTurn={onResult}
      />
    </>
  );
}
