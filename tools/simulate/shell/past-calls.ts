import type { PastCall } from '../../../src/core/calling-hours/attempt-limits.js';
import type { Database } from './database.js';
import { hasRung, outcomeOf, type OrderRow } from './rows.js';

const CONCLUDED = ['confirmed', 'changed', 'declined', 'duplicate'];

/** The calls that limits on attempts count: those of the shop to the order's number. */
export function pastCallsOf(database: Database, order: OrderRow): PastCall[] {
  const calls = database.callsByPhone.get(order.phone);
  if (calls === undefined) return [];
  return calls
    .filter(({ route }) => route.shopId === order.shopId)
    .map(({ call, route, orderRefs }) => {
      const outcome = outcomeOf(database.order(route.orderRef));
      const result = call.state === 'ended' ? call.result : null;
      return {
        startedAt: call.dialedAt ?? call.plannedAt,
        endedAt: call.state === 'ended' ? call.endedAt : null,
        result,
        hasRung: hasRung(call),
        isOfOrder: orderRefs.includes(order.orderRef),
        isConcluded: result === 'answered' && outcome !== null && CONCLUDED.includes(outcome),
      };
    });
}
