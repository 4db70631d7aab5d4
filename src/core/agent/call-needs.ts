import type { AgentId } from '../shared/ids.js';
import type { CallNeeds } from './choose-agent.js';

/** Orders of this kind need an agent with the skill. Conditions that are null hold for every order. */
export interface SkillRule {
  readonly itemGroup: string | null;
  /** BCP 47; `pt` covers `pt-BR`. */
  readonly language: string | null;
  readonly region: string | null;
  readonly skill: string;
  /** An order that has waited so long may go to an agent without the skill; null: never. */
  readonly relaxAfterSeconds: number | null;
}

/** What routing must know of an order. */
export interface RoutingHints {
  readonly itemGroups: readonly string[];
  /** The buyer's language, when the shop gave one. */
  readonly language: string | null;
  readonly region: string | null;
}

/** An order as far as the choice of its agent must know it. */
export interface RoutedOrder {
  readonly routing?: RoutingHints | null;
  /** Since when it could have been called: its receipt, or the end of the last pause. */
  readonly waitingSince?: Date;
  readonly callbackAt: Date | null;
  /** Who promised the callback. */
  readonly callbackAgentId: AgentId | null;
  /** Who talked with this buyer before, for the same shop. */
  readonly earlierAgentId?: AgentId | null;
}

export interface RoutingRules {
  /** Spoken to buyers who have no language of their own. */
  readonly language: string;
  readonly skillRules: readonly SkillRule[];
  /** How long an order waits for the agent who talked with the buyer before, while that agent is busy. */
  readonly sameAgentSeconds: number;
}

/** A busy agent who promised a callback is waited for until so long after the promised time. */
export const PROMISED_AGENT_WAIT_MS = 15_000;

/** The skills that an order needs after it has waited so long, each once. */
export function skillsNeeded(
  rules: Pick<RoutingRules, 'language' | 'skillRules'>,
  hints: RoutingHints | null,
  waitedSeconds: number,
): string[] {
  const language = hints?.language ?? rules.language;
  const skills = rules.skillRules
    .filter((rule) => rule.relaxAfterSeconds === null || waitedSeconds < rule.relaxAfterSeconds)
    .filter(
      (rule) =>
        (rule.itemGroup === null || (hints?.itemGroups ?? []).some((group) => isSame(group, rule.itemGroup))) &&
        (rule.language === null || isLanguage(language, rule.language)) &&
        (rule.region === null || isSame(hints?.region ?? null, rule.region)),
    )
    .map((rule) => rule.skill);
  return [...new Set(skills)];
}

/**
 * What kind of agent an order needs now.
 *
 * A callback prefers who promised it; while that one is busy it waits for them until 15 s after the promise. Any other order prefers who talked
 * with the buyer before, and waits for them as long as the shop says. Nobody waits for an agent who is not at work or lacks a skill.
 *
 * @param atWork  agents of the group who are ready, or will be when their call is over
 */
export function callNeeds(
  order: RoutedOrder,
  rules: RoutingRules,
  atWork: ReadonlyMap<AgentId, { readonly skills: readonly string[] }>,
  now: Date,
): CallNeeds {
  const waitedMs = now.getTime() - (order.waitingSince ?? now).getTime();
  const skills =
    rules.skillRules.length === 0 ? [] : skillsNeeded(rules, order.routing ?? null, Math.max(0, waitedMs) / 1000);
  const isPromise = order.callbackAt !== null && order.callbackAgentId !== null;
  const preferredAgentId = isPromise ? order.callbackAgentId : (order.earlierAgentId ?? null);
  const isWorthWaiting = isPromise
    ? now.getTime() < (order.callbackAt ?? now).getTime() + PROMISED_AGENT_WAIT_MS
    : waitedMs < rules.sameAgentSeconds * 1000;
  const preferred = preferredAgentId === null ? undefined : atWork.get(preferredAgentId);
  const isAble = preferred !== undefined && skills.every((skill) => preferred.skills.includes(skill));
  return { skills, preferredAgentId, isPreferredOnly: isAble && isWorthWaiting };
}

/**
 * The agent for whom an order waits now although others may be free, and until when; null: it waits for nobody in particular.
 *
 * @param atWork  agents of the group who are ready, or will be when their call is over
 */
export function awaitedAgent(
  order: RoutedOrder,
  rules: RoutingRules,
  atWork: ReadonlyMap<AgentId, { readonly skills: readonly string[]; readonly isFree: boolean }>,
  now: Date,
): { readonly until: Date; readonly isPromised: boolean } | null {
  const { preferredAgentId, isPreferredOnly } = callNeeds(order, rules, atWork, now);
  if (isPreferredOnly !== true || preferredAgentId === null || atWork.get(preferredAgentId)?.isFree === true)
    return null;
  const { callbackAt, callbackAgentId, waitingSince = now } = order;
  return callbackAt !== null && callbackAgentId !== null
    ? { until: new Date(callbackAt.getTime() + PROMISED_AGENT_WAIT_MS), isPromised: true }
    : { until: new Date(waitingSince.getTime() + rules.sameAgentSeconds * 1000), isPromised: false };
}

function isSame(a: string | null, b: string | null): boolean {
  return a?.trim().toLowerCase() === b?.trim().toLowerCase();
}

function isLanguage(tag: string, range: string): boolean {
  const [given, wanted] = [tag.toLowerCase(), range.toLowerCase()];
  return given === wanted || given.startsWith(`${wanted}-`);
}
