import { Inject, Injectable } from '@nestjs/common';
import type { Telephony } from '../../core/call/telephony.js';
import { Log } from '../../platform/log/log.js';
import { LiveCalls } from './live-calls.js';
import { NodeHomes } from './node-homes.js';
import { TELEPHONY } from './telephony.provider.js';

/** A talk on a node that nobody reaches may go on all the same, unless nothing runs there any more: it is given up after so long. */
const TALK_LOST_SECONDS = 60;
const TALKS: readonly string[] = ['connected', 'agent_lost', 'handed_over'];

/**
 * Calls on a node that is lost: no dialer reaches it, and their group has gone on to another one. Nothing more will be heard of them, so they end as lost
 * ones do (docs/decisions/0021-calls-lost-on-our-side.md). While the group has no other node everything waits for the node's return.
 */
@Injectable()
export class LostNodes {
  constructor(
    @Inject(TELEPHONY) private readonly nodes: readonly Telephony[],
    private readonly calls: LiveCalls,
    private readonly homes: NodeHomes,
    private readonly log: Log,
  ) {}

  /** Ends what has to be given up by now. */
  settle(): void {
    for (const mailbox of this.calls.all()) {
      const { groupId, node: name } = mailbox.route;
      const home = this.homes.homeOf(groupId);
      if (home === null || home === name) continue;
      const lostSeconds = this.homes.lostForSeconds(name);
      if (lostSeconds === 0) continue;
      const isGone = this.nodes.find(({ node }) => node === name)?.isGone ?? true;
      if (TALKS.includes(mailbox.call.state) && !isGone && lostSeconds < TALK_LOST_SECONDS) continue;
      this.log.warn('a call was on a node that is lost', { callId: mailbox.callId, node: name });
      mailbox.post({ kind: 'buyer.missing' });
    }
  }
}
