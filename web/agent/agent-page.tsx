import { Center, Loader } from '@mantine/core';
import { lazy, Suspense } from 'react';
import { useWords } from '../shared/language.js';
import { useDeskView } from './desk.js';
import { DeskPage } from './desk-page.js';
import { SignIn } from './sign-in.js';

/** Agents never load it. */
const BoardPage = lazy(async () => ({ default: (await import('../board/board-page.js')).BoardPage }));
const SUPERVISES: readonly string[] = ['supervisor', 'administrator'];

/** What the tab shows: the sign-in, the desk, or to who supervises the board. */
export function AgentPage() {
  const view = useDeskView();
  if (view.session === 'asking') return <Waiting />;
  if (view.session === 'signed_out' || view.agent === null || view.state === null) {
    return <SignIn ending={view.ending} />;
  }
  if (SUPERVISES.includes(view.agent.role)) {
    return (
      <Suspense fallback={<Waiting />}>
        <BoardPage view={view} agent={view.agent} state={view.state} />
      </Suspense>
    );
  }
  return <DeskPage view={view} agent={view.agent} state={view.state} />;
}

function Waiting() {
  const { word } = useWords();
  return (
    <Center h="100%">
      <Loader aria-label={word('product')} />
    </Center>
  );
}
