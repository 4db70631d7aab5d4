import { bridgeOfAgentLeg } from '../../core/call/leg-ids.js';
import type { AriCommands } from '../../platform/ari/ari-commands.js';
import { AriHttpError } from '../../platform/ari/ari-transport.js';
import { resultOf } from './ari-results.js';

type SeatCommands = Pick<AriCommands, 'createBridge' | 'addToBridge' | 'destroyBridge' | 'hangup'>;

/**
 * The bridges that agents' legs sit in: made when a leg becomes ours, so that connecting a buyer later is one command; ended with the leg.
 * Work on one bridge runs in the order it was asked for, since a lost agent's next leg takes the same bridge.
 */
export class AgentSeats {
  /** The leg that this process has put into each bridge, or is putting there. */
  private readonly seats = new Map<string, string>();
  private readonly running = new Map<string, Promise<void>>();

  constructor(private readonly commands: SeatCommands) {}

  /** An agent's leg is ours: into its bridge with it. Ignores buyers' legs. */
  take(legId: string): void {
    const bridgeId = bridgeOfAgentLeg(legId);
    if (bridgeId === null) return;
    this.seats.set(bridgeId, legId);
    this.workOn(bridgeId, () => this.seat(bridgeId, legId));
  }

  /** The leg has ended: its bridge goes, unless another leg has taken it since or another process made it. */
  clear(legId: string): void {
    const bridgeId = bridgeOfAgentLeg(legId);
    if (bridgeId === null || this.seats.get(bridgeId) !== legId) return;
    this.seats.delete(bridgeId);
    this.workOn(bridgeId, async () => {
      await resultOf(this.commands.destroyBridge(bridgeId));
    });
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

  private async seat(bridgeId: string, legId: string): Promise<void> {
    try {
      await this.commands.createBridge(bridgeId).catch((problem: unknown) => {
        if (!(problem instanceof AriHttpError && problem.status === 409)) throw problem;
      });
      await this.commands.addToBridge(bridgeId, legId);
    } catch {
      // Without its bridge the leg is of no use; its end frees the agent, who is called again.
      await resultOf(this.commands.hangup(legId));
    }
  }
}
