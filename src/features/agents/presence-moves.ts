import { Injectable } from '@nestjs/common';
import { decide, type AgentEvent, type Presence } from '../../core/agent/agent.js';
import { DialerError } from '../../core/shared/errors.js';
import type { AgentId } from '../../core/shared/ids.js';
import { DatabaseClock } from '../../platform/clock/database-clock.js';
import { Notifications } from '../../platform/database/notifications.js';
import { afterCommit, type Tx } from '../../platform/database/transaction.js';
import { Events } from '../../platform/outbox/events.js';
import { failpoint } from '../../platform/failpoints/failpoints.js';
import { AgentsMetrics } from './agents.metrics.js';
import { agentStateChanged, agentWrapUpEnded, type PresenceView } from './agents.events.js';
import { PresenceStore } from './presence.store.js';
import { presenceView } from './presence-view.js';

/** How often a move is tried again when others change the same agent in between. */
const MOST_TRIES = 8;

export interface Move {
  readonly view: PresenceView;
  /** False when the event changed nothing. */
  readonly isMoved: boolean;
}

/**
 * Performs the decisions of the presence machine: read, decide, one UPDATE guarded by the version; who comes second reads again.
 * So of many that want the same agent exactly one gets them.
 */
@Injectable()
export class PresenceMoves {
  constructor(
    private readonly notifications: Notifications,
    private readonly events: Events,
    private readonly presences: PresenceStore,
    private readonly clock: DatabaseClock,
    private readonly metrics: AgentsMetrics,
  ) {}

  async move(tx: Tx, agentId: AgentId, event: AgentEvent): Promise<Move> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const stored = await this.presences.find(tx, agentId);
      if (!stored) throw noSuchAgent();
      const decision = decide(stored.presence, event, this.clock.now(), stored.limits);
      if ('ignored' in decision) return { view: presenceView(stored.agent, stored.presence), isMoved: false };
      if (!(await this.presences.save(tx, agentId, stored.version, decision.presence))) continue;
      const changed = presenceView(stored.agent, decision.presence);
      // A hint after the commit: a statement less in each of the many moves, and commits that need not queue for Postgres' list of notices.
      if (concernsDialer(stored.presence, decision.presence)) {
        afterCommit(tx, () => this.notifications.hint('dialer'));
      }
      if (changed.reason === 'not_responding' && stored.presence.state !== 'break') {
        afterCommit(tx, () => this.metrics.notResponding(changed.groupIds));
      }
      await this.events.publish(tx, agentStateChanged, { agentId, presence: changed });
      for (const { callId, hadLimit } of decision.actions) {
        await this.events.publish(tx, agentWrapUpEnded, { agentId, callId, hadLimit });
        await failpoint('wrap_up_ended');
      }
      return { view: changed, isMoved: true };
    }
    throw new DialerError('busy.retry_later', 'The agent is being changed by many at once. Try again.', {
      isRetryable: true,
      retryAfterSeconds: 1,
    });
  }
}

/** Whether more calls may be placed now than before, or a line is to be called or ended: not when an agent has just got a call. */
function concernsDialer(before: Presence, now: Presence): boolean {
  if (now.wish.to !== before.wish.to || now.isLegUp !== before.isLegUp || now.legId !== before.legId) return true;
  return now.state !== before.state && now.state !== 'reserved' && now.state !== 'talking';
}

export function noSuchAgent(): DialerError {
  return new DialerError('agent.not_found', 'There is no such agent.');
}
