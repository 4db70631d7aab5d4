import { describe, expect, it } from 'vitest';
import { AnsweringAgents } from './answering-agents.js';

const CALL = '01a00000-0000-7000-8000-00000000ca11';

/** A floor of these ready agents, whose reservations may be carried out without an answer. */
function floorOf(...agentIds: string[]) {
  const people = agentIds.map((agentId) => ({
    agentId,
    role: 'agent',
    state: 'ready',
    callId: null as string | null,
    connection: 'persistent',
    isLegUp: true,
    legId: `agent-${agentId}-1`,
    legNode: 'main',
    skills: [],
    since: new Date(0),
    wish: { to: 'ready' },
  }));
  const of = (agentId: string) => people.find((one) => one.agentId === agentId)!;
  const answers = { areLost: false };
  const parts = [
    {
      run: async (work: (tx: object) => unknown) => {
        const result = await work({});
        if (answers.areLost) throw new Error('the answer to COMMIT was lost');
        return result;
      },
    },
    {
      floor: () => Promise.resolve(people.map((one) => ({ ...one }))),
      presence: (agentId: string) => Promise.resolve({ ...of(agentId) }),
      reserve: (_: object, agentId: string, callId: string) => {
        if (of(agentId).state !== 'ready') return Promise.resolve(false);
        Object.assign(of(agentId), { state: 'reserved', callId });
        return Promise.resolve(true);
      },
      afterCall: (_: object, agentId: string) => {
        Object.assign(of(agentId), { state: 'ready', callId: null });
        return Promise.resolve();
      },
    },
  ];
  const answering = new AnsweringAgents(...(parts as unknown as ConstructorParameters<typeof AnsweringAgents>));
  const call = { callId: CALL, groupId: 'g', node: 'main', reserved: null, isReserved: false };
  const find = () => answering.find({ ...call, skills: [], preferredAgentId: null });
  return { find, of, answers };
}

describe('an agent who was taken for an answered buyer, without an answer to the commit', () => {
  it('is found at the next look, also when nobody else is free', async () => {
    const { find, of, answers } = floorOf('anna');
    answers.areLost = true;
    await expect(find()).rejects.toThrow('lost');
    expect(of('anna')).toMatchObject({ state: 'reserved', callId: CALL });
    answers.areLost = false;
    expect(await find()).toEqual({ agentId: 'anna', legId: 'agent-anna-1', connection: 'persistent' });
  });

  it('is looked for once: who could not be connected then is not tried for ever', async () => {
    const { find, answers } = floorOf('anna');
    answers.areLost = true;
    await expect(find()).rejects.toThrow('lost');
    answers.areLost = false;
    await find();
    expect(await find()).toBeNull();
  });

  it('is not the one whom another call has by now', async () => {
    const { find, of, answers } = floorOf('anna', 'nina');
    answers.areLost = true;
    await expect(find()).rejects.toThrow('lost');
    Object.assign(of('anna'), { callId: 'other' });
    answers.areLost = false;
    expect((await find())?.agentId).toBe('nina');
  });
});
