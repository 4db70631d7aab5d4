import { Injectable } from '@nestjs/common';
import type { Call } from '../../core/call/call.js';
import { spanIdOf, Tracing, type SpanPlan } from '../../platform/tracing/tracing.js';

/** What a call's spans say of where it belongs. */
export interface CallRoute {
  readonly shopId: string;
  readonly orderRef: string;
  readonly traceId: string;
  readonly trunkId: string;
  readonly number: number;
}

/** A call in its order's trace, told when it has ended: the call, and in it the ringing, the wait for the agent and the talk. */
@Injectable()
export class CallSpans {
  constructor(private readonly tracing: Tracing) {}

  ended(call: Extract<Call, { state: 'ended' }>, route: CallRoute): void {
    if (!this.tracing.isOn) return;
    for (const span of spansOf(call, route)) this.tracing.emit(span);
  }
}

/** The spans of a call that is over; parts that never began are left out. */
export function spansOf(call: Extract<Call, { state: 'ended' }>, route: CallRoute): SpanPlan[] {
  const { callId, plannedAt, dialedAt, answeredAt, connectedAt, endedAt } = call;
  const id = spanIdOf('call', callId);
  const part = (name: string, startedAt: Date | null, until: Date | null): SpanPlan[] =>
    startedAt === null
      ? []
      : [
          {
            name,
            kind: 'internal',
            traceId: route.traceId,
            parentId: id,
            startedAt,
            endedAt: until ?? endedAt,
            attributes: { 'call.id': callId },
          },
        ];
  return [
    {
      name: 'call',
      kind: 'internal',
      traceId: route.traceId,
      id,
      parentId: spanIdOf('order', route.orderRef),
      startedAt: plannedAt,
      endedAt,
      attributes: {
        shop: route.shopId,
        'order.ref': route.orderRef,
        'call.id': callId,
        trunk: route.trunkId,
        attempt: route.number,
        result: call.result,
      },
      isError: call.result === 'system_failure',
    },
    ...part('ring', dialedAt, answeredAt),
    ...part('bridge', answeredAt, connectedAt),
    ...part('talk', connectedAt, null),
  ];
}
