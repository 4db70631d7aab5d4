import { Body, Controller, Get, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBearerAuth, ApiCookieAuth, ApiTags } from '@nestjs/swagger';
import { uuidv7 } from 'uuidv7';
import { isUnderWay } from '../../core/call/transfer.js';
import { DialerError } from '../../core/shared/errors.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import type { SessionAgent } from '../agents/agents.events.js';
import { CallsService, type CallView, type TransferWish } from '../calls/calls.service.js';
import { DialingService } from '../dialing/dialing.service.js';
import { ShopsService } from '../shops/shops.service.js';
import { TransferDto } from './desktop.dto.js';
import type { TransferTargetsMessage } from './desktop.protocol.js';
import { SessionGuard, SignedInAgent } from './session-guard.js';

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** How long the write of a talk may be behind the talk. */
const WRITTEN_WITHIN_MS = 1_000;
const LOOK_AGAIN_MS = 50;

/** Handing the call in hand over to somebody else; carried out by the process that runs the call, told by `call.transfer`. */
@ApiTags('agents')
@ApiBearerAuth()
@ApiCookieAuth()
@Controller('v1/agent/calls/:callId')
@UseGuards(SessionGuard)
export class TransfersController {
  constructor(
    private readonly transactions: Transactions,
    private readonly calls: CallsService,
    private readonly dialing: DialingService,
    private readonly shops: ShopsService,
  ) {}

  @Get('transfer/targets')
  async targets(
    @SignedInAgent() agent: SessionAgent,
    @Param('callId') callId: string,
  ): Promise<TransferTargetsMessage> {
    const call = await this.transactions.read(async (tx) => this.own(agent, await this.find(tx, callId)));
    const free = await this.calls.freeToTakeOver(call);
    const { settings } = await this.shops.get(call.shopId);
    return {
      agents: free
        .map(({ login, name, role }) => ({ agent: login, name, isSenior: role === 'senior' }))
        .sort((a, b) => a.name.localeCompare(b.name)),
      numbers: settings.transferNumbers.map(({ name }) => name),
    };
  }

  @Post('transfer')
  @ApiAcceptedResponse({ description: '`{callId, transferId}`; what becomes of it comes as `call.transfer`' })
  @HttpCode(202)
  async transfer(@SignedInAgent() agent: SessionAgent, @Param('callId') callId: string, @Body() body: TransferDto) {
    const call = await this.written(agent, callId);
    const to = await this.wishOf(call, body.to);
    const transferId = uuidv7();
    await this.transactions.run(async (tx) => {
      const now = this.own(agent, await this.find(tx, callId));
      if (now.endedAt !== null) throw new DialerError('call.closed', 'The call is over.');
      if (now.state !== 'connected' || isUnderWay(now.transfer)) {
        throw new DialerError(
          'call.state_refused',
          'Only a buyer with whom you talk can be handed over, once at a time.',
        );
      }
      await this.calls.request(tx, now.callId, { kind: 'transfer', transferId, to, mode: body.mode });
    });
    return { callId, transferId };
  }

  @Post('transfer/complete')
  @HttpCode(202)
  complete(@SignedInAgent() agent: SessionAgent, @Param('callId') callId: string) {
    return this.ask(agent, callId, 'transfer_complete');
  }

  /** By either of the two agents: the buyer goes back to the first. */
  @Post('transfer/cancel')
  @HttpCode(202)
  cancel(@SignedInAgent() agent: SessionAgent, @Param('callId') callId: string) {
    return this.ask(agent, callId, 'transfer_cancel');
  }

  @Post('conference')
  @HttpCode(202)
  conference(@SignedInAgent() agent: SessionAgent, @Param('callId') callId: string) {
    return this.ask(agent, callId, 'transfer_conference');
  }

  /** The screen is told of a talk ahead of the write behind it: what is asked with the first word waits for that. */
  private async written(agent: SessionAgent, callId: string): Promise<CallView> {
    const untilMs = performance.now() + WRITTEN_WITHIN_MS;
    for (;;) {
      const call = await this.transactions.read(async (tx) => this.own(agent, await this.find(tx, callId)));
      if (call.connectedAt !== null || call.endedAt !== null || performance.now() > untilMs) return call;
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
  }

  private async ask(
    agent: SessionAgent,
    callId: string,
    kind: 'transfer_complete' | 'transfer_cancel' | 'transfer_conference',
  ) {
    await this.transactions.run(async (tx) => {
      const call = await this.find(tx, callId);
      const { transfer } = call ?? {};
      const isTarget = transfer?.target.kind === 'agent' && transfer.target.agentId === agent.agentId;
      if (call === null || !(isTarget && kind === 'transfer_cancel')) this.own(agent, call);
      // What was asked a moment ago may not be written yet: a call that knows of no transfer ignores the rest.
      if (call?.state === 'ended') throw new DialerError('call.closed', 'The call is over.');
      await this.calls.request(tx, callId, { kind });
    });
    return { callId, asked: kind.replace('transfer_', '') };
  }

  private async wishOf(call: CallView, to: TransferDto['to']): Promise<TransferWish> {
    const isSenior = to.senior === true;
    const wishes = [to.agent ?? null, isSenior || null, to.number ?? null].filter((wish) => wish !== null);
    if (wishes.length !== 1) throw wrong('/to', 'needs exactly one of `agent`, `senior: true` and `number`');
    if (isSenior) return { kind: 'senior' };
    if (to.number != null) return this.numberOf(call, to.number);
    const found = (await this.calls.freeToTakeOver(call)).find(({ login }) => login === to.agent);
    if (found === undefined) {
      throw new DialerError('agent.state_refused', 'This agent cannot take a call of this group now.');
    }
    return { kind: 'agent', agentId: found.agentId };
  }

  private async numberOf(call: CallView, name: string): Promise<TransferWish> {
    const { settings } = await this.shops.get(call.shopId);
    const chosen = settings.transferNumbers.find((one) => one.name === name);
    if (chosen === undefined) throw wrong('/to/number', 'is no number of this shop');
    return { kind: 'number', ...chosen, ...(await this.dialing.lineTo(chosen.number, settings)) };
  }

  private async find(tx: Tx, callId: string): Promise<CallView | null> {
    return UUID.test(callId) ? this.calls.view(tx, callId) : null;
  }

  private own(agent: SessionAgent, call: CallView | null): CallView {
    if (call?.agentId !== agent.agentId) throw new DialerError('call.not_found', 'There is no such call of yours.');
    return call;
  }
}

function wrong(pointer: string, detail: string): DialerError {
  return new DialerError('input.invalid', 'A field is wrong; see errors.', { fieldErrors: [{ pointer, detail }] });
}
