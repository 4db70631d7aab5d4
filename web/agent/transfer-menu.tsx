import { Button, Kbd, Loader, Menu } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { IconArrowForwardUp } from '@tabler/icons-react';
import { useState } from 'react';
import type { TransferTargetsMessage } from '../../src/features/desktop/desktop.protocol.js';
import { ask } from '../shared/api.js';
import { useWords } from '../shared/language.js';
import { useDesk } from './desk.js';
import { useHotKeys } from './hot-keys.js';

type To = { readonly agent: string } | { readonly senior: true } | { readonly number: string };
type Mode = 'warm' | 'blind';

/** To whom the buyer can be handed over, asked when it is opened; worked with the arrow keys like any menu. */
export function TransferMenu({ callId, isOffered }: { readonly callId: string; readonly isOffered: boolean }) {
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
  });
  useHotKeys({ F6: () => isOffered && setOpen(!isOpen) });
  const choices = choicesOf(targets.data, word('transfer/senior'));
  const list = (mode: Mode) =>
    choices.map(({ key, name, to }) => (
      <Menu.Item key={`${mode} ${key}`} onClick={() => begin.mutate({ to, mode })}>
        {name}
      </Menu.Item>
    ));
  return (
    <Menu opened={isOpen && isOffered} onChange={setOpen} withinPortal={false} position="bottom-end" trapFocus>
      <Menu.Target>
        <Button
          variant="default"
          disabled={!isOffered}
          loading={begin.isPending}
          color={begin.isError ? 'red' : undefined}
          leftSection={<IconArrowForwardUp size={18} aria-hidden />}
          rightSection={<Kbd size="xs">F6</Kbd>}
          aria-label={word('transfer/open')}
        />
      </Menu.Target>
      <Menu.Dropdown>
        {targets.isPending ? (
          <Loader size="sm" m="sm" />
        ) : choices.length === 0 ? (
          <Menu.Item disabled>{word('transfer/nobody')}</Menu.Item>
        ) : (
          <>
            <Menu.Label>{word('transfer/warm')}</Menu.Label>
            {list('warm')}
            <Menu.Divider />
            <Menu.Label>{word('transfer/blind')}</Menu.Label>
            {list('blind')}
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

function choicesOf(targets: TransferTargetsMessage | undefined, anySenior: string) {
  if (targets === undefined) return [];
  const { agents, numbers } = targets;
  const seniors = agents.filter(({ isSenior }) => isSenior);
  return [
    ...agents.map(({ agent, name }) => ({ key: `agent ${agent}`, name, to: { agent } as To })),
    ...(seniors.length === 0 ? [] : [{ key: 'senior', name: anySenior, to: { senior: true } as To }]),
    ...numbers.map((number) => ({ key: `number ${number}`, name: number, to: { number } as To })),
  ];
}
