import { randomBytes } from 'node:crypto';
import { renderAgents } from './asterisk-templates.js';
import { startAsteriskInstance, type AsteriskInstance } from './asterisk-instance.js';
import { LOOPBACK, claimPortBlock } from './ports.js';

/** Where the PBX stands in its small world. */
export interface AsteriskOptions {
  /** `address:port` of the carrier; {@link RunningCarrier.trunkHost}. */
  readonly trunkHost: string;
  /** `address:port` of the agents' phones; {@link RunningCarrier.phonesHost}. Needed when `agents` has any. */
  readonly phonesHost?: string;
  /** Endpoint names of agents with a phone there (`agent-anna`); the dialer calls `PJSIP/agent-anna`. */
  readonly agents?: readonly string[];
  /** Told in a few words what is being done. */
  readonly progress?: (message: string) => void;
}

/** A running PBX that loads asterisk-config/pbx. */
export interface RunningAsterisk {
  /** Its process: pid, command line, restart. */
  readonly instance: AsteriskInstance;
  /** Base address for ARI_URL, without `/ari`. */
  readonly url: string;
  readonly ariUsername: string;
  readonly ariPassword: string;
  readonly sipPort: number;
  /** Where `PJSIP/<number>@sipp` calls go: a port of this instance's own for {@link startSipp}. */
  readonly sippPort: number;
  /** Ends it at once (calls are cut) and gives its ports back. */
  stop(): Promise<void>;
}

/**
 * Starts the dialer's own Asterisk on free ports of 127.0.0.1 with a random ARI password. Several run side by side.
 *
 * Start the carrier first: the trunk is asked at the start whether it is there, and calls are refused until it answers.
 * @throws SetUpError when no Asterisk can be had or it does not boot
 */
export async function startAsterisk(options: AsteriskOptions): Promise<RunningAsterisk> {
  const block = await claimPortBlock();
  const sipPort = block.first;
  const httpPort = block.first + 1;
  const sippPort = block.first + 5;
  const ariUsername = 'dialer';
  const ariPassword = randomBytes(24).toString('hex');
  try {
    const instance = await startAsteriskInstance({
      part: 'pbx',
      progress: options.progress,
      values: {
        PBX_BIND_ADDRESS: LOOPBACK,
        PBX_HTTP_PORT: httpPort,
        PBX_SIP_PORT: sipPort,
        PBX_RTP_FIRST: block.first + 20,
        PBX_RTP_LAST: block.first + block.size - 1,
        PBX_ARI_USERNAME: ariUsername,
        PBX_ARI_PASSWORD: ariPassword,
        PBX_TRUNK_HOST: options.trunkHost,
        PBX_SIPP_HOST: `${LOOPBACK}:${sippPort}`,
        PBX_AGENTS: renderAgents(options.agents ?? [], options.phonesHost ?? options.trunkHost),
      },
    });
    return {
      instance,
      url: `http://${LOOPBACK}:${httpPort}`,
      ariUsername,
      ariPassword,
      sipPort,
      sippPort,
      async stop() {
        await instance.stop();
        block.release();
      },
    };
  } catch (error) {
    block.release();
    throw error;
  }
}
