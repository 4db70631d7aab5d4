import { connect } from 'ari-client';
import { AriHttpError } from './ari-transport.js';

/** A channel of Asterisk, as much of it as we use. */
export interface AriChannel {
  readonly id: string;
  /** `Down`, `Ring`, `Ringing`, `Up` … */
  readonly state: string;
  /** Where it is in the dialplan. */
  readonly extension: string;
  readonly createdAt: Date;
}

/** A bridge of Asterisk, as much of it as we use. */
export interface AriBridge {
  readonly id: string;
  readonly channelIds: readonly string[];
  readonly createdAt: Date;
}

/** An order to call into a place of the dialplan. */
export interface Originate {
  readonly channelId: string;
  readonly endpoint: string;
  readonly context: string;
  readonly extension: string;
  readonly callerId: string | null;
  readonly timeoutSeconds: number;
  readonly variables: Readonly<Record<string, string>>;
}

/** An ear on a channel: a channel of its own in `application` that hears both directions and, if asked, speaks into one or both. */
export interface Snoop {
  readonly channelId: string;
  readonly snoopId: string;
  readonly application: string;
  /** `in`: as if the channel's far end had spoken; `out`: to the far end. */
  readonly whisper: 'none' | 'in' | 'out' | 'both';
}

/** An object of Asterisk's configuration, by module, type and id. */
export interface ConfigObject {
  readonly configClass: string;
  readonly objectType: string;
  readonly id: string;
}

type Operation = (parameters: object) => PromiseLike<unknown>;

/** The part of ari-client that is used. What it returns is circular and holds the client: it is never logged nor handed on. */
interface AriResources {
  readonly applications: { filter: Operation };
  readonly events: { userEvent: Operation };
  readonly channels: Record<
    | 'list'
    | 'get'
    | 'originate'
    | 'hangup'
    | 'continueInDialplan'
    | 'setChannelVar'
    | 'startMoh'
    | 'stopMoh'
    | 'snoopChannelWithId',
    Operation
  >;
  readonly asterisk: Record<'updateObject' | 'deleteObject' | 'getInfo', Operation>;
  readonly endpoints: { listByTech: Operation };
  readonly bridges: Record<'list' | 'create' | 'destroy' | 'addChannel' | 'removeChannel', Operation>;
}

/**
 * Commands to one Asterisk, through ari-client's resources. Each settles within the transport's time limit:
 * done, `AriHttpError` (Asterisk said no) or `AriTransportError` (no answer, outcome unknown).
 */
export class AriCommands {
  private resources: AriResources | null = null;

  constructor(
    private readonly origin: string,
    private readonly username: string,
    private readonly password: string,
    private readonly timeoutMs: number,
  ) {}

  /** Reads the API's description from Asterisk, once; throws while it cannot be had. Must have succeeded before any command. */
  async load(): Promise<void> {
    if (this.resources !== null) return;
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('Asterisk did not describe its API in time')), this.timeoutMs);
    });
    try {
      this.resources = (await Promise.race([
        connect(this.origin, this.username, this.password),
        tooLate,
      ])) as unknown as AriResources;
    } finally {
      clearTimeout(timer);
    }
  }

  get isLoaded(): boolean {
    return this.resources !== null;
  }

  async originate(o: Originate): Promise<void> {
    await this.api.channels.originate({
      channelId: o.channelId,
      endpoint: o.endpoint,
      context: o.context,
      extension: o.extension,
      priority: 1,
      timeout: o.timeoutSeconds,
      ...(o.callerId === null ? {} : { callerId: o.callerId }),
      variables: o.variables,
    });
  }

  /** `cause` is Q.850, 16 by default. */
  async hangup(channelId: string, cause?: number): Promise<void> {
    await this.api.channels.hangup({ channelId, ...(cause === undefined ? {} : { reason_code: String(cause) }) });
  }

  async continueInDialplan(channelId: string, context: string, extension: string): Promise<void> {
    await this.api.channels.continueInDialplan({ channelId, context, extension, priority: 1 });
  }

  async setVariable(channelId: string, variable: string, value: string): Promise<void> {
    await this.api.channels.setChannelVar({ channelId, variable, value });
  }

  async startMusic(channelId: string): Promise<void> {
    await this.api.channels.startMoh({ channelId });
  }

  async stopMusic(channelId: string): Promise<void> {
    await this.api.channels.stopMoh({ channelId });
  }

  async snoop({ channelId, snoopId, application, whisper }: Snoop): Promise<void> {
    await this.api.channels.snoopChannelWithId({ channelId, snoopId, app: application, spy: 'both', whisper });
  }

  async createBridge(bridgeId: string): Promise<void> {
    await this.api.bridges.create({ bridgeId, type: 'mixing' });
  }

  async destroyBridge(bridgeId: string): Promise<void> {
    await this.api.bridges.destroy({ bridgeId });
  }

  async addToBridge(bridgeId: string, channelId: string): Promise<void> {
    await this.api.bridges.addChannel({ bridgeId, channel: channelId });
  }

  async removeFromBridge(bridgeId: string, channelId: string): Promise<void> {
    await this.api.bridges.removeChannel({ bridgeId, channel: channelId });
  }

  /** When this run of Asterisk began, in its own words. */
  async startedAt(): Promise<string> {
    const { status } = (await this.api.asterisk.getInfo({ only: 'status' })) as { status?: { startup_time?: string } };
    if (status?.startup_time === undefined) throw new Error('Asterisk does not say when it was started');
    return status.startup_time;
  }

  async hasChannel(channelId: string): Promise<boolean> {
    try {
      await this.api.channels.get({ channelId });
      return true;
    } catch (problem) {
      if (problem instanceof AriHttpError && problem.status === 404) return false;
      throw problem;
    }
  }

  async channels(): Promise<AriChannel[]> {
    const rows = (await this.api.channels.list({})) as {
      id: string;
      state: string;
      dialplan?: { exten?: string };
      creationtime: string;
    }[];
    return rows.map(({ id, state, dialplan, creationtime }) => ({
      id,
      state,
      extension: dialplan?.exten ?? '',
      createdAt: new Date(creationtime),
    }));
  }

  async bridges(): Promise<AriBridge[]> {
    const rows = (await this.api.bridges.list({})) as { id: string; channels: string[]; creationtime: string }[];
    return rows.map((row) => ({ id: row.id, channelIds: [...row.channels], createdAt: new Date(row.creationtime) }));
  }

  /** Makes or replaces an object of Asterisk's configuration that lives in memory, e.g. `res_pjsip` / `endpoint`; see asterisk-config/pbx/sorcery.conf. */
  async putObject(o: ConfigObject, fields: Readonly<Record<string, string>>): Promise<void> {
    const list = Object.entries(fields).map(([attribute, value]) => ({ attribute, value }));
    await this.api.asterisk.updateObject({ ...o, fields: { fields: list } });
  }

  async deleteObject(o: ConfigObject): Promise<void> {
    await this.api.asterisk.deleteObject({ ...o });
  }

  /** The SIP endpoints and whether a phone stands behind each: registered, or at a fixed address. */
  async sipEndpoints(): Promise<{ name: string; isOnline: boolean }[]> {
    const rows = (await this.api.endpoints.listByTech({ tech: 'PJSIP' })) as { resource: string; state?: string }[];
    return rows.map(({ resource, state }) => ({ name: resource, isOnline: state === 'online' }));
  }

  /** Lets only these types of events through to the application. Forgotten by Asterisk at each reconnect. */
  async allowEvents(application: string, types: readonly string[]): Promise<void> {
    await this.api.applications.filter({
      applicationName: application,
      filter: { allowed: types.map((type) => ({ type })) },
    });
  }

  /** Sends an event to the application itself: it comes back over the application's socket if that is truly heard. */
  async echo(application: string, eventName: string, variables: Readonly<Record<string, string>>): Promise<void> {
    await this.api.events.userEvent({ application, eventName, variables });
  }

  private get api(): AriResources {
    if (this.resources === null) throw new Error('ARI is not loaded yet');
    return this.resources;
  }
}
