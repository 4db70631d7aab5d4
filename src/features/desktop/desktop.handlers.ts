import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Tx } from '../../platform/database/transaction.js';
import { Events } from '../../platform/outbox/events.js';
import { agentScreenChanged, agentSessionEnded, agentStateChanged } from '../agents/agents.events.js';
import { AgentsService } from '../agents/agents.service.js';
import { callConnected, callEnded, callTransfer } from '../calls/calls.events.js';
import { orderReceived, orderUpdated, orderWithdrawRequested } from '../orders/orders.events.js';
import { AgentEventStore } from './agent-event.store.js';
import { stateMessage } from './message-composer.js';

/** Writes what an agent must see onto their tape, in the transaction that made it true. */
@Injectable()
export class DesktopHandlers implements OnModuleInit {
  constructor(
    private readonly events: Events,
    private readonly tape: AgentEventStore,
    private readonly agents: AgentsService,
  ) {}

  onModuleInit(): void {
    this.events.on(agentStateChanged, (tx, { agentId, presence }) =>
      this.tape.add(tx, agentId, { event: 'agent.state', data: stateMessage(presence) }),
    );
    this.events.on(callConnected, (tx, { agentId, callId, orderRef, shopId, at }) =>
      this.tape.add(tx, agentId, {
        event: 'call.connected',
        data: { callId, orderRef, shopId, connectedAt: at.toISOString() },
      }),
    );
    this.events.on(callTransfer, (tx, fact) => this.onTransfer(tx, fact));
    this.events.on(callEnded, async (tx, { agentId, callId, result, wasConnected, endedAt }) => {
      if (agentId === null || !wasConnected) return;
      await this.tape.add(tx, agentId, {
        event: 'call.ended',
        data: { callId, result, endedAt: endedAt.toISOString() },
      });
    });
    this.events.on(orderReceived, async (tx, { callId, orderRef }) => {
      const agent = callId === null ? null : await this.agents.atCall(tx, callId);
      if (agent && callId !== null)
        await this.tape.add(tx, agent.agentId, { event: 'order.arrived', data: { callId, orderRef } });
    });
    this.events.on(orderUpdated, async (tx, { callId, orderRef }) => {
      const agent = callId === null ? null : await this.agents.atCall(tx, callId);
      if (agent && callId !== null)
        await this.tape.add(tx, agent.agentId, { event: 'order.updated', data: { callId, orderRef } });
    });
    this.events.on(orderWithdrawRequested, async (tx, { callId, orderRef }) => {
      const agent = callId === null ? null : await this.agents.atCall(tx, callId);
      if (agent && callId !== null)
        await this.tape.add(tx, agent.agentId, { event: 'order.withdrawn', data: { callId, orderRef } });
    });
    this.events.on(agentScreenChanged, (tx, { agentId, sessionId, screen }) =>
      this.tape.add(tx, agentId, { event: 'screen.changed', data: { sessionId, screen } }),
    );
    this.events.on(agentSessionEnded, (tx, { agentId, sessionId, reason }) =>
      this.tape.add(tx, agentId, { event: 'session.ended', data: { sessionId, reason } }),
    );
  }

  /** Both agents see where the hand-over stands; who has taken over has the whole card. */
  private async onTransfer(tx: Tx, fact: NonNullable<(typeof callTransfer)['payload']>): Promise<void> {
    const { callId, orderRef, shopId, fromAgentId, toAgentId, transfer } = fact;
    const { transferId, mode, state, reason, target } = transfer;
    const connectedAt = fact.connectedAt.toISOString();
    const number = target.kind === 'number' ? target.name : null;
    const about = {
      callId,
      orderRef,
      shopId,
      fromAgentId,
      toAgentId,
      number,
      transferId,
      mode,
      state,
      reason,
      connectedAt,
    };
    await this.tape.add(tx, fromAgentId, { event: 'call.transfer', data: { ...about, side: 'from' } });
    if (toAgentId === null) return;
    await this.tape.add(tx, toAgentId, { event: 'call.transfer', data: { ...about, side: 'to' } });
    if (state !== 'done') return;
    await this.tape.add(tx, toAgentId, { event: 'call.connected', data: { callId, orderRef, shopId, connectedAt } });
  }
}
