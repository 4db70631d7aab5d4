import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AsteriskInstance } from '../../../tools/dev-env/asterisk-instance.js';

/** One event of the exchange's own ledger (Asterisk's channel event logging): what was done with a leg, by whatever asked for it. */
export interface ExchangeEvent {
  readonly at: Date;
  readonly event: 'CHAN_START' | 'ANSWER' | 'BRIDGE_ENTER' | 'BRIDGE_EXIT' | 'APP_START' | 'APP_END' | 'CHAN_END';
  /** Our own id of the leg: the call's id for a buyer's, `agent-…` for an agent's. */
  readonly legId: string;
  /** The dialplan application, on APP_START and APP_END. */
  readonly app: string;
}

const CEL = `[general]
enable=yes
apps=playback
events=CHAN_START,ANSWER,BRIDGE_ENTER,BRIDGE_EXIT,APP_START,APP_END,CHAN_END
dateformat=%s.%q
`;
const CEL_CUSTOM = `[mappings]
legs.log => \${eventtype}|\${eventtime}|\${CHANNEL(uniqueid)}|\${CHANNEL(appname)}
`;

/** Asterisk's own record of what happened to each leg: the dialer cannot write it, and it goes on while no dialer is there. */
export class ExchangeLedger {
  private readonly file: string;

  constructor(private readonly instance: AsteriskInstance) {
    this.file = join(instance.folder, 'log', 'cel-custom', 'legs.log');
  }

  /** Switches it on; again after each start of Asterisk. */
  async open(): Promise<void> {
    const etc = join(this.instance.folder, 'etc');
    mkdirSync(join(this.instance.folder, 'log', 'cel-custom'), { recursive: true });
    writeFileSync(join(etc, 'cel.conf'), CEL);
    writeFileSync(join(etc, 'cel_custom.conf'), CEL_CUSTOM);
    await this.instance.cli('module reload cel');
    // Needed by the next one in versions that have it.
    await this.instance.cli('module load res_cdrel_custom.so');
    const told = await this.instance.cli('module load cel_custom.so');
    if (!/Loaded|already/i.test(told)) throw new Error(`Asterisk keeps no ledger of its own: ${told}`);
  }

  read(): ExchangeEvent[] {
    if (!existsSync(this.file)) return [];
    return readFileSync(this.file, 'utf8')
      .split('\n')
      .slice(0, -1)
      .flatMap((line) => parseExchangeEvent(line));
  }
}

/** One line: `event|seconds.milliseconds|leg|application`. */
export function parseExchangeEvent(line: string): ExchangeEvent[] {
  const [event = '', at = '', legId = '', app = ''] = line.split('|');
  const seconds = Number(at);
  if (!(seconds > 0)) return [];
  return [
    {
      event: event as ExchangeEvent['event'],
      at: new Date(Math.round(seconds * 1_000)),
      legId,
      app: app.toLowerCase(),
    },
  ];
}
