/** How the line was over the last seconds, the worse of both directions. */
export interface LineFigures {
  /** Share of lost packets, 0–1. */
  readonly lossRatio: number;
  readonly jitterMs: number;
  /** Null until the exchange has reported back. */
  readonly roundTripMs: number | null;
}

export type LineQuality = 'good' | 'fair' | 'poor' | 'unknown';

/** What a person hears of it: from some 1 % of loss or 30 ms of jitter G.711 has audible gaps, above 150 ms each way people interrupt each other (ITU-T G.114). */
export function qualityOf(figures: LineFigures | null): LineQuality {
  if (figures === null) return 'unknown';
  const { lossRatio, jitterMs, roundTripMs } = figures;
  const trip = roundTripMs ?? 0;
  if (lossRatio > 0.05 || jitterMs > 80 || trip > 500) return 'poor';
  if (lossRatio > 0.01 || jitterMs > 30 || trip > 300) return 'fair';
  return 'good';
}

/** Counters of a connection since its beginning, as the browser gives them. */
export interface LineCounters {
  readonly received: number;
  readonly lost: number;
  readonly sent: number;
  readonly jitterMs: number;
  readonly roundTripMs: number | null;
  /** Share of what we sent that was lost on its way, as the other end reports it. */
  readonly farLossRatio: number;
}

export function countersOf(report: RTCStatsReport): LineCounters {
  const counters = { received: 0, lost: 0, sent: 0, jitterMs: 0, roundTripMs: null as number | null, farLossRatio: 0 };
  report.forEach((entry: Record<string, unknown>) => {
    if (entry['kind'] !== 'audio') return;
    if (entry['type'] === 'inbound-rtp') {
      counters.received = numberOf(entry['packetsReceived']);
      counters.lost = numberOf(entry['packetsLost']);
      counters.jitterMs = numberOf(entry['jitter']) * 1_000;
    } else if (entry['type'] === 'outbound-rtp') counters.sent = numberOf(entry['packetsSent']);
    else if (entry['type'] === 'remote-inbound-rtp') {
      counters.farLossRatio = numberOf(entry['fractionLost']);
      if (typeof entry['roundTripTime'] === 'number') counters.roundTripMs = entry['roundTripTime'] * 1_000;
    }
  });
  return counters;
}

/** What happened between two readings; null when nothing was received in between. */
export function figuresBetween(before: LineCounters, now: LineCounters): LineFigures | null {
  const received = now.received - before.received;
  const lost = Math.max(0, now.lost - before.lost);
  if (received + lost <= 0) return null;
  return {
    lossRatio: Math.max(lost / (received + lost), now.farLossRatio),
    jitterMs: now.jitterMs,
    roundTripMs: now.roundTripMs,
  };
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
