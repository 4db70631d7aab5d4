import { describe, expect, it } from 'vitest';
import { chooseAgent, type FreeAgent } from './choose-agent.js';

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 10, 0, second));
const anna: FreeAgent = { agentId: 'a', since: at(30), skills: ['tv'] };
const boris: FreeAgent = { agentId: 'b', since: at(10), skills: [] };
const clara: FreeAgent = { agentId: 'c', since: at(20), skills: ['tv', 'kitchen'] };
const anybody = { skills: [], preferredAgentId: null };

describe('chooseAgent', () => {
  it.each([
    ['nobody is free', [], anybody, null],
    ['the longest idle', [anna, boris, clara], anybody, 'b'],
    ['the longest idle among the able', [anna, boris, clara], { ...anybody, skills: ['tv'] }, 'c'],
    ['all skills are needed', [anna, clara], { ...anybody, skills: ['kitchen', 'tv'] }, 'c'],
    ['nobody is able', [boris], { ...anybody, skills: ['tv'] }, null],
    ['the one who promised the callback', [anna, boris], { ...anybody, preferredAgentId: 'a' }, 'a'],
    ['somebody else when that one is not free', [boris], { ...anybody, preferredAgentId: 'a' }, 'b'],
    ['a promise does not replace a skill', [anna, boris], { skills: ['tv'], preferredAgentId: 'b' }, 'a'],
    [
      'nobody else while that one is waited for',
      [boris],
      { ...anybody, preferredAgentId: 'a', isPreferredOnly: true },
      null,
    ],
    ['the one who is waited for', [anna, boris], { ...anybody, preferredAgentId: 'a', isPreferredOnly: true }, 'a'],
    ['a tie goes by id', [{ ...clara, since: at(10) }, boris], anybody, 'b'],
  ])('%s', (_name, free, needs, expected) => {
    expect(chooseAgent(free, needs)?.agentId ?? null).toBe(expected);
  });
});
