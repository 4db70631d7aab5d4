import { Button, Group, Select, Text } from '@mantine/core';
import { useMemo } from 'react';
import type { OrderCard } from '../../src/features/desktop/desktop.protocol.js';
import { serverNow } from '../shared/api.js';
import { useWords } from '../shared/language.js';
import { wallClock } from '../shared/zoned-time.js';
import { callbackTimes, nearestTime } from './callback-times.js';
import classes from './callback-picker.module.css';
import type { CallOnScreen } from './desk-view.js';
import type { Talk } from './talk.js';

const HOUR_MS = 3_600_000;

/** A day and a time on the buyer's clock, from those in which the shop calls. */
export function CallbackPicker(props: {
  readonly call: CallOnScreen;
  readonly order: OrderCard;
  readonly talk: Talk;
  readonly isOpen: boolean;
}) {
  const { call, order, talk, isOpen } = props;
  const { word, formats } = useWords();
  const draft = talk.draftOf(order);
  const days = useMemo(
    () => callbackTimes(call.callbackWindows, talk.timeZone, serverNow()),
    [call.callbackWindows, talk.timeZone],
  );
  const today = wallClock(new Date(serverNow()), talk.timeZone).day;
  const tomorrow = wallClock(new Date(serverNow() + 24 * HOUR_MS), talk.timeZone).day;
  const pick = (callbackDay: string, callbackTime: string) =>
    talk.change(order, (old) => ({ ...old, callbackDay, callbackTime }));
  const pickNear = (atMs: number) => {
    const near = nearestTime(days, wallClock(new Date(atMs), talk.timeZone));
    if (near !== null) pick(near.day, near.time);
  };
  if (days.size === 0) return <Text className={classes.none}>{word('result/callbackNone')}</Text>;
  const times = days.get(draft.callbackDay) ?? [];
  const dayName = (day: string) => {
    const name = day === today ? word('result/today') : day === tomorrow ? word('result/tomorrow') : '';
    return name === '' ? formats.day(day) : `${name}, ${formats.day(day)}`;
  };
  return (
    <fieldset className={classes.picker}>
      <legend>{word('result/callbackWhen')}</legend>
      <Group gap={6}>
        <Button
          size="compact-sm"
          variant="default"
          disabled={!isOpen}
          onClick={() => pickNear(serverNow() + HOUR_MS / 2)}
        >
          {word('result/inMinutes', { count: 30 })}
        </Button>
        <Button
          size="compact-sm"
          variant="default"
          disabled={!isOpen}
          onClick={() => pickNear(serverNow() + 2 * HOUR_MS)}
        >
          {word('result/inHours', { count: 2 })}
        </Button>
        <Button
          size="compact-sm"
          variant="default"
          disabled={!isOpen}
          onClick={() => {
            const near = nearestTime(days, { day: tomorrow, time: '10:00' });
            if (near !== null) pick(near.day, near.time);
          }}
        >
          {word('result/tomorrow')} 10:00
        </Button>
      </Group>
      <div className={classes.fields}>
        <Select
          aria-label={word('result/callbackDay')}
          placeholder={word('result/callbackDay')}
          data={[...days.keys()].map((value) => ({ value, label: dayName(value) }))}
          value={draft.callbackDay || null}
          readOnly={!isOpen}
          allowDeselect={false}
          comboboxProps={{ withinPortal: false }}
          onChange={(day) =>
            day !== null && pick(day, days.get(day)?.includes(draft.callbackTime) ? draft.callbackTime : '')
          }
        />
        <Select
          aria-label={word('result/callbackTime')}
          placeholder={word('result/callbackTime')}
          data={times}
          value={draft.callbackTime || null}
          readOnly={!isOpen}
          disabled={times.length === 0}
          allowDeselect={false}
          searchable
          comboboxProps={{ withinPortal: false }}
          onChange={(time) => time !== null && pick(draft.callbackDay, time)}
        />
      </div>
    </fieldset>
  );
}
