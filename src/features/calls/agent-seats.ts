import { agentOfLeg, seatOf, watchOf } from '../../core/call/leg-ids.js';
import type { AriCommands } from '../../platform/ari/ari-commands.js';
import { AriHttpError } from '../../platform/ari/ari-transport.js';
import type { CommandResult } from '../../core/call/telephony.js';
import { GONE, resultOf } from './ari-results.js';

type SeatCommands = Pick<AriCommands, 'createBridge' | 'addToBridge' | 'bridges' | 'destroyBridge' | 'hangup'>;

/**
 * The bridges that the legs of agents, and of numbers for a buyer, sit in: made when a leg becomes ours, so that connecting a buyer later is one command; ended with the leg.
 * Work for one leg runs in the order it was asked for.
 */
export class AgentSeats {
  private readonly running = new Map<string, Promise<void>>();
  /** Legs that have heard nobody since they were put into their bridge. */
  private readonly fresh = new Set<string>();

  constructor(private readonly commands: SeatCommands) {}

  /** A leg with a seat is ours: into its bridge with it; a supervisor's ear goes to where the supervisor sits. Ignores buyers' legs. */
  take(legId: string): void {
    const ear = watchOf(legId);
    if (ear !== null) this.workFor(legId, () => this.join(ear.supervisorId, legId));
    if (seatOf(legId) !== null) this.workFor(legId, () => this.seat(legId));
  }

  /** The leg has ended: its bridge goes. */
  clear(legId: string): void {
    if (seatOf(legId) === null) return;
    this.fresh.delete(legId);
    this.workFor(legId, async () => {
      await resultOf(this.commands.destroyBridge(legId));
    });
  }

  /** Into the seat of another leg, or back into its own, which may be gone by now. */
  async move(legId: string, besideLegId: string): Promise<CommandResult> {
    const bridgeId = seatOf(besideLegId);
    if (bridgeId === null) return GONE;
    await this.settled(besideLegId);
    if (legId !== besideLegId) {
      this.fresh.delete(besideLegId);
      return resultOf(this.commands.addToBridge(bridgeId, legId));
    }
    let result = GONE;
    this.workFor(legId, async () => {
      result = await resultOf(this.put(legId));
    });
    await this.settled(legId);
    return result;
  }

  /**
   * Somebody is about to come into the bridge of this leg. Where the two need a transcoder, Asterisk 22 keeps the last sequence number of whom the
   * leg heard before, and drops whatever the next one sends with a lower one: one in two would not be heard, for minutes. A leg that is put into
   * its bridge anew begins anew. That is done for the next one, and not as soon as the one before has left, since the leg may be ending with them.
   */
  async makeReady(legId: string): Promise<void> {
    await this.settled(legId);
    if (!this.fresh.has(legId)) await resultOf(this.commands.addToBridge(legId, legId));
    this.fresh.delete(legId);
  }

  /** Resolves when nothing is being done for the leg any more. */
  async settled(legId: string): Promise<void> {
    await this.running.get(legId);
  }

  private workFor(legId: string, work: () => Promise<void>): void {
    const running = (this.running.get(legId) ?? Promise.resolve()).then(work).finally(() => {
      if (this.running.get(legId) === running) this.running.delete(legId);
    });
    this.running.set(legId, running);
  }

  private async seat(legId: string): Promise<void> {
    try {
      await this.put(legId);
    } catch {
      // Without its bridge the leg is of no use; its end frees the agent, who is called again.
      await resultOf(this.commands.hangup(legId));
    }
  }

  private async put(legId: string): Promise<void> {
    await this.commands.createBridge(legId).catch((problem: unknown) => {
      if (!(problem instanceof AriHttpError && problem.status === 409)) throw problem;
    });
    await this.commands.addToBridge(legId, legId);
    this.fresh.add(legId);
  }

  /** An ear goes where its supervisor sits; without one it ends. Which leg that is another process may have seen. */
  private async join(supervisorId: string, legId: string): Promise<void> {
    const bridges = await this.commands.bridges().catch(() => []);
    const seats = bridges.filter(({ id }) => agentOfLeg(id) === supervisorId);
    const newest = seats.sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime())[0];
    const result = newest === undefined ? GONE : await resultOf(this.commands.addToBridge(newest.id, legId));
    if (result.kind !== 'done') await resultOf(this.commands.hangup(legId));
  }
}
