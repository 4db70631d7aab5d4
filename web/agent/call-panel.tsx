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
  readonly state: AgentStateMessage;
  /** The hand-over of the call, under way or failed. */
  readonly transfer: CallTransferMessage | null;
  readonly isActive: boolean;
  /** Something lies over the result. */
  readonly isResultCovered: boolean;
  /** The agent turns to the result. */
  readonly onResult: () => void;
}) {
  const { call, state, transfer, isResultCovered, onResult } = props;
  // A buyer who is about to come is seen, and not worked on yet.
  const isActive = props.isActive && state.state !== 'reserved';
  const { word } = useWords();
  const talk = useTalk(call);
  const [shownRef, show] = useState(call.order.id);
  const shown = talk.orders.find((order) => order.id === shownRef) ?? talk.main;
  const isOpen = isActive && talk.savedOutcome === null;
  return (
    <>
      <Paper
        withBorder
        component="section"
        aria-label={word('order/title', { orderId: shown.orderId })}
        className={classes.card}
      >
        <CallBar
          call={call}
          state={state}
          isActive={isActive}
          isMoving={transfer !== null && transfer.state !== 'failed'}
        />
        {transfer !== null && <TransferStrip transfer={transfer} isActive={props.isActive} />}
        {talk.orders.length > 1 && (
          <Tabs value={shown.id} onChange={(id) => id !== null && show(id)} className={classes.tabs}>
            <Tabs.List aria-label={word('order/tabs')}>
              {talk.orders.map((order) => (
                <Tabs.Tab key={order.id} value={order.id}>
                  {order.orderId}
                </Tabs.Tab>
              ))}
            </Tabs.List>
          </Tabs>
        )}
        <OrderCardView key={shown.id} call={call} order={shown} talk={talk} isOpen={isOpen} />
      </Paper>
      <ResultPanel
        call={call}
        state={state}
        order={shown}
        talk={talk}
        isActive={isActive}
        onShow={show}
        isCovered={isResultCovered}
        onTurn={onResult}
      />
    </>
  );
}
