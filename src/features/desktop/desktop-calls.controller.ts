import { Body, Controller, HttpCode, Param, Post, Res, UseGuards } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBearerAuth, ApiCookieAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { DialerError } from '../../core/shared/errors.js';
import { Transactions } from '../../platform/database/transaction.js';
import { failpoint } from '../../platform/failpoints/failpoints.js';
import type { SessionAgent } from '../agents/agents.events.js';
import { CallsService } from '../calls/calls.service.js';
import { OutcomesService } from '../outcomes/outcomes.service.js';
import { OutcomeDto } from './desktop.dto.js';
import type { OutcomeMessage, SpooledMessage } from './desktop.protocol.js';
import { saidMessage } from './message-composer.js';
import { onceWritten } from './once-written.js';
import { JudgedLater, SessionGuard, SignedInAgent } from './session-guard.js';

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

type Asked = 'agent_hangup' | 'hold' | 'unhold';

/** What an agent does with the call in hand (contract, section 5). Somebody else's call does not exist for them. */
@ApiTags('agents')
@ApiBearerAuth()
@ApiCookieAuth()
@Controller('v1/agent/calls/:callId')
@UseGuards(SessionGuard)
export class DesktopCallsController {
  constructor(
    private readonly transactions: Transactions,
    private readonly calls: CallsService,
    private readonly outcomes: OutcomesService,
  ) {}

  @Post('outcome')
  @ApiOkResponse({ description: 'the order as it is now; the same body again is answered alike' })
  @ApiAcceptedResponse({ description: 'the database is away: the word is safe on disk, and judged when it is back' })
  @HttpCode(200)
  @JudgedLater()
  async outcome(
    @SignedInAgent() agent: SessionAgent,
    @Param('callId') callId: string,
    @Body() body: OutcomeDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<OutcomeMessage | SpooledMessage> {
    if (!UUID.test(callId)) throw noSuchCall();
    const id = callId.toLowerCase();
    const order = await onceWritten(() => this.outcomes.take(agent, id, body));
    if (order === null) {
      reply.status(202);
      return { callId, isSpooled: true };
    }
    await failpoint('outcome_stored');
    const said = await this.outcomes.saidBy(agent.agentId, id);
    return { ...order, said: said.map(saidMessage) };
  }

  @Post('hangup')
  @HttpCode(202)
  @JudgedLater()
  hangup(@SignedInAgent() agent: SessionAgent, @Param('callId') callId: string) {
    return this.ask(agent, callId, 'agent_hangup');
  }

  @Post('hold')
  @HttpCode(202)
  @JudgedLater()
  hold(@SignedInAgent() agent: SessionAgent, @Param('callId') callId: string) {
    return this.ask(agent, callId, 'hold');
  }

  @Post('unhold')
  @HttpCode(202)
  @JudgedLater()
  unhold(@SignedInAgent() agent: SessionAgent, @Param('callId') callId: string) {
    return this.ask(agent, callId, 'unhold');
  }

  private async ask(agent: SessionAgent, callId: string, kind: Asked) {
    const askHere = () => this.calls.requestHere(agent.agentId, callId.toLowerCase(), { kind });
    if (agent.isRemembered !== true || !askHere()) {
      try {
        await onceWritten(() => this.askAnybody(agent, callId, kind));
      } catch (error) {
        const isAway = error instanceof DialerError && error.code === 'busy.retry_later';
        if (!isAway || !askHere()) throw error;
      }
    }
    return { callId, asked: kind === 'agent_hangup' ? 'hangup' : kind };
  }

  private async askAnybody(agent: SessionAgent, callId: string, kind: Asked): Promise<void> {
    await this.transactions.run(async (tx) => {
      const call = this.own(agent, await this.find(tx, callId));
      if (call.state === 'ended') throw new DialerError('call.closed', 'The call is over.');
      if (kind !== 'agent_hangup' && call.state !== 'connected') {
        throw new DialerError('call.state_refused', 'Only a buyer with whom you talk can be put on hold.');
      }
      await this.calls.request(tx, callId, { kind });
    });
  }

  private async find(tx: Parameters<CallsService['view']>[0], callId: string) {
    return UUID.test(callId) ? this.calls.view(tx, callId) : null;
  }

  private own<C extends { readonly agentId: string | null }>(agent: SessionAgent, call: C | null): C {
    if (call?.agentId !== agent.agentId) throw noSuchCall();
    return call;
  }
}

function noSuchCall(): DialerError {
  return new DialerError('call.not_found', 'There is no such call of yours.');
}
