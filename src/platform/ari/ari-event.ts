/** An event of Asterisk: the fields that we read, none of them certain to be there. */
export interface AriEvent {
  readonly type: string;
  readonly application: string;
  readonly timestamp: Date;
  readonly channel: { readonly id: string; readonly state: string } | null;
  /** The called channel of a `Dial`. */
  readonly peer: { readonly id: string } | null;
  readonly bridgeId: string | null;
  readonly dialStatus: string;
  /** Q.850; 0 when none was given. */
  readonly cause: number;
  /** SIP status, or null. */
  readonly techCause: number | null;
  /** A hang-up request from our side of the exchange (a command, the dialplan), not from the far end. */
  readonly isSoft: boolean;
  readonly digit: string;
  readonly durationMs: number;
  readonly eventName: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Reads a frame of the event socket. Null for anything that is not an event; unknown types and missing fields pass. Never throws. */
export function parseEvent(frame: string, receivedAt: Date): AriEvent | null {
  let raw: unknown;
  try {
    raw = JSON.parse(frame);
  } catch {
    return null;
  }
  const event = record(raw);
  if (event === null || typeof event['type'] !== 'string') return null;
  const channel = record(event['channel']);
  const peer = record(event['peer']);
  const timestamp = new Date(text(event['timestamp']));
  return {
    type: event['type'],
    application: text(event['application']),
    timestamp: Number.isNaN(timestamp.getTime()) ? receivedAt : timestamp,
    channel: channel === null ? null : { id: text(channel['id']), state: text(channel['state']) },
    peer: peer === null ? null : { id: text(peer['id']) },
    bridgeId: text(record(event['bridge'])?.['id']) || null,
    dialStatus: text(event['dialstatus']),
    cause: number(event['cause']) ?? 0,
    techCause: number(event['tech_cause']),
    isSoft: event['soft'] === true,
    digit: text(event['digit']),
    durationMs: number(event['duration']) ?? number(event['duration_ms']) ?? 0,
    eventName: text(event['eventname']),
    variables: record(event['userevent']) ?? {},
  };
}

function record(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
