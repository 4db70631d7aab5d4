import { watchLegId, watchOf, type WatchMode } from '../../core/call/leg-ids.js';
import type { CommandResult } from '../../core/call/telephony.js';
import type { AriCommands } from '../../platform/ari/ari-commands.js';
import { APPLICATION } from './ari-placing.js';
import { resultOf } from './ari-results.js';

type HookCommands = Pick<AriCommands, 'channels' | 'snoop' | 'setVariable' | 'hangup'>;

/** Asterisk lets go of what listened with the leg's next packets, one each 20 ms; an ear that comes before would keep what it is to forget. */
const FORGOTTEN_MS = 100;

export interface WatchRequest {
  readonly supervisorId: string;
  readonly buyerLegId: string;
  readonly groupId: string;
  readonly mode: WatchMode;
}

/**
 * What listens to a buyer's leg inside Asterisk: the supervisors' ears, and the report of speech. While there is any, Asterisk 22 keeps the last
 * sequence number of whom the leg has heard, and drops whatever another one sends with a lower one: one in two buyers would not hear the next
 * agent (11 of 23 runs). So all of it ends when a buyer comes to somebody else, and the ears are placed anew.
 */
export class BuyerHooks {
  private readonly ears = new Map<string, WatchRequest>();
  private readonly leaving = new Set<string>();
  private readonly returning = new Map<string, WatchRequest>();

  constructor(private readonly commands: HookCommands) {}

  async watch(request: WatchRequest): Promise<CommandResult> {
    const { supervisorId, buyerLegId, groupId, mode } = request;
    // What is spoken into the buyer's leg as if it came from the buyer is heard by the agent's side alone.
    const whisper = ({ listen: 'none', whisper: 'in', barge: 'both' } as const)[mode];
    const snoopId = watchLegId(supervisorId, buyerLegId, mode);
    this.ears.set(snoopId, request);
    const application = APPLICATION + groupId;
    const result = await resultOf(this.commands.snoop({ channelId: buyerLegId, snoopId, application, whisper }));
    if (result.kind !== 'done' && result.kind !== 'unknown') this.ears.delete(snoopId);
    return result;
  }

  /**
   * The buyer is about to come to somebody else. An answering machine is no longer looked for.
   * @param isTakenOver  another process may have placed ears: they end for good, and their supervisors come in again
   */
  async end(buyerLegId: string, isTakenOver: boolean): Promise<void> {
    const ears = [...this.ears].filter(([, ear]) => ear.buyerLegId === buyerLegId).map(([earId]) => earId);
    for (const earId of ears) this.leaving.add(earId);
    const others = isTakenOver ? await this.earsIn(buyerLegId) : [];
    await Promise.all([
      resultOf(this.commands.setVariable(buyerLegId, 'TALK_DETECT(remove)', '')),
      ...[...new Set([...ears, ...others])].map((earId) => resultOf(this.commands.hangup(earId))),
    ]);
  }

  private async earsIn(buyerLegId: string): Promise<string[]> {
    const channels = await this.commands.channels().catch(() => []);
    return channels.map(({ id }) => id).filter((id) => watchOf(id)?.callId === buyerLegId);
  }

  /** A leg has ended; an ear that was to begin anew does. */
  ended(legId: string): void {
    const ear = this.ears.get(legId);
    this.ears.delete(legId);
    if (!this.leaving.delete(legId) || ear === undefined) return;
    this.returning.set(legId, ear);
    setTimeout(() => {
      if (this.returning.delete(legId)) void this.watch(ear);
    }, FORGOTTEN_MS).unref();
  }

  /** The supervisor leaves, or is to hear the call otherwise: the ear does not come again. */
  leave(legId: string): void {
    this.ears.delete(legId);
    this.returning.delete(legId);
  }
}
