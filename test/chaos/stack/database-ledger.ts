import pg from 'pg';

// All SQL of the checker. The triggers stand beside the product's tables and see every write, whoever makes it.

/** One move of a row of the product, written down by a trigger in the same transaction. */
export interface Move {
  readonly at: Date;
  readonly what: 'order' | 'agent' | 'call' | 'leader' | 'delivery';
  readonly id: string;
  /** Order: `status/outcome`. Agent and delivery: state. Call: state. Leader: the holder. Null: the row is new. */
  readonly before: string | null;
  readonly after: string;
  /** Call: the writer's epoch. Leader: the new one. */
  readonly epoch: number | null;
  /** Call: the leader's epoch as it stands when the call is written, and for how long it has stood. */
  readonly leaderEpoch: number | null;
  readonly leaderForMs: number | null;
  /** Agent: the call at hand. */
  readonly callId: string | null;
}

export interface OrderRow {
  readonly id: string;
  readonly shopId: string;
  readonly orderId: string;
  readonly status: string;
  readonly outcome: string | null;
  readonly version: number;
  readonly holdReason: string | null;
  /** The rules say that its next call comes later than now: it waits for its time. */
  readonly isNotYetDue: boolean;
  readonly isPhoneKnown: boolean;
}

export interface CallRow {
  readonly id: string;
  readonly shopId: string;
  readonly phone: string;
  readonly agentId: string | null;
  readonly state: string;
  readonly result: string | null;
  readonly trunkId: string;
  readonly plannedAt: Date;
  readonly answeredAt: Date | null;
  readonly connectedAt: Date | null;
  readonly endedAt: Date | null;
}

export interface AttemptRow {
  readonly orderRef: string;
  readonly callId: string;
  readonly number: number;
  readonly result: string | null;
  readonly plannedAt: Date;
  readonly endedAt: Date | null;
}

export interface DeliveryRow {
  readonly id: string;
  readonly shopId: string;
  readonly orderId: string;
  readonly sequence: number;
  readonly event: string;
  readonly state: string;
}

export interface WebhookRow {
  readonly shopId: string;
  readonly webhookId: string;
  readonly response: string;
}

export interface WordRow {
  readonly orderRef: string;
  readonly callId: string | null;
  readonly word: string;
}

/** A word from the disk that came too late, as the order's history tells of it. */
export interface RefusedWordRow {
  readonly callId: string;
  readonly word: string;
  readonly code: string;
}

/** A step of a hand-over in which the buyer hears music; until null: to the end of the call. */
export interface MusicRow {
  readonly callId: string;
  readonly from: Date;
  readonly until: Date | null;
}

/** What Postgres holds when all is over. */
export interface Rows {
  readonly orders: readonly OrderRow[];
  readonly calls: readonly CallRow[];
  readonly attempts: readonly AttemptRow[];
  readonly deliveries: readonly DeliveryRow[];
  readonly webhooks: readonly WebhookRow[];
  readonly words: readonly WordRow[];
  readonly refusedWords: readonly RefusedWordRow[];
  readonly moves: readonly Move[];
  readonly music: readonly MusicRow[];
  /** Agents at a call, or on their way to one. */
  readonly busyAgents: readonly { readonly agentId: string; readonly state: string; readonly callId: string | null }[];
  readonly outbox: number;
}

/** How much is still under way. */
export interface Unsettled {
  readonly openOrders: number;
  readonly liveCalls: number;
  readonly pendingDeliveries: number;
  readonly busyAgents: number;
  /** Of the open orders: those that wait for a time that has not come. */
  readonly notYetDue: number;
}

const TRIGGERS = `
CREATE SCHEMA ledger;
CREATE TABLE ledger.moves (
  n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp(), what text NOT NULL, id text NOT NULL,
  before text, after text NOT NULL, epoch bigint, leader_epoch bigint, leader_for_ms float8, call_id text
);
CREATE TABLE ledger.leaders (group_id text NOT NULL, epoch bigint NOT NULL, since timestamptz NOT NULL DEFAULT clock_timestamp());

CREATE FUNCTION ledger.on_order() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO ledger.moves (what, id, before, after) VALUES ('order', NEW.id,
    CASE WHEN TG_OP = 'UPDATE' THEN OLD.status || '/' || coalesce(OLD.outcome, '') END, NEW.status || '/' || coalesce(NEW.outcome, ''));
  RETURN NULL;
END $$;
CREATE TRIGGER ledger_made AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION ledger.on_order();
CREATE TRIGGER ledger_moved AFTER UPDATE ON orders FOR EACH ROW
  WHEN (OLD.status IS DISTINCT FROM NEW.status OR OLD.outcome IS DISTINCT FROM NEW.outcome) EXECUTE FUNCTION ledger.on_order();

CREATE FUNCTION ledger.on_agent() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO ledger.moves (what, id, before, after, call_id) VALUES ('agent', NEW.agent_id, OLD.state, NEW.state, NEW.call_id);
  RETURN NULL;
END $$;
CREATE TRIGGER ledger_moved AFTER UPDATE ON agent_presence FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state OR OLD.call_id IS DISTINCT FROM NEW.call_id) EXECUTE FUNCTION ledger.on_agent();

CREATE FUNCTION ledger.on_leader() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO ledger.leaders (group_id, epoch) VALUES (NEW.group_id, NEW.epoch);
  INSERT INTO ledger.moves (what, id, before, after, epoch) VALUES ('leader', NEW.group_id,
    CASE WHEN TG_OP = 'UPDATE' THEN OLD.holder END, NEW.holder, NEW.epoch);
  RETURN NULL;
END $$;
CREATE TRIGGER ledger_made AFTER INSERT ON leaders FOR EACH ROW EXECUTE FUNCTION ledger.on_leader();
CREATE TRIGGER ledger_moved AFTER UPDATE ON leaders FOR EACH ROW WHEN (OLD.epoch <> NEW.epoch) EXECUTE FUNCTION ledger.on_leader();
INSERT INTO ledger.leaders (group_id, epoch) SELECT group_id, epoch FROM leaders;

CREATE FUNCTION ledger.on_call() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO ledger.moves (what, id, before, after, epoch, leader_epoch, leader_for_ms)
  SELECT 'call', NEW.id, CASE WHEN TG_OP = 'UPDATE' THEN OLD.state END, NEW.state, NEW.epoch, l.epoch,
    extract(epoch FROM clock_timestamp() - (SELECT max(since) FROM ledger.leaders h WHERE h.group_id = l.group_id AND h.epoch = l.epoch)) * 1000
  FROM leaders l WHERE l.group_id = NEW.group_id;
  RETURN NULL;
END $$;
CREATE TRIGGER ledger_made AFTER INSERT ON calls FOR EACH ROW EXECUTE FUNCTION ledger.on_call();
CREATE TRIGGER ledger_moved AFTER UPDATE ON calls FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state OR OLD.version IS DISTINCT FROM NEW.version) EXECUTE FUNCTION ledger.on_call();

CREATE FUNCTION ledger.on_delivery() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO ledger.moves (what, id, before, after) VALUES ('delivery', NEW.id, OLD.state, NEW.state);
  RETURN NULL;
END $$;
CREATE TRIGGER ledger_moved AFTER UPDATE ON deliveries FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION ledger.on_delivery();
`;

/** Postgres as an auditor sees it: its own connection past every fault, and triggers that write down each move of the rows that matter. */
export class DatabaseLedger {
  constructor(private readonly url: string) {}

  /** Once the schema is there and before the load. */
  async open(): Promise<void> {
    await this.ask((client) => client.query(TRIGGERS));
  }

  async unsettled(): Promise<Unsettled> {
    return this.ask(async (client) => {
      const { rows } = await client.query<Unsettled>(
        `SELECT (SELECT count(*)::int FROM orders WHERE status <> 'final') AS "openOrders",
           (SELECT count(*)::int FROM calls WHERE ended_at IS NULL) AS "liveCalls",
           (SELECT count(*)::int FROM deliveries WHERE state = 'pending') AS "pendingDeliveries",
           (SELECT count(*)::int FROM agent_presence WHERE call_id IS NOT NULL) AS "busyAgents",
           (SELECT count(*)::int FROM orders WHERE status = 'scheduled' AND hold_reason IS NULL AND due_at > now()) AS "notYetDue"`,
      );
      return rows[0]!;
    });
  }

  /** Whether a buyer and an agent hear each other. */
  async hasTalk(): Promise<boolean> {
    return this.ask(async (client) => {
      const { rowCount } = await client.query(`SELECT 1 FROM calls WHERE state = 'connected'`);
      return (rowCount ?? 0) > 0;
    });
  }

  /** Who leads a group now, by the part of the holder that names its process; null: nobody. */
  async leaderPid(groupId = 'default'): Promise<number | null> {
    return this.ask(async (client) => {
      const { rows } = await client.query<{ holder: string }>(
        'SELECT holder FROM leaders WHERE group_id = $1 AND expires_at > now()',
        [groupId],
      );
      return rows[0] === undefined ? null : Number(rows[0].holder.split(':')[1]);
    });
  }

  /** The highest number of a move so far: what comes after it is news. */
  async mark(): Promise<number> {
    return this.ask(async (client) => {
      const { rows } = await client.query<{ n: string | null }>('SELECT max(n) AS n FROM ledger.moves');
      return Number(rows[0]?.n ?? 0);
    });
  }

  /** How many times a leadership has changed hands after a mark. */
  async leaderChanges(mark: number): Promise<number> {
    return this.ask(async (client) => {
      const { rows } = await client.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM ledger.moves WHERE what = 'leader' AND n > $1`,
        [mark],
      );
      return rows[0]?.n ?? 0;
    });
  }

  /** Holds a table under an exclusive lock for so long. */
  async lockTable(table: 'orders' | 'calls' | 'deliveries', ms: number): Promise<void> {
    await this.ask(async (client) => {
      await client.query('BEGIN');
      await client.query(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
      await new Promise((resolve) => setTimeout(resolve, ms));
      await client.query('COMMIT');
    });
  }

  /** Whether the server writes what is new: null when it does, else what it or the connection says. */
  async whyNotWriting(): Promise<string | null> {
    try {
      await this.ask(async (client) => {
        await client.query(`CREATE TABLE ledger.filler AS SELECT repeat('x', 1000) AS x FROM generate_series(1, 1000)`);
        await client.query('DROP TABLE ledger.filler');
      });
      return null;
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      return `${code ?? ''} ${message}`.trim();
    }
  }

  /** When the server process began to serve. */
  async startedAt(): Promise<Date> {
    return this.ask(async (client) => {
      const { rows } = await client.query<{ at: Date }>('SELECT pg_postmaster_start_time() AS at');
      return rows[0]!.at;
    });
  }

  /** One order's row with its calls and timeline, for the history around a violation. */
  async historyOf(orderRef: string): Promise<unknown[]> {
    return this.ask(async (client) => {
      const { rows } = await client.query<{ at: Date; what: string; detail: string }>(
        `SELECT at, kind AS what, data::text AS detail FROM order_timeline WHERE order_ref = $1::uuid
         UNION ALL SELECT at, 'row ' || coalesce(before, ''), after FROM ledger.moves WHERE what = 'order' AND id = $1::text
         UNION ALL SELECT e.at, 'call ' || left(e.call_id::text, 13), e.event::text FROM call_events e
           WHERE e.call_id IN (SELECT call_id FROM attempts WHERE order_ref = $1::uuid)
         ORDER BY 1`,
        [orderRef],
      );
      return rows;
    });
  }

  async read(): Promise<Rows> {
    return this.ask(async (client) => {
      const all = async <R extends pg.QueryResultRow>(sql: string): Promise<R[]> => (await client.query<R>(sql)).rows;
      return {
        orders: await all<OrderRow>(
          `SELECT id, shop_id AS "shopId", order_id AS "orderId", status, outcome, version, hold_reason AS "holdReason",
             status = 'scheduled' AND hold_reason IS NULL AND due_at > now() AS "isNotYetDue", phone_hash IS NOT NULL AS "isPhoneKnown" FROM orders`,
        ),
        calls: await all<CallRow>(
          `SELECT id, shop_id AS "shopId", encode(phone_hash, 'hex') AS phone, agent_id AS "agentId", state, result, trunk_id AS "trunkId",
             planned_at AS "plannedAt", answered_at AS "answeredAt", connected_at AS "connectedAt", ended_at AS "endedAt" FROM calls ORDER BY planned_at`,
        ),
        attempts: await all<AttemptRow>(
          `SELECT order_ref AS "orderRef", call_id AS "callId", number, result, planned_at AS "plannedAt", ended_at AS "endedAt" FROM attempts`,
        ),
        deliveries: await all<DeliveryRow>(
          `SELECT d.id, d.shop_id AS "shopId", o.order_id AS "orderId", d.sequence, d.event, d.state
           FROM deliveries d JOIN orders o ON o.id = d.order_ref`,
        ),
        webhooks: await all<WebhookRow>(
          `SELECT shop_id AS "shopId", webhook_id AS "webhookId", response FROM webhook_messages`,
        ),
        words: await all<WordRow>(`SELECT order_ref AS "orderRef", call_id AS "callId", word FROM outcomes`),
        refusedWords: await all<RefusedWordRow>(
          `SELECT data->>'callId' AS "callId", data->>'outcome' AS word, data->>'code' AS code
           FROM order_timeline WHERE kind = 'agent_word_refused'`,
        ),
        moves: (
          await all<Omit<Move, 'epoch' | 'leaderEpoch'> & { epoch: string | null; leaderEpoch: string | null }>(
            `SELECT at, what, id, before, after, epoch, leader_epoch AS "leaderEpoch", leader_for_ms AS "leaderForMs", call_id AS "callId"
             FROM ledger.moves ORDER BY n`,
          )
        ).map((move) => ({
          ...move,
          epoch: move.epoch === null ? null : Number(move.epoch),
          leaderEpoch: move.leaderEpoch === null ? null : Number(move.leaderEpoch),
        })),
        music: await all<MusicRow>(
          `SELECT "callId", "from", "until" FROM (
             SELECT data->>'callId' AS "callId", data->>'state' AS state, at AS "from",
               lead(at) OVER (PARTITION BY data->>'transferId' ORDER BY id) AS "until"
             FROM agent_events WHERE event = 'call.transfer' AND data->>'side' = 'from') steps
           WHERE state IN ('calling', 'consulting', 'returning')`,
        ),
        busyAgents: await all(
          `SELECT agent_id AS "agentId", state, call_id AS "callId" FROM agent_presence WHERE call_id IS NOT NULL`,
        ),
        outbox: (await all<{ n: number }>('SELECT count(*)::int AS n FROM outbox WHERE run_at <= now()'))[0]?.n ?? 0,
      };
    });
  }

  private async ask<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client({ connectionString: this.url, connectionTimeoutMillis: 5_000 });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
