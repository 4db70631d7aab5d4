import { byId, element, fromField, slotParts, toField } from './format.js';
import { onLanguage, word } from './language.js';
import { ownWords, resetOwnWords } from './own-words.js';

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
  resetOwnWords();
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
  const slot = slotParts(delivery.slot);
  byId('change-day').value = slot?.day ?? '';
  byId('change-from').value = slot?.from ?? '';
  byId('change-to').value = slot?.to ?? '';
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
  const orders = ownWords();
  const body = { outcome: chosen, ...(note === '' ? {} : { note }), ...(orders.length === 0 ? {} : { orders }) };
  if (chosen === 'callback') {
    const at = fromField(byId('callback-at').value, order.customer.timeZone);
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
  const slot = readSlot();
  if (slot.problem) return slot;
  Object.assign(delivery, slot.change);

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

/** `change` is empty when the slot stays as it is. */
function readSlot() {
  const [day, from, to] = ['change-day', 'change-from', 'change-to'].map((id) => byId(id).value);
  const old = slotParts(order.delivery.slot);
  if (day === (old?.day ?? '') && from === (old?.from ?? '') && to === (old?.to ?? '')) return { change: {} };
  if (day === '' && from === '' && to === '') return { change: { slot: null } };
  if (day === '' || from === '' || to === '' || from >= to) return { problem: word('slotNeedsAll') };
  const ends = [from, to].map((time) => fromField(`${day}T${time}`, order.customer.timeZone));
  return { change: { slot: ends.join('/') } };
}

function drawOutcomes() {
  const buttons = OUTCOMES.map((outcome, i) => {
    const button = element('button');
    button.type = 'button';
    button.dataset.outcome = outcome;
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
        byId('callback-at').value = toField(when(), order.customer.timeZone);
      });
      return button;
    }),
  );
}

function draw() {
  for (const button of byId('outcomes').children) {
    button.setAttribute('aria-pressed', String(button.dataset.outcome === chosen));
  }
  byId('changes').hidden = chosen !== 'changed';
  byId('callback').hidden = chosen !== 'callback';
}
