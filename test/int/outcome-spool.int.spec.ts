import { spawn, type ChildProcess } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AgentsService } from '../../src/features/agents/agents.service.js';
import { DesktopModule } from '../../src/features/desktop/desktop.module.js';
import { Transactions } from '../../src/platform/database/transaction.js';
import { Sweeps } from '../../src/platform/queue/sweeps.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { startFaultProxy, throughProxy, type FaultProxy } from '../support/fault-proxy.js';
import { serviceEnvironment } from '../support/kept-service.js';
import { acceptOrder, administer, anOrder, connect, hangUp } from '../support/talk.js';
import { waitFor } from '../support/wait.js';

const PASSWORD = 'correct horse';
const NOTE = 'the buyer speaks of a red door';

/** On the good line to Postgres: another process, and the test's own eye. */
let good: TestApp;
let line: FaultProxy;
let folder: string;
/** On the line that fails. */
let cutOff: TestApp;
let number = 0;

beforeAll(async () => {
  good = await startTestApp({ modules: [DesktopModule], roles: ['api'] });
  await administer(good, 'PUT', 'shops/demo', { name: 'Demo', timeZone: 'Europe/Kyiv', callingHours: 'always' });
  line = await startFaultProxy(good.databaseUrl);
  folder = mkdtempSync(join(tmpdir(), 'cd-spool-'));
  cutOff = await startTestApp({
    modules: [DesktopModule],
    roles: ['api'],
    databaseUrl: throughProxy(good.databaseUrl, line),
    env: { SPOOL_FOLDER: folder },
  });
}, 60_000);
afterEach(() => line.mend());
afterAll(async () => {
  await cutOff.close();
  await line.close();
  await good.close();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

const sql = <R = Record<string, unknown>>(text: string, parameters: unknown[] = []): Promise<R[]> =>
  good.get(Transactions).read((tx) => tx.query(text, parameters));
const files = () => readdirSync(folder).filter((name) => name.endsWith('.word'));
const untilReplayed = () => waitFor('the spool is empty', () => files().length === 0, 15_000);

async function say(url: string, token: string, callId: string, body: object) {
  const answer = await fetch(`${url}/v1/agent/calls/${callId}/outcome`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: JSON.parse(text) as Record<string, unknown> };
}

/** An agent of the cut-off process who has talked with a buyer and is in the wrap-up. */
async function atWrapUp(url = cutOff.url) {
  const agent = await atTalk(url, await acceptOrder(good, 'demo', anOrder()));
  await hangUp(good, agent);
  // The process has to have seen the agent.
  const headers = { authorization: `Bearer ${agent.token}` };
  expect((await fetch(`${url}/v1/agent/session`, { headers })).status).toBe(200);
  return agent;
}

/** A new agent of the process talks with the buyer of this order. */
async function atTalk(url: string, orderRef: string) {
  const login = `spool-${++number}`;
  await administer(good, 'PUT', `agents/${login}`, { password: PASSWORD, connection: 'per_call' });
  const signedIn = await fetch(`${url}/v1/agent/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ login, password: PASSWORD }),
  });
  const { token, agent } = (await signedIn.json()) as { token: string; agent: { agentId: string } };
  const { agentId } = agent;
  await good.get(AgentsService).wish(agentId, 'ready');
  const talk = await connect(good, { agentId, shopId: 'demo', orderRef });
  return {
    ...talk,
    login,
    token,
    say: (body: object) => say(url, token, talk.callId, body),
    words: () =>
      sql<{ word: string; agent_id: string | null; decided_at: Date }>(
        'SELECT word, agent_id, decided_at FROM outcomes WHERE order_ref = $1 ORDER BY id',
        [orderRef],
      ),
    order: async () =>
      (await sql<{ status: string; outcome: string }>('SELECT * FROM orders WHERE id = $1', [orderRef]))[0]!,
    endWrapUp: () => good.get(Transactions).run((tx) => good.get(AgentsService).endWrapUp(tx, agentId, talk.callId)),
  };
}

/** Each process knows the database's clock as well as the way there has let it. */
async function longerThanClocksDiffer(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 300));
}

describe('while Postgres is away', () => {
  it('a word is kept on disk, sealed, and takes effect when Postgres is back, as of when it was given', async () => {
    const agent = await atWrapUp();
    line.cut();
    const from = Date.now();
    const answer = await agent.say({ outcome: 'confirmed', note: NOTE });
    const until = Date.now();
    expect(answer).toMatchObject({ status: 202, body: { callId: agent.callId, isSpooled: true } });
    expect(files()).toHaveLength(1);
    const kept = readFileSync(join(folder, files()[0]!), 'utf8');
    expect(kept).toMatch(/^test\.[\w-]+\.[\w-]+\.[\w-]+\n$/);
    expect(await agent.words()).toEqual([]);
    line.mend();
    await untilReplayed();
    expect(await agent.words()).toEqual([
      expect.objectContaining({ word: 'confirmed', agent_id: agent.agentId }) as unknown,
    ]);
    const at = (await agent.words())[0]!.decided_at;
    expect(at.getTime()).toBeGreaterThanOrEqual(from);
    expect(at.getTime()).toBeLessThanOrEqual(until);
    expect(await agent.order()).toMatchObject({ status: 'final', outcome: 'confirmed' });
    expect(cutOff.logLines.join('')).not.toContain('red door');
  }, 40_000);

  it.each([
    ['is silent', () => line.blackhole()],
    ['stands still', () => line.freeze()],
  ])(
    'a line that %s is no worse, and nobody waits for longer than the page does',
    async (_how, fail) => {
      const agent = await atWrapUp();
      fail();
      const from = performance.now();
      expect((await agent.say({ outcome: 'declined' })).status).toBe(202);
      expect(performance.now() - from).toBeLessThan(8_000);
      line.mend();
      await untilReplayed();
      expect(await agent.order()).toMatchObject({ status: 'final', outcome: 'declined' });
    },
    40_000,
  );

  it('the last of several words of a call stands, and a replay that was cut off and comes again changes nothing', async () => {
    const agent = await atWrapUp();
    line.cut();
    for (const outcome of ['confirmed', 'declined', 'confirmed', 'duplicate']) {
      expect((await agent.say({ outcome })).status).toBe(202);
    }
    const copies = files().map((name) => [join(folder, name), join(folder, `${name}.copy`)] as const);
    expect(copies).toHaveLength(4);
    for (const [file, copy] of copies) copyFileSync(file, copy);
    line.mend();
    await untilReplayed();
    expect(await agent.order()).toMatchObject({ outcome: 'duplicate' });
    const before = await agent.words();
    expect(before.map(({ word }) => word)).toEqual(['confirmed', 'declined', 'confirmed', 'duplicate']);
    for (const [file, copy] of copies) renameSync(copy, file);
    await untilReplayed();
    expect(await agent.words()).toEqual(before);
    expect(await agent.order()).toMatchObject({ outcome: 'duplicate' });
  }, 40_000);

  it('the wrap-up waits for a word that is on its way', async () => {
    const agent = await atWrapUp();
    line.cut();
    expect((await agent.say({ outcome: 'confirmed' })).status).toBe(202);
    await sql(`UPDATE agent_presence SET limit_at = now() - interval '1 second' WHERE agent_id = $1`, [agent.agentId]);
    line.mend();
    while (files().length > 0)
      await cutOff
        .get(Sweeps)
        .runNow('agents.wrap-up')
        .catch(() => undefined);
    expect((await agent.words()).map(({ word }) => word)).toEqual(['confirmed']);
    await cutOff.get(Sweeps).runNow('agents.wrap-up');
    expect((await good.get(AgentsService).presence(agent.agentId)).state).not.toBe('wrap_up');
    expect(await agent.order()).toMatchObject({ outcome: 'confirmed' });
  }, 40_000);

  it('a word that was given in time counts though another process has ended the wrap-up since', async () => {
    const agent = await atWrapUp();
    line.cut();
    expect((await agent.say({ outcome: 'confirmed' })).status).toBe(202);
    await longerThanClocksDiffer();
    await agent.endWrapUp();
    expect(await agent.order()).toMatchObject({ status: 'scheduled', outcome: null });
    line.mend();
    await untilReplayed();
    expect((await agent.words()).map(({ word, agent_id }) => [word, agent_id !== null])).toEqual([
      ['no_decision', false],
      ['confirmed', true],
    ]);
    expect(await agent.order()).toMatchObject({ status: 'final', outcome: 'confirmed' });
  }, 40_000);

  it('who asks for the next call is not faster than the word of the last one', async () => {
    const agent = await atWrapUp();
    line.cut();
    expect((await agent.say({ outcome: 'confirmed' })).status).toBe(202);
    line.mend();
    await waitFor('the next call is asked for', async () => {
      const state = { method: 'PUT', body: JSON.stringify({ state: 'ready' }) };
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${agent.token}` };
      return (await fetch(`${cutOff.url}/v1/agent/state`, { ...state, headers })).ok;
    });
    expect((await agent.words()).map(({ word }) => word)).toEqual(['confirmed']);
    expect((await good.get(AgentsService).presence(agent.agentId)).state).toBe('ready');
  }, 40_000);

  describe('when the order is called again before the word of the last talk has arrived', () => {
    /** Somebody else talks with the buyer; the first one's word waits on disk meanwhile. */
    async function calledAgain() {
      const first = await atWrapUp();
      line.cut();
      expect((await first.say({ outcome: 'confirmed' })).status).toBe(202);
      await longerThanClocksDiffer();
      await first.endWrapUp();
      const second = await atTalk(good.url, first.orderRef);
      line.mend();
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      expect(files()).toHaveLength(1);
      expect(await first.order()).toMatchObject({ status: 'connected', outcome: null });
      return { first, second };
    }

    it('it counts if that call brings nothing', async () => {
      const { first, second } = await calledAgain();
      await hangUp(good, second);
      await second.endWrapUp();
      await untilReplayed();
      expect(await first.order()).toMatchObject({ status: 'final', outcome: 'confirmed' });
    }, 40_000);

    it('what was said in that call stands, and the earlier word can be read beside it', async () => {
      const { first, second } = await calledAgain();
      expect((await second.say({ outcome: 'declined' })).status).toBeLessThan(300);
      await hangUp(good, second);
      await untilReplayed();
      expect(await first.order()).toMatchObject({ status: 'final', outcome: 'declined' });
      const said = (await first.words()).filter(({ agent_id }) => agent_id !== null);
      expect(said.map(({ word, agent_id }) => [word, agent_id])).toEqual([
        ['declined', second.agentId],
        ['confirmed', first.agentId],
      ]);
    }, 40_000);
  });

  it.each([
    ['after the wrap-up', 'call.closed', (agent: Awaited<ReturnType<typeof atWrapUp>>) => agent.endWrapUp()],
    [
      'after the agent was switched off',
      'auth.failed',
      (agent: Awaited<ReturnType<typeof atWrapUp>>) =>
        administer(good, 'PUT', `agents/${agent.login}`, { isEnabled: false, connection: 'per_call' }),
    ],
  ])(
    'a word that was given %s is refused, and that is seen',
    async (_when, code, before) => {
      const agent = await atWrapUp();
      line.cut();
      await before(agent);
      await longerThanClocksDiffer();
      expect((await agent.say({ outcome: 'confirmed' })).status).toBe(202);
      line.mend();
      await untilReplayed();
      expect((await agent.words()).filter(({ agent_id }) => agent_id !== null)).toEqual([]);
      const seen = await sql(`SELECT data FROM order_timeline WHERE order_ref = $1 AND kind = 'agent_word_refused'`, [
        agent.orderRef,
      ]);
      expect(seen).toEqual([{ data: { outcome: 'confirmed', callId: agent.callId, code } }]);
      const metrics = await (await fetch(`${cutOff.url}/metrics`)).text();
      expect(metrics).toMatch(/dialer_spool_total\{result="refused"\} [1-9]/);
      expect(metrics).toMatch(/^dialer_spool_waiting 0$/m);
    },
    40_000,
  );

  it('what is wrong in itself is refused at once; who was never seen gets in no more than before', async () => {
    const agent = await atWrapUp();
    line.cut();
    expect(await agent.say({ outcome: 'callback' })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/callbackAt' }] },
    });
    expect((await agent.say({ outcome: 'nonsense' })).status).toBe(422);
    const stranger = await say(cutOff.url, 'a-token-that-nobody-has', agent.callId, { outcome: 'confirmed' });
    expect(stranger.status).toBe(503);
    expect(files()).toEqual([]);
  }, 40_000);

  it('a disk that takes nothing is told by 503, and nothing is left behind', async () => {
    const agent = await atWrapUp();
    line.cut();
    renameSync(folder, `${folder}.away`);
    try {
      const answer = await agent.say({ outcome: 'confirmed' });
      expect(answer.status).toBe(503);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect(existsSync(folder)).toBe(false);
    } finally {
      renameSync(`${folder}.away`, folder);
    }
    expect(readdirSync(folder)).toEqual([]);
    expect((await agent.say({ outcome: 'confirmed' })).status).toBe(202);
    line.mend();
    await untilReplayed();
    expect(await agent.order()).toMatchObject({ outcome: 'confirmed' });
  }, 40_000);
});

describe('a process that is killed', () => {
  const running = new Set<ChildProcess>();
  afterAll(() => running.forEach((child) => child.kill('SIGKILL')));

  async function start(databaseUrl: string): Promise<{ url: string; child: ChildProcess }> {
    const child = spawn(process.execPath, ['dist/main.js'], {
      env: serviceEnvironment(databaseUrl, { ROLES: 'api', SPOOL_FOLDER: folder }),
    });
    running.add(child);
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    const url = await waitFor('it listens', () => /"url":"([^"]+)".*/.exec(out)?.[1], 30_000);
    return { url, child };
  }

  it('between an agent’s word and its replay has it when it is started again', async () => {
    const first = await start(throughProxy(good.databaseUrl, line));
    const agent = await atWrapUp(first.url);
    line.cut();
    expect((await agent.say({ outcome: 'confirmed', note: NOTE })).status).toBe(202);
    first.child.kill('SIGKILL');
    await new Promise((resolve) => first.child.once('exit', resolve));
    expect(files()).toHaveLength(1);
    expect(await agent.words()).toEqual([]);
    await start(good.databaseUrl);
    await untilReplayed();
    expect((await agent.words()).map(({ word }) => word)).toEqual(['confirmed']);
    expect(await agent.order()).toMatchObject({ status: 'final', outcome: 'confirmed' });
  }, 90_000);
});
