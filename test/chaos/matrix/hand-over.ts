import type { Failpoint } from '../../../src/platform/failpoints/failpoints.js';
import type { SeenCall, VirtualAgent } from '../../../tools/dev-env/virtual-agent.js';
import type { Stack } from '../stack/stack.js';

/** Long enough for a hand-over; the one who hands over then speaks no more, or has the buyer back. */
const TALK_MS = 12_000;
const STEP_WITHIN_MS = 8_000;
const INSIST_MS = 6_000;

/** What the first agent who talks with the buyer of a cell does: a warm hand-over to the other one. */
export class HandOver {
  private hasBegun = false;

  constructor(
    private readonly stack: Stack,
    private readonly point: Failpoint,
  ) {}

  /** @returns how long this agent talks; null for all but the first */
  readonly begin = (agent: VirtualAgent, { callId }: SeenCall): number | null => {
    if (this.hasBegun) return null;
    this.hasBegun = true;
    const other = this.stack.agents.find(({ login }) => login !== agent.login)?.login ?? '';
    this.go(agent, callId, other).catch(() => undefined);
    return TALK_MS;
  };

  private async go(agent: VirtualAgent, callId: string, other: string): Promise<void> {
    await insist(() => agent.post(`calls/${callId}/transfer`, { to: { agent: other }, mode: 'warm' }));
    await agent.waitForEvent(
      (event, data) => event === 'call.transfer' && data['callId'] === callId && data['state'] === 'consulting',
      STEP_WITHIN_MS,
    );
    const step = this.point === 'conference_decided' ? 'conference' : 'transfer/complete';
    await insist(() => agent.post(`calls/${callId}/${step}`));
  }
}

/** A person asks again while it cannot be done just now. */
async function insist(ask: () => Promise<Response>): Promise<void> {
  const untilMs = performance.now() + INSIST_MS;
  while (performance.now() < untilMs) {
    const answer = await ask().catch(() => null);
    if (answer?.status === 202) return;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}
