import type { Call } from '../call/call.js';
import type { PredictiveLoad } from './predictive-load.js';

/** A live call with the attempt's number of its order. */
export interface PacedCall {
  readonly call: Call;
  readonly number: number;
}

/** The calls that count on an agent being free: ringing ones without a reservation, and answered buyers who wait. */
export function callsLoad(calls: readonly PacedCall[], now: Date): PredictiveLoad['calls'] {
  const since = (at: Date): number => Math.max(0, now.getTime() - at.getTime()) / 1000;
  const unassigned: PredictiveLoad['calls']['unassigned'][number][] = [];
  const waiting: number[] = [];
  for (const { call, number: attempt } of calls) {
    if (call.agent !== null) continue;
    if (call.state === 'waiting') waiting.push(since(call.answeredAt ?? call.since));
    if (call.state !== 'dialing' && call.state !== 'ringing') continue;
    unassigned.push({
      ageSeconds: since(call.dialedAt ?? call.plannedAt),
      ringingSeconds: call.ringingAt === null ? null : since(call.ringingAt),
      attempt,
    });
  }
  return { unassigned, screening: [], waiting };
}
