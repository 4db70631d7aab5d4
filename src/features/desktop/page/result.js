import { byId, element, fromField, toField } from './format.js';
import { onLanguage, word } from './language.js';

/** In the order of the keys 1–8. */
export const OUTCOMES = [
  'confirmed',
  'changed',
  'declined',
  'callback',
  'no_decision',
  'invalid_number',
  'duplicate',
  'do_not_call',
];

const MOST_DAYS = 30;
const DAY_MS = 86_400_000;

let chosen = null;
let order = null;

export function startResult() {
  onLanguage(drawOutcomes);
  onLanguage(drawQuick);
}

/** Empties the form for a new call. */
export function resetResult(forOrder) {
  chosen = null;
  fillFrom(forOrder);
  for (const id of ['callback-at', 'note']) byId(id).value = '';
  byId('callback-me').checked = false;
  byId('result-problem').textContent = '';
  byId('result-saved').textContent = '';
  draw();
}

/** Puts the order's present values into the fields of changes. */
export function fillFrom(forOrder) {
  order = forOrder;
  const { delivery, customer, items } = order;
  byId('change-city').value = delivery.city ?? '';
  byId('change-address').value = delivery.address ?? '';
  byId('change-pickup').value = delivery.pickupPoint ?? '';
  const [from, to] = (delivery.slot ?? '').split('/').map((part) => new Date(part));
  byId('change-from').value = isDate(from) ? toField(from) : '';
  byId('change-to').value = isDate(to) ? toField(to) : '';
  byId('change-name').value = customer.name ?? '';
  byId('change-items').replaceChildren(
    ...items.flatMap((item, i) => {
      const name = item.name ?? item.sku ?? '—';
      const quantity = element('input');
      Object.assign(quantity, { type: 'number', min: '0', max: '100000', step: 'any', value: item.quantity ?? 1 });
      quantity.dataset.item = String(i);
      quantity.setAttribute('aria-label', `${name}: ${word('quantity')}`);
      const label = element('span', name);
      label.title = name;
      return [label, quantity];
    }),
  );
}

export function choose(outcome) {
  chosen = outcome;
  byId('result-problem').textContent = '';
  draw();
  if (outcome === 'changed') byId('change-address').focus();
  else if (outcome === 'callback') byId('callback-at').focus();
  else byId('save').focus();
}

/** @returns the body for the server, or `{ problem }`: what the agent has still to say */
export function readResult() {
  if (chosen === null) return { problem: word('chooseOutcome') };
  const note = byId('note').value.trim();
  const body = { outcome: chosen, ...(note === '' ? {} : { note }) };
  if (chosen === 'callback') {
    const at = fromField(byId('callback-at').value);
    const ahead = at === null ? 0 : new Date(at).getTime() - Date.now();
    if (ahead <= 0 || ahead > MOST_DAYS * DAY_MS) return { problem: word('callbackAhead') };
    return { body: { ...body, callbackAt: at, callbackAgent: byId('callback-me').checked ? 'me' : 'anyone' } };
  }
  if (chosen === 'changed') {
    const read = readChanges();
    return read.problem ? read : { body: { ...body, changes: read.changes } };
  }
  return { body };
}

function readChanges() {
  const delivery = {};
  for (const [id, name] of [
    ['change-city', 'city'],
    ['change-address', 'address'],
    ['change-pickup', 'pickupPoint'],
  ]) {
    const value = byId(id).value.trim();
    if (value !== (order.delivery[name] ?? '')) delivery[name] = value === '' ? null : value;
  }
  const [from, to] = [fromField(byId('change-from').value), fromField(byId('change-to').value)];
  if ((from === null) !== (to === null)) return { problem: word('slotNeedsBoth') };
  if (from !== null && to !== null && !isSameSlot(from, to)) {
    if (new Date(from) >= new Date(to)) return { problem: word('slotNeedsBoth') };
    delivery.slot = `${from}/${to}`;
  } else if (from === null && order.delivery.slot !== null) delivery.slot = null;

  const changes = {};
  if (Object.keys(delivery).length > 0) changes.delivery = delivery;
  const name = byId('change-name').value.trim();
  if (name !== '' && name !== (order.customer.name ?? '')) changes.customer = { name };
  const quantities = [...byId('change-items').querySelectorAll('input')].map((input) => Number(input.value));
  if (quantities.some((quantity, i) => quantity !== (order.items[i].quantity ?? 1))) {
    changes.items = order.items
      .map((item, i) => ({ ...item, quantity: quantities[i] }))
      .filter((item) => item.quantity > 0);
  }
  return Object.keys(changes).length === 0 ? { problem: word('nothingChanged') } : { changes };
}

function isSameSlot(from, to) {
  const [oldFrom, oldTo] = (order.delivery.slot ?? '').split('/').map((part) => new Date(part));
  return isDate(oldFrom) && isDate(oldTo) && +oldFrom === +new Date(from) && +oldTo === +new Date(to);
}

function isDate(date) {
  return date !== undefined && !Number.isNaN(date.getTime());
}

function drawOutcomes() {
  const buttons = OUTCOMES.map((outcome, i) => {
    const button = element('button');
    button.type = 'button';
    button.dataset.outcome = outcome;
    button.setAttribute('role', 'radio');
    button.append(element('kbd', String(i + 1)), element('span', word(`outcome_${outcome}`)));
    button.addEventListener('click', () => choose(outcome));
    return button;
  });
  byId('outcomes').replaceChildren(...buttons);
  draw();
}

function drawQuick() {
  const tomorrow = new Date();
  tomorrow.setDate(tomorrow.getDate() + 1);
  tomorrow.setHours(10, 0, 0, 0);
  const choices = [
    [word('inMinutes', { n: 30 }), () => new Date(Date.now() + 30 * 60_000)],
    [word('inHours', { n: 2 }), () => new Date(Date.now() + 120 * 60_000)],
    [word('tomorrow'), () => tomorrow],
  ];
  byId('callback-quick').replaceChildren(
    ...choices.map(([text, when]) => {
      const button = element('button', text);
      button.type = 'button';
      button.addEventListener('click', () => {
        byId('callback-at').value = toField(when());
      });
      return button;
    }),
  );
}

function draw() {
  for (const button of byId('outcomes').children) {
    button.setAttribute('aria-checked', String(button.dataset.outcome === chosen));
  }
  byId('changes').hidden = chosen !== 'changed';
  byId('callback').hidden = chosen !== 'callback';
}
