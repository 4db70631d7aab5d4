import { useEffect, useState } from 'react';
import { useWords } from '../shared/language.js';
import { preferences } from '../shared/preferences.js';
import { useDesk } from './desk.js';
import type { DeskView } from './desk-view.js';

/** Tells of calls that come and go: to a screen reader, in the tab's title, and by the browser when the tab is hidden. @returns what to speak */
export function useArrivals(view: DeskView): string {
  const { word, formats } = useWords();
  const desk = useDesk();
  const [spoken, speak] = useState('');
  const state = view.state?.state ?? 'offline';
  useEffect(() => {
    document.title = `${word(`state/${state}`)} · ${word('product')}`;
  }, [word, state]);
  useEffect(
    () =>
      desk.onFact((fact) => {
        if (fact.event === 'call.ended') speak(word('call/ended'));
        if (fact.event !== 'call.connected') return;
        const { order } = fact.data;
        const { amount, currency } = order.total;
        const name = order.customer.name ?? word('order/noName');
        const text = word('call/arrived', { name, orderId: order.orderId, total: formats.money(amount, currency) });
        speak(text);
        if (document.hidden && preferences.read('notify') && Notification.permission === 'granted') {
          // The name stays on the page: what a notification shows may stand on a locked screen.
          const note = new Notification(word('order/title', { orderId: order.orderId }), { tag: 'call' });
          note.onclick = () => window.focus();
        }
      }),
    [desk, word, formats],
  );
  return spoken;
}
