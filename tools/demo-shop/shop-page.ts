/** The shop's window: orders sent and requests received, renewed every second from `/state.json`. Needs nothing from elsewhere. */
export const SHOP_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Demo shop</title>
<style>
  :root { color-scheme: light dark; --line: #8884; --soft: #8881; font: 15px/1.45 system-ui, sans-serif; }
  body { margin: 0 auto; max-width: 76rem; padding: 1.2rem; }
  h1 { font-size: 1.4rem; margin: 0 0 .2rem; } h2 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
  p { margin: .2rem 0; } .problem { color: #c22; font-weight: 600; }
  table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
  th { font-weight: 600; background: var(--soft); position: sticky; top: 0; } td.number { font-variant-numeric: tabular-nums; }
  .scroll { overflow-x: auto; } .mark { display: inline-block; padding: 0 .5rem; border-radius: 1rem; background: var(--soft); border: 1px solid var(--line); }
  .good { border-color: #2a7; } .bad { border-color: #c22; }
</style>
</head>
<body>
<h1>Demo shop</h1>
<p id="summary" role="status"></p>
<div id="problems"></div>
<h2>Orders sent</h2>
<div class="scroll"><table><thead><tr><th>Order</th><th>Buyer</th><th>Phone</th><th>Total</th><th>Sent</th><th>Attempts heard of</th><th>Outcome</th></tr></thead><tbody id="orders"></tbody></table></div>
<h2>Requests received from the dialer</h2>
<div class="scroll"><table><thead><tr><th>At</th><th>Destination</th><th>Event</th><th>Order</th><th>Sequence</th><th>Says</th><th>Signature</th><th>Answered</th></tr></thead><tbody id="tries"></tbody></table></div>
<script src="/page.js"></script>
</body>
</html>
`;

export const SHOP_PAGE_SCRIPT = `'use strict';
const cell = (row, text, mark) => {
  const td = row.insertCell();
  if (mark) { const span = document.createElement('span'); span.className = 'mark ' + mark; span.textContent = text; td.append(span); } else td.textContent = text;
};
const clock = (at) => new Date(at).toLocaleTimeString();
async function renew() {
  try {
    const state = await (await fetch('/state.json')).json();
    const done = state.orders.filter((order) => order.outcome).length;
    document.getElementById('summary').textContent = state.orders.length + ' orders sent, ' + done + ' with an outcome, ' + state.triesInAll + ' requests received';
    const problems = document.getElementById('problems');
    problems.replaceChildren(...state.problems.map((text) => { const p = document.createElement('p'); p.className = 'problem'; p.textContent = text; return p; }));
    const orders = document.createElement('tbody'); orders.id = 'orders';
    for (const order of state.orders) {
      const row = orders.insertRow();
      for (const text of [order.orderId, order.name, order.phone, order.total, clock(order.sentAt), order.attempts.join(', ') || '–']) cell(row, text);
      if (order.outcome) cell(row, order.outcome, 'good'); else cell(row, order.status === 202 ? 'waiting' : 'answered ' + order.status, order.status === 202 ? '' : 'bad');
    }
    document.getElementById('orders').replaceWith(orders);
    const tries = document.createElement('tbody'); tries.id = 'tries';
    for (const one of state.tries) {
      const row = tries.insertRow();
      const said = one.body.data.outcome || one.body.data.result || one.body.data.callbackAt || '';
      for (const text of [clock(one.at), one.destination, one.event, one.orderId, one.sequence, said]) cell(row, text);
      cell(row, one.isSignatureValid ? 'valid' : 'wrong', one.isSignatureValid ? 'good' : 'bad');
      cell(row, one.status || 'cut', one.status >= 200 && one.status < 300 ? 'good' : 'bad');
    }
    document.getElementById('tries').replaceWith(tries);
  } catch { document.getElementById('summary').textContent = 'The shop does not answer.'; }
  setTimeout(renew, 1000);
}
renew();
`;
