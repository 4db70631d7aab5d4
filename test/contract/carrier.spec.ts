import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { RunningAsterisk } from '../../tools/dev-env/asterisk.js';
import type { RunningCarrier } from '../../tools/dev-env/carrier.js';
import { PROJECT_FOLDER } from '../../tools/dev-env/cache-folder.js';
import { startSipp } from '../../tools/dev-env/sipp.js';
import { startTelephony, type Telephony } from '../../tools/dev-env/telephony.js';

// The simulated carrier keeps what the number table promises, and the reference dialplan keeps the lease, as a PBX sees both over raw ARI. Nothing of
// the dialer's takes part: these are the outside world that its own tests rely on.

// The calls of the table are independent and mostly waiting.
vi.setConfig({ maxConcurrency: 40 });

const APP = 'carrier-check';
const TALK_MS = 3_000;

interface Seen {
  readonly at: number;
  readonly type: string;
  readonly detail: string;
}

let telephony: Telephony;
let pbx: RunningAsterisk;
let carrier: RunningCarrier;
let events: WebSocket;
const seen = new Map<string, Seen[]>();
const whenDestroyed = new Map<string, () => void>();

beforeAll(async () => {
  telephony = await startTelephony({ agents: ['agent-anna', 'agent-reject-1', 'agent-deaf-1', 'agent-ring-1'] });
  if (telephony.pbx === null || telephony.carrier === null)
    throw new Error('needs an Asterisk of its own: unset ARI_URL');
  ({ pbx, carrier } = { pbx: telephony.pbx, carrier: telephony.carrier });
  const address = `${pbx.url.replace('http', 'ws')}/ari/events?app=${APP}&subscribeAll=true`;
  events = new WebSocket(`${address}&api_key=${pbx.ariUsername}:${pbx.ariPassword}`);
  events.on('message', (data: Buffer) => note(JSON.parse(data.toString()) as AriEvent));
  await new Promise((resolve, reject) => events.once('open', resolve).once('error', reject));
}, 120_000);

afterAll(async () => {
  events?.terminate();
  await telephony?.stop();
});

interface AriEvent {
  readonly type: string;
  readonly channel?: { readonly id: string; readonly state: string };
  readonly peer?: { readonly id: string };
  readonly dialstatus?: string;
  readonly digit?: string;
  readonly cause?: number;
  readonly tech_cause?: number;
  readonly dialplan_app?: string;
  readonly dialplan_app_data?: string;
}

function note(event: AriEvent): void {
  const id = event.channel?.id ?? event.peer?.id ?? '';
  const playing = event.dialplan_app === 'Playback' ? (event.dialplan_app_data ?? '') : '';
  const details: Record<string, string | undefined> = {
    ChannelStateChange: event.channel?.state,
    Dial: event.dialstatus,
    ChannelDtmfReceived: event.digit,
    ChannelDestroyed: `${event.cause}/${event.tech_cause ?? '-'}`,
    ChannelDialplan: playing,
  };
  seen.get(id)?.push({ at: performance.now(), type: event.type, detail: details[event.type] ?? '' });
  if (event.type === 'ChannelDestroyed') whenDestroyed.get(id)?.();
}

async function ari(method: string, path: string, body?: object): Promise<number> {
  const answer = await fetch(`${pbx.url}/ari${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(`${pbx.ariUsername}:${pbx.ariPassword}`).toString('base64')}`,
      'content-type': 'application/json',
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return answer.status;
}

interface CallPlan {
  readonly app?: string;
  readonly ringSeconds?: number;
  /** Hang up this long after the answer; left out: only listen. */
  readonly talkMs?: number;
  readonly language?: string;
}

/** Calls, waits until the channel is gone, and returns a reader of what happened; times in ms since the originate request. */
async function call(endpoint: string, plan: CallPlan = {}): Promise<CallStory> {
  const id = randomUUID();
  const story: Seen[] = [];
  seen.set(id, story);
  const destroyed = new Promise<void>((resolve) => whenDestroyed.set(id, resolve));
  const startedAt = performance.now();
  const status = await ari('POST', `/channels?channelId=${id}`, {
    endpoint,
    context: 'dialer-buyer',
    extension: 's',
    priority: 1,
    callerId: '+380441112233',
    timeout: plan.ringSeconds ?? 40,
    variables: { DIALER_APP: plan.app ?? APP, DIALER_LANGUAGE: plan.language ?? 'uk', DIALER_DETECT: '1' },
  });
  if (status !== 200) throw new Error(`originate to ${endpoint}: ${status}`);
  if (plan.talkMs !== undefined) {
    const { talkMs } = plan;
    const timer = setInterval(() => {
      if (!story.some(({ type }) => type === 'StasisStart')) return;
      clearInterval(timer);
      void ari('POST', `/channels/${id}/variable?variable=TIMEOUT(absolute)&value=60`);
      setTimeout(() => void ari('DELETE', `/channels/${id}`), talkMs);
    }, 20);
    void destroyed.then(() => clearInterval(timer));
  }
  await destroyed;
  const find = (type: string, detail?: string): Seen | undefined =>
    story.find((one) => one.type === type && (detail === undefined || one.detail.includes(detail)));
  return {
    has: (type, detail) => find(type, detail) !== undefined,
    msOf: (type, detail) => (find(type, detail)?.at ?? Number.NaN) - startedAt,
    cause: find('ChannelDestroyed')?.detail ?? '',
  };
}

interface CallStory {
  has(type: string, detail?: string): boolean;
  msOf(type: string, detail?: string): number;
  readonly cause: string;
}

const buyer = (suffix: string): string => `PJSIP/+3806711100${suffix}@trunk`;

/** How late an event may be on a machine that has much else to do; order and sequence are what these tests are about. */
const LATE_MS = 2_500;

describe('configuration', () => {
  it.each(['pbx', 'carrier'] as const)(
    '%s: every application of the dialplan is loaded, and nothing went wrong',
    async (part) => {
      const { instance } = part === 'pbx' ? pbx : carrier;
      const dialplan = readFileSync(join(PROJECT_FOLDER, 'asterisk-config', part, 'extensions.conf'), 'utf8');
      const used = [...dialplan.matchAll(/(?:,\d+,|n(?:\(\w+\))?,)([A-Z]\w+)\(/g)].map((match) => match[1] ?? '');
      expect(used.length).toBeGreaterThan(5);
      for (const name of new Set(used)) {
        const told = await instance.cli(`core show application ${name}`);
        expect(told.toLowerCase()).toContain(`info about application '${name.toLowerCase()}'`);
      }
      expect(readFileSync(instance.logFile, 'utf8')).not.toContain('ERROR');
    },
  );

  it('gives ARI no functions that read files or run programs', async () => {
    expect(readFileSync(join(pbx.instance.folder, 'etc', 'asterisk.conf'), 'utf8')).toMatch(/^live_dangerously = no$/m);
    expect(await pbx.instance.cli('core show function SHELL')).toContain('No function by that name');
  });
});

describe.concurrent('the number table', () => {
  it.each([
    ['00', 1],
    ['08', 3],
    ['59', 6],
  ])('%s answers after %i s and talks', async (suffix, seconds) => {
    const story = await call(buyer(suffix), { talkMs: TALK_MS });
    expect(story.msOf('ChannelStateChange', 'Up')).toBeGreaterThanOrEqual(seconds * 1_000 - 20);
    expect(story.msOf('ChannelStateChange', 'Up')).toBeLessThan(seconds * 1_000 + LATE_MS);
    expect(story.has('ChannelStateChange', 'Ringing')).toBe(true);
    expect(story.has('ChannelTalkingStarted')).toBe(true);
    expect(story.cause).toBe('16/-');
  });

  it.each([
    ['60', 'busy', '17/486'],
    ['61', 'declined', '21/603'],
    ['63', 'no such number', '1/404'],
    ['64', 'congestion', '34/503'],
    ['73', 'switched off', '19/480'],
  ])('%s: %s', async (suffix, _, cause) => {
    const story = await call(buyer(suffix));
    expect(story.cause).toBe(cause);
    expect(story.has('ChannelStateChange', 'Up')).toBe(false);
    expect(story.has('ChannelHangupRequest')).toBe(true);
  });

  it('62 rings until we give up, without a word of the carrier', async () => {
    const story = await call(buyer('62'), { ringSeconds: 4 });
    expect(story.cause).toBe('19/480');
    expect(story.has('ChannelHangupRequest')).toBe(false);
  });

  it('65 is a greeting without a pause', async () => {
    const story = await call(buyer('65'), { talkMs: 7_000 });
    expect(story.has('ChannelTalkingStarted')).toBe(true);
    expect(story.has('ChannelTalkingFinished')).toBe(false);
  });

  it('66 answers and hangs up at once', async () => {
    const story = await call(buyer('66'), { talkMs: 10_000 });
    expect(story.msOf('ChannelDestroyed') - story.msOf('ChannelStateChange', 'Up')).toBeLessThan(1_000);
  });

  it.each([
    ['67', '1'],
    ['68', '2'],
  ])('%s presses %s', async (suffix, digit) => {
    const story = await call(buyer(suffix), { talkMs: 4_500 });
    expect(story.has('ChannelDtmfReceived', digit)).toBe(true);
  });

  it('69 has early media, then is busy', async () => {
    const story = await call(buyer('69'));
    expect(story.has('Dial', 'PROGRESS')).toBe(true);
    expect(story.cause).toBe('17/486');
  });

  it('70 has early media, then answers', async () => {
    const story = await call(buyer('70'), { talkMs: TALK_MS });
    expect(story.has('Dial', 'PROGRESS')).toBe(true);
    expect(story.has('ChannelTalkingStarted')).toBe(true);
  });

  it('71 answers and stays silent', async () => {
    const story = await call(buyer('71'), { talkMs: TALK_MS });
    expect(story.has('ChannelStateChange', 'Up')).toBe(true);
    expect(story.has('ChannelTalkingStarted')).toBe(false);
  });

  it('72 answers after 14 s', async () => {
    const story = await call(buyer('72'), { talkMs: 500 });
    expect(story.msOf('ChannelStateChange', 'Up')).toBeGreaterThanOrEqual(13_980);
  });

  it('74 hangs up 5 s after the answer', async () => {
    const story = await call(buyer('74'), { talkMs: 20_000 });
    const talkedMs = story.msOf('ChannelDestroyed') - story.msOf('ChannelStateChange', 'Up');
    expect(Math.abs(talkedMs - 5_250)).toBeLessThan(750);
  });

  it('75 gets no reply at all', async () => {
    const story = await call(buyer('75'));
    expect(story.cause).toBe('18/408');
    const entries = carrier.trunkLedger();
    const callId = entries.find(({ number }) => number?.endsWith('75'))?.callId;
    const exchange = entries.filter((entry) => entry.callId === callId);
    expect(exchange.length).toBeGreaterThan(3);
    expect(exchange.every(({ method, status }) => method === 'INVITE' && status === undefined)).toBe(true);
  });

  it.each([
    ['agent-anna', 0, 'Up'],
    ['agent-ring-1', 1_000, 'Up'],
  ])('%s picks up after %i ms', async (name, ms) => {
    const story = await call(`PJSIP/${name}`, { talkMs: 500 });
    const upAt = story.msOf('ChannelStateChange', 'Up');
    expect(upAt).toBeLessThan(ms + LATE_MS);
    expect(story.has('ChannelStateChange', 'Ringing')).toBe(ms > 0);
    if (ms > 0) expect(upAt - story.msOf('ChannelStateChange', 'Ringing')).toBeGreaterThan(ms - 100);
  });

  it('agent-reject declines and agent-deaf rings', async () => {
    expect((await call('PJSIP/agent-reject-1')).cause).toBe('21/603');
    expect((await call('PJSIP/agent-deaf-1', { ringSeconds: 2 })).has('ChannelStateChange', 'Ringing')).toBe(true);
  });
});

describe.concurrent('the lease', () => {
  it.each([
    ['ru', 'message-ru'],
    ['en', 'message-en'],
    ['de), & /etc/passwd', 'message-uk'],
  ])('plays the message in %j at once when no application is there', async (language, file) => {
    const story = await call(buyer('71'), { app: 'nobody', language });
    const waited = story.msOf('ChannelDialplan', file) - story.msOf('ChannelStateChange', 'Up');
    expect(waited).toBeLessThan(1_000);
  });

  it('plays the message 2 s after the answer when the application does nothing', async () => {
    const story = await call(buyer('71'));
    const waited = story.msOf('ChannelDialplan', 'message-uk') - story.msOf('ChannelStateChange', 'Up');
    expect(waited).toBeGreaterThan(1_850);
    expect(waited).toBeLessThan(2_750);
  });
});

describe('outside ledgers', () => {
  it('has the carrier’s own times of an answered call', async () => {
    await call(buyer('74'), { talkMs: 1_000 });
    const record = carrier.callRecords().findLast(({ number }) => number === '+380671110074');
    expect(record?.caller).toBe('+380441112233');
    const rangMs = Number(record?.answeredAt) - Number(record?.invitedAt);
    expect(rangMs).toBeGreaterThan(1_800);
    expect(rangMs).toBeLessThan(2_750);
  });

  it('meets a buyer that is not an Asterisk', async () => {
    const sipp = await startSipp({ scenario: 'buyer', port: pbx.sippPort });
    try {
      await call('PJSIP/+380671234567@sipp', { talkMs: 300 });
      await expect.poll(() => sipp.records().map(({ event }) => event)).toEqual(['invited', 'answered', 'ended']);
      expect(sipp.records()[0]?.number).toBe('+380671234567');
    } finally {
      await sipp.stop();
    }
  });
});
