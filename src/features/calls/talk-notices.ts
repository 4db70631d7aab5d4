import { Injectable } from '@nestjs/common';
import type { Call } from '../../core/call/call.js';
import { Notifications } from '../../platform/database/notifications.js';
import { Transactions } from '../../platform/database/transaction.js';
import { Log } from '../../platform/log/log.js';
import { TALKS_CHANNEL, type TalkNotice } from './calls.events.js';

/**
 * Tells screens of a talk at the moment it begins, ahead of the write behind it: the order is on the screen with the first word. A notice is a
 * hint; the event `call.connected` follows with the write.
 */
@Injectable()
export class TalkNotices {
  constructor(
    private readonly transactions: Transactions,
    private readonly notifications: Notifications,
    private readonly log: Log,
  ) {}

  /** To be told of each move of a call. Does not throw. */
  onMoved(before: Call, call: Call): void {
    const { agent, callId, connectedAt } = call;
    if (before.connectedAt !== null || connectedAt === null || agent === null) return;
    const notice: TalkNotice = { agentId: agent.agentId, callId, at: connectedAt.toISOString() };
    this.transactions
      .read((tx) => this.notifications.notify(tx, TALKS_CHANNEL, JSON.stringify(notice)))
      .catch((error: unknown) => this.log.debug('a talk could not be told ahead of its write', { callId, error }));
  }
}
