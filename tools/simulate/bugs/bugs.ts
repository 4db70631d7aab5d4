/** A small wrong change to a rule or to the model of the shell, as somebody might make it. */
export interface PlantedBug {
  readonly name: string;
  /** From the root of the repository. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** The scenario in which it should show. */
  readonly scenario?: string;
}

const CALL = 'src/core/call/call.ts';
const DECIDE_CALL = 'src/core/call/decide-call.ts';
const AGENT = 'src/core/agent/agent.ts';
const ORDER = 'src/core/order/order-machine.ts';
const PLAN = 'src/core/attempt/plan-turn.ts';
const MAY_RING = 'src/core/calling-hours/may-ring.ts';
const SHELL = 'tools/simulate/shell';

/** What the simulator must notice. */
export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'nobody remembers which numbers are on the telephone',
    file: `${SHELL}/database.ts`,
    find: `    this.liveByPhone.set(route.phone, row);\n`,
    replace: '',
  },
  {
    name: 'a new leader takes calls over in the old epoch',
    file: `${SHELL}/database.ts`,
    find: `      row.route = { ...row.route, epoch };\n`,
    replace: '',
  },
  {
    name: 'the epoch does not grow with the leader',
    file: `${SHELL}/database.ts`,
    find: `if (isChange) leader.epoch += 1;`,
    replace: '',
  },
  {
    name: 'a leader who lost the lease and the exchange goes on',
    file: `${SHELL}/dialer.ts`,
    find: `  private leave(groupId: string): void {\n`,
    replace: `  private leave(groupId: string): void {\n    if (groupId !== '') return;\n`,
  },
  {
    name: 'a new leader does not take over the calls that go on',
    file: `${SHELL}/dialer.ts`,
    find: `      if (this.live.has(row.callId)) continue;\n      this.live.set`,
    replace: `      if (this.live.has(row.callId) || row.version > 0) continue;\n      this.live.set`,
  },
  {
    name: 'a new leader places the calls that it takes over once more',
    file: `${SHELL}/dialer.ts`,
    find: `      const { agent } = row.call;\n`,
    replace: `      this.runner.perform(this.live.get(row.callId)!, { kind: 'call_buyer' });\n      const { agent } = row.call;\n`,
  },
  {
    name: 'no poll behind the wake-ups',
    file: `${SHELL}/dialer.ts`,
    find: `const POLL_MS = 500;`,
    replace: `const POLL_MS = 60_000;`,
  },
  {
    name: 'the rounds of a turn do not count on the calls of those before',
    file: `${SHELL}/dialer.ts`,
    find: `      for (const { row, actions } of placed) this.start(row, actions);\n`,
    replace: `      for (const { row, actions } of placed) this.time.after(200, () => this.start(row, actions));\n`,
  },
  {
    name: 'a write that failed is not tried again',
    file: `${SHELL}/call-mailbox.ts`,
    find: `      this.pending += events;\n`,
    replace: `      this.pending += events - events;\n`,
  },
  {
    name: 'nothing is compared with the exchange',
    file: `${SHELL}/reconciler.ts`,
    find: `    if (!this.database.isUp) return;\n    if (this.link.isUp) {`,
    replace: `    if (!this.database.isUp) return;\n    if (this.link.isUp && floor.length < 0) {`,
  },
  {
    name: 'no sweep behind the jobs',
    file: `${SHELL}/worker.ts`,
    find: `    this.every(1_000, () => this.scheduleForgotten());\n`,
    replace: '',
  },
  {
    name: 'wrap-ups have no limit',
    file: `${SHELL}/worker.ts`,
    find: `    this.every(500, () => this.endOverdueWrapUps());\n`,
    replace: '',
  },
  {
    name: 'calls per second are not counted',
    file: 'src/core/trunk/call-rate.ts',
    find: `    .filter((msAgo) => msAgo < windowMs)`,
    replace: `    .filter((msAgo) => msAgo < windowMs / 2)`,
  },
  {
    name: 'no hours of the shop',
    file: MAY_RING,
    find: `    if (!isWithin(rules.shopHours, clock)) return 'shop_hours';\n`,
    replace: '',
  },
  {
    name: 'an unknown zone permits everything',
    file: MAY_RING,
    find: `    if (clock === null) return 'unknown_zone';`,
    replace: `    if (clock === null) continue;`,
  },
  {
    name: 'half an hour after closing',
    file: MAY_RING,
    find: `clock.minute < window.toMinute,`,
    replace: `clock.minute < window.toMinute + 30,`,
  },
  {
    name: 'unanswered calls are not counted as attempts',
    file: 'src/core/attempt/next-attempt.ts',
    find: `return result !== 'carrier_failure' &&`,
    replace: `return result !== 'no_answer' && result !== 'busy' && result !== 'carrier_failure' &&`,
  },
  {
    name: 'promised callbacks come ten minutes early',
    file: 'src/core/attempt/dial-order.ts',
    find: `return new Date(order.callbackAt.getTime() - CALLBACK_LEAD_MS);`,
    replace: `return new Date(order.callbackAt.getTime() - 30 * CALLBACK_LEAD_MS);`,
  },
  {
    name: 'the limit of a shop holds between turns only',
    file: PLAN,
    find: `    if (live >= settings.maxConcurrentCalls) continue;\n`,
    replace: '',
  },
  {
    name: 'lines are not counted down within a turn',
    file: PLAN,
    find: `    trunk.linesFree -= 1;\n`,
    replace: '',
  },
  {
    name: 'all orders that are due are called, whatever the pacing decided',
    file: PLAN,
    find: `    if (calls.length >= turn.dial) break;\n`,
    replace: '',
  },
  {
    name: 'an abandoned buyer is called ahead of the agents',
    scenario: 'ten-agents',
    file: PLAN,
    find: `    order.isAbandonedBefore ||\n`,
    replace: '',
  },
  {
    name: 'every shop is called ahead of the agents',
    file: PLAN,
    find: `    !ahead.has(order.shopId) ||\n`,
    replace: '',
  },
  {
    name: 'an answered buyer is leased before there is an agent',
    file: DECIDE_CALL,
    find: `        actions: [{ kind: 'clear', afterMs: 0 }],\n      };\n    case 'agent.ended':`,
    replace: `        actions: [{ kind: 'extend_lease', seconds: 20 }, { kind: 'clear', afterMs: 500 }],\n      };\n    case 'agent.ended':`,
  },
  {
    name: 'an answered buyer without an agent is hung up on',
    file: DECIDE_CALL,
    find: `      return playMessage(call, 'abandoned', now);`,
    replace: `      return hangUp(call, 'abandoned', now);`,
  },
  {
    name: 'a lost agent is waited for without end',
    file: CALL,
    find: `const AGENT_LOST_MS = 10_000;`,
    replace: `const AGENT_LOST_MS = 500_000;`,
  },
  {
    name: 'a lost agent ends the ring',
    file: DECIDE_CALL,
    find: `      return { call: { ...call, agent: null }, actions: [] };`,
    replace: `      return hangUp(call, 'agent_hung_up', now);`,
  },
  {
    name: 'the ring is cut at half its time',
    file: CALL,
    find: `call.ringSeconds * 1000 + limitMs`,
    replace: `call.ringSeconds * 500 + limitMs - 4000`,
  },
  {
    name: 'the end of one call frees an agent who is at another',
    file: AGENT,
    find: `  if (presence.callId !== event.callId) return ignored('at another call');\n`,
    replace: '',
  },
  {
    name: 'an agent whose phone is lost in a talk counts as free once it stands again',
    file: AGENT,
    find: `      return moved({ ...common(bare, now), state: 'lost', ...callOf(presence) });`,
    replace: `      return settled(bare, presence.wish, now);`,
  },
  {
    name: 'a final order can be changed',
    file: ORDER,
    find: `  if (order.status === 'final') return { ignored: 'the order is final' };\n`,
    replace: '',
  },
  {
    name: 'a late job schedules an order that is being called',
    file: ORDER,
    find: `      return order.status === 'accepted'`,
    replace: `      return order.status !== 'scheduled'`,
  },
];
