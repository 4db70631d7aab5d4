import { agentOfLeg, isBuyerLeg, seatOf } from '../../core/call/leg-ids.js';
import type { AgentCallRequest, BuyerCallRequest, NumberCallRequest } from '../../core/call/telephony.js';

const NUMBER = /^\+[1-9]\d{6,14}$/;
const TRUNK = /^PJSIP\/\{number\}@[A-Za-z0-9_.-]{1,64}$/;
const AGENT = /^PJSIP\/[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
const GROUP = /^[A-Za-z0-9_-]{1,64}$/;
const LANGUAGE = /^[a-z]{2}$/;

/**
 * Why this call may not be given to a telephone exchange, or null.
 *
 * The last gate before SIP: a dial string is a small language (`;maddr=`, `sip:…@host`, line breaks become headers), so only E.164 numbers,
 * a configured trunk and our own ids pass, whatever was checked before.
 */
export function refusalOfBuyer(request: BuyerCallRequest): string | null {
  if (!isBuyerLeg(request.legId)) return 'the leg id is not a UUID';
  if (!NUMBER.test(request.number)) return 'the number is not E.164';
  if (request.callerId !== null && !NUMBER.test(request.callerId)) return 'the caller id is not E.164';
  if (!TRUNK.test(request.trunkEndpoint)) return 'the trunk endpoint is not of the form PJSIP/{number}@trunk';
  if (!GROUP.test(request.groupId)) return 'the group id is not of the agreed form';
  if (!LANGUAGE.test(request.language)) return 'the language is not a two-letter code';
  return null;
}

/** The same for a number of the shop's own, to which a buyer is handed over. */
export function refusalOfNumber(request: NumberCallRequest): string | null {
  if (seatOf(request.legId) === null || agentOfLeg(request.legId) !== null)
    return 'the leg id is not of the form number-<callId>-<n>';
  if (!NUMBER.test(request.number)) return 'the number is not E.164';
  if (request.callerId !== null && !NUMBER.test(request.callerId)) return 'the caller id is not E.164';
  if (!TRUNK.test(request.trunkEndpoint)) return 'the trunk endpoint is not of the form PJSIP/{number}@trunk';
  if (!GROUP.test(request.groupId)) return 'the group id is not of the agreed form';
  return null;
}

/** The same for an agent's phone: only a registered endpoint of our own exchange is called, never an address. */
export function refusalOfAgent(request: AgentCallRequest): string | null {
  if (agentOfLeg(request.legId) === null) return 'the leg id is not of the form agent-<agentId>-<n>';
  if (!AGENT.test(request.endpoint)) return 'the endpoint is not of the form PJSIP/name';
  if (request.callerId !== null && !NUMBER.test(request.callerId)) return 'the caller id is not E.164';
  if (!GROUP.test(request.groupId)) return 'the group id is not of the agreed form';
  return null;
}
