import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ORDER_MOVES, decideOrder, effectOfMessage, type OrderEvent, type OrderState } from './order-machine.js';
import { ORDER_STATUSES, OUTCOMES } from './order.js';

const live = (status: 'dialing' | 'ringing' | 'connected' | 'wrap_up', isWithdrawRequested = false): OrderState => ({
  status,
  callId: 'c1',
  isWithdrawRequested,
});
const final: OrderState = { status: 'final', outcome: 'confirmed' };
const withdrawn = { order: { status: 'final', outcome: 'withdrawn' }, actions: ['tell_finished'] };

describe('decideOrder', () => {
  it.each<[string, OrderState, OrderEvent, unknown]>([
    [
      'accepted is scheduled',
      { status: 'accepted' },
      { kind: 'schedule' },
      { order: { status: 'scheduled' }, actions: [] },
    ],
    ['scheduling twice', { status: 'scheduled' }, { kind: 'schedule' }, { ignored: 'scheduled already' }],
    ['scheduling while called', live('ringing'), { kind: 'schedule' }, { ignored: 'scheduled already' }],
    [
      'a call begins',
      { status: 'scheduled' },
      { kind: 'call_progressed', status: 'dialing', callId: 'c1' },
      { order: live('dialing'), actions: [] },
    ],
    [
      'it rings',
      live('dialing'),
      { kind: 'call_progressed', status: 'ringing', callId: 'c1' },
      { order: live('ringing'), actions: [] },
    ],
    [
      'ringing is skipped',
      live('dialing'),
      { kind: 'call_progressed', status: 'connected', callId: 'c1' },
      { order: live('connected'), actions: [] },
    ],
    [
      'a late ringing',
      live('connected'),
      { kind: 'call_progressed', status: 'ringing', callId: 'c1' },
      { ignored: 'further already' },
    ],
    [
      'the fact of another call',
      live('dialing'),
      { kind: 'call_progressed', status: 'ringing', callId: 'c2' },
      { ignored: 'another call is live' },
    ],
    [
      'a call of an order not scheduled',
      { status: 'accepted' },
      { kind: 'call_progressed', status: 'dialing', callId: 'c1' },
      { ignored: 'not scheduled yet' },
    ],
    ['another attempt', live('ringing'), { kind: 'reschedule' }, { order: { status: 'scheduled' }, actions: [] }],
    [
      'another time while queued',
      { status: 'scheduled' },
      { kind: 'reschedule' },
      { order: { status: 'scheduled' }, actions: [] },
    ],
    ['cancel before any call', { status: 'accepted' }, { kind: 'withdraw' }, withdrawn],
    ['cancel in the queue', { status: 'scheduled' }, { kind: 'withdraw' }, withdrawn],
    [
      'cancel while it rings',
      live('ringing'),
      { kind: 'withdraw' },
      { order: live('ringing', true), actions: ['ask_to_end_call'] },
    ],
    [
      'cancel in wrap-up',
      live('wrap_up'),
      { kind: 'withdraw' },
      { order: live('wrap_up', true), actions: ['ask_to_end_call'] },
    ],
    ['cancel twice', live('ringing', true), { kind: 'withdraw' }, { ignored: 'withdrawn already' }],
    ['a cancelled order is never queued again', live('ringing', true), { kind: 'reschedule' }, withdrawn],
    [
      'the cancel is kept while the call goes on',
      live('ringing', true),
      { kind: 'call_progressed', status: 'connected', callId: 'c1' },
      { order: live('connected', true), actions: [] },
    ],
    [
      'the agent decided before the cancel took effect',
      live('connected', true),
      { kind: 'finish', outcome: 'confirmed' },
      { order: final, actions: ['tell_finished'] },
    ],
    [
      'the end of an order never called',
      { status: 'scheduled' },
      { kind: 'finish', outcome: 'expired' },
      { order: { status: 'final', outcome: 'expired' }, actions: ['tell_finished'] },
    ],
    ['finishing twice', final, { kind: 'finish', outcome: 'declined' }, { ignored: 'the order is final' }],
    ['cancel after the end', final, { kind: 'withdraw' }, { ignored: 'the order is final' }],
  ])('%s', (_name, order, event, expected) => {
    expect(decideOrder(order, event)).toEqual(expected);
  });

  it('reaches every status, and every status but the last can be left', () => {
    const reached = new Set(['accepted', ...Object.values(ORDER_MOVES).flatMap((move) => move.to)]);
    expect([...reached].sort()).toEqual([...ORDER_STATUSES].sort());
    for (const status of ORDER_STATUSES) expect(ORDER_MOVES[status].to.length === 0).toBe(status === 'final');
  });

  const call = fc.constantFrom('c1', 'c2');
  const liveStatus = fc.constantFrom('dialing' as const, 'ringing' as const, 'connected' as const, 'wrap_up' as const);
  const anyEvent: fc.Arbitrary<OrderEvent> = fc.oneof(
    fc.record({ kind: fc.constantFrom('schedule' as const, 'reschedule' as const, 'withdraw' as const) }),
    fc.record({ kind: fc.constant('call_progressed' as const), status: liveStatus, callId: call }),
    fc.record({ kind: fc.constant('finish' as const), outcome: fc.constantFrom(...OUTCOMES) }),
  );

  it('keeps to the table, never leaves final, and never queues a cancelled order, over any sequence of events', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 30 }), (events) => {
        let order: OrderState = { status: 'accepted' };
        let isCancelled = false;
        let timesFinished = 0;
        for (const event of events) {
          const decision = decideOrder(order, event);
          if ('ignored' in decision) continue;
          if (decision.order.status !== order.status) {
            expect(ORDER_MOVES[order.status].to).toContain(decision.order.status);
          }
          expect(order.status).not.toBe('final');
          if (isCancelled) expect(decision.order.status).not.toBe('scheduled');
          if (event.kind === 'withdraw') isCancelled = true;
          if (decision.actions.includes('tell_finished')) timesFinished++;
          order = decision.order;
        }
        expect(timesFinished).toBe(order.status === 'final' ? 1 : 0);
      }),
    );
  });
});

describe('effectOfMessage', () => {
  it.each([
    [
      'a higher version updates',
      { version: 1, status: 'scheduled', hasContent: true },
      { kind: 'content', version: 2 },
      'update',
    ],
    [
      'the same version',
      { version: 1, status: 'scheduled', hasContent: true },
      { kind: 'content', version: 1 },
      'nothing',
    ],
    [
      'a lower version',
      { version: 3, status: 'ringing', hasContent: true },
      { kind: 'content', version: 2 },
      'nothing',
    ],
    ['a cancel', { version: 1, status: 'ringing', hasContent: true }, { kind: 'cancel', version: 2 }, 'withdraw'],
    ['an old cancel', { version: 2, status: 'ringing', hasContent: true }, { kind: 'cancel', version: 2 }, 'nothing'],
    [
      'an update after the end',
      { version: 1, status: 'final', hasContent: true },
      { kind: 'content', version: 9 },
      'nothing',
    ],
    [
      'the create after its cancel',
      { version: 2, status: 'final', hasContent: false },
      { kind: 'content', version: 1 },
      'complete_tombstone',
    ],
    [
      'a newer create after its cancel',
      { version: 2, status: 'final', hasContent: false },
      { kind: 'content', version: 3 },
      'complete_tombstone',
    ],
    [
      'a second cancel of a tombstone',
      { version: 2, status: 'final', hasContent: false },
      { kind: 'cancel', version: 3 },
      'nothing',
    ],
  ] as const)('%s', (_name, known, message, effect) => {
    expect(effectOfMessage(known, message)).toBe(effect);
  });
});
