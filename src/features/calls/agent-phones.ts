import { Inject, Injectable } from '@nestjs/common';
import { phoneName } from '../../core/call/leg-ids.js';
import type { Telephony } from '../../core/call/telephony.js';
import { Log } from '../../platform/log/log.js';
import { SOFTPHONE, type PhoneAccount, type PresenceView } from '../agents/agents.events.js';
import { AgentsService } from '../agents/agents.service.js';
import { EachNode } from './each-node.js';
import { LineNodes } from './line-nodes.js';
import { TELEPHONY } from './telephony.provider.js';

/** A turn of the dialer comes twice a second, and with each wake-up: the exchange need not be asked more often. */
const ASK_EVERY_MS = 400;

/** What one exchange knows of browsers' phones. */
interface PhoneBook {
  /** Session by phone, as we have told the exchange. */
  readonly told: Map<string, string>;
  /** Phones that are registered there. */
  readonly there: Set<string>;
}

/**
 * The phones in agents' browsers: each exchange is told the name and the password of a session when it begins, and forgets it with the session's
 * end (invariant: a password opens nothing after the shift). What an exchange has forgotten in a restart is told again.
 */
@Injectable()
export class AgentPhones {
  private readonly books = new Map<Telephony, PhoneBook>();
  private askedAt = Number.NEGATIVE_INFINITY;
  private readonly eachNode: EachNode;

  constructor(
    @Inject(TELEPHONY) private readonly nodes: readonly Telephony[],
    private readonly agents: AgentsService,
    private readonly lineNodes: LineNodes,
    private readonly log: Log,
  ) {
    this.eachNode = new EachNode((node, _kind, error) =>
      log.warn("browsers' phones could not be tended on a node", { node, error }),
    );
    for (const node of nodes) {
      node.onFact((fact) => {
        if (fact.kind === 'link.up') this.books.delete(node);
      });
    }
  }

  /** Brings all exchanges in line with the sessions that live; called at every turn of the dialer, with the agents that it tends. */
  async tend(floor: readonly PresenceView[]): Promise<void> {
    const own = new Set(floor.filter((agent) => agent.endpoint === SOFTPHONE).map((agent) => agent.agentId));
    const now = performance.now();
    if (own.size === 0 || now - this.askedAt < ASK_EVERY_MS) return;
    this.askedAt = now;
    const accounts = (await this.agents.phones()).filter((account) => own.has(account.agentId));
    const ownNames = new Set([...own].map(phoneName));
    const up = this.nodes.filter((node) => node.isUp);
    await this.eachNode.run('phones', up, (node) => this.bringInLine(node, accounts, ownNames));
  }

  /** What an agent's leg is called at. */
  dialString(agent: PresenceView): string {
    return agent.endpoint === SOFTPHONE ? `PJSIP/${phoneName(agent.agentId)}` : agent.endpoint;
  }

  /** The exchange to call the agent's phone through; null while it is not up, or the browser's phone is not registered there. */
  async nodeFor(agent: PresenceView): Promise<Telephony | null> {
    const node = await this.lineNodes.nodeFor(agent);
    if (node === null || agent.endpoint !== SOFTPHONE) return node;
    return this.books.get(node)?.there.has(phoneName(agent.agentId)) === true ? node : null;
  }

  private async bringInLine(
    node: Telephony,
    accounts: readonly PhoneAccount[],
    ownNames: ReadonlySet<string>,
  ): Promise<void> {
    const book = this.books.get(node) ?? { told: new Map<string, string>(), there: new Set<string>() };
    this.books.set(node, book);
    for (const { name, sessionId, password } of accounts) {
      if (book.told.get(name) === sessionId) continue;
      const result = await node.putPhone({ name, password });
      if (result.kind === 'done') book.told.set(name, sessionId);
      else this.log.warn("a browser's phone could not be made known to the exchange", { node: node.node, ...result });
    }
    const wanted = new Set(accounts.map(({ name }) => name));
    const phones = (await this.known(node)).filter(({ name }) => ownNames.has(name));
    for (const { name } of phones) {
      if (wanted.has(name)) continue;
      await node.removePhone(name);
      book.told.delete(name);
    }
    book.there.clear();
    for (const { name, isThere } of phones) if (isThere && wanted.has(name)) book.there.add(name);
    // An exchange that has restarted without our noticing knows none of what it was told.
    for (const name of book.told.keys()) if (!phones.some((phone) => phone.name === name)) book.told.delete(name);
  }

  private async known(node: Telephony): Promise<readonly { name: string; isThere: boolean }[]> {
    try {
      return await node.phones();
    } catch (error) {
      this.log.warn('the exchange could not be asked for its phones', { node: node.node, error });
      return [];
    }
  }
}
