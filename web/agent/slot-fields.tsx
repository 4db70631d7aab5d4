import { Select, type OptionsFilter } from '@mantine/core';
import { useMemo } from 'react';
import { serverNow } from '../shared/api.js';
import { useWords } from '../shared/language.js';
import { knownZone, wallClock } from '../shared/zoned-time.js';
import { useField, type FieldProps } from './card-field.js';
import classes from './order-card.module.css';
import { originalText, withText, type TextField } from './order-edits.js';
import { readTime, slotDays, slotTimes, startsAs } from './slot-times.js';

// Chosen from lists in the page's own language and on a clock of 24 hours; the browser's own fields follow the browser's country.

/** The list itself scrolls: it belongs to the field, whose arrow keys work it; a scrolling frame around it could not be reached by keys. */
const LONG_LIST = { withScrollArea: false } as const;
const listClass = { options: classes.options ?? '' };

/** The day of the delivery; taken away, there is no slot. */
export function DayField(props: FieldProps) {
  const { order, talk, isOpen } = props;
  const { word, formats } = useWords();
  const { value, ...input } = useField({ ...props, field: 'slotDay' });
  const original = originalText(order, 'slotDay');
  const today = wallClock(new Date(serverNow()), knownZone(order.customer.timeZone) ?? talk.timeZone).day;
  const days = useMemo(
    () => slotDays(today, original).map((day) => ({ value: day, label: formats.day(day) })),
    [today, original, formats],
  );
  const choose = (day: string | null) => {
    const fields: readonly TextField[] = day === null ? ['slotDay', 'slotFrom', 'slotTo'] : ['slotDay'];
    talk.change(order, (draft) => ({
      ...draft,
      edits: fields.reduce((edits, field) => withText(order, edits, field, day ?? ''), draft.edits),
    }));
  };
  return (
    <Select
      {...input}
      classNames={{ ...input.classNames, ...listClass }}
      label={word('order/slotDay')}
      data={days}
      value={value === '' ? null : value}
      readOnly={!isOpen}
      clearable
      {...LONG_LIST}
      comboboxProps={{ withinPortal: false }}
      onChange={choose}
    />
  );
}

const byDigits: OptionsFilter = ({ options, search }) =>
  options.filter((option) => 'value' in option && startsAs(String(option.value), search));

/** A time of the slot: chosen, or typed in any way that people write it. */
export function TimeField(props: FieldProps & { readonly field: 'slotFrom' | 'slotTo' }) {
  const { order, talk, isOpen, field } = props;
  const { word } = useWords();
  const { value, ...input } = useField(props);
  const original = originalText(order, field);
  const times = useMemo(() => slotTimes(original, value), [original, value]);
  const choose = (time: string | null) =>
    talk.change(order, (draft) => ({ ...draft, edits: withText(order, draft.edits, field, time ?? '') }));
  return (
    <Select
      {...input}
      classNames={{ ...input.classNames, ...listClass }}
      label={word(`order/${field}`)}
      data={times}
      value={value === '' ? null : value}
      readOnly={!isOpen}
      searchable
      {...LONG_LIST}
      filter={byDigits}
      allowDeselect={false}
      inputMode="numeric"
      maxLength={5}
      rightSection={null}
      comboboxProps={{ withinPortal: false, width: 110 }}
      onChange={choose}
      onBlur={({ currentTarget }) => {
        const typed = readTime(currentTarget.value);
        if (isOpen && typed !== null && typed !== value) choose(typed);
      }}
    />
  );
}
