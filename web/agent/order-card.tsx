import { Alert, Badge, Button, Select, Text, Textarea, TextInput, Title } from '@mantine/core';
import { IconAlertTriangle, IconArrowBackUp, IconRefresh } from '@tabler/icons-react';
import { useWords, wordOr } from '../shared/language.js';
import { useNow } from '../shared/ticking.js';
import { knownZone } from '../shared/zoned-time.js';
import { useField, type FieldProps } from './card-field.js';
import type { CallOnScreen, OrderOnScreen } from './desk-view.js';
import { ItemList } from './item-list.js';
import classes from './order-card.module.css';
import { NO_EDITS, originalText, withText, type TextField } from './order-edits.js';
import { DayField, TimeField } from './slot-fields.js';
import type { Talk } from './talk.js';

const METHODS = ['courier', 'pickup', 'post'];

/** The order as the shop sent it, in fields that the agent types the buyer's wishes into. */
export function OrderCardView(props: {
  readonly call: CallOnScreen;
  readonly order: OrderOnScreen;
  readonly talk: Talk;
  readonly isOpen: boolean;
}) {
  const { call, order, talk, isOpen } = props;
  const { word } = useWords();
  const { edits } = talk.draftOf(order);
  const count = Object.keys(edits.text).length + (edits.items === null ? 0 : 1);
  return (
    <div className={classes.card}>
      {order.isWithdrawRequested && (
        <Alert color="red" icon={<IconAlertTriangle aria-hidden />} role="alert" title={word('order/withdrawn')} />
      )}
      {order.isUpdated === true && (
        <Alert color="blue" icon={<IconRefresh aria-hidden />} role="status" title={word('order/updated')} />
      )}
      {order.id === call.order.id && <Script call={call} />}
      <Buyer order={order} talk={talk} isOpen={isOpen} />
      <section className={classes.part} aria-label={word('order/delivery')}>
        <div className={classes.head}>
          <Title order={2} size="h5">
            {word('order/delivery')}
          </Title>
          {/* Its place is kept, so that nothing moves with the first change. */}
          <Button
            size="compact-sm"
            variant="subtle"
            className={classes.undo}
            data-shown={count > 0}
            disabled={!isOpen || count === 0}
            leftSection={<IconArrowBackUp size={16} aria-hidden />}
            onClick={() => talk.change(order, (draft) => ({ ...draft, edits: NO_EDITS }))}
          >
            {word('order/undoEdits')} ({word('order/edited', { count })})
          </Button>
        </div>
        <div className={classes.delivery}>
          <MethodField order={order} talk={talk} isOpen={isOpen} />
          <Field field="city" {...{ order, talk, isOpen }} />
          <Field field="address" className={classes.wide} {...{ order, talk, isOpen }} />
          <Field field="pickupPoint" className={classes.pickup} {...{ order, talk, isOpen }} />
          <div className={classes.slot}>
            <DayField {...{ order, talk, isOpen }} />
            <TimeField field="slotFrom" {...{ order, talk, isOpen }} />
            <TimeField field="slotTo" {...{ order, talk, isOpen }} />
          </div>
        </div>
      </section>
      <ItemList order={order} talk={talk} isOpen={isOpen} />
      <div className={classes.bottom}>
        <CommentField order={order} talk={talk} isOpen={isOpen} />
        {order.id === call.order.id && <History call={call} />}
      </div>
    </div>
  );
}

/** What is said first, in the buyer's language: plain text, whatever the shop or the buyer wrote. */
function Script({ call: { script } }: { readonly call: CallOnScreen }) {
  const { word } = useWords();
  if (script == null) return null;
  return (
    <section aria-label={word('order/script')} lang={script.language} className={classes.script}>
      {script.text}
    </section>
  );
}

function Buyer({ order, talk, isOpen }: FieldProps) {
  const { word, formats } = useWords();
  const { phone, language, email } = order.customer;
  const { method, paid } = order.payment;
  const zone = knownZone(order.customer.timeZone) ?? talk.timeZone;
  const time = formats.timeIn(new Date(useNow()), zone);
  return (
    <section className={classes.buyer} aria-label={word('order/buyer')}>
      <Field field="name" className={classes.name} order={order} talk={talk} isOpen={isOpen} />
      <dl className={classes.facts}>
        <div>
          <dt>{word('order/phone')}</dt>
          <dd className={classes.phone}>{formats.phone(phone)}</dd>
          {email !== null && <dd>{email}</dd>}
        </div>
        <div>
          <dt>{word('order/language')}</dt>
          <dd>{language === null ? '–' : formats.languageName(language)}</dd>
          <dd className={classes.dim}>{word('order/localTime', { time })}</dd>
        </div>
        <div>
          <dt>{word('order/payment')}</dt>
          <dd>{method === null ? '–' : wordOr(word, `order/methods/${method}`, method)}</dd>
          {paid !== null && (
            <dd>
              <Badge variant="light" color={paid ? 'teal' : 'gray'} className={classes.badge} data-paid={paid}>
                {word(paid ? 'order/paid' : 'order/notPaid')}
              </Badge>
            </dd>
          )}
        </div>
      </dl>
    </section>
  );
}

/** One text of the order; a changed one shows what it was. */
function Field(props: FieldProps & { readonly field: TextField; readonly className?: string }) {
  const { field, order, talk, isOpen, className } = props;
  const { word } = useWords();
  const input = useField(props);
  return (
    <TextInput
      {...input}
      className={className ?? ''}
      label={word(`order/${field}`)}
      maxLength={500}
      readOnly={!isOpen}
      onChange={({ currentTarget: { value } }) =>
        talk.change(order, (draft) => ({ ...draft, edits: withText(order, draft.edits, field, value) }))
      }
    />
  );
}

function MethodField(props: FieldProps) {
  const { order, talk, isOpen } = props;
  const { word } = useWords();
  const input = useField({ ...props, field: 'method' });
  const original = originalText(order, 'method');
  const methods = [...new Set([...METHODS, ...(original === '' ? [] : [original])])];
  return (
    <Select
      {...input}
      label={word('order/method')}
      data={methods.map((value) => ({ value, label: wordOr(word, `order/methods/${value}`, value) }))}
      readOnly={!isOpen}
      comboboxProps={{ withinPortal: false }}
      onChange={(value) =>
        talk.change(order, (draft) => ({ ...draft, edits: withText(order, draft.edits, 'method', value ?? '') }))
      }
    />
  );
}

function CommentField(props: FieldProps) {
  const { order, talk, isOpen } = props;
  const { word } = useWords();
  const input = useField({ ...props, field: 'comment' });
  return (
    <Textarea
      {...input}
      label={word('order/comment')}
      rows={2}
      maxLength={2_000}
      readOnly={!isOpen}
      onChange={({ currentTarget: { value } }) =>
        talk.change(order, (draft) => ({ ...draft, edits: withText(order, draft.edits, 'comment', value) }))
      }
    />
  );
}

function History({ call }: { readonly call: CallOnScreen }) {
  const { word, formats } = useWords();
  return (
    <section aria-label={word('order/history')}>
      <Title order={2} size="h5">
        {word('order/history')}
      </Title>
      {call.attempts.length === 0 ? (
        <Text size="sm" c="dimmed">
          {word('order/noHistory')}
        </Text>
      ) : (
        <ol className={classes.history}>
          {call.attempts.map((attempt) => (
            <li key={attempt.number}>
              {word('order/attempt', {
                number: attempt.number,
                when: formats.dateTime(attempt.at),
                result: word(`attempt/${attempt.result ?? 'running'}`),
              })}
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
