import { existsSync, readFileSync } from 'node:fs';

/** One call as the carrier's Asterisk saw it, written when it ended. Its clock, millisecond precision. */
export interface CallRecord {
  /** `+380…`, or the name of an agent's phone (`agent-…`). */
  readonly number: string;
  readonly caller: string;
  readonly invitedAt: Date;
  /** Null when it was never answered. */
  readonly answeredAt: Date | null;
  readonly endedAt: Date;
  /** Hang-up cause (ITU-T Q.850) as the carrier saw it, e.g. 16 normal, 17 busy; 0 when there was none. */
  readonly cause: number;
  /** Joins it with the trunk's ledger and with a SIP trace. */
  readonly callId: string;
}

/** One SIP message that passed the trunk gate on its way to or from the carrier. */
export interface TrunkEntry {
  readonly at: Date;
  readonly callId: string;
  /** Of the request, or of the request that a response answers. */
  readonly method: string;
  /** Requests only. */
  readonly number?: string;
  readonly caller?: string;
  /** Responses only. */
  readonly status?: number;
  /** True for a retransmission. */
  readonly again: boolean;
}

/** Reads the carrier's call records; none when no call has ended yet. */
export function readCallRecords(file: string): CallRecord[] {
  return readLines(file).flatMap((line) => {
    const record = parseCallRecord(line);
    return record === null ? [] : [record];
  });
}

/** Reads the trunk gate's ledger; nothing when nothing has passed yet. */
export function readTrunkLedger(file: string): TrunkEntry[] {
  return readLines(file).map((line) => {
    const entry = JSON.parse(line) as Omit<TrunkEntry, 'at'> & { at: string };
    return { ...entry, at: new Date(entry.at) };
  });
}

/** One line of calls.log (asterisk-config/carrier/extensions.conf, context `ledger`); null for any other notice of Asterisk's. */
export function parseCallRecord(line: string): CallRecord | null {
  const fields = /: CALL\|(.*)$/.exec(line)?.[1]?.split('|');
  if (fields === undefined) return null;
  const [number = '', caller = '', start = '', answer = '', end = '', cause = '', callId = ''] = fields;
  const invitedAt = instant(start);
  const endedAt = instant(end);
  if (number === '' || invitedAt === null || endedAt === null) return null;
  return { number, caller, invitedAt, answeredAt: instant(answer), endedAt, cause: Number(cause), callId };
}

/** `seconds.microseconds` since 1970; 0 stands for "never". */
function instant(text: string): Date | null {
  const seconds = Number(text);
  return text !== '' && seconds > 0 ? new Date(Math.round(seconds * 1_000)) : null;
}

/** Complete lines only: the last one may be half written. */
function readLines(file: string): string[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8').split('\n').slice(0, -1);
}
