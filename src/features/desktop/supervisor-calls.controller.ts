import { Controller, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBearerAuth, ApiCookieAuth, ApiTags } from '@nestjs/swagger';
import type { WatchMode } from '../../core/call/leg-ids.js';
import { DialerError } from '../../core/shared/errors.js';
import { Transactions } from '../../platform/database/transaction.js';
import type { SessionAgent } from '../agents/agents.events.js';
import { AgentsService } from '../agents/agents.service.js';
import { CallsService } from '../calls/calls.service.js';
import { OrdersService } from '../orders/orders.service.js';
import { SessionGuard, SignedInAgent } from './session-guard.js';

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
/** States of a call in which somebody talks with the buyer. */
const TALKS: readonly string[] = ['connected', 'agent_lost', 'handed_over'];

/** Supervisors in their groups' talks: unheard, heard by the agent alone, or by all. Their own line stands while they are signed in. */
@ApiTags('supervisors')
@ApiBearerAuth()
@ApiCookieAuth()
@Controller('v1/supervisor/calls/:callId')
@UseGuards(SessionGuard)
export class SupervisorCallsController {
  constructor(
    private readonly transactions: Transactions,
    private readonly agents: AgentsService,
    private readonly calls: CallsService,
    private readonly orders: OrdersService,
  ) {}

  @Post('listen')
  @ApiAcceptedResponse({ description: 'the supervisor hears both sides; nobody hears the supervisor' })
  @HttpCode(202)
  listen(@SignedInAgent() agent: SessionAgent, @Param('callId') callId: string) {
    return this.watch(agent, callId, 'listen');
  }

  @Post('whisper')
  @ApiAcceptedResponse({ description: 'the agent hears the supervisor, the buyer does not' })
  @HttpCode(202)
  whisper(@SignedInAgent() agent: SessionAgent, @Param('callId') callId: string) {
    return this.watch(agent, callId, 'whisper');
  }

  @Post('barge')
  @ApiAcceptedResponse({ description: 'all hear each other' })
  @HttpCode(202)
  barge(@SignedInAgent() agent: SessionAgent, @Param('callId') callId: string) {
    return this.watch(agent, callId, 'barge');
  }

  @Post('leave')
  @HttpCode(202)
  leave(@SignedInAgent() agent: SessionAgent, @Param('callId') callId: string) {
    return this.watch(agent, callId, null);
  }

  private async watch(agent: SessionAgent, callId: string, mode: WatchMode | null) {
    const { agentId, role } = agent;
    if (role !== 'supervisor' && role !== 'administrator') {
      throw new DialerError('auth.forbidden', 'Only supervisors and administrators take part in others’ calls.');
    }
    const line = mode === null ? null : await this.agents.presence(agentId);
    if (line?.isLegUp === false) {
      throw new DialerError('agent.state_refused', 'Your own line does not stand: sign in with a phone first.');
    }
    await this.transactions.run(async (tx) => {
      const call = UUID.test(callId) ? await this.calls.view(tx, callId) : null;
      if (call === null || (role === 'supervisor' && !agent.groupIds.includes(call.groupId))) {
        throw new DialerError('call.not_found', 'There is no such call in your groups.');
      }
      if (call.endedAt !== null && call.state === 'ended') throw new DialerError('call.closed', 'The call is over.');
      if (mode !== null && !TALKS.includes(call.state)) {
        throw new DialerError('call.state_refused', 'Nobody talks with the buyer yet.');
      }
      if (line?.legNode != null && line.legNode !== call.node) {
        throw new DialerError(
          'call.state_refused',
          `This talk is on node ${call.node} of the exchange and your line on node ${line.legNode}; a talk can be heard on its own node only.`,
        );
      }
      await this.calls.request(tx, callId, { kind: 'watch', supervisorId: agentId, mode });
      await this.orders.addTimeline(tx, call.shopId, call.orderRef, 'supervised', {
        callId,
        by: agentId,
        how: mode ?? 'leave',
      });
    });
    return { callId, asked: mode ?? 'leave' };
  }
}
