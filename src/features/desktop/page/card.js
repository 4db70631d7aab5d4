import { byId, dateTime, element, languageName, money, show, slotText, timeThere } from './format.js';
import { word } from './language.js';
import { ownWord, setOwnWord, OWN_OUTCOMES } from './own-words.js';

/** Draws the order of a call: who, what, how much, where to, and what was before. */
export function drawCard({ order, shop, attempts, otherOrders }) {
  const { customer, delivery, payment, total } = order;
  byId('shop').textContent = shop.name;
  byId('order-title').textContent = word('order', { orderId: order.orderId });
  byId('buyer-name').textContent = customer.name ?? word('noName');
  const there = timeThere(customer.timeZone);
  byId('buyer-phone').textContent = there === null ? customer.phone : `${customer.phone} · ${there}`;
  show(
    'buyer-email',
    [customer.email, customer.language && languageName(customer.language)].filter(Boolean).join(' · '),
  );
  byId('total').textContent = money(total.amount, total.currency);
  byId('payment').textContent = paymentText(payment);
  byId('delivery').textContent = [method(delivery.method), delivery.city].filter(Boolean).join(', ') || '—';
  byId('delivery-address').textContent = [delivery.address, delivery.pickupPoint].filter(Boolean).join(', ');
  byId('delivery-slot').textContent = slotText(delivery.slot);
  show('comment', order.comment);
  byId('withdrawn').hidden = !order.isWithdrawRequested;
  if (order.isWithdrawRequested) byId('updated').hidden = true;
  drawItems(order);
  drawHistory(attempts);
  drawOthers(otherOrders);
}

function drawItems({ items, total }) {
  const head = element('tr');
  for (const key of ['item', 'quantity', 'price', 'sum']) {
    const cell = element('th', word(key), key === 'item' ? '' : 'number');
    cell.scope = 'col';
    head.append(cell);
  }
  const rows = items.map((item) => {
    const row = element('tr');
    const name = element('td', item.name ?? item.sku ?? '—');
    const detail = [item.name ? item.sku : null, item.group].filter(Boolean).join(' · ');
    if (detail !== '') name.append(element('br'), element('small', detail));
    const price = item.unitPrice === null ? '—' : money(item.unitPrice, total.currency);
    const sum =
      item.unitPrice === null || item.quantity === null
        ? '—'
        : money(Number(item.unitPrice) * item.quantity, total.currency);
    row.append(
      name,
      element('td', String(item.quantity ?? '—'), 'number'),
      element('td', price, 'number'),
      element('td', sum, 'number'),
    );
    return row;
  });
  byId('items').replaceChildren(head, ...rows);
}

function drawHistory(attempts) {
  const lines = attempts.map(({ number, at, result }) =>
    element('li', `${number}. ${dateTime(at)} — ${word(`result_${result}`, {}, result ?? '…')}`),
  );
  byId('history').replaceChildren(...(lines.length > 0 ? lines : [element('li', word('noHistory'), 'dim')]));
}

function drawOthers(orders) {
  const lines = orders.map((order) => {
    const first = order.items[0]?.name ?? order.items[0]?.sku ?? '';
    const more = order.items.length > 1 ? ` +${order.items.length - 1}` : '';
    const text = `${order.orderId} · ${money(order.total.amount, order.total.currency)} · ${first}${more}`;
    const line = element('li', text, order.isInThisCall ? 'in-call' : '');
    if (order.isWithdrawRequested) line.append(' · ', element('strong', word('withdrawnShort')));
    line.append(choiceOf(order));
    return line;
  });
  byId('others').replaceChildren(...(lines.length > 0 ? lines : [element('li', word('noOtherOrders'), 'dim')]));
}

/** What the agent says of this order by itself; nothing chosen: the word for the call, if the order is in it. */
function choiceOf({ orderId, isInThisCall }) {
  const select = element('select');
  select.setAttribute('aria-label', `${word('ownWord')}: ${orderId}`);
  const choices = [['', word(isInThisCall ? 'sameWord' : 'noWord')]];
  for (const outcome of OWN_OUTCOMES) choices.push([outcome, word(`outcome_${outcome}`)]);
  for (const [value, text] of choices) {
    const option = element('option', text);
    option.value = value;
    select.append(option);
  }
  select.value = ownWord(orderId);
  select.addEventListener('change', () => setOwnWord(orderId, select.value));
  return select;
}

function paymentText({ method: name, paid }) {
  const isPaid = paid === null ? null : word(paid ? 'paid' : 'notPaid');
  return [method(name), isPaid].filter(Boolean).join(' · ');
}

function method(name) {
  return name === null ? null : word(name, {}, name);
}
