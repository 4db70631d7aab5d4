import { ActionIcon } from '@mantine/core';
import { IconEar, IconMessageCircle, IconPhoneOff, IconUsersPlus } from '@tabler/icons-react';
import { createContext, useContext, useState, type ReactNode } from 'react';
import { useWords } from '../shared/language.js';
import { useAct } from './acting.js';

const WAYS = ['listen', 'whisper', 'barge'] as const;
type Way = (typeof WAYS)[number];
const ICONS = { listen: IconEar, whisper: IconMessageCircle, barge: IconUsersPlus };

interface InTalk {
  readonly callId: string;
  readonly way: Way;
}

const InTalkContext = createContext<{
  readonly inTalk: InTalk | null;
  readonly setInTalk: (inTalk: InTalk | null) => void;
}>({ inTalk: null, setInTalk: () => undefined });

/** Knows in which talk the supervisor of this page takes part; it ends with the call. */
export function InTalkProvider({
  liveCalls,
  children,
}: {
  readonly liveCalls: ReadonlySet<string>;
  readonly children: ReactNode;
}) {
  const [asked, setInTalk] = useState<InTalk | null>(null);
  const inTalk = asked !== null && liveCalls.has(asked.callId) ? asked : null;
  return <InTalkContext value={{ inTalk, setInTalk }}>{children}</InTalkContext>;
}

/** Unheard, heard by the agent alone, or by all; one way replaces the other. */
export function TalkButtons({ callId, name }: { readonly callId: string; readonly name: string }) {
  const { word } = useWords();
  const act = useAct();
  const { inTalk, setInTalk } = useContext(InTalkContext);
  const way = inTalk?.callId === callId ? inTalk.way : null;
  const go = async (to: Way | null) => {
    // One talk at a time: what is left is left first.
    if (to !== null && inTalk !== null && inTalk.callId !== callId) await act('POST', `calls/${inTalk.callId}/leave`);
    if (await act('POST', `calls/${callId}/${to ?? 'leave'}`)) setInTalk(to === null ? null : { callId, way: to });
  };
  return (
    <>
      {WAYS.map((one) => {
        const Icon = ICONS[one];
        const label = word(`board/talk/${one}To`, { name });
        return (
          <ActionIcon
            key={one}
            size={26}
            variant={way === one ? 'filled' : 'subtle'}
            color={way === one ? 'indigo' : 'gray'}
            aria-pressed={way === one}
            aria-label={label}
            title={label}
            onClick={() => void go(one)}
          >
            <Icon size={18} aria-hidden />
          </ActionIcon>
        );
      })}
      {way !== null && (
        <ActionIcon
          size={26}
          variant="subtle"
          color="gray"
          aria-label={word('board/talk/leaveTo', { name })}
          title={word('board/talk/leaveTo', { name })}
          onClick={() => void go(null)}
        >
          <IconPhoneOff size={18} aria-hidden />
        </ActionIcon>
      )}
    </>
  );
}
