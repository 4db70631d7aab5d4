import * as calls from './calls.js';
import type { Evidence, Finding } from './evidence.js';
import * as floor from './floor.js';
import * as orders from './orders.js';

/** One invariant of docs/invariants.md with the function that judges a run by it. */
export interface Check {
  readonly id: string;
  readonly says: string;
  readonly judge: (evidence: Evidence) => Finding;
}

/** In the order of docs/invariants.md; `P` are promises about the processes themselves. */
export const CHECKS: readonly Check[] = [
  { id: 'I1', says: 'what was answered 202 is in Postgres', judge: orders.acknowledgedIsStored },
  { id: 'I2', says: 'every order ends once', judge: orders.everyOrderEndsOnce },
  { id: 'I3', says: 'every outcome reaches the shop, in order', judge: orders.everyOutcomeIsTold },
  { id: 'I4', says: 'one live call for an order and a number', judge: calls.oneLiveCall },
  { id: 'I5', says: 'the carrier sees one call, one INVITE', judge: calls.carrierSeesOneCall },
  { id: 'I6', says: 'hours, attempts and gaps are kept', judge: calls.rulesOfCallingHold },
  { id: 'I7', says: 'a cancelled order is not called', judge: calls.cancelledIsNotCalled },
  { id: 'I8', says: 'who answers is served within 2 s', judge: calls.whoAnswersIsServed },
  { id: 'I9', says: 'nothing stands alone in the exchange', judge: floor.nothingStandsAlone },
  { id: 'I10', says: 'ringing is not cut', judge: calls.ringingIsNotCut },
  { id: 'I11', says: 'one buyer for each agent', judge: floor.oneBuyerForEachAgent },
  { id: 'I12', says: 'no agent is stuck', judge: floor.noAgentIsStuck },
  { id: 'I13', says: 'lines and shops’ limits are kept', judge: calls.limitsOfCallsHold },
  { id: 'I14', says: 'abandoned calls are counted right', judge: floor.abandonedIsCounted },
  { id: 'I15', says: 'only the leader writes calls', judge: floor.onlyTheLeaderWrites },
  { id: 'I16', says: 'nobody is called for nothing', judge: orders.nobodyIsCalledForNothing },
  { id: 'I17', says: 'a repeat gets the same answer', judge: orders.repeatsGetTheSameAnswer },
  { id: 'I18', says: 'orders are taken without Redis', judge: orders.intakeNeedsNoRedis },
  { id: 'I19', says: 'no write-back is dropped', judge: orders.noDeliveryIsDropped },
  { id: 'I20', says: 'nothing personal is printed', judge: floor.nothingPersonalIsPrinted },
  { id: 'P1', says: 'processes end as meant', judge: floor.processesEndAsMeant },
];

/** What an invariant's check found in a run. */
export interface Judgement extends Finding {
  readonly id: string;
  readonly says: string;
}

/** All invariants. */
export function judgeAll(evidence: Evidence): Judgement[] {
  return CHECKS.map(({ id, says, judge }) => {
    const { judged, excused, violations } = judge(evidence);
    return { id, says, judged, excused, violations };
  });
}
