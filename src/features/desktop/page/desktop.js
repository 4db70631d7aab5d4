import { ask, Refusal } from './api.js';
import { drawCard } from './card.js';
import { byId, duration, money, show } from './format.js';
import { onLanguage, startLanguages, word } from './language.js';
import { choose, fillFrom, OUTCOMES, readResult, resetResult, startResult } from './result.js';

/** Behind the stream: a connection that is half open says nothing. */
const PING_MS = 10_000;
const RECONNECT_MS = 2_000;
const AT_CALL = ['talking', 'wrap_up', 'lost'];

/** What the server said last; the page is drawn from this. */
const view = {
  agent: null,
  state: null,
  call: null,
  endedAt: null,
  wrapUpUntil: null,
  isHeld: false,
  savedOutcome: null,
};
let stream = null;
let reconnect = null;

startLanguages();
startResult();
onLanguage(drawAll);
setInterval(drawTimes, 500);
setInterval(ping, PING_MS);
addListeners();
void begin();

async function begin() {
  try {
    signedIn(await ask('GET', 'session'));
  } catch (error) {
    if (error instanceof Refusal) showSignIn('');
    else setTimeout(begin, RECONNECT_MS);
  }
}

function showSignIn(problem) {
  closeStream();
  Object.assign(view, { agent: null, state: null, call: null });
  byId('desk').hidden = true;
  byId('sign-in').hidden = false;
  byId('sign-in-problem').textContent = problem;
  if (problem === '') byId('login').focus();
  else byId('password').focus();
  byId('password').value = '';
}

function signedIn({ agent, ...state }) {
  view.agent = agent;
  view.state = state;
  byId('sign-in').hidden = true;
  byId('desk').hidden = false;
  byId('notice').hidden = true;
  byId('password').value = '';
  byId('who').textContent = agent.name;
  drawAll();
  openStream();
}

function openStream() {
  closeStream();
  stream = new EventSource('/v1/agent/events');
  const on = (event, handle) => stream.addEventListener(event, ({ data }) => handle(JSON.parse(data)));
  stream.addEventListener('open', () => setConnected(true));
  stream.addEventListener('error', () => {
    setConnected(false);
    // The browser connects again by itself, but not after an answer that is no stream.
    if (stream?.readyState === EventSource.CLOSED) reconnect = setTimeout(checkSession, RECONNECT_MS);
  });
  on('agent.state', onState);
  on('call.connected', onConnected);
  on('call.ended', onEnded);
  on('order.updated', ({ callId, order }) => {
    if (view.call?.callId !== callId) return;
    const isFirst = order.id === view.call.order.id;
    changeOrder(order.orderId, order);
    if (isFirst) fillFrom(order);
    drawCard(view.call);
    if (isFirst) byId('updated').hidden = false;
  });
  on('order.withdrawn', ({ callId, orderId }) => {
    if (view.call?.callId !== callId) return;
    changeOrder(orderId, { isWithdrawRequested: true });
    drawCard(view.call);
    if (view.call.order.orderId === orderId) say(word('withdrawnText'));
  });
  on('order.arrived', ({ callId, order }) => {
    if (view.call?.callId !== callId || view.call.otherOrders.some(({ id }) => id === order.id)) return;
    view.call = { ...view.call, otherOrders: [...view.call.otherOrders, order] };
    drawCard(view.call);
    say(word('orderArrived', { orderId: order.orderId }));
  });
  on('notice', onNotice);
}

/** One of the orders on the screen is another now. */
function changeOrder(orderId, change) {
  const changed = (order) => (order.orderId === orderId ? { ...order, ...change } : order);
  view.call = { ...view.call, order: changed(view.call.order), otherOrders: view.call.otherOrders.map(changed) };
}

function closeStream() {
  clearTimeout(reconnect);
  stream?.close();
  stream = null;
}

async function checkSession() {
  try {
    signedIn(await ask('GET', 'session'));
  } catch (error) {
    if (error instanceof Refusal && error.status === 401) showSignIn('');
    else reconnect = setTimeout(checkSession, RECONNECT_MS);
  }
}

async function ping() {
  if (stream === null) return;
  try {
    await ask('GET', 'session');
    if (stream?.readyState === EventSource.OPEN) setConnected(true);
  } catch (error) {
    if (error instanceof Refusal) return;
    setConnected(false);
  }
}

function setConnected(isConnected) {
  show('connection', isConnected ? '' : word('connectionLost'));
}

function onState(state) {
  view.state = state;
  if (state.state === 'wrap_up') view.wrapUpUntil = state.wrapUpUntil;
  if (!AT_CALL.includes(state.state)) Object.assign(view, { call: null, endedAt: null, wrapUpUntil: null });
  drawAll();
}

function onConnected(call) {
  const isSame = view.call?.callId === call.callId;
  view.call = call;
  if (isSame) {
    drawAll();
    return;
  }
  Object.assign(view, { endedAt: null, wrapUpUntil: null, isHeld: false, savedOutcome: null });
  if (view.state?.state === 'wrap_up') view.wrapUpUntil = view.state.wrapUpUntil;
  resetResult(call.order);
  byId('updated').hidden = true;
  drawAll();
  const { order } = call;
  const name = order.customer.name ?? word('noName');
  say(word('arrived', { name, orderId: order.orderId, total: money(order.total.amount, order.total.currency) }));
  byId('order-title').focus();
}

function onEnded({ callId, endedAt, wrapUpUntil }) {
  if (view.call?.callId !== callId) return;
  Object.assign(view, { endedAt, wrapUpUntil, isHeld: false });
  say(word('talkOver'));
  drawAll();
}

function onNotice({ code, text }) {
  const translated = word(`notice_${code.replace('.', '_')}`, {}, text);
  if (code.startsWith('session.')) showSignIn(code === 'session.signed_out' ? '' : translated);
}

function drawAll() {
  if (view.state === null) return;
  drawState();
  const hasCall = view.call !== null && AT_CALL.includes(view.state.state);
  byId('call').hidden = !hasCall;
  byId('idle').hidden = hasCall;
  if (hasCall) {
    drawCard(view.call);
    drawCall();
  } else {
    byId('idle-text').textContent = word(`idle_${view.state.state}`, {}, word('idle_other'));
  }
  drawTimes();
}

function drawState() {
  const { state, reason, wanted } = view.state;
  byId('state').dataset.state = state;
  byId('state-word').textContent = word(`state_${state}`);
  const isAtCall = state === 'reserved' || AT_CALL.includes(state);
  const wish = isAtCall && wanted !== 'ready' ? word(`wanted_${wanted}`) : '';
  byId('state-reason').textContent = reason === null ? wish : word(`reason_${reason}`, {}, reason);
  byId('ready').disabled = state === 'ready' || (isAtCall && state !== 'wrap_up' && wanted === 'ready');
  byId('break').disabled = state === 'break' || (isAtCall && wanted === 'break');
  document.title = `${word(`state_${state}`)} · confirm-dialer`;
}

function drawCall() {
  const isOver = view.state.state === 'wrap_up';
  byId('talk-word').textContent = word(isOver ? 'talkOver' : view.isHeld ? 'talkHeld' : 'talk');
  byId('hold-word').textContent = word(view.isHeld ? 'unhold' : 'hold');
  byId('hold').disabled = isOver;
  byId('hang-up').disabled = isOver;
  byId('next').hidden = !isOver || view.savedOutcome === null;
  byId('result-saved').textContent =
    view.savedOutcome === null ? '' : word('saved', { outcome: word(`outcome_${view.savedOutcome}`) });
}

function drawTimes() {
  if (view.state === null) return;
  byId('state-time').textContent = duration(Date.now() - new Date(view.state.since).getTime());
  if (view.call === null) return;
  const end = view.endedAt === null ? Date.now() : new Date(view.endedAt).getTime();
  byId('talk-time').textContent = duration(end - new Date(view.call.connectedAt).getTime());
  const left = view.wrapUpUntil === null ? null : Math.ceil((new Date(view.wrapUpUntil).getTime() - Date.now()) / 1000);
  show('wrap-up', left === null ? '' : word('wrapUpLeft', { seconds: Math.max(0, left) }));
}

async function wish(state) {
  if (state === 'ready' && view.state?.state === 'wrap_up' && view.savedOutcome === null) {
    byId('result-problem').textContent = word('chooseOutcome');
    return;
  }
  const answer = await attempt('PUT', 'state', { state });
  if (answer) onState(answer);
}

async function save() {
  const { body, problem } = readResult();
  byId('result-problem').textContent = problem ?? '';
  if (problem || view.call === null) return;
  const { callId } = view.call;
  const answer = await attempt('POST', `calls/${callId}/outcome`, body, 'result-problem');
  if (!answer || view.call?.callId !== callId) return;
  view.savedOutcome = body.outcome;
  drawAll();
  if (!byId('next').hidden) byId('next').focus();
}

async function toggleHold() {
  if (view.call === null) return;
  const isHeld = !view.isHeld;
  const answer = await attempt(
    'POST',
    `calls/${view.call.callId}/${isHeld ? 'hold' : 'unhold'}`,
    undefined,
    'result-problem',
  );
  if (answer) view.isHeld = isHeld;
  drawAll();
}

async function hangUp() {
  if (view.call !== null) await attempt('POST', `calls/${view.call.callId}/hangup`, undefined, 'result-problem');
}

/** Asks the server and tells the person when it refuses. @returns null then */
async function attempt(method, path, body, problemId = 'notice') {
  try {
    const answer = await ask(method, path, body);
    byId('notice').hidden = true;
    if (problemId !== 'notice') byId(problemId).textContent = '';
    return answer;
  } catch (error) {
    if (error instanceof Refusal && error.status === 401) {
      showSignIn('');
      return null;
    }
    show(problemId, refusalText(error));
    byId(problemId).hidden = false;
    return null;
  }
}

function refusalText(error) {
  if (!(error instanceof Refusal)) return word('noServer');
  if (error.code === 'call.closed') return word('tooLate');
  const fields = error.errors.map(({ pointer, detail }) => `${pointer} ${detail}`).join('; ');
  return word('refused', { detail: fields || error.message });
}

function say(text) {
  byId('say').textContent = text;
}

function addListeners() {
  byId('sign-in-form').addEventListener('submit', (event) => {
    event.preventDefault();
    void signIn();
  });
  byId('ready').addEventListener('click', () => void wish('ready'));
  byId('next').addEventListener('click', () => void wish('ready'));
  byId('break').addEventListener('click', () => void wish('break'));
  byId('hold').addEventListener('click', () => void toggleHold());
  byId('hang-up').addEventListener('click', () => void hangUp());
  byId('sign-out').addEventListener('click', () => void signOut());
  byId('result').addEventListener('submit', (event) => {
    event.preventDefault();
    void save();
  });
  document.addEventListener('keydown', onKey);
  window.addEventListener('offline', () => setConnected(false));
}

function onKey(event) {
  if (view.state === null || event.altKey || event.metaKey || event.repeat) return;
  const keys = { F8: () => wish('ready'), F9: () => wish('break'), F2: hangUp, F4: toggleHold };
  const hasCall = !byId('call').hidden;
  const isTyping = event.target instanceof Element && event.target.matches('input, textarea');
  if (event.ctrlKey) {
    if (event.key !== 'Enter' || !hasCall) return;
    event.preventDefault();
    void save();
  } else if (event.key in keys) {
    event.preventDefault();
    void keys[event.key]();
  } else if (hasCall && !isTyping && /^[1-8]$/.test(event.key)) {
    event.preventDefault();
    choose(OUTCOMES[Number(event.key) - 1]);
  }
}

async function signIn() {
  byId('sign-in-problem').textContent = '';
  try {
    signedIn(await ask('POST', 'session', { login: byId('login').value.trim(), password: byId('password').value }));
  } catch (error) {
    if (!(error instanceof Refusal)) showSignIn(word('noServer'));
    else if (error.status === 429) showSignIn(word('tooManyTries', { seconds: error.retryAfterSeconds }));
    else showSignIn(word(error.status === 401 || error.status === 422 ? 'wrongPassword' : 'noServer'));
  }
}

async function signOut() {
  closeStream();
  await ask('DELETE', 'session').catch(() => undefined);
  showSignIn('');
}
