import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The first schema. Every table carries `shop_id`, but for the installation-wide ones (`installation`, `groups`, `agents`, `agent_groups`,
 * `agent_sessions`, `agent_presence`, `trunks`, `leaders`, `nodes`, `group_homes`, `pacing_decisions`, `outbox`, `call_commands`, `agent_events`).
 * Personal data stand in `*_encrypted` columns only; `phone_hash` is a keyed hash, so that equal numbers can be found without being readable.
 */
export class Initial0001 implements MigrationInterface {
  name = 'Initial1764000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE installation (
        key text PRIMARY KEY,
        value_encrypted text NOT NULL
      );

      CREATE TABLE shops (
        shop_id text PRIMARY KEY,
        name text NOT NULL,
        settings jsonb NOT NULL,
        is_paused boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
      );

      CREATE TABLE shop_secrets (
        id uuid PRIMARY KEY,
        shop_id text NOT NULL REFERENCES shops,
        kind text NOT NULL CHECK (kind IN ('api_key', 'webhook', 'destination')),
        destination text,
        secret_encrypted text,
        key_hash bytea,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz,
        CHECK ((kind = 'api_key') = (key_hash IS NOT NULL)),
        CHECK ((kind = 'api_key') = (secret_encrypted IS NULL)),
        CHECK ((kind = 'destination') = (destination IS NOT NULL))
      );
      CREATE INDEX shop_secrets_by_shop ON shop_secrets (shop_id, kind);

      CREATE TABLE destinations (
        shop_id text NOT NULL REFERENCES shops,
        name text NOT NULL,
        url text NOT NULL,
        events text[] NOT NULL,
        is_enabled boolean NOT NULL DEFAULT true,
        disabled_reason text,
        PRIMARY KEY (shop_id, name)
      );

      CREATE TABLE articles (
        shop_id text NOT NULL REFERENCES shops,
        article_id text NOT NULL,
        title text NOT NULL,
        markdown text NOT NULL,
        language text,
        tags text[] NOT NULL,
        words tsvector NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (shop_id, article_id)
      );
      CREATE INDEX articles_by_words ON articles USING gin (words);

      CREATE TABLE groups (
        group_id text PRIMARY KEY,
        name text NOT NULL,
        settings jsonb NOT NULL
      );
      INSERT INTO groups (group_id, name, settings) VALUES ('default', 'default', '{}');

      CREATE TABLE agents (
        agent_id uuid PRIMARY KEY,
        login text NOT NULL UNIQUE,
        name text NOT NULL,
        password_hash text NOT NULL,
        role text NOT NULL CHECK (role IN ('agent', 'senior', 'supervisor', 'administrator')),
        endpoint text NOT NULL,
        connection text NOT NULL CHECK (connection IN ('persistent', 'per_call')),
        skills text[] NOT NULL DEFAULT '{}',
        is_enabled boolean NOT NULL DEFAULT true
      );

      CREATE TABLE agent_groups (
        agent_id uuid NOT NULL REFERENCES agents,
        group_id text NOT NULL REFERENCES groups,
        PRIMARY KEY (agent_id, group_id)
      );

      CREATE TABLE agent_sessions (
        session_id uuid PRIMARY KEY,
        agent_id uuid NOT NULL REFERENCES agents,
        token_hash bytea NOT NULL UNIQUE,
        created_at timestamptz NOT NULL DEFAULT now(),
        last_seen_at timestamptz NOT NULL DEFAULT now(),
        -- When an event stream of this session was last seen open; null as long as none ever was.
        screen_seen_at timestamptz,
        -- Of the session's screens that name themselves, the one that may act.
        active_screen uuid,
        -- The password of the browser's phone, for this session only.
        phone_password_encrypted text,
        expires_at timestamptz NOT NULL,
        ended_at timestamptz
      );
      CREATE UNIQUE INDEX agent_sessions_one_live ON agent_sessions (agent_id) WHERE ended_at IS NULL;

      CREATE TABLE agent_presence (
        agent_id uuid PRIMARY KEY REFERENCES agents,
        state text NOT NULL DEFAULT 'offline'
          CHECK (state IN ('offline', 'connecting', 'ready', 'reserved', 'talking', 'wrap_up', 'break', 'lost')),
        reason text,
        wanted text NOT NULL DEFAULT 'break' CHECK (wanted IN ('ready', 'break', 'offline')),
        wanted_reason text,
        since timestamptz NOT NULL DEFAULT now(),
        call_id uuid,
        leg_id text,
        is_leg_up boolean NOT NULL DEFAULT false,
        leg_node text,
        limit_at timestamptz,
        has_outcome boolean NOT NULL DEFAULT false,
        version int NOT NULL DEFAULT 0,
        CHECK ((state IN ('reserved', 'talking', 'wrap_up', 'lost')) = (call_id IS NOT NULL AND limit_at IS NOT NULL)),
        CHECK (is_leg_up = (leg_id IS NOT NULL))
      );
      CREATE INDEX agent_presence_by_call ON agent_presence (call_id) WHERE call_id IS NOT NULL;

      CREATE TABLE trunks (
        trunk_id text PRIMARY KEY,
        endpoint text NOT NULL,
        caller_ids text[] NOT NULL DEFAULT '{}',
        max_channels int NOT NULL,
        calls_per_second numeric NOT NULL,
        prefixes text[] NOT NULL DEFAULT '{}',
        priority int NOT NULL DEFAULT 0,
        is_enabled boolean NOT NULL DEFAULT true
      );

      CREATE TABLE leaders (
        group_id text PRIMARY KEY,
        holder text NOT NULL,
        epoch bigint NOT NULL,
        expires_at timestamptz NOT NULL,
        reach int NOT NULL DEFAULT 0
      );

      CREATE TABLE nodes (
        name text PRIMARY KEY,
        weight double precision NOT NULL DEFAULT 1,
        is_drained boolean NOT NULL DEFAULT false,
        up_since timestamptz,
        last_up_at timestamptz,
        legs int NOT NULL DEFAULT 0
      );

      CREATE TABLE group_homes (
        group_id text PRIMARY KEY,
        node text NOT NULL,
        since timestamptz NOT NULL DEFAULT now()
      );

      CREATE TABLE pacing_decisions (
        group_id text PRIMARY KEY,
        at timestamptz NOT NULL,
        decision jsonb NOT NULL
      );

      CREATE TABLE orders (
        id uuid PRIMARY KEY,
        shop_id text NOT NULL REFERENCES shops,
        order_id text NOT NULL,
        version int NOT NULL,
        status text NOT NULL
          CHECK (status IN ('accepted', 'scheduled', 'dialing', 'ringing', 'connected', 'wrap_up', 'final')),
        outcome text CHECK (outcome IN ('confirmed', 'changed', 'declined', 'unreachable', 'invalid_number', 'duplicate', 'do_not_call',
          'withdrawn', 'expired', 'blocked', 'failed')),
        phone_encrypted text,
        phone_hash bytea,
        card_encrypted text,
        priority smallint NOT NULL DEFAULT 0,
        registered_at timestamptz NOT NULL,
        received_at timestamptz NOT NULL DEFAULT now(),
        call_by timestamptz,
        not_before timestamptz,
        give_up_at timestamptz,
        first_call_at timestamptz,
        -- Where the buyer may be; a call must be permitted in each of them.
        time_zones text[] NOT NULL DEFAULT '{}',
        -- Sealed: what the choice of an agent needs of the card, read without opening all of it: itemGroups, language, region.
        routing_encrypted text,
        attempts_made int NOT NULL DEFAULT 0,
        results jsonb NOT NULL DEFAULT '{}',
        is_abandoned_before boolean NOT NULL DEFAULT false,
        callback_at timestamptz,
        callback_agent_id uuid,
        -- From when a retry may share a call that is placed to the buyer for another order: not_before without its jitter.
        joinable_at timestamptz,
        live_call_id uuid,
        withdraw_requested_at timestamptz,
        withdraw_reason text,
        hold_reason text,
        wait_reason text,
        sequence int NOT NULL DEFAULT 0,
        trace_id text NOT NULL,
        finished_at timestamptz,
        -- The dial order: from when the order may be called, whether that has come, and what ranks it then (core/attempt/dial-order.ts).
        due_at timestamptz NOT NULL DEFAULT now(),
        is_due boolean NOT NULL DEFAULT true,
        turn_at timestamptz NOT NULL DEFAULT now(),
        band smallint GENERATED ALWAYS AS (
          CASE WHEN is_abandoned_before THEN 0 WHEN callback_at IS NOT NULL THEN 1 ELSE 11 - priority END) STORED,
        row_version int NOT NULL DEFAULT 0,
        UNIQUE (shop_id, order_id),
        CHECK ((status = 'final') = (outcome IS NOT NULL)),
        CHECK (status = 'final' OR phone_hash IS NOT NULL)
      );
      -- Each shop's dial queue in dial order; the last column is there to be filtered by.
      CREATE INDEX orders_dial_queue ON orders (shop_id, band, turn_at, received_at, id, due_at)
        WHERE status = 'scheduled' AND hold_reason IS NULL AND is_due;
      CREATE INDEX orders_not_yet_due ON orders (due_at) WHERE status = 'scheduled' AND hold_reason IS NULL AND NOT is_due;
      CREATE INDEX orders_owed_not_yet_due ON orders (due_at) WHERE status = 'scheduled' AND hold_reason IS NULL AND NOT is_due AND band < 2;
      CREATE INDEX orders_open_by_shop ON orders (shop_id, call_by) WHERE status <> 'final';
      CREATE INDEX orders_tried ON orders (shop_id, attempts_made) WHERE status = 'scheduled' AND attempts_made > 0;
      CREATE INDEX orders_give_up ON orders (give_up_at) WHERE status IN ('accepted', 'scheduled');
      CREATE INDEX orders_accepted ON orders (received_at) WHERE status = 'accepted';
      CREATE INDEX orders_open_by_phone ON orders (phone_hash) WHERE status <> 'final';
      CREATE INDEX orders_held ON orders (id) WHERE hold_reason IS NOT NULL AND status <> 'final';
      CREATE INDEX orders_on_the_phone ON orders (phone_hash) WHERE live_call_id IS NOT NULL;

      CREATE TABLE order_timeline (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        shop_id text NOT NULL,
        order_ref uuid NOT NULL REFERENCES orders,
        at timestamptz NOT NULL DEFAULT now(),
        kind text NOT NULL,
        data jsonb NOT NULL DEFAULT '{}'
      );
      CREATE INDEX order_timeline_by_order ON order_timeline (order_ref, id);

      -- Work on an order that has begun and of whose end nothing is known: what is left after a crash counts against the order. No foreign key: it is
      -- written beside a transaction that has locked the order.
      CREATE TABLE order_tries (
        shop_id text NOT NULL,
        order_ref uuid NOT NULL,
        work text NOT NULL CHECK (work IN ('job', 'call', 'writeback')),
        -- So often it took its process with it, or failed for the order's own sake.
        failures int NOT NULL DEFAULT 0,
        -- The process that does it at this moment.
        in_hands_of uuid,
        begun_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (order_ref, work)
      );
      CREATE INDEX order_tries_by_age ON order_tries (begun_at);
      CREATE INDEX order_tries_in_hands ON order_tries (in_hands_of) WHERE in_hands_of IS NOT NULL;

      -- The processes of the service that live.
      CREATE TABLE processes (
        process_id uuid PRIMARY KEY,
        name text NOT NULL,
        expires_at timestamptz NOT NULL
      );

      -- Buyers who wish no more calls of a shop.
      CREATE TABLE do_not_call (
        shop_id text NOT NULL REFERENCES shops,
        phone_hash bytea NOT NULL,
        order_ref uuid NOT NULL REFERENCES orders,
        listed_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (shop_id, phone_hash)
      );
      CREATE INDEX do_not_call_by_time ON do_not_call (listed_at);

      CREATE TABLE webhook_messages (
        shop_id text NOT NULL REFERENCES shops,
        webhook_id text NOT NULL,
        body_sha256 bytea NOT NULL,
        type text NOT NULL,
        received_at timestamptz NOT NULL DEFAULT now(),
        -- The very text of the 202, so that a repeat gets the same bytes.
        response text NOT NULL,
        PRIMARY KEY (shop_id, webhook_id)
      );
      CREATE INDEX webhook_messages_by_age ON webhook_messages (received_at);

      CREATE TABLE calls (
        id uuid PRIMARY KEY,
        shop_id text NOT NULL REFERENCES shops,
        order_ref uuid NOT NULL REFERENCES orders,
        group_id text NOT NULL,
        epoch bigint NOT NULL,
        -- The process that runs the call, and the one from which it was taken over.
        run_by uuid,
        left_by uuid,
        node text NOT NULL,
        trunk_id text NOT NULL,
        agent_id uuid,
        phone_hash bytea NOT NULL,
        state text NOT NULL,
        machine jsonb NOT NULL,
        result text CHECK (result IN ('answered', 'machine', 'busy', 'no_answer', 'rejected', 'invalid_number', 'unobtainable',
          'carrier_failure', 'abandoned', 'withdrawn', 'system_failure')),
        planned_at timestamptz NOT NULL DEFAULT now(),
        -- By this database's clock, for the calls per second of all dialers together: since when the call has had a line of its trunk (null while an
        -- agent's phone is rung first), and when the exchange had taken the order to call.
        line_taken_at timestamptz,
        -- Just before the order to call left for the exchange, once: before that nobody's phone can ring.
        sent_at timestamptz,
        invited_at timestamptz,
        dialed_at timestamptz,
        ringing_at timestamptz,
        answered_at timestamptz,
        connected_at timestamptz,
        ended_at timestamptz,
        -- When the agent had written down the result.
        wrapped_up_at timestamptz,
        hangup_cause int,
        tech_cause int,
        trace_id text NOT NULL,
        version int NOT NULL DEFAULT 0,
        CHECK ((ended_at IS NULL) = (result IS NULL))
      );
      -- I4: one live call per number over all shops, one live call per order.
      CREATE UNIQUE INDEX calls_one_live_per_phone ON calls (phone_hash) WHERE ended_at IS NULL;
      CREATE UNIQUE INDEX calls_one_live_per_order ON calls (order_ref) WHERE ended_at IS NULL;
      CREATE INDEX calls_by_order ON calls (order_ref, planned_at);
      CREATE INDEX calls_ended ON calls (shop_id, ended_at);
      -- The share of abandoned calls over a shop's windows.
      CREATE INDEX calls_answered ON calls (shop_id, ended_at) INCLUDE (result) WHERE result IN ('answered', 'abandoned');
      -- What recent calls say of their trunks.
      CREATE INDEX calls_by_end ON calls (ended_at);
      CREATE INDEX calls_by_phone ON calls (phone_hash, planned_at);
      CREATE INDEX calls_by_line ON calls (trunk_id, line_taken_at);

      CREATE TABLE call_events (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        shop_id text NOT NULL,
        call_id uuid NOT NULL REFERENCES calls,
        at timestamptz NOT NULL,
        event jsonb NOT NULL
      );
      CREATE INDEX call_events_by_call ON call_events (call_id, id);

      CREATE TABLE call_commands (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        call_id uuid NOT NULL,
        command jsonb NOT NULL,
        at timestamptz NOT NULL DEFAULT now(),
        taken_at timestamptz
      );
      CREATE INDEX call_commands_open ON call_commands (id) WHERE taken_at IS NULL;

      CREATE TABLE attempts (
        id uuid PRIMARY KEY,
        shop_id text NOT NULL REFERENCES shops,
        order_ref uuid NOT NULL REFERENCES orders,
        call_id uuid NOT NULL REFERENCES calls,
        number int NOT NULL,
        result text,
        planned_at timestamptz NOT NULL DEFAULT now(),
        ended_at timestamptz,
        UNIQUE (order_ref, number),
        UNIQUE (call_id, order_ref)
      );
      CREATE UNIQUE INDEX attempts_one_live_per_order ON attempts (order_ref) WHERE ended_at IS NULL;

      CREATE TABLE outcomes (
        id uuid PRIMARY KEY,
        shop_id text NOT NULL REFERENCES shops,
        order_ref uuid NOT NULL REFERENCES orders,
        call_id uuid,
        agent_id uuid,
        word text NOT NULL,
        body_sha256 bytea NOT NULL,
        details_encrypted text NOT NULL,
        decided_at timestamptz NOT NULL DEFAULT now(),
        sequence int
      );
      CREATE INDEX outcomes_by_order ON outcomes (order_ref, decided_at);
      CREATE INDEX outcomes_by_call ON outcomes (call_id);

      CREATE TABLE deliveries (
        id uuid PRIMARY KEY,
        shop_id text NOT NULL REFERENCES shops,
        destination text NOT NULL,
        order_ref uuid NOT NULL REFERENCES orders,
        sequence int NOT NULL,
        event text NOT NULL CHECK (event IN ('order.outcome', 'order.attempt', 'order.callback_scheduled')),
        body_encrypted text NOT NULL,
        state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'parked', 'disabled', 'superseded')),
        tries int NOT NULL DEFAULT 0,
        next_try_at timestamptz NOT NULL DEFAULT now(),
        first_try_at timestamptz,
        leased_until timestamptz,
        -- The process that sends it, while it is leased.
        leased_by uuid,
        last_status int,
        last_error text,
        created_at timestamptz NOT NULL DEFAULT now(),
        delivered_at timestamptz,
        trace_id text NOT NULL,
        UNIQUE (shop_id, destination, order_ref, sequence)
      );
      CREATE INDEX deliveries_due ON deliveries (next_try_at) WHERE state = 'pending';
      CREATE INDEX deliveries_due_by_destination ON deliveries (shop_id, destination, next_try_at) WHERE state = 'pending';
      CREATE INDEX deliveries_by_order ON deliveries (order_ref);
      CREATE INDEX deliveries_pending ON deliveries (shop_id, created_at) WHERE state = 'pending';
      CREATE INDEX deliveries_leased ON deliveries (leased_by) WHERE leased_by IS NOT NULL;
      CREATE INDEX deliveries_parked ON deliveries (shop_id, created_at) WHERE state IN ('parked', 'disabled');

      CREATE TABLE agent_events (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        agent_id uuid NOT NULL REFERENCES agents,
        event text NOT NULL,
        data jsonb NOT NULL,
        at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX agent_events_by_agent ON agent_events (agent_id, id);
      CREATE INDEX agent_events_by_time ON agent_events (agent_id, at);

      CREATE TABLE outbox (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        job text NOT NULL,
        job_key text,
        payload jsonb NOT NULL,
        trace_id text NOT NULL,
        run_at timestamptz NOT NULL DEFAULT now(),
        leased_until timestamptz,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX outbox_due ON outbox (run_at, id);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE outbox, agent_events, deliveries, outcomes, attempts, call_commands, call_events, calls, webhook_messages, do_not_call, order_tries, processes, order_timeline,
        orders, pacing_decisions, group_homes, nodes, leaders, trunks, agent_presence, agent_sessions, agent_groups, agents, groups, articles, destinations,
        shop_secrets, shops, installation;
    `);
  }
}
