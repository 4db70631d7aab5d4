import { startAsterisk, type RunningAsterisk } from './asterisk.js';
import { startCarrier, type RunningCarrier } from './carrier.js';

/** How the dialer reaches its Asterisk, ready for its environment. */
export interface Telephony {
  /** For ARI_URL, ARI_USERNAME and ARI_PASSWORD. */
  readonly ariUrl: string;
  readonly ariUsername: string;
  readonly ariPassword: string;
  /** Ours; null when ARI_URL brought a PBX, whose trunk leads wherever its own configuration says. */
  readonly pbx: RunningAsterisk | null;
  /** All of ours, with `pbx` as the first: more than one when further nodes were asked for. */
  readonly nodes: readonly RunningAsterisk[];
  readonly carrier: RunningCarrier | null;
  /** Ends what was started here. */
  stop(): Promise<void>;
}

export interface TelephonyOptions {
  /** Endpoint names of agents whose phones the carrier plays, e.g. `agent-anna`; asterisk-config/README.md has names that reject, ring or stay deaf. */
  readonly agents?: readonly string[];
  /** `address:port` where agents' phones answer; default: the carrier. */
  readonly phonesHost?: string;
  /** How many PBXs of our own stand side by side behind the one carrier; default 1. */
  readonly nodes?: number;
  readonly progress?: (message: string) => void;
}

/**
 * A PBX and a carrier: the one of ARI_URL where the environment has it (it already loads asterisk-config/pbx), else both of our own on free ports.
 * @throws SetUpError when no Asterisk can be had; what was started by then is stopped again
 */
export async function startTelephony(options: TelephonyOptions = {}): Promise<Telephony> {
  const { ARI_URL: ariUrl, ARI_USERNAME: ariUsername, ARI_PASSWORD: ariPassword } = process.env;
  if (ariUrl) {
    return {
      ariUrl,
      ariUsername: ariUsername ?? '',
      ariPassword: ariPassword ?? '',
      pbx: null,
      nodes: [],
      carrier: null,
      stop: () => Promise.resolve(),
    };
  }
  return startOwnTelephony(options);
}

/** A PBX and a carrier of our own, whatever the environment has. @throws SetUpError like {@link startTelephony} */
export async function startOwnTelephony(options: TelephonyOptions = {}): Promise<Telephony> {
  const carrier = await startCarrier(options);
  const nodes: RunningAsterisk[] = [];
  const stop = async (): Promise<void> => {
    for (const node of nodes) await node.stop();
    await carrier.stop();
  };
  try {
    const { trunkHost } = carrier;
    const phonesHost = options.phonesHost ?? carrier.phonesHost;
    const pbx = await startAsterisk({ ...options, trunkHost, phonesHost });
    nodes.push(pbx);
    while (nodes.length < (options.nodes ?? 1)) nodes.push(await startAsterisk({ ...options, trunkHost, phonesHost }));
    return {
      ariUrl: pbx.url,
      ariUsername: pbx.ariUsername,
      ariPassword: pbx.ariPassword,
      pbx,
      nodes,
      carrier,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
