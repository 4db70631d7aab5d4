import { Alert, Button, Group } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { CallTransferMessage } from '../../src/features/desktop/desktop.protocol.js';
import { useWords } from '../shared/language.js';
import { useDesk } from './desk.js';

/** Where the hand-over stands, and what the agent can do about it. */
export function TransferStrip({
  transfer,
  isActive,
}: {
  readonly transfer: CallTransferMessage;
  readonly isActive: boolean;
}) {
  const { word } = useWords();
  const desk = useDesk();
  const { callId, side, state, reason } = transfer;
  const step = useMutation({
    mutationFn: (what: 'transfer/complete' | 'transfer/cancel' | 'conference') => desk.step(callId, what),
  });
  const name = (side === 'from' ? transfer.to : transfer.from) ?? '';
  const isFailed = state === 'failed';
  const text = isFailed
    ? word(`transfer/failed/${reason ?? 'unreachable'}`, { name })
    : word(`transfer/${side}/${state}`, { name });
  const isTogether = state === 'consulting' || state === 'conference';
  const mayCancel = isTogether || state === 'calling';
  return (
    <Alert color={isFailed ? 'red' : 'blue'} radius={0} p="xs" role="status">
      <Group justify="space-between" mih={30}>
        {text}
        <Group gap={6}>
          {side === 'from' && isTogether && (
            <Button size="compact-sm" disabled={!isActive} onClick={() => step.mutate('transfer/complete')}>
              {word('transfer/complete')}
            </Button>
          )}
          {side === 'from' && state === 'consulting' && (
            <Button size="compact-sm" variant="default" disabled={!isActive} onClick={() => step.mutate('conference')}>
              {word('transfer/conference')}
            </Button>
          )}
          {mayCancel && (
            <Button
              size="compact-sm"
              variant="default"
              disabled={!isActive}
              onClick={() => step.mutate('transfer/cancel')}
            >
              {word(side === 'from' ? 'transfer/cancel' : 'transfer/decline')}
            </Button>
          )}
        </Group>
      </Group>
    </Alert>
  );
}
