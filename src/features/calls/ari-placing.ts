import type {
  AgentCallRequest,
  BuyerCallRequest,
  CommandResult,
  NumberCallRequest,
} from '../../core/call/telephony.js';
import type { Originate } from '../../platform/ari/ari-commands.js';
import type { AriConnection } from '../../platform/ari/ari-connection.js';
import { AriHttpError } from '../../platform/ari/ari-transport.js';
import type { AriFacts } from './ari-facts.js';
import { DONE, DUPLICATE, failureOf } from './ari-results.js';
import { refusalOfAgent, refusalOfBuyer, refusalOfNumber } from './dial-check.js';

/** The reference dialplan's contexts (asterisk-config/pbx/extensions.conf). */
export const BUYER_CONTEXT = 'dialer-buyer';
const AGENT_CONTEXT = 'dialer-agent';
/** What the names of our Stasis applications begin with; the group follows. */
export const APPLICATION = 'dialer-';

/** Has legs called on one Asterisk: checked, once for each leg id, and never while nobody would hear the answer. */
export class AriPlacing {
  constructor(
    private readonly link: AriConnection,
    private readonly facts: AriFacts,
  ) {}

  async callBuyer(request: BuyerCallRequest): Promise<CommandResult> {
    const { legId, groupId, trunkEndpoint, number, callerId, ringSeconds, language, detectSpeech } = request;
    const refusal = refusalOfBuyer(request);
    if (refusal !== null) return { kind: 'refused', reason: refusal, status: 400 };
    return this.originate({
      channelId: legId,
      endpoint: trunkEndpoint.replace('{number}', number),
      context: BUYER_CONTEXT,
      extension: 's',
      callerId,
      timeoutSeconds: ringSeconds,
      variables: {
        DIALER_APP: APPLICATION + groupId,
        DIALER_LANGUAGE: language,
        DIALER_DETECT: detectSpeech ? '1' : '0',
      },
    });
  }

  async callAgent(request: AgentCallRequest): Promise<CommandResult> {
    const refusal = refusalOfAgent(request);
    if (refusal !== null) return { kind: 'refused', reason: refusal, status: 400 };
    return this.callOurs(request, request.endpoint);
  }

  async callNumber(request: NumberCallRequest): Promise<CommandResult> {
    const refusal = refusalOfNumber(request);
    if (refusal !== null) return { kind: 'refused', reason: refusal, status: 400 };
    return this.callOurs(request, request.trunkEndpoint.replace('{number}', request.number));
  }

  private callOurs(request: AgentCallRequest | NumberCallRequest, endpoint: string): Promise<CommandResult> {
    return this.originate({
      channelId: request.legId,
      endpoint,
      context: AGENT_CONTEXT,
      extension: 's',
      callerId: request.callerId,
      timeoutSeconds: request.ringSeconds,
      variables: { DIALER_APP: APPLICATION + request.groupId },
    });
  }

  private async originate(order: Originate): Promise<CommandResult> {
    // A leg id is used once: after the leg's end Asterisk would take it again, and call a second time.
    if (this.facts.hasHeardOf(order.channelId)) return DUPLICATE;
    // Whoever cannot hear does not speak: an answer would find nobody.
    if (!this.link.isUp) return { kind: 'refused', reason: 'the link to the exchange is down', status: 0 };
    try {
      await this.link.commands.originate(order);
      return DONE;
    } catch (problem) {
      if (!(problem instanceof AriHttpError)) return failureOf(problem);
      if (problem.status !== 409) return { kind: 'refused', reason: problem.body, status: problem.status };
      return this.duplicateOrRefused(order.channelId);
    }
  }

  /**
   * Asterisk 22 keeps the reason of a refusal per HTTP connection and forgets to clear it: once a connection has carried a duplicate, its
   * 409 may also mean "allocation failed" (trunk down, phone not registered), which is 500 otherwise. So we look.
   */
  private async duplicateOrRefused(legId: string): Promise<CommandResult> {
    if (this.facts.hasHeardOf(legId)) return DUPLICATE;
    try {
      if (await this.link.commands.hasChannel(legId)) return DUPLICATE;
      return { kind: 'refused', reason: 'allocation failed', status: 500 };
    } catch (problem) {
      return failureOf(problem);
    }
  }
}
