import { Injectable } from '@nestjs/common';
import { DialerError } from '../../core/shared/errors.js';
import { Log } from '../../platform/log/log.js';
import type { Agent, PresenceView } from '../agents/agents.events.js';
import { AgentsService } from '../agents/agents.service.js';
import { OrderDesk } from '../orders/orders.module.js';
import { ShopAdministration } from '../shops/shops.module.js';
import { ShopsService } from '../shops/shops.service.js';
import { Rights } from './rights.js';

/** Why an agent is on a break whom somebody else has sent there without a word. */
const BY_SUPERVISOR = 'supervisor';

/**
 * What supervisors do to their floor. What lies outside of a person's groups is answered as if it were not there (`shop.not_found`,
 * `agent.not_found`).
 */
@Injectable()
export class SupervisionService {
  constructor(
    private readonly shops: ShopsService,
    private readonly administration: ShopAdministration,
    private readonly orders: OrderDesk,
    private readonly agents: AgentsService,
    private readonly log: Log,
  ) {}

  /** While paused no new calls are placed for the shop, by any group; orders are taken. @throws DialerError `shop.not_found` */
  async setPaused(by: Agent, shopId: string, isPaused: boolean): Promise<void> {
    await this.demandShop(by, shopId);
    await this.administration.setPaused(shopId, isPaused);
    this.log.info('a supervisor paused a shop or let it go on', { agentId: by.agentId, shopId, isPaused });
  }

  /** A held order back into the dial queue. @throws DialerError `shop.not_found`, `order.not_found`, `order.state_refused` */
  async release(by: Agent, shopId: string, orderId: string): Promise<void> {
    await this.demandShop(by, shopId);
    await this.orders.release(shopId, orderId);
    this.log.info('a supervisor released a held order', { agentId: by.agentId, shopId });
  }

  /** Ends a held order with the outcome `failed`. @throws as {@link release} */
  async close(by: Agent, shopId: string, orderId: string): Promise<void> {
    await this.demandShop(by, shopId);
    await this.orders.close(shopId, orderId);
    this.log.info('a supervisor closed a held order', { agentId: by.agentId, shopId });
  }

  /**
   * A break for somebody else, at once or after the call at hand. To make somebody ready is not possible: only they know that they sit there.
   * @param reason  null: `supervisor`
   * @throws DialerError `agent.not_found`, `agent.state_refused` when they are offline
   */
  async sendToBreak(by: Agent, login: string, reason: string | null): Promise<PresenceView> {
    const agent = await this.demandAgent(by, login);
    const presence = await this.agents.wish(agent.agentId, 'break', reason ?? BY_SUPERVISOR);
    this.log.info('a supervisor sent an agent on a break', { by: by.agentId, agentId: agent.agentId });
    return presence;
  }

  /** Ends the agent's session; with a call at hand they leave after it. @throws DialerError `agent.not_found` */
  async signOut(by: Agent, login: string): Promise<void> {
    const agent = await this.demandAgent(by, login);
    await this.agents.endSession(agent.agentId);
    this.log.info('a supervisor signed an agent out', { by: by.agentId, agentId: agent.agentId });
  }

  private async demandShop(by: Agent, shopId: string): Promise<void> {
    const { settings } = await this.shops.get(shopId);
    if (new Rights(by).coversAny(settings.agentGroups.map(({ group }) => group))) return;
    throw new DialerError('shop.not_found', 'There is no such shop.', { details: { shopId } });
  }

  private async demandAgent(by: Agent, login: string): Promise<Agent> {
    const agent = await this.agents.byLogin(login);
    const isAboveThem = agent.role === 'administrator' && by.role !== 'administrator';
    if (new Rights(by).coversAny(agent.groupIds) && !isAboveThem) return agent;
    throw new DialerError('agent.not_found', 'There is no such agent.');
  }
}
