import { Button, Group, Modal, Text } from '@mantine/core';
import { useState } from 'react';
import type {
  BoardHeldOrder,
  BoardShop,
  BoardUrgentOrder,
} from '../../src/features/supervision/supervision.protocol.js';
import { duration } from '../shared/format.js';
import { useWords, wordOr } from '../shared/language.js';
import { useNow } from '../shared/ticking.js';
import { useAct } from './acting.js';
import { Panel } from './panel.js';
import classes from './lists.module.css';

const MOST_SHOWN = 20;

/** First calls that are late or nearly so, the latest first. */
export function UrgentOrders({
  urgent,
  shops,
}: {
  readonly urgent: readonly BoardUrgentOrder[];
  readonly shops: readonly BoardShop[];
}) {
  const { word } = useWords();
  const now = useNow();
  const count = shops.reduce((sum, { waiting }) => sum + waiting.late + waiting.atRisk, 0);
  const shown = urgent.slice(0, MOST_SHOWN);
  const isLate = shown.some(({ callBy }) => Date.parse(callBy) < now);
  return (
    <Panel
      title={word('board/orders/urgent')}
      aside={String(count)}
      tone={isLate ? 'bad' : 'warn'}
      className={classes.limited}
    >
      <ul className={classes.list}>
        {shown.map(({ shop, orderId, callBy }) => {
          const leftMs = Date.parse(callBy) - now;
          return (
            <li key={`${shop} ${orderId}`} className={classes.row}>
              <strong>{orderId}</strong>
              <span className={classes.grow}>{shops.find((one) => one.shop === shop)?.name ?? shop}</span>
              <span data-tone={leftMs < 0 ? 'bad' : undefined}>
                {word(leftMs < 0 ? 'board/orders/late' : 'board/orders/left', { time: duration(Math.abs(leftMs)) })}
              </span>
            </li>
          );
        })}
        {count > shown.length && <li>{word('board/orders/more', { count: count - shown.length })}</li>}
      </ul>
    </Panel>
  );
}

/** Orders that nobody is called for until a person has decided: here they decide. */
export function HeldOrders({
  held,
  shops,
}: {
  readonly held: readonly BoardHeldOrder[];
  readonly shops: readonly BoardShop[];
}) {
  const { word } = useWords();
  const act = useAct();
  const [closing, setClosing] = useState<BoardHeldOrder | null>(null);
  const address = ({ shop, orderId }: BoardHeldOrder) =>
    `shops/${encodeURIComponent(shop)}/orders/${encodeURIComponent(orderId)}`;
  const close = () => {
    if (closing !== null) void act('POST', `${address(closing)}/close`);
    setClosing(null);
  };
  const count = shops.reduce((sum, { waiting }) => sum + waiting.held, 0);
  return (
    <Panel title={word('board/orders/held')} aside={String(count)} tone="warn" className={classes.limited}>
      <p className={classes.text}>{word('board/orders/heldText')}</p>
      <ul className={classes.list}>
        {held.map((order) => (
          <li key={`${order.shop} ${order.orderId}`} className={classes.row} data-held={order.orderId}>
            <strong>{order.orderId}</strong>
            <span className={classes.grow}>{wordOr(word, `board/orders/reason/${order.reason}`, order.reason)}</span>
            <span className={classes.dim}>{word('board/orders/attempts', { count: order.attempts })}</span>
            <Button
              size="compact-sm"
              variant="default"
              aria-label={word('board/orders/releaseOf', { orderId: order.orderId })}
              onClick={() => void act('POST', `${address(order)}/release`)}
            >
              {word('board/orders/release')}
            </Button>
            <Button
              size="compact-sm"
              variant="default"
              aria-label={word('board/orders/closeOf', { orderId: order.orderId })}
              onClick={() => setClosing(order)}
            >
              {word('board/orders/close')}
            </Button>
          </li>
        ))}
      </ul>
      <Modal
        opened={closing !== null}
        onClose={() => setClosing(null)}
        title={word('board/orders/closeTitle', { orderId: closing?.orderId ?? '' })}
        classNames={{ title: classes.title ?? '' }}
        lockScroll={false}
        withCloseButton={false}
        centered
      >
        <Text>{word('board/orders/closeText')}</Text>
        <Group mt="lg" justify="flex-end">
          <Button variant="default" data-autofocus onClick={() => setClosing(null)}>
            {word('board/orders/keep')}
          </Button>
          <Button color="red.9" onClick={close}>
            {word('board/orders/close')}
          </Button>
        </Group>
      </Modal>
    </Panel>
  );
}
