CREATE TABLE agent_events (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  agent_id uuid NOT NULL,
  event text NOT NULL,
  data jsonb NOT NULL,
  at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT agent_events_pkey PRIMARY KEY (id),
  CONSTRAINT agent_events_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES agents(agent_id)
);
CREATE INDEX agent_events_by_agent ON public.agent_events USING btree (agent_id, id);
CREATE INDEX agent_events_by_time ON public.agent_events USING btree (agent_id, at);

CREATE TABLE agent_groups (
  agent_id uuid NOT NULL,
  group_id text NOT NULL,
  CONSTRAINT agent_groups_pkey PRIMARY KEY (agent_id, group_id),
  CONSTRAINT agent_groups_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES agents(agent_id),
  CONSTRAINT agent_groups_group_id_fkey FOREIGN KEY (group_id) REFERENCES groups(group_id)
);

CREATE TABLE agent_presence (
  agent_id uuid NOT NULL,
  state text NOT NULL DEFAULT 'offline'::text,
  reason text,
  wanted text NOT NULL DEFAULT 'break'::text,
  wanted_reason text,
  since timestamp with time zone NOT NULL DEFAULT now(),
  call_id uuid,
  leg_id text,
  is_leg_up boolean NOT NULL DEFAULT false,
  leg_node text,
  limit_at timestamp with time zone,
  has_outcome boolean NOT NULL DEFAULT false,
  version integer NOT NULL DEFAULT 0,
  CONSTRAINT agent_presence_pkey PRIMARY KEY (agent_id),
  CONSTRAINT agent_presence_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES agents(agent_id),
  CONSTRAINT agent_presence_check CHECK (((state = ANY (ARRAY['reserved'::text, 'talking'::text, 'wrap_up'::text, 'lost'::text])) = ((call_id IS NOT NULL) AND (limit_at IS NOT NULL)))),
  CONSTRAINT agent_presence_check1 CHECK ((is_leg_up = (leg_id IS NOT NULL))),
  CONSTRAINT agent_presence_state_check CHECK ((state = ANY (ARRAY['offline'::text, 'connecting'::text, 'ready'::text, 'reserved'::text, 'talking'::text, 'wrap_up'::text, 'break'::text, 'lost'::text]))),
  CONSTRAINT agent_presence_wanted_check CHECK ((wanted = ANY (ARRAY['ready'::text, 'break'::text, 'offline'::text])))
);
CREATE INDEX agent_presence_by_call ON public.agent_presence USING btree (call_id) WHERE (call_id IS NOT NULL);

CREATE TABLE agent_sessions (
  session_id uuid NOT NULL,
  agent_id uuid NOT NULL,
  token_hash bytea NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  last_seen_at timestamp with time zone NOT NULL DEFAULT now(),
  screen_seen_at timestamp with time zone,
  active_screen uuid,
  phone_password_encrypted text,
  expires_at timestamp with time zone NOT NULL,
  ended_at timestamp with time zone,
  CONSTRAINT agent_sessions_token_hash_key UNIQUE (token_hash),
  CONSTRAINT agent_sessions_pkey PRIMARY KEY (session_id),
  CONSTRAINT agent_sessions_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES agents(agent_id)
);
CREATE UNIQUE INDEX agent_sessions_one_live ON public.agent_sessions USING btree (agent_id) WHERE (ended_at IS NULL);

CREATE TABLE agents (
  agent_id uuid NOT NULL,
  login text NOT NULL,
  name text NOT NULL,
  password_hash text NOT NULL,
  role text NOT NULL,
  endpoint text NOT NULL,
  connection text NOT NULL,
  skills text[] NOT NULL DEFAULT '{}'::text[],
  is_enabled boolean NOT NULL DEFAULT true,
  CONSTRAINT agents_login_key UNIQUE (login),
  CONSTRAINT agents_pkey PRIMARY KEY (agent_id),
  CONSTRAINT agents_connection_check CHECK ((connection = ANY (ARRAY['persistent'::text, 'per_call'::text]))),
  CONSTRAINT agents_role_check CHECK ((role = ANY (ARRAY['agent'::text, 'senior'::text, 'supervisor'::text, 'administrator'::text])))
);

CREATE TABLE articles (
  shop_id text NOT NULL,
  article_id text NOT NULL,
  title text NOT NULL,
  markdown text NOT NULL,
  language text,
  tags text[] NOT NULL,
  words tsvector NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT articles_pkey PRIMARY KEY (shop_id, article_id),
  CONSTRAINT articles_shop_id_fkey FOREIGN KEY (shop_id) REFERENCES shops(shop_id)
);
CREATE INDEX articles_by_words ON public.articles USING gin (words);

CREATE TABLE attempts (
  id uuid NOT NULL,
  shop_id text NOT NULL,
  order_ref uuid NOT NULL,
  call_id uuid NOT NULL,
  number integer NOT NULL,
  result text,
  planned_at timestamp with time zone NOT NULL DEFAULT now(),
  ended_at timestamp with time zone,
  CONSTRAINT attempts_call_id_order_ref_key UNIQUE (call_id, order_ref),
  CONSTRAINT attempts_order_ref_number_key UNIQUE (order_ref, number),
  CONSTRAINT attempts_pkey PRIMARY KEY (id),
  CONSTRAINT attempts_call_id_fkey FOREIGN KEY (call_id) REFERENCES calls(id),
  CONSTRAINT attempts_order_ref_fkey FOREIGN KEY (order_ref) REFERENCES orders(id),
  CONSTRAINT attempts_shop_id_fkey FOREIGN KEY (shop_id) REFERENCES shops(shop_id)
);
CREATE UNIQUE INDEX attempts_one_live_per_order ON public.attempts USING btree (order_ref) WHERE (ended_at IS NULL);

CREATE TABLE call_commands (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  call_id uuid NOT NULL,
  command jsonb NOT NULL,
  at timestamp with time zone NOT NULL DEFAULT now(),
  taken_at timestamp with time zone,
  CONSTRAINT call_commands_pkey PRIMARY KEY (id)
);
CREATE INDEX call_commands_open ON public.call_commands USING btree (id) WHERE (taken_at IS NULL);

CREATE TABLE call_events (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  shop_id text NOT NULL,
  call_id uuid NOT NULL,
  at timestamp with time zone NOT NULL,
  event jsonb NOT NULL,
  CONSTRAINT call_events_pkey PRIMARY KEY (id),
  CONSTRAINT call_events_call_id_fkey FOREIGN KEY (call_id) REFERENCES calls(id)
);
CREATE INDEX call_events_by_call ON public.call_events USING btree (call_id, id);

CREATE TABLE calls (
  id uuid NOT NULL,
  shop_id text NOT NULL,
  order_ref uuid NOT NULL,
  group_id text NOT NULL,
  epoch bigint NOT NULL,
  run_by uuid,
  left_by uuid,
  node text NOT NULL,
  trunk_id text NOT NULL,
  agent_id uuid,
  phone_hash bytea NOT NULL,
  state text NOT NULL,
  machine jsonb NOT NULL,
  result text,
  planned_at timestamp with time zone NOT NULL DEFAULT now(),
  line_taken_at timestamp with time zone,
  sent_at timestamp with time zone,
  invited_at timestamp with time zone,
  dialed_at timestamp with time zone,
  ringing_at timestamp with time zone,
  answered_at timestamp with time zone,
  connected_at timestamp with time zone,
  ended_at timestamp with time zone,
  wrapped_up_at timestamp with time zone,
  hangup_cause integer,
  tech_cause integer,
  trace_id text NOT NULL,
  version integer NOT NULL DEFAULT 0,
  CONSTRAINT calls_pkey PRIMARY KEY (id),
  CONSTRAINT calls_order_ref_fkey FOREIGN KEY (order_ref) REFERENCES orders(id),
  CONSTRAINT calls_shop_id_fkey FOREIGN KEY (shop_id) REFERENCES shops(shop_id),
  CONSTRAINT calls_check CHECK (((ended_at IS NULL) = (result IS NULL))),
  CONSTRAINT calls_result_check CHECK ((result = ANY (ARRAY['answered'::text, 'machine'::text, 'busy'::text, 'no_answer'::text, 'rejected'::text, 'invalid_number'::text, 'unobtainable'::text, 'carrier_failure'::text, 'abandoned'::text, 'withdrawn'::text, 'system_failure'::text])))
);
CREATE INDEX calls_answered ON public.calls USING btree (shop_id, ended_at) INCLUDE (result) WHERE (result = ANY (ARRAY['answered'::text, 'abandoned'::text]));
CREATE INDEX calls_by_end ON public.calls USING btree (ended_at);
CREATE INDEX calls_by_line ON public.calls USING btree (trunk_id, line_taken_at);
CREATE INDEX calls_by_order ON public.calls USING btree (order_ref, planned_at);
CREATE INDEX calls_by_phone ON public.calls USING btree (phone_hash, planned_at);
CREATE INDEX calls_ended ON public.calls USING btree (shop_id, ended_at);
CREATE UNIQUE INDEX calls_one_live_per_order ON public.calls USING btree (order_ref) WHERE (ended_at IS NULL);
CREATE UNIQUE INDEX calls_one_live_per_phone ON public.calls USING btree (phone_hash) WHERE (ended_at IS NULL);

CREATE TABLE deliveries (
  id uuid NOT NULL,
  shop_id text NOT NULL,
  destination text NOT NULL,
  order_ref uuid NOT NULL,
  sequence integer NOT NULL,
  event text NOT NULL,
  body_encrypted text NOT NULL,
  state text NOT NULL DEFAULT 'pending'::text,
  tries integer NOT NULL DEFAULT 0,
  next_try_at timestamp with time zone NOT NULL DEFAULT now(),
  first_try_at timestamp with time zone,
  leased_until timestamp with time zone,
  leased_by uuid,
  last_status integer,
  last_error text,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  delivered_at timestamp with time zone,
  trace_id text NOT NULL,
  CONSTRAINT deliveries_shop_id_destination_order_ref_sequence_key UNIQUE (shop_id, destination, order_ref, sequence),
  CONSTRAINT deliveries_pkey PRIMARY KEY (id),
  CONSTRAINT deliveries_order_ref_fkey FOREIGN KEY (order_ref) REFERENCES orders(id),
  CONSTRAINT deliveries_shop_id_fkey FOREIGN KEY (shop_id) REFERENCES shops(shop_id),
  CONSTRAINT deliveries_event_check CHECK ((event = ANY (ARRAY['order.outcome'::text, 'order.attempt'::text, 'order.callback_scheduled'::text]))),
  CONSTRAINT deliveries_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'delivered'::text, 'parked'::text, 'disabled'::text, 'superseded'::text])))
);
CREATE INDEX deliveries_by_order ON public.deliveries USING btree (order_ref);
CREATE INDEX deliveries_due ON public.deliveries USING btree (next_try_at) WHERE (state = 'pending'::text);
CREATE INDEX deliveries_due_by_destination ON public.deliveries USING btree (shop_id, destination, next_try_at) WHERE (state = 'pending'::text);
CREATE INDEX deliveries_leased ON public.deliveries USING btree (leased_by) WHERE (leased_by IS NOT NULL);
CREATE INDEX deliveries_parked ON public.deliveries USING btree (shop_id, created_at) WHERE (state = ANY (ARRAY['parked'::text, 'disabled'::text]));
CREATE INDEX deliveries_pending ON public.deliveries USING btree (shop_id, created_at) WHERE (state = 'pending'::text);

CREATE TABLE destinations (
  shop_id text NOT NULL,
  name text NOT NULL,
  url text NOT NULL,
  events text[] NOT NULL,
  is_enabled boolean NOT NULL DEFAULT true,
  disabled_reason text,
  CONSTRAINT destinations_pkey PRIMARY KEY (shop_id, name),
  CONSTRAINT destinations_shop_id_fkey FOREIGN KEY (shop_id) REFERENCES shops(shop_id)
);

CREATE TABLE do_not_call (
  shop_id text NOT NULL,
  phone_hash bytea NOT NULL,
  order_ref uuid NOT NULL,
  listed_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT do_not_call_pkey PRIMARY KEY (shop_id, phone_hash),
  CONSTRAINT do_not_call_order_ref_fkey FOREIGN KEY (order_ref) REFERENCES orders(id),
  CONSTRAINT do_not_call_shop_id_fkey FOREIGN KEY (shop_id) REFERENCES shops(shop_id)
);
CREATE INDEX do_not_call_by_time ON public.do_not_call USING btree (listed_at);

CREATE TABLE group_homes (
  group_id text NOT NULL,
  node text NOT NULL,
  since timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT group_homes_pkey PRIMARY KEY (group_id)
);

CREATE TABLE groups (
  group_id text NOT NULL,
  name text NOT NULL,
  settings jsonb NOT NULL,
  CONSTRAINT groups_pkey PRIMARY KEY (group_id)
);

CREATE TABLE installation (
  key text NOT NULL,
  value_encrypted text NOT NULL,
  CONSTRAINT installation_pkey PRIMARY KEY (key)
);

CREATE TABLE leaders (
  group_id text NOT NULL,
  holder text NOT NULL,
  epoch bigint NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  reach integer NOT NULL DEFAULT 0,
  CONSTRAINT leaders_pkey PRIMARY KEY (group_id)
);

CREATE TABLE nodes (
  name text NOT NULL,
  weight double precision NOT NULL DEFAULT 1,
  is_drained boolean NOT NULL DEFAULT false,
  up_since timestamp with time zone,
  last_up_at timestamp with time zone,
  legs integer NOT NULL DEFAULT 0,
  CONSTRAINT nodes_pkey PRIMARY KEY (name)
);

CREATE TABLE order_timeline (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  shop_id text NOT NULL,
  order_ref uuid NOT NULL,
  at timestamp with time zone NOT NULL DEFAULT now(),
  kind text NOT NULL,
  data jsonb NOT NULL DEFAULT '{}'::jsonb,
  CONSTRAINT order_timeline_pkey PRIMARY KEY (id),
  CONSTRAINT order_timeline_order_ref_fkey FOREIGN KEY (order_ref) REFERENCES orders(id)
);
CREATE INDEX order_timeline_by_order ON public.order_timeline USING btree (order_ref, id);

CREATE TABLE order_tries (
  shop_id text NOT NULL,
  order_ref uuid NOT NULL,
  work text NOT NULL,
  failures integer NOT NULL DEFAULT 0,
  in_hands_of uuid,
  begun_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT order_tries_pkey PRIMARY KEY (order_ref, work),
  CONSTRAINT order_tries_work_check CHECK ((work = ANY (ARRAY['job'::text, 'call'::text, 'writeback'::text])))
);
CREATE INDEX order_tries_by_age ON public.order_tries USING btree (begun_at);
CREATE INDEX order_tries_in_hands ON public.order_tries USING btree (in_hands_of) WHERE (in_hands_of IS NOT NULL);

CREATE TABLE orders (
  id uuid NOT NULL,
  shop_id text NOT NULL,
  order_id text NOT NULL,
  version integer NOT NULL,
  status text NOT NULL,
  outcome text,
  phone_encrypted text,
  phone_hash bytea,
  card_encrypted text,
  priority smallint NOT NULL DEFAULT 0,
  registered_at timestamp with time zone NOT NULL,
  received_at timestamp with time zone NOT NULL DEFAULT now(),
  call_by timestamp with time zone,
  not_before timestamp with time zone,
  give_up_at timestamp with time zone,
  first_call_at timestamp with time zone,
  time_zones text[] NOT NULL DEFAULT '{}'::text[],
  routing_encrypted text,
  attempts_made integer NOT NULL DEFAULT 0,
  results jsonb NOT NULL DEFAULT '{}'::jsonb,
  is_abandoned_before boolean NOT NULL DEFAULT false,
  callback_at timestamp with time zone,
  callback_agent_id uuid,
  joinable_at timestamp with time zone,
  live_call_id uuid,
  withdraw_requested_at timestamp with time zone,
  withdraw_reason text,
  hold_reason text,
  wait_reason text,
  sequence integer NOT NULL DEFAULT 0,
  trace_id text NOT NULL,
  finished_at timestamp with time zone,
  due_at timestamp with time zone NOT NULL DEFAULT now(),
  is_due boolean NOT NULL DEFAULT true,
  turn_at timestamp with time zone NOT NULL DEFAULT now(),
  band smallint DEFAULT 
CASE
    WHEN is_abandoned_before THEN 0
    WHEN (callback_at IS NOT NULL) THEN 1
    ELSE (11 - priority)
END,
  row_version integer NOT NULL DEFAULT 0,
  CONSTRAINT orders_shop_id_order_id_key UNIQUE (shop_id, order_id),
  CONSTRAINT orders_pkey PRIMARY KEY (id),
  CONSTRAINT orders_shop_id_fkey FOREIGN KEY (shop_id) REFERENCES shops(shop_id),
  CONSTRAINT orders_check CHECK (((status = 'final'::text) = (outcome IS NOT NULL))),
  CONSTRAINT orders_check1 CHECK (((status = 'final'::text) OR (phone_hash IS NOT NULL))),
  CONSTRAINT orders_outcome_check CHECK ((outcome = ANY (ARRAY['confirmed'::text, 'changed'::text, 'declined'::text, 'unreachable'::text, 'invalid_number'::text, 'duplicate'::text, 'do_not_call'::text, 'withdrawn'::text, 'expired'::text, 'blocked'::text, 'failed'::text]))),
  CONSTRAINT orders_status_check CHECK ((status = ANY (ARRAY['accepted'::text, 'scheduled'::text, 'dialing'::text, 'ringing'::text, 'connected'::text, 'wrap_up'::text, 'final'::text])))
);
CREATE INDEX orders_accepted ON public.orders USING btree (received_at) WHERE (status = 'accepted'::text);
CREATE INDEX orders_dial_queue ON public.orders USING btree (shop_id, band, turn_at, received_at, id, due_at) WHERE ((status = 'scheduled'::text) AND (hold_reason IS NULL) AND is_due);
CREATE INDEX orders_give_up ON public.orders USING btree (give_up_at) WHERE (status = ANY (ARRAY['accepted'::text, 'scheduled'::text]));
CREATE INDEX orders_held ON public.orders USING btree (id) WHERE ((hold_reason IS NOT NULL) AND (status <> 'final'::text));
CREATE INDEX orders_not_yet_due ON public.orders USING btree (due_at) WHERE ((status = 'scheduled'::text) AND (hold_reason IS NULL) AND (NOT is_due));
CREATE INDEX orders_on_the_phone ON public.orders USING btree (phone_hash) WHERE (live_call_id IS NOT NULL);
CREATE INDEX orders_open_by_phone ON public.orders USING btree (phone_hash) WHERE (status <> 'final'::text);
CREATE INDEX orders_open_by_shop ON public.orders USING btree (shop_id, call_by) WHERE (status <> 'final'::text);
CREATE INDEX orders_owed_not_yet_due ON public.orders USING btree (due_at) WHERE ((status = 'scheduled'::text) AND (hold_reason IS NULL) AND (NOT is_due) AND (band < 2));
CREATE INDEX orders_tried ON public.orders USING btree (shop_id, attempts_made) WHERE ((status = 'scheduled'::text) AND (attempts_made > 0));

CREATE TABLE outbox (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  job text NOT NULL,
  job_key text,
  payload jsonb NOT NULL,
  trace_id text NOT NULL,
  run_at timestamp with time zone NOT NULL DEFAULT now(),
  leased_until timestamp with time zone,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT outbox_pkey PRIMARY KEY (id)
);
CREATE INDEX outbox_due ON public.outbox USING btree (run_at, id);

CREATE TABLE outcomes (
  id uuid NOT NULL,
  shop_id text NOT NULL,
  order_ref uuid NOT NULL,
  call_id uuid,
  agent_id uuid,
  word text NOT NULL,
  body_sha256 bytea NOT NULL,
  details_encrypted text NOT NULL,
  decided_at timestamp with time zone NOT NULL DEFAULT now(),
  sequence integer,
  CONSTRAINT outcomes_pkey PRIMARY KEY (id),
  CONSTRAINT outcomes_order_ref_fkey FOREIGN KEY (order_ref) REFERENCES orders(id),
  CONSTRAINT outcomes_shop_id_fkey FOREIGN KEY (shop_id) REFERENCES shops(shop_id)
);
CREATE INDEX outcomes_by_call ON public.outcomes USING btree (call_id);
CREATE INDEX outcomes_by_order ON public.outcomes USING btree (order_ref, decided_at);

CREATE TABLE pacing_decisions (
  group_id text NOT NULL,
  at timestamp with time zone NOT NULL,
  decision jsonb NOT NULL,
  CONSTRAINT pacing_decisions_pkey PRIMARY KEY (group_id)
);

CREATE TABLE processes (
  process_id uuid NOT NULL,
  name text NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  CONSTRAINT processes_pkey PRIMARY KEY (process_id)
);

CREATE TABLE shop_secrets (
  id uuid NOT NULL,
  shop_id text NOT NULL,
  kind text NOT NULL,
  destination text,
  secret_encrypted text,
  key_hash bytea,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  expires_at timestamp with time zone,
  CONSTRAINT shop_secrets_pkey PRIMARY KEY (id),
  CONSTRAINT shop_secrets_shop_id_fkey FOREIGN KEY (shop_id) REFERENCES shops(shop_id),
  CONSTRAINT shop_secrets_check CHECK (((kind = 'api_key'::text) = (key_hash IS NOT NULL))),
  CONSTRAINT shop_secrets_check1 CHECK (((kind = 'api_key'::text) = (secret_encrypted IS NULL))),
  CONSTRAINT shop_secrets_check2 CHECK (((kind = 'destination'::text) = (destination IS NOT NULL))),
  CONSTRAINT shop_secrets_kind_check CHECK ((kind = ANY (ARRAY['api_key'::text, 'webhook'::text, 'destination'::text])))
);
CREATE INDEX shop_secrets_by_shop ON public.shop_secrets USING btree (shop_id, kind);

CREATE TABLE shops (
  shop_id text NOT NULL,
  name text NOT NULL,
  settings jsonb NOT NULL,
  is_paused boolean NOT NULL DEFAULT false,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT shops_pkey PRIMARY KEY (shop_id)
);

CREATE TABLE trunks (
  trunk_id text NOT NULL,
  endpoint text NOT NULL,
  caller_ids text[] NOT NULL DEFAULT '{}'::text[],
  max_channels integer NOT NULL,
  calls_per_second numeric NOT NULL,
  prefixes text[] NOT NULL DEFAULT '{}'::text[],
  priority integer NOT NULL DEFAULT 0,
  is_enabled boolean NOT NULL DEFAULT true,
  CONSTRAINT trunks_pkey PRIMARY KEY (trunk_id)
);

CREATE TABLE webhook_messages (
  shop_id text NOT NULL,
  webhook_id text NOT NULL,
  body_sha256 bytea NOT NULL,
  type text NOT NULL,
  received_at timestamp with time zone NOT NULL DEFAULT now(),
  response text NOT NULL,
  CONSTRAINT webhook_messages_pkey PRIMARY KEY (shop_id, webhook_id),
  CONSTRAINT webhook_messages_shop_id_fkey FOREIGN KEY (shop_id) REFERENCES shops(shop_id)
);
CREATE INDEX webhook_messages_by_age ON public.webhook_messages USING btree (received_at);
