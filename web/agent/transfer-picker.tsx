import { Button, Kbd, Loader, Popover, Text, Title } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { IconArrowForwardUp, IconBuildingStore, IconStar, IconUser, IconUsers } from '@tabler/icons-react';
import { useState } from 'react';
import type { TransferTargetsMessage } from '../../src/features/desktop/desktop.protocol.js';
import { ask } from '../shared/api.js';
import { useWords } from '../shared/language.js';
import { useDesk } from './desk.js';
import { useHotKeys } from './hot-keys.js';
import classes from './transfer-picker.module.css';

type To = { readonly agent: string } | { readonly senior: true } | { readonly number: string };
type Mode = 'warm' | 'blind';
type Kind = 'agent' | 'seniorAgent' | 'anySenior' | 'number';

const ICONS = { agent: IconUser, seniorAgent: IconStar, anySenior: IconUsers, number: IconBuildingStore };

/** To whom the buyer can be handed over, and how; asked for when it is opened, and again while it is. */
export function TransferPicker({ callId, isOffered }: { readonly callId: string; readonly isOffered: boolean }) {
  const { word } = useWords();
  const desk = useDesk();
  const [isOpen, setOpen] = useState(false);
  const targets = useQuery({
    queryKey: ['transfer', callId],
    queryFn: () => ask<TransferTargetsMessage>('GET', `calls/${callId}/transfer/targets`),
    enabled: isOpen && isOffered,
    gcTime: 0,
    staleTime: 0,
    refetchInterval: 2_000,
  });
  const begin = useMutation({
    mutationFn: ({ to, mode }: { to: To; mode: Mode }) => desk.transfer(callId, to, mode),
    onMutate: () => setOpen(false),
  });
  useHotKeys({ F6: () => isOffered && setOpen(!isOpen) });
  const choices = choicesOf(targets.data, word('transfer/senior'));
  return (
    <Popover
      opened={isOpen && isOffered}
      onChange={setOpen}
      withinPortal={false}
      position="bottom-end"
      width={480}
      trapFocus
      shadow="md"
    >
      <Popover.Target>
        <Button
          variant="default"
          disabled={!isOffered}
          loading={begin.isPending}
          color={begin.isError ? 'red' : undefined}
          leftSection={<IconArrowForwardUp size={18} aria-hidden />}
          rightSection={<Kbd size="xs">F6</Kbd>}
          aria-label={word('transfer/open')}
          title={word('transfer/open')}
          onClick={() => setOpen(!isOpen)}
        />
      </Popover.Target>
      <Popover.Dropdown aria-label={word('transfer/open')}>
        <Title
          order={2}
          size="h5"
          className={classes.title ?? ''}
          tabIndex={-1}
          data-autofocus={choices.length === 0 || undefined}
        >
          {word('transfer/title')}
        </Title>
        {targets.isPending ? (
          <Loader size="sm" mt="sm" aria-label={word('transfer/title')} />
        ) : choices.length === 0 ? (
          <Text size="sm" c="dimmed" mt={4} role="status">
            {word('transfer/nobody')}
          </Text>
        ) : (
          <ul className={classes.list}>
            {choices.map(({ key, kind, name, to }) => {
              const Icon = ICONS[kind];
              return (
                <li key={key}>
                  <Icon size={18} aria-hidden />
                  <span className={classes.who}>
                    <span>{name}</span>
                    {kind !== 'anySenior' && <small>{word(`transfer/kinds/${kind}`)}</small>}
                  </span>
                  {(['warm', 'blind'] as const).map((mode) => (
                    <Button
                      key={mode}
                      size="compact-sm"
                      variant={mode === 'warm' ? 'light' : 'default'}
                      aria-label={`${word(`transfer/${mode}`)}: ${name}`}
                      onClick={() => begin.mutate({ to, mode })}
                    >
                      {word(`transfer/${mode}`)}
                    </Button>
                  ))}
                </li>
              );
            })}
          </ul>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}

function choicesOf(targets: TransferTargetsMessage | undefined, anySenior: string) {
  if (targets === undefined) return [];
  const choice = (kind: Kind, name: string, to: To) => ({ key: `${kind} ${JSON.stringify(to)}`, kind, name, to });
  const { agents, numbers } = targets;
  const seniors = agents.filter(({ isSenior }) => isSenior);
  return [
    ...agents.map(({ agent, name, isSenior }) => choice(isSenior ? 'seniorAgent' : 'agent', name, { agent })),
    ...(seniors.length > 1 ? [choice('anySenior', anySenior, { senior: true })] : []),
    ...numbers.map((number) => choice('number', number, { number })),
  ];
}
