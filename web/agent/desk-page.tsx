import { useCallback, useEffect, useRef, useState } from 'react';
import type { AgentProfile, AgentStateMessage } from '../../src/features/desktop/desktop.protocol.js';
import { useBlankCall } from './blank-call.js';
import { CallPanel } from './call-panel.js';
import { useDesk } from './desk.js';
import classes from './desk-page.module.css';
import { mayAct, type DeskView } from './desk-view.js';
import { Idle } from './idle.js';
import { KeyList } from './key-list.js';
import { KnowledgeSide } from './knowledge-side.js';
import { Strip } from './strip.js';
import { TopBar, type KnowledgeSwitch } from './top-bar.js';
import { useArrivals } from './arrivals.js';
import { useHotKeys } from './hot-keys.js';
import { usePhone, usePhoneView } from '../softphone/phone-context.js';

/** The working place: a bar with the agent's state, and below it the order in hand with its result. The frames stay where they are. */
export function DeskPage(props: {
  readonly view: DeskView;
  readonly agent: AgentProfile;
  readonly state: AgentStateMessage;
}) {
  const { view, agent, state } = props;
  const desk = useDesk();
  const phone = usePhone();
  const { isOffered, trouble } = usePhoneView();
  const isActive = mayAct(view);
  const spoken = useArrivals(view);
  const knowledge = useKnowledge();
  const panel = usePanel(view.call?.callId ?? null);
  const blank = useBlankCall(view.call === null);
  useEffect(() => phone.setWanted(isActive), [phone, isActive]);
  useEffect(() => phone.setLineExpected(state.isLineUp === true), [phone, state.isLineUp]);
  // After a sign-out there is no desk, and no phone either.
  useEffect(() => () => phone.setWanted(false), [phone]);
  useHotKeys({
    F8: () => isActive && void desk.wish('ready').catch(() => undefined),
    F9: () => isActive && void desk.wish('break', 'pause').catch(() => undefined),
    F7: () => phone.toggleMute(),
    F3: knowledge.toggle,
  });
  return (
    <div className={classes.desk}>
      <TopBar view={view} agent={agent} state={state} knowledge={knowledge} />
      <Strip view={view} />
      <main className={classes.main}>
        <CallPanel
          key={panel}
          call={view.call ?? blank}
          isShown={view.call !== null}
          state={state}
          transfer={view.transfer}
          isActive={isActive}
          isResultCovered={knowledge.isOpen}
          onResult={knowledge.close}
        />
        {view.call === null && (
          <>
            <Idle state={state} hasDeskPhone={isOffered === false} isMute={trouble !== null} />
            <KeyList isCovered={knowledge.isOpen} />
          </>
        )}
        <KnowledgeSide shop={view.call?.shop.shop ?? null} isOpen={knowledge.isOpen} onClose={knowledge.close} />
      </main>
      <p className="visually-hidden" aria-live="assertive">
        {spoken}
      </p>
    </div>
  );
}

/**
 * The name of the panel for the call in hand or the next one. Each call has one that nobody has used before, and the next one is drawn, hidden, as soon as the
 * last is over: to draw a panel takes longer than a buyer should wait, to fill it does not.
 */
function usePanel(callId: string | null): number {
  const [last, setLast] = useState({ callId, panel: 0 });
  if (last.callId === callId) return last.panel;
  const panel = last.callId === null ? last.panel : last.panel + 1;
  setLast({ callId, panel });
  return panel;
}

/** Whether the knowledge base is open; what had the focus before gets it back. */
function useKnowledge(): KnowledgeSwitch {
  const [isOpen, setOpen] = useState(false);
  const before = useRef<Element | null>(null);
  const close = useCallback(() => {
    setOpen(false);
    if (before.current instanceof HTMLElement && before.current.isConnected) before.current.focus();
    before.current = null;
  }, []);
  const toggle = () => {
    if (isOpen) {
      close();
      return;
    }
    before.current = document.activeElement;
    setOpen(true);
  };
  return { isOpen, toggle, close };
}
