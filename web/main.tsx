import '@mantine/core/styles.css';
import './shared/theme.css';
import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';
import { AgentPage } from './agent/agent-page.js';
import { Desk, DeskContext } from './agent/desk.js';
import { Phone } from './softphone/phone.js';
import { PhoneContext } from './softphone/phone-context.js';
import { startLanguage } from './shared/language.js';
import { theme } from './shared/theme.js';

const desk = new Desk();
const phone = new Phone();
// A request without a network fails and says so, instead of waiting where nobody sees it.
const networkMode = 'always';
const queries = new QueryClient({
  defaultOptions: { queries: { retry: false, refetchOnWindowFocus: false, networkMode }, mutations: { networkMode } },
});
const schemes = localStorageColorSchemeManager({ key: 'look' });
const page = document.getElementById('page');
if (page === null) throw new Error('the page has lost its place');

// Styles come from files alone: the page's policy allows nothing inline.
const tree = (
  <MantineProvider
    theme={theme}
    colorSchemeManager={schemes}
    defaultColorScheme="auto"
    withCssVariables={false}
    withGlobalClasses={false}
  >
    <QueryClientProvider client={queries}>
      <DeskContext value={desk}>
        <PhoneContext value={phone}>
          <AgentPage />
        </PhoneContext>
      </DeskContext>
    </QueryClientProvider>
  </MantineProvider>
);
// Who is signed in is asked while the words come.
void desk.begin();
void startLanguage().then(() => createRoot(page).render(tree));
