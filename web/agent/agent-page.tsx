import { Center, Loader } from '@mantine/core';
import { useWords } from '../shared/language.js';
import { useDeskView } from './desk.js';
import { DeskPage } from './desk-page.js';
import { SignIn } from './sign-in.js';

/** What the tab shows: the sign-in, or the desk. */
export function AgentPage() {
  const { word } = useWords();
  const view = useDeskView();
  if (view.session === 'asking') {
    return (
      <Center h="100%">
        <Loader aria-label={word('product')} />
      </Center>
    );
  }
  if (view.session === 'signed_out' || view.agent === null || view.state === null) {
    return <SignIn ending={view.ending} />;
  }
  return <DeskPage view={view} agent={view.agent} state={view.state} />;
}
