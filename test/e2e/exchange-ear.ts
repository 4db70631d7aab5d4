import { randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';
import { waitFor } from '../support/wait.js';
import type { World } from './world.js';

/** Loudness of what passed in each direction of a buyer's leg, as root mean square of 16-bit samples, 0–1. */
export interface Heard {
  readonly fromBuyer: number;
  readonly toBuyer: number;
}

/** Listens at the exchange itself: a snoop on the buyer's leg for each direction, recorded, fetched and measured. */
export async function listenAt(world: World, callId: string, seconds: number, pbx = world.pbx): Promise<Heard> {
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
  const record = async (spy: 'in' | 'out'): Promise<number> => {
    const name = `${application}-${spy}`;
    await ask('POST', `channels/${callId}/snoop/${name}?spy=${spy}&app=${application}`);
    await waitFor(`the snoop ${name}`, () =>
      ask('POST', `channels/${name}/record?name=${name}&format=wav`).catch(() => null),
    );
    await waitFor(
      `${seconds} s of sound`,
      async () =>
        ((await (await ask('GET', `recordings/live/${name}`)).json()) as { state: string }).state === 'recording',
    );
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
    await ask('POST', `recordings/live/${name}/stop`);
    const file = await ask('GET', `recordings/stored/${name}/file`);
    await ask('DELETE', `channels/${name}`);
    return loudness(Buffer.from(await file.arrayBuffer()));
  };
  try {
    const [fromBuyer, toBuyer] = await Promise.all([record('in'), record('out')]);
    return { fromBuyer, toBuyer };
  } finally {
    socket.close();
  }
}

const WAV_HEADER_BYTES = 44;

function loudness(wav: Buffer): number {
  const samples = Math.floor((wav.length - WAV_HEADER_BYTES) / 2);
  if (samples <= 0) return 0;
  let sum = 0;
  for (let i = 0; i < samples; i++) sum += (wav.readInt16LE(WAV_HEADER_BYTES + 2 * i) / 32_768) ** 2;
  return Math.sqrt(sum / samples);
}
