import { ActionIcon, Button, NumberInput, Table, TextInput, Title } from '@mantine/core';
import { IconArrowBackUp, IconMinus, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import type { OrderCard } from '../../src/features/desktop/desktop.protocol.js';
import { useWords } from '../shared/language.js';
import classes from './item-list.module.css';
import { itemsOf, totalOf, withItems, type ItemEdit } from './order-edits.js';
import type { Talk } from './talk.js';

const MOST = 100_000;

/** The goods: how many, others instead, more or fewer; the total follows. */
export function ItemList(props: { readonly order: OrderCard; readonly talk: Talk; readonly isOpen: boolean }) {
  const { order, talk, isOpen } = props;
  const { word, formats } = useWords();
  const { edits } = talk.draftOf(order);
  const [openRow, openAt] = useState<number | null>(null);
  const items = itemsOf(order, edits);
  const total = totalOf(order, edits);
  const { currency } = order.total;
  const write = (next: readonly ItemEdit[]) =>
    talk.change(order, (draft) => ({ ...draft, edits: withItems(order, draft.edits, next) }));
  const put = (at: number, change: Partial<ItemEdit>) =>
    write(items.map((item, i) => (i === at ? { ...item, ...change } : item)));
  // An item that the agent has added goes altogether; one of the shop's stays to be put back.
  const takeOut = (at: number) =>
    items[at]?.from === null ? write(items.filter((_, i) => i !== at)) : put(at, { quantity: 0 });
  const add = () => {
    write([...items, { sku: null, name: '', quantity: 1, unitPrice: '', group: null, from: null }]);
    openAt(items.length);
  };
  return (
    <section aria-label={word('order/items')}>
      <Table className={classes.items} verticalSpacing={4} horizontalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>
              <Title order={2} size="h5">
                {word('order/items')}
              </Title>
            </Table.Th>
            <Table.Th className={classes.quantity}>{word('order/quantity')}</Table.Th>
            <Table.Th className={classes.sum}>{word('order/price')}</Table.Th>
            <Table.Th className={classes.sum}>{word('order/sum')}</Table.Th>
            <Table.Th className={classes.tools}>
              <span className="visually-hidden">{word('order/item')}</span>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {items.map((item, at) => {
            const name = item.name || word('order/newItem');
            const isOut = item.quantity === 0;
            const old = item.from === null ? undefined : order.items[item.from];
            const isEdited = old === undefined || old.quantity !== item.quantity || (old.name ?? old.sku) !== item.name;
            return (
              <Table.Tr key={at} data-out={isOut} data-edited={isEdited}>
                <Table.Td>
                  {openRow === at && !isOut ? (
                    <TextInput
                      autoFocus
                      size="xs"
                      aria-label={word('order/item')}
                      maxLength={500}
                      value={item.name}
                      onChange={({ currentTarget: { value } }) =>
                        put(at, { name: value, sku: value === (old?.name ?? old?.sku) ? (old?.sku ?? null) : null })
                      }
                    />
                  ) : (
                    <span className={classes.name}>
                      {name}
                      {item.sku !== null && item.sku !== name && <small> {item.sku}</small>}
                    </span>
                  )}
                </Table.Td>
                <Table.Td>
                  {isOut ? (
                    word('order/removed')
                  ) : (
                    <span className={classes.stepper}>
                      <ActionIcon
                        variant="default"
                        aria-label={word('order/less', { item: name })}
                        disabled={!isOpen || item.quantity <= 1}
                        onClick={() => put(at, { quantity: item.quantity - 1 })}
                      >
                        <IconMinus size={14} aria-hidden />
                      </ActionIcon>
                      <NumberInput
                        size="xs"
                        hideControls
                        className={classes.number ?? ''}
                        aria-label={`${word('order/quantity')}: ${name}`}
                        min={0}
                        max={MOST}
                        decimalScale={3}
                        readOnly={!isOpen}
                        value={item.quantity}
                        onChange={(value) => typeof value === 'number' && value > 0 && put(at, { quantity: value })}
                      />
                      <ActionIcon
                        variant="default"
                        aria-label={word('order/more', { item: name })}
                        disabled={!isOpen}
                        onClick={() => put(at, { quantity: item.quantity + 1 })}
                      >
                        <IconPlus size={14} aria-hidden />
                      </ActionIcon>
                    </span>
                  )}
                </Table.Td>
                <Table.Td className={classes.sum}>
                  {openRow === at && !isOut ? (
                    <TextInput
                      size="xs"
                      inputMode="decimal"
                      aria-label={`${word('order/price')}: ${name}`}
                      value={item.unitPrice}
                      onChange={({ currentTarget: { value } }) =>
                        put(at, { unitPrice: value.replace(',', '.').trim() })
                      }
                    />
                  ) : (
                    item.unitPrice !== '' && formats.money(item.unitPrice, currency)
                  )}
                </Table.Td>
                <Table.Td className={classes.sum}>
                  {item.unitPrice !== '' && formats.money(String(Number(item.unitPrice) * item.quantity), currency)}
                </Table.Td>
                <Table.Td>
                  <span className={classes.buttons}>
                    {isOut ? (
                      <ActionIcon
                        variant="subtle"
                        disabled={!isOpen}
                        aria-label={word('order/restore', { item: name })}
                        onClick={() => put(at, { quantity: old?.quantity ?? 1 })}
                      >
                        <IconArrowBackUp size={16} aria-hidden />
                      </ActionIcon>
                    ) : (
                      <>
                        <ActionIcon
                          variant="subtle"
                          disabled={!isOpen}
                          aria-pressed={openRow === at}
                          aria-label={word('order/replace', { item: name })}
                          onClick={() => openAt(openRow === at ? null : at)}
                        >
                          <IconPencil size={16} aria-hidden />
                        </ActionIcon>
                        <ActionIcon
                          variant="subtle"
                          disabled={!isOpen}
                          aria-label={word('order/remove', { item: name })}
                          onClick={() => takeOut(at)}
                        >
                          <IconTrash size={16} aria-hidden />
                        </ActionIcon>
                      </>
                    )}
                  </span>
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
      <div className={classes.foot}>
        <Button
          size="compact-sm"
          variant="subtle"
          disabled={!isOpen}
          leftSection={<IconPlus size={16} aria-hidden />}
          onClick={add}
        >
          {word('order/addItem')}
        </Button>
        <p className={classes.total} aria-live="polite">
          {total !== null && total.amount !== order.total.amount && (
            <s>{word('order/totalWas', { total: formats.money(order.total.amount, currency) })}</s>
          )}
          <span>{word('order/total')}</span>
          <strong>{total === null ? word('order/totalUnknown') : formats.money(total.amount, total.currency)}</strong>
        </p>
      </div>
    </section>
  );
}
