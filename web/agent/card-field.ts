import type { TextInput } from '@mantine/core';
import type { ComponentProps } from 'react';
import { useWords, wordOr } from '../shared/language.js';
import type { OrderOnScreen } from './desk-view.js';
import classes from './order-card.module.css';
import { originalText, textOf, type TextField } from './order-edits.js';
import type { Talk } from './talk.js';

export interface FieldProps {
  readonly order: OrderOnScreen;
  readonly talk: Talk;
  readonly isOpen: boolean;
}

/** What all fields of the card have in common; the old value stands beside the label. */
export function useField({ order, talk, field }: FieldProps & { readonly field: TextField }) {
  const { word, formats } = useWords();
  const { edits } = talk.draftOf(order);
  const shownAs = (of: TextField, value: string) =>
    of === 'method' ? wordOr(word, `order/methods/${value}`, value) : of === 'slotDay' ? formats.day(value) : value;
  const isEdited = edits.text[field] !== undefined;
  const original = originalText(order, field);
  const was = original === '' ? word('order/wasEmpty') : word('order/was', { value: shownAs(field, original) });
  return {
    value: textOf(order, edits, field),
    'data-field': field,
    'data-edited': isEdited || undefined,
    classNames: {
      root: classes.field ?? '',
      wrapper: classes.box ?? '',
      label: classes.label ?? '',
      input: classes.input ?? '',
      description: classes.was ?? '',
    },
    description: isEdited ? was : undefined,
    inputWrapperOrder: ['label', 'input', 'description'],
  } satisfies Partial<ComponentProps<typeof TextInput>> & Record<`data-${string}`, unknown>;
}
