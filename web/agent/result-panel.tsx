import { Button, Checkbox, Kbd, Paper, Select, Text, Textarea, Title } from '@mantine/core';
import { IconCheck, IconPencil } from '@tabler/icons-react';
import { useRef } from 'react';
import type { AgentOutcome, AgentStateMessage, OrderCard } from '../../src/features/desktop/desktop.protocol.js';
import { Refusal } from '../shared/api.js';
import { useWords, type Word } from '../shared/language.js';
import { usePreference } from '../shared/preferences.js';
import { CallbackPicker } from './callback-picker.js';
import { useDesk } from './desk.js';
import type { CallOnScreen } from './desk-view.js';
import { useHotKeys, type HotKeys } from './hot-keys.js';
import { changesOf } from './order-edits.js';
import { OUTCOMES, sendsChanges } from './outcome-body.js';
import classes from './result-panel.module.css';
import type { Talk } from './talk.js';
import { DECLINE_REASONS, type DeclineReason } from './talk-draft.js';
import { WrapUp } from './wrap-up.js';

interface Props {
  readonly call: CallOnScreen;
  readonly state: AgentStateMessage;
  /** The order that is shown; others of the call have words of their own. */
  readonly order: OrderCard;
  readonly talk: Talk;
  readonly isActive: boolean;
  readonly isShown: boolean;
  readonly onShow: (orderRef: string) => void;
  /** Something lies over the panel. */
  readonly isCovered: boolean;
  /** The agent turns to it, by a key. */
  readonly onTurn: () => void;
}

const NO_KEYS: HotKeys = {};

/** What became of the call: chosen by a key, completed, saved by another; corrected until the wrap-up ends. */
export function ResultPanel(props: Props) {
  const { call, state, order, talk, isActive, isShown, onShow, isCovered, onTurn } = props;
  const { word } = useWords();
  const desk = useDesk();
  const hasKeys = usePreference('keys');
  const panel = useRef<HTMLElement>(null);
  const draft = talk.draftOf(order);
  const isMain = order.id === talk.main.id;
  const other = call.otherOrders.find(({ id }) => id === order.id);
  const isWrapUp = state.state === 'wrap_up';
  const isOpen = isActive && talk.savedOutcome === null;
  const hasChanges = changesOf(order, draft.edits).changes !== null;

  const choose = (outcome: AgentOutcome) => {
    if (!isOpen) return;
    if (isCovered) onTurn();
    // A confirmed order with changes on its card is one with changes.
    const meant = outcome === 'confirmed' && hasChanges ? 'changed' : outcome;
    // Of another order a word can be taken back: it then goes as the call goes.
    const isAgain = !isMain && draft.outcome === meant;
    talk.change(order, (old) => ({ ...old, outcome: isAgain ? null : meant }));
    panel.current?.querySelector<HTMLElement>(`[data-outcome="${meant}"]`)?.focus();
  };
  const submit = () => {
    if (isCovered) onTurn();
    if (!isOpen || talk.save.isPending) return;
    talk.submit();
  };
  const next = () => void desk.wish('ready').catch(() => undefined);
  const keys: Record<string, HotKeys[string]> = { 'Ctrl+Enter': submit, Escape: leaveField };
  OUTCOMES.forEach((outcome, i) => {
    if (hasKeys) keys[`Digit${i + 1}`] = () => choose(outcome);
    keys[`Ctrl+Alt+Digit${i + 1}`] = () => choose(outcome);
  });
  useHotKeys(isShown ? keys : NO_KEYS);

  const faultOrder = talk.orders.find(({ id }) => id === talk.fault?.orderRef);
  return (
    <Paper
      ref={panel as never}
      withBorder
      component="section"
      aria-labelledby="result"
      className={classes.panel}
      inert={isCovered}
      hidden={!isShown}
    >
      <div className={classes.head}>
        <Title order={2} size="h4" id="result">
          {word('result/title')}
          {!isMain && <small> {order.orderId}</small>}
        </Title>
        <WrapUp until={isWrapUp ? call.wrapUpUntil : null} seconds={call.wrapUpSeconds} />
      </div>
      <div className={classes.form}>
        {other !== undefined && draft.outcome === null && (
          <Text size="sm" c="dimmed">
            {word(other.isInThisCall ? 'result/asFirst' : 'result/staysOpen')}
          </Text>
        )}
        <div role="group" aria-label={word('result/choose')} className={classes.outcomes}>
          {OUTCOMES.map((outcome, i) => (
            <button
              key={outcome}
              type="button"
              data-outcome={outcome}
              aria-pressed={draft.outcome === outcome}
              aria-keyshortcuts={`Control+Alt+${i + 1}`}
              disabled={!isOpen}
              className={classes.outcome}
              onClick={() => choose(outcome)}
            >
              <Kbd size="xs" aria-hidden>
                {i + 1}
              </Kbd>
              {word(`result/${outcome}`)}
            </button>
          ))}
        </div>
        {draft.outcome === 'declined' && (
          <Select
            label={word('result/why')}
            data={DECLINE_REASONS.map((value) => ({ value, label: word(`result/reasons/${value}`) }))}
            value={draft.reason}
            readOnly={!isOpen}
            comboboxProps={{ withinPortal: false }}
            onChange={(value) => talk.change(order, (old) => ({ ...old, reason: value as DeclineReason | null }))}
          />
        )}
        {draft.outcome === 'callback' && (
          <>
            <CallbackPicker call={call} order={order} talk={talk} isOpen={isOpen} />
            <Checkbox
              label={word('result/mine')}
              checked={draft.isCallbackMine}
              disabled={!isOpen}
              onChange={({ currentTarget: { checked } }) =>
                talk.change(order, (old) => ({ ...old, isCallbackMine: checked }))
              }
            />
          </>
        )}
        {hasChanges && draft.outcome !== null && (
          <Text size="sm" className={classes.hint} data-lost={!sendsChanges(draft.outcome)}>
            {word(sendsChanges(draft.outcome) ? 'result/hasChanges' : 'result/changesUnsent')}
          </Text>
        )}
        <Textarea
          label={word('result/note')}
          rows={draft.outcome === 'callback' ? 2 : 3}
          maxLength={1_900}
          value={draft.note}
          readOnly={!isOpen}
          onChange={({ currentTarget: { value } }) => talk.change(order, (old) => ({ ...old, note: value }))}
        />
      </div>
      <div className={classes.foot}>
        <div role="alert" className={classes.problem}>
          {talk.fault !== null && word(`result/${talk.fault.word}`)}
          {talk.fault !== null && faultOrder !== undefined && faultOrder.id !== order.id && (
            <Button size="compact-sm" variant="subtle" onClick={() => onShow(faultOrder.id)}>
              {word('order/title', { orderId: faultOrder.orderId })}
            </Button>
          )}
          {talk.fault === null && talk.save.error !== null && problemText(talk.save.error, word)}
        </div>
        {talk.savedOutcome === null ? (
          <Button
            size="md"
            disabled={!isOpen}
            loading={talk.save.isPending}
            rightSection={<Kbd size="xs">Ctrl Enter</Kbd>}
            onClick={submit}
          >
            {word('result/save')}
          </Button>
        ) : (
          <>
            <p role="status" className={classes.saved}>
              <IconCheck size={18} aria-hidden />
              <span>
                <strong>{word('result/saved', { outcome: word(`result/${talk.savedOutcome}`) })}</strong>{' '}
                {word(talk.isSpooled ? 'result/spooled' : isWrapUp ? 'result/correctUntil' : 'result/savedKept')}
              </span>
            </p>
            <div className={classes.after}>
              <Button
                variant="default"
                disabled={!isActive}
                leftSection={<IconPencil size={16} aria-hidden />}
                onClick={() => talk.correct()}
              >
                {word('result/correct')}
              </Button>
              <Button
                className={classes.next}
                disabled={!isActive || !isWrapUp}
                rightSection={<Kbd size="xs">F8</Kbd>}
                onClick={next}
              >
                {word('result/next')}
              </Button>
            </div>
          </>
        )}
      </div>
    </Paper>
  );
}

/** Out of a field onto the page: there single keys work. */
function leaveField(): void {
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
}

function problemText(error: Error, word: Word): string {
  if (!(error instanceof Refusal)) return word('result/failed');
  if (error.code === 'call.closed') return word('result/closed');
  if (error.code === 'call.state_refused') return word('result/finalStands');
  const fields = error.errors.map(({ pointer, detail }) => `${pointer}: ${detail}`).join('; ');
  return word('result/refused', { detail: fields || error.message });
}
