import { expect, test } from 'vitest';
import type { AgentCallRequest, BuyerCallRequest } from '../../core/call/telephony.js';
import { refusalOfAgent, refusalOfBuyer } from './dial-check.js';

const buyer: BuyerCallRequest = {
  legId: '0190c1de-7a3b-7c11-8f00-0123456789ab',
  groupId: 'default',
  trunkEndpoint: 'PJSIP/{number}@trunk',
  number: '+380671234567',
  callerId: '+380441234567',
  ringSeconds: 25,
  language: 'uk',
  detectSpeech: false,
};
const agent: AgentCallRequest = {
  legId: 'agent-0190c1de-7a3b-7c11-8f00-0123456789ab-1',
  agentId: '0190c1de-7a3b-7c11-8f00-0123456789ab',
  groupId: 'default',
  endpoint: 'PJSIP/agent-anna',
  callerId: null,
  ringSeconds: 12,
};

test('what is right passes', () => {
  expect(refusalOfBuyer(buyer)).toBeNull();
  expect(refusalOfBuyer({ ...buyer, callerId: null, trunkEndpoint: 'PJSIP/{number}@trunk_2-b' })).toBeNull();
  expect(refusalOfAgent(agent)).toBeNull();
  expect(refusalOfAgent({ ...agent, legId: `${agent.legId}-0190c1de`, callerId: '+380441234567' })).toBeNull();
});

test.each<Partial<BuyerCallRequest>>([
  { number: '380671234567' },
  { number: '+0671234567' },
  { number: '+38067' },
  { number: '+3806712345678901' },
  { number: '+380671234567\n' },
  { number: '+380671234567;maddr=10.0.0.1' },
  { number: '+38067123456٧' },
  { callerId: '"Shop" <+380441234567>' },
  { callerId: '' },
  { trunkEndpoint: 'PJSIP/trunk/sip:{number}@evil.example' },
  { trunkEndpoint: 'Local/{number}@trunk' },
  { trunkEndpoint: 'PJSIP/{number}@trunk&PJSIP/900@trunk' },
  { groupId: 'default,admin' },
  { groupId: '' },
  { language: 'uk)' },
  { legId: '1' },
  { legId: '0190C1DE-7A3B-7C11-8F00-0123456789AB' },
])('a buyer with %o is refused', (wrong) => {
  expect(refusalOfBuyer({ ...buyer, ...wrong })).not.toBeNull();
});

test.each<Partial<AgentCallRequest>>([
  { endpoint: 'PJSIP/trunk/sip:900@evil.example' },
  { endpoint: 'PJSIP/900@trunk' },
  { endpoint: 'PJSIP/' },
  { endpoint: 'SIP/agent-anna' },
  { legId: 'agent-anna-1' },
  { legId: buyer.legId },
  { callerId: 'x' },
  { groupId: 'a b' },
])('an agent with %o is refused', (wrong) => {
  expect(refusalOfAgent({ ...agent, ...wrong })).not.toBeNull();
});
