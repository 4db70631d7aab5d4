import { ActionIcon, Button, Group, Kbd, Popover, SimpleGrid, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import {
  IconDialpad,
  IconMicrophone,
  IconMicrophoneOff,
  IconPhoneOff,
  IconPlayerPause,
  IconPlayerPlay,
} from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import type { AgentStateMessage } from '../../src/features/desktop/desktop.protocol.js';
import { duration } from '../shared/format.js';
import { useWords } from '../shared/language.js';
import { useNow } from '../shared/ticking.js';
import { usePhone, usePhoneView } from '../softphone/phone-context.js';
import classes from './call-bar.module.css';
import { useDesk } from './desk.js';
import type { CallOnScreen } from './desk-view.js';
import { useHotKeys } from './hot-keys.js';
import { TransferPicker } from './transfer-picker.js';

const TONES = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'];

/** Whose order it is, how long they have talked, and what can be done with the call itself. */
export function CallBar(props: {
  readonly call: CallOnScreen;
  readonly state: AgentStateMessage;
  readonly isActive: boolean;
  readonly isShown: boolean;
  /** The buyer is on the way to somebody else. */
  readonly isMoving: boolean;
}) {
  const { call, state, isActive, isShown, isMoving } = props;
  const { word } = useWords();
  const desk = useDesk();
  const phone = usePhone();
  const { isMuted, status, isOffered } = usePhoneView();
  const title = useRef<HTMLHeadingElement>(null);
  const isTalking =
    isActive && isShown && state.state !== 'wrap_up' && state.state !== 'reserved' && call.endedAt === null;
  const hold = useMutation({ mutationFn: () => desk.hold(call.callId, !call.isHeld) });
  const hangUp = useMutation({ mutationFn: () => desk.hangUp(call.callId) });
  useHotKeys({
    F2: () => isTalking && hangUp.mutate(),
    F4: () => isTalking && state.state === 'talking' && !isMoving && hold.mutate(),
  });
  // The card is read from its top, and single keys work at once.
  useEffect(() => {
    if (isShown) title.current?.focus();
  }, [isShown]);
  const hasLine = status === 'line' && isTalking;
  return (
    <div className={classes.bar}>
      <div className={classes.order}>
        <span className={classes.shop}>{call.shop.name}</span>
        <Title
          order={1}
          size="h3"
          ref={title}
          tabIndex={-1}
          aria-label={word('order/title', { orderId: call.order.orderId })}
          title={call.order.orderId}
        >
          {call.order.orderId}
        </Title>
      </div>
      <TalkTime call={call} state={state} />
      <Group gap={6} wrap="nowrap">
        {isOffered === true && (
          <>
            <Button
              variant={isMuted ? 'filled' : 'default'}
              color="red"
              disabled={!hasLine}
              aria-pressed={isMuted}
              leftSection={
                isMuted ? <IconMicrophoneOff size={18} aria-hidden /> : <IconMicrophone size={18} aria-hidden />
              }
              rightSection={<Kbd size="xs">F7</Kbd>}
              onClick={() => phone.toggleMute()}
              aria-label={word(isMuted ? 'call/unmute' : 'call/mute')}
            />
            <Popover withinPortal={false} trapFocus position="bottom">
              <Popover.Target>
                <ActionIcon variant="default" size={36} disabled={!hasLine} aria-label={word('call/keypad')}>
                  <IconDialpad size={18} aria-hidden />
                </ActionIcon>
              </Popover.Target>
              <Popover.Dropdown>
                <SimpleGrid cols={3} spacing="xs">
                  {TONES.map((tone) => (
                    <Button key={tone} variant="default" onClick={() => phone.sendTone(tone)}>
                      {tone}
                    </Button>
                  ))}
                </SimpleGrid>
              </Popover.Dropdown>
            </Popover>
          </>
        )}
        <Button
          className={classes.hold}
          variant={call.isHeld ? 'filled' : 'default'}
          disabled={!isTalking || state.state !== 'talking' || isMoving}
          loading={hold.isPending}
          aria-pressed={call.isHeld}
          leftSection={
            call.isHeld ? <IconPlayerPlay size={18} aria-hidden /> : <IconPlayerPause size={18} aria-hidden />
          }
          rightSection={<Kbd size="xs">F4</Kbd>}
          onClick={() => hold.mutate()}
        >
          {word(call.isHeld ? 'call/unhold' : 'call/hold')}
        </Button>
        <TransferPicker callId={call.callId} isOffered={isTalking && state.state === 'talking' && !isMoving} />
        <Button
          className={classes.hangUp}
          color="red"
          disabled={!isTalking}
          loading={hangUp.isPending}
          leftSection={<IconPhoneOff size={18} aria-hidden />}
          rightSection={<Kbd size="xs">F2</Kbd>}
          onClick={() => hangUp.mutate()}
        >
          {word('call/hangUp')}
        </Button>
      </Group>
    </div>
  );
}

function TalkTime({ call, state }: { readonly call: CallOnScreen; readonly state: AgentStateMessage }) {
  const { word } = useWords();
  const now = useNow();
  const end = call.endedAt === null ? now : Date.parse(call.endedAt);
  const time = duration(end - Date.parse(call.connectedAt));
  const isOver = state.state === 'wrap_up' || call.endedAt !== null;
  const stage = isOver ? 'over' : state.state === 'lost' ? 'lost' : call.isHeld ? 'held' : 'talk';
  return (
    <div className={classes.time} data-stage={stage}>
      <span>{word(`call/${stage}`)}</span>
      <time aria-label={word('call/time', { time })}>{time}</time>
    </div>
  );
}
