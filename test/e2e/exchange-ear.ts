import { randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';
import { waitFor } from '../support/wait.js';
import type { World } from './world.js';

/** Loudness of what passed in each direction of a buyer's leg, as root mean square of 16-bit samples, 0–1. */
export interface Heard {
  readonly fromBuyer: number;
  readonly toBuyer: number;
}

/** Listens at the exchange itself to both directions of a leg. */
export async function listenAt(world: World, legId: string, seconds: number, pbx = world.pbx): Promise<Heard> {
  const [fromBuyer, toBuyer] = await Promise.all(
    (['in', 'out'] as const).map(async (spy) => loudness((await recordAt({ pbx }, legId, spy, seconds)).samples)),
  );
  return { fromBuyer: fromBuyer ?? 0, toBuyer: toBuyer ?? 0 };
}

/** 16-bit samples, 8,000 a second. */
export interface Recording {
  readonly samples: Int16Array;
  /** Of the first sample, `Date.now()`. */
  readonly startMs: number;
}

/**
 * Records one direction of a leg by a snoop that is fetched when it is over: `in` is what came from there, `out` what was sent there. What other
 * snoops whisper into the leg is not in it.
 */
export async function recordAt(
  { pbx }: Pick<World, 'pbx'>,
  legId: string,
  spy: 'in' | 'out',
  seconds: number,
  onStart: () => void = () => undefined,
): Promise<Recording> {
  const application = `ear-${randomBytes(4).toString('hex')}`;
  const { url, ariUsername, ariPassword } = pbx;
  const login = `api_key=${ariUsername}:${ariPassword}`;
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ari/events?app=${application}&${login}`);
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  const ask = async (method: string, path: string): Promise<Response> => {
    const authorization = `Basic ${Buffer.from(`${ariUsername}:${ariPassword}`).toString('base64')}`;
    const answer = await fetch(`${url}/ari/${path}`, { method, headers: { authorization } });
    if (!answer.ok) throw new Error(`${method} ${path} was answered ${answer.status}: ${await answer.text()}`);
    return answer;
  };
  try {
    await ask('POST', `channels/${legId}/snoop/${application}?spy=${spy}&app=${application}`);
    await waitFor(`the snoop ${application}`, () =>
      ask('POST', `channels/${application}/record?name=${application}&format=wav`).catch(() => null),
    );
    await waitFor(
      'the beginning of the recording',
      async () =>
        ((await (await ask('GET', `recordings/live/${application}`)).json()) as { state: string }).state ===
        'recording',
    );
    const startMs = Date.now();
    onStart();
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
    await ask('POST', `recordings/live/${application}/stop`);
    const file = await ask('GET', `recordings/stored/${application}/file`);
    await ask('DELETE', `channels/${application}`);
    return { samples: samplesOf(Buffer.from(await file.arrayBuffer())), startMs };
  } finally {
    socket.close();
  }
}

const WAV_HEADER_BYTES = 44;

function samplesOf(wav: Buffer): Int16Array {
  const count = Math.max(0, Math.floor((wav.length - WAV_HEADER_BYTES) / 2));
  return Int16Array.from({ length: count }, (_, i) => wav.readInt16LE(WAV_HEADER_BYTES + 2 * i));
}

function loudness(samples: Int16Array): number {
  if (samples.length === 0) return 0;
  return Math.sqrt(samples.reduce((sum, sample) => sum + (sample / 32_768) ** 2, 0) / samples.length);
}
