import { seatOf, watchOf } from '../../core/call/leg-ids.js';
import type { AriCommands } from '../../platform/ari/ari-commands.js';
import { AriHttpError } from '../../platform/ari/ari-transport.js';
import type { CommandResult } from '../../core/call/telephony.js';
import { GONE, resultOf } from './ari-results.js';

type SeatCommands = Pick<AriCommands, 'createBridge' | 'addToBridge' | 'bridgeMembers' | 'destroyBridge' | 'hangup'>;

/**
 * The bridges that the legs of agents, and of numbers for a buyer, sit in: made when a leg becomes ours, so that connecting a buyer later is one command; ended with the leg.
 * Work on one bridge runs in the order it was asked for, since a lost agent's next leg takes the same bridge.
 */
export class AgentSeats {
  /** The leg that this process has put into each bridge, or is putting there. */
  private readonly seats = new Map<string, string>();
  private readonly running = new Map<string, Promise<void>>();
  /** Bridges whose leg has heard nobody since it was put there. */
  private readonly fresh = new Set<string>();

  constructor(private readonly commands: SeatCommands) {}

  /** A leg with a seat is ours: into its bridge with it; a supervisor's ear goes to where the supervisor sits. Ignores buyers' legs. */
  take(legId: string): void {
    const ear = watchOf(legId);
    if (ear !== null) this.workOn(ear.seat, () => this.join(ear.seat, legId));
    const bridgeId = seatOf(legId);
    if (bridgeId === null) return;
    this.seats.set(bridgeId, legId);
    this.workOn(bridgeId, () => this.seat(bridgeId, legId));
  }

  /** The leg has ended: its bridge goes, unless another leg has taken it since, be it through another process, or another process made it. */
  clear(legId: string): void {
    const bridgeId = seatOf(legId);
    if (bridgeId === null || this.seats.get(bridgeId) !== legId) return;
    this.seats.delete(bridgeId);
    this.fresh.delete(bridgeId);
    this.workOn(bridgeId, async () => {
      const members = await this.commands.bridgeMembers(bridgeId).catch(() => []);
      const isTaken = members.some((id) => id !== legId && seatOf(id) === bridgeId);
      if (!isTaken) await resultOf(this.commands.destroyBridge(bridgeId));
    });
  }

  /** Into the seat of another leg, or back into its own, which may be gone by now. */
  async move(legId: string, besideLegId: string): Promise<CommandResult> {
    const bridgeId = seatOf(besideLegId);
    if (bridgeId === null) return GONE;
    await this.settled(bridgeId);
    if (legId !== besideLegId) {
      this.fresh.delete(bridgeId);
      return resultOf(this.commands.addToBridge(bridgeId, legId));
    }
    this.seats.set(bridgeId, legId);
    let result = GONE;
    this.workOn(bridgeId, async () => {
      result = await resultOf(this.put(bridgeId, legId));
    });
    await this.settled(bridgeId);
    return result;
  }

  /**
   * Somebody is about to come into the bridge of this leg. Where the two need a transcoder, Asterisk 22 keeps the last sequence number of whom the
   * leg heard before, and drops whatever the next one sends with a lower one: one in two would not be heard, for minutes. A leg that is put into
   * its bridge anew begins anew. That is done for the next one, and not as soon as the one before has left: a leg that ends at that instant while it is
   * put into its bridge leaves a bridge behind that is neither there nor can be made again (409, then 404), for as long as the exchange runs.
   */
  async makeReady(bridgeId: string, legId: string): Promise<void> {
    await this.settled(bridgeId);
    if (!this.fresh.has(bridgeId)) {
      this.renew(bridgeId, legId);
      await this.settled(bridgeId);
    }
    this.fresh.delete(bridgeId);
  }

  /** Resolves when nothing is being done to the bridge any more. */
  async settled(bridgeId: string): Promise<void> {
    await this.running.get(bridgeId);
  }

  private workOn(bridgeId: string, work: () => Promise<void>): void {
    const running = (this.running.get(bridgeId) ?? Promise.resolve()).then(work).finally(() => {
      if (this.running.get(bridgeId) === running) this.running.delete(bridgeId);
    });
    this.running.set(bridgeId, running);
  }

  private renew(bridgeId: string, legId: string): void {
    this.workOn(bridgeId, async () => {
      const result = await resultOf(this.commands.addToBridge(bridgeId, legId));
      if (result.kind === 'done') this.fresh.add(bridgeId);
    });
  }

  private async seat(bridgeId: string, legId: string): Promise<void> {
    try {
      await this.put(bridgeId, legId);
    } catch {
      // Without its bridge the leg is of no use; its end frees the agent, who is called again.
      await resultOf(this.commands.hangup(legId));
    }
  }

  private async put(bridgeId: string, legId: string): Promise<void> {
    await this.commands.createBridge(bridgeId).catch((problem: unknown) => {
      if (!(problem instanceof AriHttpError && problem.status === 409)) throw problem;
    });
    await this.commands.addToBridge(bridgeId, legId);
    this.fresh.add(bridgeId);
  }

  private async join(bridgeId: string, legId: string): Promise<void> {
    const result = await resultOf(this.commands.addToBridge(bridgeId, legId));
    if (result.kind !== 'done') await resultOf(this.commands.hangup(legId));
  }
}
