import { Injectable } from '@nestjs/common';
import { WATCH_MODES, watchLegId, type WatchMode } from '../../core/call/leg-ids.js';
import { Log } from '../../platform/log/log.js';
import type { CallMailbox } from './call-mailbox.js';
import { CallRunner } from './call-runner.js';

/**
 * Supervisors in talks. Nothing is remembered: the ids of their legs say who is in which call and how, and the exchange ends them with the
 * buyer's leg, also when no dialer is alive.
 */
@Injectable()
export class Supervision {
  constructor(
    private readonly runner: CallRunner,
    private readonly log: Log,
  ) {}

  /** The supervisor takes part in the call in this way from now on; null: not any more. */
  async watch({ callId, route }: CallMailbox, supervisorId: string, mode: WatchMode | null): Promise<void> {
    const telephony = this.runner.telephonyOf(route.node);
    if (telephony === null) return;
    if (mode !== null) {
      const { groupId } = route;
      const result = await telephony.watch({ supervisorId, buyerLegId: callId, groupId, mode });
      if (result.kind !== 'done') this.log.warn('a supervisor could not join a call', { callId, mode, ...result });
    }
    const others = WATCH_MODES.filter((other) => other !== mode);
    await Promise.all(others.map((other) => telephony.hangup(watchLegId(supervisorId, callId, other))));
  }
}
