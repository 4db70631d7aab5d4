import { ActionIcon, Button, Popover, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { IconLogout, IconSettings } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useWords } from '../shared/language.js';
import { LanguageChoice, LookChoice } from '../shared/settings.js';
import { useDesk } from './desk.js';

/** What belongs to the person: language, look, `children`, and the way out, which a call bars. */
export function OwnSettings({
  isAtCall = false,
  children,
}: {
  readonly isAtCall?: boolean;
  readonly children?: ReactNode;
}) {
  const { word } = useWords();
  const desk = useDesk();
  const signOut = useMutation({ mutationFn: desk.signOut });
  return (
    <Popover position="bottom-end" withinPortal={false} width={320} trapFocus shadow="md">
      <Popover.Target>
        <ActionIcon variant="default" size="lg" aria-label={word('menu/open')}>
          <IconSettings size={18} aria-hidden />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown aria-label={word('menu/open')}>
        <Stack gap="sm">
          <LanguageChoice isFull />
          <LookChoice />
          {children}
          {isAtCall && (
            <Text size="sm" c="dimmed">
              {word('menu/signOutAtCall')}
            </Text>
          )}
          <Button
            variant="default"
            leftSection={<IconLogout size={16} aria-hidden />}
            disabled={isAtCall}
            loading={signOut.isPending}
            onClick={() => signOut.mutate()}
          >
            {word('menu/signOut')}
          </Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
