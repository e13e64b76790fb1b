CREATE SCHEMA tollhouse;
ALTER SCHEMA tollhouse OWNER TO tollhouse_owner;
COMMENT ON SCHEMA tollhouse IS 'Functions and views for application code.';
CREATE SCHEMA tollhouse_ops;
ALTER SCHEMA tollhouse_ops OWNER TO tollhouse_engine;
COMMENT ON SCHEMA tollhouse_ops IS 'Functions and views for operators and monitoring.';
CREATE SCHEMA tollhouse_private;
ALTER SCHEMA tollhouse_private OWNER TO tollhouse_owner;
COMMENT ON SCHEMA tollhouse_private IS 'Tables, guards and predicates; closed to login roles.';
CREATE SCHEMA tollhouse_worker;
ALTER SCHEMA tollhouse_worker OWNER TO tollhouse_engine;
COMMENT ON SCHEMA tollhouse_worker IS 'Functions for the worker.';
CREATE TYPE tollhouse_private.asked_call AS (
	endpoint text COLLATE pg_catalog."C",
	request jsonb,
	request_id text COLLATE pg_catalog."C",
	model text COLLATE pg_catalog."C",
	watermark text COLLATE pg_catalog."C",
	use_cache boolean,
	max_cost_micro_usd bigint,
	run_at timestamp with time zone,
	metadata jsonb
);
ALTER TYPE tollhouse_private.asked_call OWNER TO tollhouse_engine;
COMMENT ON TYPE tollhouse_private.asked_call IS 'What a client asks for: the parameters of enqueue.';
CREATE TYPE tollhouse_private.attempt_result AS (
	tenant_id text COLLATE pg_catalog."C",
	call_id uuid,
	attempt integer,
	outcome text COLLATE pg_catalog."C",
	sent boolean,
	http_status integer,
	error_code text COLLATE pg_catalog."C",
	error_message text COLLATE pg_catalog."C",
	retry_after_ms bigint,
	latency_ms integer,
	provider_request_id text COLLATE pg_catalog."C",
	input_tokens integer,
	cached_input_tokens integer,
	output_tokens integer,
	reasoning_tokens integer,
	saved_micro_usd bigint,
	provider text COLLATE pg_catalog."C",
	model text COLLATE pg_catalog."C",
	response jsonb,
	reasoning text COLLATE pg_catalog."C",
	metadata jsonb,
	materialize boolean,
	usage_doubtful boolean
);
ALTER TYPE tollhouse_private.attempt_result OWNER TO tollhouse_owner;
COMMENT ON TYPE tollhouse_private.attempt_result IS 'How one attempt ended, as the worker saw it. materialize: false leaves its materializer out, which had taken too long. usage_doubtful: what was reported contradicts itself, or can''t be.';
CREATE TYPE tollhouse_private.due AS (
	tenant_id text COLLATE pg_catalog."C",
	user_id text COLLATE pg_catalog."C",
	month date,
	hour timestamp with time zone,
	attempts bigint,
	reserved_micro_usd bigint,
	cost_micro_usd bigint
);
ALTER TYPE tollhouse_private.due OWNER TO tollhouse_owner;
COMMENT ON TYPE tollhouse_private.due IS 'What ended attempts cost who pays for them, a user or a tenant as a whole (user_id empty): the month that reserved it, the hour that it is booked in. attempts is 0 where a late result corrects what was booked.';
CREATE FUNCTION tollhouse_private.is_identifier(p_value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $_$
  -- Not {0,127}: bounded repetition makes a match several times slower, and every policy calls this.
  -- All of it is ASCII, so the length in bytes, which is known without a look at them, bounds what is looked at.
  select pg_catalog.octet_length(p_value) <= 128 and p_value collate "C" ~ '^[A-Za-z0-9][A-Za-z0-9._:@-]*$'
$_$;
ALTER FUNCTION tollhouse_private.is_identifier(p_value text) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.is_identifier(p_value text) IS 'Whether a text may name a tenant, user, endpoint or model: 1 to 128 of A-Z a-z 0-9 . _ : @ -, starting with a letter or digit; null for null.';
CREATE DOMAIN tollhouse_private.identifier AS text COLLATE pg_catalog."C"
	CONSTRAINT identifier_check CHECK (tollhouse_private.is_identifier(VALUE));
ALTER DOMAIN tollhouse_private.identifier OWNER TO tollhouse_owner;
COMMENT ON DOMAIN tollhouse_private.identifier IS 'Name of a tenant, user, endpoint or model.';
CREATE TYPE tollhouse_private.overrun AS (
	model text COLLATE pg_catalog."C",
	call_id uuid,
	factor numeric
);
ALTER TYPE tollhouse_private.overrun OWNER TO tollhouse_engine;
COMMENT ON TYPE tollhouse_private.overrun IS 'How many times what a call can cost at most it has billed.';
CREATE TYPE tollhouse_private.price AS (
	input bigint,
	cached_input bigint,
	output bigint,
	reasoning bigint
);
ALTER TYPE tollhouse_private.price OWNER TO tollhouse_owner;
COMMENT ON TYPE tollhouse_private.price IS 'Price of a million tokens of each kind, in micro-USD.';
CREATE TYPE tollhouse_private.work AS (
	place tid,
	tenant_id text COLLATE pg_catalog."C",
	call_id uuid,
	user_id text COLLATE pg_catalog."C",
	endpoint text COLLATE pg_catalog."C",
	created_at timestamp with time zone,
	request_bytes integer,
	max_output_tokens integer,
	requested_model text COLLATE pg_catalog."C",
	max_cost_micro_usd bigint,
	cache_key bytea,
	cache_scope text COLLATE pg_catalog."C",
	waits_for text COLLATE pg_catalog."C",
	attempts integer,
	unsent integer,
	spent_micro_usd bigint,
	provider_attempted boolean,
	worker_id uuid,
	started_at timestamp with time zone,
	provider text COLLATE pg_catalog."C",
	model text COLLATE pg_catalog."C",
	price tollhouse_private.price,
	reserved_micro_usd bigint,
	budget_month date
);
ALTER TYPE tollhouse_private.work OWNER TO tollhouse_owner;
COMMENT ON TYPE tollhouse_private.work IS 'What guards and settlement ask of a job, and where its row lies (place; null: nowhere, see settlement). What is large, the request above all, stays in the row. A place holds in the transaction that locked the row, and only for later statements of it.';
CREATE TYPE tollhouse_private.route AS (
	job tollhouse_private.work,
	provider text COLLATE pg_catalog."C",
	model text COLLATE pg_catalog."C",
	provider_model text COLLATE pg_catalog."C",
	timeout_ms integer,
	price tollhouse_private.price,
	reservation bigint,
	user_probe boolean,
	provider_probe boolean
);
ALTER TYPE tollhouse_private.route OWNER TO tollhouse_owner;
COMMENT ON TYPE tollhouse_private.route IS 'Where a call would go, at what price, what it could cost there at most (micro-USD), and which breakers it would probe.';
CREATE TABLE tollhouse_private.jobs (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    call_id uuid NOT NULL,
    user_id text NOT NULL COLLATE pg_catalog."C",
    endpoint text NOT NULL COLLATE pg_catalog."C",
    request_id text NOT NULL COLLATE pg_catalog."C",
    created_at timestamp with time zone NOT NULL,
    fingerprint bytea NOT NULL,
    request_bytes integer NOT NULL,
    max_output_tokens integer NOT NULL,
    requested_model text COLLATE pg_catalog."C",
    max_cost_micro_usd bigint,
    cache_key bytea,
    cache_scope text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    state text DEFAULT 'queued'::text NOT NULL COLLATE pg_catalog."C",
    run_at timestamp with time zone NOT NULL,
    waits_for text COLLATE pg_catalog."C",
    attempts integer DEFAULT 0 NOT NULL,
    unsent integer DEFAULT 0 NOT NULL,
    worker_id uuid,
    started_at timestamp with time zone,
    provider text COLLATE pg_catalog."C",
    model text COLLATE pg_catalog."C",
    price tollhouse_private.price,
    reserved_micro_usd bigint DEFAULT 0 NOT NULL,
    budget_month date,
    spent_micro_usd bigint DEFAULT 0 NOT NULL,
    need_micro_usd bigint,
    cost_basis text DEFAULT 'none'::text NOT NULL COLLATE pg_catalog."C",
    provider_attempted boolean DEFAULT false NOT NULL,
    error_code text COLLATE pg_catalog."C",
    error_message text COLLATE pg_catalog."C",
    metadata jsonb,
    request jsonb NOT NULL,
    line text COLLATE pg_catalog."C",
    CONSTRAINT jobs_line_check CHECK (((line IS NULL) OR (state = ANY (ARRAY['scheduled'::text, 'queued'::text])))),
    CONSTRAINT jobs_reserved_check CHECK ((reserved_micro_usd >= 0)),
    CONSTRAINT jobs_running_check CHECK ((((state = 'running'::text) = (worker_id IS NOT NULL)) AND ((state = 'running'::text) = (started_at IS NOT NULL)) AND ((state = 'running'::text) OR (reserved_micro_usd = 0)))),
    CONSTRAINT jobs_state_check CHECK ((state = ANY (ARRAY['scheduled'::text, 'queued'::text, 'coalesced'::text, 'running'::text]))),
    CONSTRAINT jobs_waits_for_check CHECK ((waits_for = ANY (ARRAY['run_at'::text, 'rate_limit'::text, 'budget'::text, 'backoff'::text, 'flight'::text])))
)
WITH (fillfactor='70', autovacuum_vacuum_threshold='500', autovacuum_vacuum_scale_factor='0.02', autovacuum_vacuum_cost_delay='0', autovacuum_analyze_threshold='1000', autovacuum_analyze_scale_factor='0.2');
ALTER TABLE ONLY tollhouse_private.jobs FORCE ROW LEVEL SECURITY;
ALTER TABLE tollhouse_private.jobs OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.jobs IS 'The hot queue: a row from enqueue until the outcome, then deleted.';
COMMENT ON COLUMN tollhouse_private.jobs.cache_key IS 'SHA-256 of who shares the answer (tenant, cache_scope) and what decides it (endpoint, watermark, request, models); null when the call may not use the cache.';
COMMENT ON COLUMN tollhouse_private.jobs.state IS 'scheduled: waits for run_at. queued: claimable. coalesced: waits for an identical request in flight. running: held by worker_id.';
COMMENT ON COLUMN tollhouse_private.jobs.waits_for IS 'Why it is waiting, or last was: run_at, set by its caller; rate_limit; budget, until calls in flight settle; backoff, after a failed attempt; flight, for an identical request.';
COMMENT ON COLUMN tollhouse_private.jobs.attempts IS 'Attempts begun, including the running one; the fencing token of record.';
COMMENT ON COLUMN tollhouse_private.jobs.unsent IS 'Attempts handed back before anything was sent; they do not count against max_attempts.';
COMMENT ON COLUMN tollhouse_private.jobs.price IS 'The price at which the running attempt was reserved and will be settled, even if the price list changes.';
COMMENT ON COLUMN tollhouse_private.jobs.reserved_micro_usd IS 'Reserved in budget_month for the running attempt.';
COMMENT ON COLUMN tollhouse_private.jobs.spent_micro_usd IS 'Cost of the attempts that ended without an outcome for the call.';
COMMENT ON COLUMN tollhouse_private.jobs.need_micro_usd IS 'What a call waiting for a budget would reserve there.';
COMMENT ON COLUMN tollhouse_private.jobs.line IS 'The rate limit it is in line for: scope and target.';
CREATE TYPE tollhouse_private.settlement AS (
	job tollhouse_private.work,
	result tollhouse_private.attempt_result,
	status text COLLATE pg_catalog."C",
	blocked_reason text COLLATE pg_catalog."C",
	was_cached boolean,
	sent boolean,
	breaker text COLLATE pg_catalog."C",
	cost_micro_usd bigint,
	cost_basis text COLLATE pg_catalog."C",
	retry_at timestamp with time zone,
	capture text COLLATE pg_catalog."C",
	cache_ttl interval,
	materializer text COLLATE pg_catalog."C",
	unqueued tollhouse_private.jobs,
	need_micro_usd bigint
);
ALTER TYPE tollhouse_private.settlement OWNER TO tollhouse_owner;
COMMENT ON TYPE tollhouse_private.settlement IS 'A call with what becomes of it: a final status, or a null status and the time of the next attempt. Cost is the ended attempt''s. capture: what may be kept of it; cache_ttl, materializer: its endpoint''s. unqueued: the whole job, where there is no row of it (job.place is null): enqueue closes it at once, or cancel has taken it out. need_micro_usd: what it could have cost at most, where a cap or its own limit refused that.';
CREATE TYPE tollhouse_private.turn AS (
	tenant_id text COLLATE pg_catalog."C",
	user_id text COLLATE pg_catalog."C",
	first uuid,
	taken boolean,
	calls integer,
	bytes bigint
);
ALTER TYPE tollhouse_private.turn OWNER TO tollhouse_owner;
COMMENT ON TYPE tollhouse_private.turn IS 'What a user may have of a batch: so many calls, the oldest from the first on, which may be taken already, until their requests have so many bytes.';
CREATE TYPE tollhouse_private.verdict AS (
	call_id uuid,
	verdict text COLLATE pg_catalog."C",
	reason text COLLATE pg_catalog."C",
	retry_at timestamp with time zone,
	need_micro_usd bigint
);
ALTER TYPE tollhouse_private.verdict OWNER TO tollhouse_owner;
COMMENT ON TYPE tollhouse_private.verdict IS 'A guard''s verdict on a call that it does not let pass: blocked (with a reason), cancelled, cached, coalesced, or deferred (its reason is the line it stands in: until retry_at, or until a budget has room). need_micro_usd: the most that the call could cost, if its budget or its own limit refuses that.';
CREATE FUNCTION tollhouse.cancel(p_call_id uuid) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
declare
  v_job tollhouse_private.jobs;
  v_settlements tollhouse_private.settlement[];
begin
  if tollhouse_private.current_tenant_id() is null then
    raise exception using errcode = 'TH001', message = 'no identity',
      hint = 'First, in the same transaction: select tollhouse.set_identity(''tenant'', ''user'').';
  end if;

  -- What a worker has in hand is not locked: its record would wait for this client's commit.
  begin
    select j.* into strict v_job
    from tollhouse_private.jobs as j
    where j.call_id = p_call_id
      and j.state <> 'running'
      and tollhouse_private.has_month(j.created_at)
    for update skip locked;
  exception
    -- Lets go of a row that was locked just as it began to run.
    when no_data_found then v_job := null;
  end;
  if v_job.call_id is not null then
    delete from tollhouse_private.jobs as j where j.tenant_id = v_job.tenant_id and j.call_id = v_job.call_id;
    v_settlements := array[tollhouse_private.ending(tollhouse_private.work_of(v_job, null), 'cancelled', p_unqueued => v_job)];
    perform tollhouse_private.close_calls(v_settlements, clock_timestamp());
    perform tollhouse_private.announce(v_settlements);
    if v_job.cache_key is not null and v_job.state <> 'coalesced' then
      -- Whatever waits for its answer is found by the worker that wakes up.
      insert into tollhouse_private.ended_flights (tenant_id, call_id, cache_key)
      values (v_job.tenant_id, v_job.call_id, v_job.cache_key);
    end if;
    perform tollhouse_private.wake_idle_worker();
    return 'cancelled';
  end if;

  insert into tollhouse_private.cancel_requests (tenant_id, call_id, user_id)
  select j.tenant_id, j.call_id, j.user_id
  from tollhouse_private.jobs as j
  where j.call_id = p_call_id
    and (
      select true from tollhouse_private.cancel_requests as cr
      where cr.tenant_id = j.tenant_id and cr.call_id = j.call_id
      limit 1
    ) is not true;
  select j.* into v_job from tollhouse_private.jobs as j where j.call_id = p_call_id;
  if found then
    perform tollhouse_private.tell('tollhouse_control', array['']);
    return case
      when tollhouse_private.has_month(v_job.created_at) then 'running'
      when v_job.state = 'coalesced' then 'queued'
      else v_job.state
    end;
  end if;
  return (
    select c.status
    from tollhouse_private.llm_api_calls as c
    where c.call_id = p_call_id
      and c.created_at = tollhouse_private.call_created_at(p_call_id)
  );
end
$$;
ALTER FUNCTION tollhouse.cancel(p_call_id uuid) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse.cancel(p_call_id uuid) IS 'Cancels a call of yours. Returns its status after that: cancelled; running (a worker has it: it is aborted and not tried again, and may still succeed); queued or scheduled in a month that the ledger has not got yet (it ends when a worker has made it); its final status if it was over; null if there is no such call for you. Raises TH001.';
CREATE FUNCTION tollhouse.done_channel() RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_identity record;
begin
  select i.* into v_identity from tollhouse_private.identity() as i;
  if v_identity.user_id is null then
    raise exception using
      errcode = 'TH001',
      message = 'no identity',
      hint = 'First, in the same transaction: select tollhouse.set_identity(''tenant'', ''user'').';
  end if;
  return tollhouse_private.done_channel_of(v_identity.tenant_id, v_identity.user_id);
end
$$;
ALTER FUNCTION tollhouse.done_channel() OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse.done_channel() IS 'Name of the channel to LISTEN on: each payload is the id of one finished call of yours. What enqueue answered at once is not announced. Raises TH001.';
CREATE FUNCTION tollhouse.enqueue(p_endpoint text, p_request jsonb, p_request_id text DEFAULT NULL::text, p_model text DEFAULT NULL::text, p_watermark text DEFAULT ''::text, p_use_cache boolean DEFAULT true, p_max_cost_micro_usd bigint DEFAULT NULL::bigint, p_run_at timestamp with time zone DEFAULT NULL::timestamp with time zone, p_metadata jsonb DEFAULT NULL::jsonb, OUT call_id uuid, OUT request_id text, OUT status text, OUT blocked_reason text, OUT was_cached boolean, OUT deduplicated boolean) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  p_endpoint constant text collate "C" := enqueue.p_endpoint;
  p_request_id constant text collate "C" := enqueue.p_request_id;
  p_model constant text collate "C" := enqueue.p_model;
  p_watermark constant text collate "C" := enqueue.p_watermark;
  v_identity record;
begin
  select i.* into v_identity from tollhouse_private.identity() as i;
  if v_identity.user_id is null then
    raise exception using errcode = 'TH001', message = 'no identity',
      hint = 'First, in the same transaction: select tollhouse.set_identity(''tenant'', ''user'').';
  end if;
  select e.* into call_id, request_id, status, blocked_reason, was_cached, deduplicated
  from tollhouse_private.enqueue_calls(v_identity.tenant_id, v_identity.user_id, array[
    row(p_endpoint, p_request, p_request_id, p_model, p_watermark, p_use_cache, p_max_cost_micro_usd, p_run_at, p_metadata)::tollhouse_private.asked_call
  ], false) as e;
end
$$;
ALTER FUNCTION tollhouse.enqueue(p_endpoint text, p_request jsonb, p_request_id text, p_model text, p_watermark text, p_use_cache boolean, p_max_cost_micro_usd bigint, p_run_at timestamp with time zone, p_metadata jsonb, OUT call_id uuid, OUT request_id text, OUT status text, OUT blocked_reason text, OUT was_cached boolean, OUT deduplicated boolean) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse.enqueue(p_endpoint text, p_request jsonb, p_request_id text, p_model text, p_watermark text, p_use_cache boolean, p_max_cost_micro_usd bigint, p_run_at timestamp with time zone, p_metadata jsonb, OUT call_id uuid, OUT request_id text, OUT status text, OUT blocked_reason text, OUT was_cached boolean, OUT deduplicated boolean) IS 'Asks for one LLM call. p_request: {"prompt": text} or {"messages": […]} with chat-completions parameters. p_request_id: the caller''s idempotency key at that endpoint, the same id with the same request is the same call; other users'' ids are their own. p_watermark: version of the data asked about; another one never hits the cache. status is scheduled, queued, or already success (from the cache) or blocked (blocked_reason says by which guard). Raises TH001 no identity, TH101 unknown endpoint, TH102 invalid request, TH103 too large, TH104 bad request id, TH105 negative cost, TH106 unknown model, TH107 request id reused, TH108 bad watermark, TH109 bad metadata, TH111 bad run_at, TH112 queue is full; then nothing is written.';
CREATE FUNCTION tollhouse.enqueue_as(p_tenant_id text, p_user_id text, p_endpoint text, p_request jsonb, p_request_id text DEFAULT NULL::text, p_model text DEFAULT NULL::text, p_watermark text DEFAULT ''::text, p_use_cache boolean DEFAULT true, p_max_cost_micro_usd bigint DEFAULT NULL::bigint, p_run_at timestamp with time zone DEFAULT NULL::timestamp with time zone, p_metadata jsonb DEFAULT NULL::jsonb, OUT call_id uuid, OUT request_id text, OUT status text, OUT blocked_reason text, OUT was_cached boolean, OUT deduplicated boolean) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  p_tenant_id constant text collate "C" := enqueue_as.p_tenant_id;
  p_user_id constant text collate "C" := enqueue_as.p_user_id;
  p_endpoint constant text collate "C" := enqueue_as.p_endpoint;
  p_request_id constant text collate "C" := enqueue_as.p_request_id;
  p_model constant text collate "C" := enqueue_as.p_model;
  p_watermark constant text collate "C" := enqueue_as.p_watermark;
begin
  -- Raises, unless that is who the session is from now on.
  perform tollhouse.set_identity(p_tenant_id, p_user_id);
  select e.* into call_id, request_id, status, blocked_reason, was_cached, deduplicated
  from tollhouse_private.enqueue_calls(p_tenant_id, p_user_id, array[
    row(p_endpoint, p_request, p_request_id, p_model, p_watermark, p_use_cache, p_max_cost_micro_usd, p_run_at, p_metadata)::tollhouse_private.asked_call
  ], false) as e;
end
$$;
ALTER FUNCTION tollhouse.enqueue_as(p_tenant_id text, p_user_id text, p_endpoint text, p_request jsonb, p_request_id text, p_model text, p_watermark text, p_use_cache boolean, p_max_cost_micro_usd bigint, p_run_at timestamp with time zone, p_metadata jsonb, OUT call_id uuid, OUT request_id text, OUT status text, OUT blocked_reason text, OUT was_cached boolean, OUT deduplicated boolean) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse.enqueue_as(p_tenant_id text, p_user_id text, p_endpoint text, p_request jsonb, p_request_id text, p_model text, p_watermark text, p_use_cache boolean, p_max_cost_micro_usd bigint, p_run_at timestamp with time zone, p_metadata jsonb, OUT call_id uuid, OUT request_id text, OUT status text, OUT blocked_reason text, OUT was_cached boolean, OUT deduplicated boolean) IS 'set_identity and enqueue in one statement and one round trip. The identity holds for the rest of the transaction. Raises as set_identity does (TH002 malformed, TH003 the login is bound to someone else), and as enqueue does.';
CREATE FUNCTION tollhouse.enqueue_many(p_calls jsonb) RETURNS TABLE(call_id uuid, request_id text, status text, blocked_reason text, was_cached boolean, deduplicated boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  c_keys constant text[] := array[
    'endpoint', 'request', 'request_id', 'model', 'watermark', 'use_cache', 'max_cost_micro_usd', 'run_at', 'metadata'
  ];
  v_identity record;
  v_calls tollhouse_private.asked_call[];
  v_known boolean;
  v_item record;
  v_key text collate "C";
  v_message text collate "C";
begin
  select i.* into v_identity from tollhouse_private.identity() as i;
  if v_identity.user_id is null then
    raise exception using errcode = 'TH001', message = 'no identity',
      hint = 'First, in the same transaction: select tollhouse.set_identity(''tenant'', ''user'').';
  end if;
  if p_calls is null or jsonb_typeof(p_calls) <> 'array' then
    raise exception using errcode = 'TH102', message = 'invalid request', detail = 'p_calls is not a JSON array',
      hint = 'Pass [{"endpoint": …, "request": …, "request_id": …}, …].';
  end if;

  begin
    select
      array_agg(row(
        c.endpoint, c.request, c.request_id, c.model, coalesce(c.watermark, ''), coalesce(c.use_cache, true), c.max_cost_micro_usd, c.run_at, c.metadata
      )::tollhouse_private.asked_call order by i.place),
      bool_and(i.body - c_keys = '{}')
    into v_calls, v_known
    from jsonb_array_elements(p_calls) with ordinality as i (body, place)
    cross join lateral jsonb_to_record(i.body) as c (
      endpoint text, request jsonb, request_id text, model text, watermark text, use_cache boolean,
      max_cost_micro_usd bigint, run_at timestamptz, metadata jsonb
    );
  exception
    when data_exception then v_known := false;
  end;

  -- Call by call, only to say which one is wrong, and why.
  if not v_known then
    for v_item in
      select i.body, i.place
      from jsonb_array_elements(p_calls) with ordinality as i (body, place)
      order by (i.body ->> 'endpoint') collate "C", (i.body ->> 'request_id') collate "C", i.place
    loop
      if jsonb_typeof(v_item.body) <> 'object' then
        raise exception using errcode = 'TH102', message = 'invalid request',
          detail = format('call %s of the array: it is not a JSON object', v_item.place),
          hint = 'Pass [{"endpoint": …, "request": …, "request_id": …}, …].';
      end if;
      select k.key into v_key from jsonb_object_keys(v_item.body) as k (key) where k.key <> all (c_keys) order by 1 limit 1;
      if found then
        raise exception using errcode = 'TH102', message = 'invalid request',
          detail = format('call %s of the array: unknown key %I', v_item.place, left(v_key, 60)),
          hint = 'Known: ' || array_to_string(c_keys, ', ') || '.';
      end if;
      begin
        perform tollhouse_private.refuse_call(row(
          c.endpoint, c.request, c.request_id, c.model, coalesce(c.watermark, ''), coalesce(c.use_cache, true), c.max_cost_micro_usd, c.run_at, c.metadata
        )::tollhouse_private.asked_call, v_item.place, clock_timestamp())
        from jsonb_to_record(v_item.body) as c (
          endpoint text, request jsonb, request_id text, model text, watermark text, use_cache boolean,
          max_cost_micro_usd bigint, run_at timestamptz, metadata jsonb
        );
      exception
        when data_exception then
          get stacked diagnostics v_message = message_text;
          raise exception using errcode = 'TH102', message = 'invalid request',
            detail = format('call %s of the array: %s', v_item.place, v_message),
            hint = 'A field has a value of the wrong type.';
      end;
    end loop;
  end if;
  return query select e.* from tollhouse_private.enqueue_calls(v_identity.tenant_id, v_identity.user_id, v_calls, true) as e;
end
$$;
ALTER FUNCTION tollhouse.enqueue_many(p_calls jsonb) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse.enqueue_many(p_calls jsonb) IS 'enqueue for each object of an array (keys: its parameters without p_), all or none; the error names the call. Rows come back ordered by endpoint and request id. Raises as enqueue does.';
CREATE FUNCTION tollhouse.enqueue_query(p_query text) RETURNS TABLE(status text, blocked_reason text, calls bigint, deduplicated bigint)
    LANGUAGE plpgsql
    AS $$
declare
  p_query constant pg_catalog.text collate pg_catalog."C" := enqueue_query.p_query;
  c_part_calls constant integer := 1000;
  c_part_bytes constant integer := 16777216;
  v_rows pg_catalog.refcursor;
  v_row pg_catalog.jsonb;
  v_more boolean;
  v_part pg_catalog.jsonb[] := array[]::pg_catalog.jsonb[];
  v_bytes bigint := 0;
  v_before bigint := 0;
  v_enqueues boolean := false;
  v_counts pg_catalog.jsonb;
  v_place bigint;
  v_message pg_catalog.text collate pg_catalog."C";
  v_detail pg_catalog.text collate pg_catalog."C";
  v_hint pg_catalog.text collate pg_catalog."C";
begin
  -- Raises without an identity, before the query runs.
  perform from tollhouse.enqueue_many('[]');
  if p_query is null then
    raise exception using errcode = 'TH102', message = 'invalid request', detail = 'p_query is null',
      hint = 'Pass one SELECT or VALUES whose columns are named as the parameters of enqueue, without p_.';
  end if;

  -- One block, so one subtransaction: with more than 64, every other session's snapshots would get dearer.
  begin
    -- In a subquery nothing but a SELECT or VALUES can be; and a cursor takes one statement.
    open v_rows no scroll for execute pg_catalog.format(
      E'select pg_catalog.to_jsonb(q.*) from (\n%s\n) as q', pg_catalog.rtrim(p_query, E' \t\r\n;')
    );
    loop
      fetch v_rows into v_row;
      v_more := found;
      if v_more then
        v_part := pg_catalog.array_append(v_part, v_row);
        v_bytes := v_bytes operator(pg_catalog.+) pg_catalog.pg_column_size(v_row);
      end if;
      if not v_more or pg_catalog.cardinality(v_part) operator(pg_catalog.=) c_part_calls or v_bytes operator(pg_catalog.>=) c_part_bytes then
        v_enqueues := true;
        v_counts := (
          select pg_catalog.jsonb_agg(pg_catalog.to_jsonb(t.*))
          from (
            select c.status, c.blocked_reason, pg_catalog.sum(c.calls) as calls, pg_catalog.sum(c.deduplicated) as deduplicated
            from (
              select e.status, e.blocked_reason, 1::bigint as calls, e.deduplicated::integer::bigint as deduplicated
              from tollhouse.enqueue_many(pg_catalog.to_jsonb(v_part)) as e
              union all
              select k.status, k.blocked_reason, k.calls, k.deduplicated
              from pg_catalog.jsonb_to_recordset(v_counts) as k (status pg_catalog.text, blocked_reason pg_catalog.text, calls bigint, deduplicated bigint)
            ) as c
            group by c.status, c.blocked_reason
          ) as t
        );
        v_enqueues := false;
        v_before := v_before operator(pg_catalog.+) pg_catalog.cardinality(v_part);
        v_part := array[]::pg_catalog.jsonb[];
        v_bytes := 0;
      end if;
      exit when not v_more;
    end loop;
    close v_rows;
  exception
    when others then
      get stacked diagnostics v_message = message_text, v_detail = pg_exception_detail, v_hint = pg_exception_hint;
      if v_enqueues then
        v_place := pg_catalog.substring(v_detail, '^call ([0-9]+) of the array: ')::bigint;
        if v_place is null then
          raise;
        end if;
        v_detail := pg_catalog.regexp_replace(v_detail, '^call [0-9]+ of the array: (unknown )?', '\1');
        raise exception using errcode = sqlstate, message = v_message,
          detail = case
            when pg_catalog.starts_with(v_detail, 'unknown key ') then pg_catalog.regexp_replace(v_detail, '^unknown key', 'unknown column')
            else pg_catalog.format('row %s of the query: %s', v_before operator(pg_catalog.+) v_place, v_detail)
          end,
          hint = v_hint;
      elsif sqlstate operator(pg_catalog.~) '^(0A|21|22|42)' and sqlstate operator(pg_catalog.<>) '42501' then
        raise exception using errcode = 'TH102', message = 'invalid request',
          detail = case
            when v_rows is null then pg_catalog.format('the query: %s', pg_catalog.left(v_message, 200))
            else pg_catalog.format('row %s of the query: %s', (v_before operator(pg_catalog.+) pg_catalog.cardinality(v_part)) operator(pg_catalog.+) 1, pg_catalog.left(v_message, 200))
          end,
          hint = 'Pass one SELECT or VALUES whose columns are named as the parameters of enqueue, without p_.';
      end if;
      raise;
  end;

  return query
  select k.status, k.blocked_reason, k.calls, k.deduplicated
  from pg_catalog.jsonb_to_recordset(v_counts) as k (status pg_catalog.text, blocked_reason pg_catalog.text, calls bigint, deduplicated bigint)
  order by k.status collate pg_catalog."C", k.blocked_reason collate pg_catalog."C";
end
$$;
ALTER FUNCTION tollhouse.enqueue_query(p_query text) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse.enqueue_query(p_query text) IS 'enqueue for each row of a query (columns: its parameters without p_; null counts as left out), all or none, in bounded memory. p_query: one SELECT or VALUES, which runs with the caller''s rights and search_path. Returns how many rows have which status, and how many of them were known already. No call can be claimed until the transaction commits. Where other transactions may use the same request ids, let the query order by endpoint and request id, or the two may deadlock (40P01). Raises as enqueue does, naming the row; TH102 also if the query fails or returns another column.';
CREATE FUNCTION tollhouse.explain(p_endpoint text, p_request_id text, p_user_id text DEFAULT NULL::text) RETURNS TABLE(call_id uuid, user_id text, status text, why text, what_to_do text, since timestamp with time zone, next_try_at timestamp with time zone, queue_position bigint, attempts integer, last_error text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  p_endpoint constant text collate "C" := explain.p_endpoint;
  p_request_id constant text collate "C" := explain.p_request_id;
  p_user_id constant text collate "C" := explain.p_user_id;
  v_key tollhouse_private.request_keys;
begin
  for v_key in
    select rk.* from tollhouse_private.request_keys as rk
    where rk.tenant_id = tollhouse_private.current_tenant_id() and rk.endpoint = p_endpoint and rk.request_id = p_request_id
      and (p_user_id is null or rk.user_id = p_user_id)
    order by rk.created_at desc
    limit 100
  loop
    return query select e.* from tollhouse_private.explain_call(v_key, clock_timestamp()) as e;
  end loop;
  if found then
    return;
  end if;

  status := 'unknown';
  if tollhouse_private.current_tenant_id() is null then
    why := 'The session has no identity, so no call is visible to you.';
    what_to_do := 'First, in the same transaction: select tollhouse.set_identity(''tenant'', ''user'').';
  elsif not exists (select from tollhouse_private.task_types as tt where tt.endpoint = p_endpoint) then
    why := format('There is no endpoint %L.', left(p_endpoint, 128));
    what_to_do := (select 'Known: ' || string_agg(tt.endpoint, ', ' order by tt.endpoint) || '.' from tollhouse_private.task_types as tt);
  else
    why := 'You have no call with this request id at this endpoint.';
    what_to_do := 'Check both, and that the transaction that enqueued it has committed.';
  end if;
  return next;
end
$$;
ALTER FUNCTION tollhouse.explain(p_endpoint text, p_request_id text, p_user_id text) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse.explain(p_endpoint text, p_request_id text, p_user_id text) IS 'Why your call is not running, or how it ended, in one row; why and what_to_do are sentences. queue_position is the call''s place among the queued calls of its user, 1 being the oldest; because tenants and users take turns, it is not the number of calls ahead of it. A tenant''s administrator gets a row for each user who has used the request id, for the 100 latest calls, newest first; p_user_id restricts it to one user.';
CREATE FUNCTION tollhouse.result(p_call_id uuid) RETURNS TABLE(call_id uuid, endpoint text, request_id text, status text, blocked_reason text, error_code text, error_message text, was_cached boolean, content text, response jsonb, model text, attempts integer, cost_micro_usd bigint, latency_ms integer, created_at timestamp with time zone, finished_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
declare
  v_created_at timestamptz := tollhouse_private.call_created_at(p_call_id);
begin
  if tollhouse_private.current_tenant_id() is null then
    raise exception using errcode = 'TH001', message = 'no identity',
      hint = 'First, in the same transaction: select tollhouse.set_identity(''tenant'', ''user'').';
  end if;

  return query
  select
    c.call_id, c.endpoint, c.request_id, c.status, c.blocked_reason, c.error_code, c.error_message, c.was_cached,
    answer.response ->> 'content', answer.response, c.model, c.attempts, c.cost_micro_usd, c.latency_ms,
    c.created_at, c.finished_at
  from tollhouse_private.llm_api_calls as c
  left join tollhouse_private.call_content as cc
    on cc.tenant_id = c.tenant_id and cc.call_id = p_call_id and cc.created_at = v_created_at
  left join tollhouse_private.deliveries as d
    on d.tenant_id = c.tenant_id and d.call_id = p_call_id and d.expires_at > now()
  cross join lateral (select coalesce(cc.response, d.response) as response) as answer
  -- In an order that only the primary key has: a plan made for an empty month would as soon take another index.
  where c.call_id between p_call_id and p_call_id
    and c.created_at = v_created_at
  order by c.call_id
  limit 1;
  if found then
    return;
  end if;

  return query
  select
    j.call_id, j.endpoint, j.request_id, case j.state when 'coalesced' then 'queued' else j.state end, null::text,
    j.error_code, j.error_message, false, null::text, null::jsonb, j.model, j.attempts - j.unsent, j.spent_micro_usd,
    null::integer, j.created_at, null::timestamptz
  from tollhouse_private.jobs as j
  where j.call_id = p_call_id;
end
$$;
ALTER FUNCTION tollhouse.result(p_call_id uuid) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse.result(p_call_id uuid) IS 'The current state of your call: one row, or none if you have no such call. content and response are null until status is success, and again once they are no longer kept. Raises TH001.';
CREATE FUNCTION tollhouse.set_identity(p_tenant_id text, p_user_id text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  p_tenant_id constant text collate "C" := set_identity.p_tenant_id;
  p_user_id constant text collate "C" := set_identity.p_user_id;
  v_identity record;
begin
  if (tollhouse_private.is_identifier(p_tenant_id) and tollhouse_private.is_identifier(p_user_id)) is not true then
    raise exception using
      errcode = 'TH002',
      message = 'malformed identity',
      detail = format('tenant %s, user %s', coalesce(quote_literal(left(p_tenant_id, 128)), 'null'), coalesce(quote_literal(left(p_user_id, 128)), 'null')),
      hint = 'Use 1 to 128 characters from A-Z a-z 0-9 . _ : @ -, starting with a letter or a digit.';
  end if;

  perform set_config('tollhouse.tenant_id', p_tenant_id, true);
  perform set_config('tollhouse.user_id', p_user_id, true);

  select i.* into v_identity from tollhouse_private.identity() as i;
  if v_identity.tenant_id is distinct from p_tenant_id or v_identity.user_id is distinct from p_user_id then
    raise exception using
      errcode = 'TH003',
      message = 'this login is bound to another identity',
      detail = format('login %I requested tenant %L, user %L', session_user, p_tenant_id, p_user_id),
      hint = 'Ask an operator to change the binding (tollhouse_ops.bind_login).';
  end if;
end
$$;
ALTER FUNCTION tollhouse.set_identity(p_tenant_id text, p_user_id text) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse.set_identity(p_tenant_id text, p_user_id text) IS 'Sets the tenant and user that this transaction acts for. It lasts until the end of the transaction, so it is safe behind a transaction pooler. Raises TH002 (malformed), TH003 (the login is bound to someone else).';
CREATE FUNCTION tollhouse.wait_for(p_call_id uuid, p_timeout interval DEFAULT '00:00:30'::interval) RETURNS TABLE(call_id uuid, endpoint text, request_id text, status text, blocked_reason text, error_code text, error_message text, was_cached boolean, content text, response jsonb, model text, attempts integer, cost_micro_usd bigint, latency_ms integer, created_at timestamp with time zone, finished_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
declare
  v_began timestamptz := clock_timestamp();
  v_deadline timestamptz := v_began + greatest('0', least(coalesce(p_timeout, '30 seconds'), '10 minutes'));
  v_waited double precision;
begin
  if tollhouse_private.current_tenant_id() is null then
    raise exception using errcode = 'TH001', message = 'no identity',
      hint = 'First, in the same transaction: select tollhouse.set_identity(''tenant'', ''user'').';
  end if;
  if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
    raise exception using errcode = 'TH113', message = 'waiting needs read committed',
      detail = format('the isolation level is %s', current_setting('transaction_isolation')),
      hint = 'This transaction keeps its snapshot and would never see the outcome: wait in a read committed transaction.';
  end if;
  -- In progress and visible: written by this transaction, or by a savepoint of it.
  if exists (
    select
    from tollhouse_private.jobs as j
    where j.call_id = p_call_id
      and age(j.xmin) <= 0
      and pg_xact_status((pg_current_xact_id_if_assigned()::text::numeric - age(j.xmin))::text::xid8) = 'in progress'
  ) then
    raise exception using errcode = 'TH110', message = 'this call is not committed yet',
      detail = format('call %s', p_call_id),
      hint = 'No worker can see it yet: commit, then wait in a new transaction.';
  end if;

  -- Each nap is a twelfth of the time waited so far, so latency stays below a tenth of it and polling slows down.
  while clock_timestamp() < v_deadline
    and exists (select from tollhouse_private.jobs as j where j.call_id = p_call_id)
  loop
    v_waited := extract(epoch from clock_timestamp() - v_began);
    perform pg_sleep(least(
      greatest(v_waited / 12, 0.002), 0.25, greatest(0, extract(epoch from v_deadline - clock_timestamp()))
    ));
  end loop;
  return query select r.* from tollhouse.result(p_call_id) as r;
end
$$;
ALTER FUNCTION tollhouse.wait_for(p_call_id uuid, p_timeout interval) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse.wait_for(p_call_id uuid, p_timeout interval) IS 'Waits until the call has finished or p_timeout (null: 30 seconds; at most 10 minutes) has passed, whichever is first, and returns its result: check status; no row if you have no such call. Returns a few milliseconds after the outcome is committed, or within a tenth of the time waited. Holds back vacuum while waiting: if many callers wait long, LISTEN on done_channel() instead. Raises TH001 no identity, TH110 in the transaction that enqueued the call, TH113 under an isolation level other than read committed.';
CREATE FUNCTION tollhouse_ops.bind_login(p_login name, p_tenant_id text, p_reason text, p_user_id text DEFAULT ''::text, p_reads_all_users boolean DEFAULT false) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  p_login constant name collate "C" := bind_login.p_login;
  p_tenant_id constant text collate "C" := bind_login.p_tenant_id;
  p_reason constant text collate "C" := bind_login.p_reason;
  p_user_id constant text collate "C" := bind_login.p_user_id;
  v_before jsonb;
  v_after jsonb;
begin
  perform tollhouse_private.check_value(
    exists (select from pg_catalog.pg_roles as r where r.rolname = p_login and r.rolcanlogin),
    format('login %s', coalesce(quote_literal(p_login), 'null')), 'Create the login role first.');
  perform tollhouse_private.check_target('tenant', p_tenant_id);
  if p_user_id is distinct from '' then
    perform tollhouse_private.check_target('user', p_user_id);
  end if;
  v_before := tollhouse_private.drop_bindings(p_login);
  insert into tollhouse_private.login_bindings as lb (login, login_oid, tenant_id, user_id, reads_all_users)
  select r.rolname, r.oid, p_tenant_id, nullif(p_user_id, ''), coalesce(p_reads_all_users, false)
  from pg_catalog.pg_roles as r
  where r.rolname = p_login
  on conflict (login, login_oid) do update
  set tenant_id = excluded.tenant_id, user_id = excluded.user_id, reads_all_users = excluded.reads_all_users
  returning to_jsonb(lb) - 'login_oid' into v_after;
  perform tollhouse_private.audit('bind_login', jsonb_build_object('login', p_login), p_reason, v_before, v_after);
end
$$;
ALTER FUNCTION tollhouse_ops.bind_login(p_login name, p_tenant_id text, p_reason text, p_user_id text, p_reads_all_users boolean) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_ops.bind_login(p_login name, p_tenant_id text, p_reason text, p_user_id text, p_reads_all_users boolean) IS 'Binds a login, even if it is renamed, to this tenant, and to this user if given, from its next statement on; p_reads_all_users makes it the tenant''s administrator. Raises TH301, TH303.';
CREATE FUNCTION tollhouse_ops.close_breaker(p_provider text, p_reason text, p_tenant_id text DEFAULT ''::text, p_user_id text DEFAULT ''::text) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select tollhouse_private.wake_idle_worker();
  select tollhouse_private.move_breaker('close_breaker', p_provider collate "C", p_tenant_id collate "C", p_user_id collate "C", 'closed', null, p_reason collate "C")
$$;
ALTER FUNCTION tollhouse_ops.close_breaker(p_provider text, p_reason text, p_tenant_id text, p_user_id text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_ops.close_breaker(p_provider text, p_reason text, p_tenant_id text, p_user_id text) IS 'Closes the breaker of a provider or of one user and resets its failure count. False if it was already closed. Raises TH301, TH302, TH303.';
CREATE FUNCTION tollhouse_ops.drop_queue_limit(p_tenant_id text, p_reason text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  p_tenant_id constant text collate "C" := drop_queue_limit.p_tenant_id;
  p_reason constant text collate "C" := drop_queue_limit.p_reason;
  v_before jsonb;
begin
  perform tollhouse_private.check_target('tenant', p_tenant_id);
  delete from tollhouse_private.queue_limits as ql where ql.tenant_id = p_tenant_id returning to_jsonb(ql) into v_before;
  if not found then
    return false;
  end if;
  perform tollhouse_private.audit('drop_queue_limit', jsonb_build_object('tenant_id', p_tenant_id), p_reason, v_before, null);
  return true;
end
$$;
ALTER FUNCTION tollhouse_ops.drop_queue_limit(p_tenant_id text, p_reason text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_ops.drop_queue_limit(p_tenant_id text, p_reason text) IS 'Removes a tenant''s own limit, so that the default applies to it; false if it had none. Raises TH301, TH303.';
CREATE FUNCTION tollhouse_ops.drop_rate_limit(p_scope text, p_target text, p_reason text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  p_scope constant text collate "C" := drop_rate_limit.p_scope;
  p_target constant text collate "C" := drop_rate_limit.p_target;
  p_reason constant text collate "C" := drop_rate_limit.p_reason;
  v_before jsonb;
begin
  delete from tollhouse_private.rate_limits as rl where rl.scope = p_scope and rl.target = p_target returning to_jsonb(rl) into v_before;
  if not found then
    return false;
  end if;
  perform tollhouse_private.audit('drop_rate_limit', jsonb_build_object('scope', p_scope, 'target', p_target), p_reason, v_before, null);
  return true;
end
$$;
ALTER FUNCTION tollhouse_ops.drop_rate_limit(p_scope text, p_target text, p_reason text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_ops.drop_rate_limit(p_scope text, p_target text, p_reason text) IS 'Removes a limit; false if there was none. Raises TH301.';
CREATE FUNCTION tollhouse_ops.explain(p_tenant_id text, p_endpoint text, p_request_id text, p_user_id text DEFAULT NULL::text) RETURNS TABLE(call_id uuid, user_id text, status text, why text, what_to_do text, since timestamp with time zone, next_try_at timestamp with time zone, queue_position bigint, attempts integer, last_error text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  p_tenant_id constant text collate "C" := explain.p_tenant_id;
  p_endpoint constant text collate "C" := explain.p_endpoint;
  p_request_id constant text collate "C" := explain.p_request_id;
  p_user_id constant text collate "C" := explain.p_user_id;
  v_key tollhouse_private.request_keys;
begin
  for v_key in
    select rk.* from tollhouse_private.request_keys as rk
    where rk.tenant_id = p_tenant_id and rk.endpoint = p_endpoint and rk.request_id = p_request_id
      and (p_user_id is null or rk.user_id = p_user_id)
    order by rk.created_at desc
    limit 100
  loop
    return query select e.* from tollhouse_private.explain_call(v_key, clock_timestamp()) as e;
  end loop;
  if found then
    return;
  end if;
  status := 'unknown';
  why := format('Tenant %L has no call with this request id at endpoint %L%s.', left(p_tenant_id, 128), left(p_endpoint, 128),
    case when p_user_id is not null then format(' of user %L', left(p_user_id, 128)) else '' end);
  what_to_do := 'Check all of these, and that the transaction that enqueued it has committed.';
  return next;
end
$$;
ALTER FUNCTION tollhouse_ops.explain(p_tenant_id text, p_endpoint text, p_request_id text, p_user_id text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_ops.explain(p_tenant_id text, p_endpoint text, p_request_id text, p_user_id text) IS 'tollhouse.explain for operators: a row for each user who has used the request id, for the 100 latest calls, newest first; p_user_id restricts it to one user.';
CREATE FUNCTION tollhouse_ops.explain_ended(p_tenant_id text, p_call_id uuid, p_created_at timestamp with time zone, OUT why text, OUT what_to_do text) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  p_tenant_id constant text collate "C" := explain_ended.p_tenant_id;
begin
  select e.why, e.what_to_do into why, what_to_do
  from tollhouse_private.llm_api_calls as c
  cross join lateral tollhouse_private.explain_ended(c, clock_timestamp()) as e
  where c.tenant_id = p_tenant_id and c.call_id = p_call_id and c.created_at = p_created_at;
end
$$;
ALTER FUNCTION tollhouse_ops.explain_ended(p_tenant_id text, p_call_id uuid, p_created_at timestamp with time zone, OUT why text, OUT what_to_do text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_ops.explain_ended(p_tenant_id text, p_call_id uuid, p_created_at timestamp with time zone, OUT why text, OUT what_to_do text) IS 'For a row of the ledger: how the call ended, and what its caller can do about it, as sentences.';
CREATE FUNCTION tollhouse_ops.forget_overrun(p_model text, p_reason text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  p_model constant text collate "C" := forget_overrun.p_model;
  p_reason constant text collate "C" := forget_overrun.p_reason;
  v_before jsonb;
begin
  with gone as (
    delete from tollhouse_private.model_overruns as mo
    where mo.ctid = any (array(
      select o.ctid from tollhouse_private.model_overruns as o where o.model = p_model order by o.day for update
    ))
    returning mo.*
  )
  select jsonb_build_object('factor', max(g.factor), 'highest', max(g.highest), 'call_ids', jsonb_agg(g.call_id order by g.day))
  into v_before
  from gone as g
  having count(*) > 0;
  if not found then
    return false;
  end if;
  perform tollhouse_private.audit('forget_overrun', jsonb_build_object('model', p_model), p_reason, v_before, null);
  return true;
end
$$;
ALTER FUNCTION tollhouse_ops.forget_overrun(p_model text, p_reason text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_ops.forget_overrun(p_model text, p_reason text) IS 'Lets calls to a model reserve only their highest possible cost again, until the next overrun; false if there was none. Raises TH301.';
CREATE FUNCTION tollhouse_ops.lift_kill_switch(p_scope text, p_target text, p_reason text, p_tenant_id text DEFAULT ''::text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  p_scope constant text collate "C" := lift_kill_switch.p_scope;
  p_target constant text collate "C" := lift_kill_switch.p_target;
  p_reason constant text collate "C" := lift_kill_switch.p_reason;
  p_tenant_id constant text collate "C" := lift_kill_switch.p_tenant_id;
  v_tenant_id text collate "C" := coalesce(nullif(p_tenant_id, ''), case p_scope when 'tenant' then p_target else '' end);
  v_before jsonb;
begin
  delete from tollhouse_private.kill_switches as ks
  where ks.scope = p_scope and ks.tenant_id = v_tenant_id and ks.target = p_target
  returning to_jsonb(ks) into v_before;
  if not found then
    return false;
  end if;
  perform tollhouse_private.audit('lift_kill_switch',
    jsonb_build_object('scope', p_scope, 'tenant_id', nullif(v_tenant_id, ''), 'target', p_target), p_reason, v_before, null);
  perform tollhouse_private.wake_idle_worker();
  return true;
end
$$;
ALTER FUNCTION tollhouse_ops.lift_kill_switch(p_scope text, p_target text, p_reason text, p_tenant_id text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_ops.lift_kill_switch(p_scope text, p_target text, p_reason text, p_tenant_id text) IS 'Lifts one switch; false if it was not pulled. Raises TH301.';
CREATE FUNCTION tollhouse_ops.lift_shutoff(p_tenant_id text, p_user_id text, p_reason text) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select tollhouse_private.wake_idle_worker();
  select tollhouse_private.change_shutoff('lift_shutoff', p_tenant_id collate "C", p_user_id collate "C",
    '{"disabled_until": null, "mode": null, "reason": null}', p_reason collate "C")
$$;
ALTER FUNCTION tollhouse_ops.lift_shutoff(p_tenant_id text, p_user_id text, p_reason text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_ops.lift_shutoff(p_tenant_id text, p_user_id text, p_reason text) IS 'Ends a shutoff early; the threshold stays. False if there was none. Raises TH301, TH303.';
CREATE FUNCTION tollhouse_ops.open_breaker(p_provider text, p_reason text, p_tenant_id text DEFAULT ''::text, p_user_id text DEFAULT ''::text, p_cooldown interval DEFAULT NULL::interval) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  p_provider constant text collate "C" := open_breaker.p_provider;
  p_reason constant text collate "C" := open_breaker.p_reason;
  p_tenant_id constant text collate "C" := open_breaker.p_tenant_id;
  p_user_id constant text collate "C" := open_breaker.p_user_id;
begin
  perform tollhouse_private.check_value(p_cooldown is null or (p_cooldown > '0' and p_cooldown <= '366 days'),
    format('cooldown %s', p_cooldown), 'Give a positive interval of at most 366 days, or null for the provider''s own.');
  perform tollhouse_private.move_breaker('open_breaker', p_provider, p_tenant_id, p_user_id, 'open',
    clock_timestamp() + coalesce(p_cooldown, (select p.cooldown from tollhouse_private.providers as p where p.provider = p_provider)),
    p_reason);
end
$$;
ALTER FUNCTION tollhouse_ops.open_breaker(p_provider text, p_reason text, p_tenant_id text, p_user_id text, p_cooldown interval) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_ops.open_breaker(p_provider text, p_reason text, p_tenant_id text, p_user_id text, p_cooldown interval) IS 'Opens the breaker of a provider or of one user; after the cool-down it probes as usual. Raises TH301, TH302, TH303.';
CREATE FUNCTION tollhouse_ops.pull_kill_switch(p_scope text, p_target text, p_reason text, p_tenant_id text DEFAULT ''::text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  p_scope constant text collate "C" := pull_kill_switch.p_scope;
  p_target constant text collate "C" := pull_kill_switch.p_target;
  p_reason constant text collate "C" := pull_kill_switch.p_reason;
  p_tenant_id constant text collate "C" := pull_kill_switch.p_tenant_id;
  v_tenant_id text collate "C" := coalesce(nullif(p_tenant_id, ''), case p_scope when 'tenant' then p_target else '' end);
  v_before jsonb;
  v_after jsonb;
begin
  perform tollhouse_private.check_value(
    p_scope in ('global', 'provider', 'model', 'endpoint', 'tenant', 'user'),
    format('scope %s', coalesce(quote_literal(p_scope), 'null')),
    'A scope is global, provider, model, endpoint, tenant or user.');
  if p_scope = 'global' then
    perform tollhouse_private.check_value(p_target = '*', format('target %s', coalesce(quote_literal(p_target), 'null')), 'The target of global is *.');
  else
    perform tollhouse_private.check_target(p_scope, p_target);
  end if;
  if p_scope = 'user' then
    perform tollhouse_private.check_value(v_tenant_id <> '', format('user %L without a tenant', p_target), 'Name the user''s tenant: p_tenant_id => ''acme''.');
    perform tollhouse_private.check_target('tenant', v_tenant_id);
  else
    perform tollhouse_private.check_value(v_tenant_id = case p_scope when 'tenant' then p_target else '' end,
      format('tenant %L', v_tenant_id), 'Only a user switch takes a tenant; this one would also stop calls of other tenants.');
  end if;

  select to_jsonb(ks) into v_before
  from tollhouse_private.kill_switches as ks
  where ks.scope = p_scope and ks.tenant_id = v_tenant_id and ks.target = p_target;
  insert into tollhouse_private.kill_switches as ks (scope, tenant_id, target, reason, set_by, set_at)
  values (p_scope, v_tenant_id, p_target, coalesce(p_reason, ''), session_user, clock_timestamp())
  on conflict (scope, tenant_id, target) do update
  set reason = excluded.reason, set_by = excluded.set_by, set_at = excluded.set_at
  returning to_jsonb(ks) into v_after;

  perform tollhouse_private.audit('pull_kill_switch',
    jsonb_build_object('scope', p_scope, 'tenant_id', nullif(v_tenant_id, ''), 'target', p_target), p_reason, v_before, v_after);
  perform tollhouse_private.tell('tollhouse_control', array['']);
end
$$;
ALTER FUNCTION tollhouse_ops.pull_kill_switch(p_scope text, p_target text, p_reason text, p_tenant_id text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_ops.pull_kill_switch(p_scope text, p_target text, p_reason text, p_tenant_id text) IS 'Stops matching calls, at the next decision and in flight, until lift_kill_switch. p_scope: global (target *), provider, model, endpoint, tenant, or user (with p_tenant_id). Raises TH301, TH302, TH303.';
CREATE FUNCTION tollhouse_ops.resume_everything(p_reason text) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select tollhouse_ops.lift_kill_switch('global', '*', p_reason collate "C")
$$;
ALTER FUNCTION tollhouse_ops.resume_everything(p_reason text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_ops.resume_everything(p_reason text) IS 'Lifts the global switch; narrower ones stay. False if it was not pulled. Raises TH301.';
CREATE FUNCTION tollhouse_ops.set_capture_policy(p_tenant_id text, p_policy text, p_reason text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  p_tenant_id constant text collate "C" := set_capture_policy.p_tenant_id;
  p_policy constant text collate "C" := set_capture_policy.p_policy;
  p_reason constant text collate "C" := set_capture_policy.p_reason;
  v_before jsonb;
begin
  perform tollhouse_private.check_target('tenant', p_tenant_id);
  perform tollhouse_private.check_value(p_policy in ('full', 'metadata', 'none'),
    format('policy %s', coalesce(quote_literal(p_policy), 'null')), 'A policy is full, metadata or none.');
  select to_jsonb(ts) into v_before from tollhouse_private.tenant_settings as ts where ts.tenant_id = p_tenant_id;
  insert into tollhouse_private.tenant_settings (tenant_id, capture_policy)
  values (p_tenant_id, p_policy)
  on conflict (tenant_id) do update set capture_policy = excluded.capture_policy;
  perform tollhouse_private.audit('set_capture_policy', jsonb_build_object('tenant_id', p_tenant_id), p_reason, v_before,
    jsonb_build_object('capture_policy', p_policy));
end
$$;
ALTER FUNCTION tollhouse_ops.set_capture_policy(p_tenant_id text, p_policy text, p_reason text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_ops.set_capture_policy(p_tenant_id text, p_policy text, p_reason text) IS 'Sets what is kept of a tenant''s calls from now on: full, metadata or none. Raises TH301, TH303.';
CREATE FUNCTION tollhouse_ops.set_hourly_threshold(p_tenant_id text, p_user_id text, p_threshold_micro_usd bigint, p_reason text, p_cooldown interval DEFAULT NULL::interval) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  p_tenant_id constant text collate "C" := set_hourly_threshold.p_tenant_id;
  p_user_id constant text collate "C" := set_hourly_threshold.p_user_id;
  p_reason constant text collate "C" := set_hourly_threshold.p_reason;
  v_hour timestamptz := date_trunc('hour', clock_timestamp(), 'UTC');
  v_until timestamptz;
  v_change jsonb := jsonb_build_object('threshold_micro_usd', p_threshold_micro_usd, 'cooldown', p_cooldown);
  v_spent bigint;
  v_tripped_at bigint;
begin
  perform tollhouse_private.check_target('tenant', p_tenant_id);
  if p_user_id is distinct from '' then
    perform tollhouse_private.check_target('user', p_user_id);
  end if;
  perform tollhouse_private.check_value(p_threshold_micro_usd is null or p_threshold_micro_usd > 0,
    format('threshold %s', p_threshold_micro_usd), 'Give micro-USD above 0, or null for none.');
  perform tollhouse_private.check_value(p_cooldown is null or (p_cooldown > '0' and p_cooldown <= '366 days'),
    format('cooldown %s', p_cooldown), 'Give a positive interval of at most 366 days, or null for the rest of the hour.');

  if p_threshold_micro_usd is not null then
    -- Locks the hour, then the shutoff, as book_hour does; creates the hour if missing, so as to wait for concurrent bookings.
    insert into tollhouse_private.hourly_spend (tenant_id, user_id, hour) values (p_tenant_id, p_user_id, v_hour) on conflict do nothing;
    select hs.spent_micro_usd, hs.tripped_at_micro_usd into v_spent, v_tripped_at
    from tollhouse_private.hourly_spend as hs
    where hs.tenant_id = p_tenant_id and hs.user_id = p_user_id and hs.hour = v_hour
    for update;
  end if;
  if v_spent - v_tripped_at >= p_threshold_micro_usd then
    v_until := coalesce(clock_timestamp() + p_cooldown, v_hour + interval '1 hour');
    update tollhouse_private.hourly_spend as hs
    set tripped_at_micro_usd = hs.spent_micro_usd
    where hs.tenant_id = p_tenant_id and hs.user_id = p_user_id and hs.hour = v_hour;
    -- A longer shutoff, set by an operator, stays as it is.
    if not exists (
      select from tollhouse_private.hourly_shutoffs as so
      where so.tenant_id = p_tenant_id and so.user_id = p_user_id and so.disabled_until >= v_until
    ) then
      v_change := v_change || jsonb_build_object('disabled_until', v_until, 'mode', 'automatic',
        'reason', format('spent %s of %s USD in the hour', trim_scale(round(v_spent / 1000000.0, 6)), trim_scale(round(p_threshold_micro_usd / 1000000.0, 6))));
    end if;
  end if;
  perform tollhouse_private.change_shutoff('set_hourly_threshold', p_tenant_id, p_user_id, v_change, p_reason);
end
$$;
ALTER FUNCTION tollhouse_ops.set_hourly_threshold(p_tenant_id text, p_user_id text, p_threshold_micro_usd bigint, p_reason text, p_cooldown interval) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_ops.set_hourly_threshold(p_tenant_id text, p_user_id text, p_threshold_micro_usd bigint, p_reason text, p_cooldown interval) IS 'Sets the spend in one hour, in micro-USD, that automatically shuts off a tenant (p_user_id empty) or user, for p_cooldown or the rest of the hour; takes effect at once if this hour''s spend has reached it. Raises TH301, TH303.';
CREATE FUNCTION tollhouse_ops.set_model(p_model text, p_provider text, p_provider_model text, p_reason text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  p_model constant text collate "C" := set_model.p_model;
  p_provider constant text collate "C" := set_model.p_provider;
  p_provider_model constant text collate "C" := set_model.p_provider_model;
  p_reason constant text collate "C" := set_model.p_reason;
  v_before jsonb;
  v_after jsonb;
begin
  perform tollhouse_private.check_target('name', p_model);
  perform tollhouse_private.check_target('provider', p_provider);
  perform tollhouse_private.check_value(tollhouse_private.has_visible(p_provider_model) and length(p_provider_model) <= 256,
    format('provider model %s', coalesce(quote_literal(p_provider_model), 'null')), 'Give the provider''s own name for the model.');
  select to_jsonb(m) into v_before from tollhouse_private.models as m where m.model = p_model;
  insert into tollhouse_private.models as m (model, provider, provider_model)
  values (p_model, p_provider, p_provider_model)
  on conflict (model) do update set provider = excluded.provider, provider_model = excluded.provider_model
  returning to_jsonb(m) into v_after;
  perform tollhouse_private.audit('set_model', jsonb_build_object('model', p_model), p_reason, v_before, v_after);
end
$$;
ALTER FUNCTION tollhouse_ops.set_model(p_model text, p_provider text, p_provider_model text, p_reason text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_ops.set_model(p_model text, p_provider text, p_provider_model text, p_reason text) IS 'Adds a model or changes its provider. It needs prices and an endpoint before it can be used. Raises TH301, TH302, TH303.';
CREATE FUNCTION tollhouse_ops.set_monthly_cap(p_tenant_id text, p_user_id text, p_cap_micro_usd bigint, p_reason text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  p_tenant_id constant text collate "C" := set_monthly_cap.p_tenant_id;
  p_user_id constant text collate "C" := set_monthly_cap.p_user_id;
  p_reason constant text collate "C" := set_monthly_cap.p_reason;
  v_before jsonb;
begin
  perform tollhouse_private.check_target('tenant', p_tenant_id);
  if p_user_id is distinct from '' then
    perform tollhouse_private.check_target('user', p_user_id);
  end if;
  perform tollhouse_private.check_value(p_cap_micro_usd is null or p_cap_micro_usd >= 0,
    format('cap %s', p_cap_micro_usd), 'Give micro-USD (1 USD = 1000000), 0 to allow nothing, or null for no cap.');

  select jsonb_build_object('cap_micro_usd', bc.cap_micro_usd) into v_before
  from tollhouse_private.budget_caps as bc
  where bc.tenant_id = p_tenant_id and bc.user_id = p_user_id;
  if p_cap_micro_usd is null then
    delete from tollhouse_private.budget_caps as bc where bc.tenant_id = p_tenant_id and bc.user_id = p_user_id;
  else
    insert into tollhouse_private.budget_caps (tenant_id, user_id, cap_micro_usd)
    values (p_tenant_id, p_user_id, p_cap_micro_usd)
    on conflict (tenant_id, user_id) do update set cap_micro_usd = excluded.cap_micro_usd;
  end if;
  -- The row is created now, so that no claim can copy the old cap into it; near the end of a month, the next month's too.
  insert into tollhouse_private.monthly_budgets (tenant_id, user_id, month, cap_micro_usd)
  select distinct p_tenant_id, p_user_id, tollhouse_private.budget_month(clock_timestamp() + ahead), p_cap_micro_usd
  from unnest(array[interval '0', interval '1 hour']) as ahead
  order by 3
  on conflict (tenant_id, user_id, month) do update set cap_micro_usd = excluded.cap_micro_usd;
  update tollhouse_private.monthly_budgets as mb
  set cap_micro_usd = p_cap_micro_usd
  where mb.tenant_id = p_tenant_id
    and mb.user_id = p_user_id
    and mb.month > tollhouse_private.budget_month(clock_timestamp())
    and mb.cap_micro_usd is distinct from p_cap_micro_usd;

  perform tollhouse_private.call_up_budget(p_tenant_id, array[p_user_id], clock_timestamp());
  perform tollhouse_private.audit('set_monthly_cap',
    jsonb_build_object('tenant_id', p_tenant_id, 'user_id', nullif(p_user_id, '')), p_reason,
    v_before, jsonb_build_object('cap_micro_usd', p_cap_micro_usd));
end
$$;
ALTER FUNCTION tollhouse_ops.set_monthly_cap(p_tenant_id text, p_user_id text, p_cap_micro_usd bigint, p_reason text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_ops.set_monthly_cap(p_tenant_id text, p_user_id text, p_cap_micro_usd bigint, p_reason text) IS 'Sets the monthly cap (UTC) of a tenant (p_user_id empty) or user, in micro-USD, from now on; null: no cap. A cap below what is already spent stops further calls. Raises TH301, TH303.';
CREATE FUNCTION tollhouse_ops.set_price(p_model text, p_kind text, p_micro_usd_per_million bigint, p_reason text, p_effective_from timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  p_model constant text collate "C" := set_price.p_model;
  p_kind constant text collate "C" := set_price.p_kind;
  p_reason constant text collate "C" := set_price.p_reason;
  v_now timestamptz := clock_timestamp();
  v_in_force boolean;
  v_from timestamptz;
begin
  perform tollhouse_private.check_target('model', p_model);
  perform tollhouse_private.check_value(p_kind in ('input', 'cached_input', 'output', 'reasoning'),
    format('kind %s', coalesce(quote_literal(p_kind), 'null')), 'A kind is input, cached_input, output or reasoning.');
  perform tollhouse_private.check_value(p_micro_usd_per_million between 0 and 1000000000000,
    format('price %s', coalesce(p_micro_usd_per_million::text, 'null')), 'Give micro-USD per million tokens: 2500000 for 2.50 USD.');
  -- Not the transaction's time: calls may have been admitted since then at the old prices.
  select p.input is not null and p.output is not null into v_in_force from tollhouse_private.price_at(p_model, v_now) as p;
  v_from := coalesce(p_effective_from, case when v_in_force then v_now else now() end);
  perform tollhouse_private.check_value(v_from >= v_now or not v_in_force,
    format('effective from %s', v_from), 'The model already has a price: a new one takes effect now (omit the time) or at a future time.');
  perform tollhouse_private.check_value(v_from between v_now - interval '100 years' and v_now + interval '100 years',
    format('effective from %s', v_from), 'Give a time within a hundred years.');
  begin
    insert into tollhouse_private.model_prices (model, kind, effective_from, micro_usd_per_million)
    values (p_model, p_kind, v_from, p_micro_usd_per_million);
  exception
    when unique_violation then
      raise exception using errcode = 'TH303', message = 'bad value',
        detail = format('a price from %s exists already', v_from), hint = 'Choose another time.';
  end;
  perform tollhouse_private.audit('set_price', jsonb_build_object('model', p_model, 'kind', p_kind), p_reason, null,
    jsonb_build_object('micro_usd_per_million', p_micro_usd_per_million, 'effective_from', v_from));
end
$$;
ALTER FUNCTION tollhouse_ops.set_price(p_model text, p_kind text, p_micro_usd_per_million bigint, p_reason text, p_effective_from timestamp with time zone) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_ops.set_price(p_model text, p_kind text, p_micro_usd_per_million bigint, p_reason text, p_effective_from timestamp with time zone) IS 'Sets the price of a million tokens of a kind (input, cached_input, output, reasoning), in micro-USD, from a given time on (null: now). Once a model has prices for input and output, that time can''t be in the past. Raises TH301, TH302, TH303.';
CREATE FUNCTION tollhouse_ops.set_provider(p_provider text, p_reason text, p_failure_threshold integer DEFAULT 5, p_cooldown interval DEFAULT '00:00:30'::interval, p_window interval DEFAULT '00:01:00'::interval, p_window_min_calls integer DEFAULT 20, p_window_failure_share numeric DEFAULT 0.5) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  p_provider constant text collate "C" := set_provider.p_provider;
  p_reason constant text collate "C" := set_provider.p_reason;
  v_before jsonb;
  v_after jsonb;
begin
  perform tollhouse_private.check_target('name', p_provider);
  select to_jsonb(p) into v_before from tollhouse_private.providers as p where p.provider = p_provider;
  begin
    insert into tollhouse_private.providers as p
      (provider, failure_threshold, cooldown, failure_window, window_min_calls, window_failure_share)
    values (p_provider, p_failure_threshold, p_cooldown, p_window, p_window_min_calls, p_window_failure_share)
    on conflict (provider) do update
    set
      failure_threshold = excluded.failure_threshold,
      cooldown = excluded.cooldown,
      failure_window = excluded.failure_window,
      window_min_calls = excluded.window_min_calls,
      window_failure_share = excluded.window_failure_share
    returning to_jsonb(p) into v_after;
  exception
    when check_violation or not_null_violation then
      raise exception using errcode = 'TH303', message = 'bad value', detail = sqlerrm,
        hint = 'Threshold 1 to 1000, intervals above 0 and at most 366 days, share above 0 and at most 1.';
  end;
  perform tollhouse_private.audit('set_provider', jsonb_build_object('provider', p_provider), p_reason, v_before, v_after);
end
$$;
ALTER FUNCTION tollhouse_ops.set_provider(p_provider text, p_reason text, p_failure_threshold integer, p_cooldown interval, p_window interval, p_window_min_calls integer, p_window_failure_share numeric) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_ops.set_provider(p_provider text, p_reason text, p_failure_threshold integer, p_cooldown interval, p_window interval, p_window_min_calls integer, p_window_failure_share numeric) IS 'Adds a provider or changes its breaker settings: consecutive failures that open a user''s breaker, cool-down, and window, calls and share of failures for the provider''s own. Raises TH301, TH303.';
CREATE FUNCTION tollhouse_ops.set_queue_limit(p_tenant_id text, p_max_calls bigint, p_max_bytes bigint, p_reason text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  p_tenant_id constant text collate "C" := set_queue_limit.p_tenant_id;
  p_reason constant text collate "C" := set_queue_limit.p_reason;
  v_before jsonb;
  v_after jsonb;
begin
  if p_tenant_id is distinct from '' then
    perform tollhouse_private.check_target('tenant', p_tenant_id);
  end if;
  perform tollhouse_private.check_value(least(p_max_calls, p_max_bytes, 0) >= 0,
    format('calls %s, bytes %s', coalesce(p_max_calls::text, 'null'), coalesce(p_max_bytes::text, 'null')),
    'Each is 0 or more, or null for no limit.');

  select to_jsonb(ql) into v_before from tollhouse_private.queue_limits as ql where ql.tenant_id = p_tenant_id;
  insert into tollhouse_private.queue_limits as ql (tenant_id, max_calls, max_bytes)
  values (p_tenant_id, p_max_calls, p_max_bytes)
  on conflict (tenant_id) do update set max_calls = excluded.max_calls, max_bytes = excluded.max_bytes
  returning to_jsonb(ql) into v_after;
  perform tollhouse_private.audit('set_queue_limit', jsonb_build_object('tenant_id', nullif(p_tenant_id, '')), p_reason, v_before, v_after);
end
$$;
ALTER FUNCTION tollhouse_ops.set_queue_limit(p_tenant_id text, p_max_calls bigint, p_max_bytes bigint, p_reason text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_ops.set_queue_limit(p_tenant_id text, p_max_calls bigint, p_max_bytes bigint, p_reason text) IS 'Limits the unfinished calls of a tenant and their request bytes; an empty p_tenant_id sets the default for tenants without a limit of their own; null: no limit. Calls over the limit are refused by enqueue. Raises TH301, TH303.';
CREATE FUNCTION tollhouse_ops.set_rate_limit(p_scope text, p_target text, p_requests_per_minute integer, p_tokens_per_minute integer, p_max_in_flight integer, p_reason text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  p_scope constant text collate "C" := set_rate_limit.p_scope;
  p_target constant text collate "C" := set_rate_limit.p_target;
  p_reason constant text collate "C" := set_rate_limit.p_reason;
  v_before jsonb;
  v_after jsonb;
begin
  perform tollhouse_private.check_value(p_scope in ('tenant', 'provider', 'model'),
    format('scope %s', coalesce(quote_literal(p_scope), 'null')), 'A scope is tenant, provider or model.');
  perform tollhouse_private.check_target(p_scope, p_target);
  perform tollhouse_private.check_value(
    least(p_requests_per_minute, p_tokens_per_minute, p_max_in_flight) > 0,
    format('requests %s, tokens %s, in flight %s',
      coalesce(p_requests_per_minute::text, 'null'), coalesce(p_tokens_per_minute::text, 'null'), coalesce(p_max_in_flight::text, 'null')),
    'Each is above 0, or null for no limit; at least one is given. To allow nothing, pull a kill switch.');

  select to_jsonb(rl) into v_before from tollhouse_private.rate_limits as rl where rl.scope = p_scope and rl.target = p_target;
  insert into tollhouse_private.rate_limits as rl
    (scope, target, requests_per_minute, tokens_per_minute, max_in_flight, requests_available, tokens_available, refilled_at)
  values (
    p_scope, p_target, p_requests_per_minute, p_tokens_per_minute, p_max_in_flight,
    coalesce(p_requests_per_minute, 0), coalesce(p_tokens_per_minute, 0), clock_timestamp()
  )
  on conflict (scope, target) do update
  set
    requests_per_minute = excluded.requests_per_minute,
    tokens_per_minute = excluded.tokens_per_minute,
    max_in_flight = excluded.max_in_flight,
    -- A changed limit keeps what its bucket holds instead of starting with a full one.
    requests_available = least(rl.requests_available, excluded.requests_available),
    tokens_available = least(rl.tokens_available, excluded.tokens_available)
  returning to_jsonb(rl) into v_after;
  perform tollhouse_private.audit('set_rate_limit', jsonb_build_object('scope', p_scope, 'target', p_target), p_reason, v_before, v_after);
end
$$;
ALTER FUNCTION tollhouse_ops.set_rate_limit(p_scope text, p_target text, p_requests_per_minute integer, p_tokens_per_minute integer, p_max_in_flight integer, p_reason text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_ops.set_rate_limit(p_scope text, p_target text, p_requests_per_minute integer, p_tokens_per_minute integer, p_max_in_flight integer, p_reason text) IS 'Limits requests per minute, tokens per minute and calls in flight of a tenant, provider or model; null: no limit. Raises TH301, TH302, TH303.';
CREATE FUNCTION tollhouse_ops.set_settings(p_reason text, p_lease interval DEFAULT NULL::interval, p_delivery_ttl interval DEFAULT NULL::interval, p_content_retention interval DEFAULT NULL::interval, p_ledger_retention interval DEFAULT NULL::interval, p_months_ahead integer DEFAULT NULL::integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  p_reason constant text collate "C" := set_settings.p_reason;
  v_before jsonb;
  v_after jsonb;
begin
  select to_jsonb(s) into v_before from tollhouse_private.settings as s for update;
  begin
    update tollhouse_private.settings as s
    set
      lease = coalesce(p_lease, s.lease),
      delivery_ttl = coalesce(p_delivery_ttl, s.delivery_ttl),
      content_retention = coalesce(p_content_retention, s.content_retention),
      ledger_retention = coalesce(p_ledger_retention, s.ledger_retention),
      months_ahead = coalesce(p_months_ahead, s.months_ahead)
    returning to_jsonb(s) into v_after;
  exception
    when check_violation then
      raise exception using errcode = 'TH303', message = 'bad value', detail = sqlerrm,
        hint = 'Lease 1 second to 10 minutes, delivery 1 second to 1 day, content 1 day or more, ledger no shorter than content and at most 100 years, 1 to 24 months ahead.';
  end;
  perform tollhouse_private.audit('set_settings', '{}', p_reason, v_before, v_after);
end
$$;
ALTER FUNCTION tollhouse_ops.set_settings(p_reason text, p_lease interval, p_delivery_ttl interval, p_content_retention interval, p_ledger_retention interval, p_months_ahead integer) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_ops.set_settings(p_reason text, p_lease interval, p_delivery_ttl interval, p_content_retention interval, p_ledger_retention interval, p_months_ahead integer) IS 'Changes installation-wide settings (tollhouse_private.settings): worker lease, how long answers that may not be kept are held for their caller, retention of content and ledger, and months of partitions created ahead. Null leaves a setting unchanged; a worker learns of a new lease when it registers. Raises TH301, TH303.';
CREATE FUNCTION tollhouse_ops.set_shutoff(p_tenant_id text, p_user_id text, p_until timestamp with time zone, p_reason text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  p_tenant_id constant text collate "C" := set_shutoff.p_tenant_id;
  p_user_id constant text collate "C" := set_shutoff.p_user_id;
  p_reason constant text collate "C" := set_shutoff.p_reason;
begin
  perform tollhouse_private.check_value(p_until > clock_timestamp() and p_until <= clock_timestamp() + interval '366 days',
    format('until %s', coalesce(p_until::text, 'null')), 'Give a time in the future, at most 366 days ahead; to stop indefinitely, pull a kill switch.');
  perform tollhouse_private.change_shutoff('set_shutoff', p_tenant_id, p_user_id,
    jsonb_build_object('disabled_until', p_until, 'mode', 'manual', 'reason', p_reason), p_reason);
end
$$;
ALTER FUNCTION tollhouse_ops.set_shutoff(p_tenant_id text, p_user_id text, p_until timestamp with time zone, p_reason text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_ops.set_shutoff(p_tenant_id text, p_user_id text, p_until timestamp with time zone, p_reason text) IS 'Shuts off a tenant (p_user_id empty) or user until the given time. Raises TH301, TH303.';
CREATE FUNCTION tollhouse_ops.set_task_type(p_endpoint text, p_reason text, p_models text[] DEFAULT NULL::text[], p_timeout_ms integer DEFAULT NULL::integer, p_max_attempts integer DEFAULT NULL::integer, p_backoff_ms integer DEFAULT NULL::integer, p_max_output_tokens integer DEFAULT NULL::integer, p_max_request_bytes integer DEFAULT NULL::integer, p_cache_ttl interval DEFAULT NULL::interval, p_cache_scope text DEFAULT NULL::text, p_capture text DEFAULT NULL::text, p_retries_abandoned boolean DEFAULT NULL::boolean, p_materializer text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  p_endpoint constant text collate "C" := set_task_type.p_endpoint;
  p_reason constant text collate "C" := set_task_type.p_reason;
  p_models constant text[] collate "C" := set_task_type.p_models;
  p_cache_scope constant text collate "C" := set_task_type.p_cache_scope;
  p_capture constant text collate "C" := set_task_type.p_capture;
  p_materializer constant text collate "C" := set_task_type.p_materializer;
  v_before tollhouse_private.task_types;
  v_after tollhouse_private.task_types;
  v_model text collate "C";
  v_materializer text collate "C";
begin
  perform tollhouse_private.check_target('name', p_endpoint);
  foreach v_model in array coalesce(p_models, '{}') loop
    perform tollhouse_private.check_target('model', v_model);
  end loop;
  if p_materializer <> '' then
    v_materializer := tollhouse_private.check_materializer(p_materializer);
  end if;

  select tt.* into v_before from tollhouse_private.task_types as tt where tt.endpoint = p_endpoint for update;
  if not found then
    insert into tollhouse_private.task_types (endpoint) values (p_endpoint);
  end if;
  begin
    update tollhouse_private.task_types as tt
    set
      models = coalesce(p_models, tt.models),
      timeout_ms = coalesce(p_timeout_ms, tt.timeout_ms),
      max_attempts = coalesce(p_max_attempts, tt.max_attempts),
      backoff_ms = coalesce(p_backoff_ms, tt.backoff_ms),
      max_output_tokens = coalesce(p_max_output_tokens, tt.max_output_tokens),
      max_request_bytes = coalesce(p_max_request_bytes, tt.max_request_bytes),
      cache_ttl = coalesce(p_cache_ttl, tt.cache_ttl),
      cache_scope = coalesce(p_cache_scope, tt.cache_scope),
      capture = coalesce(p_capture, tt.capture),
      retries_abandoned = coalesce(p_retries_abandoned, tt.retries_abandoned),
      materializer = case when p_materializer is null then tt.materializer else v_materializer end
    where tt.endpoint = p_endpoint
    returning tt.* into v_after;
  exception
    when check_violation then
      raise exception using errcode = 'TH303', message = 'bad value', detail = sqlerrm,
        hint = 'See the comments on tollhouse_private.task_types.';
  end;
  perform tollhouse_private.audit('set_task_type', jsonb_build_object('endpoint', p_endpoint), p_reason, to_jsonb(v_before), to_jsonb(v_after));
end
$$;
ALTER FUNCTION tollhouse_ops.set_task_type(p_endpoint text, p_reason text, p_models text[], p_timeout_ms integer, p_max_attempts integer, p_backoff_ms integer, p_max_output_tokens integer, p_max_request_bytes integer, p_cache_ttl interval, p_cache_scope text, p_capture text, p_retries_abandoned boolean, p_materializer text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_ops.set_task_type(p_endpoint text, p_reason text, p_models text[], p_timeout_ms integer, p_max_attempts integer, p_backoff_ms integer, p_max_output_tokens integer, p_max_request_bytes integer, p_cache_ttl interval, p_cache_scope text, p_capture text, p_retries_abandoned boolean, p_materializer text) IS 'Creates or changes an endpoint; null leaves a setting unchanged. Raises TH301, TH302, TH303.';
CREATE FUNCTION tollhouse_ops.stop_everything(p_reason text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select tollhouse_ops.pull_kill_switch('global', '*', p_reason collate "C")
$$;
ALTER FUNCTION tollhouse_ops.stop_everything(p_reason text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_ops.stop_everything(p_reason text) IS 'No call is admitted from now on and those in flight are aborted. Undone by resume_everything. Raises TH301.';
CREATE FUNCTION tollhouse_ops.unbind_login(p_login name, p_reason text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  p_login constant name collate "C" := unbind_login.p_login;
  p_reason constant text collate "C" := unbind_login.p_reason;
  v_before jsonb := tollhouse_private.drop_bindings(p_login);
begin
  if v_before is null then
    return false;
  end if;
  perform tollhouse_private.audit('unbind_login', jsonb_build_object('login', p_login), p_reason, v_before, null);
  return true;
end
$$;
ALTER FUNCTION tollhouse_ops.unbind_login(p_login name, p_reason text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_ops.unbind_login(p_login name, p_reason text) IS 'Lets the login choose its identity; for trusted application servers only. False if it was not bound. Raises TH301.';
CREATE FUNCTION tollhouse_private.announce(p_settlements tollhouse_private.settlement[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform tollhouse_private.tell_each(
    array_agg(tollhouse_private.done_channel_name(cs.secret, (s.job).tenant_id, (s.job).user_id)), array_agg((s.job).call_id::text)
  )
  from unnest(p_settlements) as s
  cross join tollhouse_private.channel_secret as cs;
end
$$;
ALTER FUNCTION tollhouse_private.announce(p_settlements tollhouse_private.settlement[]) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.announce(p_settlements tollhouse_private.settlement[]) IS 'Tells callers that their calls are over, each on its own channel. Not for what enqueue answers itself: its caller holds the answer, and a notification for each would slow every enqueue down.';
CREATE FUNCTION tollhouse_private.append_attempts(p_settlements tollhouse_private.settlement[], p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  insert into tollhouse_private.provider_attempts (
    tenant_id, call_id, attempt, late, created_at, started_at, finished_at, user_id, endpoint, provider, model,
    worker_id, outcome, sent, http_status, error_code, error_message, provider_request_id,
    input_tokens, cached_input_tokens, output_tokens, reasoning_tokens,
    cost_micro_usd, cost_basis, budget_month, latency_ms
  )
  select
    (s.job).tenant_id, (s.job).call_id, (s.job).attempts, false, (s.job).created_at, (s.job).started_at, p_now,
    (s.job).user_id, (s.job).endpoint, (s.job).provider, (s.job).model,
    (s.job).worker_id, (s.result).outcome, s.sent, (s.result).http_status,
    left((s.result).error_code, 100), left((s.result).error_message, 500), left((s.result).provider_request_id, 200),
    (s.result).input_tokens, (s.result).cached_input_tokens, (s.result).output_tokens, (s.result).reasoning_tokens,
    s.cost_micro_usd, s.cost_basis, (s.job).budget_month, (s.result).latency_ms
  from unnest(p_settlements) as s
  where (s.result).outcome <> 'not_sent';
end
$$;
ALTER FUNCTION tollhouse_private.append_attempts(p_settlements tollhouse_private.settlement[], p_now timestamp with time zone) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.append_attempts(p_settlements tollhouse_private.settlement[], p_now timestamp with time zone) IS 'Writes the ended attempts down.';
CREATE FUNCTION tollhouse_private.append_late(p_worker_id uuid, p_results tollhouse_private.attempt_result[], p_now timestamp with time zone, OUT booked integer, OUT dues tollhouse_private.due[], OUT overruns tollhouse_private.overrun[]) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  with given_up as (
    select abandoned.pa, result.*, fact.sent, charge.basis,
      case charge.basis when 'usage' then bill.usage when 'reservation' then (abandoned.pa).cost_micro_usd else 0 end - (abandoned.pa).cost_micro_usd as difference
    from unnest(p_results) as r
    join tollhouse_private.attempt_outcomes as o on o.outcome = r.outcome
    -- Of its own, with its offset: a probe of the key for each, whatever the planner thinks of the month.
    cross join lateral (
      select a as pa
      from tollhouse_private.provider_attempts as a
      where a.tenant_id = r.tenant_id and a.call_id = r.call_id and a.attempt = r.attempt
        and a.created_at = tollhouse_private.call_created_at(r.call_id)
        and a.worker_id = p_worker_id
        and a.outcome = 'abandoned'
        and not a.late
      offset 0
    ) as abandoned
    left join tollhouse_private.task_types as tt on tt.endpoint = (abandoned.pa).endpoint
    left join tollhouse_private.tenant_settings as ts on ts.tenant_id = (abandoned.pa).tenant_id
    cross join lateral tollhouse_private.price_at((abandoned.pa).model, (abandoned.pa).started_at) as p
    cross join lateral (
      select case when tollhouse_private.stricter_capture(tt.capture, ts.capture_policy) = 'full' then r else tollhouse_private.without_text(r) end as r
    ) as result
    cross join lateral (select o.sent and r.sent is distinct from false as sent) as fact
    cross join lateral (
      select case
        when r.usage_doubtful is true then (
          select case when most.cost > (abandoned.pa).cost_micro_usd then most.cost end
          from (
            select tollhouse_private.highest_cost(
              p.input, p.cached_input, p.output, p.reasoning,
              greatest(r.input_tokens, r.cached_input_tokens, 0), greatest(r.output_tokens, r.reasoning_tokens, 0)
            ) as cost
          ) as most
        )
        else tollhouse_private.cost_of_usage(
          p.input, p.cached_input, p.output, p.reasoning,
          r.input_tokens, r.cached_input_tokens, r.output_tokens, r.reasoning_tokens
        )
      end as usage
    ) as bill
    cross join lateral (select tollhouse_private.charge_basis(fact.sent, o.billing, bill.usage) as basis) as charge
  ),
  appended as (
    insert into tollhouse_private.provider_attempts (
      tenant_id, call_id, attempt, late, created_at, started_at, finished_at, user_id, endpoint, provider, model,
      worker_id, outcome, sent, http_status, error_code, error_message, provider_request_id,
      input_tokens, cached_input_tokens, output_tokens, reasoning_tokens,
      cost_micro_usd, cost_basis, budget_month, latency_ms
    )
    select
      (g.pa).tenant_id, (g.pa).call_id, (g.pa).attempt, true, (g.pa).created_at, (g.pa).started_at, p_now,
      (g.pa).user_id, (g.pa).endpoint, (g.pa).provider, (g.pa).model, p_worker_id,
      (g.r).outcome, g.sent, (g.r).http_status,
      left((g.r).error_code, 100), left((g.r).error_message, 500), left((g.r).provider_request_id, 200),
      (g.r).input_tokens, (g.r).cached_input_tokens, (g.r).output_tokens, (g.r).reasoning_tokens,
      g.difference, g.basis, (g.pa).budget_month, (g.r).latency_ms
    from given_up as g
    order by (g.pa).tenant_id, (g.pa).call_id, (g.pa).attempt
    on conflict do nothing
    returning tenant_id, call_id, attempt
  ),
  late as (
    select (g.pa).*, g.difference
    from given_up as g
    join appended as a on a.tenant_id = (g.pa).tenant_id and a.call_id = (g.pa).call_id and a.attempt = (g.pa).attempt
  )
  select
    (select count(*) from late),
    array(
      select row(d.tenant_id, coalesce(d.user_id, ''), d.budget_month, d.hour, 0, 0, d.difference)::tollhouse_private.due
      from (
        select l.tenant_id, l.user_id, l.budget_month, date_trunc('hour', l.finished_at, 'UTC') as hour, sum(l.difference) as difference
        from late as l
        group by grouping sets ((1, 2, 3, 4), (1, 3, 4))
      ) as d
    ),
    -- As a multiple of the reservation that was charged, which holds what was known when it was made.
    array(
      select row(l.model, l.call_id, (l.cost_micro_usd + l.difference)::numeric / nullif(l.cost_micro_usd, 0) * coalesce((
        select max(mo.factor)
        from tollhouse_private.model_overruns as mo
        where mo.model = l.model and mo.learned_at <= l.started_at
          and mo.day between (l.started_at at time zone 'UTC')::date - 31 and (l.started_at at time zone 'UTC')::date
      ), 1))::tollhouse_private.overrun
      from late as l
      where l.difference > 0
    )
  into booked, dues, overruns;
end
$$;
ALTER FUNCTION tollhouse_private.append_late(p_worker_id uuid, p_results tollhouse_private.attempt_result[], p_now timestamp with time zone, OUT booked integer, OUT dues tollhouse_private.due[], OUT overruns tollhouse_private.overrun[]) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.append_late(p_worker_id uuid, p_results tollhouse_private.attempt_result[], p_now timestamp with time zone, OUT booked integer, OUT dues tollhouse_private.due[], OUT overruns tollhouse_private.overrun[]) IS 'Writes down results that came after all of attempts that were given up, each with what it differs from what was charged: how many, what their payers owe for it, and what was billed too much. Repeated or foreign results are none.';
CREATE FUNCTION tollhouse_private.assess(p_ended tollhouse_private.settlement[], p_now timestamp with time zone) RETURNS tollhouse_private.settlement[]
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    -- Asked once for each endpoint and tenant of the batch, not for each call.
    with task as materialized (
      select k.endpoint, tt.capture, tt.cache_ttl, tt.materializer, tt.backoff_ms, tt.max_attempts, tt.retries_abandoned
      from (select distinct (e.job).endpoint from unnest(p_ended) as e offset 0) as k
      join tollhouse_private.task_types as tt on tt.endpoint = k.endpoint
    ),
    tenant as materialized (
      select k.tenant_id, ts.capture_policy
      from (select distinct (e.job).tenant_id from unnest(p_ended) as e offset 0) as k
      join tollhouse_private.tenant_settings as ts on ts.tenant_id = k.tenant_id
    ),
    follows as materialized (
      select o.*
      from (select distinct (e.result).outcome from unnest(p_ended) as e offset 0) as k
      join tollhouse_private.attempt_outcomes as o on o.outcome = k.outcome
    )
    select coalesce(array_agg(row(
      e.job, case when keep.capture = 'full' or (e.result).error_message is null then e.result else tollhouse_private.without_text(e.result) end,
      case
        when fate.again then null
        when retry.wanted then 'cancelled'
        else o.status
      end,
      case when not retry.wanted and o.status = 'blocked' then 'provider_kill_switch' end,
      false,
      fact.sent,
      o.breaker,
      case charge.basis when 'usage' then bill.usage when 'reservation' then (e.job).reserved_micro_usd else 0 end,
      charge.basis,
      case when fate.again then p_now + case
        when (e.result).outcome = 'not_sent' then interval '0'
        else make_interval(secs => least(3600000, greatest(
          (e.result).retry_after_ms,
          least(60000, t.backoff_ms * 2 ^ ((e.job).attempts - (e.job).unsent - 1)) * (0.5 + random() / 2)
        )) / 1000)
      end end,
      keep.capture, t.cache_ttl, t.materializer, null, null
    )::tollhouse_private.settlement), '{}')
    from unnest(p_ended) as e
    join follows as o on o.outcome = (e.result).outcome
    left join task as t on t.endpoint = (e.job).endpoint
    left join tenant as te on te.tenant_id = (e.job).tenant_id
    cross join lateral (
      select tollhouse_private.stricter_capture(t.capture, te.capture_policy) as capture
      offset 0
    ) as keep
    cross join lateral (
      select o.sent and (e.result).sent is distinct from false as sent
    ) as fact
    cross join lateral (
      -- A usage that contradicts itself is charged only where the most that it can mean is more than the reservation.
      select case
        when (e.result).usage_doubtful is true then (
          select case when most.cost > (e.job).reserved_micro_usd then most.cost end
          from (
            select tollhouse_private.highest_cost(
              ((e.job).price).input, ((e.job).price).cached_input, ((e.job).price).output, ((e.job).price).reasoning,
              greatest((e.result).input_tokens, (e.result).cached_input_tokens, 0), greatest((e.result).output_tokens, (e.result).reasoning_tokens, 0)
            ) as cost
          ) as most
        )
        else tollhouse_private.cost_of_usage(
          ((e.job).price).input, ((e.job).price).cached_input, ((e.job).price).output, ((e.job).price).reasoning,
          (e.result).input_tokens, (e.result).cached_input_tokens, (e.result).output_tokens, (e.result).reasoning_tokens
        )
      end as usage
      offset 0
    ) as bill
    cross join lateral (
      select tollhouse_private.charge_basis(fact.sent, o.billing, bill.usage) as basis
      offset 0
    ) as charge
    cross join lateral (
      select o.retries
        and ((e.result).outcome <> 'abandoned' or t.retries_abandoned is not false)
        and ((e.result).outcome = 'not_sent' or (e.job).attempts - (e.job).unsent < coalesce(t.max_attempts, 1)) as wanted
      offset 0
    ) as retry
    cross join lateral (
      select retry.wanted and (
        select true from tollhouse_private.cancel_requests as asked
        where asked.tenant_id = (e.job).tenant_id and asked.call_id = (e.job).call_id
        limit 1
      ) is not true as again
      offset 0
    ) as fate
  );
end
$$;
ALTER FUNCTION tollhouse_private.assess(p_ended tollhouse_private.settlement[], p_now timestamp with time zone) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.assess(p_ended tollhouse_private.settlement[], p_now timestamp with time zone) IS 'What each ended attempt cost, at the price of its reservation, what becomes of its call, and what may be kept of it. Backoff doubles with each attempt, with jitter; a provider''s Retry-After wins when it is longer (one hour at most). What has no known outcome is left out.';
CREATE FUNCTION tollhouse_private.audit(p_action text, p_target jsonb, p_reason text, p_before jsonb, p_after jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if tollhouse_private.has_visible(p_reason) is not true then
    raise exception using errcode = 'TH301', message = 'reason missing', detail = p_action,
      hint = 'Give a reason: the next person on call will read it in operator_audit.';
  end if;
  if length(p_reason) > 2000 then
    raise exception using errcode = 'TH301', message = 'reason too long', detail = format('%s: %s characters', p_action, length(p_reason)),
      hint = 'Use at most 2000 characters.';
  end if;
  -- Workers wait for the rows an operator changed, so a transaction left open is rolled back.
  perform set_config('idle_in_transaction_session_timeout', '10s', true);
  insert into tollhouse_private.operator_audit (action, target, reason, before, after)
  values (p_action, jsonb_strip_nulls(p_target), p_reason, p_before, p_after);
end
$$;
ALTER FUNCTION tollhouse_private.audit(p_action text, p_target jsonb, p_reason text, p_before jsonb, p_after jsonb) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.audit(p_action text, p_target jsonb, p_reason text, p_before jsonb, p_after jsonb) IS 'Records an operator action, and ends the operator''s session if the transaction then idles for ten seconds. Raises TH301, which undoes the action, unless the reason is visible and at most 2000 characters long.';
CREATE FUNCTION tollhouse_private.begin_attempts(p_worker_id uuid, p_routes tollhouse_private.route[], p_now timestamp with time zone) RETURNS TABLE(call_id uuid, attempt integer, tenant_id text, endpoint text, provider text, model text, request jsonb, max_output_tokens integer, timeout_ms integer)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_month date := tollhouse_private.budget_month(p_now);
  v_begun bigint;
begin
  return query
  update tollhouse_private.jobs as j
  set
    state = 'running',
    line = null,
    attempts = j.attempts + 1,
    worker_id = p_worker_id,
    started_at = p_now,
    provider = r.provider,
    model = r.model,
    price = r.price,
    reserved_micro_usd = r.reservation,
    budget_month = v_month
  from unnest(p_routes) as r
  where j.ctid = (r.job).place
  returning j.call_id, j.attempts, j.tenant_id, j.endpoint, r.provider, r.provider_model, j.request, j.max_output_tokens, r.timeout_ms;
  get diagnostics v_begun = row_count;
  if v_begun <> cardinality(p_routes) then
    raise exception using
      errcode = '40001',
      message = 'a call is no longer where it lay in the queue',
      detail = format('%s of %s', v_begun, cardinality(p_routes)),
      hint = 'Repeat the transaction.';
  end if;
end
$$;
ALTER FUNCTION tollhouse_private.begin_attempts(p_worker_id uuid, p_routes tollhouse_private.route[], p_now timestamp with time zone) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.begin_attempts(p_worker_id uuid, p_routes tollhouse_private.route[], p_now timestamp with time zone) IS 'Gives the admitted calls to the worker, and returns what it needs to send them.';
CREATE FUNCTION tollhouse_private.begin_probes(p_routes tollhouse_private.route[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if not exists (select from unnest(p_routes) as r where r.user_probe or r.provider_probe) then
    return;
  end if;

  update tollhouse_private.breakers as b
  set state = 'half_open', probe_call_id = (r.job).call_id
  from unnest(p_routes) as r
  where r.user_probe
    and b.tenant_id = (r.job).tenant_id and b.user_id = (r.job).user_id and b.provider = r.provider;

  update tollhouse_private.provider_breakers as pb
  set state = 'half_open', probe_call_id = (r.job).call_id
  from unnest(p_routes) as r
  where r.provider_probe
    and pb.provider = r.provider;
end
$$;
ALTER FUNCTION tollhouse_private.begin_probes(p_routes tollhouse_private.route[]) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.begin_probes(p_routes tollhouse_private.route[]) IS 'Makes the admitted probes the only calls that pass their breakers, which open_breakers has locked.';
CREATE FUNCTION tollhouse_private.book_hour(p_dues tollhouse_private.due[], p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_booked tollhouse_private.hourly_spend[];
  v_spent tollhouse_private.hourly_spend;
begin
  with booked as (
    insert into tollhouse_private.hourly_spend as hs (tenant_id, user_id, hour, calls, spent_micro_usd)
    select d.tenant_id, d.user_id, d.hour, sum(d.attempts), sum(d.cost_micro_usd)
    from unnest(p_dues) as d
    group by d.tenant_id, d.user_id, d.hour
    having sum(d.attempts) > 0 or sum(d.cost_micro_usd) <> 0
    order by d.tenant_id, d.user_id, d.hour
    on conflict (tenant_id, user_id, hour) do update
    set calls = hs.calls + excluded.calls, spent_micro_usd = hs.spent_micro_usd + excluded.spent_micro_usd
    returning hs as spend
  )
  select array_agg(b.spend) into v_booked from booked as b;

  -- A separate statement, so that a threshold set while this waited for the hour applies.
  for v_spent in
    select s.*
    from unnest(v_booked) as s
    where s.spent_micro_usd - s.tripped_at_micro_usd >= (
      select so.threshold_micro_usd from tollhouse_private.hourly_shutoffs as so
      where so.tenant_id = s.tenant_id and so.user_id = s.user_id
    )
    order by s.tenant_id, s.user_id
  loop
    -- A correction shuts nobody off, because the hour it corrects may be over.
    continue when not exists (
      select from unnest(p_dues) as d where d.tenant_id = v_spent.tenant_id and d.user_id = v_spent.user_id and d.attempts > 0
    );
    update tollhouse_private.hourly_spend as hs
    set tripped_at_micro_usd = hs.spent_micro_usd
    where hs.tenant_id = v_spent.tenant_id and hs.user_id = v_spent.user_id and hs.hour = v_spent.hour;
    update tollhouse_private.hourly_shutoffs as so
    set
      disabled_until = coalesce(p_now + so.cooldown, v_spent.hour + interval '1 hour'),
      mode = 'automatic',
      reason = format('spent %s of %s USD in the hour', trim_scale(round(v_spent.spent_micro_usd / 1000000.0, 6)), trim_scale(round(so.threshold_micro_usd / 1000000.0, 6)))
    where so.tenant_id = v_spent.tenant_id and so.user_id = v_spent.user_id
      -- A longer shutoff, set by an operator, stays as it is.
      and (so.disabled_until is null or so.disabled_until < coalesce(p_now + so.cooldown, v_spent.hour + interval '1 hour'));
  end loop;
end
$$;
ALTER FUNCTION tollhouse_private.book_hour(p_dues tollhouse_private.due[], p_now timestamp with time zone) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.book_hour(p_dues tollhouse_private.due[], p_now timestamp with time zone) IS 'Books ended attempts into the hour and shuts off a tenant or user that reaches its threshold. Late results only correct their hour and shut nobody off.';
CREATE FUNCTION tollhouse_private.bound_times(p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  c_rows constant integer := 1000;
  -- No limit defers for longer, and a bucket holds no more.
  c_minute constant interval := interval '1 minute';
  -- No provider's Retry-After is heeded for longer.
  c_hour constant interval := interval '1 hour';
  v_stretch tid[] := tollhouse_private.stretch('tollhouse_private.provider_windows');
begin
  update tollhouse_private.workers as w
  set alive_until = far.alive_until
  from (
    select v.ctid as place, p_now + s.lease as alive_until
    from tollhouse_private.workers as v
    cross join tollhouse_private.settings as s
    where v.alive_until > p_now + s.lease
    for update of v skip locked
  ) as far
  where w.ctid = far.place;

  update tollhouse_private.jobs as j
  set run_at = p_now + case j.waits_for when 'backoff' then c_hour else c_minute end
  where j.ctid = any (array(
    select far.ctid from tollhouse_private.jobs as far
    where far.state = 'scheduled' and far.waits_for <> 'run_at' and far.waits_for = 'backoff' and far.run_at > p_now + c_hour
    limit c_rows for update skip locked
  ) || array(
    select far.ctid from tollhouse_private.jobs as far
    where far.state = 'scheduled' and far.waits_for <> 'run_at' and far.waits_for = 'rate_limit' and far.run_at > p_now + c_minute
    limit c_rows for update skip locked
  ));

  -- What waits for a budget has no time of its own: its line is looked after.
  update tollhouse_private.monthly_budgets as mb
  set line_at = p_now
  where mb.ctid = any (array(
    select far.ctid from tollhouse_private.monthly_budgets as far where far.line_at > p_now + c_minute limit c_rows for update skip locked
  ));

  update tollhouse_private.rate_limits as rl
  set refilled_at = p_now
  where rl.ctid = any (array(
    select far.ctid from tollhouse_private.rate_limits as far where far.refilled_at > p_now + c_minute for update skip locked
  ));

  delete from tollhouse_private.provider_windows as pw
  where pw.ctid = any (array(
    select far.ctid from tollhouse_private.provider_windows as far
    where far.ctid >= v_stretch[1] and far.ctid < v_stretch[2] and far.window_start > p_now + c_minute
    for update skip locked
  ));
  -- One that an operator opened keeps the time that they gave it.
  update tollhouse_private.breakers as b
  set opened_at = least(b.opened_at, p_now), open_until = p_now + far.rest
  from (
    select v.ctid as place, least(
      case when v.opened_at > p_now then v.open_until - v.opened_at end, case when v.reason is null then p.cooldown end
    ) as rest
    from tollhouse_private.breakers as v
    join tollhouse_private.providers as p on p.provider = v.provider
    where v.state = 'open'
      and v.open_until > p_now + c_minute
      and (v.opened_at > p_now + c_minute or (v.reason is null and v.open_until > p_now + c_minute + p.cooldown))
    limit c_rows
    for update of v skip locked
  ) as far
  where b.ctid = far.place;
  update tollhouse_private.provider_breakers as b
  set opened_at = least(b.opened_at, p_now), open_until = p_now + far.rest
  from (
    select v.ctid as place, least(
      case when v.opened_at > p_now then v.open_until - v.opened_at end, case when v.reason like '%calls failed' then p.cooldown end
    ) as rest
    from tollhouse_private.provider_breakers as v
    join tollhouse_private.providers as p on p.provider = v.provider
    where v.state = 'open'
      and (v.opened_at > p_now + c_minute or (v.reason like '%calls failed' and v.open_until > p_now + c_minute + p.cooldown))
    for update of v skip locked
  ) as far
  where b.ctid = far.place;
end
$$;
ALTER FUNCTION tollhouse_private.bound_times(p_now timestamp with time zone) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.bound_times(p_now timestamp with time zone) IS 'Cuts the times that lie further ahead than they can, after the server''s clock has gone back: leases, waits, buckets, windows, breakers. Else all that waits for them would wait for the clock to come back to where it was.';
CREATE FUNCTION tollhouse_private.budget_month(p_now timestamp with time zone) RETURNS date
    LANGUAGE sql IMMUTABLE
    AS $$
  select pg_catalog.date_trunc('month', p_now at time zone 'UTC')::pg_catalog.date
$$;
ALTER FUNCTION tollhouse_private.budget_month(p_now timestamp with time zone) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.budget_month(p_now timestamp with time zone) IS 'First day of that month in UTC.';
CREATE FUNCTION tollhouse_private.budget_users_in_line(p_tenant_id text, p_after text, p_limit integer) RETURNS text[]
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  with recursive onward (user_id) as (
    select (
      select j.user_id from tollhouse_private.jobs as j
      where j.waits_for = 'budget' and j.state in ('scheduled', 'queued') and j.tenant_id = p_tenant_id and j.user_id > p_after
      order by j.user_id limit 1
    )
    union all
    select (
      select j.user_id from tollhouse_private.jobs as j
      where j.waits_for = 'budget' and j.state in ('scheduled', 'queued') and j.tenant_id = p_tenant_id and j.user_id > o.user_id
      order by j.user_id limit 1
    )
    from onward as o
    where o.user_id is not null
  )
  select coalesce(array_agg(u.user_id), '{}')
  from (select o.user_id from onward as o where o.user_id is not null limit p_limit) as u
$$;
ALTER FUNCTION tollhouse_private.budget_users_in_line(p_tenant_id text, p_after text, p_limit integer) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.budget_users_in_line(p_tenant_id text, p_after text, p_limit integer) IS 'Users of a tenant whose calls wait for a budget, in order, beginning after the given one: a skip scan.';
CREATE FUNCTION tollhouse_private.cached_result(p_job tollhouse_private.work) RETURNS tollhouse_private.attempt_result
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select jsonb_populate_record(null::tollhouse_private.attempt_result, jsonb_build_object(
    'tenant_id', rc.tenant_id, 'call_id', p_job.call_id, 'provider', rc.provider, 'model', rc.model,
    'response', coalesce(rc.response, tollhouse_private.kept_answer(rc.tenant_id, rc.call_id)),
    'saved_micro_usd', rc.cost_micro_usd
  ))
  from tollhouse_private.response_cache as rc
  where rc.tenant_id = p_job.tenant_id
    and rc.cache_key = p_job.cache_key
    and rc.scope = p_job.cache_scope
    and rc.expires_at is not null
$$;
ALTER FUNCTION tollhouse_private.cached_result(p_job tollhouse_private.work) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.cached_result(p_job tollhouse_private.work) IS 'The cached answer to a call, as a result; its response is null if the answer is gone.';
CREATE FUNCTION tollhouse_private.call_created_at(p_call_id uuid) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE
    AS $$
  select pg_catalog.to_timestamp(
    ('x' || pg_catalog.lpad(pg_catalog.left(pg_catalog.replace(p_call_id::pg_catalog.text, '-', ''), 12), 16, '0'))::bit(64)::bigint / 1000.0
  )
$$;
ALTER FUNCTION tollhouse_private.call_created_at(p_call_id uuid) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.call_created_at(p_call_id uuid) IS 'created_at of the call with that id: exact, because created_at is kept to the millisecond.';
CREATE FUNCTION tollhouse_private.call_up(p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  c_lines constant integer := 50;
  c_calls constant integer := 50;
begin
  if not exists (select from tollhouse_private.jobs as j where j.line is not null) then
    return;
  end if;

  with recursive onward (line) as (
    (select j.line from tollhouse_private.jobs as j where j.line is not null order by j.line limit 1)
    union all
    select (select j.line from tollhouse_private.jobs as j where j.line > o.line order by j.line limit 1)
    from onward as o
    where o.line is not null
  ),
  -- A removed limit lets everybody pass.
  room as materialized (
    select
      l.line, coalesce(rl.last_tenant_id, '') as last_tenant_id, coalesce(rl.tokens_per_minute, 0) as tokens_per_minute,
      rl.tokens_available + rl.tokens_per_minute * gone.minutes as tokens,
      least(
        c_calls, floor(rl.requests_available + rl.requests_per_minute * gone.minutes),
        case when rl.max_in_flight is not null then rl.max_in_flight - (
          select count(*)
          from tollhouse_private.jobs as j
          where j.state = 'running'
            and rl.target = case rl.scope when 'tenant' then j.tenant_id when 'provider' then j.provider else j.model end
        ) end
      ) as calls
    from (select o.line from onward as o where o.line is not null limit c_lines) as l
    left join tollhouse_private.rate_limits as rl on rl.line = l.line
    left join lateral (
      select extract(epoch from greatest(p_now - rl.refilled_at, '0')) / 60 as minutes
    ) as gone on true
  )
  update tollhouse_private.jobs as j
  set state = 'queued'
  where j.ctid = any (array(
    select w.ctid
    from (
      select
        n.tenant_id, n.call_id, r.tokens,
        sum(least(n.tokens, r.tokens_per_minute)) over (partition by r.line order by n.turn) as tokens_in_line
      from room as r
      cross join lateral tollhouse_private.next_in_line(r.line, r.last_tenant_id, r.calls::integer) as n
      where r.calls > 0
    ) as due
    join tollhouse_private.jobs as w on w.tenant_id = due.tenant_id and w.call_id = due.call_id
    where w.state = 'scheduled'
      and (due.tokens_in_line <= due.tokens) is not false
    for update of w skip locked
  ));
end
$$;
ALTER FUNCTION tollhouse_private.call_up(p_now timestamp with time zone) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.call_up(p_now timestamp with time zone) IS 'Queues the calls that their rate limit has room for now, by turns, whatever time they were deferred to: else whoever is queued when room comes would go before whoever sleeps.';
CREATE FUNCTION tollhouse_private.call_up_budget(p_tenant_id text, p_users text[], p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  c_most constant integer := 100;
  v_month date := tollhouse_private.budget_month(p_now);
  v_tenant tollhouse_private.monthly_budgets;
  v_users text[] := p_users;
  v_taken bigint[];
  v_all_taken bigint := 0;
  v_call record;
  v_held boolean := false;
  v_passing boolean := false;
  v_last_user_id text;
  v_places tid[] := array[]::tid[];
  v_line_at timestamptz;
begin
  select mb.* into v_tenant
  from tollhouse_private.monthly_budgets as mb
  where mb.tenant_id = p_tenant_id and mb.user_id = '' and mb.month = v_month
  for update skip locked;
  if not found then
    return;
  end if;

  -- A line for the tenant's own cap goes by turns over all its users, after the one who was called up last.
  if v_tenant.line_at is not null then
    v_users := tollhouse_private.budget_users_in_line(p_tenant_id, coalesce(v_tenant.line_user_id, ''), c_most);
    if cardinality(v_users) < c_most then
      select v_users || coalesce(array_agg(u.user_id order by u.place), '{}') into v_users
      from unnest(tollhouse_private.budget_users_in_line(p_tenant_id, '', c_most - cardinality(v_users))) with ordinality as u (user_id, place)
      where u.user_id collate "C" <= v_tenant.line_user_id;
    end if;
  end if;

  v_taken := array_fill(0::bigint, array[greatest(1, cardinality(v_users))]);
  for v_call in
    select
      u.user_id, u.turn, j.place, j.state, j.need, own.month is not null as known,
      (own.spent_micro_usd + j.need > own.cap_micro_usd or v_tenant.spent_micro_usd + j.need > v_tenant.cap_micro_usd) is true as never,
      own.cap_micro_usd - own.spent_micro_usd - own.reserved_micro_usd as room
    from unnest(v_users) with ordinality as u (user_id, turn)
    cross join lateral (
      select k.place, k.state, k.need, row_number() over (order by k.call_id) as round
      from (
        select w.ctid as place, w.call_id, w.state, coalesce(w.need_micro_usd, 0) as need
        from tollhouse_private.jobs as w
        where w.waits_for = 'budget' and w.state in ('scheduled', 'queued')
          and w.tenant_id = p_tenant_id
          and w.user_id = u.user_id
        order by w.call_id
        limit greatest(1, c_most / nullif(cardinality(v_users), 0))
      ) as k
    ) as j
    left join lateral (
      select mb.* from tollhouse_private.monthly_budgets as mb
      where mb.tenant_id = p_tenant_id and mb.user_id = u.user_id and mb.month = v_month
      offset 0
    ) as own on true
    order by j.round, u.turn
  loop
    if v_call.known and not v_call.never and v_taken[v_call.turn] >= 0 then
      -- Strictly in line: where the first does not fit, nothing smaller passes it.
      if v_taken[v_call.turn] + v_call.need > v_call.room then
        v_taken[v_call.turn] := -1;
      elsif v_all_taken + v_call.need > v_tenant.cap_micro_usd - v_tenant.spent_micro_usd - v_tenant.reserved_micro_usd then
        v_held := true;
        exit;
      else
        v_taken[v_call.turn] := v_taken[v_call.turn] + v_call.need;
        v_all_taken := v_all_taken + v_call.need;
        v_passing := true;
      end if;
    end if;
    v_last_user_id := v_call.user_id;
    if v_call.state = 'scheduled' and v_call.known and (v_call.never or v_taken[v_call.turn] >= 0) then
      v_places := v_places || v_call.place;
    end if;
  end loop;

  if cardinality(v_places) > 0 then
    -- Place by place: by any index that a plan may choose it would read the whole line.
    update tollhouse_private.jobs as j
    set state = 'queued', run_at = p_now
    where j.ctid = any (array(
      select w.ctid
      from unnest(v_places) as v (place)
      cross join lateral (
        select k.ctid
        from tollhouse_private.jobs as k
        where k.ctid = v.place
          and k.tenant_id = p_tenant_id and k.waits_for = 'budget' and k.state = 'scheduled'
        for update skip locked
      ) as w
    ));
    perform tollhouse_private.wake_idle_worker();
  end if;

  v_line_at := case
    when v_held or (v_tenant.line_at is not null and (v_passing or cardinality(v_users) >= c_most))
    then case when v_tenant.line_at > p_now - interval '5 seconds' then v_tenant.line_at else p_now end
  end;
  if v_line_at is distinct from v_tenant.line_at or (v_last_user_id is not null and v_last_user_id is distinct from v_tenant.line_user_id) then
    update tollhouse_private.monthly_budgets as mb
    set line_at = v_line_at, line_user_id = coalesce(v_last_user_id, mb.line_user_id)
    where mb.tenant_id = p_tenant_id and mb.user_id = '' and mb.month = v_month;
  end if;
end
$$;
ALTER FUNCTION tollhouse_private.call_up_budget(p_tenant_id text, p_users text[], p_now timestamp with time zone) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.call_up_budget(p_tenant_id text, p_users text[], p_now timestamp with time zone) IS 'Queues those of a tenant''s calls in line for a budget that fit by now, or never will: a hundred at most, by turns over its users where the tenant''s cap holds them back, else of the users given.';
CREATE FUNCTION tollhouse_private.candidate_models(p_endpoint text, p_requested_model text) RETURNS TABLE(model text, provider text, provider_model text, preference bigint, candidates bigint)
    LANGUAGE sql STABLE
    AS $$
  select m.model::pg_catalog.text, m.provider, m.provider_model, u.preference - 1, pg_catalog.count(*) over ()
  from tollhouse_private.task_types as tt
  cross join lateral pg_catalog.unnest(tt.models) with ordinality as u (model, preference)
  join tollhouse_private.models as m on m.model = u.model
  where tt.endpoint = p_endpoint
    and (p_requested_model is null or m.model = p_requested_model)
$$;
ALTER FUNCTION tollhouse_private.candidate_models(p_endpoint text, p_requested_model text) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.candidate_models(p_endpoint text, p_requested_model text) IS 'The models a call may use: those of its endpoint, in order of preference from 0, or the one it asked for.';
CREATE FUNCTION tollhouse_private.capture_of(p_tenant_id text, p_endpoint text) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return tollhouse_private.stricter_capture(
    (select tt.capture from tollhouse_private.task_types as tt where tt.endpoint = p_endpoint),
    (select ts.capture_policy from tollhouse_private.tenant_settings as ts where ts.tenant_id = p_tenant_id)
  );
end
$$;
ALTER FUNCTION tollhouse_private.capture_of(p_tenant_id text, p_endpoint text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.capture_of(p_tenant_id text, p_endpoint text) IS 'What may be kept of a tenant''s calls at an endpoint: full, metadata or none.';
CREATE FUNCTION tollhouse_private.change_shutoff(p_action text, p_tenant_id text, p_user_id text, p_change jsonb, p_reason text) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_before tollhouse_private.hourly_shutoffs;
  v_after tollhouse_private.hourly_shutoffs;
begin
  perform tollhouse_private.check_target('tenant', p_tenant_id);
  if p_user_id is distinct from '' then
    perform tollhouse_private.check_target('user', p_user_id);
  end if;

  if p_action <> 'lift_shutoff' then
    insert into tollhouse_private.hourly_shutoffs (tenant_id, user_id) values (p_tenant_id, p_user_id) on conflict do nothing;
  end if;
  select hs.* into v_before
  from tollhouse_private.hourly_shutoffs as hs
  where hs.tenant_id = p_tenant_id and hs.user_id = p_user_id
  for update;
  if p_action = 'lift_shutoff' and v_before.disabled_until is null then
    return false;
  end if;
  v_after := jsonb_populate_record(v_before, p_change);
  update tollhouse_private.hourly_shutoffs as hs
  set
    threshold_micro_usd = v_after.threshold_micro_usd, cooldown = v_after.cooldown,
    disabled_until = v_after.disabled_until, mode = v_after.mode, reason = v_after.reason
  where hs.tenant_id = p_tenant_id and hs.user_id = p_user_id;
  perform tollhouse_private.audit(p_action,
    jsonb_build_object('tenant_id', p_tenant_id, 'user_id', nullif(p_user_id, '')), p_reason, to_jsonb(v_before), to_jsonb(v_after));
  return true;
end
$$;
ALTER FUNCTION tollhouse_private.change_shutoff(p_action text, p_tenant_id text, p_user_id text, p_change jsonb, p_reason text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.change_shutoff(p_action text, p_tenant_id text, p_user_id text, p_change jsonb, p_reason text) IS 'Changes the given columns of one shutoff and audits it; false, without changes, if there is none to lift.';
CREATE FUNCTION tollhouse_private.charge_basis(p_sent boolean, p_billing text, p_usage_cost bigint) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
  select case
    when p_sent is not true or p_billing = 'nothing' then 'none'
    when p_usage_cost is not null then 'usage'
    when p_billing = 'usage' then 'none'
    else 'reservation'
  end
$$;
ALTER FUNCTION tollhouse_private.charge_basis(p_sent boolean, p_billing text, p_usage_cost bigint) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.charge_basis(p_sent boolean, p_billing text, p_usage_cost bigint) IS 'Cost basis of an ended attempt: none, usage, or reservation if the provider may have billed without reporting usage. p_billing: see attempt_outcomes.';
CREATE TABLE tollhouse_private.task_types (
    endpoint tollhouse_private.identifier NOT NULL,
    models text[] DEFAULT '{}'::text[] NOT NULL COLLATE pg_catalog."C",
    timeout_ms integer DEFAULT 60000 NOT NULL,
    max_attempts integer DEFAULT 3 NOT NULL,
    backoff_ms integer DEFAULT 500 NOT NULL,
    max_output_tokens integer DEFAULT 1024 NOT NULL,
    max_request_bytes integer DEFAULT 262144 NOT NULL,
    cache_ttl interval DEFAULT '01:00:00'::interval NOT NULL,
    cache_scope text DEFAULT 'user'::text NOT NULL COLLATE pg_catalog."C",
    capture text DEFAULT 'full'::text NOT NULL COLLATE pg_catalog."C",
    retries_abandoned boolean DEFAULT true NOT NULL,
    materializer text COLLATE pg_catalog."C",
    CONSTRAINT task_types_backoff_ms_check CHECK (((backoff_ms >= 0) AND (backoff_ms <= 3600000))),
    CONSTRAINT task_types_cache_scope_check CHECK ((cache_scope = ANY (ARRAY['user'::text, 'tenant'::text]))),
    CONSTRAINT task_types_cache_ttl_check CHECK (((cache_ttl >= '00:00:00'::interval) AND (cache_ttl <= '366 days'::interval))),
    CONSTRAINT task_types_capture_check CHECK ((capture = ANY (ARRAY['full'::text, 'metadata'::text, 'none'::text]))),
    CONSTRAINT task_types_max_attempts_check CHECK (((max_attempts >= 1) AND (max_attempts <= 20))),
    CONSTRAINT task_types_max_output_tokens_check CHECK (((max_output_tokens >= 1) AND (max_output_tokens <= 10000000))),
    CONSTRAINT task_types_max_request_bytes_check CHECK (((max_request_bytes >= 1) AND (max_request_bytes <= 16777216))),
    CONSTRAINT task_types_timeout_ms_check CHECK (((timeout_ms >= 100) AND (timeout_ms <= 3600000)))
);
ALTER TABLE tollhouse_private.task_types OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.task_types IS 'An endpoint: the models, limits and policies of its calls.';
COMMENT ON COLUMN tollhouse_private.task_types.models IS 'Candidate models, in order of preference.';
COMMENT ON COLUMN tollhouse_private.task_types.timeout_ms IS 'Timeout of one attempt.';
COMMENT ON COLUMN tollhouse_private.task_types.max_attempts IS 'Total number of attempts a call may make.';
COMMENT ON COLUMN tollhouse_private.task_types.backoff_ms IS 'Backoff before the second attempt; doubles with each further one, up to a minute.';
COMMENT ON COLUMN tollhouse_private.task_types.max_output_tokens IS 'The most output tokens a call may ask for, and the default. Bounds the reservation.';
COMMENT ON COLUMN tollhouse_private.task_types.cache_ttl IS 'How long a cached answer stays fresh, never longer than its content is kept; 0 turns off cache and coalescing.';
COMMENT ON COLUMN tollhouse_private.task_types.cache_scope IS 'Who shares an answer: the calls of one user, or of the whole tenant.';
COMMENT ON COLUMN tollhouse_private.task_types.capture IS 'What is kept of a call; the stricter of this and the tenant''s policy applies.';
COMMENT ON COLUMN tollhouse_private.task_types.retries_abandoned IS 'Whether a call whose worker died is retried; otherwise it fails.';
COMMENT ON COLUMN tollhouse_private.task_types.materializer IS 'Schema-qualified function (text tenant, text user, uuid call, timestamptz created_at, jsonb request, jsonb response) that turns a success into rows, in the transaction of the outcome and with the privileges of tollhouse_owner or tollhouse_engine. It waits at most a second for a lock; while it runs, its worker records and claims nothing else. If it fails, or exceeds the worker''s statement timeout, its call ends as materializer_failed.';
CREATE FUNCTION tollhouse_private.check_call(p_task tollhouse_private.task_types, p_request jsonb, p_request_id text, p_model text, p_watermark text, p_max_cost_micro_usd bigint, p_run_at timestamp with time zone, p_metadata jsonb, p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_bytes integer := octet_length(p_request::text);
  v_problem text;
  v_output_tokens integer;
begin
  if v_bytes > p_task.max_request_bytes then
    raise exception using errcode = 'TH103', message = 'request too large',
      detail = format('%s bytes, endpoint %s takes %s', v_bytes, p_task.endpoint, p_task.max_request_bytes),
      hint = 'Shorten the request, or ask an operator to raise max_request_bytes (tollhouse_ops.set_task_type).';
  end if;
  v_problem := tollhouse_private.request_problem(p_request);
  if v_problem is not null then
    raise exception using errcode = 'TH102', message = 'invalid request', detail = v_problem,
      hint = 'A request is {"prompt": "…"} or {"messages": [{"role": "user", "content": "…"}]} with chat-completions parameters.';
  end if;
  v_output_tokens := coalesce((p_request ->> 'max_completion_tokens')::integer, (p_request ->> 'max_tokens')::integer);
  if v_output_tokens > p_task.max_output_tokens then
    raise exception using errcode = 'TH102', message = 'invalid request',
      detail = format('%s output tokens asked for, endpoint %s allows %s', v_output_tokens, p_task.endpoint, p_task.max_output_tokens),
      hint = 'Ask for less, or ask an operator to raise max_output_tokens (tollhouse_ops.set_task_type).';
  end if;
  if p_request_id !~ '^[\x21-\x7e]{1,200}$' then
    raise exception using errcode = 'TH104', message = 'bad request id', detail = format('%L', left(p_request_id, 200)),
      hint = '1 to 200 visible ASCII characters; or null, and one is made.';
  end if;
  if p_max_cost_micro_usd < 0 then
    raise exception using errcode = 'TH105', message = 'negative cost', detail = format('max_cost_micro_usd %s', p_max_cost_micro_usd),
      hint = 'Give micro-USD (1 USD = 1000000), or null for no limit of its own.';
  end if;
  if cardinality(p_task.models) = 0 or p_model <> all (p_task.models) then
    raise exception using errcode = 'TH106',
      message = case when p_model is null then 'endpoint has no model' else 'unknown model' end,
      detail = format('endpoint %s, model %s', p_task.endpoint, coalesce(quote_literal(left(p_model, 128)), 'of its own choice')),
      hint = coalesce(
        'This endpoint has: ' || nullif(array_to_string(p_task.models, ', '), '') || '.',
        'Ask an operator to give it models (tollhouse_ops.set_task_type).');
  end if;
  if p_watermark is null or length(p_watermark) > 200 or not (p_watermark = '' or tollhouse_private.has_visible(p_watermark)) then
    raise exception using errcode = 'TH108', message = 'bad watermark',
      detail = case when p_watermark is null then 'it is null' else format('%s characters', length(p_watermark)) end,
      hint = 'A text of 200 characters at most, something of which can be seen; leave it out for none.';
  end if;
  if octet_length(p_metadata::text) > 16384 or jsonb_typeof(p_metadata) <> 'object'
    or tollhouse_private.json_problem(p_metadata) is not null
  then
    raise exception using errcode = 'TH109', message = 'bad metadata',
      detail = coalesce(tollhouse_private.json_problem(p_metadata),
        format('a JSON %s of %s bytes', jsonb_typeof(p_metadata), octet_length(p_metadata::text))),
      hint = 'An object of 16384 bytes at most; or null.';
  end if;
  if p_run_at > p_now + interval '1 year' or not isfinite(p_run_at) then
    raise exception using errcode = 'TH111', message = 'bad run_at', detail = format('run_at %s', p_run_at),
      hint = 'A time within a year from now; or null for at once.';
  end if;
end
$_$;
ALTER FUNCTION tollhouse_private.check_call(p_task tollhouse_private.task_types, p_request jsonb, p_request_id text, p_model text, p_watermark text, p_max_cost_micro_usd bigint, p_run_at timestamp with time zone, p_metadata jsonb, p_now timestamp with time zone) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.check_call(p_task tollhouse_private.task_types, p_request jsonb, p_request_id text, p_model text, p_watermark text, p_max_cost_micro_usd bigint, p_run_at timestamp with time zone, p_metadata jsonb, p_now timestamp with time zone) IS 'Whether an endpoint takes a call. Raises TH102 to TH106, TH108, TH109, TH111.';
CREATE FUNCTION tollhouse_private.check_materializer(p_name text) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_function regprocedure;
begin
  -- Check the syntax first: to_regprocedure raises on malformed names.
  if p_name ~ '^("[^"]+"|[A-Za-z_][A-Za-z0-9_]*)\.("[^"]+"|[A-Za-z_][A-Za-z0-9_]*)$' then
    v_function := to_regprocedure(p_name || '(text,text,uuid,timestamptz,jsonb,jsonb)');
  end if;
  perform tollhouse_private.check_value(v_function is not null, format('materializer %s', coalesce(p_name, 'null')),
    'Name a function (text, text, uuid, timestamptz, jsonb, jsonb) with its schema, or give an empty text for none.');
  perform tollhouse_private.check_value(
    exists (
      select
      from pg_catalog.pg_proc as p
      join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
      join pg_catalog.pg_roles as writes on writes.oid = p.proowner
      join pg_catalog.pg_roles as drops on drops.oid = n.nspowner
      where p.oid = v_function
        and n.nspname !~ '^pg_temp'
        and (writes.rolsuper or writes.rolname in ('tollhouse_owner', 'tollhouse_engine'))
        and (drops.rolsuper or drops.rolname in ('tollhouse_owner', 'tollhouse_engine', 'pg_database_owner'))
    ),
    format('materializer %s', p_name), 'The function and its schema must belong to tollhouse_owner or a superuser and must not be temporary.');
  return v_function::regproc::text;
end
$_$;
ALTER FUNCTION tollhouse_private.check_materializer(p_name text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.check_materializer(p_name text) IS 'The quoted name of a valid materializer. Raises TH303 if it is not one, or if someone else could replace it.';
CREATE FUNCTION tollhouse_private.check_room(p_tenant_id text, p_calls integer, p_bytes bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  -- Counted so often on the way to a limit that a hundredth of it is never missed but by one in e to the 25th.
  c_looks constant integer := 50;
  -- To count fewer costs less than a millisecond.
  c_few constant integer := 10000;
  c_longest_ms constant integer := 10000;
  v_limit tollhouse_private.queue_limits;
  v_known tollhouse_private.queue_counts;
  v_calls bigint;
  v_bytes bigint;
  v_hash bigint;
  v_look regclass;
  v_now bigint;
  v_found bigint;
  v_full boolean := false;
begin
  select ql.* into v_limit
  from tollhouse_private.queue_limits as ql
  where ql.tenant_id in (p_tenant_id, '')
  order by ql.tenant_id desc
  limit 1;
  if coalesce(v_limit.max_calls, v_limit.max_bytes) is null then
    return;
  end if;
  select qc.* into v_known
  from tollhouse_private.queue_counts as qc
  where qc.tenant_id = p_tenant_id
  order by qc.count_id desc
  limit 1;
  v_calls := coalesce(v_known.calls, 0);
  v_bytes := coalesce(v_known.bytes, 0);

  -- Far from the limit a look now and then is enough: to count costs as much as there is.
  if v_calls < 0.99 * coalesce(v_limit.max_calls, v_calls + 1) and v_bytes < 0.99 * coalesce(v_limit.max_bytes, v_bytes + 1) then
    if random() >= c_looks * greatest(p_calls::numeric / (v_limit.max_calls - v_calls), p_bytes::numeric / (v_limit.max_bytes - v_bytes)) then
      return;
    end if;
  elsif v_calls >= c_few then
    -- At the limit of a large queue, what one count finds holds for all, for ten times as long as it took.
    v_hash := hashtextextended(format('%s %s %s', p_tenant_id, v_limit.max_calls, v_limit.max_bytes), 0);
    v_look := format('tollhouse_private.queue_look_%s', v_hash & 7)::regclass;
    v_hash := v_hash >> 3 & 1048575;
    v_now := extract(epoch from clock_timestamp()) * 1000;
    v_found := pg_sequence_last_value(v_look);
    if v_found >> 1 & 1048575 = v_hash then
      v_full := v_found & 1 = 1;
      if v_found >> 21 between v_now + 1 and v_now + c_longest_ms then
        if not v_full then
          return;
        end if;
        raise exception using
          errcode = 'TH112',
          message = 'queue is full',
          detail = 'as of the last count, a moment ago',
          hint = 'Try again once some of the tenant''s calls have ended, cancel some, or ask an operator to raise the limit (tollhouse_ops.set_queue_limit).';
      end if;
    end if;
    -- One counts; the others go by what was found before.
    perform setval(v_look, (v_now + 1000 << 21) + (v_hash << 1) + v_full::integer);
  end if;

  select count(*), coalesce(sum(j.request_bytes), 0) into v_calls, v_bytes
  from tollhouse_private.jobs as j
  where j.tenant_id = p_tenant_id;
  if v_look is not null then
    v_found := extract(epoch from clock_timestamp()) * 1000;
    v_full := coalesce(v_calls >= v_limit.max_calls, false) or coalesce(v_bytes >= v_limit.max_bytes, false);
    perform setval(v_look, (v_found + least(c_longest_ms, 1 + 10 * (v_found - v_now)) << 21) + (v_hash << 1) + v_full::integer);
  end if;
  if v_calls > v_limit.max_calls or v_bytes > v_limit.max_bytes then
    raise exception using
      errcode = 'TH112',
      message = 'queue is full',
      detail = format('%s of %s calls, %s of %s bytes',
        v_calls, coalesce(v_limit.max_calls::text, 'any number of'), v_bytes, coalesce(v_limit.max_bytes::text, 'any number of')),
      hint = 'Try again once some of the tenant''s calls have ended, cancel some, or ask an operator to raise the limit (tollhouse_ops.set_queue_limit).';
  end if;

  if abs(v_calls - coalesce(v_known.calls, 0)) > greatest(c_looks, 0.01 * v_limit.max_calls)
    or abs(v_bytes - coalesce(v_known.bytes, 0)) > 0.01 * v_limit.max_bytes
  then
    insert into tollhouse_private.queue_counts (tenant_id, calls, bytes) values (p_tenant_id, v_calls, v_bytes);
    delete from tollhouse_private.queue_counts as qc
    where qc.ctid = any (array(
      select old.ctid from tollhouse_private.queue_counts as old
      where old.tenant_id = p_tenant_id and old.count_id < v_known.count_id
      limit 100 for update skip locked
    ));
  end if;
end
$$;
ALTER FUNCTION tollhouse_private.check_room(p_tenant_id text, p_calls integer, p_bytes bigint) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.check_room(p_tenant_id text, p_calls integer, p_bytes bigint) IS 'Refuses calls, just inserted, that the tenant''s queue has no room for. Exact within a hundredth of the limit, or fifty calls, but for what other open transactions hold; where ten thousand calls or more are to be counted, what a count found holds for ten times as long as it took. Raises TH112.';
CREATE FUNCTION tollhouse_private.check_target(p_kind text, p_target text) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_known text[];
begin
  case p_kind
    when 'provider' then select array_agg(p.provider order by p.provider) into v_known from tollhouse_private.providers as p;
    when 'model' then select array_agg(m.model order by m.model) into v_known from tollhouse_private.models as m;
    when 'endpoint' then select array_agg(tt.endpoint order by tt.endpoint) into v_known from tollhouse_private.task_types as tt;
    else
      if tollhouse_private.is_identifier(p_target) is not true then
        raise exception using errcode = 'TH303', message = 'bad value',
          detail = format('%s %s', p_kind, coalesce(quote_literal(left(p_target, 128)), 'null')),
          hint = 'Use 1 to 128 characters from A-Z a-z 0-9 . _ : @ -, starting with a letter or a digit.';
      end if;
      return;
  end case;
  if p_target is null or p_target <> all (coalesce(v_known, '{}')) then
    raise exception using errcode = 'TH302', message = 'unknown ' || p_kind,
      detail = coalesce(quote_literal(left(p_target, 128)), 'null'),
      hint = coalesce('Known: ' || array_to_string(v_known, ', ') || '.', 'None exists yet.');
  end if;
end
$$;
ALTER FUNCTION tollhouse_private.check_target(p_kind text, p_target text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.check_target(p_kind text, p_target text) IS 'Raises TH302 for a provider, model or endpoint that does not exist, TH303 for a malformed tenant or user.';
CREATE FUNCTION tollhouse_private.check_value(p_ok boolean, p_detail text, p_hint text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if p_ok is not true then
    raise exception using errcode = 'TH303', message = 'bad value', detail = left(p_detail, 300), hint = p_hint;
  end if;
end
$$;
ALTER FUNCTION tollhouse_private.check_value(p_ok boolean, p_detail text, p_hint text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.check_value(p_ok boolean, p_detail text, p_hint text) IS 'Raises TH303 unless p_ok is true.';
CREATE TABLE tollhouse_private.breakers (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    user_id text NOT NULL COLLATE pg_catalog."C",
    provider text NOT NULL COLLATE pg_catalog."C",
    state text DEFAULT 'closed'::text NOT NULL COLLATE pg_catalog."C",
    consecutive_failures integer DEFAULT 0 NOT NULL,
    opened_at timestamp with time zone,
    open_until timestamp with time zone,
    probe_call_id uuid,
    reason text COLLATE pg_catalog."C",
    CONSTRAINT breakers_state_check CHECK ((((state = 'closed'::text) AND (open_until IS NULL) AND (probe_call_id IS NULL)) OR ((state = 'open'::text) AND (open_until IS NOT NULL) AND (probe_call_id IS NULL)) OR ((state = 'half_open'::text) AND (open_until IS NOT NULL) AND (probe_call_id IS NOT NULL))))
)
WITH (fillfactor='70');
ALTER TABLE ONLY tollhouse_private.breakers FORCE ROW LEVEL SECURITY;
ALTER TABLE tollhouse_private.breakers OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.breakers IS 'Stops one user''s calls to a provider after consecutive failures; no row means closed.';
COMMENT ON COLUMN tollhouse_private.breakers.state IS 'closed; open: nothing passes before open_until, then one probe; half_open: probe_call_id is that probe and nothing else passes.';
COMMENT ON COLUMN tollhouse_private.breakers.opened_at IS 'When it opened; a failed probe changes only open_until.';
COMMENT ON COLUMN tollhouse_private.breakers.reason IS 'Reason given by the operator who opened it; null: opened by consecutive failures.';
CREATE TABLE tollhouse_private.provider_breakers (
    provider text NOT NULL COLLATE pg_catalog."C",
    state text DEFAULT 'closed'::text NOT NULL COLLATE pg_catalog."C",
    opened_at timestamp with time zone,
    open_until timestamp with time zone,
    probe_call_id uuid,
    reason text COLLATE pg_catalog."C",
    CONSTRAINT provider_breakers_state_check CHECK ((((state = 'closed'::text) AND (open_until IS NULL) AND (probe_call_id IS NULL)) OR ((state = 'open'::text) AND (open_until IS NOT NULL) AND (probe_call_id IS NULL)) OR ((state = 'half_open'::text) AND (open_until IS NOT NULL) AND (probe_call_id IS NOT NULL))))
)
WITH (fillfactor='70');
ALTER TABLE tollhouse_private.provider_breakers OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.provider_breakers IS 'Stops everybody''s calls to a provider when a share of them fails; no row means closed.';
COMMENT ON COLUMN tollhouse_private.provider_breakers.opened_at IS 'When it opened; a failed probe changes only open_until.';
COMMENT ON COLUMN tollhouse_private.provider_breakers.reason IS 'Share of calls that had failed, or the reason given by an operator.';
CREATE FUNCTION tollhouse_private.choose_models(p_jobs tollhouse_private.work[], p_now timestamp with time zone, p_breakers tollhouse_private.breakers[], p_provider_breakers tollhouse_private.provider_breakers[], p_may_probe boolean, OUT routes tollhouse_private.route[], OUT verdicts tollhouse_private.verdict[]) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  -- What an endpoint's calls have in common is asked once for all of them.
  with offer as materialized (
    select
      k.endpoint, k.requested_model, cm.model, cm.provider, cm.provider_model, cm.preference, cm.candidates, tt.timeout_ms,
      tollhouse_private.killed(null, null, null, cm.provider, cm.model) as killed,
      p as price,
      tollhouse_private.overrun_of(cm.model, p_now) as overrun,
      tollhouse_private.guard_breaker(pb.state, pb.open_until, p_now) as provider_gate
    from (select distinct j.endpoint, j.requested_model from unnest(p_jobs) as j) as k
    join tollhouse_private.task_types as tt on tt.endpoint = k.endpoint
    cross join lateral tollhouse_private.candidate_models(k.endpoint, k.requested_model) as cm
    cross join lateral tollhouse_private.price_at(cm.model, p_now) as p
    left join unnest(p_provider_breakers) as pb on pb.provider = cm.provider
  )
  select
    coalesce(array_agg(row(
      j, c.provider, c.model, c.provider_model, c.timeout_ms, c.price, c.highest, c.user_gate = 'probe', c.provider_gate = 'probe'
    )::tollhouse_private.route) filter (where c.model is not null and c.obstacle is null), '{}'),
    coalesce(array_agg(row(
      j.call_id, 'blocked', coalesce(c.obstacle, 'no_model'), null, case c.obstacle when 'max_cost_exceeded' then c.least_need end
    )::tollhouse_private.verdict) filter (where c.model is null or c.obstacle is not null), '{}')
  into choose_models.routes, choose_models.verdicts
  from unnest(p_jobs) as j
  left join lateral (
    select
      o.model, o.provider, o.provider_model, o.timeout_ms, o.price, o.provider_gate, gate.user_gate, cost.highest, seen.obstacle,
      min(cost.highest) filter (where seen.obstacle = 'max_cost_exceeded') over () as least_need
    from offer as o
    left join unnest(p_breakers) as b
      on b.tenant_id = j.tenant_id and b.user_id = j.user_id and b.provider = o.provider
    cross join lateral (select tollhouse_private.guard_breaker(b.state, b.open_until, p_now) as user_gate) as gate
    cross join lateral (
      select tollhouse_private.highest_cost((o.price).input, (o.price).cached_input, (o.price).output, (o.price).reasoning, j.request_bytes, j.max_output_tokens) as bound
      offset 0
    ) as plain
    cross join lateral (
      select case when o.overrun is null then plain.bound else tollhouse_private.with_overrun(plain.bound, o.overrun) end as highest
      offset 0
    ) as cost
    cross join lateral (
      select
        case
          when o.killed then 'provider_kill_switch'
          when cost.highest is null then 'price_unknown'
          when j.spent_micro_usd + cost.highest > j.max_cost_micro_usd then 'max_cost_exceeded'
          when 'stop' in (o.provider_gate, gate.user_gate) then 'breaker_open'
          when not p_may_probe and 'probe' in (o.provider_gate, gate.user_gate) then 'breaker_open'
        end as obstacle
    ) as seen
    where o.endpoint = j.endpoint
      and o.requested_model is not distinct from j.requested_model
    order by seen.obstacle is not null, (o.preference - (j.attempts - j.unsent) % o.candidates + o.candidates) % o.candidates
    limit 1
  ) as c on true;
end
$$;
ALTER FUNCTION tollhouse_private.choose_models(p_jobs tollhouse_private.work[], p_now timestamp with time zone, p_breakers tollhouse_private.breakers[], p_provider_breakers tollhouse_private.provider_breakers[], p_may_probe boolean, OUT routes tollhouse_private.route[], OUT verdicts tollhouse_private.verdict[]) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.choose_models(p_jobs tollhouse_private.work[], p_now timestamp with time zone, p_breakers tollhouse_private.breakers[], p_provider_breakers tollhouse_private.provider_breakers[], p_may_probe boolean, OUT routes tollhouse_private.route[], OUT verdicts tollhouse_private.verdict[]) IS 'Gives each call the first of its candidate models that nothing stands in the way of, or says what does of the very first. p_breakers, p_provider_breakers: those that are not closed; p_may_probe: whether one whose cool-down is over lets a call pass.';
CREATE FUNCTION tollhouse_private.close_calls(p_settlements tollhouse_private.settlement[], p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_settlements tollhouse_private.settlement[] := p_settlements;
  v_queued boolean := exists (select from unnest(p_settlements) as s where (s.job).place is not null);
  v_closed bigint;
begin
  if cardinality(p_settlements) = 0 then
    return;
  end if;

  if exists (select from unnest(p_settlements) as s where s.status = 'success' and s.materializer is not null) then
    v_settlements := tollhouse_private.materialize(p_settlements);
  end if;

  -- What the guards did not carry comes from the row that goes. A client's calls have none: it would not be found by its place.
  with removed as (
    delete from tollhouse_private.jobs as j
    where v_queued
      and j.ctid = any (array(select (s.job).place from unnest(v_settlements) as s))
    returning j.tenant_id, j.call_id, j.request_id, j.fingerprint, j.request, j.metadata, j.cost_basis as basis_before,
      j.error_code as last_error_code, j.error_message as last_error_message
  ),
  ended as (
    select s.*, r.request_id, r.fingerprint, r.request, r.metadata, r.basis_before, r.last_error_code, r.last_error_message
    from unnest(v_settlements) as s
    join removed as r on r.tenant_id = (s.job).tenant_id and r.call_id = (s.job).call_id
    union all
    select s.*, (s.unqueued).request_id, (s.unqueued).fingerprint, (s.unqueued).request, (s.unqueued).metadata,
      (s.unqueued).cost_basis, (s.unqueued).error_code, (s.unqueued).error_message
    from unnest(v_settlements) as s
    where (s.job).place is null
  ),
  closing as (
    select e.*, case when e.status = 'success' then e.capture end as keeps from ended as e
  ),
  kept as (
    insert into tollhouse_private.call_content
      (tenant_id, call_id, created_at, user_id, request, response, reasoning, metadata)
    select
      (c.job).tenant_id, (c.job).call_id, (c.job).created_at, (c.job).user_id,
      case c.keeps when 'full' then c.request end,
      case c.keeps when 'full' then (c.result).response end,
      case c.keeps when 'full' then (c.result).reasoning end,
      jsonb_strip_nulls(jsonb_build_object('client', c.metadata, 'provider', (c.result).metadata))
    from closing as c
    where c.keeps in ('full', 'metadata')
  ),
  handed_over as (
    insert into tollhouse_private.deliveries (tenant_id, call_id, user_id, response, expires_at)
    select (c.job).tenant_id, (c.job).call_id, (c.job).user_id, (c.result).response, p_now + st.delivery_ttl
    from closing as c
    cross join tollhouse_private.settings as st
    where c.keeps in ('metadata', 'none')
  )
  insert into tollhouse_private.llm_api_calls (
    tenant_id, call_id, created_at, finished_at, user_id, endpoint, request_id, fingerprint,
    status, blocked_reason, was_cached, was_coalesced, provider_attempted, attempts, provider, model,
    input_tokens, cached_input_tokens, output_tokens, reasoning_tokens, cost_micro_usd, cost_basis, saved_micro_usd,
    refused_micro_usd,
    latency_ms, error_code, error_message, content_ref, reasoning_ref, metadata_ref
  )
  select
    (c.job).tenant_id, (c.job).call_id, (c.job).created_at, p_now, (c.job).user_id, (c.job).endpoint,
    c.request_id, c.fingerprint,
    c.status, c.blocked_reason, c.was_cached, c.was_cached and (c.job).waits_for is not distinct from 'flight', (c.job).provider_attempted or c.sent,
    (c.job).attempts - (c.job).unsent - ((c.result).outcome is not distinct from 'not_sent')::integer,
    coalesce((c.job).provider, (c.result).provider), coalesce((c.job).model, (c.result).model),
    (c.result).input_tokens, (c.result).cached_input_tokens, (c.result).output_tokens, (c.result).reasoning_tokens,
    (c.job).spent_micro_usd + c.cost_micro_usd,
    case
      when 'reservation' in (c.basis_before, c.cost_basis) then 'reservation'
      when 'usage' in (c.basis_before, c.cost_basis) then 'usage'
      else 'none'
    end,
    case when c.was_cached then (c.result).saved_micro_usd end,
    c.need_micro_usd,
    (c.result).latency_ms,
    case when c.status = 'success' then (c.result).error_code else coalesce((c.result).error_code, c.last_error_code) end,
    case when c.status = 'success' then (c.result).error_message else coalesce((c.result).error_message, c.last_error_message) end,
    case when c.keeps = 'full' then (c.job).call_id end,
    case when c.keeps = 'full' and (c.result).reasoning is not null then (c.job).call_id end,
    case when c.keeps in ('full', 'metadata') then (c.job).call_id end
  from closing as c;

  get diagnostics v_closed = row_count;
  if v_closed <> cardinality(v_settlements) then
    raise exception using
      errcode = '40001',
      message = 'a call is no longer where it lay in the queue',
      detail = format('%s of %s', v_closed, cardinality(v_settlements)),
      hint = 'Repeat the transaction.';
  end if;
end
$$;
ALTER FUNCTION tollhouse_private.close_calls(p_settlements tollhouse_private.settlement[], p_now timestamp with time zone) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.close_calls(p_settlements tollhouse_private.settlement[], p_now timestamp with time zone) IS 'Takes finished calls out of the queue: ledger, content, materialized rows. A worker''s caller releases their flights first.';
CREATE FUNCTION tollhouse_private.cost_of_usage(p_input_price bigint, p_cached_input_price bigint, p_output_price bigint, p_reasoning_price bigint, p_input_tokens integer, p_cached_input_tokens integer, p_output_tokens integer, p_reasoning_tokens integer) RETURNS bigint
    LANGUAGE sql IMMUTABLE
    AS $$
  select pg_catalog.ceil((
    (p_input_tokens - coalesce(p_cached_input_tokens, 0))::numeric * p_input_price
    + coalesce(p_cached_input_tokens, 0)::numeric * p_cached_input_price
    + (p_output_tokens - coalesce(p_reasoning_tokens, 0))::numeric * p_output_price
    + coalesce(p_reasoning_tokens, 0)::numeric * p_reasoning_price
  ) / 1000000)::bigint
$$;
ALTER FUNCTION tollhouse_private.cost_of_usage(p_input_price bigint, p_cached_input_price bigint, p_output_price bigint, p_reasoning_price bigint, p_input_tokens integer, p_cached_input_tokens integer, p_output_tokens integer, p_reasoning_tokens integer) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.cost_of_usage(p_input_price bigint, p_cached_input_price bigint, p_output_price bigint, p_reasoning_price bigint, p_input_tokens integer, p_cached_input_tokens integer, p_output_tokens integer, p_reasoning_tokens integer) IS 'Cost of the reported tokens, in micro-USD rounded up. Input includes cached input, output includes reasoning.';
CREATE FUNCTION tollhouse_private.identity(OUT tenant_id text, OUT user_id text, OUT reads_all_users boolean) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_oid oid;
  v_bindings tollhouse_private.login_bindings[];
begin
  -- Called many times per statement: if no login is bound, none is looked up.
  if exists (select from tollhouse_private.login_bindings) then
    -- By name and by oid, so that neither renaming a login nor reusing a bound name escapes the binding.
    v_oid := to_regrole(quote_ident(session_user));
    v_bindings := array(
      select b from tollhouse_private.login_bindings as b where b.login = session_user
      union all
      select b from tollhouse_private.login_bindings as b where b.login_oid = v_oid and b.login <> session_user
    );
  end if;

  if cardinality(v_bindings) > 0 then
    -- Of two bindings, the one that matches both; if none does, the login has no identity.
    if cardinality(v_bindings) > 1 then
      v_bindings := array(select b from unnest(v_bindings) as b where b.login = session_user and b.login_oid = v_oid);
    end if;
    identity.tenant_id := v_bindings[1].tenant_id;
    identity.user_id := v_bindings[1].user_id;
    identity.reads_all_users := v_bindings[1].reads_all_users;
  else
    identity.tenant_id := current_setting('tollhouse.tenant_id', true);
    identity.reads_all_users := false;
  end if;
  identity.user_id := coalesce(identity.user_id, current_setting('tollhouse.user_id', true));

  if not tollhouse_private.is_identifier(identity.user_id) then
    identity.user_id := null;
  end if;
  if identity.tenant_id is null or not tollhouse_private.is_identifier(identity.tenant_id)
    or (identity.user_id is null and identity.reads_all_users is not true)
  then
    identity.tenant_id := null;
    identity.user_id := null;
    identity.reads_all_users := false;
  end if;
end
$$;
ALTER FUNCTION tollhouse_private.identity(OUT tenant_id text, OUT user_id text, OUT reads_all_users boolean) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.identity(OUT tenant_id text, OUT user_id text, OUT reads_all_users boolean) IS 'Tenant and user of the session: from its login''s binding where there is one, else from the transaction''s settings; all null without a whole, well-formed identity, or with two bindings of which neither is the login''s own.';
CREATE FUNCTION tollhouse_private.current_tenant_id() RETURNS text
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT (tollhouse_private.identity()).tenant_id AS tenant_id;
END;
ALTER FUNCTION tollhouse_private.current_tenant_id() OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.current_tenant_id() IS 'The session''s tenant, or null.';
CREATE FUNCTION tollhouse_private.current_user_id() RETURNS text
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT (tollhouse_private.identity()).user_id AS user_id;
END;
ALTER FUNCTION tollhouse_private.current_user_id() OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.current_user_id() IS 'The session''s user, or null.';
CREATE FUNCTION tollhouse_private.decide(p_jobs tollhouse_private.work[], p_now timestamp with time zone, OUT admitted tollhouse_private.route[], OUT verdicts tollhouse_private.verdict[]) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_jobs tollhouse_private.work[] := p_jobs;
  v_routing record;
  v_routes tollhouse_private.route[];
  v_refused tollhouse_private.verdict[];
  v_again record;
begin
  verdicts := array(select v from tollhouse_private.guard_cancelled(v_jobs) as v);
  v_jobs := tollhouse_private.undecided(v_jobs, verdicts);
  -- 2
  verdicts := verdicts || array(select v from tollhouse_private.guard_kill_switch(v_jobs) as v);
  v_jobs := tollhouse_private.undecided(v_jobs, verdicts);
  -- 3
  verdicts := verdicts || array(select v from tollhouse_private.guard_hourly_shutoff(v_jobs, p_now) as v);
  v_jobs := tollhouse_private.undecided(v_jobs, verdicts);
  -- 4
  verdicts := verdicts || array(select v from tollhouse_private.guard_cache(v_jobs, p_now) as v);
  v_jobs := tollhouse_private.undecided(v_jobs, verdicts);
  -- 5
  verdicts := verdicts || array(select v from tollhouse_private.guard_coalescing(v_jobs, p_now, p_jobs) as v);
  v_jobs := tollhouse_private.undecided(v_jobs, verdicts);
  -- 6
  select r.routes, r.verdicts into v_routing from tollhouse_private.route_jobs(v_jobs, p_now, '{}') as r;
  v_routes := v_routing.routes;
  if exists (select from unnest(v_routes) as r where r.user_probe or r.provider_probe) then
    perform tollhouse_private.lock_ahead(v_jobs, p_now);
  end if;
  -- 7
  v_refused := array(select v from tollhouse_private.guard_rate_limit(v_routes, p_now) as v);
  v_routes := tollhouse_private.undecided(v_routes, v_refused);
  -- 8
  v_refused := v_refused || array(select v from tollhouse_private.guard_budget(v_routes, p_now) as v);
  admitted := tollhouse_private.undecided(v_routes, v_refused);
  verdicts := verdicts || v_refused;

  if not tollhouse_private.probe_refused(v_routing.routes, v_refused) then
    verdicts := verdicts || v_routing.verdicts;
    return;
  end if;
  select a.admitted, a.verdicts into v_again from tollhouse_private.probe_again(v_jobs, v_routing.verdicts, p_now, admitted) as a;
  admitted := v_again.admitted;
  verdicts := verdicts || v_again.verdicts;
end
$$;
ALTER FUNCTION tollhouse_private.decide(p_jobs tollhouse_private.work[], p_now timestamp with time zone, OUT admitted tollhouse_private.route[], OUT verdicts tollhouse_private.verdict[]) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.decide(p_jobs tollhouse_private.work[], p_now timestamp with time zone, OUT admitted tollhouse_private.route[], OUT verdicts tollhouse_private.verdict[]) IS 'Puts a batch through guards 2 to 8: what is admitted and where it goes, and what a guard said of the rest.';
CREATE FUNCTION tollhouse_private.done_channel_name(p_secret text, p_tenant_id text, p_user_id text) RETURNS text
    LANGUAGE sql STABLE
    AS $$
  select 'tollhouse_done_' || pg_catalog.left(pg_catalog.encode(pg_catalog.sha256(
    pg_catalog.convert_to(p_secret || '/' || p_tenant_id || '/' || p_user_id, 'UTF8')
  ), 'hex'), 40)
$$;
ALTER FUNCTION tollhouse_private.done_channel_name(p_secret text, p_tenant_id text, p_user_id text) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.done_channel_name(p_secret text, p_tenant_id text, p_user_id text) IS 'The channel on which that user''s results are announced, by the installation''s secret: for who asks for many.';
CREATE FUNCTION tollhouse_private.done_channel_of(p_tenant_id text, p_user_id text) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select tollhouse_private.done_channel_name(s.secret, p_tenant_id, p_user_id)
  from tollhouse_private.channel_secret as s
$$;
ALTER FUNCTION tollhouse_private.done_channel_of(p_tenant_id text, p_user_id text) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.done_channel_of(p_tenant_id text, p_user_id text) IS 'The channel on which that user''s results are announced.';
CREATE FUNCTION tollhouse_private.drop_bindings(p_login name) RETURNS jsonb
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  -- Not the binding of another role that used to have this name.
  with dropped as (
    delete from tollhouse_private.login_bindings as lb
    where lb.login_oid = to_regrole(quote_ident(p_login))
      or (lb.login = p_login and not exists (select from pg_catalog.pg_roles as r where r.oid = lb.login_oid))
    returning lb.login_oid, to_jsonb(lb) - 'login_oid' as binding
  )
  select d.binding from dropped as d order by d.login_oid desc limit 1
$$;
ALTER FUNCTION tollhouse_private.drop_bindings(p_login name) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.drop_bindings(p_login name) IS 'Drops a login''s binding, under its current or an earlier name, and returns it; null if there was none.';
CREATE FUNCTION tollhouse_private.drop_old_partitions(p_now timestamp with time zone, p_months_in_use timestamp with time zone[]) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET lock_timeout TO '200ms'
    AS $$
declare
  v_partition record;
  v_gone integer := 0;
begin
  for v_partition in
    -- Materialized: only names known to be months may be parsed as such.
    with ours as materialized (
      select c.oid, c.relname, p.relname as parent
      from pg_catalog.pg_inherits as i
      join pg_catalog.pg_class as c on c.oid = i.inhrelid
      join pg_catalog.pg_class as p on p.oid = i.inhparent
      where p.relnamespace = 'tollhouse_private'::regnamespace
        and c.relkind = 'r'
    )
    select o.relname, m.month = any (p_months_in_use) as in_use
    from ours as o
    cross join tollhouse_private.settings as s
    cross join lateral (
      select to_timestamp(right(o.relname, 7) || ' +00', 'YYYY_MM TZH') as month
    ) as m
    where m.month + interval '1 month'
        <= p_now - case o.parent when 'call_content' then s.content_retention else s.ledger_retention end
      and case
        when m.month = any (p_months_in_use) then o.parent = 'call_content' and pg_relation_size(o.oid) > 0
        else m.month <> all (p_months_in_use)
      end
    -- In the order in which record locks them, so that nothing waiting for us holds a lock we want.
    order by array_position(array['provider_attempts', 'call_content', 'llm_api_calls'], o.parent::text), o.relname
  loop
    begin
      if v_partition.in_use then
        -- The month stays for outcomes still to come. Its owner has no privileges on it, so that nobody has.
        execute format('grant truncate on tollhouse_private.%I to tollhouse_owner', v_partition.relname);
        execute format('truncate tollhouse_private.%I', v_partition.relname);
        execute format('revoke truncate on tollhouse_private.%I from tollhouse_owner', v_partition.relname);
      else
        execute format('drop table tollhouse_private.%I', v_partition.relname);
      end if;
      v_gone := v_gone + 1;
    exception
      when lock_not_available then null;  -- Retried next time.
    end;
  end loop;
  return v_gone;
end
$$;
ALTER FUNCTION tollhouse_private.drop_old_partitions(p_now timestamp with time zone, p_months_in_use timestamp with time zone[]) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.drop_old_partitions(p_now timestamp with time zone, p_months_in_use timestamp with time zone[]) IS 'Drops months that are entirely past their retention. Months with unfinished calls (p_months_in_use, as their first instants in UTC) only lose their content. Partitions being read are left for the next run. Returns how many partitions were dropped or emptied.';
CREATE FUNCTION tollhouse_private.dues(p_settlements tollhouse_private.settlement[], p_now timestamp with time zone) RETURNS tollhouse_private.due[]
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_hour timestamptz := date_trunc('hour', p_now, 'UTC');
begin
  return (
    select array_agg(row(
      d.tenant_id, coalesce(d.user_id, ''), d.month, v_hour, d.attempts, d.reserved, d.cost
    )::tollhouse_private.due)
    from (
      select
        (s.job).tenant_id, (s.job).user_id, (s.job).budget_month as month,
        count(*) filter (where (s.result).outcome <> 'not_sent') as attempts,
        sum((s.job).reserved_micro_usd) as reserved, sum(s.cost_micro_usd) as cost
      from unnest(p_settlements) as s
      group by grouping sets ((1, 2, 3), (1, 3))
    ) as d
  );
end
$$;
ALTER FUNCTION tollhouse_private.dues(p_settlements tollhouse_private.settlement[], p_now timestamp with time zone) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.dues(p_settlements tollhouse_private.settlement[], p_now timestamp with time zone) IS 'What each payer of some ended attempts owes; null when there are none.';
CREATE FUNCTION tollhouse_private.early_verdicts(p_jobs tollhouse_private.jobs[], p_now timestamp with time zone) RETURNS tollhouse_private.verdict[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_work tollhouse_private.work[] := array(select tollhouse_private.work_of(j, null) from unnest(p_jobs) as j);
  v_later boolean;
  v_verdicts tollhouse_private.verdict[];
  v_more tollhouse_private.verdict[];
begin
  select coalesce(bool_or(j.state = 'scheduled'), false) into v_later from unnest(p_jobs) as j;

  v_verdicts := array(select v from tollhouse_private.guard_kill_switch(v_work) as v);
  v_work := tollhouse_private.undecided(v_work, v_verdicts);
  v_more := array(select v from tollhouse_private.guard_hourly_shutoff(v_work, p_now) as v);
  if v_later and cardinality(v_more) > 0 then
    -- Who is shut off now may not be when the call is to run.
    v_more := array(
      select v
      from unnest(p_jobs) as j
      join unnest(v_more) as v on v.call_id = j.call_id
      where j.state = 'queued'
        or exists (select from tollhouse_private.guard_hourly_shutoff(array[tollhouse_private.work_of(j, null)], j.run_at))
    );
  end if;
  v_verdicts := v_verdicts || v_more;
  v_work := tollhouse_private.undecided(v_work, v_more);
  if v_later then
    v_work := array(
      select w from unnest(v_work) as w where w.call_id in (select j.call_id from unnest(p_jobs) as j where j.state = 'queued')
    );
  end if;
  v_verdicts := v_verdicts || array(select v from tollhouse_private.guard_cache(v_work, p_now) as v);
  if cardinality(v_verdicts) > 0 and not tollhouse_private.has_month(p_now) then
    return array[]::tollhouse_private.verdict[];
  end if;
  return v_verdicts;
end
$$;
ALTER FUNCTION tollhouse_private.early_verdicts(p_jobs tollhouse_private.jobs[], p_now timestamp with time zone) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.early_verdicts(p_jobs tollhouse_private.jobs[], p_now timestamp with time zone) IS 'What guards 2 to 4 say of new calls of one user, as far as it is certain already: blocked or cached. The claim decides again.';
CREATE FUNCTION tollhouse_private.ending(p_job tollhouse_private.work, p_status text, p_reason text DEFAULT NULL::text, p_answer tollhouse_private.attempt_result DEFAULT NULL::tollhouse_private.attempt_result, p_unqueued tollhouse_private.jobs DEFAULT NULL::tollhouse_private.jobs, p_need_micro_usd bigint DEFAULT NULL::bigint) RETURNS tollhouse_private.settlement
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return row(
    p_job, p_answer, p_status, p_reason, p_status = 'success', false, 'ignored', 0, 'none', null,
    case when p_status = 'success' then tollhouse_private.capture_of(p_job.tenant_id, p_job.endpoint) end,
    null,
    case when p_status = 'success' then (select tt.materializer from tollhouse_private.task_types as tt where tt.endpoint = p_job.endpoint) end,
    p_unqueued, p_need_micro_usd
  )::tollhouse_private.settlement;
end
$$;
ALTER FUNCTION tollhouse_private.ending(p_job tollhouse_private.work, p_status text, p_reason text, p_answer tollhouse_private.attempt_result, p_unqueued tollhouse_private.jobs, p_need_micro_usd bigint) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.ending(p_job tollhouse_private.work, p_status text, p_reason text, p_answer tollhouse_private.attempt_result, p_unqueued tollhouse_private.jobs, p_need_micro_usd bigint) IS 'What becomes of a call that no attempt ended: blocked for a reason, cancelled, or a success with an answer from the cache. p_unqueued: the whole job, of a call that never was in the queue. p_need_micro_usd: as its verdict says.';
CREATE FUNCTION tollhouse_private.enqueue_calls(p_tenant_id text, p_user_id text, p_calls tollhouse_private.asked_call[], p_many boolean) RETURNS TABLE(call_id uuid, request_id text, status text, blocked_reason text, was_cached boolean, deduplicated boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
declare
  v_now timestamptz := clock_timestamp();
  v_asked record;
  v_first uuid[];
  v_jobs tollhouse_private.jobs[];
  v_verdicts tollhouse_private.verdict[];
  v_closed tollhouse_private.settlement[] := array[]::tollhouse_private.settlement[];
  v_bytes bigint;
  v_reused record;
begin
  select n.* into v_asked from tollhouse_private.new_jobs(p_tenant_id, p_user_id, p_calls, v_now) as n;
  if v_asked.jobs is null then
    return;
  end if;
  if v_asked.sound is not true then
    perform tollhouse_private.refuse_call(p_calls[p.place], case when p_many then p.place end, v_now)
    from unnest(v_asked.places) as p (place);
  end if;

  v_first := tollhouse_private.guard_idempotency(v_asked.jobs);
  v_jobs := v_asked.jobs;
  if cardinality(v_first) < cardinality(v_jobs) then
    v_jobs := array(select j from unnest(v_jobs) as j where j.call_id in (select f.call_id from unnest(v_first) as f (call_id)));
  end if;

  v_verdicts := tollhouse_private.early_verdicts(v_jobs, v_now);
  if cardinality(v_verdicts) > 0 then
    v_closed := array(
      select tollhouse_private.ending(
        tollhouse_private.work_of(j, null), case v.verdict when 'cached' then 'success' else v.verdict end, v.reason, r.result, j
      )
      from unnest(v_jobs) as j
      join unnest(v_verdicts) as v on v.call_id = j.call_id
      cross join lateral (
        select case v.verdict when 'cached' then tollhouse_private.cached_result(tollhouse_private.work_of(j, null)) end as result
        offset 0
      ) as r
      -- An answer may have gone since the guard saw it.
      where v.verdict = 'blocked' or (r.result).response is not null
    );
    v_jobs := array(
      select j from unnest(v_jobs) as j where j.call_id not in (select ((c.job).call_id) from unnest(v_closed) as c)
    );
  end if;

  if cardinality(v_jobs) > 0 then
    insert into tollhouse_private.jobs select j.* from unnest(v_jobs) as j;
    select sum(j.request_bytes) into v_bytes from unnest(v_jobs) as j;
    perform tollhouse_private.check_room(p_tenant_id, cardinality(v_jobs), v_bytes);
    perform tollhouse_private.wake_idle_worker();
  end if;
  if cardinality(v_jobs) = cardinality(v_asked.jobs) then
    return query select j.call_id, j.request_id, j.state, null::text, false, false from unnest(v_jobs) as j;
    return;
  end if;

  perform tollhouse_private.close_calls(v_closed, v_now);
  for v_reused in
    select e.call_id, e.same_request
    from tollhouse_private.existing_calls(array(
      select j from unnest(v_asked.jobs) as j where j.call_id not in (select f.call_id from unnest(v_first) as f (call_id))
    )) as e
    where not e.same_request
    limit 1
  loop
    raise exception using errcode = 'TH107', message = 'request id already used for another request',
      detail = (
        select case when p_many then format('call %s of the array: ', p.place) else '' end
          || format('endpoint %s, request id %s', j.endpoint, j.request_id)
        from unnest(v_asked.jobs) with ordinality as j
        join unnest(v_asked.places) with ordinality as p (place, number) on p.number = j.ordinality
        where j.call_id = v_reused.call_id
      ),
      hint = 'A request id of yours stands for one request: use a new id for a new request.';
  end loop;
  return query
  select coalesce(e.existing_call_id, j.call_id), j.request_id, coalesce(e.status, c.status, j.state), coalesce(e.blocked_reason, c.blocked_reason),
    coalesce(e.was_cached, c.was_cached, false), e.call_id is not null
  from unnest(v_asked.jobs) with ordinality as j
  left join unnest(v_closed) as c on (c.job).call_id = j.call_id
  left join tollhouse_private.existing_calls(array(
    select o from unnest(v_asked.jobs) as o where o.call_id not in (select f.call_id from unnest(v_first) as f (call_id))
  )) as e on e.call_id = j.call_id
  order by j.ordinality;
end
$$;
ALTER FUNCTION tollhouse_private.enqueue_calls(p_tenant_id text, p_user_id text, p_calls tollhouse_private.asked_call[], p_many boolean) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.enqueue_calls(p_tenant_id text, p_user_id text, p_calls tollhouse_private.asked_call[], p_many boolean) IS 'Asks for the calls of one user, whom its caller has identified, all or none: each guard once for the batch, an insert into each table. A row for each call, in the order of endpoint and request id. p_many: errors name the place of a call. Raises TH101 to TH109, TH111, TH112.';
CREATE FUNCTION tollhouse_private.ensure_partitions(p_from timestamp with time zone, p_until timestamp with time zone) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
declare
  v_missing record;
  v_created integer := 0;
begin
  for v_missing in
    select t.name as parent, m.month, format('%s_%s', t.name, to_char(m.month, 'YYYY_MM')) as name
    from generate_series(date_trunc('month', p_from), p_until, interval '1 month') as m (month)
    cross join unnest(array['llm_api_calls', 'provider_attempts', 'call_content']) as t (name)
    where not exists (
      select
      from pg_catalog.pg_class as c
      where c.relnamespace = 'tollhouse_private'::regnamespace
        and c.relname = format('%s_%s', t.name, to_char(m.month, 'YYYY_MM'))
    )
  loop
    -- One at a time, then looked up again. Locks a row, because any login could take and keep an advisory lock.
    perform from tollhouse_private.settings for update;
    continue when exists (
      select from pg_catalog.pg_class as c
      where c.relnamespace = 'tollhouse_private'::regnamespace and c.relname = v_missing.name
    );
    -- Created standalone, then attached: creating it as a partition would lock out all readers and writers.
    execute format('create table tollhouse_private.%I (like tollhouse_private.%I including all)', v_missing.name, v_missing.parent);
    -- Reachable only through its parent, whose policies do not apply to direct access.
    execute format('alter table tollhouse_private.%I enable row level security', v_missing.name);
    execute format('alter table tollhouse_private.%I force row level security', v_missing.name);
    execute format('revoke all on tollhouse_private.%I from tollhouse_owner', v_missing.name);
    execute format(
      'alter table tollhouse_private.%I attach partition tollhouse_private.%I for values from (%L) to (%L)',
      v_missing.parent, v_missing.name, v_missing.month, v_missing.month + interval '1 month'
    );
    v_created := v_created + 1;
  end loop;
  return v_created;
end
$$;
ALTER FUNCTION tollhouse_private.ensure_partitions(p_from timestamp with time zone, p_until timestamp with time zone) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.ensure_partitions(p_from timestamp with time zone, p_until timestamp with time zone) IS 'Creates the missing monthly partitions of ledger, attempts and content for a time range; returns how many.';
CREATE FUNCTION tollhouse_private.existing_calls(p_jobs tollhouse_private.jobs[]) RETURNS TABLE(call_id uuid, existing_call_id uuid, same_request boolean, status text, blocked_reason text, was_cached boolean)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return query
  select
    j.call_id, k.call_id, k.fingerprint is not distinct from j.fingerprint,
    coalesce(c.status, q.status), c.blocked_reason, coalesce(c.was_cached, false)
  from unnest(p_jobs) as j
  -- The limit makes each a probe of its key, whatever the table statistics say.
  left join lateral (
    select rk.* from tollhouse_private.request_keys as rk
    where rk.tenant_id = j.tenant_id and rk.endpoint = j.endpoint and rk.request_id = j.request_id and rk.user_id = j.user_id
    limit 1
  ) as k on true
  left join lateral (
    select lac.status, lac.blocked_reason, lac.was_cached from tollhouse_private.llm_api_calls as lac
    where lac.tenant_id = k.tenant_id and lac.call_id = k.call_id and lac.created_at = k.created_at
    limit 1
  ) as c on true
  left join lateral (
    select case o.state when 'coalesced' then 'queued' else o.state end as status from tollhouse_private.jobs as o
    where o.tenant_id = k.tenant_id and o.call_id = k.call_id
    limit 1
  ) as q on true;
end
$$;
ALTER FUNCTION tollhouse_private.existing_calls(p_jobs tollhouse_private.jobs[]) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.existing_calls(p_jobs tollhouse_private.jobs[]) IS 'For each call whose request id is taken: the call that has it, and its state. same_request is false if the id was used for a different request.';
CREATE TABLE tollhouse_private.llm_api_calls (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    call_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone NOT NULL,
    user_id text NOT NULL COLLATE pg_catalog."C",
    endpoint text NOT NULL COLLATE pg_catalog."C",
    request_id text NOT NULL COLLATE pg_catalog."C",
    fingerprint bytea NOT NULL,
    status text NOT NULL COLLATE pg_catalog."C",
    blocked_reason text COLLATE pg_catalog."C",
    was_cached boolean NOT NULL,
    was_coalesced boolean DEFAULT false NOT NULL,
    provider_attempted boolean NOT NULL,
    attempts integer NOT NULL,
    provider text COLLATE pg_catalog."C",
    model text COLLATE pg_catalog."C",
    input_tokens integer,
    cached_input_tokens integer,
    output_tokens integer,
    reasoning_tokens integer,
    cost_micro_usd bigint NOT NULL,
    cost_basis text NOT NULL COLLATE pg_catalog."C",
    saved_micro_usd bigint,
    refused_micro_usd bigint,
    latency_ms integer,
    error_code text COLLATE pg_catalog."C",
    error_message text COLLATE pg_catalog."C",
    content_ref uuid,
    reasoning_ref uuid,
    metadata_ref uuid,
    CONSTRAINT llm_api_calls_blocked_reason_check CHECK (((status = 'blocked'::text) = (blocked_reason IS NOT NULL))),
    CONSTRAINT llm_api_calls_cost_basis_check CHECK ((cost_basis = ANY (ARRAY['none'::text, 'usage'::text, 'reservation'::text]))),
    CONSTRAINT llm_api_calls_cost_check CHECK ((cost_micro_usd >= 0)),
    CONSTRAINT llm_api_calls_saved_check CHECK (((saved_micro_usd IS NULL) OR (was_cached AND (saved_micro_usd >= 0)))),
    CONSTRAINT llm_api_calls_status_check CHECK ((status = ANY (ARRAY['success'::text, 'failed'::text, 'blocked'::text, 'cancelled'::text]))),
    CONSTRAINT llm_api_calls_was_cached_check CHECK (((NOT was_cached) OR ((status = 'success'::text) AND (NOT provider_attempted) AND (cost_micro_usd = 0)))),
    CONSTRAINT llm_api_calls_was_coalesced_check CHECK (((NOT was_coalesced) OR was_cached))
)
PARTITION BY RANGE (created_at);
ALTER TABLE ONLY tollhouse_private.llm_api_calls FORCE ROW LEVEL SECURITY;
ALTER TABLE tollhouse_private.llm_api_calls OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.llm_api_calls IS 'The ledger: one row per call, written once with its outcome. request_keys maps each request to its call_id and created_at, which are in the primary key here, so a request has exactly one row. To look up a request id, start at request_keys.';
COMMENT ON COLUMN tollhouse_private.llm_api_calls.was_coalesced IS 'For a cached call: whether it waited for an identical request in flight instead of paying twice.';
COMMENT ON COLUMN tollhouse_private.llm_api_calls.provider_attempted IS 'Whether a request may have reached a provider.';
COMMENT ON COLUMN tollhouse_private.llm_api_calls.cost_micro_usd IS 'Cost of all attempts known at the outcome, in micro-USD, rounded up per attempt.';
COMMENT ON COLUMN tollhouse_private.llm_api_calls.cost_basis IS 'usage: computed from the tokens the provider reported. reservation: an attempt may have been billed without reporting usage, so its highest possible cost was charged. none: nothing could be billed.';
COMMENT ON COLUMN tollhouse_private.llm_api_calls.saved_micro_usd IS 'For a cached call: what the answer originally cost, in micro-USD; null for any other call.';
COMMENT ON COLUMN tollhouse_private.llm_api_calls.refused_micro_usd IS 'Highest possible cost of the refused attempt, in micro-USD; set if a monthly cap or the call''s own limit refused it.';
COMMENT ON COLUMN tollhouse_private.llm_api_calls.latency_ms IS 'How long the last attempt took.';
COMMENT ON COLUMN tollhouse_private.llm_api_calls.content_ref IS 'call_content row with request and response, when they are kept.';
COMMENT ON COLUMN tollhouse_private.llm_api_calls.reasoning_ref IS 'call_content row with the model''s reasoning, when it is kept.';
COMMENT ON COLUMN tollhouse_private.llm_api_calls.metadata_ref IS 'call_content row with the provider''s metadata, when it is kept.';
CREATE FUNCTION tollhouse_private.explain_blocked(p_call tollhouse_private.llm_api_calls, p_now timestamp with time zone, OUT why text, OUT what_to_do text) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_job tollhouse_private.jobs := jsonb_populate_record(null::tollhouse_private.jobs,
    to_jsonb(p_call) || '{"attempts": 0, "unsent": 0, "request_bytes": 0, "max_output_tokens": 0, "spent_micro_usd": 0}');
  v_switch text;
  v_payer text;
  v_until timestamptz;
  v_passes boolean;
begin
  select r.sentence, r.remedy into why, what_to_do from tollhouse_private.refusal_reasons as r where r.reason = p_call.blocked_reason;
  case p_call.blocked_reason
    when 'provider_kill_switch' then
      v_switch := tollhouse_private.switch_in_words(v_job);
      if v_switch is null then
        what_to_do := 'The switch has been lifted. Enqueue again under a new request id.';
      else
        why := format('Calls like this one are stopped by %s.', v_switch);
      end if;
    when 'hourly_shutoff' then
      select case hs.user_id when '' then 'tenant' else 'user' end, hs.disabled_until into v_payer, v_until
      from tollhouse_private.hourly_shutoffs as hs
      where hs.tenant_id = p_call.tenant_id and hs.user_id in ('', p_call.user_id) and hs.disabled_until > p_now
      order by hs.disabled_until desc limit 1;
      if found then
        why := format('The %s is shut off until %s.', v_payer, date_trunc('second', v_until));
        what_to_do := 'Enqueue again after that under a new request id, or ask an operator to lift the shutoff.';
      else
        what_to_do := 'The shutoff has ended. Enqueue again under a new request id.';
      end if;
    when 'monthly_cap_exceeded' then
      select c.why, c.what_to_do into why, what_to_do from tollhouse_private.explain_cap(p_call, p_now) as c;
    when 'breaker_open' then
      select bool_or(p.obstacle is null), min(p.open_until), string_agg(distinct p.provider, ', ') filter (where p.obstacle = 'breaker_open')
      into v_passes, v_until, v_payer
      from tollhouse_private.prospects(tollhouse_private.work_of(v_job, null), p_now) as p;
      why := coalesce(format('%s had been failing, so its circuit breaker was open.', v_payer), why);
      what_to_do := case
        when v_passes then 'Calls pass again. Enqueue again under a new request id.'
        when v_until > p_now then format('The breaker is open until %s. Enqueue again after that under a new request id.', date_trunc('second', v_until))
        else what_to_do
      end;
    when 'max_cost_exceeded' then
      why := coalesce(format('The call could have cost %s USD, more than its max_cost_micro_usd.',
        trim_scale(round(p_call.refused_micro_usd / 1000000.0, 6))), why);
    else null;
  end case;

  if p_call.blocked_reason = 'provider_kill_switch' and exists (
    select from tollhouse_private.provider_attempts as pa
    where pa.tenant_id = p_call.tenant_id and pa.call_id = p_call.call_id and pa.created_at = p_call.created_at and pa.outcome = 'aborted'
  ) then
    why := 'A kill switch was pulled while the call was in flight. It was aborted and may have been billed.';
  elsif p_call.attempts > 0 then
    why := format('After %s costing %s USD, the next one was refused. ',
      case p_call.attempts when 1 then '1 attempt' else p_call.attempts || ' attempts' end, trim_scale(round(p_call.cost_micro_usd / 1000000.0, 6))) || why;
  end if;
end
$$;
ALTER FUNCTION tollhouse_private.explain_blocked(p_call tollhouse_private.llm_api_calls, p_now timestamp with time zone, OUT why text, OUT what_to_do text) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.explain_blocked(p_call tollhouse_private.llm_api_calls, p_now timestamp with time zone, OUT why text, OUT what_to_do text) IS 'Why a call was refused, and what its caller can do about it now, as sentences.';
CREATE TABLE tollhouse_private.request_keys (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    endpoint text NOT NULL COLLATE pg_catalog."C",
    request_id text NOT NULL COLLATE pg_catalog."C",
    user_id text NOT NULL COLLATE pg_catalog."C",
    call_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    fingerprint bytea NOT NULL
);
ALTER TABLE ONLY tollhouse_private.request_keys FORCE ROW LEVEL SECURITY;
ALTER TABLE tollhouse_private.request_keys OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.request_keys IS 'Idempotency keys: the call that a user''s request id at an endpoint belongs to. The user is part of the key, so nobody waits for, or learns of, another user''s ids. Kept as long as the ledger, so that one request can never have two ledger rows.';
COMMENT ON COLUMN tollhouse_private.request_keys.fingerprint IS 'SHA-256 of user, endpoint, request, model and watermark.';
CREATE FUNCTION tollhouse_private.explain_call(p_key tollhouse_private.request_keys, p_now timestamp with time zone) RETURNS TABLE(call_id uuid, user_id text, status text, why text, what_to_do text, since timestamp with time zone, next_try_at timestamp with time zone, queue_position bigint, attempts integer, last_error text)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_call tollhouse_private.llm_api_calls;
  v_job tollhouse_private.jobs;
begin
  call_id := p_key.call_id;
  user_id := p_key.user_id;

  select c.* into v_call from tollhouse_private.llm_api_calls as c
  where c.tenant_id = p_key.tenant_id and c.call_id = p_key.call_id and c.created_at = p_key.created_at;
  if found then
    status := v_call.status;
    since := v_call.finished_at;
    attempts := v_call.attempts;
    last_error := nullif(concat_ws(': ', v_call.error_code, v_call.error_message), '');
    select e.why, e.what_to_do into why, what_to_do from tollhouse_private.explain_ended(v_call, p_now) as e;
    return next;
    return;
  end if;

  select j.* into v_job from tollhouse_private.jobs as j where j.tenant_id = p_key.tenant_id and j.call_id = p_key.call_id;
  status := case v_job.state when 'coalesced' then 'queued' else v_job.state end;
  since := coalesce(v_job.started_at, v_job.created_at);
  next_try_at := case when v_job.state = 'scheduled' and v_job.waits_for is distinct from 'budget' then v_job.run_at end;
  attempts := v_job.attempts - v_job.unsent;
  last_error := nullif(concat_ws(': ', v_job.error_code, v_job.error_message), '');
  if v_job.state = 'queued' then
    select count(*) + 1 into queue_position
    from tollhouse_private.jobs as j
    where j.state = 'queued' and j.tenant_id = v_job.tenant_id and j.user_id = v_job.user_id and j.call_id < v_job.call_id;
  end if;
  select w.why, w.what_to_do into why, what_to_do from tollhouse_private.explain_waiting(v_job, p_now) as w;
  return next;
end
$$;
ALTER FUNCTION tollhouse_private.explain_call(p_key tollhouse_private.request_keys, p_now timestamp with time zone) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.explain_call(p_key tollhouse_private.request_keys, p_now timestamp with time zone) IS 'How a call ended, or why it is not running, in one row.';
CREATE FUNCTION tollhouse_private.explain_cap(p_call tollhouse_private.llm_api_calls, p_now timestamp with time zone, OUT why text, OUT what_to_do text) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_month date := tollhouse_private.budget_month(p_now);
  v_refused_in date := tollhouse_private.budget_month(p_call.finished_at);
  v_payer text;
  v_fits boolean;
begin
  select case mb.user_id when '' then 'tenant' else 'user' end into v_payer
  from tollhouse_private.monthly_budgets as mb
  where mb.tenant_id = p_call.tenant_id and mb.user_id in ('', p_call.user_id) and mb.month = v_refused_in and mb.cap_micro_usd is not null
  order by mb.cap_micro_usd - mb.spent_micro_usd, mb.user_id desc limit 1;
  select coalesce(bool_and(mb.spent_micro_usd + p_call.refused_micro_usd <= mb.cap_micro_usd), true) into v_fits
  from tollhouse_private.monthly_budgets as mb
  where mb.tenant_id = p_call.tenant_id and mb.user_id in ('', p_call.user_id) and mb.month = v_month and mb.cap_micro_usd is not null;

  why := format('%s did not fit under the monthly cap of the %s.',
    coalesce('The ' || trim_scale(round(p_call.refused_micro_usd / 1000000.0, 6)) || ' USD that the call could have cost', 'The highest possible cost of the call'),
    coalesce(v_payer, 'user or tenant'));
  what_to_do := case
    when v_refused_in < v_month then 'A new month has begun. Enqueue again under a new request id.'
    when v_fits then 'It would fit now. Enqueue again under a new request id.'
    else format('Lower max_completion_tokens, wait until %s (UTC), or ask an operator to raise the cap.', (v_month + interval '1 month')::date)
  end;
end
$$;
ALTER FUNCTION tollhouse_private.explain_cap(p_call tollhouse_private.llm_api_calls, p_now timestamp with time zone, OUT why text, OUT what_to_do text) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.explain_cap(p_call tollhouse_private.llm_api_calls, p_now timestamp with time zone, OUT why text, OUT what_to_do text) IS 'Whose monthly cap refused a call, how much it needed, and what its caller can do now, as sentences.';
CREATE FUNCTION tollhouse_private.explain_ended(p_call tollhouse_private.llm_api_calls, p_now timestamp with time zone, OUT why text, OUT what_to_do text) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_attempts text := case p_call.attempts when 1 then '1 attempt' else p_call.attempts || ' attempts' end;
begin
  what_to_do := 'Nothing. The call has ended.';
  case
    when p_call.status = 'blocked' then
      select b.why, b.what_to_do into why, what_to_do from tollhouse_private.explain_blocked(p_call, p_now) as b;
    when p_call.was_coalesced then why := 'Answered free of charge with the result of an identical request in flight.';
    when p_call.was_cached then why := 'Answered free of charge from the cache.';
    when p_call.status = 'success' then why := format('Answered by %s after %s.', p_call.model, v_attempts);
    when p_call.status = 'cancelled' then why := 'The call was cancelled.';
    else
      why := case
        when p_call.provider_attempted
          then format('Failed after %s costing %s USD. The last one (model %s, provider %s) ended with %s.', v_attempts,
            trim_scale(round(p_call.cost_micro_usd / 1000000.0, 6)), p_call.model, p_call.provider, coalesce(p_call.error_code, 'no error code'))
        else format('Failed without sending a request (%s).', v_attempts)
      end;
      what_to_do := 'See last_error. To try again, enqueue under a new request id.';
  end case;
end
$$;
ALTER FUNCTION tollhouse_private.explain_ended(p_call tollhouse_private.llm_api_calls, p_now timestamp with time zone, OUT why text, OUT what_to_do text) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.explain_ended(p_call tollhouse_private.llm_api_calls, p_now timestamp with time zone, OUT why text, OUT what_to_do text) IS 'How a call ended, and what its caller can do about it now, as sentences.';
CREATE FUNCTION tollhouse_private.explain_line(p_job tollhouse_private.jobs, p_need bigint, p_now timestamp with time zone) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_budget tollhouse_private.monthly_budgets;
  v_payer text;
  v_shown boolean := true;
begin
  if current_user = 'tollhouse_owner' then
    v_shown := tollhouse_private.reads_all_users();
  end if;
  select mb.* into v_budget
  from tollhouse_private.monthly_budgets as mb
  where mb.tenant_id = p_job.tenant_id and mb.user_id in ('', p_job.user_id) and mb.month = tollhouse_private.budget_month(p_now)
    and mb.cap_micro_usd is not null
  order by mb.reserved_micro_usd + mb.spent_micro_usd + p_need > mb.cap_micro_usd desc,
    mb.line_at is not null desc, mb.cap_micro_usd - mb.reserved_micro_usd - mb.spent_micro_usd, mb.user_id desc
  limit 1;
  v_payer := case v_budget.user_id when '' then 'tenant' else 'user' end;
  return format('It is waiting for calls in flight to settle: it could cost %s USD, which does not fit beside their reservations under the monthly cap%s, or other calls are ahead of it.',
    trim_scale(round(p_need / 1000000.0, 6)),
    case
      when v_payer is null then ''
      when v_payer = 'tenant' and v_shown is not true then ' of the tenant'
      else format(' of the %s (%s USD of %s reserved, %s spent)', v_payer,
        trim_scale(round(v_budget.reserved_micro_usd / 1000000.0, 6)), trim_scale(round(v_budget.cap_micro_usd / 1000000.0, 6)),
        trim_scale(round(v_budget.spent_micro_usd / 1000000.0, 6)))
    end);
end
$$;
ALTER FUNCTION tollhouse_private.explain_line(p_job tollhouse_private.jobs, p_need bigint, p_now timestamp with time zone) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.explain_line(p_job tollhouse_private.jobs, p_need bigint, p_now timestamp with time zone) IS 'Which monthly cap a call is waiting for and what blocks it there, as a sentence.';
CREATE FUNCTION tollhouse_private.explain_obstacle(p_job tollhouse_private.jobs, p_now timestamp with time zone, OUT why text, OUT what_to_do text) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_switch text;
  v_payer text;
  v_until timestamptz;
  v_prospect record;
begin
  v_switch := tollhouse_private.switch_in_words(p_job);
  if v_switch is not null then
    why := format('It is stopped by %s; the next claim will refuse it.', v_switch);
    what_to_do := 'See tollhouse.kill_switches.';
    return;
  end if;
  select case hs.user_id when '' then 'tenant' else 'user' end, hs.disabled_until into v_payer, v_until
  from tollhouse_private.hourly_shutoffs as hs
  where hs.tenant_id = p_job.tenant_id and hs.user_id in ('', p_job.user_id) and hs.disabled_until > p_now
  order by hs.disabled_until desc limit 1;
  if found then
    why := format('The %s is shut off until %s; the next claim will refuse it.', v_payer, date_trunc('second', v_until));
    what_to_do := 'Enqueue it again after that under a new request id, or ask an operator to lift the shutoff.';
    return;
  end if;

  select p.* into v_prospect from tollhouse_private.prospects(tollhouse_private.work_of(p_job, null), p_now) as p order by p.obstacle is not null, p.preference limit 1;
  if not found then
    why := 'The endpoint has no model that can serve it; the next claim will refuse it.';
    what_to_do := 'Ask an operator to add a model to the endpoint (tollhouse_ops.set_task_type).';
  elsif v_prospect.obstacle = 'price_unknown' then
    why := format('Model %s has no price; the next claim will refuse it.', v_prospect.model);
    what_to_do := 'Ask an operator to set the price (tollhouse_ops.set_price).';
  elsif v_prospect.obstacle = 'max_cost_exceeded' then
    why := format('It could cost %s USD, more than its max_cost_micro_usd; the next claim will refuse it.',
      trim_scale(round(v_prospect.highest / 1000000.0, 6)));
    what_to_do := 'Enqueue it again under a new request id, with a higher max_cost_micro_usd or a lower max_completion_tokens.';
  elsif v_prospect.obstacle = 'breaker_open' then
    why := format(case
      when v_prospect.open_until > p_now then 'The circuit breaker of %s is open until %s; the next claim will refuse it.'
      else 'The circuit breaker of %s is half-open: no other call passes until its probe has ended.'
    end, v_prospect.provider, date_trunc('second', v_prospect.open_until));
    what_to_do := 'If it is refused, enqueue it again later under a new request id.';
  else
    select case mb.user_id when '' then 'tenant' else 'user' end into v_payer
    from tollhouse_private.monthly_budgets as mb
    where mb.tenant_id = p_job.tenant_id and mb.user_id in ('', p_job.user_id)
      and mb.month = tollhouse_private.budget_month(p_now)
      and mb.spent_micro_usd + v_prospect.highest > mb.cap_micro_usd
    order by mb.user_id desc limit 1;
    if found then
      why := format('It could cost %s USD, more than is left of the %s''s monthly cap; the next claim will refuse it.',
        trim_scale(round(v_prospect.highest / 1000000.0, 6)), v_payer);
      what_to_do := 'Lower max_completion_tokens, wait for the next month (UTC), or ask an operator to raise the cap.';
    end if;
  end if;
end
$$;
ALTER FUNCTION tollhouse_private.explain_obstacle(p_job tollhouse_private.jobs, p_now timestamp with time zone, OUT why text, OUT what_to_do text) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.explain_obstacle(p_job tollhouse_private.jobs, p_now timestamp with time zone, OUT why text, OUT what_to_do text) IS 'Why the next claim will refuse a call, as a sentence; null when it will not.';
CREATE FUNCTION tollhouse_private.explain_waiting(p_job tollhouse_private.jobs, p_now timestamp with time zone, OUT why text, OUT what_to_do text) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_attempt text := format('Attempt %s', p_job.attempts - p_job.unsent);
  v_failed text := case
    when p_job.waits_for = 'backoff' and p_job.attempts > p_job.unsent and p_job.error_code <> 'not_sent'
    then format('%s failed (%s). ', v_attempt, p_job.error_code)
    else ''
  end;
begin
  what_to_do := 'Nothing. It will continue by itself.';
  if p_job.state = 'scheduled' and p_job.run_at > p_now then
    why := case p_job.waits_for
      when 'backoff' then format('%s failed (%s); the next one is due at %s.', v_attempt, p_job.error_code, date_trunc('second', p_job.run_at))
      when 'rate_limit' then format('Over the rate limit%s; it will be retried at %s, or earlier if its turn comes.',
        ' of ' || p_job.line, date_trunc('second', p_job.run_at))
      when 'budget' then tollhouse_private.explain_line(p_job, p_job.need_micro_usd, p_now)
      else format('It is scheduled to run at %s.', p_job.run_at)
    end;
  elsif p_job.state = 'running'
    and exists (select from tollhouse_private.workers as w where w.worker_id = p_job.worker_id and w.alive_until > p_now)
  then
    why := format('%s has been in flight to %s since %s.', v_attempt, p_job.model, date_trunc('second', p_job.started_at));
  elsif not exists (select from tollhouse_private.workers as w where w.alive_until > p_now) then
    why := case p_job.state
      when 'running' then format('%s was in flight to %s when its worker died, and no other worker is alive.', v_attempt, p_job.model)
      else v_failed || 'No worker is alive.'
    end;
    what_to_do := 'Ask an operator to start one (tollhouse worker).';
  elsif p_job.state = 'running' then
    why := format('%s was in flight to %s when its worker died; another worker will settle it within seconds.', v_attempt, p_job.model);
  elsif p_job.state = 'coalesced' then
    why := 'An identical request is already in flight; this call is waiting for its answer instead of paying twice.';
  else
    select v_failed || o.why, o.what_to_do into why, what_to_do from tollhouse_private.explain_obstacle(p_job, p_now) as o where o.why is not null;
    if not found then
      why := v_failed || 'It is waiting for a free worker.';
      what_to_do := 'Nothing. It will continue by itself.';
    end if;
  end if;
  if exists (select from tollhouse_private.cancel_requests as cr where cr.tenant_id = p_job.tenant_id and cr.call_id = p_job.call_id) then
    why := why || ' It is being cancelled.';
  end if;
end
$$;
ALTER FUNCTION tollhouse_private.explain_waiting(p_job tollhouse_private.jobs, p_now timestamp with time zone, OUT why text, OUT what_to_do text) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.explain_waiting(p_job tollhouse_private.jobs, p_now timestamp with time zone, OUT why text, OUT what_to_do text) IS 'Why a call has not finished yet, as a sentence.';
CREATE TABLE tollhouse_private.providers (
    provider tollhouse_private.identifier NOT NULL,
    failure_threshold integer DEFAULT 5 NOT NULL,
    cooldown interval DEFAULT '00:00:30'::interval NOT NULL,
    failure_window interval DEFAULT '00:01:00'::interval NOT NULL,
    window_min_calls integer DEFAULT 20 NOT NULL,
    window_failure_share numeric DEFAULT 0.5 NOT NULL,
    CONSTRAINT providers_cooldown_check CHECK (((cooldown > '00:00:00'::interval) AND (cooldown <= '366 days'::interval))),
    CONSTRAINT providers_failure_threshold_check CHECK (((failure_threshold >= 1) AND (failure_threshold <= 1000))),
    CONSTRAINT providers_failure_window_check CHECK (((failure_window > '00:00:00'::interval) AND (failure_window <= '366 days'::interval))),
    CONSTRAINT providers_window_failure_share_check CHECK (((window_failure_share > (0)::numeric) AND (window_failure_share <= (1)::numeric))),
    CONSTRAINT providers_window_min_calls_check CHECK ((window_min_calls >= 1))
);
ALTER TABLE tollhouse_private.providers OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.providers IS 'A provider and its breaker settings. Its address and key are in the worker''s environment, never here.';
COMMENT ON COLUMN tollhouse_private.providers.failure_threshold IS 'Consecutive failures after which a user''s breaker opens.';
COMMENT ON COLUMN tollhouse_private.providers.cooldown IS 'How long an open breaker waits before its probe.';
COMMENT ON COLUMN tollhouse_private.providers.failure_window IS 'Window over which the provider''s own breaker counts.';
COMMENT ON COLUMN tollhouse_private.providers.window_min_calls IS 'With fewer calls in the window, the provider''s breaker stays closed.';
COMMENT ON COLUMN tollhouse_private.providers.window_failure_share IS 'Share of failures in the window at which it opens, unless they come from one tenant alone or, if only one tenant is calling, from one user alone.';
CREATE FUNCTION tollhouse_private.fails_everybody(p_provider tollhouse_private.providers, p_now timestamp with time zone) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_seen record;
begin
  select
    coalesce(sum(t.calls), 0) as calls,
    sum(t.failures) as failures,
    sum(t.calls) filter (where t.place > 1) as calls_of_others,
    sum(t.failures) filter (where t.place > 1) as failures_of_others
  into v_seen
  from (
    select sum(pw.calls) as calls, sum(pw.failures) as failures, row_number() over (order by sum(pw.failures) desc) as place
    from tollhouse_private.provider_windows as pw
    where pw.provider = p_provider.provider
      and pw.window_start > p_now - p_provider.failure_window
    group by pw.tenant_id
  ) as t;

  if v_seen.calls < p_provider.window_min_calls or v_seen.failures < v_seen.calls * p_provider.window_failure_share then
    return null;
  end if;
  -- It must be so without the tenant that failed most: none closes a provider to the others.
  if v_seen.failures_of_others < v_seen.calls_of_others * p_provider.window_failure_share then
    return null;
  end if;
  if v_seen.calls_of_others is null and (
    select count(distinct u.user_id) < 2
    from tollhouse_private.provider_windows as pw
    cross join lateral unnest(pw.failing_users) as u (user_id)
    where pw.provider = p_provider.provider
      and pw.window_start > p_now - p_provider.failure_window
  ) then
    return null;
  end if;
  return format('%s of %s calls failed', v_seen.failures, v_seen.calls);
end
$$;
ALTER FUNCTION tollhouse_private.fails_everybody(p_provider tollhouse_private.providers, p_now timestamp with time zone) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.fails_everybody(p_provider tollhouse_private.providers, p_now timestamp with time zone) IS 'How many calls failed, in words, when a provider''s share of failures is reached in its window, and not through one tenant alone; where only one calls, not through one user alone. Null when it is not.';
CREATE FUNCTION tollhouse_private.guard_breaker(p_state text, p_open_until timestamp with time zone, p_now timestamp with time zone) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
  select case
    when p_state is null or p_state = 'closed' then 'pass'
    when p_state = 'open' and p_open_until <= p_now then 'probe'
    else 'stop'
  end
$$;
ALTER FUNCTION tollhouse_private.guard_breaker(p_state text, p_open_until timestamp with time zone, p_now timestamp with time zone) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.guard_breaker(p_state text, p_open_until timestamp with time zone, p_now timestamp with time zone) IS 'pass (closed, or no row), probe (open, cool-down over), stop (open, or half-open with its probe in flight).';
CREATE FUNCTION tollhouse_private.guard_budget(p_routes tollhouse_private.route[], p_now timestamp with time zone) RETURNS SETOF tollhouse_private.verdict
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_month date := tollhouse_private.budget_month(p_now);
  v_next_month timestamptz := (v_month + interval '1 month') at time zone 'UTC';
  v_places tid[];
  v_amounts bigint[];
  v_payers text[];
  v_tight text[];
  v_batch uuid[];
  v_call record;
  v_budget record;
  v_tenant_id text;
  v_tenant_waits boolean;
  v_waiting text[];
  v_user_held boolean;
  v_tenant_held boolean;
begin
  insert into tollhouse_private.monthly_budgets (tenant_id, user_id, month, cap_micro_usd)
  select
    payer.tenant_id, payer.user_id, v_month,
    (select bc.cap_micro_usd from tollhouse_private.budget_caps as bc where bc.tenant_id = payer.tenant_id and bc.user_id = payer.user_id)
  from (
    select (r.job).tenant_id, u.user_id
    from unnest(p_routes) as r
    cross join lateral (values (''), ((r.job).user_id)) as u (user_id)
    group by 1, 2
  ) as payer
  where (
    select true from tollhouse_private.monthly_budgets as mb
    where mb.tenant_id = payer.tenant_id and mb.user_id = payer.user_id and mb.month = v_month
  ) is not true
  order by payer.tenant_id, payer.user_id
  on conflict do nothing;

  -- Payer by payer, each locked by its key: no statistics can make another plan of it. Without a line and with room for all
  -- of them, a tenant's calls are taken at once. What can't be read is no room.
  select
    array_agg(mb.place), array_agg(payer.amount), array_agg(payer.tenant_id),
    coalesce(array_agg(distinct payer.tenant_id) filter (
      where (mb.line_at is null and mb.place is not null and (mb.cap_micro_usd is null or mb.reserved_micro_usd + mb.spent_micro_usd + payer.amount <= mb.cap_micro_usd)) is not true
    ), '{}')
  into v_places, v_amounts, v_payers, v_tight
  from (
    select (r.job).tenant_id, u.user_id, sum(r.reservation)::bigint as amount
    from unnest(p_routes) as r
    cross join lateral (values (''), ((r.job).user_id)) as u (user_id)
    group by 1, 2
    order by 1, 2
    offset 0
  ) as payer
  left join lateral (
    select mb.ctid as place, mb.*
    from tollhouse_private.monthly_budgets as mb
    where mb.tenant_id = payer.tenant_id and mb.user_id = payer.user_id and mb.month = v_month
    for update
  ) as mb on true;

  update tollhouse_private.monthly_budgets as mb
  set reserved_micro_usd = mb.reserved_micro_usd + n.amount
  from unnest(v_places, v_amounts, v_payers) as n (place, amount, tenant_id)
  where mb.ctid = n.place
    and n.tenant_id <> all (v_tight);
  if cardinality(v_tight) = 0 then
    return;
  end if;

  -- Otherwise each is tried by itself: those that are called up from the line first, the others by turns over the users.
  v_batch := array(select (r.job).call_id from unnest(p_routes) as r);
  for v_call in
    select
      c.*, row_number() over (partition by c.tenant_id, c.user_id, c.called_up order by c.call_id) as turn
    from (
      select
        (r.job).tenant_id, (r.job).user_id, (r.job).call_id, r.reservation as need,
        (r.job).waits_for is not distinct from 'budget' as called_up
      from unnest(p_routes) as r
      where (r.job).tenant_id = any (v_tight)
    ) as c
    order by c.tenant_id, c.called_up desc, turn, c.call_id
  loop
    if v_call.tenant_id is distinct from v_tenant_id then
      v_tenant_id := v_call.tenant_id;
      v_tenant_waits := false;
      v_waiting := '{}';
    end if;
    select
      count(*) as payers,
      bool_or(mb.spent_micro_usd + v_call.need > mb.cap_micro_usd) as never,
      bool_or(mb.reserved_micro_usd + mb.spent_micro_usd + v_call.need > mb.cap_micro_usd) filter (where mb.user_id = '') as tenant_full,
      bool_or(mb.reserved_micro_usd + mb.spent_micro_usd + v_call.need > mb.cap_micro_usd) filter (where mb.user_id <> '') as user_full,
      bool_or(mb.line_at is not null) filter (where mb.user_id = '') as tenant_line,
      bool_or(mb.line_at is not null) filter (where mb.user_id <> '') as user_line
    into v_budget
    from (values (''), (v_call.user_id)) as payer (user_id)
    cross join lateral (
      select k.*
      from tollhouse_private.monthly_budgets as k
      where k.tenant_id = v_call.tenant_id and k.user_id = payer.user_id and k.month = v_month
      offset 0
    ) as mb;

    if v_budget.payers is distinct from 2 then
      return next row(v_call.call_id, 'deferred', 'budget', p_now + interval '5 seconds', v_call.need)::tollhouse_private.verdict;
      continue;
    elsif v_budget.never then
      return next row(v_call.call_id, 'blocked', 'monthly_cap_exceeded', null, v_call.need)::tollhouse_private.verdict;
      continue;
    end if;

    v_user_held := v_budget.user_full is true or v_call.user_id = any (v_waiting)
      or (v_budget.user_line and not v_call.called_up and tollhouse_private.stands_in_line(v_call.tenant_id, v_call.user_id, v_batch));
    v_tenant_held := not v_user_held and (
      v_budget.tenant_full is true or v_tenant_waits
      or (v_budget.tenant_line and not v_call.called_up and tollhouse_private.stands_in_line(v_call.tenant_id, null, v_batch)));
    if not v_user_held and not v_tenant_held then
      update tollhouse_private.monthly_budgets as mb
      set reserved_micro_usd = mb.reserved_micro_usd + v_call.need
      where mb.ctid = any (array(
        select (
          select k.ctid from tollhouse_private.monthly_budgets as k
          where k.tenant_id = v_call.tenant_id and k.user_id = payer.user_id and k.month = v_month
        )
        from (values (''), (v_call.user_id)) as payer (user_id)
      ));
      continue;
    end if;

    -- Whoever stands behind it waits too: what is smaller would otherwise keep what is larger waiting for ever.
    v_waiting := v_waiting || v_call.user_id;
    v_tenant_waits := v_tenant_waits or v_tenant_held;
    if v_budget.user_line is not true or (v_tenant_held and v_budget.tenant_line is not true) then
      update tollhouse_private.monthly_budgets as mb
      set line_at = p_now
      where mb.ctid = any (array(
          select (
            select k.ctid from tollhouse_private.monthly_budgets as k
            where k.tenant_id = v_call.tenant_id and k.user_id = payer.user_id and k.month = v_month
          )
          from (values (v_call.user_id), (case when v_tenant_held then '' end)) as payer (user_id)
        ))
        and mb.line_at is null;
    end if;
    return next row(v_call.call_id, 'deferred', 'budget', v_next_month, v_call.need)::tollhouse_private.verdict;
  end loop;
end
$$;
ALTER FUNCTION tollhouse_private.guard_budget(p_routes tollhouse_private.route[], p_now timestamp with time zone) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.guard_budget(p_routes tollhouse_private.route[], p_now timestamp with time zone) IS 'Reserves each call''s highest possible cost from its user''s and its tenant''s month. Blocks it when that passes a cap together with what is spent; where only reservations of calls in flight are in the way, or others in line, it joins the line.';
CREATE FUNCTION tollhouse_private.guard_cache(p_jobs tollhouse_private.work[], p_now timestamp with time zone) RETURNS SETOF tollhouse_private.verdict
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return query
  select j.call_id, 'cached', null::text, null::timestamptz, null::bigint
  from unnest(p_jobs) as j
  where j.cache_key is not null
    -- A call that has been sent has a cost of its own, so its ledger row can't say cached.
    and not j.provider_attempted
    -- Not exists(): this forces one probe of the key per call.
    and (
      select tollhouse_private.has_answer(rc, p_now)
      from tollhouse_private.response_cache as rc
      where rc.tenant_id = j.tenant_id
        and rc.cache_key = j.cache_key
        and rc.scope = j.cache_scope
    );
end
$$;
ALTER FUNCTION tollhouse_private.guard_cache(p_jobs tollhouse_private.work[], p_now timestamp with time zone) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.guard_cache(p_jobs tollhouse_private.work[], p_now timestamp with time zone) IS 'Answers calls that have a fresh cache entry under their key.';
CREATE FUNCTION tollhouse_private.guard_cancelled(p_jobs tollhouse_private.work[]) RETURNS SETOF tollhouse_private.verdict
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if not exists (select from tollhouse_private.cancel_requests) then
    return;
  end if;

  return query
  select j.call_id, 'cancelled', null::text, null::timestamptz, null::bigint
  from unnest(p_jobs) as j
  where (
    select true from tollhouse_private.cancel_requests as cr
    where cr.tenant_id = j.tenant_id and cr.call_id = j.call_id
    limit 1
  );
end
$$;
ALTER FUNCTION tollhouse_private.guard_cancelled(p_jobs tollhouse_private.work[]) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.guard_cancelled(p_jobs tollhouse_private.work[]) IS 'Stops calls whose cancellation could not take effect earlier.';
CREATE FUNCTION tollhouse_private.guard_coalescing(p_jobs tollhouse_private.work[], p_now timestamp with time zone, p_batch tollhouse_private.work[] DEFAULT '{}'::tollhouse_private.work[]) RETURNS SETOF tollhouse_private.verdict
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_all tollhouse_private.work[] := case when cardinality(p_batch) > 0 then p_batch else p_jobs end;
  v_keyed bigint := (select count(*) from unnest(v_all) as j where j.cache_key is not null);
  v_candidates tollhouse_private.work[];
  v_fresh bigint;
  v_calls uuid[];
  v_places tid[];
begin
  if v_keyed = 0 then
    return;
  end if;
  v_candidates := array(select j from unnest(p_jobs) as j where j.cache_key is not null);

  -- Waits for a concurrent decision on the same key.
  insert into tollhouse_private.response_cache (tenant_id, cache_key, scope, call_id, upkeep_at)
  select j.tenant_id, j.cache_key, j.cache_scope, j.call_id, p_now + interval '2 hours'
  from unnest(v_candidates) as j
  order by j.tenant_id, j.cache_key, j.call_id
  on conflict do nothing;
  get diagnostics v_fresh = row_count;
  -- Each has made an entry that did not exist, so there is no answer yet: all of them lead.
  if v_fresh = v_keyed then
    return;
  end if;

  -- The other entries were there before. This lock holds their leaders' outcomes back until this claim is committed, so
  -- that they wake the followers parked here too; and an entry that this claim itself may remove (of a retried leader that
  -- another guard blocks) is locked now, before breakers and budgets.
  select array_agg(k.call_id), array_agg(locked.place) into v_calls, v_places
  from (
    select j.tenant_id, j.cache_key, j.call_id from unnest(v_all) as j where j.cache_key is not null order by 1, 2, 3
  ) as k
  -- One probe of the key each, even without statistics.
  cross join lateral (
    select rc.ctid as place
    from tollhouse_private.response_cache as rc
    where rc.tenant_id = k.tenant_id and rc.cache_key = k.cache_key
    for update
  ) as locked;

  -- Its leader's outcome removed the entry while this claim was waiting for it: decided again at once.
  return query
  select j.call_id, 'deferred', null::text, p_now, null::bigint
  from unnest(v_candidates) as j
  where v_calls is null or j.call_id <> all (v_calls);
  v_candidates := array(select j from unnest(v_candidates) as j where j.call_id = any (v_calls));

  -- An expired answer is fetched again. A lost leader is replaced by the oldest call that would wait for it; if it comes
  -- back, it waits like any other call.
  update tollhouse_private.response_cache as rc
  set call_id = heir.call_id, expires_at = null, provider = null, model = null, cost_micro_usd = null, response = null
  from (
    select distinct on (entry.place) entry.place, j.call_id
    from unnest(v_candidates) as j
    join unnest(v_calls, v_places) as at (call_id, place) on at.call_id = j.call_id
    cross join lateral (
      select k.ctid as place, k.call_id as leader, k.expires_at is null as pending, tollhouse_private.has_answer(k, p_now) as answered
      from tollhouse_private.response_cache as k
      where k.ctid = at.place
      offset 0
    ) as entry
    where entry.answered is not true
      and (not entry.pending or (
        entry.leader not in (select b.call_id from unnest(v_all) as b)
        and tollhouse_private.leader_is_lost(j.tenant_id, entry.leader)
      ))
    order by entry.place, j.call_id
    offset 0
  ) as heir
  where rc.ctid = heir.place;

  -- An answer may have landed since the cache guard looked: look again rather than pay twice.
  return query select g.* from tollhouse_private.guard_cache(v_candidates, p_now) as g;

  return query
  select j.call_id, 'coalesced', null::text, p_now, null::bigint
  from unnest(v_candidates) as j
  where (
    select rc.call_id from tollhouse_private.response_cache as rc
    where rc.tenant_id = j.tenant_id and rc.cache_key = j.cache_key and rc.expires_at is null
  ) <> j.call_id;
end
$$;
ALTER FUNCTION tollhouse_private.guard_coalescing(p_jobs tollhouse_private.work[], p_now timestamp with time zone, p_batch tollhouse_private.work[]) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.guard_coalescing(p_jobs tollhouse_private.work[], p_now timestamp with time zone, p_batch tollhouse_private.work[]) IS 'Lets one call per cache key through and makes the others wait for its answer, unless that call is neither running nor claimable. p_batch: all calls of the claim, including those that an earlier guard turned away, which may lead.';
CREATE FUNCTION tollhouse_private.guard_hourly_shutoff(p_jobs tollhouse_private.work[], p_now timestamp with time zone) RETURNS SETOF tollhouse_private.verdict
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return query
  with payer as materialized (
    -- Once per user, by a probe of the whole key, even without statistics.
    select p.tenant_id, p.user_id, (
      select max(hs.disabled_until)
      from (values (''), (p.user_id)) as u (user_id)
      cross join lateral (
        select k.disabled_until
        from tollhouse_private.hourly_shutoffs as k
        where k.tenant_id = p.tenant_id and k.user_id = u.user_id
        offset 0
      ) as hs
    ) as disabled_until
    from (select distinct j.tenant_id, j.user_id from unnest(p_jobs) as j) as p
  )
  select j.call_id, 'blocked', 'hourly_shutoff', p.disabled_until, null::bigint
  from payer as p
  join unnest(p_jobs) as j on j.tenant_id = p.tenant_id and j.user_id = p.user_id
  where p.disabled_until > p_now;
end
$$;
ALTER FUNCTION tollhouse_private.guard_hourly_shutoff(p_jobs tollhouse_private.work[], p_now timestamp with time zone) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.guard_hourly_shutoff(p_jobs tollhouse_private.work[], p_now timestamp with time zone) IS 'Blocks the calls of a tenant or user that is shut off, and says until when.';
CREATE FUNCTION tollhouse_private.guard_idempotency(p_jobs tollhouse_private.jobs[]) RETURNS uuid[]
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_first uuid[];
begin
  -- In array order.
  with taken as (
    insert into tollhouse_private.request_keys as rk (tenant_id, endpoint, request_id, user_id, call_id, created_at, fingerprint)
    select j.tenant_id, j.endpoint, j.request_id, j.user_id, j.call_id, j.created_at, j.fingerprint
    from unnest(p_jobs) as j
    on conflict do nothing
    returning rk.call_id
  )
  select coalesce(array_agg(t.call_id), '{}') into v_first from taken as t;
  return v_first;
end
$$;
ALTER FUNCTION tollhouse_private.guard_idempotency(p_jobs tollhouse_private.jobs[]) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.guard_idempotency(p_jobs tollhouse_private.jobs[]) IS 'Guard 1: claims the request ids of new calls and returns the call ids of those that are the first to use theirs. Waits for a concurrent enqueue of the same id by the same user, so calls must be ordered by endpoint and request id: then two batches can''t deadlock.';
CREATE FUNCTION tollhouse_private.guard_kill_switch(p_jobs tollhouse_private.work[]) RETURNS SETOF tollhouse_private.verdict
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_models boolean;
begin
  -- One look saves a claim six probes per call. A client, who sees only some of the rows, would scan them all.
  if cardinality(p_jobs) > 1 and not exists (select from tollhouse_private.kill_switches) then
    return;
  end if;
  v_models := exists (
    select from tollhouse_private.kill_switches as ks where ks.scope in ('provider', 'model') and ks.tenant_id = ''
  );

  return query
  with offer as materialized (
    select k.endpoint, k.requested_model, bool_and(tollhouse_private.killed(null, null, null, cm.provider, cm.model)) as killed
    from (select distinct j.endpoint, j.requested_model from unnest(p_jobs) as j) as k
    cross join lateral tollhouse_private.candidate_models(k.endpoint, k.requested_model) as cm
    group by k.endpoint, k.requested_model
  ),
  stopped as materialized (
    -- Once per caller, not per call.
    select a.tenant_id, a.user_id, a.endpoint
    from (select distinct j.tenant_id, j.user_id, j.endpoint from unnest(p_jobs) as j) as a
    where tollhouse_private.killed(a.tenant_id, a.user_id, a.endpoint, null, null)
  )
  select j.call_id, 'blocked', 'provider_kill_switch', null::timestamptz, null::bigint
  from unnest(p_jobs) as j
  -- Not false: a call with an unknown is stopped as well.
  where ((j.tenant_id, j.user_id, j.endpoint) in (select s.tenant_id, s.user_id, s.endpoint from stopped as s)) is not false
    or v_models and exists (
      select
      from offer as o
      where o.killed
        and o.endpoint = j.endpoint
        and o.requested_model is not distinct from j.requested_model
    );
end
$$;
ALTER FUNCTION tollhouse_private.guard_kill_switch(p_jobs tollhouse_private.work[]) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.guard_kill_switch(p_jobs tollhouse_private.work[]) IS 'Blocks calls that a switch matches, and calls all of whose candidate models are matched by a switch.';
CREATE FUNCTION tollhouse_private.guard_rate_limit(p_routes tollhouse_private.route[], p_now timestamp with time zone, p_admitted tollhouse_private.route[] DEFAULT '{}'::tollhouse_private.route[]) RETURNS SETOF tollhouse_private.verdict
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_scope text;
  v_admitted uuid[] := array(select (r.job).call_id from unnest(p_admitted) as r);
  v_routes tollhouse_private.route[] := p_admitted || p_routes;
  v_tight text[];
  v_deferred tollhouse_private.verdict[];
begin
  if not exists (select from tollhouse_private.rate_limits) then
    return;
  end if;

  -- Locked in the order of the key. Where all fit at once, and nobody stands in line, there are no turns to be found.
  select array_agg(distinct due.scope) into v_tight
  from (
    select u.scope, u.target, count(*) as calls, sum((r.job).request_bytes / 4 + (r.job).max_output_tokens) as tokens
    from unnest(v_routes) as r
    cross join lateral (values ('tenant' collate "C", (r.job).tenant_id), ('provider', r.provider), ('model', r.model)) as u (scope, target)
    group by u.scope, u.target
    order by u.scope, u.target
    offset 0
  ) as due
  cross join lateral (
    select rl.*, extract(epoch from greatest(p_now - rl.refilled_at, '0')) / 60 as minutes
    from tollhouse_private.rate_limits as rl
    where rl.scope = due.scope and rl.target = due.target
    for update
  ) as held
  where (
    (held.requests_per_minute is null
      or due.calls <= least(held.requests_per_minute, held.requests_available + held.requests_per_minute * held.minutes))
    and (held.tokens_per_minute is null
      or due.tokens <= least(held.tokens_per_minute, held.tokens_available + held.tokens_per_minute * held.minutes))
    and held.max_in_flight is null
    and (select true from tollhouse_private.jobs as j where j.line = held.line limit 1) is not true
  ) is not true;
  if v_tight is null then
    return;
  end if;

  -- The tenants' own first: what they hold back takes no place in the line of a provider.
  foreach v_scope in array array['tenant', 'provider', 'model'] loop
    continue when v_scope <> all (v_tight);
    v_deferred := array(
      select row(
        w.call_id, 'deferred', w.line, p_now + make_interval(secs => least(60, greatest(0.05, w.refill, w.slot))::double precision), null
      )::tollhouse_private.verdict
      from tollhouse_private.rate_limit_waits(v_scope, v_routes, v_admitted, p_now) as w
      where greatest(w.refill, w.slot) > 0
        and w.call_id <> all (v_admitted)
    );
    v_routes := tollhouse_private.undecided(v_routes, v_deferred);
    return query select d.* from unnest(v_deferred) as d;
  end loop;
end
$$;
ALTER FUNCTION tollhouse_private.guard_rate_limit(p_routes tollhouse_private.route[], p_now timestamp with time zone, p_admitted tollhouse_private.route[]) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.guard_rate_limit(p_routes tollhouse_private.route[], p_now timestamp with time zone, p_admitted tollhouse_private.route[]) IS 'Defers what is over a limit now until its bucket will have refilled; in line by turns, and a call larger than the bucket goes when that is full. p_admitted: calls of this claim that are admitted already.';
CREATE TABLE tollhouse_private.response_cache (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    cache_key bytea NOT NULL,
    scope text NOT NULL COLLATE pg_catalog."C",
    call_id uuid NOT NULL,
    upkeep_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    provider text COLLATE pg_catalog."C",
    model text COLLATE pg_catalog."C",
    cost_micro_usd bigint,
    response jsonb,
    CONSTRAINT response_cache_expires_at_check CHECK (((num_nulls(expires_at, provider, model, cost_micro_usd) = ANY (ARRAY[0, 4])) AND ((expires_at IS NOT NULL) OR (response IS NULL))))
)
WITH (fillfactor='40');
ALTER TABLE ONLY tollhouse_private.response_cache FORCE ROW LEVEL SECURITY;
ALTER TABLE tollhouse_private.response_cache OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.response_cache IS 'What an identical request gets instead of a provider call: an answer, or the wait for the call that is fetching it.';
COMMENT ON COLUMN tollhouse_private.response_cache.cache_key IS 'SHA-256 of tenant, scope, endpoint, watermark and everything that determines the answer; as jobs.cache_key.';
COMMENT ON COLUMN tollhouse_private.response_cache.scope IS 'The user whose calls share the answer; empty: the whole tenant.';
COMMENT ON COLUMN tollhouse_private.response_cache.call_id IS 'The call that fetched the answer, or the leader of those waiting for it.';
COMMENT ON COLUMN tollhouse_private.response_cache.upkeep_at IS 'When housekeeping next checks whether the entry has expired.';
COMMENT ON COLUMN tollhouse_private.response_cache.expires_at IS 'When the answer expires; null while it is being fetched.';
COMMENT ON COLUMN tollhouse_private.response_cache.cost_micro_usd IS 'Cost of the answer, which each hit saves.';
COMMENT ON COLUMN tollhouse_private.response_cache.response IS 'The answer, if its call''s content may not be kept; otherwise null, and it is read from call_content.';
CREATE FUNCTION tollhouse_private.has_answer(p_entry tollhouse_private.response_cache, p_now timestamp with time zone) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
  select p_entry.expires_at > p_now
    and (p_entry.response is not null or tollhouse_private.kept_answer(p_entry.tenant_id, p_entry.call_id) is not null)
$$;
ALTER FUNCTION tollhouse_private.has_answer(p_entry tollhouse_private.response_cache, p_now timestamp with time zone) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.has_answer(p_entry tollhouse_private.response_cache, p_now timestamp with time zone) IS 'Whether an entry is fresh and its answer still exists; null while it is pending.';
CREATE FUNCTION tollhouse_private.has_month(p_created_at timestamp with time zone) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
  select pg_catalog.to_regclass(
    'tollhouse_private.llm_api_calls_' || pg_catalog.to_char(p_created_at at time zone 'UTC', 'YYYY_MM')
  ) is not null
$$;
ALTER FUNCTION tollhouse_private.has_month(p_created_at timestamp with time zone) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.has_month(p_created_at timestamp with time zone) IS 'Whether the ledger has a partition for a call''s month. A worker creates it; until then the call can''t end.';
CREATE FUNCTION tollhouse_private.has_visible(p_text text) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
  -- By code point, because character classes depend on the locale: blanks, controls, joiners, direction marks, fillers, tags.
  select p_text collate "C" ~ (
    '[^\u0001-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f'
    '\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]'
  )
$$;
ALTER FUNCTION tollhouse_private.has_visible(p_text text) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.has_visible(p_text text) IS 'Whether a text has a visible character; null for null.';
CREATE FUNCTION tollhouse_private.highest_cost(p_input_price bigint, p_cached_input_price bigint, p_output_price bigint, p_reasoning_price bigint, p_request_bytes integer, p_max_output_tokens integer) RETURNS bigint
    LANGUAGE sql IMMUTABLE
    AS $$
  select pg_catalog.ceil((
    p_request_bytes::numeric * (p_input_price + greatest(0, p_cached_input_price - p_input_price))
    + p_max_output_tokens::numeric * (p_output_price + greatest(0, p_reasoning_price - p_output_price))
  ) / 1000000)::bigint
$$;
ALTER FUNCTION tollhouse_private.highest_cost(p_input_price bigint, p_cached_input_price bigint, p_output_price bigint, p_reasoning_price bigint, p_request_bytes integer, p_max_output_tokens integer) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.highest_cost(p_input_price bigint, p_cached_input_price bigint, p_output_price bigint, p_reasoning_price bigint, p_request_bytes integer, p_max_output_tokens integer) IS 'Highest possible cost of one attempt, in micro-USD rounded up; null if a price is unknown.';
CREATE FUNCTION tollhouse_private.json_problem(p_value jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $_$
  select case
    when pg_catalog.jsonb_path_exists(p_value, 'strict $.**{65}') then 'it is nested deeper than 64 levels'
    when pg_catalog.jsonb_path_exists(p_value, 'strict $.** ? (@ >= 1e40 || @ <= -1e40)') then 'a number in it has more than 40 digits'
  end
$_$;
ALTER FUNCTION tollhouse_private.json_problem(p_value jsonb) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.json_problem(p_value jsonb) IS 'What is wrong with a JSON value of a client''s, whatever it is for, in words, or null.';
CREATE FUNCTION tollhouse_private.keeps_content(p_tenant_id text, p_endpoint text) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return tollhouse_private.capture_of(p_tenant_id, p_endpoint) = 'full';
end
$$;
ALTER FUNCTION tollhouse_private.keeps_content(p_tenant_id text, p_endpoint text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.keeps_content(p_tenant_id text, p_endpoint text) IS 'Whether a tenant''s requests at an endpoint may be kept, and so be read by others than workers while they wait.';
CREATE FUNCTION tollhouse_private.kept_answer(p_tenant_id text, p_call_id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_created_at constant timestamptz := tollhouse_private.call_created_at(p_call_id);
begin
  return (
    select cc.response
    from tollhouse_private.call_content as cc
    where cc.tenant_id = p_tenant_id
      and cc.call_id = p_call_id
      and cc.created_at = v_created_at
  );
end
$$;
ALTER FUNCTION tollhouse_private.kept_answer(p_tenant_id text, p_call_id uuid) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.kept_answer(p_tenant_id text, p_call_id uuid) IS 'The answer of a call whose content is kept; null once it has been removed, by retention or otherwise.';
CREATE FUNCTION tollhouse_private.killed(p_tenant_id text, p_user_id text, p_endpoint text, p_provider text, p_model text) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
  -- One probe of the key per scope, because thousands of users may be stopped. switch_stops is the same test for a single switch.
  select coalesce(
    (select true from tollhouse_private.kill_switches as ks where ks.scope = 'global' and ks.tenant_id = '' and ks.target = '*'),
    (select true from tollhouse_private.kill_switches as ks where ks.scope = 'provider' and ks.tenant_id = '' and ks.target = p_provider),
    (select true from tollhouse_private.kill_switches as ks where ks.scope = 'model' and ks.tenant_id = '' and ks.target = p_model),
    (select true from tollhouse_private.kill_switches as ks where ks.scope = 'endpoint' and ks.tenant_id = '' and ks.target = p_endpoint),
    (select true from tollhouse_private.kill_switches as ks where ks.scope = 'tenant' and ks.tenant_id = p_tenant_id limit 1),
    (select true from tollhouse_private.kill_switches as ks where ks.scope = 'user' and ks.tenant_id = p_tenant_id and ks.target = p_user_id),
    false
  )
$$;
ALTER FUNCTION tollhouse_private.killed(p_tenant_id text, p_user_id text, p_endpoint text, p_provider text, p_model text) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.killed(p_tenant_id text, p_user_id text, p_endpoint text, p_provider text, p_model text) IS 'Whether any kill switch matches; pass null for anything not decided yet.';
CREATE FUNCTION tollhouse_private.land(p_calls uuid[], p_tenants text[], p_keys bytea[], p_places tid[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_followers tid[];
begin
  delete from tollhouse_private.response_cache as rc
  where rc.ctid = any (p_places)
    and rc.expires_at is null;
  -- Runs with the entries locked, so nobody parks under them any more.
  if (select true from tollhouse_private.jobs as f where f.state = 'coalesced' order by f.cache_key limit 1) is not true then
    return;
  end if;

  -- Skip locked: a claim that looked at a follower just before it was parked still holds it, and may be waiting for us.
  -- What is passed over here, or is more than a transaction should write, is left to wake_followers.
  v_followers := array(
    select f.place
    from unnest(p_tenants, p_keys) as led (tenant_id, cache_key)
    -- One probe of the key each, here and below, even without statistics.
    cross join lateral (
      select k.ctid as place
      from tollhouse_private.jobs as k
      where k.state = 'coalesced' and k.cache_key = led.cache_key and k.tenant_id = led.tenant_id
      for update skip locked
    ) as f
    limit 10000
  );
  if cardinality(v_followers) > 0 then
    update tollhouse_private.jobs as j
    set state = 'queued'
    where j.ctid = any (v_followers);
    perform tollhouse_private.wake_idle_worker();
  end if;
  insert into tollhouse_private.ended_flights (tenant_id, call_id, cache_key)
  select led.tenant_id, led.call_id, led.cache_key
  from unnest(p_calls, p_tenants, p_keys) as led (call_id, tenant_id, cache_key)
  where (
    select true from tollhouse_private.jobs as f
    where f.state = 'coalesced' and f.cache_key = led.cache_key and f.tenant_id = led.tenant_id
    limit 1
  )
  on conflict do nothing;
end
$$;
ALTER FUNCTION tollhouse_private.land(p_calls uuid[], p_tenants text[], p_keys bytea[], p_places tid[]) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.land(p_calls uuid[], p_tenants text[], p_keys bytea[], p_places tid[]) IS 'Removes those of the entries, locked by the caller, that are still pending, and puts the calls waiting for them back into the queue. The arrays are parallel: leader, tenant, key and place of each entry.';
CREATE FUNCTION tollhouse_private.leader_is_lost(p_tenant_id text, p_call_id uuid) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return not exists (
    select from tollhouse_private.jobs as j
    where j.tenant_id = p_tenant_id and j.call_id = p_call_id and j.state = 'running'
  ) and (
    select true from tollhouse_private.jobs as j
    where j.tenant_id = p_tenant_id and j.call_id = p_call_id
    for key share skip locked
  ) is not true;
end
$$;
ALTER FUNCTION tollhouse_private.leader_is_lost(p_tenant_id text, p_call_id uuid) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.leader_is_lost(p_tenant_id text, p_call_id uuid) IS 'Whether a call is gone, or is neither running nor claimable, because a client may be cancelling it in a transaction that stays open for hours.';
CREATE FUNCTION tollhouse_private.learn_overrun(p_model text, p_call_id uuid, p_factor numeric, p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  -- Not least: it would make a million of an unknown factor.
  v_factor numeric := case when p_factor > 1000000 then 1000000 else p_factor end;
  v_day date := (p_now at time zone 'UTC')::date;
begin
  if v_factor > coalesce((select mo.factor from tollhouse_private.model_overruns as mo where mo.model = p_model and mo.day = v_day), 1) then
    insert into tollhouse_private.model_overruns as mo (model, day, highest, call_id, learned_at)
    select m.model, v_day, v_factor, p_call_id, p_now
    from tollhouse_private.models as m
    where m.model = p_model
    on conflict (model, day) do update
    set
      factor = case when mo.call_id = excluded.call_id then mo.factor else least(mo.highest, excluded.highest) end,
      learned_at = case when mo.call_id = excluded.call_id then mo.learned_at else excluded.learned_at end,
      highest = greatest(mo.highest, excluded.highest),
      call_id = case when mo.highest < excluded.highest then excluded.call_id else mo.call_id end
    where coalesce(mo.factor, 1) < excluded.highest;
  end if;
end
$$;
ALTER FUNCTION tollhouse_private.learn_overrun(p_model text, p_call_id uuid, p_factor numeric, p_now timestamp with time zone) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.learn_overrun(p_model text, p_call_id uuid, p_factor numeric, p_now timestamp with time zone) IS 'Notes that a call has billed so many times what it can cost at most, if that is more than is known of its model for the day.';
CREATE FUNCTION tollhouse_private.lock_ahead(p_jobs tollhouse_private.work[], p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform
  from (
    select 'tenant' collate "C" as scope, j.tenant_id as target from unnest(p_jobs) as j
    union
    select u.scope, u.target
    from (select distinct j.endpoint, j.requested_model from unnest(p_jobs) as j) as kind
    cross join lateral tollhouse_private.candidate_models(kind.endpoint, kind.requested_model) as cm
    cross join lateral (values ('provider', cm.provider), ('model', cm.model)) as u (scope, target)
    order by scope, target
    offset 0
  ) as met
  cross join lateral (
    select
    from tollhouse_private.rate_limits as rl
    where rl.scope = met.scope and rl.target = met.target
    for update
  ) as locked;
  perform
  from (
    select j.tenant_id, u.user_id
    from unnest(p_jobs) as j
    cross join lateral (values (''), (j.user_id)) as u (user_id)
    group by 1, 2
    order by 1, 2
  ) as payer
  cross join lateral (
    select
    from tollhouse_private.monthly_budgets as mb
    where mb.tenant_id = payer.tenant_id and mb.user_id = payer.user_id
      and mb.month = tollhouse_private.budget_month(p_now)
    for update
  ) as locked;
end
$$;
ALTER FUNCTION tollhouse_private.lock_ahead(p_jobs tollhouse_private.work[], p_now timestamp with time zone) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.lock_ahead(p_jobs tollhouse_private.work[], p_now timestamp with time zone) IS 'Locks what a claim that goes round again may come to need, in the order of all locks: once it holds a budget it may wait for no rate limit.';
CREATE FUNCTION tollhouse_private.look_after_budget_lines(p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_month date := tollhouse_private.budget_month(p_now);
  v_line tollhouse_private.monthly_budgets;
begin
  for v_line in
    select mb.*
    from tollhouse_private.monthly_budgets as mb
    where mb.line_at <= p_now - interval '5 seconds'
    order by mb.line_at
    limit 20
    for update skip locked
  loop
    if v_line.month = v_month then
      perform tollhouse_private.call_up_budget(v_line.tenant_id, case when v_line.user_id <> '' then array[v_line.user_id] else '{}' end, p_now);
    end if;
    if v_line.month <> v_month or v_line.user_id <> '' then
      update tollhouse_private.monthly_budgets as mb
      set line_at = case when v_line.month = v_month and tollhouse_private.stands_in_line(v_line.tenant_id, v_line.user_id, '{}') then p_now end
      where mb.tenant_id = v_line.tenant_id and mb.user_id = v_line.user_id and mb.month = v_line.month;
    end if;
  end loop;
end
$$;
ALTER FUNCTION tollhouse_private.look_after_budget_lines(p_now timestamp with time zone) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.look_after_budget_lines(p_now timestamp with time zone) IS 'Looks after the lines that nobody has looked at for five seconds, twenty at a time: no wake-up can be lost for longer, and a line that is empty is none.';
CREATE FUNCTION tollhouse_private.materialize(p_settlements tollhouse_private.settlement[]) RETURNS tollhouse_private.settlement[]
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '1s'
    AS $_$
declare
  v_task record;
  v_settlement tollhouse_private.settlement;
  v_result tollhouse_private.attempt_result;
  v_failure text;
begin
  for v_task in
    select i as position, p_settlements[i].materializer, p_settlements[i].capture = 'full' as keeps
    from generate_subscripts(p_settlements, 1) as i
    where p_settlements[i].status = 'success' and p_settlements[i].materializer is not null
  loop
    v_settlement := p_settlements[v_task.position];
    v_failure := null;
    begin
      if (v_settlement.result).materialize is false then
        v_failure := 'it exceeded the worker''s statement timeout';
      else
        execute format('select %s($1, $2, $3, $4, $5, $6)', v_task.materializer)
        using (v_settlement.job).tenant_id, (v_settlement.job).user_id, (v_settlement.job).call_id,
          (v_settlement.job).created_at,
          case when v_task.keeps then coalesce(
            (select j.request from tollhouse_private.jobs as j where j.ctid = (v_settlement.job).place),
            (v_settlement.unqueued).request
          ) end,
          case when v_task.keeps then (v_settlement.result).response end;
      end if;
    exception
      -- Whatever a materializer raises affects only its own call.
      when query_canceled or assert_failure or others then
        if sqlstate = '57014' and clock_timestamp() - statement_timestamp() >= nullif(current_setting('statement_timeout')::interval, '0') then
          raise;
        end if;
        v_failure := format('%s (%s)', sqlerrm, sqlstate);
    end;
    if v_failure is not null then
      v_result := v_settlement.result;
      v_result.error_code := 'materializer_failed';
      v_result.error_message := left(format('%s: %s', v_task.materializer, v_failure), 500);
      v_settlement.result := v_result;
      p_settlements[v_task.position] := v_settlement;
    end if;
  end loop;
  return p_settlements;
end
$_$;
ALTER FUNCTION tollhouse_private.materialize(p_settlements tollhouse_private.settlement[]) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.materialize(p_settlements tollhouse_private.settlement[]) IS 'Runs the materializers of those successes that have one, each in a subtransaction and with a second for each lock; one that raises, or that the worker says to leave out, marks its own call materializer_failed. They get a null request and response where nothing of them may be kept.';
CREATE FUNCTION tollhouse_private.materialize_budget_optimization(p_tenant_id text, p_user_id text, p_call_id uuid, p_created_at timestamp with time zone, p_request jsonb, p_response jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_recommendation jsonb;
begin
  begin
    v_recommendation := (p_response ->> 'content')::jsonb;
  exception
    when invalid_text_representation or untranslatable_character then
      v_recommendation := jsonb_build_object('text', p_response ->> 'content');
  end;
  insert into tollhouse_private.budget_optimization_jobs
    (tenant_id, call_id, created_at, user_id, objective, recommendation)
  values (
    p_tenant_id, p_call_id, p_created_at, p_user_id,
    tollhouse_private.question_of(p_request), v_recommendation
  );
end
$$;
ALTER FUNCTION tollhouse_private.materialize_budget_optimization(p_tenant_id text, p_user_id text, p_call_id uuid, p_created_at timestamp with time zone, p_request jsonb, p_response jsonb) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.materialize_budget_optimization(p_tenant_id text, p_user_id text, p_call_id uuid, p_created_at timestamp with time zone, p_request jsonb, p_response jsonb) IS 'The materializer of endpoint budget_optimization.';
CREATE FUNCTION tollhouse_private.materialize_investigation(p_tenant_id text, p_user_id text, p_call_id uuid, p_created_at timestamp with time zone, p_request jsonb, p_response jsonb) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  insert into tollhouse_private.investigations (tenant_id, call_id, created_at, user_id, question, findings)
  values (
    p_tenant_id, p_call_id, p_created_at, p_user_id,
    tollhouse_private.question_of(p_request), p_response ->> 'content'
  )
$$;
ALTER FUNCTION tollhouse_private.materialize_investigation(p_tenant_id text, p_user_id text, p_call_id uuid, p_created_at timestamp with time zone, p_request jsonb, p_response jsonb) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.materialize_investigation(p_tenant_id text, p_user_id text, p_call_id uuid, p_created_at timestamp with time zone, p_request jsonb, p_response jsonb) IS 'The materializer of endpoint investigation.';
CREATE FUNCTION tollhouse_private.move_breaker(p_action text, p_provider text, p_tenant_id text, p_user_id text, p_state text, p_open_until timestamp with time zone, p_reason text) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_before jsonb;
  v_after jsonb;
  v_opened_at timestamptz := case p_state when 'open' then clock_timestamp() end;
  v_reason text := case p_state when 'open' then p_reason end;
begin
  perform tollhouse_private.check_target('provider', p_provider);
  perform tollhouse_private.check_value((p_tenant_id = '') = (p_user_id = ''),
    format('tenant %L, user %L', p_tenant_id, p_user_id), 'Give tenant and user for a user''s breaker, neither for the provider''s own.');

  if p_tenant_id = '' then
    select to_jsonb(pb) into v_before from tollhouse_private.provider_breakers as pb where pb.provider = p_provider for update;
    insert into tollhouse_private.provider_breakers as pb (provider, state, opened_at, open_until, reason)
    values (p_provider, p_state, v_opened_at, p_open_until, v_reason)
    on conflict (provider) do update
    set state = excluded.state, opened_at = excluded.opened_at, open_until = excluded.open_until, reason = excluded.reason, probe_call_id = null
    returning to_jsonb(pb) into v_after;
    if p_state = 'closed' then
      -- Skips counts that a worker is writing instead of waiting: record locks the two in the opposite order.
      delete from tollhouse_private.provider_windows as pw
      where pw.provider = p_provider
        and (pw.worker_id, pw.tenant_id) in (
          select c.worker_id, c.tenant_id from tollhouse_private.provider_windows as c where c.provider = p_provider for update skip locked
        );
    end if;
  else
    perform tollhouse_private.check_target('tenant', p_tenant_id);
    perform tollhouse_private.check_target('user', p_user_id);
    select to_jsonb(b) into v_before
    from tollhouse_private.breakers as b
    where b.tenant_id = p_tenant_id and b.user_id = p_user_id and b.provider = p_provider
    for update;
    if not found and p_state = 'closed' then
      return false;
    end if;
    insert into tollhouse_private.breakers as b (tenant_id, user_id, provider, state, opened_at, open_until, reason)
    values (p_tenant_id, p_user_id, p_provider, p_state, v_opened_at, p_open_until, v_reason)
    on conflict (tenant_id, user_id, provider) do update
    set
      state = excluded.state, opened_at = excluded.opened_at, open_until = excluded.open_until,
      reason = excluded.reason, probe_call_id = null, consecutive_failures = 0
    returning to_jsonb(b) into v_after;
  end if;
  perform tollhouse_private.audit(p_action,
    jsonb_build_object('provider', p_provider, 'tenant_id', nullif(p_tenant_id, ''), 'user_id', nullif(p_user_id, '')),
    p_reason, v_before, v_after);
  return coalesce(v_before ->> 'state' <> p_state, p_state <> 'closed');
end
$$;
ALTER FUNCTION tollhouse_private.move_breaker(p_action text, p_provider text, p_tenant_id text, p_user_id text, p_state text, p_open_until timestamp with time zone, p_reason text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.move_breaker(p_action text, p_provider text, p_tenant_id text, p_user_id text, p_state text, p_open_until timestamp with time zone, p_reason text) IS 'Sets a breaker manually and audits it; returns whether its state changed.';
CREATE FUNCTION tollhouse_private.needless_probes(p_routes tollhouse_private.route[], p_admitted tollhouse_private.route[]) RETURNS tollhouse_private.work[]
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return array(
    select w.job
    from (
      select
        r.*,
        row_number() over (partition by (r.job).tenant_id, (r.job).user_id, r.provider, r.user_probe order by (r.job).call_id) as user_turn,
        row_number() over (partition by r.provider, r.provider_probe order by (r.job).call_id) as provider_turn
      from unnest(p_routes) as r
    ) as w
    where (w.user_probe and w.user_turn > 1)
      or (w.provider_probe and w.provider_turn > 1)
      or exists (
        select
        from unnest(p_admitted) as a
        where a.provider = w.provider
          and (
            (a.provider_probe and w.provider_probe)
            or (a.user_probe and w.user_probe and (a.job).tenant_id = (w.job).tenant_id and (a.job).user_id = (w.job).user_id)
          )
      )
  );
end
$$;
ALTER FUNCTION tollhouse_private.needless_probes(p_routes tollhouse_private.route[], p_admitted tollhouse_private.route[]) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.needless_probes(p_routes tollhouse_private.route[], p_admitted tollhouse_private.route[]) IS 'Of the calls that would probe the same breaker, all but the oldest; and all, where a call that is admitted already (p_admitted) probes it.';
CREATE FUNCTION tollhouse_private.new_call_id(p_created_at timestamp with time zone) RETURNS uuid
    LANGUAGE sql
    AS $$
  select pg_catalog.encode(
    pg_catalog.set_bit(pg_catalog.set_bit(
      overlay(
        pg_catalog.uuid_send(pg_catalog.gen_random_uuid())
        placing substring(pg_catalog.int8send(pg_catalog.floor(extract(epoch from p_created_at) * 1000)::pg_catalog.int8) from 3)
        from 1 for 6
      ), 52, 1), 53, 1),
    'hex')::pg_catalog.uuid
$$;
ALTER FUNCTION tollhouse_private.new_call_id(p_created_at timestamp with time zone) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.new_call_id(p_created_at timestamp with time zone) IS 'A UUID version 7 (RFC 9562, section 5.7) for a call created at that time.';
CREATE FUNCTION tollhouse_private.new_jobs(p_tenant_id text, p_user_id text, p_calls tollhouse_private.asked_call[], p_now timestamp with time zone, OUT jobs tollhouse_private.jobs[], OUT places bigint[], OUT sound boolean) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  select
    array_agg(row(
      p_tenant_id, b.call_id, p_user_id, b.endpoint, coalesce(b.request_id, b.call_id::text), date_trunc('milliseconds', p_now),
      sha256(convert_to(jsonb_build_array(p_user_id, b.endpoint, b.request, b.model, b.watermark)::text, 'UTF8')),
      b.bytes, coalesce(b.output_tokens, b.max_output_tokens), b.model, b.max_cost_micro_usd,
      case when b.use_cache and b.cache_ttl > '0' and b.kept <> 'none'
        then sha256(convert_to(jsonb_build_array(p_tenant_id, b.scope, b.endpoint, b.watermark, b.request, b.model, b.models)::text, 'UTF8'))
      end,
      b.scope,
      case when b.run_at > p_now then 'scheduled' else 'queued' end, greatest(b.run_at, p_now), case when b.run_at > p_now then 'run_at' end,
      0, 0, null, null, null, null, null, 0, null, 0, null, 'none', false, null, null, b.metadata, b.request, null
    )::tollhouse_private.jobs order by b.number),
    array_agg(b.place order by b.number),
    -- As check_call decides; what this doubts, it puts into words.
    bool_and((
      case when tollhouse_private.sound_request(b.request) then true else tollhouse_private.request_problem(b.request) is null end
      and b.bytes <= b.max_request_bytes
      and coalesce(b.output_tokens <= b.max_output_tokens, true)
      and coalesce(octet_length(b.request_id) between 1 and 200 and b.request_id !~ '[^\x21-\x7e]', true)
      and coalesce(b.max_cost_micro_usd >= 0, true)
      and cardinality(b.models) > 0
      and coalesce(b.model = any (b.models), true)
      and (b.watermark = '' or length(b.watermark) <= 200 and tollhouse_private.has_visible(b.watermark))
      and case when b.metadata is null then true
        else octet_length(b.metadata::text) <= 16384 and jsonb_typeof(b.metadata) = 'object' and tollhouse_private.json_problem(b.metadata) is null
      end
      and coalesce(b.run_at <= p_now + interval '1 year' and isfinite(b.run_at), true)
    ) is true)
  into new_jobs.jobs, new_jobs.places, new_jobs.sound
  from (
    select
      -- Ids of one millisecond are random: sorted, they make the batch's first call the oldest.
      c.*, t.*, (array(
        select tollhouse_private.new_call_id(p_now) from generate_series(1, cardinality(p_calls)) order by 1
      ))[c.number] as call_id,
      octet_length(c.request::text) as bytes,
      coalesce(
        case when c.request -> 'max_completion_tokens' between '1' and '999999999' then (c.request -> 'max_completion_tokens')::integer end,
        case when c.request -> 'max_tokens' between '1' and '999999999' then (c.request -> 'max_tokens')::integer end
      ) as output_tokens
    from (
      select u.*, row_number() over (order by u.endpoint collate "C", u.request_id collate "C", u.place) as number
      from unnest(p_calls) with ordinality as u (
        endpoint, request, request_id, model, watermark, use_cache, max_cost_micro_usd, run_at, metadata, place
      )
    ) as c
    left join lateral (
      select
        tt.max_output_tokens, tt.max_request_bytes, tt.models, tt.cache_ttl,
        case tt.cache_scope when 'user' then p_user_id else '' end as scope,
        tollhouse_private.stricter_capture(tt.capture, (
          select ts.capture_policy from tollhouse_private.tenant_settings as ts where ts.tenant_id = p_tenant_id
        )) as kept
      from tollhouse_private.task_types as tt
      where tt.endpoint = c.endpoint
      limit 1
    ) as t on true
    offset 0
  ) as b;
end
$$;
ALTER FUNCTION tollhouse_private.new_jobs(p_tenant_id text, p_user_id text, p_calls tollhouse_private.asked_call[], p_now timestamp with time zone, OUT jobs tollhouse_private.jobs[], OUT places bigint[], OUT sound boolean) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.new_jobs(p_tenant_id text, p_user_id text, p_calls tollhouse_private.asked_call[], p_now timestamp with time zone, OUT jobs tollhouse_private.jobs[], OUT places bigint[], OUT sound boolean) IS 'The jobs that a user''s calls would be, in the order of endpoint and request id, in which their ids ascend, and the place of each in the array. sound: every endpoint takes its call; else check_call says what is wrong, and the jobs are good for nothing.';
CREATE FUNCTION tollhouse_private.next_in_line(p_line text, p_last_tenant_id text, p_limit integer) RETURNS TABLE(tenant_id text, user_id text, call_id uuid, tokens integer, turn bigint)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  -- Round the tenants once, beginning after the one that had the last turn: one index probe per tenant, and p_limit at most.
  with recursive onward (tenant_id, again) as (
    select (
      select j.tenant_id from tollhouse_private.jobs as j where j.line = p_line and j.tenant_id > p_last_tenant_id
      order by j.tenant_id limit 1
    ), false
    union all
    select case when next.tenant_id <= p_last_tenant_id or not round.again then next.tenant_id end, round.again
    from onward as o
    cross join lateral (select o.again or o.tenant_id is null as again) as round
    cross join lateral (
      select (
        select j.tenant_id from tollhouse_private.jobs as j
        where j.line = p_line and j.tenant_id > coalesce(o.tenant_id, '')
        order by j.tenant_id limit 1
      ) as tenant_id
    ) as next
    where o.tenant_id is not null or not o.again
  ),
  tenant as materialized (
    select t.tenant_id, row_number() over () as turn, count(*) over () as count
    from (select o.tenant_id from onward as o where o.tenant_id is not null limit p_limit) as t
  ),
  -- And the users of each, in the same way.
  asker as materialized (
    select
      t.tenant_id, t.turn as tenant_turn, u.user_id, row_number() over (partition by t.tenant_id) as user_turn,
      count(*) over (partition by t.tenant_id) as users, ceil(p_limit::numeric / t.count) as calls
    from tenant as t
    left join tollhouse_private.turns as tu on tu.tenant_id = t.tenant_id and tu.line = p_line
    cross join lateral (
      with recursive onward (user_id, again) as (
        select (
          select j.user_id from tollhouse_private.jobs as j
          where j.line = p_line and j.tenant_id = t.tenant_id and j.user_id > coalesce(tu.last_user_id, '')
          order by j.user_id limit 1
        ), false
        union all
        select case when next.user_id <= coalesce(tu.last_user_id, '') or not round.again then next.user_id end, round.again
        from onward as o
        cross join lateral (select o.again or o.user_id is null as again) as round
        cross join lateral (
          select (
            select j.user_id from tollhouse_private.jobs as j
            where j.line = p_line and j.tenant_id = t.tenant_id and j.user_id > coalesce(o.user_id, '')
            order by j.user_id limit 1
          ) as user_id
        ) as next
        where o.user_id is not null or not o.again
      )
      select o.user_id from onward as o where o.user_id is not null limit ceil(p_limit::numeric / t.count)
    ) as u
  )
  select n.tenant_id, n.user_id, n.call_id, n.tokens, row_number() over (order by n.tenant_round, n.tenant_turn)
  from (
    select
      a.tenant_id, a.tenant_turn, a.user_id, c.call_id, c.tokens,
      row_number() over (partition by a.tenant_id order by c.user_round, a.user_turn) as tenant_round
    from asker as a
    cross join lateral (
      select w.call_id, w.request_bytes / 4 + w.max_output_tokens as tokens, row_number() over (order by w.call_id) as user_round
      from (
        select j.call_id, j.request_bytes, j.max_output_tokens
        from tollhouse_private.jobs as j
        where j.line = p_line and j.tenant_id = a.tenant_id and j.user_id = a.user_id
        order by j.call_id
        limit ceil(a.calls / a.users)
      ) as w
    ) as c
  ) as n
  order by 5
  limit p_limit
$$;
ALTER FUNCTION tollhouse_private.next_in_line(p_line text, p_last_tenant_id text, p_limit integer) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.next_in_line(p_line text, p_last_tenant_id text, p_limit integer) IS 'The calls whose turn is next in the line of a rate limit: by turns over the tenants, and over the users of each, the oldest of each user first.';
CREATE FUNCTION tollhouse_private.note_turns(p_line text, p_tenants text[], p_users text[]) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  with moved as (
    select m.tenant_id, m.user_id from unnest(p_tenants, p_users) as m (tenant_id, user_id) where m.user_id is not null
  ),
  free as materialized (
    select tu.ctid as place, m.user_id
    from moved as m
    join tollhouse_private.turns as tu on tu.tenant_id = m.tenant_id and tu.line = p_line and tu.last_user_id <> m.user_id
    for update of tu skip locked
  ),
  noted as (
    update tollhouse_private.turns as tu set last_user_id = f.user_id from free as f where tu.ctid = f.place
  )
  insert into tollhouse_private.turns (tenant_id, line, last_user_id)
  select m.tenant_id, p_line, m.user_id
  from moved as m
  where (select true from tollhouse_private.turns as tu where tu.tenant_id = m.tenant_id and tu.line = p_line) is not true
  order by m.tenant_id
  on conflict do nothing
$$;
ALTER FUNCTION tollhouse_private.note_turns(p_line text, p_tenants text[], p_users text[]) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.note_turns(p_line text, p_tenants text[], p_users text[]) IS 'Records which user of each tenant had the last turn in a line.';
CREATE FUNCTION tollhouse_private.observe_providers(p_settlements tollhouse_private.settlement[], p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  insert into tollhouse_private.provider_windows as pw (provider, worker_id, tenant_id, window_start, calls, failures, failing_users)
  select
    (s.job).provider, (s.job).worker_id, (s.job).tenant_id, p_now, count(*), count(*) filter (where s.breaker = 'failure'),
    coalesce((array_agg(distinct (s.job).user_id) filter (where s.breaker = 'failure'))[1:2], '{}')
  from unnest(p_settlements) as s
  where s.breaker <> 'ignored'
  group by 1, 2, 3
  order by 1, 2, 3
  on conflict (provider, worker_id, tenant_id) do update
  set (window_start, calls, failures, failing_users) = (
    select
      case when fresh.yes then pw.window_start else p_now end,
      case when fresh.yes then pw.calls else 0 end + excluded.calls,
      case when fresh.yes then pw.failures else 0 end + excluded.failures,
      (
        select coalesce((array_agg(distinct u.user_id))[1:2], '{}')
        from unnest(case when fresh.yes then pw.failing_users end || excluded.failing_users) as u (user_id)
      )
    from tollhouse_private.providers as p
    cross join lateral (select pw.window_start > p_now - p.failure_window as yes) as fresh
    where p.provider = pw.provider
  );

  if exists (select from tollhouse_private.provider_breakers as pb where pb.state = 'half_open') then
    -- The failures that opened it may still be in the window, so a closing breaker starts counting afresh.
    delete from tollhouse_private.provider_windows as pw
    using (
      select pb.provider
      from tollhouse_private.provider_breakers as pb
      where pb.state = 'half_open'
        and pb.probe_call_id in (select (s.job).call_id from unnest(p_settlements) as s where s.breaker = 'success' and (s.job).provider = pb.provider)
      offset 0
    ) as closing
    where pw.provider = closing.provider;
    update tollhouse_private.provider_breakers as pb
    set
      state = case s.breaker when 'success' then 'closed' else 'open' end,
      opened_at = case when s.breaker <> 'success' then pb.opened_at end,
      reason = case when s.breaker <> 'success' then pb.reason end,
      open_until = case s.breaker when 'failure' then p_now + p.cooldown when 'ignored' then p_now end,
      probe_call_id = null
    from unnest(p_settlements) as s
    join tollhouse_private.providers as p on p.provider = (s.job).provider
    where pb.provider = (s.job).provider
      and pb.state = 'half_open'
      and pb.probe_call_id = (s.job).call_id;
  end if;

  if exists (select from unnest(p_settlements) as s where s.breaker = 'failure') then
    insert into tollhouse_private.provider_breakers as pb (provider, state, opened_at, open_until, reason)
    select p.provider, 'open', p_now, p_now + p.cooldown, failing.reason
    from (
      select distinct (s.job).provider from unnest(p_settlements) as s where s.breaker = 'failure'
      except select known.provider from tollhouse_private.provider_breakers as known where known.state <> 'closed'
    ) as f
    join tollhouse_private.providers as p on p.provider = f.provider
    cross join lateral (select tollhouse_private.fails_everybody(p, p_now) as reason offset 0) as failing
    where failing.reason is not null
    order by p.provider
    on conflict (provider) do update
    set state = 'open', opened_at = p_now, open_until = excluded.open_until, reason = excluded.reason, probe_call_id = null
    where pb.state = 'closed';
  end if;
end
$$;
ALTER FUNCTION tollhouse_private.observe_providers(p_settlements tollhouse_private.settlement[], p_now timestamp with time zone) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.observe_providers(p_settlements tollhouse_private.settlement[], p_now timestamp with time zone) IS 'Counts each provider''s outcomes in its window; opens the breaker of one that fails everybody. A probe''s success closes it, its failure opens it for another cool-down.';
CREATE FUNCTION tollhouse_private.observe_users(p_settlements tollhouse_private.settlement[], p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_locked tollhouse_private.breakers[];
begin
  insert into tollhouse_private.breakers (tenant_id, user_id, provider)
  select distinct (s.job).tenant_id, (s.job).user_id, (s.job).provider
  from unnest(p_settlements) as s
  where s.breaker = 'failure'
  order by 1, 2, 3
  on conflict do nothing;

  select array_agg(locked.breaker) into v_locked
  from (
    select (s.job).tenant_id, (s.job).user_id, (s.job).provider
    from unnest(p_settlements) as s
    group by 1, 2, 3
    order by 1, 2, 3
  ) as caller
  cross join lateral (
    select b as breaker
    from tollhouse_private.breakers as b
    where b.tenant_id = caller.tenant_id and b.user_id = caller.user_id and b.provider = caller.provider
    for update
  ) as locked;
  -- The healthy path ends here: a success only matters if a row has counted failures.
  if v_locked is null then
    return;
  end if;

  -- Only what is locked: a row that another batch has made meanwhile would be locked out of the order of keys.
  with seen as (
    select
      (s.job).tenant_id, (s.job).user_id, (s.job).provider, (s.job).call_id, s.breaker,
      count(*) filter (where s.breaker = 'success') over later as successes_from_here
    from unnest(p_settlements) as s
    where s.breaker <> 'ignored'
    window later as (
      partition by (s.job).tenant_id, (s.job).user_id, (s.job).provider
      order by (s.job).started_at desc, (s.job).call_id desc
    )
  ),
  tally as (
    select
      se.tenant_id, se.user_id, se.provider,
      bool_or(se.breaker = 'success') as any_success,
      count(*) filter (where se.breaker = 'failure' and se.successes_from_here = 0) as failures_at_end
    from seen as se
    group by se.tenant_id, se.user_id, se.provider
  )
  update tollhouse_private.breakers as b
  set
    consecutive_failures = case when t.any_success then 0 else b.consecutive_failures end + t.failures_at_end,
    state = case when opens.now then 'open' else b.state end,
    opened_at = case when opens.now then p_now else b.opened_at end,
    open_until = case when opens.now then p_now + p.cooldown else b.open_until end
  from tally as t
  join unnest(v_locked) as l on l.tenant_id = t.tenant_id and l.user_id = t.user_id and l.provider = t.provider
  join tollhouse_private.providers as p on p.provider = t.provider
  cross join lateral (
    select l.state = 'closed'
      and case when t.any_success then 0 else l.consecutive_failures end + t.failures_at_end >= p.failure_threshold as now
  ) as opens
  where b.tenant_id = t.tenant_id and b.user_id = t.user_id and b.provider = t.provider
    and (t.failures_at_end > 0 or b.consecutive_failures > 0)
    and b.state = 'closed';

  if not exists (select from unnest(v_locked) as l where l.state = 'half_open') then
    return;
  end if;
  update tollhouse_private.breakers as b
  set
    state = case s.breaker when 'success' then 'closed' else 'open' end,
    consecutive_failures = case s.breaker when 'success' then 0 when 'failure' then b.consecutive_failures + 1 else b.consecutive_failures end,
    opened_at = case when s.breaker <> 'success' then b.opened_at end,
    reason = case when s.breaker <> 'success' then b.reason end,
    -- A probe that says nothing about the provider frees its slot for the next call.
    open_until = case s.breaker when 'failure' then p_now + p.cooldown when 'ignored' then p_now end,
    probe_call_id = null
  from (
    select l.tenant_id, l.user_id, l.provider, u.breaker
    from unnest(v_locked) as l
    join unnest(p_settlements) as u on (u.job).call_id = l.probe_call_id and (u.job).tenant_id = l.tenant_id
      and (u.job).user_id = l.user_id and (u.job).provider = l.provider
    where l.state = 'half_open'
    offset 0
  ) as s
  join tollhouse_private.providers as p on p.provider = s.provider
  where b.tenant_id = s.tenant_id and b.user_id = s.user_id and b.provider = s.provider;
end
$$;
ALTER FUNCTION tollhouse_private.observe_users(p_settlements tollhouse_private.settlement[], p_now timestamp with time zone) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.observe_users(p_settlements tollhouse_private.settlement[], p_now timestamp with time zone) IS 'Counts consecutive failures per tenant, user and provider; opens the breaker at the provider''s threshold. A probe''s success closes it, its failure opens it for another cool-down.';
CREATE FUNCTION tollhouse_private.oldest_jobs(p_turns tollhouse_private.turn[], p_limit integer, p_bytes bigint) RETURNS tollhouse_private.work[]
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select coalesce(array_agg(mine.job order by mine.turn, mine.call_id), '{}')
    from (
      select share.*, sum(share.request_bytes) over (order by share.turn, share.call_id) - share.request_bytes as before
      from (
        select locked.*, sum(locked.request_bytes) over (partition by locked.turn order by locked.call_id) - locked.request_bytes as before_in_share
        from (
          select t.turn, t.bytes, j.job, j.call_id, j.request_bytes
          from unnest(p_turns) with ordinality as t (tenant_id, user_id, first, taken, calls, bytes, turn)
          cross join lateral (
            select tollhouse_private.work_of(q, q.ctid) as job, q.call_id, q.request_bytes
            from tollhouse_private.jobs as q
            where q.state = 'queued'
              and q.tenant_id = t.tenant_id
              and q.user_id = t.user_id
              and q.call_id >= t.first
              and (q.call_id > t.first or not t.taken)
            order by q.call_id
            limit t.calls
            for update skip locked
          ) as j
          -- Turn by turn, as they come: an order by would lock the whole share of each.
          limit p_limit
        ) as locked
      ) as share
      where share.before_in_share < share.bytes
    ) as mine
    where mine.before < p_bytes
  );
end
$$;
ALTER FUNCTION tollhouse_private.oldest_jobs(p_turns tollhouse_private.turn[], p_limit integer, p_bytes bigint) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.oldest_jobs(p_turns tollhouse_private.turn[], p_limit integer, p_bytes bigint) IS 'Locks the oldest queued jobs of each user whose turn it is: as many as the turn allows, p_limit in all, until their requests have p_bytes. They come without their requests.';
CREATE FUNCTION tollhouse_private.open_breakers(p_jobs tollhouse_private.work[], OUT of_users tollhouse_private.breakers[], OUT of_providers tollhouse_private.provider_breakers[]) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  select array_agg(l.b) into of_users
  from (
    select j.tenant_id, j.user_id from unnest(p_jobs) as j group by 1, 2 order by 1, 2
  ) as caller
  cross join lateral (
    select b from tollhouse_private.breakers as b
    where b.tenant_id = caller.tenant_id and b.user_id = caller.user_id and b.state <> 'closed'
    order by b.provider for update
  ) as l;
  select array_agg(l.pb) into of_providers from (
    select pb from tollhouse_private.provider_breakers as pb where pb.state <> 'closed' order by pb.provider for update
  ) as l;
end
$$;
ALTER FUNCTION tollhouse_private.open_breakers(p_jobs tollhouse_private.work[], OUT of_users tollhouse_private.breakers[], OUT of_providers tollhouse_private.provider_breakers[]) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.open_breakers(p_jobs tollhouse_private.work[], OUT of_users tollhouse_private.breakers[], OUT of_providers tollhouse_private.provider_breakers[]) IS 'Locks, and returns, the breakers that are not closed: of those who ask, and of all providers. So of all workers one sees a probe free. Null: none. One that opens later counts as closed.';
CREATE FUNCTION tollhouse_private.our_roles() RETURNS text[]
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select array[
    'public', 'tollhouse_owner', 'tollhouse_engine', 'tollhouse_client', 'tollhouse_worker', 'tollhouse_operator',
    'tollhouse_auditor', 'tollhouse_monitor'
  ]
$$;
ALTER FUNCTION tollhouse_private.our_roles() OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.our_roles() IS 'The roles whose privileges verify scripts check: our own and public.';
CREATE FUNCTION tollhouse_private.overrun_of(p_model text, p_now timestamp with time zone) RETURNS numeric
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select max(mo.factor)
  from tollhouse_private.model_overruns as mo
  where mo.model = p_model
    and mo.day between (p_now at time zone 'UTC')::date - 31 and (p_now at time zone 'UTC')::date
$$;
ALTER FUNCTION tollhouse_private.overrun_of(p_model text, p_now timestamp with time zone) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.overrun_of(p_model text, p_now timestamp with time zone) IS 'Multiple of their highest possible cost that a model''s calls were billed at within 31 days, confirmed by at least two calls of one day; null if none was.';
CREATE FUNCTION tollhouse_private.part_problem(p_value jsonb, p_kind text, p_place text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  c_keys constant jsonb := jsonb '{
    "request": {
      "prompt": "words", "messages": "messages", "max_tokens": "count", "max_completion_tokens": "count",
      "temperature": "0 to 2", "top_p": "0 to 1", "stop": "stop", "seed": "seed", "presence_penalty": "-2 to 2",
      "frequency_penalty": "-2 to 2", "logit_bias": "biases", "response_format": "format", "reasoning_effort": "word",
      "verbosity": "word", "tools": "tools", "tool_choice": "choice", "parallel_tool_calls": "boolean", "user": "label",
      "safety_identifier": "label", "prompt_cache_key": "label"
    },
    "system message": {"role": "role", "content": "content", "name": "label"},
    "developer message": {"role": "role", "content": "content", "name": "label"},
    "user message": {"role": "role", "content": "content", "name": "label"},
    "assistant message": {"role": "role", "content": "content", "name": "label", "refusal": "text", "tool_calls": "calls"},
    "tool message": {"role": "role", "content": "content", "tool_call_id": "label"},
    "part": {"type": "text only", "text": "text"},
    "call": {"id": "label", "type": "function only", "function": "called function"},
    "called function": {"name": "name", "arguments": "text"},
    "tool": {"type": "function only", "function": "function"},
    "function": {"name": "name", "description": "text", "parameters": "schema", "strict": "boolean"},
    "chosen tool": {"type": "function only", "function": "chosen function"},
    "chosen function": {"name": "name"},
    "format": {"type": "format type", "json_schema": "answer"},
    "answer": {"name": "name", "description": "text", "schema": "schema", "strict": "boolean"}
  }';
  c_required constant jsonb := jsonb '{
    "system message": ["content"], "developer message": ["content"], "user message": ["content"],
    "tool message": ["content", "tool_call_id"], "part": ["type", "text"], "call": ["id", "type", "function"],
    "called function": ["name", "arguments"], "tool": ["type", "function"], "function": ["name"],
    "chosen tool": ["type", "function"], "chosen function": ["name"], "format": ["type"], "answer": ["name"]
  }';
  c_lists constant jsonb := jsonb '{"messages": "message", "parts": "part", "calls": "call", "tools": "tool"}';
  c_allowed constant jsonb := jsonb '{
    "words": "a text with something in it", "text": "a text", "label": "a text of 1 to 256 characters",
    "word": "a word of 1 to 32 small letters", "name": "a name of 1 to 64 of A-Z a-z 0-9 _ -",
    "role": "one of system, developer, user, assistant, tool", "text only": "text", "function only": "function",
    "format type": "one of text, json_object, json_schema", "choice": "one of none, auto, required, and names no function",
    "content": "a text or an array of parts", "stop": "a text or an array of 1 to 4 texts", "boolean": "true or false",
    "count": "a whole number from 1 to 999999999", "seed": "a whole number of 64 bits", "0 to 1": "a number from 0 to 1",
    "0 to 2": "a number from 0 to 2", "-2 to 2": "a number from -2 to 2", "schema": "an object",
    "biases": "an object of token ids, each with a number from -100 to 100"
  }';
  v_type constant text := jsonb_typeof(p_value);
  v_kind constant text := case
    when p_kind = 'message' then (p_value ->> 'role') || ' message'
    when p_kind = 'content' and v_type = 'array' then 'parts'
    when p_kind = 'choice' and v_type = 'object' then 'chosen tool'
    else p_kind
  end;
  v_keys constant jsonb := c_keys -> v_kind;
  v_key text;
  v_part jsonb;
  v_problem text;
begin
  if v_keys is not null then
    if v_type <> 'object' then
      return p_place || ' is not an object';
    end if;
    for v_key, v_part in
      select e.key, e.value
      from jsonb_each(p_value) as e
      where e.value <> 'null' and tollhouse_private.value_fits(e.value, v_keys ->> e.key) is not true
    loop
      v_problem := case
        when v_keys ? v_key then tollhouse_private.part_problem(v_part, v_keys ->> v_key, concat_ws('.', p_place, v_key))
        else format('%s is not supported; allowed here: %s', concat_ws('.', p_place, quote_ident(left(v_key, 60))),
          array_to_string(array(select jsonb_object_keys(v_keys)), ', '))
      end;
      if v_problem is not null then
        return v_problem;
      end if;
    end loop;
    if c_required ? v_kind then
      select p_place || '.' || r.key || ' is missing' into v_problem
      from jsonb_array_elements_text(c_required -> v_kind) as r (key)
      where p_value ->> r.key is null
      limit 1;
    elsif v_kind = 'assistant message' and p_value ->> 'content' is null and p_value ->> 'tool_calls' is null then
      v_problem := p_place || '.content is missing';
    end if;
    if v_kind = 'format' and (p_value ->> 'type' = 'json_schema') <> (p_value ->> 'json_schema' is not null) then
      v_problem := p_place || '.json_schema goes with type json_schema, and with no other';
    end if;
    return v_problem;
  end if;

  if c_lists ? v_kind then
    if v_type <> 'array' or p_value = '[]' then
      return p_place || ' is not an array, or empty';
    end if;
    for v_key, v_part in
      select e.position - 1, e.value
      from jsonb_array_elements(p_value) with ordinality as e (value, position)
      where tollhouse_private.value_fits(e.value, c_lists ->> v_kind) is not true
    loop
      v_problem := tollhouse_private.part_problem(v_part, c_lists ->> v_kind, format('%s[%s]', p_place, v_key));
      if v_problem is not null then
        return v_problem;
      end if;
    end loop;
    return null;
  end if;

  return case
    when p_kind = 'message' and v_type <> 'object' then p_place || ' is not an object'
    when p_kind = 'message' then format('%s.role is not %s', p_place, c_allowed ->> 'role')
    when tollhouse_private.value_fits(p_value, v_kind) is not true then format('%s is not %s', p_place, c_allowed ->> v_kind)
  end;
end
$$;
ALTER FUNCTION tollhouse_private.part_problem(p_value jsonb, p_kind text, p_place text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.part_problem(p_value jsonb, p_kind text, p_place text) IS 'What is wrong with a part of a request, in words that begin with its place, or null.';
CREATE FUNCTION tollhouse_private.pick(p_last_tenant_id text, p_limit integer, OUT jobs tollhouse_private.work[], OUT last_tenant_id text) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  -- Of requests, in a batch: what a claim's reply, and the server that makes it, can hold with ease.
  c_bytes constant bigint := 4 * 1024 * 1024;
  v_tenants text[] := tollhouse_private.tenants_in_line(p_last_tenant_id, p_limit);
  v_count integer;
  v_moved text[];
  v_users text[];
  v_turns tollhouse_private.turn[];
  v_first tollhouse_private.turn[];
  v_places integer;
  v_bytes bigint;
begin
  jobs := '{}';
  last_tenant_id := p_last_tenant_id;
  v_count := cardinality(v_tenants);
  if v_count = 0 then
    return;
  end if;

  -- Equal shares, of tenants and of the users of each; who has one call more than others is the last to have had a turn.
  with share as materialized (
    select t.tenant_id, t.turn, t.calls, u.users, u.firsts, cardinality(u.users) as count, coalesce(tu.last_user_id, '') as last_user_id
    from (
      select t.tenant_id, t.turn, p_limit / v_count + (t.turn <= p_limit % v_count)::integer as calls
      from unnest(v_tenants) with ordinality as t (tenant_id, turn)
    ) as t
    left join tollhouse_private.turns as tu on tu.tenant_id = t.tenant_id and tu.line = ''
    cross join lateral (
      select array_agg(w.user_id) as users, array_agg(w.call_id) as firsts
      from tollhouse_private.users_in_line(t.tenant_id, coalesce(tu.last_user_id, ''), t.calls) as w
    ) as u
    where u.users is not null
  ),
  moved as materialized (
    select s.tenant_id, s.users[case when s.count = s.calls then s.count else s.calls % s.count end] as user_id
    from share as s
    where s.count > 1 or s.count = s.calls
  )
  select array_agg(row(
    s.tenant_id, u.user_id, u.first, false,
    s.calls / s.count + (u.turn <= s.calls % s.count)::integer, c_bytes / v_count / s.count
  )::tollhouse_private.turn order by s.turn, u.turn),
    (select array_agg(m.tenant_id) from moved as m), (select array_agg(m.user_id) from moved as m)
  into v_turns, v_moved, v_users
  from share as s
  cross join lateral unnest(s.users, s.firsts) with ordinality as u (user_id, first, turn);
  perform tollhouse_private.note_turns('', v_moved, v_users);
  jobs := tollhouse_private.oldest_jobs(v_turns, p_limit, c_bytes);

  v_places := p_limit - cardinality(jobs);
  select c_bytes - sum(p.request_bytes) into v_bytes from unnest(jobs) as p;
  last_tenant_id := case
    when v_bytes <= 0 then jobs[cardinality(jobs)].tenant_id
    when v_count = p_limit then v_tenants[v_count]
    else coalesce(v_tenants[p_limit % v_count], p_last_tenant_id)
  end;

  -- What the short queues left goes to the long ones.
  if v_places > 0 and v_bytes > 0 and cardinality(v_turns) > 1 then
    v_first := v_turns;
    select array_agg(row(long.tenant_id, long.user_id, long.last_call_id, true, ceil(v_places::numeric / long.count), v_bytes)::tollhouse_private.turn order by long.turn)
    into v_turns
    from (
      select t.turn, t.tenant_id, t.user_id, p.last_call_id, count(*) over () as count
      from unnest(v_first) with ordinality as t (tenant_id, user_id, first, taken, calls, bytes, turn)
      join (
        select p.tenant_id, p.user_id, max(p.call_id::text)::uuid as last_call_id, count(*) as calls, sum(p.request_bytes) as bytes
        from unnest(jobs) as p
        group by p.tenant_id, p.user_id
      ) as p on p.tenant_id = t.tenant_id and p.user_id = t.user_id
      where p.calls = t.calls or p.bytes >= t.bytes
    ) as long;
    jobs := jobs || tollhouse_private.oldest_jobs(v_turns, v_places, v_bytes);
  end if;
end
$$;
ALTER FUNCTION tollhouse_private.pick(p_last_tenant_id text, p_limit integer, OUT jobs tollhouse_private.work[], OUT last_tenant_id text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.pick(p_last_tenant_id text, p_limit integer, OUT jobs tollhouse_private.work[], OUT last_tenant_id text) IS 'Locks up to p_limit queued jobs, the oldest of each user, in equal shares of number and of bytes: of the tenants, beginning after the one served last, and of the users of each. They come without their requests. Returns where the next round begins, too.';
CREATE FUNCTION tollhouse_private.price_at(p_model text, p_now timestamp with time zone) RETURNS tollhouse_private.price
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  with current_price as (
    select distinct on (mp.kind) mp.kind, mp.micro_usd_per_million as amount
    from tollhouse_private.model_prices as mp
    where mp.model = p_model
      and mp.effective_from <= p_now
    order by mp.kind, mp.effective_from desc
  )
  select
    max(cp.amount) filter (where cp.kind = 'input'),
    coalesce(max(cp.amount) filter (where cp.kind = 'cached_input'), max(cp.amount) filter (where cp.kind = 'input')),
    max(cp.amount) filter (where cp.kind = 'output'),
    coalesce(max(cp.amount) filter (where cp.kind = 'reasoning'), max(cp.amount) filter (where cp.kind = 'output'))
  from current_price as cp
$$;
ALTER FUNCTION tollhouse_private.price_at(p_model text, p_now timestamp with time zone) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.price_at(p_model text, p_now timestamp with time zone) IS 'The prices in force, in micro-USD per million tokens; the model has no price if input or output is null.';
CREATE FUNCTION tollhouse_private.probe_again(p_jobs tollhouse_private.work[], p_stopped tollhouse_private.verdict[], p_now timestamp with time zone, p_admitted tollhouse_private.route[], OUT admitted tollhouse_private.route[], OUT verdicts tollhouse_private.verdict[]) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  c_rounds constant integer := 9;
  v_jobs tollhouse_private.work[] := p_jobs;
  v_stopped tollhouse_private.verdict[] := p_stopped;
  v_routing record;
  v_routes tollhouse_private.route[];
  v_refused tollhouse_private.verdict[];
begin
  admitted := p_admitted;
  verdicts := '{}';
  for v_round in 1..c_rounds loop
    verdicts := verdicts || array(select v from unnest(v_stopped) as v where v.reason <> 'breaker_open');
    v_jobs := array(
      select j from unnest(v_jobs) as j join unnest(v_stopped) as v on v.call_id = j.call_id where v.reason = 'breaker_open'
    );
    select r.routes, r.verdicts into v_routing from tollhouse_private.route_jobs(v_jobs, p_now, admitted) as r;
    v_stopped := v_routing.verdicts;
    v_refused := array(select v from tollhouse_private.guard_rate_limit(v_routing.routes, p_now, admitted) as v);
    v_routes := tollhouse_private.undecided(v_routing.routes, v_refused);
    v_refused := v_refused || array(select v from tollhouse_private.guard_budget(v_routes, p_now) as v);
    admitted := admitted || tollhouse_private.undecided(v_routes, v_refused);
    verdicts := verdicts || v_refused;
    if not tollhouse_private.probe_refused(v_routing.routes, v_refused) then
      verdicts := verdicts || v_stopped;
      return;
    end if;
  end loop;
  -- Where so many probes were turned away the rest stays queued, for the next claim: each round costs as much as a claim.
  verdicts := verdicts || array(select v from unnest(v_stopped) as v where v.reason <> 'breaker_open');
end
$$;
ALTER FUNCTION tollhouse_private.probe_again(p_jobs tollhouse_private.work[], p_stopped tollhouse_private.verdict[], p_now timestamp with time zone, p_admitted tollhouse_private.route[], OUT admitted tollhouse_private.route[], OUT verdicts tollhouse_private.verdict[]) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.probe_again(p_jobs tollhouse_private.work[], p_stopped tollhouse_private.verdict[], p_now timestamp with time zone, p_admitted tollhouse_private.route[], OUT admitted tollhouse_private.route[], OUT verdicts tollhouse_private.verdict[]) IS 'Puts calls that a breaker stopped through guards 6 to 8 again, as long as its probe is turned away, nine times at most. p_stopped: what guard 6 said of them; p_admitted: what is admitted already, and part of what is returned.';
CREATE FUNCTION tollhouse_private.probe_refused(p_routes tollhouse_private.route[], p_verdicts tollhouse_private.verdict[]) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return exists (
    select
    from unnest(p_routes) as r
    join unnest(p_verdicts) as v on v.call_id = (r.job).call_id
    where r.user_probe or r.provider_probe
  );
end
$$;
ALTER FUNCTION tollhouse_private.probe_refused(p_routes tollhouse_private.route[], p_verdicts tollhouse_private.verdict[]) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.probe_refused(p_routes tollhouse_private.route[], p_verdicts tollhouse_private.verdict[]) IS 'Whether a later guard has turned away a call that would have probed a breaker.';
CREATE FUNCTION tollhouse_private.promote_due(p_now timestamp with time zone, p_last_tenant_id text) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  c_oldest constant integer := 1000;
  c_tenants constant integer := 100;
  c_users constant integer := 10;
  v_promoted bigint;
  v_tenants text[];
  v_next text;
  v_users text[];
  v_last boolean[];
begin
  -- By place, here and below: a plan made for an empty queue would read a full one to find them.
  update tollhouse_private.jobs as j
  set state = 'queued'
  where j.ctid = any (array(
    select due.ctid
    from tollhouse_private.jobs as due
    where due.state = 'scheduled'
      and due.run_at <= p_now
    order by due.run_at
    limit c_oldest
    for update skip locked
  ));
  get diagnostics v_promoted = row_count;
  if v_promoted < c_oldest then
    return p_last_tenant_id;
  end if;

  -- They may all be one tenant's, or one user's: so that nobody waits behind a backlog, some of others by turns besides.
  with recursive onward (tenant_id) as (
    select (
      select j.tenant_id from tollhouse_private.jobs as j where j.state = 'scheduled' and j.tenant_id > p_last_tenant_id
      order by j.tenant_id limit 1
    )
    union all
    select (
      select j.tenant_id from tollhouse_private.jobs as j where j.state = 'scheduled' and j.tenant_id > o.tenant_id
      order by j.tenant_id limit 1
    )
    from onward as o
    where o.tenant_id is not null
  )
  select coalesce(array_agg(t.tenant_id), '{}') into v_tenants
  from (select o.tenant_id from onward as o where o.tenant_id is not null limit c_tenants) as t;
  v_next := case when cardinality(v_tenants) = c_tenants then v_tenants[c_tenants] else '' end;

  select array_agg(t.tenant_id), array_agg(u.user_id), array_agg(u.turn = cardinality(w.users)) into v_tenants, v_users, v_last
  from unnest(v_tenants) as t (tenant_id)
  left join tollhouse_private.turns as tu on tu.tenant_id = t.tenant_id and tu.line = 'due'
  cross join lateral tollhouse_private.users_scheduled(t.tenant_id, coalesce(tu.last_user_id, ''), c_users) as w (users)
  cross join lateral unnest(w.users) with ordinality as u (user_id, turn);
  update tollhouse_private.jobs as j
  set state = 'queued'
  where j.ctid = any (array(
    select due.place
    from unnest(v_tenants, v_users) as u (tenant_id, user_id)
    cross join lateral (
      select d.ctid as place
      from tollhouse_private.jobs as d
      where d.state = 'scheduled'
        and d.tenant_id = u.tenant_id
        and d.user_id = u.user_id
        and d.run_at <= p_now
      order by d.run_at
      limit 1
      for update skip locked
    ) as due
  ));
  perform tollhouse_private.note_turns('due', array_agg(u.tenant_id), array_agg(u.user_id))
  from unnest(v_tenants, v_users, v_last) as u (tenant_id, user_id, last)
  where u.last;
  return v_next;
end
$$;
ALTER FUNCTION tollhouse_private.promote_due(p_now timestamp with time zone, p_last_tenant_id text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.promote_due(p_now timestamp with time zone, p_last_tenant_id text) IS 'Queues the scheduled jobs whose time has come: the thousand that are due longest, and where there are more, by turns, one of each of ten users of each of a hundred tenants, beginning after the given tenant. Returns after which tenant the next one begins.';
CREATE FUNCTION tollhouse_private.prospects(p_job tollhouse_private.work, p_now timestamp with time zone) RETURNS TABLE(model text, provider text, preference bigint, obstacle text, open_until timestamp with time zone, highest bigint)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select
    cm.model, cm.provider,
    (cm.preference - (p_job.attempts - p_job.unsent) % cm.candidates + cm.candidates) % cm.candidates,
    case
      when tollhouse_private.killed(null, null, null, cm.provider, cm.model) then 'provider_kill_switch'
      when cost.highest is null then 'price_unknown'
      when p_job.spent_micro_usd + cost.highest > p_job.max_cost_micro_usd then 'max_cost_exceeded'
      when 'stop' in (gate.provider, gate.caller) then 'breaker_open'
    end,
    greatest(case gate.provider when 'stop' then pb.open_until end, case gate.caller when 'stop' then b.open_until end),
    cost.highest
  from tollhouse_private.candidate_models(p_job.endpoint, p_job.requested_model) as cm
  cross join lateral tollhouse_private.price_at(cm.model, p_now) as p
  left join tollhouse_private.provider_breakers as pb on pb.provider = cm.provider
  left join tollhouse_private.breakers as b
    on b.tenant_id = p_job.tenant_id and b.user_id = p_job.user_id and b.provider = cm.provider
  cross join lateral (
    select
      tollhouse_private.guard_breaker(pb.state, pb.open_until, p_now) as provider,
      tollhouse_private.guard_breaker(b.state, b.open_until, p_now) as caller
  ) as gate
  cross join lateral (
    select tollhouse_private.with_overrun(
      tollhouse_private.highest_cost(p.input, p.cached_input, p.output, p.reasoning, p_job.request_bytes, p_job.max_output_tokens),
      tollhouse_private.overrun_of(cm.model, p_now)
    ) as highest
  ) as cost
$$;
ALTER FUNCTION tollhouse_private.prospects(p_job tollhouse_private.work, p_now timestamp with time zone) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.prospects(p_job tollhouse_private.work, p_now timestamp with time zone) IS 'The models a call may use, 0 being tried first; what blocks each, and until when if it is a breaker.';
CREATE FUNCTION tollhouse_private.question_of(p_request jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select case when p_request is not null then coalesce(
    p_request ->> 'prompt',
    (
      select case jsonb_typeof(m.message -> 'content')
        when 'string' then m.message ->> 'content'
        else (
          select string_agg(part ->> 'text', e'\n')
          from jsonb_array_elements(m.message -> 'content') as part
        )
      end
      from jsonb_array_elements(p_request -> 'messages') with ordinality as m (message, position)
      where m.message ->> 'role' = 'user'
      order by m.position desc
      limit 1
    ),
    ''
  ) end
$$;
ALTER FUNCTION tollhouse_private.question_of(p_request jsonb) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.question_of(p_request jsonb) IS 'The prompt, or the text of the user''s last message.';
CREATE FUNCTION tollhouse_private.rate_limit_waits(p_scope text, p_routes tollhouse_private.route[], p_admitted uuid[], p_now timestamp with time zone) RETURNS TABLE(tenant_id text, user_id text, call_id uuid, target text, line text, place bigint, refill numeric, slot numeric)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return query
  with here as materialized (
    select l.*, l.call_id = any (p_admitted) as admitted, false as away
    from tollhouse_private.rate_limits_of(p_routes, p_now) as l
    where l.scope = p_scope
  ),
  bucket as materialized (
    select h.line, h.target, h.last_tenant_id, h.max_in_flight, count(*)::integer as calls from here as h group by 1, 2, 3, 4
  ),
  running as materialized (
    select b.line, count(j.call_id) as in_flight
    from bucket as b
    left join tollhouse_private.jobs as j
      on j.state = 'running'
      and b.target = case p_scope when 'tenant' then j.tenant_id when 'provider' then j.provider else j.model end
    where b.max_in_flight is not null
    group by b.line
  ),
  -- Of those that are not looked at now, the one whose turn is next keeps its place.
  ahead as materialized (
    select distinct on (b.line) b.line, n.tenant_id, n.user_id, n.call_id, n.tokens
    from bucket as b
    cross join lateral tollhouse_private.next_in_line(b.line, b.last_tenant_id, least(b.calls + 1, 50)) as n
    where n.call_id not in (select h.call_id from here as h)
    order by b.line, n.turn
  ),
  standing as (
    select h.* from here as h
    union all
    select
      a.tenant_id, a.user_id, a.call_id, any_one.scope, any_one.target, any_one.line, any_one.last_tenant_id, a.tokens,
      any_one.requests_per_minute, any_one.tokens_per_minute, any_one.max_in_flight, any_one.requests_now, any_one.tokens_now,
      false, true
    from ahead as a
    cross join lateral (select h.* from here as h where h.line = a.line limit 1) as any_one
  ),
  by_user as (
    select
      s.*, coalesce(s.user_id <= t.last_user_id, false) as had_a_turn,
      row_number() over (partition by s.line, s.tenant_id, s.user_id order by s.admitted desc, s.call_id) as user_round
    from standing as s
    left join tollhouse_private.turns as t on t.tenant_id = s.tenant_id and t.line = s.line
  ),
  by_tenant as (
    select
      u.*,
      row_number() over (
        partition by u.line, u.tenant_id order by u.admitted desc, u.user_round, u.had_a_turn, u.user_id collate "C"
      ) as tenant_round
    from by_user as u
  ),
  demand as (
    select
      b.*, row_number() over the_line as place, sum(least(b.tokens, b.tokens_per_minute)) over the_line as tokens_in_line
    from by_tenant as b
    window the_line as (
      partition by b.line order by b.admitted desc, b.tenant_round, b.tenant_id collate "C" <= b.last_tenant_id, b.tenant_id collate "C"
    )
  )
  select
    d.tenant_id, d.user_id, d.call_id, d.target, d.line, d.place,
    greatest(
      (d.place - d.requests_now) * 60 / d.requests_per_minute,
      (d.tokens_in_line - d.tokens_now) * 60 / d.tokens_per_minute
    ) as refill,
    case when d.place > d.max_in_flight - r.in_flight
      then 0.2 * ceil((d.place - d.max_in_flight + r.in_flight)::numeric / d.max_in_flight)
    end as slot
  from demand as d
  left join running as r on r.line = d.line
  where not d.away;
end
$$;
ALTER FUNCTION tollhouse_private.rate_limit_waits(p_scope text, p_routes tollhouse_private.route[], p_admitted uuid[], p_now timestamp with time zone) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.rate_limit_waits(p_scope text, p_routes tollhouse_private.route[], p_admitted uuid[], p_now timestamp with time zone) IS 'For each call that falls under a limit of this scope: its place in the line, and the seconds until its turn has refilled in the bucket, and until one of the calls in flight may have ended; zero, negative or null: no wait. The line goes by turns over the tenants, and over the users of each; before all stand those that this claim has admitted already.';
CREATE FUNCTION tollhouse_private.rate_limits_of(p_routes tollhouse_private.route[], p_now timestamp with time zone) RETURNS TABLE(tenant_id text, user_id text, call_id uuid, scope text, target text, line text, last_tenant_id text, tokens integer, requests_per_minute integer, tokens_per_minute integer, max_in_flight integer, requests_now numeric, tokens_now numeric)
    LANGUAGE sql STABLE
    AS $$
  with asked as materialized (
    select
      (r.job).tenant_id, (r.job).user_id, (r.job).call_id, (r.job).request_bytes / 4 + (r.job).max_output_tokens as tokens,
      r.provider, r.model
    from pg_catalog.unnest(p_routes) as r
  ),
  -- Once for all calls: every claim writes these rows, and an old snapshot keeps what they were.
  known as materialized (
    select rl.*, extract(epoch from greatest(p_now - rl.refilled_at, '0')) / 60 as minutes
    from (
      select distinct k.scope, k.target
      from asked as a
      cross join lateral (values ('tenant', a.tenant_id), ('provider', a.provider), ('model', a.model)) as k (scope, target)
    ) as key
    -- One probe of the key each, even without statistics.
    cross join lateral (
      select k.* from tollhouse_private.rate_limits as k where k.scope = key.scope collate "C" and k.target = key.target offset 0
    ) as rl
  )
  select
    a.tenant_id, a.user_id, a.call_id, rl.scope, rl.target, rl.line, rl.last_tenant_id, a.tokens,
    rl.requests_per_minute, rl.tokens_per_minute, rl.max_in_flight,
    least(rl.requests_per_minute, rl.requests_available + rl.requests_per_minute * rl.minutes),
    least(rl.tokens_per_minute, rl.tokens_available + rl.tokens_per_minute * rl.minutes)
  from asked as a
  cross join lateral (values ('tenant', a.tenant_id), ('provider', a.provider), ('model', a.model)) as k (scope, target)
  join known as rl on rl.scope = k.scope and rl.target = k.target
$$;
ALTER FUNCTION tollhouse_private.rate_limits_of(p_routes tollhouse_private.route[], p_now timestamp with time zone) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.rate_limits_of(p_routes tollhouse_private.route[], p_now timestamp with time zone) IS 'The limits that each call falls under, with what their buckets hold now.';
CREATE FUNCTION tollhouse_private.reads_all_users() RETURNS boolean
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT (tollhouse_private.identity()).reads_all_users AS reads_all_users;
END;
ALTER FUNCTION tollhouse_private.reads_all_users() OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.reads_all_users() IS 'Whether the session''s login administers its tenant.';
CREATE FUNCTION tollhouse_private.refuse_call(p_call tollhouse_private.asked_call, p_place bigint, p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_task tollhouse_private.task_types;
  v_message text collate "C";
  v_detail text collate "C";
  v_hint text collate "C";
begin
  select tt.* into v_task from tollhouse_private.task_types as tt where tt.endpoint = p_call.endpoint;
  if not found then
    raise exception using errcode = 'TH101', message = 'unknown endpoint',
      detail = format('endpoint %s', coalesce(quote_literal(left(p_call.endpoint, 128)), 'null')),
      hint = (select 'Known: ' || string_agg(tt.endpoint, ', ' order by tt.endpoint) || '.' from tollhouse_private.task_types as tt);
  end if;
  perform tollhouse_private.check_call(
    v_task, p_call.request, p_call.request_id, p_call.model, p_call.watermark, p_call.max_cost_micro_usd, p_call.run_at, p_call.metadata, p_now);
exception
  when others then
    if p_place is null or sqlstate not like 'TH%' then
      raise;
    end if;
    get stacked diagnostics v_message = message_text, v_detail = pg_exception_detail, v_hint = pg_exception_hint;
    raise exception using errcode = sqlstate, message = v_message,
      detail = format('call %s of the array: %s', p_place, v_detail), hint = v_hint;
end
$$;
ALTER FUNCTION tollhouse_private.refuse_call(p_call tollhouse_private.asked_call, p_place bigint, p_now timestamp with time zone) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.refuse_call(p_call tollhouse_private.asked_call, p_place bigint, p_now timestamp with time zone) IS 'Raises what is wrong with a call, in words that name its place in an array, if it has one: TH101 to TH106, TH108, TH109, TH111. Returns where nothing is.';
CREATE FUNCTION tollhouse_private.refusing_guard(p_reason text) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select r.guard from tollhouse_private.refusal_reasons as r where r.reason = p_reason collate "C"
$$;
ALTER FUNCTION tollhouse_private.refusing_guard(p_reason text) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.refusing_guard(p_reason text) IS 'The guard that sets a blocked_reason.';
CREATE FUNCTION tollhouse_private.release_flights(p_settlements tollhouse_private.settlement[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_calls uuid[];
  v_tenants text[] collate "C";
  v_keys bytea[];
  v_places tid[];
begin
  select array_agg(k.call_id), array_agg(k.tenant_id), array_agg(k.cache_key), array_agg(locked.place)
  into v_calls, v_tenants, v_keys, v_places
  from (
    select (s.job).call_id, (s.job).tenant_id, (s.job).cache_key
    from unnest(p_settlements) as s
    where (s.job).cache_key is not null
      and s.was_cached is not true
    order by 2, 3
  ) as k
  cross join lateral (
    select rc.ctid as place
    from tollhouse_private.response_cache as rc
    where rc.tenant_id = k.tenant_id and rc.cache_key = k.cache_key and rc.call_id = k.call_id and rc.expires_at is null
    for update
  ) as locked;
  if v_places is not null then
    perform tollhouse_private.land(v_calls, v_tenants, v_keys, v_places);
  end if;
end
$$;
ALTER FUNCTION tollhouse_private.release_flights(p_settlements tollhouse_private.settlement[]) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.release_flights(p_settlements tollhouse_private.settlement[]) IS 'Removes the entries that calls now turned away were to fill, and puts the calls waiting for them back into the queue.';
CREATE FUNCTION tollhouse_private.request_problem(p_request jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if p_request is null or jsonb_typeof(p_request) <> 'object' then
    return 'it is not a JSON object';
  end if;
  if tollhouse_private.json_problem(p_request) is not null then
    return tollhouse_private.json_problem(p_request);
  end if;
  if (p_request ->> 'prompt' is null) = (p_request ->> 'messages' is null) then
    return case when p_request ->> 'prompt' is null then 'it has neither a prompt nor messages' else 'it has both a prompt and messages' end;
  end if;
  return tollhouse_private.part_problem(p_request, 'request', null);
end
$$;
ALTER FUNCTION tollhouse_private.request_problem(p_request jsonb) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.request_problem(p_request jsonb) IS 'What is wrong with a request, in words, or null. A request is {"prompt": text} or {"messages": […]} with parameters of the OpenAI chat-completions API; a null is as good as an absent key.';
CREATE FUNCTION tollhouse_private.requeue(p_settlements tollhouse_private.settlement[], p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  update tollhouse_private.jobs as j
  set
    state = case when s.retry_at <= p_now then 'queued' else 'scheduled' end,
    run_at = s.retry_at,
    waits_for = 'backoff',
    unsent = j.unsent + ((s.result).outcome = 'not_sent')::integer,
    worker_id = null,
    started_at = null,
    reserved_micro_usd = 0,
    budget_month = null,
    spent_micro_usd = j.spent_micro_usd + s.cost_micro_usd,
    cost_basis = case
      when 'reservation' in (j.cost_basis, s.cost_basis) then 'reservation'
      when 'usage' in (j.cost_basis, s.cost_basis) then 'usage'
      else 'none'
    end,
    provider_attempted = j.provider_attempted or s.sent,
    error_code = coalesce(left((s.result).error_code, 100), (s.result).outcome),
    error_message = left((s.result).error_message, 500)
  from unnest(p_settlements) as s
  where s.status is null
    and j.ctid = (s.job).place;
end
$$;
ALTER FUNCTION tollhouse_private.requeue(p_settlements tollhouse_private.settlement[], p_now timestamp with time zone) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.requeue(p_settlements tollhouse_private.settlement[], p_now timestamp with time zone) IS 'Puts the calls that get another attempt back into the queue.';
CREATE FUNCTION tollhouse_private.route_jobs(p_jobs tollhouse_private.work[], p_now timestamp with time zone, p_admitted tollhouse_private.route[], OUT routes tollhouse_private.route[], OUT verdicts tollhouse_private.verdict[]) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_breakers tollhouse_private.breakers[];
  v_provider_breakers tollhouse_private.provider_breakers[];
  v_late tollhouse_private.work[];
  v_again record;
begin
  select o.of_users, o.of_providers into v_breakers, v_provider_breakers from tollhouse_private.open_breakers(p_jobs) as o;
  select c.routes, c.verdicts into route_jobs.routes, route_jobs.verdicts
  from tollhouse_private.choose_models(p_jobs, p_now, v_breakers, v_provider_breakers, true) as c;
  if not exists (select from unnest(route_jobs.routes) as r where r.user_probe or r.provider_probe) then
    return;
  end if;

  -- Of the calls that would probe the same breaker one may; the others go where nothing need be probed.
  v_late := tollhouse_private.needless_probes(route_jobs.routes, p_admitted);
  if cardinality(v_late) = 0 then
    return;
  end if;
  select c.routes, c.verdicts into v_again
  from tollhouse_private.choose_models(v_late, p_now, v_breakers, v_provider_breakers, false) as c;
  routes := array(
    select r from unnest(route_jobs.routes) as r where (r.job).call_id not in (select l.call_id from unnest(v_late) as l)
  ) || v_again.routes;
  verdicts := route_jobs.verdicts || v_again.verdicts;
end
$$;
ALTER FUNCTION tollhouse_private.route_jobs(p_jobs tollhouse_private.work[], p_now timestamp with time zone, p_admitted tollhouse_private.route[], OUT routes tollhouse_private.route[], OUT verdicts tollhouse_private.verdict[]) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.route_jobs(p_jobs tollhouse_private.work[], p_now timestamp with time zone, p_admitted tollhouse_private.route[], OUT routes tollhouse_private.route[], OUT verdicts tollhouse_private.verdict[]) IS 'Gives each call its first usable candidate model, beginning one further for each attempt made, or says what stands in the way of the first. p_admitted: calls of this claim that are admitted already; a breaker that one of them probes lets no further call pass.';
CREATE FUNCTION tollhouse_private.settle(p_ended tollhouse_private.settlement[], p_now timestamp with time zone, p_late_dues tollhouse_private.due[] DEFAULT '{}'::tollhouse_private.due[], p_late_overruns tollhouse_private.overrun[] DEFAULT '{}'::tollhouse_private.overrun[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_settlements tollhouse_private.settlement[];
  v_light tollhouse_private.settlement[];
  v_ended tollhouse_private.settlement[];
  v_light_ended tollhouse_private.settlement[];
  v_dues tollhouse_private.due[];
begin
  v_settlements := tollhouse_private.assess(p_ended, p_now);
  if cardinality(v_settlements) is distinct from cardinality(p_ended) then
    raise exception using
      errcode = 'TH202',
      message = 'a result could not be assessed',
      detail = format('%s of %s', cardinality(v_settlements), cardinality(p_ended)),
      hint = 'Each result needs an outcome listed in attempt_outcomes.';
  end if;

  if cardinality(p_ended) > 0 then
    -- An answer may be megabytes, which each function would copy: most get the settlements without.
    v_light := case when pg_column_size(v_settlements) > 500000 then tollhouse_private.without_answers(v_settlements) else v_settlements end;
    perform tollhouse_private.append_attempts(v_light, p_now);
    perform tollhouse_private.store_answers(v_settlements, p_now);
    if exists (select from unnest(v_light) as s where s.status is null) then
      v_ended := array(select s from unnest(v_settlements) as s where s.status is not null);
      v_light_ended := array(select s from unnest(v_light) as s where s.status is not null);
    else
      v_ended := v_settlements;
      v_light_ended := v_light;
    end if;
    perform tollhouse_private.close_calls(v_ended, p_now);
    perform tollhouse_private.announce(v_light_ended);
    if cardinality(v_ended) < cardinality(v_settlements) then
      perform tollhouse_private.requeue(v_light, p_now);
    end if;
    perform tollhouse_private.observe_users(v_light, p_now);
    perform tollhouse_private.observe_providers(v_light, p_now);
  end if;

  v_dues := tollhouse_private.dues(v_light, p_now) || p_late_dues;
  perform tollhouse_private.settle_budget(v_dues, p_now);
  perform tollhouse_private.book_hour(v_dues, p_now);
  perform tollhouse_private.learn_overrun(o.model, o.call_id, o.factor, p_now)
  from (
    select o.model, o.call_id, o.factor
    from unnest(p_late_overruns) as o
    union all
    select (s.job).model, (s.job).call_id, s.cost_micro_usd::numeric / bound.highest
    from unnest(v_light) as s
    cross join lateral (
      select nullif(tollhouse_private.highest_cost(
        ((s.job).price).input, ((s.job).price).cached_input, ((s.job).price).output, ((s.job).price).reasoning,
        (s.job).request_bytes, (s.job).max_output_tokens
      ), 0) as highest
    ) as bound
    where s.cost_basis = 'usage' and s.cost_micro_usd > (s.job).reserved_micro_usd
    order by 1, 3 desc nulls last
  ) as o;
end
$$;
ALTER FUNCTION tollhouse_private.settle(p_ended tollhouse_private.settlement[], p_now timestamp with time zone, p_late_dues tollhouse_private.due[], p_late_overruns tollhouse_private.overrun[]) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.settle(p_ended tollhouse_private.settlement[], p_now timestamp with time zone, p_late_dues tollhouse_private.due[], p_late_overruns tollhouse_private.overrun[]) IS 'Books ended attempts, each with the job that the caller has locked and its result: everything that follows from them, in one transaction. With them, what late results correct.';
CREATE FUNCTION tollhouse_private.settle_budget(p_dues tollhouse_private.due[], p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_places tid[];
  v_reserved bigint[];
  v_spent bigint[];
  v_line record;
begin
  -- A probe of the key for each, whatever the planner thinks of the table.
  select array_agg(locked.place), array_agg(due.reserved), array_agg(due.spent)
  into v_places, v_reserved, v_spent
  from (
    select d.tenant_id, d.user_id, d.month, sum(d.reserved_micro_usd)::bigint as reserved, sum(d.cost_micro_usd)::bigint as spent
    from unnest(p_dues) as d
    group by d.tenant_id, d.user_id, d.month
    order by d.tenant_id, d.user_id, d.month
    offset 0
  ) as due
  cross join lateral (
    select mb.ctid as place
    from tollhouse_private.monthly_budgets as mb
    where mb.tenant_id = due.tenant_id and mb.user_id = due.user_id and mb.month = due.month
    for update
  ) as locked;

  for v_line in
    with booked as (
      update tollhouse_private.monthly_budgets as mb
      set
        reserved_micro_usd = mb.reserved_micro_usd - due.reserved,
        spent_micro_usd = mb.spent_micro_usd + due.spent
      from unnest(v_places, v_reserved, v_spent) as due (place, reserved, spent)
      where mb.ctid = due.place
      returning mb.tenant_id, mb.user_id, mb.line_at
    )
    select b.tenant_id, coalesce(array_agg(b.user_id) filter (where b.user_id <> ''), '{}') as users
    from booked as b
    where b.line_at is not null
    group by b.tenant_id
    order by b.tenant_id
  loop
    perform tollhouse_private.call_up_budget(v_line.tenant_id, v_line.users, p_now);
  end loop;
end
$$;
ALTER FUNCTION tollhouse_private.settle_budget(p_dues tollhouse_private.due[], p_now timestamp with time zone) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.settle_budget(p_dues tollhouse_private.due[], p_now timestamp with time zone) IS 'Releases the reservations of ended attempts, books their cost in the month that reserved it, and calls up calls waiting for that room.';
CREATE FUNCTION tollhouse_private.sound_request(p_request jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $_$
  select case when pg_catalog.jsonb_typeof(p_request) = 'object' then
    p_request - array['prompt', 'messages', 'max_tokens', 'max_completion_tokens', 'temperature', 'top_p'] = '{}'
    and case
      when p_request -> 'messages' is null then pg_catalog.jsonb_typeof(p_request -> 'prompt') = 'string' and tollhouse_private.has_visible(p_request ->> 'prompt')
      when p_request -> 'prompt' is null and pg_catalog.jsonb_typeof(p_request -> 'messages') = 'array' then
        p_request -> 'messages' <> '[]'
        and pg_catalog.jsonb_array_length(p_request -> 'messages') = pg_catalog.jsonb_array_length(pg_catalog.jsonb_path_query_array(
          p_request,
          'strict $.messages[*] ? (
            (@.role == "user" || @.role == "assistant" || @.role == "system" || @.role == "developer")
            && @.content.type() == "string" && !exists(@.keyvalue() ? (@.key != "role" && @.key != "content"))
          )',
          '{}', true
        ))
    end
    and case when p_request ? 'max_tokens' then tollhouse_private.value_fits(p_request -> 'max_tokens', 'count') else true end
    and case when p_request ? 'max_completion_tokens' then tollhouse_private.value_fits(p_request -> 'max_completion_tokens', 'count') else true end
    and case when p_request ? 'temperature' then tollhouse_private.value_fits(p_request -> 'temperature', '0 to 2') else true end
    and case when p_request ? 'top_p' then tollhouse_private.value_fits(p_request -> 'top_p', '0 to 1') else true end
  end
$_$;
ALTER FUNCTION tollhouse_private.sound_request(p_request jsonb) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.sound_request(p_request jsonb) IS 'True only of what request_problem finds nothing wrong with; false or null: ask it.';
CREATE FUNCTION tollhouse_private.stands_in_line(p_tenant_id text, p_user_id text, p_besides uuid[]) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if p_user_id is null then
    return exists (
      select
      from tollhouse_private.jobs as j
      where j.waits_for = 'budget' and j.state in ('scheduled', 'queued')
        and j.tenant_id = p_tenant_id
        and j.call_id <> all (p_besides)
    );
  end if;
  return exists (
    select
    from tollhouse_private.jobs as j
    where j.waits_for = 'budget' and j.state in ('scheduled', 'queued')
      and j.tenant_id = p_tenant_id
      and j.user_id = p_user_id
      and j.call_id <> all (p_besides)
  );
end
$$;
ALTER FUNCTION tollhouse_private.stands_in_line(p_tenant_id text, p_user_id text, p_besides uuid[]) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.stands_in_line(p_tenant_id text, p_user_id text, p_besides uuid[]) IS 'Whether calls of a tenant (p_user_id null) or one of its users, other than those given, are waiting for a budget, or have been called up but not claimed yet.';
CREATE FUNCTION tollhouse_private.store_answers(p_settlements tollhouse_private.settlement[], p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_numbers bigint[];
  v_calls uuid[];
  v_tenants text[] collate "C";
  v_keys bytea[];
  v_places tid[];
begin
  -- All of them, whatever their outcome, in one pass in key order.
  select array_agg(k.number), array_agg(k.call_id), array_agg(k.tenant_id), array_agg(k.cache_key), array_agg(locked.place)
  into v_numbers, v_calls, v_tenants, v_keys, v_places
  from (
    select s.ordinality as number, (s.job).call_id, (s.job).tenant_id, (s.job).cache_key
    from unnest(p_settlements) with ordinality as s
    where s.status is not null
      and (s.job).cache_key is not null
    order by 3, 4
  ) as k
  cross join lateral (
    select rc.ctid as place
    from tollhouse_private.response_cache as rc
    where rc.tenant_id = k.tenant_id
      and rc.cache_key = k.cache_key
      -- A call that was sent and then lost its lead to another may bring a newer answer.
      and (rc.call_id = k.call_id or rc.expires_at is not null)
    for update
  ) as locked;
  if v_places is null then
    return;
  end if;

  update tollhouse_private.response_cache as rc
  set
    call_id = kept.call_id,
    provider = kept.provider,
    model = kept.model,
    cost_micro_usd = kept.cost_micro_usd,
    expires_at = kept.expires_at,
    response = kept.response,
    -- A copy is removed once it expires; a mere reference to an answer can wait.
    upkeep_at = case when kept.response is null then rc.upkeep_at else kept.expires_at + interval '10 minutes' end
  from (
    select
      s.place, (s.ended).job.call_id, (s.ended).job.provider, (s.ended).job.model, (s.ended).cost_micro_usd,
      p_now + (s.ended).cache_ttl as expires_at,
      case when (s.ended).capture <> 'full' then (s.ended).result.response end as response
    from (
      select at.place, p_settlements[at.number] as ended from unnest(v_numbers, v_places) as at (number, place) offset 0
    ) as s
    where (s.ended).status = 'success'
      and (s.ended).cache_ttl > '0'
      and (s.ended).capture <> 'none'
    offset 0
  ) as kept
  where rc.ctid = kept.place;

  perform tollhouse_private.land(v_calls, v_tenants, v_keys, v_places);
end
$$;
ALTER FUNCTION tollhouse_private.store_answers(p_settlements tollhouse_private.settlement[], p_now timestamp with time zone) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.store_answers(p_settlements tollhouse_private.settlement[], p_now timestamp with time zone) IS 'Fills the entries of successes for their endpoint''s cache_ttl, unless nothing of them may be kept; removes the entries of other ended calls; and puts the calls waiting for them back into the queue.';
CREATE FUNCTION tollhouse_private.stretch(p_table regclass) RETURNS tid[]
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  c_blocks constant bigint := 20;
  v_blocks bigint := pg_relation_size(p_table) / current_setting('block_size')::bigint;
  v_first bigint;
begin
  if v_blocks <= c_blocks then
    v_first := 0;
  else
    -- It may start before the first block, so that all blocks are equally likely.
    v_first := greatest(0, floor(random() * (v_blocks + c_blocks - 1)) - c_blocks + 1);
  end if;
  return array[format('(%s,0)', v_first), format('(%s,0)', v_first + c_blocks)]::tid[];
end
$$;
ALTER FUNCTION tollhouse_private.stretch(p_table regclass) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.stretch(p_table regclass) IS 'Start and end of a random stretch of twenty blocks, for jobs that scan a table bit by bit. Covers a small table entirely.';
CREATE FUNCTION tollhouse_private.stricter_capture(p_task_capture text, p_tenant_capture text) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
  select case
    when p_task_capture is null or 'none' in (p_task_capture, p_tenant_capture) then 'none'
    when 'metadata' in (p_task_capture, p_tenant_capture) then 'metadata'
    else 'full'
  end
$$;
ALTER FUNCTION tollhouse_private.stricter_capture(p_task_capture text, p_tenant_capture text) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.stricter_capture(p_task_capture text, p_tenant_capture text) IS 'What may be kept of a call: the stricter of its endpoint''s policy (null: the endpoint is gone, keep nothing) and its tenant''s (null: full).';
CREATE FUNCTION tollhouse_private.switch_in_words(p_job tollhouse_private.jobs) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if not exists (select from tollhouse_private.guard_kill_switch(array[tollhouse_private.work_of(p_job, null)])) then
    return null;
  end if;
  return (
    select format('a kill switch on %s (%s)', case ks.scope when 'global' then 'everything' else ks.scope || ' ' || ks.target end, ks.reason)
    from tollhouse_private.kill_switches as ks
    cross join lateral (
      select tollhouse_private.switch_stops(ks, p_job.tenant_id, p_job.user_id, p_job.endpoint, null, null) as yes
    ) as always
    where always.yes
      or exists (
        select
        from tollhouse_private.candidate_models(p_job.endpoint, p_job.requested_model) as cm
        where tollhouse_private.switch_stops(ks, null, null, null, cm.provider, cm.model)
      )
    order by always.yes desc, ks.set_at
    limit 1
  );
end
$$;
ALTER FUNCTION tollhouse_private.switch_in_words(p_job tollhouse_private.jobs) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.switch_in_words(p_job tollhouse_private.jobs) IS 'The kill switch that stops a call, with its reason; null if none does.';
CREATE TABLE tollhouse_private.kill_switches (
    scope text NOT NULL COLLATE pg_catalog."C",
    tenant_id text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    target text NOT NULL COLLATE pg_catalog."C",
    reason text NOT NULL COLLATE pg_catalog."C",
    set_by name NOT NULL,
    set_at timestamp with time zone NOT NULL,
    CONSTRAINT kill_switches_scope_check CHECK ((scope = ANY (ARRAY['global'::text, 'provider'::text, 'model'::text, 'endpoint'::text, 'tenant'::text, 'user'::text]))),
    CONSTRAINT kill_switches_target_check CHECK (((scope <> 'global'::text) OR (target = '*'::text))),
    CONSTRAINT kill_switches_tenant_id_check CHECK (((scope = ANY (ARRAY['tenant'::text, 'user'::text])) = (tenant_id <> ''::text)))
);
ALTER TABLE ONLY tollhouse_private.kill_switches FORCE ROW LEVEL SECURITY;
ALTER TABLE tollhouse_private.kill_switches OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.kill_switches IS 'A row stops everything it matches, from the next decision on and in flight.';
COMMENT ON COLUMN tollhouse_private.kill_switches.tenant_id IS 'The tenant of a tenant or user switch, else empty.';
COMMENT ON COLUMN tollhouse_private.kill_switches.target IS 'The stopped provider, model, endpoint, tenant or user; * for global.';
CREATE FUNCTION tollhouse_private.switch_stops(p_switch tollhouse_private.kill_switches, p_tenant_id text, p_user_id text, p_endpoint text, p_provider text, p_model text) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
  select p_switch.scope = 'global'
    or (p_switch.scope = 'provider' and p_switch.target = p_provider)
    or (p_switch.scope = 'model' and p_switch.target = p_model)
    or (p_switch.scope = 'endpoint' and p_switch.target = p_endpoint)
    or (p_switch.scope = 'tenant' and p_switch.tenant_id = p_tenant_id)
    or (p_switch.scope = 'user' and p_switch.tenant_id = p_tenant_id and p_switch.target = p_user_id)
$$;
ALTER FUNCTION tollhouse_private.switch_stops(p_switch tollhouse_private.kill_switches, p_tenant_id text, p_user_id text, p_endpoint text, p_provider text, p_model text) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.switch_stops(p_switch tollhouse_private.kill_switches, p_tenant_id text, p_user_id text, p_endpoint text, p_provider text, p_model text) IS 'Whether this kill switch matches; pass null for anything not decided yet.';
CREATE FUNCTION tollhouse_private.take_rate_limit(p_routes tollhouse_private.route[], p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if not exists (select from tollhouse_private.rate_limits) then
    return;
  end if;

  -- Skip locked: a limit made since the guard looked is not ours to wait for, out of the order of keys.
  with locked as materialized (
    select due.calls, due.tokens, due.tenants, held.*
    from (
      select
        u.scope, u.target, count(*) as calls, sum((r.job).request_bytes / 4 + (r.job).max_output_tokens) as tokens,
        array_agg((r.job).tenant_id order by r.ordinality desc) as tenants
      from unnest(p_routes) with ordinality as r
      cross join lateral (values ('tenant' collate "C", (r.job).tenant_id), ('provider', r.provider), ('model', r.model)) as u (scope, target)
      group by u.scope, u.target
      order by u.scope, u.target
      offset 0
    ) as due
    cross join lateral (
      select
        rl.ctid as place, rl.scope, rl.line,
        least(rl.requests_per_minute, rl.requests_available + rl.requests_per_minute * gone.minutes) as requests_now,
        least(rl.tokens_per_minute, rl.tokens_available + rl.tokens_per_minute * gone.minutes) as tokens_now
      from tollhouse_private.rate_limits as rl
      cross join lateral (select extract(epoch from greatest(p_now - rl.refilled_at, '0')) / 60 as minutes) as gone
      where rl.scope = due.scope and rl.target = due.target
      for update of rl skip locked
    ) as held
  ),
  -- Whose turn it was matters only to calls in line.
  lined as materialized (
    select l.scope, l.line
    from locked as l
    where (select true from tollhouse_private.jobs as j where j.line = l.line limit 1)
  ),
  turn as materialized (
    select w.*
    from (select distinct l.scope from lined as l) as s
    cross join lateral tollhouse_private.rate_limit_waits(s.scope, p_routes, array(select (r.job).call_id from unnest(p_routes) as r), p_now) as w
    join lined as l on l.line = w.line
  ),
  -- Written under the lock of the limit, so nobody waits for them.
  noted as (
    insert into tollhouse_private.turns as tu (tenant_id, line, last_user_id)
    select distinct on (t.tenant_id, t.line) t.tenant_id, t.line, t.user_id
    from turn as t
    order by t.tenant_id, t.line, t.place desc
    on conflict (tenant_id, line) do update
    set last_user_id = excluded.last_user_id
    where tu.last_user_id <> excluded.last_user_id
  )
  update tollhouse_private.rate_limits as rl
  set
    requests_available = coalesce(l.requests_now - l.calls, 0),
    tokens_available = coalesce(l.tokens_now - l.tokens, 0),
    refilled_at = p_now,
    last_tenant_id = coalesce((select t.tenant_id from turn as t where t.line = l.line order by t.place desc limit 1), l.tenants[1])
  from locked as l
  where rl.line = l.line;
end
$$;
ALTER FUNCTION tollhouse_private.take_rate_limit(p_routes tollhouse_private.route[], p_now timestamp with time zone) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.take_rate_limit(p_routes tollhouse_private.route[], p_now timestamp with time zone) IS 'Takes the admitted calls out of their buckets, which guard_rate_limit has locked, and notes whose turn it was.';
CREATE FUNCTION tollhouse_private.tell(p_channel text, p_payloads text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if pg_notification_queue_usage() < 0.5 then
    perform pg_notify(p_channel, p.payload) from unnest(p_payloads) as p (payload);
  end if;
end
$$;
ALTER FUNCTION tollhouse_private.tell(p_channel text, p_payloads text[]) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.tell(p_channel text, p_payloads text[]) IS 'Sends each payload to a channel, unless the server''s notification queue is half full.';
CREATE FUNCTION tollhouse_private.tell_each(p_channels text[], p_payloads text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if pg_notification_queue_usage() < 0.5 then
    perform pg_notify(p.channel, p.payload) from unnest(p_channels, p_payloads) as p (channel, payload);
  end if;
end
$$;
ALTER FUNCTION tollhouse_private.tell_each(p_channels text[], p_payloads text[]) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.tell_each(p_channels text[], p_payloads text[]) IS 'Sends each channel its own payload, as tell does.';
CREATE FUNCTION tollhouse_private.tenants_in_line(p_after text, p_limit integer) RETURNS text[]
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  with recursive onward (tenant_id, again) as (
    select (
      select j.tenant_id from tollhouse_private.jobs as j where j.state = 'queued' and j.tenant_id > p_after
      order by j.tenant_id limit 1
    ), false
    union all
    -- As for users, below.
    select case when round.again then (
      select j.tenant_id from tollhouse_private.jobs as j
      where j.state = 'queued' and j.tenant_id > coalesce(o.tenant_id, '') and j.tenant_id <= p_after
      order by j.tenant_id limit 1
    ) else (
      select j.tenant_id from tollhouse_private.jobs as j where j.state = 'queued' and j.tenant_id > o.tenant_id
      order by j.tenant_id limit 1
    ) end, round.again
    from onward as o
    cross join lateral (select o.again or o.tenant_id is null as again) as round
    where o.tenant_id is not null or not o.again
  )
  select coalesce(array_agg(t.tenant_id), '{}')
  from (select o.tenant_id from onward as o where o.tenant_id is not null limit p_limit) as t
$$;
ALTER FUNCTION tollhouse_private.tenants_in_line(p_after text, p_limit integer) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.tenants_in_line(p_after text, p_limit integer) IS 'Tenants with queued jobs, in order, beginning after the given one and going round: a skip scan, one index probe per tenant.';
CREATE FUNCTION tollhouse_private.turn_away(p_jobs tollhouse_private.work[], p_verdicts tollhouse_private.verdict[], p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  -- Of answers from the cache, in a claim: their calls take a copy each.
  c_bytes constant bigint := 8 * 1024 * 1024;
  v_closing tollhouse_private.settlement[];
  v_job tollhouse_private.work;
  v_result tollhouse_private.attempt_result;
  v_bytes bigint := 0;
begin
  if cardinality(p_verdicts) = 0 then
    return;
  end if;

  -- First the waiting, then those they may wait for: closing a leader wakes the followers it finds parked.
  update tollhouse_private.jobs as j
  set state = 'scheduled', run_at = v.retry_at, need_micro_usd = v.need_micro_usd,
    waits_for = case v.reason when 'budget' then 'budget' else 'rate_limit' end,
    line = nullif(v.reason, 'budget')
  from (
    select v.retry_at, v.reason, v.need_micro_usd, p.place
    from unnest(p_verdicts) as v
    join unnest(p_jobs) as p on p.call_id = v.call_id
    where v.verdict = 'deferred' offset 0
  ) as v
  where j.ctid = v.place;

  -- Parked as new rows: a claim that has just seen such a call queued would follow an update of it and keep the parked
  -- row locked, which release_flights would wait for while that claim waits for the flight.
  with parked as (
    delete from tollhouse_private.jobs as j
    where j.ctid = any (array(
      select p.place
      from unnest(p_verdicts) as v
      join unnest(p_jobs) as p on p.call_id = v.call_id and v.verdict = 'coalesced'
    ))
    returning j as job
  )
  insert into tollhouse_private.jobs
  select row_now.*
  from parked as pk
  cross join lateral jsonb_populate_record(pk.job, '{"state": "coalesced", "waits_for": "flight", "line": null}') as row_now;

  v_closing := array(
    select tollhouse_private.ending(j, v.verdict, v.reason, p_need_micro_usd => v.need_micro_usd)
    from unnest(p_jobs) as j
    join unnest(p_verdicts) as v on v.call_id = j.call_id
    where v.verdict in ('blocked', 'cancelled')
  );
  for v_job in
    select j.* from unnest(p_jobs) as j where j.call_id in (select v.call_id from unnest(p_verdicts) as v where v.verdict = 'cached')
  loop
    -- What is over the limit stays queued, as does a call whose entry vanished since the guard saw it.
    exit when v_bytes >= c_bytes;
    v_result := tollhouse_private.cached_result(v_job);
    continue when v_result.response is null;
    v_bytes := v_bytes + pg_column_size(v_result.response);
    v_closing := v_closing || tollhouse_private.ending(v_job, 'success', null, v_result);
  end loop;
  perform tollhouse_private.release_flights(v_closing);
  perform tollhouse_private.close_calls(v_closing, p_now);
  perform tollhouse_private.announce(v_closing);
end
$$;
ALTER FUNCTION tollhouse_private.turn_away(p_jobs tollhouse_private.work[], p_verdicts tollhouse_private.verdict[], p_now timestamp with time zone) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.turn_away(p_jobs tollhouse_private.work[], p_verdicts tollhouse_private.verdict[], p_now timestamp with time zone) IS 'Does what the guards said: closes the blocked, the cancelled and the cached, parks the coalesced and the deferred.';
CREATE FUNCTION tollhouse_private.undecided(p_routes tollhouse_private.route[], p_verdicts tollhouse_private.verdict[]) RETURNS tollhouse_private.route[]
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if cardinality(p_verdicts) = 0 then
    return p_routes;
  end if;
  return array(
    select r from unnest(p_routes) as r where (r.job).call_id not in (select v.call_id from unnest(p_verdicts) as v)
  );
end
$$;
ALTER FUNCTION tollhouse_private.undecided(p_routes tollhouse_private.route[], p_verdicts tollhouse_private.verdict[]) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.undecided(p_routes tollhouse_private.route[], p_verdicts tollhouse_private.verdict[]) IS 'The routes of calls without a verdict so far.';
CREATE FUNCTION tollhouse_private.undecided(p_jobs tollhouse_private.work[], p_verdicts tollhouse_private.verdict[]) RETURNS tollhouse_private.work[]
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if cardinality(p_verdicts) = 0 then
    return p_jobs;
  end if;
  return array(
    select j from unnest(p_jobs) as j where j.call_id not in (select v.call_id from unnest(p_verdicts) as v)
  );
end
$$;
ALTER FUNCTION tollhouse_private.undecided(p_jobs tollhouse_private.work[], p_verdicts tollhouse_private.verdict[]) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.undecided(p_jobs tollhouse_private.work[], p_verdicts tollhouse_private.verdict[]) IS 'The jobs without a verdict so far.';
CREATE FUNCTION tollhouse_private.unreadable_result(p_results jsonb) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_result record;
begin
  for v_result in
    select r.value, r.position from jsonb_array_elements(p_results) with ordinality as r (value, position)
  loop
    if jsonb_typeof(v_result.value) <> 'object' then
      return format('result %s of the array is not an object', v_result.position);
    end if;
    begin
      perform jsonb_populate_record(null::tollhouse_private.attempt_result, v_result.value);
    exception
      when data_exception then
        return format('result %s of the array, call %s: %s', v_result.position,
          coalesce(left(v_result.value ->> 'call_id', 36), 'null'), left(sqlerrm, 200));
    end;
  end loop;
  return null;
end
$$;
ALTER FUNCTION tollhouse_private.unreadable_result(p_results jsonb) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.unreadable_result(p_results jsonb) IS 'The first of some results that is no attempt_result, and why.';
CREATE FUNCTION tollhouse_private.users_in_line(p_tenant_id text, p_after text, p_limit integer) RETURNS TABLE(user_id text, call_id uuid)
    LANGUAGE sql STABLE
    AS $$
  with recursive onward (user_id, call_id, again) as (
    select f.user_id, f.call_id, false
    from (values (true)) as one
    left join lateral (
      select j.user_id, j.call_id from tollhouse_private.jobs as j
      where j.state = 'queued' and j.tenant_id = p_tenant_id and j.user_id > p_after
      order by j.user_id, j.call_id limit 1
    ) as f on true
    union all
    -- Past the last one it begins again, and ends with the one it began after: bounded on both sides, so that entries of
    -- dead rows, which an old snapshot keeps, are stepped over once.
    select f.user_id, f.call_id, round.again
    from onward as o
    cross join lateral (select o.again or o.user_id is null as again) as round
    left join lateral (
      (
        select j.user_id, j.call_id from tollhouse_private.jobs as j
        where round.again and j.state = 'queued' and j.tenant_id = p_tenant_id
          and j.user_id > coalesce(o.user_id, '') and j.user_id <= p_after
        order by j.user_id, j.call_id limit 1
      )
      union all
      (
        select j.user_id, j.call_id from tollhouse_private.jobs as j
        where not round.again and j.state = 'queued' and j.tenant_id = p_tenant_id and j.user_id > o.user_id
        order by j.user_id, j.call_id limit 1
      )
    ) as f on true
    where o.user_id is not null or not o.again
  )
  select o.user_id, o.call_id from onward as o where o.user_id is not null limit p_limit
$$;
ALTER FUNCTION tollhouse_private.users_in_line(p_tenant_id text, p_after text, p_limit integer) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.users_in_line(p_tenant_id text, p_after text, p_limit integer) IS 'Users of a tenant with queued jobs and the oldest job of each, in order, beginning after the given one and going round: a skip scan, one index probe per user.';
CREATE FUNCTION tollhouse_private.users_scheduled(p_tenant_id text, p_after text, p_limit integer) RETURNS text[]
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  with recursive onward (user_id, again) as (
    select (
      select j.user_id from tollhouse_private.jobs as j
      where j.state = 'scheduled' and j.tenant_id = p_tenant_id and j.user_id > p_after
      order by j.user_id limit 1
    ), false
    union all
    select case when next.user_id <= p_after or not round.again then next.user_id end, round.again
    from onward as o
    cross join lateral (select o.again or o.user_id is null as again) as round
    cross join lateral (
      select (
        select j.user_id from tollhouse_private.jobs as j
        where j.state = 'scheduled' and j.tenant_id = p_tenant_id and j.user_id > coalesce(o.user_id, '')
        order by j.user_id limit 1
      ) as user_id
    ) as next
    where o.user_id is not null or not o.again
  )
  select coalesce(array_agg(u.user_id), '{}')
  from (select o.user_id from onward as o where o.user_id is not null limit p_limit) as u
$$;
ALTER FUNCTION tollhouse_private.users_scheduled(p_tenant_id text, p_after text, p_limit integer) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.users_scheduled(p_tenant_id text, p_after text, p_limit integer) IS 'Users of a tenant with scheduled jobs, as users_in_line.';
CREATE FUNCTION tollhouse_private.value_fits(p_value jsonb, p_kind text) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $_$
  select case p_kind
    when 'words' then pg_catalog.jsonb_typeof(p_value) = 'string' and tollhouse_private.has_visible(p_value #>> '{}')
    when 'text' then pg_catalog.jsonb_typeof(p_value) = 'string'
    when 'content' then pg_catalog.jsonb_typeof(p_value) = 'string'
    when 'label' then pg_catalog.jsonb_typeof(p_value) = 'string' and pg_catalog.length(p_value #>> '{}') between 1 and 256
    when 'word' then pg_catalog.jsonb_typeof(p_value) = 'string' and p_value #>> '{}' ~ '^[a-z]{1,32}$'
    when 'name' then pg_catalog.jsonb_typeof(p_value) = 'string' and p_value #>> '{}' ~ '^[A-Za-z0-9_-]{1,64}$'
    when 'role' then p_value in ('"system"', '"developer"', '"user"', '"assistant"', '"tool"')
    when 'text only' then p_value = '"text"'
    when 'function only' then p_value = '"function"'
    when 'format type' then p_value in ('"text"', '"json_object"', '"json_schema"')
    when 'choice' then p_value in ('"none"', '"auto"', '"required"')
    when 'boolean' then p_value in ('true', 'false')
    when 'schema' then pg_catalog.jsonb_typeof(p_value) = 'object'
    when 'stop' then pg_catalog.jsonb_typeof(p_value) = 'string'
      or p_value @? 'strict $ ? (@.type() == "array" && @.size() > 0 && @.size() <= 4 && !(@[*].type() != "string"))'
    when 'biases' then pg_catalog.jsonb_typeof(p_value) = 'object'
      and not p_value @? '$.keyvalue() ? (!(@.key like_regex "^[0-9]{1,9}$") || @.value.type() != "number" || @.value > 100 || @.value < -100)'
    -- A jsonb between two numbers is a number.
    when 'count' then p_value between '1' and '999999999' and p_value #>> '{}' !~ '[.]'
    when 'seed' then p_value between '-9223372036854775808' and '9223372036854775807' and p_value #>> '{}' !~ '[.]'
    when '0 to 1' then p_value between '0' and '1'
    when '0 to 2' then p_value between '0' and '2'
    when '-2 to 2' then p_value between '-2' and '2'
    -- What nearly all messages and parts are; the others are walked through.
    when 'message' then case when pg_catalog.jsonb_typeof(p_value) = 'object' then
      pg_catalog.jsonb_typeof(p_value -> 'content') = 'string'
      and p_value -> 'role' in ('"system"', '"developer"', '"user"', '"assistant"')
      and p_value - array['role', 'content'] = '{}'
    end
    when 'part' then case when pg_catalog.jsonb_typeof(p_value) = 'object' then
      pg_catalog.jsonb_typeof(p_value -> 'text') = 'string'
      and p_value -> 'type' = '"text"'
      and p_value - array['type', 'text'] = '{}'
    end
  end
$_$;
ALTER FUNCTION tollhouse_private.value_fits(p_value jsonb, p_kind text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.value_fits(p_value jsonb, p_kind text) IS 'Whether a part of a request is in order as it stands; else it is wrong, or request_problem looks into it.';
CREATE FUNCTION tollhouse_private.verify_function(p_function regprocedure, p_owner regrole, p_security text, p_executors text[]) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_wrong text collate "C";
begin
  select string_agg(said.wrong, '; it ' order by said.wrong collate "C")
  into v_wrong
  from pg_proc as p
  cross join lateral (
    select format('belongs to %s, not to %s', p.proowner::regrole, p_owner)
    where p.proowner <> p_owner
    union all
    select format('is security %s, not %s', case when p.prosecdef then 'definer' else 'invoker' end, p_security)
    where p_security not in ('definer', 'invoker', 'unpinned')
      or p.prosecdef <> (p_security = 'definer')
    union all
    select 'does not pin its search_path to pg_catalog, pg_temp'
    where p_security <> 'unpinned'
      and 'search_path=pg_catalog, pg_temp' <> all (coalesce(p.proconfig, '{}'))
    union all
    select format('sets %s', array_to_string(p.proconfig, ', '))
    where p_security = 'unpinned'
      and p.proconfig is not null
    union all
    select format(case when r.role = any (p_executors) then 'may not be executed by %s' else 'may be executed by %s' end, r.role)
    from (select unnest(tollhouse_private.our_roles()) union select unnest(p_executors)) as r (role)
    where r.role <> p_owner::text
      and has_function_privilege(r.role, p.oid, 'execute') <> (r.role = any (p_executors))
  ) as said (wrong)
  where p.oid = p_function;
  perform tollhouse_private.verify_that(v_wrong is null, format('%s %s', p_function, v_wrong));
end
$$;
ALTER FUNCTION tollhouse_private.verify_function(p_function regprocedure, p_owner regrole, p_security text, p_executors text[]) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.verify_function(p_function regprocedure, p_owner regrole, p_security text, p_executors text[]) IS 'Raises (P0004) unless the function or procedure belongs to that role and, of our roles and public, exactly these and its owner may execute it. p_security: definer or invoker, both with search_path pinned to pg_catalog, pg_temp; unpinned for an invoker without a SET clause.';
CREATE FUNCTION tollhouse_private.verify_policies(p_table regclass, p_policies text[]) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_wrong text collate "C";
begin
  select string_agg(said.wrong, '; it ' order by said.wrong collate "C")
  into v_wrong
  from (
    select 'does not enable and force row security'
    from pg_class as c
    where c.oid = p_table
      and not (c.relrowsecurity and c.relforcerowsecurity)
    union all
    select format(case when p.polname is null then 'has no policy %s' else 'has a policy %s' end, coalesce(expected.name, p.polname))
    from unnest(p_policies) as expected (name)
    full join (select q.polname from pg_policy as q where q.polrelid = p_table) as p on p.polname = expected.name
    where p.polname is null
      or expected.name is null
  ) as said (wrong);
  perform tollhouse_private.verify_that(v_wrong is null, format('%s %s', p_table, v_wrong));
end
$$;
ALTER FUNCTION tollhouse_private.verify_policies(p_table regclass, p_policies text[]) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.verify_policies(p_table regclass, p_policies text[]) IS 'Raises (P0004) unless row security of the table is enabled and forced, with exactly these policies.';
CREATE FUNCTION tollhouse_private.verify_table(p_table regclass, p_owner regrole, p_columns text[], p_grants text[]) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_wrong text collate "C";
begin
  select string_agg(said.wrong, '; it ' order by said.wrong collate "C")
  into v_wrong
  from (
    select format('has no column %s', expected.name)
    from unnest(p_columns) as expected (name)
    where not exists (
      select from pg_attribute as a
      where a.attrelid = p_table
        and a.attname = expected.name
        and a.attnum > 0
        and not a.attisdropped
    )
    union all
    select * from tollhouse_private.wrong_grants(p_table, p_owner, p_grants)
  ) as said (wrong);
  perform tollhouse_private.verify_that(v_wrong is null, format('%s %s', p_table, v_wrong));
end
$$;
ALTER FUNCTION tollhouse_private.verify_table(p_table regclass, p_owner regrole, p_columns text[], p_grants text[]) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.verify_table(p_table regclass, p_owner regrole, p_columns text[], p_grants text[]) IS 'Raises (P0004) unless the table belongs to that role, has these columns, and grants exactly this (as in wrong_grants) to our roles and public.';
CREATE FUNCTION tollhouse_private.verify_that(p_holds boolean, p_otherwise text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if p_holds is not true then
    raise exception using errcode = 'P0004', message = p_otherwise;
  end if;
end
$$;
ALTER FUNCTION tollhouse_private.verify_that(p_holds boolean, p_otherwise text) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.verify_that(p_holds boolean, p_otherwise text) IS 'Raises the sentence (P0004) unless the condition is true; null counts as false.';
CREATE FUNCTION tollhouse_private.verify_type(p_type regtype, p_owner regrole) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_owner constant regrole := (select t.typowner from pg_type as t where t.oid = p_type);
begin
  perform tollhouse_private.verify_that(v_owner = p_owner, format('%s belongs to %s, not to %s', p_type, v_owner, p_owner));
end
$$;
ALTER FUNCTION tollhouse_private.verify_type(p_type regtype, p_owner regrole) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.verify_type(p_type regtype, p_owner regrole) IS 'Raises (P0004) unless the type or domain belongs to that role.';
CREATE FUNCTION tollhouse_private.verify_view(p_view regclass, p_owner regrole, p_readers text[]) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_wrong text collate "C";
begin
  select string_agg(said.wrong, '; it ' order by said.wrong collate "C")
  into v_wrong
  from (
    select 'is no security_invoker view'
    from pg_class as c
    where c.oid = p_view
      and 'security_invoker=true' <> all (coalesce(c.reloptions, '{}'))
    union all
    select * from tollhouse_private.wrong_grants(p_view, p_owner, array[array_to_string(p_readers, ', ') || ': select'])
  ) as said (wrong);
  perform tollhouse_private.verify_that(v_wrong is null, format('%s %s', p_view, v_wrong));
end
$$;
ALTER FUNCTION tollhouse_private.verify_view(p_view regclass, p_owner regrole, p_readers text[]) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.verify_view(p_view regclass, p_owner regrole, p_readers text[]) IS 'Raises (P0004) unless the view reads as its reader, belongs to that role and, of our roles and public, exactly these may select from it, and none more than that.';
CREATE FUNCTION tollhouse_private.verify_withheld(p_table regclass, p_role regrole, p_columns text[]) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_wrong text collate "C";
begin
  select string_agg(format(
    case when a.attname = any (p_columns) then 'shows %s to %s' else 'does not show %s to %s' end, a.attname, p_role
  ), '; it ' order by a.attnum)
  into v_wrong
  from pg_attribute as a
  where a.attrelid = p_table
    and a.attnum > 0
    and not a.attisdropped
    and has_column_privilege(p_role, p_table, a.attnum, 'select') = (a.attname = any (p_columns));
  perform tollhouse_private.verify_that(v_wrong is null, format('%s %s', p_table, v_wrong));
end
$$;
ALTER FUNCTION tollhouse_private.verify_withheld(p_table regclass, p_role regrole, p_columns text[]) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.verify_withheld(p_table regclass, p_role regrole, p_columns text[]) IS 'Raises (P0004) unless the role may select every column of the table but these.';
CREATE FUNCTION tollhouse_private.wake_followers() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_ended tollhouse_private.ended_flights[];
  v_woken bigint;
begin
  select array_agg(locked.e) into v_ended
  from (select e from tollhouse_private.ended_flights as e limit 1000 for update skip locked) as locked;
  if v_ended is null then
    return;
  end if;

  -- A client that cancels a leader leaves its entry to us: see response_cache.
  delete from tollhouse_private.response_cache as rc
  where rc.ctid = any (array(
    select led.place
    from unnest(v_ended) as e
    cross join lateral (
      select k.ctid as place
      from tollhouse_private.response_cache as k
      where k.tenant_id = e.tenant_id and k.cache_key = e.cache_key and k.call_id = e.call_id and k.expires_at is null
      for update skip locked
    ) as led
  ));

  -- With another leader, they wait for that one.
  update tollhouse_private.jobs as j
  set state = 'queued'
  where j.ctid = any (array(
    select f.place
    from unnest(v_ended) as e
    cross join lateral (
      select k.ctid as place
      from tollhouse_private.jobs as k
      where k.state = 'coalesced' and k.cache_key = e.cache_key and k.tenant_id = e.tenant_id
      for update skip locked
    ) as f
    where (
      select true from tollhouse_private.response_cache as rc
      where rc.tenant_id = e.tenant_id and rc.cache_key = e.cache_key and rc.expires_at is null
    ) is not true
    limit 10000
  ));
  get diagnostics v_woken = row_count;

  -- A skipped one is left for the next run.
  delete from tollhouse_private.ended_flights as ef
  using (
    select e.tenant_id, e.call_id, e.cache_key, (
      select rc.call_id from tollhouse_private.response_cache as rc
      where rc.tenant_id = e.tenant_id and rc.cache_key = e.cache_key and rc.expires_at is null
    ) as leader
    from unnest(v_ended) as e
    offset 0
  ) as e
  where ef.tenant_id = e.tenant_id
    and ef.call_id = e.call_id
    and e.leader is distinct from e.call_id
    and (e.leader is not null or (
      select true from tollhouse_private.jobs as f
      where f.state = 'coalesced' and f.cache_key = e.cache_key and f.tenant_id = e.tenant_id
      limit 1
    ) is not true);
  if v_woken > 0 then
    perform tollhouse_private.tell('tollhouse_wake', array['']);
  end if;
end
$$;
ALTER FUNCTION tollhouse_private.wake_followers() OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.wake_followers() IS 'Removes pending entries whose leader was cancelled, and queues calls still waiting for a leader that has ended, ten thousand at a time.';
CREATE FUNCTION tollhouse_private.wake_idle_worker() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if exists (select from tollhouse_private.workers as w where w.idle) then
    perform tollhouse_private.tell('tollhouse_wake', array['']);
  end if;
end
$$;
ALTER FUNCTION tollhouse_private.wake_idle_worker() OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.wake_idle_worker() IS 'Notifies tollhouse_wake if and only if a worker is asleep.';
CREATE FUNCTION tollhouse_private.wake_stranded() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  c_keys constant integer := 500;
  v_first bytea := sha256(uuid_send(gen_random_uuid()));
  v_tenants text[] collate "C";
  v_keys bytea[];
  v_places tid[];
begin
  -- What is waited for, each key once, by one probe of the index for each: from the first one on, and from anywhere.
  with recursive waited (cache_key, tenant_id, turn) as (
    select start.cache_key, '' collate "C", 0 from (values ('\x'::bytea), (v_first)) as start (cache_key)
    union all
    select later.cache_key, later.tenant_id, w.turn + 1
    from waited as w
    cross join lateral (
      select j.cache_key, j.tenant_id
      from tollhouse_private.jobs as j
      where j.state = 'coalesced' and (j.cache_key, j.tenant_id) > (w.cache_key, w.tenant_id)
      order by j.cache_key, j.tenant_id
      limit 1
    ) as later
    where w.turn < c_keys
  )
  select array_agg(w.tenant_id), array_agg(w.cache_key) into v_tenants, v_keys
  from (select distinct w.tenant_id, w.cache_key from waited as w where w.turn > 0) as w;
  if v_keys is null then
    return;
  end if;

  -- A leader that is gone, or is held by a client that cancels it in an open transaction: those that wait go on without it.
  -- Asked before the lock, to lock few, and again under it.
  v_places := array(
    select lost.place
    from unnest(v_tenants, v_keys) as w (tenant_id, cache_key)
    cross join lateral (
      select rc.ctid as place
      from tollhouse_private.response_cache as rc
      where rc.tenant_id = w.tenant_id and rc.cache_key = w.cache_key and rc.expires_at is null
        and tollhouse_private.leader_is_lost(rc.tenant_id, rc.call_id)
      for update skip locked
    ) as lost
  );
  delete from tollhouse_private.response_cache as rc
  where rc.ctid = any (v_places)
    and rc.expires_at is null
    and tollhouse_private.leader_is_lost(rc.tenant_id, rc.call_id);

  update tollhouse_private.jobs as j
  set state = 'queued'
  where j.ctid = any (array(
    select f.place
    from unnest(v_tenants, v_keys) as w (tenant_id, cache_key)
    cross join lateral (
      select k.ctid as place
      from tollhouse_private.jobs as k
      where k.state = 'coalesced' and k.cache_key = w.cache_key and k.tenant_id = w.tenant_id
      for update skip locked
    ) as f
    where (
      select true
      from tollhouse_private.response_cache as rc
      where rc.tenant_id = w.tenant_id and rc.cache_key = w.cache_key and rc.expires_at is null
    ) is not true
    limit 2000
  ));
  if found then
    perform tollhouse_private.tell('tollhouse_wake', array['']);
  end if;
end
$$;
ALTER FUNCTION tollhouse_private.wake_stranded() OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.wake_stranded() IS 'Removes pending entries with waiting calls whose leader is gone, or is neither running nor claimable, and puts calls with nothing to wait for back into the queue. Each run covers a bounded, random part of the keys that calls are waiting for.';
CREATE FUNCTION tollhouse_private.with_overrun(p_highest_cost bigint, p_factor numeric) RETURNS bigint
    LANGUAGE sql IMMUTABLE
    AS $$
  select case
    when p_factor is null or p_highest_cost is null then p_highest_cost
    -- Capped at a billion USD, so that sums of reservations can't overflow.
    else least(pg_catalog.ceil(p_highest_cost * p_factor), greatest(p_highest_cost, 1000000000000000))::bigint
  end
$$;
ALTER FUNCTION tollhouse_private.with_overrun(p_highest_cost bigint, p_factor numeric) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.with_overrun(p_highest_cost bigint, p_factor numeric) IS 'What a call reserves when its model was billed at p_factor times its highest possible cost; null: it was not.';
CREATE FUNCTION tollhouse_private.without_answers(p_settlements tollhouse_private.settlement[]) RETURNS tollhouse_private.settlement[]
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_settlement tollhouse_private.settlement;
  v_light tollhouse_private.settlement[] := array[]::tollhouse_private.settlement[];
begin
  foreach v_settlement in array p_settlements loop
    v_settlement.result.response := null;
    v_settlement.result.reasoning := null;
    v_settlement.result.metadata := null;
    v_light := v_light || v_settlement;
  end loop;
  return v_light;
end
$$;
ALTER FUNCTION tollhouse_private.without_answers(p_settlements tollhouse_private.settlement[]) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.without_answers(p_settlements tollhouse_private.settlement[]) IS 'Settlements without what was answered.';
CREATE FUNCTION tollhouse_private.without_text(p_result tollhouse_private.attempt_result) RETURNS tollhouse_private.attempt_result
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  p_result.error_message := null;
  return p_result;
end
$$;
ALTER FUNCTION tollhouse_private.without_text(p_result tollhouse_private.attempt_result) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_private.without_text(p_result tollhouse_private.attempt_result) IS 'A result without its error message, in which a provider may quote the request: for calls of which nothing may be kept.';
CREATE FUNCTION tollhouse_private.work_of(p_job tollhouse_private.jobs, p_place tid) RETURNS tollhouse_private.work
    LANGUAGE sql IMMUTABLE
    AS $$
  select row(
    p_place, p_job.tenant_id, p_job.call_id, p_job.user_id, p_job.endpoint, p_job.created_at,
    p_job.request_bytes, p_job.max_output_tokens, p_job.requested_model, p_job.max_cost_micro_usd,
    p_job.cache_key, p_job.cache_scope, p_job.waits_for, p_job.attempts, p_job.unsent,
    p_job.spent_micro_usd, p_job.provider_attempted, p_job.worker_id, p_job.started_at, p_job.provider, p_job.model,
    p_job.price, p_job.reserved_micro_usd, p_job.budget_month
  )::tollhouse_private.work
$$;
ALTER FUNCTION tollhouse_private.work_of(p_job tollhouse_private.jobs, p_place tid) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.work_of(p_job tollhouse_private.jobs, p_place tid) IS 'A job as guards and settlement see it. p_place: its ctid, when the caller has locked it.';
CREATE FUNCTION tollhouse_private.wrong_grants(p_relation regclass, p_owner regrole, p_grants text[]) RETURNS SETOF text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return query
  select format('belongs to %s, not to %s', c.relowner::regrole, p_owner)
  from pg_class as c
  where c.oid = p_relation
    and c.relowner <> p_owner;
  return query
  select format(case when expected.it then 'does not grant %s to %s' else 'grants %s to %s' end, privilege, role)
  from unnest(tollhouse_private.our_roles()) as role
  cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate']) as privilege
  cross join lateral (
    select coalesce(bool_or(privilege = any (string_to_array(split_part(g.line, ': ', 2), ', '))), role = p_owner::text) as it
    from unnest(p_grants) as g (line)
    where role = any (string_to_array(split_part(g.line, ': ', 1), ', '))
  ) as expected
  where has_table_privilege(role, p_relation, privilege) <> expected.it;
end
$$;
ALTER FUNCTION tollhouse_private.wrong_grants(p_relation regclass, p_owner regrole, p_grants text[]) OWNER TO tollhouse_owner;
COMMENT ON FUNCTION tollhouse_private.wrong_grants(p_relation regclass, p_owner regrole, p_grants text[]) IS 'What is wrong with the owner and the grants of a table or view, a clause a row. p_grants: lines of ''role, role: privilege, privilege'', of select, insert, update, delete and truncate; a role without a line has none of them, but for the owner, who has all.';
CREATE FUNCTION tollhouse_worker.calls_to_abort(p_worker_id uuid) RETURNS TABLE(call_id uuid, attempt integer, reason text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
  select j.call_id, j.attempts, case when asked.cancelled then 'cancelled' else 'aborted' end
  from tollhouse_private.jobs as j
  cross join lateral (
    select (
      select true from tollhouse_private.cancel_requests as cr where cr.tenant_id = j.tenant_id and cr.call_id = j.call_id limit 1
    ) is true as cancelled
    offset 0
  ) as asked
  where j.state = 'running'
    and j.worker_id = p_worker_id
    and (asked.cancelled or tollhouse_private.killed(j.tenant_id, j.user_id, j.endpoint, j.provider, j.model))
$$;
ALTER FUNCTION tollhouse_worker.calls_to_abort(p_worker_id uuid) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_worker.calls_to_abort(p_worker_id uuid) IS 'The worker''s calls in flight that a kill switch matches (aborted) or that their caller cancelled (cancelled).';
CREATE FUNCTION tollhouse_worker.claim(p_worker_id uuid, p_limit integer) RETURNS TABLE(call_id uuid, attempt integer, tenant_id text, endpoint text, provider text, model text, request jsonb, max_output_tokens integer, timeout_ms integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
declare
  v_now timestamptz := clock_timestamp();
  v_worker tollhouse_private.workers;
  v_last_due_tenant_id text collate "C";
  v_picked record;
  v_jobs tollhouse_private.work[];
  v_decision record;
  v_line record;
begin
  -- Held to the end: reap must not bury a worker that is taking calls.
  select w.* into v_worker
  from tollhouse_private.workers as w
  where w.worker_id = p_worker_id
    and w.alive_until > v_now
  for key share;
  if not found then
    raise exception using
      errcode = 'TH201',
      message = 'this worker holds no lease',
      detail = format('worker %s', p_worker_id),
      hint = 'Register under a new id.';
  end if;

  v_last_due_tenant_id := tollhouse_private.promote_due(v_now, v_worker.last_due_tenant_id);
  perform tollhouse_private.call_up(v_now);
  select p.jobs, p.last_tenant_id into v_picked from tollhouse_private.pick(v_worker.last_tenant_id, greatest(0, coalesce(p_limit, 0))) as p;
  v_jobs := v_picked.jobs;
  if cardinality(v_jobs) = 0 then
    return;
  end if;

  select d.admitted, d.verdicts into v_decision from tollhouse_private.decide(v_jobs, v_now) as d;
  perform tollhouse_private.turn_away(v_jobs, v_decision.verdicts, v_now);
  perform tollhouse_private.take_rate_limit(v_decision.admitted, v_now);
  perform tollhouse_private.begin_probes(v_decision.admitted);
  return query select b.* from tollhouse_private.begin_attempts(p_worker_id, v_decision.admitted, v_now) as b;
  -- What was called up has gone or stepped back, and what was deferred has joined the line: who is next?
  for v_line in
    select j.tenant_id, array_agg(distinct j.user_id) as users
    from unnest(v_jobs) as j
    where j.waits_for = 'budget'
      or j.call_id in (select v.call_id from unnest(v_decision.verdicts) as v where v.reason = 'budget')
    group by j.tenant_id
    order by j.tenant_id
  loop
    perform tollhouse_private.call_up_budget(v_line.tenant_id, v_line.users, v_now);
  end loop;
  if cardinality(v_decision.admitted) = 0 then
    -- To the worker this claim looks like an empty queue, and it would sleep.
    perform tollhouse_private.tell('tollhouse_wake', array['']);
  end if;

  update tollhouse_private.workers as w
  set last_tenant_id = v_picked.last_tenant_id, last_due_tenant_id = v_last_due_tenant_id, idle = false
  where w.worker_id = p_worker_id
    and (w.idle or w.last_tenant_id <> v_picked.last_tenant_id or w.last_due_tenant_id <> v_last_due_tenant_id);
end
$$;
ALTER FUNCTION tollhouse_worker.claim(p_worker_id uuid, p_limit integer) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_worker.claim(p_worker_id uuid, p_limit integer) IS 'Takes up to p_limit queued calls, decides the guards for all of them at once, and returns those that may go out now, reserved and held by the worker. May return fewer, or none, while calls are queued: claim again until nothing is queued. For record_and_claim, which commits before its reply is sent: selected from, it would hold its locks until the last byte has gone. Raises TH201.';
CREATE FUNCTION tollhouse_worker.deregister(p_worker_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  delete from tollhouse_private.workers as w where w.worker_id = p_worker_id;
  perform tollhouse_worker.reap();
end
$$;
ALTER FUNCTION tollhouse_worker.deregister(p_worker_id uuid) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_worker.deregister(p_worker_id uuid) IS 'Ends the lease; calls the worker still holds are booked as abandoned, as by reap.';
CREATE FUNCTION tollhouse_worker.heartbeat(p_worker_id uuid, p_in_flight integer) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  with renewed as (
    update tollhouse_private.workers as w
    set alive_until = now() + s.lease, in_flight = greatest(0, coalesce(p_in_flight, w.in_flight))
    from tollhouse_private.settings as s
    where w.worker_id = p_worker_id
      and w.alive_until > now()
    returning 1
  )
  select exists (select from renewed)
$$;
ALTER FUNCTION tollhouse_worker.heartbeat(p_worker_id uuid, p_in_flight integer) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_worker.heartbeat(p_worker_id uuid, p_in_flight integer) IS 'Renews the worker''s lease, which covers all its calls. False: the lease is lost, and so are its calls.';
CREATE FUNCTION tollhouse_worker.maintain() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_now timestamptz := now();
  v_settings tollhouse_private.settings;
  v_months_in_use timestamptz[] := array[]::timestamptz[];
begin
  select s.* into v_settings from tollhouse_private.settings as s for update skip locked;
  if not found then
    return;
  end if;
  -- An old call that is not finished yet still needs its month: without it, its outcome could not be written. The whole queue
  -- is read for it only where a month may have to go, or to be made: each call has its key, so none is older than that.
  if exists (
    select
    from pg_catalog.pg_inherits as i
    join pg_catalog.pg_class as c on c.oid = i.inhrelid and c.relkind = 'r'
    where i.inhparent in (
        'tollhouse_private.llm_api_calls'::regclass, 'tollhouse_private.provider_attempts'::regclass, 'tollhouse_private.call_content'::regclass
      )
      and right(c.relname, 7) collate "C" < to_char(
        (v_now - case i.inhparent when 'tollhouse_private.call_content'::regclass then v_settings.content_retention else v_settings.ledger_retention end)
          at time zone 'UTC', 'YYYY_MM')
  ) or exists (
    select
    from generate_series(
      date_trunc('month', (select rk.created_at from tollhouse_private.request_keys as rk order by rk.created_at limit 1), 'UTC'),
      (select rk.created_at from tollhouse_private.request_keys as rk order by rk.created_at desc limit 1),
      interval '1 month'
    ) as m (month)
    where not tollhouse_private.has_month(m.month)
  ) then
    v_months_in_use := array(select distinct date_trunc('month', j.created_at, 'UTC') from tollhouse_private.jobs as j);
  end if;
  perform tollhouse_private.ensure_partitions(m.month, m.month) from unnest(v_months_in_use) as m (month);
  perform tollhouse_private.ensure_partitions(v_now, v_now + make_interval(months => v_settings.months_ahead));

  -- Last: what it drops is locked, with all that reads or writes the table, until the end of the transaction.
  perform tollhouse_private.drop_old_partitions(v_now, v_months_in_use);
end
$$;
ALTER FUNCTION tollhouse_worker.maintain() OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_worker.maintain() IS 'Hourly housekeeping: creates the months ahead and drops those past their retention. Does nothing while another worker is running it. Call prune next.';
CREATE FUNCTION tollhouse_worker.prune() RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  c_rows constant integer := 10000;
  c_answers constant integer := 1000;
  v_now timestamptz := now();
  v_settings tollhouse_private.settings;
  v_due tid[];
  v_stretch tid[];
  v_gone integer;
  v_more boolean;
begin
  select s.* into v_settings from tollhouse_private.settings as s for update skip locked;
  if not found then
    return false;
  end if;

  delete from tollhouse_private.deliveries as d
  where d.ctid = any (array(select old.ctid from tollhouse_private.deliveries as old where old.expires_at <= v_now limit c_answers));
  get diagnostics v_gone = row_count;
  v_more := v_gone = c_answers;
  -- What is locked is passed over, here and below: record locks several rows, in an order of its own.
  v_due := array(
    select due.ctid from tollhouse_private.response_cache as due
    where due.upkeep_at <= v_now
    order by due.upkeep_at
    limit c_answers for update skip locked
  );
  -- A margin, so that what a guard has just seen fresh is still there when its transaction reads it.
  delete from tollhouse_private.response_cache as rc
  where rc.ctid = any (v_due)
    and case
      when rc.expires_at is null then (
        select true from tollhouse_private.jobs as j where j.tenant_id = rc.tenant_id and j.call_id = rc.call_id
      ) is not true
      else rc.expires_at <= v_now - interval '10 minutes'
    end;
  update tollhouse_private.response_cache as rc
  set upkeep_at = coalesce(rc.expires_at + interval '10 minutes', v_now + interval '1 hour')
  where rc.ctid = any (v_due);
  v_more := v_more or cardinality(v_due) = c_answers;
  -- No index finds what is past its time in the next four: a part of each, and another while there is something in it.
  v_stretch := tollhouse_private.stretch('tollhouse_private.breakers');
  delete from tollhouse_private.breakers as b
  where b.ctid = any (array(
    select healthy.ctid from tollhouse_private.breakers as healthy
    where healthy.ctid >= v_stretch[1] and healthy.ctid < v_stretch[2]
      and healthy.state = 'closed' and healthy.consecutive_failures = 0
    for update skip locked
  ));
  v_more := v_more or found;
  v_stretch := tollhouse_private.stretch('tollhouse_private.hourly_spend');
  delete from tollhouse_private.hourly_spend as hs
  where hs.ctid = any (array(
    select old.ctid from tollhouse_private.hourly_spend as old
    where old.ctid >= v_stretch[1] and old.ctid < v_stretch[2]
      and old.hour < v_now - v_settings.ledger_retention
    for update skip locked
  ));
  v_more := v_more or found;
  v_stretch := tollhouse_private.stretch('tollhouse_private.turns');
  delete from tollhouse_private.turns as tu
  where tu.ctid = any (array(
    select old.ctid from tollhouse_private.turns as old
    where old.ctid >= v_stretch[1] and old.ctid < v_stretch[2]
      and (select true from tollhouse_private.jobs as j where j.tenant_id = old.tenant_id limit 1) is not true
    for update skip locked
  ));
  v_more := v_more or found;
  v_stretch := tollhouse_private.stretch('tollhouse_private.queue_counts');
  delete from tollhouse_private.queue_counts as qc
  where qc.ctid = any (array(
    select old.ctid from tollhouse_private.queue_counts as old
    where old.ctid >= v_stretch[1] and old.ctid < v_stretch[2]
      and (select true from tollhouse_private.jobs as j where j.tenant_id = old.tenant_id limit 1) is not true
    for update skip locked
  ));
  v_more := v_more or found;
  delete from tollhouse_private.model_overruns as mo
  where mo.ctid = any (array(
    select old.ctid from tollhouse_private.model_overruns as old
    where old.day < (v_now at time zone 'UTC')::date - 31
    limit c_rows for update skip locked
  ));
  get diagnostics v_gone = row_count;
  v_more := v_more or v_gone = c_rows;
  delete from tollhouse_private.request_keys as rk
  where rk.ctid = any (array(
    select old.ctid from tollhouse_private.request_keys as old
    where old.created_at < date_trunc('month', v_now - v_settings.ledger_retention, 'UTC')
      and (select true from tollhouse_private.jobs as j where j.tenant_id = old.tenant_id and j.call_id = old.call_id) is not true
    limit c_rows
  ));
  get diagnostics v_gone = row_count;
  return v_more or v_gone = c_rows;
end
$$;
ALTER FUNCTION tollhouse_worker.prune() OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_worker.prune() IS 'Removes a batch of expired rows: answers, keys, hours, healthy breakers, overruns, turns of idle tenants. Returns whether there may be more; if so, call it again in a new transaction.';
CREATE FUNCTION tollhouse_worker.reap() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
declare
  c_most constant integer := 200;
  v_now timestamptz := clock_timestamp();
  v_orphans tollhouse_private.work[];
  v_stretch tid[];
begin
  -- A worker that is claiming holds a key-share lock and is passed over.
  delete from tollhouse_private.workers as w
  using (
    select dead.worker_id
    from tollhouse_private.workers as dead
    where dead.alive_until <= v_now
    for update skip locked
  ) as dead
  where w.worker_id = dead.worker_id;

  -- Who holds calls is found by one probe of the index for each: what the living hold is not read.
  with recursive holder (worker_id) as (
    select (
      select j.worker_id from tollhouse_private.jobs as j where j.state = 'running'
      order by j.worker_id limit 1
    )
    union all
    select (
      select j.worker_id from tollhouse_private.jobs as j where j.state = 'running' and j.worker_id > h.worker_id
      order by j.worker_id limit 1
    )
    from holder as h
    where h.worker_id is not null
  )
  select coalesce(array_agg(orphan.job), '{}') into v_orphans
  from (
    select held.job
    from (
      select h.worker_id
      from holder as h
      where h.worker_id is not null
        and (select true from tollhouse_private.workers as w where w.worker_id = h.worker_id) is not true
      offset 0
    ) as dead
    cross join lateral (
      select tollhouse_private.work_of(j, j.ctid) as job
      from tollhouse_private.jobs as j
      where j.state = 'running' and j.worker_id = dead.worker_id
      order by j.call_id
      limit c_most
      for update skip locked
    ) as held
    limit c_most
  ) as orphan;

  -- A part of these tables each time. By place, so that a plan made for empty tables is none that joins them badly.
  v_stretch := tollhouse_private.stretch('tollhouse_private.provider_windows');
  delete from tollhouse_private.provider_windows as pw
  where pw.ctid = any (array(
    select old.ctid
    from tollhouse_private.provider_windows as old
    join tollhouse_private.providers as p on p.provider = old.provider
    where old.ctid >= v_stretch[1] and old.ctid < v_stretch[2]
      and old.window_start < v_now - p.failure_window
    for update of old skip locked
  ));
  v_stretch := tollhouse_private.stretch('tollhouse_private.cancel_requests');
  delete from tollhouse_private.cancel_requests as cr
  where cr.ctid = any (array(
    select old.ctid
    from tollhouse_private.cancel_requests as old
    where old.ctid >= v_stretch[1] and old.ctid < v_stretch[2]
      and (select true from tollhouse_private.jobs as j where (j.tenant_id, j.call_id) = (old.tenant_id, old.call_id)) is not true
    for update skip locked
  ));

  if cardinality(v_orphans) > 0 then
    perform tollhouse_private.settle(array(
      select row(j, jsonb_populate_record(null::tollhouse_private.attempt_result, jsonb_build_object(
        'tenant_id', j.tenant_id, 'call_id', j.call_id, 'attempt', j.attempts, 'outcome', 'abandoned',
        'error_code', 'abandoned', 'error_message', format('worker %s held it and died', j.worker_id)
      )), null, null, false, null, null, null, null, null, null, null, null, null, null)::tollhouse_private.settlement
      from unnest(v_orphans) as j
    ), v_now);
    perform tollhouse_private.wake_idle_worker();
  end if;
  -- Last, for settle waits for flights.
  perform tollhouse_private.wake_followers();
  perform tollhouse_private.look_after_budget_lines(v_now);
  perform tollhouse_private.wake_stranded() where cardinality(v_orphans) < c_most;
  perform tollhouse_private.bound_times(clock_timestamp());
  return cardinality(v_orphans);
end
$$;
ALTER FUNCTION tollhouse_worker.reap() OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_worker.reap() IS 'Buries workers whose lease is over and books the calls they held as abandoned: charged their reservation, then retried or failed as their endpoint says. Returns how many, two hundred at most: while it is more than none, call it again.';
CREATE FUNCTION tollhouse_worker.record(p_worker_id uuid, p_results jsonb) RETURNS TABLE(booked integer, late integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
declare
  v_now timestamptz := clock_timestamp();
  v_results tollhouse_private.attempt_result[];
  v_held tollhouse_private.settlement[];
  v_late record;
  v_unknown text;
begin
  if p_results is null or jsonb_typeof(p_results) <> 'array' then
    raise exception using
      errcode = 'TH202',
      message = 'results are not a JSON array',
      hint = 'Pass an array of objects, one per ended attempt.';
  end if;
  begin
    v_results := array(select r from jsonb_populate_recordset(null::tollhouse_private.attempt_result, p_results) as r);
  exception
    when data_exception then
      raise exception using
        errcode = 'TH202',
        message = 'unreadable result',
        detail = tollhouse_private.unreadable_result(p_results),
        hint = 'Each result is an object, and each of its fields is of its type in tollhouse_private.attempt_result.';
  end;

  select format('call %s, attempt %s, outcome %s', coalesce(r.call_id::text, 'null'), coalesce(r.attempt::text, 'null'), coalesce(r.outcome, 'null'))
  into v_unknown
  from unnest(v_results) as r
  where r.tenant_id is null or r.call_id is null or r.attempt is null
    or (r.outcome = any (array(select o.outcome from tollhouse_private.attempt_outcomes as o))) is not true
    or (r.outcome = 'success' and coalesce(jsonb_typeof(r.response), 'null') <> 'object')
    or least(r.input_tokens, r.cached_input_tokens, r.output_tokens, r.reasoning_tokens) < 0
    or (r.usage_doubtful is not true and (r.cached_input_tokens > r.input_tokens or r.reasoning_tokens > r.output_tokens))
  limit 1;
  if found then
    raise exception using
      errcode = 'TH202',
      message = 'malformed result',
      detail = v_unknown,
      hint = 'Each result needs tenant_id, call_id, attempt and a known outcome; a success its response; token counts may not be negative, nor parts larger than their total unless usage_doubtful is true.';
  end if;

  -- One result per attempt: the first counts.
  if (select count(distinct r.call_id) from unnest(v_results) as r) < cardinality(v_results) then
    v_results := array(
      select v_results[r.position]
      from (
        select distinct on ((v_results[i]).call_id, (v_results[i]).attempt) i as position
        from generate_subscripts(v_results, 1) as i
        order by (v_results[i]).call_id, (v_results[i]).attempt, i
      ) as r
    );
  end if;

  -- The fence: only the worker and the attempt that hold the job.
  with held as materialized (
    select tollhouse_private.work_of(j, j.ctid) as job
    from tollhouse_private.jobs as j
    where j.state = 'running'
      and j.worker_id = p_worker_id
      and j.call_id = any (array(select r.call_id from unnest(v_results) as r))
    order by j.call_id
    for update
  )
  select coalesce(array_agg(row(
    h.job, r, null, null, false, null, null, null, null, null, null, null, null, null, null
  )::tollhouse_private.settlement), '{}')
  into v_held
  from held as h
  join unnest(v_results) as r on r.tenant_id = (h.job).tenant_id and r.call_id = (h.job).call_id and r.attempt = (h.job).attempts;

  select 0 as booked, '{}'::tollhouse_private.due[] as dues, '{}'::tollhouse_private.overrun[] as overruns into v_late;
  if cardinality(v_held) < cardinality(v_results) then
    select l.* into v_late
    from tollhouse_private.append_late(p_worker_id, array(
      select r from unnest(v_results) as r
      where (r.call_id, r.attempt) not in (select (h.result).call_id, (h.result).attempt from unnest(v_held) as h)
    ), v_now) as l;
  end if;
  if cardinality(v_held) > 0 or v_late.booked > 0 then
    perform tollhouse_private.settle(v_held, v_now, v_late.dues, v_late.overruns);
  end if;
  record.booked := cardinality(v_held);
  record.late := v_late.booked;
  return next;
end
$$;
ALTER FUNCTION tollhouse_worker.record(p_worker_id uuid, p_results jsonb) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_worker.record(p_worker_id uuid, p_results jsonb) IS 'Books how attempts ended: [{tenant_id, call_id, attempt, outcome, …}]. Safe to repeat: what was booked already, or is not held by this worker, changes nothing, except that the late result of an abandoned attempt corrects its charge. Returns how many it booked, and how many late. Raises TH202, and then books nothing.';
CREATE PROCEDURE tollhouse_worker.record_and_claim(IN p_worker_id uuid, IN p_results jsonb, IN p_limit integer, INOUT p_claimed jsonb)
    LANGUAGE plpgsql
    AS $$
begin
  if p_results is not null then
    perform tollhouse_worker.record(p_worker_id, p_results);
    commit;
  end if;
  select coalesce(
    pg_catalog.jsonb_agg(pg_catalog.to_jsonb(c) || pg_catalog.jsonb_build_object('request', c.request::text)),
    '[]'::jsonb
  ) into p_claimed
  from tollhouse_worker.claim(p_worker_id, p_limit) as c;
  commit;
end
$$;
ALTER PROCEDURE tollhouse_worker.record_and_claim(IN p_worker_id uuid, IN p_results jsonb, IN p_limit integer, INOUT p_claimed jsonb) OWNER TO tollhouse_engine;
COMMENT ON PROCEDURE tollhouse_worker.record_and_claim(IN p_worker_id uuid, IN p_results jsonb, IN p_limit integer, INOUT p_claimed jsonb) IS 'record (unless p_results is null), commit, claim, commit, in one round trip: a worker''s only way to claim. p_claimed comes back as the array of claim''s rows, each with its request as text: who reads the array need not be able to read every request. Outside a transaction block only. When claim raises, the results are booked.';
CREATE FUNCTION tollhouse_worker.register(p_worker_id uuid, p_name text, p_capacity integer, p_version text) RETURNS TABLE(lease_ms integer, heartbeat_ms integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  p_name constant text collate "C" := register.p_name;
  p_version constant text collate "C" := register.p_version;
  v_settings tollhouse_private.settings;
begin
  if p_worker_id is null
    or (tollhouse_private.has_visible(p_name) and tollhouse_private.has_visible(p_version)) is not true
    or (p_capacity between 1 and 100000) is not true
  then
    raise exception using errcode = 'TH203', message = 'bad registration',
      detail = format('worker %s, name %L, version %L, capacity %s', coalesce(p_worker_id::text, 'null'),
        left(p_name, 200), left(p_version, 50), coalesce(p_capacity::text, 'null')),
      hint = 'A worker has an id, a name, a version and a capacity of 1 to 100000.';
  end if;
  select s.* into v_settings from tollhouse_private.settings as s;
  -- What it will claim and record needs its month, however long no worker was there to make it.
  perform tollhouse_private.ensure_partitions(now(), now() + make_interval(months => v_settings.months_ahead));

  insert into tollhouse_private.workers (worker_id, name, version, capacity, started_at, alive_until)
  values (p_worker_id, left(p_name, 200), left(p_version, 50), p_capacity, now(), clock_timestamp() + v_settings.lease)
  on conflict do nothing;
  if not found then
    raise exception using errcode = 'TH203', message = 'worker id taken', detail = format('worker %s', p_worker_id),
      hint = 'Register under a new id: an id can''t be reused.';
  end if;

  lease_ms := extract(epoch from v_settings.lease) * 1000;
  heartbeat_ms := extract(epoch from v_settings.lease) * 1000 / 3;
  return next;
end
$$;
ALTER FUNCTION tollhouse_worker.register(p_worker_id uuid, p_name text, p_capacity integer, p_version text) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_worker.register(p_worker_id uuid, p_name text, p_capacity integer, p_version text) IS 'Begins a lease under an id never used before; returns its length and how often to renew it, both in milliseconds. Raises TH203 for a bad registration, and for an id that is taken.';
CREATE FUNCTION tollhouse_worker.set_idle(p_worker_id uuid, p_idle boolean) RETURNS integer
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
  update tollhouse_private.workers as w
  set idle = p_idle
  where w.worker_id = p_worker_id
    and w.idle <> p_idle;
  select tollhouse_private.wake_followers();
  select tollhouse_private.look_after_budget_lines(statement_timestamp());

  select coalesce(
    -- Due, and nobody's: what is locked would have the worker look in vain, again and again.
    (
      select 0
      from tollhouse_private.jobs as j
      where j.state = 'scheduled'
        and j.run_at <= statement_timestamp()
      order by j.run_at
      limit 1
      for update skip locked
    ),
    (
      select ceil(extract(epoch from j.run_at - statement_timestamp()) * 1000)::integer
      from tollhouse_private.jobs as j
      where j.state = 'scheduled'
        and j.run_at > statement_timestamp()
        and j.run_at < statement_timestamp() + interval '1 day'
      order by j.run_at
      limit 1
    )
  )
$$;
ALTER FUNCTION tollhouse_worker.set_idle(p_worker_id uuid, p_idle boolean) OWNER TO tollhouse_engine;
COMMENT ON FUNCTION tollhouse_worker.set_idle(p_worker_id uuid, p_idle boolean) IS 'Says that the worker is about to sleep and wants tollhouse_wake. It must claim once more after this is committed. Returns in how many milliseconds the next scheduled call is due, null if none is within a day; what is due and locked by somebody else does not count.';
CREATE VIEW tollhouse.breakers WITH (security_invoker='true') AS
 SELECT tenant_id,
    user_id,
    provider,
    state,
    consecutive_failures,
    opened_at,
    open_until,
    reason
   FROM tollhouse_private.breakers;
ALTER VIEW tollhouse.breakers OWNER TO tollhouse_owner;
COMMENT ON VIEW tollhouse.breakers IS 'Breakers per user and provider; no row means closed.';
CREATE TABLE tollhouse_private.hourly_spend (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    user_id text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    hour timestamp with time zone NOT NULL,
    calls bigint DEFAULT 0 NOT NULL,
    spent_micro_usd bigint DEFAULT 0 NOT NULL,
    tripped_at_micro_usd bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='70');
ALTER TABLE ONLY tollhouse_private.hourly_spend FORCE ROW LEVEL SECURITY;
ALTER TABLE tollhouse_private.hourly_spend OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.hourly_spend IS 'Calls and spend per hour, of a tenant as a whole (user_id empty) and of each user.';
COMMENT ON COLUMN tollhouse_private.hourly_spend.calls IS 'Attempts that ended in the hour.';
COMMENT ON COLUMN tollhouse_private.hourly_spend.tripped_at_micro_usd IS 'Spend at the last automatic shutoff of the hour; the next one takes another full threshold.';
CREATE TABLE tollhouse_private.monthly_budgets (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    user_id text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    month date NOT NULL,
    cap_micro_usd bigint,
    reserved_micro_usd bigint DEFAULT 0 NOT NULL,
    spent_micro_usd bigint DEFAULT 0 NOT NULL,
    line_at timestamp with time zone,
    line_user_id text COLLATE pg_catalog."C",
    CONSTRAINT monthly_budgets_cap_check CHECK ((cap_micro_usd >= 0)),
    CONSTRAINT monthly_budgets_month_check CHECK ((EXTRACT(day FROM month) = (1)::numeric)),
    CONSTRAINT monthly_budgets_reserved_check CHECK ((reserved_micro_usd >= 0))
)
WITH (fillfactor='50', autovacuum_vacuum_threshold='100', autovacuum_vacuum_scale_factor='0.1');
ALTER TABLE ONLY tollhouse_private.monthly_budgets FORCE ROW LEVEL SECURITY;
ALTER TABLE tollhouse_private.monthly_budgets OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.monthly_budgets IS 'What a tenant (user_id empty) and each user may spend in a month (UTC), holds reserved and has spent, in micro-USD.';
COMMENT ON COLUMN tollhouse_private.monthly_budgets.cap_micro_usd IS 'Null: no cap. No admission makes spent + reserved exceed it.';
COMMENT ON COLUMN tollhouse_private.monthly_budgets.line_at IS 'When the line of calls that wait for room under this cap was last looked at; null: there is none. Moved every five seconds at most: it is indexed.';
COMMENT ON COLUMN tollhouse_private.monthly_budgets.line_user_id IS 'The user whose call was called up last from the line of a tenant: the next one''s turn is next.';
CREATE VIEW tollhouse.budget_burn WITH (security_invoker='true') AS
 SELECT mb.tenant_id,
    mb.user_id,
    round(((mb.cap_micro_usd)::numeric / 1000000.0), 6) AS cap_usd,
    round(((mb.spent_micro_usd)::numeric / 1000000.0), 6) AS spent_usd,
    round(((mb.reserved_micro_usd)::numeric / 1000000.0), 6) AS reserved_usd,
    round(((100.0 * ((mb.spent_micro_usd + mb.reserved_micro_usd))::numeric) / (NULLIF(mb.cap_micro_usd, 0))::numeric), 1) AS used_percent,
    round(((100)::numeric * ((1)::numeric - (clock.days_left / clock.days))), 1) AS month_elapsed_percent,
    round((burn.micro_usd / 1000000.0), 6) AS last_24h_usd,
    round((((mb.spent_micro_usd)::numeric + (burn.micro_usd * clock.days_left)) / 1000000.0), 6) AS projected_usd,
        CASE
            WHEN ((mb.spent_micro_usd + mb.reserved_micro_usd) >= mb.cap_micro_usd) THEN now()
            WHEN (((mb.spent_micro_usd)::numeric + (burn.micro_usd * clock.days_left)) >= (mb.cap_micro_usd)::numeric) THEN (now() + ((((mb.cap_micro_usd - mb.spent_micro_usd))::double precision / (burn.micro_usd)::double precision) * '1 day'::interval))
            ELSE NULL::timestamp with time zone
        END AS cap_reached_at
   FROM ((tollhouse_private.monthly_budgets mb
     CROSS JOIN LATERAL ( SELECT (EXTRACT(epoch FROM (t.ends - t.begins)) / (86400)::numeric) AS days,
            (EXTRACT(epoch FROM (t.ends - now())) / (86400)::numeric) AS days_left
           FROM ( SELECT date_trunc('month'::text, now(), 'UTC'::text) AS begins,
                    ((date_trunc('month'::text, (now() AT TIME ZONE 'UTC'::text)) + '1 mon'::interval) AT TIME ZONE 'UTC'::text) AS ends) t) clock)
     CROSS JOIN LATERAL ( SELECT COALESCE(sum(hs.spent_micro_usd), (0)::numeric) AS micro_usd
           FROM tollhouse_private.hourly_spend hs
          WHERE ((hs.tenant_id = mb.tenant_id) AND (hs.user_id = mb.user_id) AND (hs.hour > (now() - '24:00:00'::interval)))) burn)
  WHERE (mb.month = (date_trunc('month'::text, (now() AT TIME ZONE 'UTC'::text)))::date);
ALTER VIEW tollhouse.budget_burn OWNER TO tollhouse_owner;
COMMENT ON VIEW tollhouse.budget_burn IS 'The current month (UTC) against its cap. projected_usd extrapolates the last 24 hours; cap_reached_at is when spend will reach the cap at that rate, null if not this month or without a cap.';
CREATE TABLE tollhouse_private.budget_optimization_jobs (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    call_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    user_id text NOT NULL COLLATE pg_catalog."C",
    objective text COLLATE pg_catalog."C",
    recommendation jsonb,
    CONSTRAINT budget_optimization_jobs_recommendation_check CHECK (((objective IS NULL) = (recommendation IS NULL)))
);
ALTER TABLE ONLY tollhouse_private.budget_optimization_jobs FORCE ROW LEVEL SECURITY;
ALTER TABLE tollhouse_private.budget_optimization_jobs OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.budget_optimization_jobs IS 'One row per successful call of the endpoint budget_optimization; objective and recommendation are null where nothing of them may be kept.';
COMMENT ON COLUMN tollhouse_private.budget_optimization_jobs.recommendation IS 'The answer if it is JSON, else {"text": the answer}.';
CREATE VIEW tollhouse.budget_optimization_jobs WITH (security_invoker='true') AS
 SELECT tenant_id,
    call_id,
    created_at,
    user_id,
    objective,
    recommendation
   FROM tollhouse_private.budget_optimization_jobs;
ALTER VIEW tollhouse.budget_optimization_jobs OWNER TO tollhouse_owner;
COMMENT ON VIEW tollhouse.budget_optimization_jobs IS 'Recommendations of the endpoint budget_optimization.';
CREATE VIEW tollhouse.cache_hit_rate WITH (security_invoker='true') AS
 SELECT ((d.begins AT TIME ZONE 'UTC'::text))::date AS day,
    c.tenant_id,
    c.endpoint,
    c.answers,
    c.cached,
    round(((100.0 * (c.cached)::numeric) / (c.answers)::numeric), 1) AS hit_percent
   FROM (generate_series((date_trunc('day'::text, now(), 'UTC'::text) - '144:00:00'::interval), date_trunc('day'::text, now(), 'UTC'::text), '24:00:00'::interval) d(begins)
     CROSS JOIN LATERAL ( SELECT c_1.tenant_id,
            c_1.endpoint,
            count(*) AS answers,
            count(*) FILTER (WHERE c_1.was_cached) AS cached
           FROM tollhouse_private.llm_api_calls c_1
          WHERE ((c_1.created_at >= d.begins) AND (c_1.created_at < (d.begins + '24:00:00'::interval)) AND (c_1.status = 'success'::text))
          GROUP BY c_1.tenant_id, c_1.endpoint) c);
ALTER VIEW tollhouse.cache_hit_rate OWNER TO tollhouse_owner;
COMMENT ON VIEW tollhouse.cache_hit_rate IS 'Answered calls of the last seven days (UTC, by creation), and how many were free: answered from the cache or by coalescing.';
CREATE TABLE tollhouse_private.call_content (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    call_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    user_id text NOT NULL COLLATE pg_catalog."C",
    request jsonb,
    response jsonb,
    reasoning text COLLATE pg_catalog."C",
    metadata jsonb
)
PARTITION BY RANGE (created_at);
ALTER TABLE ONLY tollhouse_private.call_content FORCE ROW LEVEL SECURITY;
ALTER TABLE tollhouse_private.call_content OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.call_content IS 'Requests and responses, as far as the capture policy allows. Months are dropped without touching the ledger.';
COMMENT ON COLUMN tollhouse_private.call_content.metadata IS 'Metadata from the caller (client) and from the provider (provider).';
CREATE VIEW tollhouse.call_content WITH (security_invoker='true') AS
 SELECT tenant_id,
    call_id,
    created_at,
    user_id,
    request,
    response,
    reasoning,
    metadata
   FROM tollhouse_private.call_content;
ALTER VIEW tollhouse.call_content OWNER TO tollhouse_owner;
COMMENT ON VIEW tollhouse.call_content IS 'Requests and responses, as far as they are kept.';
CREATE VIEW tollhouse.distillation_samples WITH (security_invoker='true', security_barrier='true') AS
 SELECT c.tenant_id,
    c.user_id,
    c.call_id,
    c.created_at,
    c.endpoint,
    c.provider,
    c.model,
    (COALESCE((cc.request -> 'messages'::text), jsonb_build_array(jsonb_build_object('role', 'user', 'content', (cc.request -> 'prompt'::text)))) || jsonb_build_array(jsonb_strip_nulls(jsonb_build_object('role', 'assistant', 'content', (cc.response -> 'content'::text), 'tool_calls', (cc.response -> 'tool_calls'::text))))) AS messages,
    cc.request,
    cc.response,
    cc.reasoning,
    cc.metadata,
    c.input_tokens,
    c.output_tokens,
    c.reasoning_tokens
   FROM (tollhouse_private.llm_api_calls c
     JOIN tollhouse_private.call_content cc ON (((cc.tenant_id = c.tenant_id) AND (cc.call_id = c.content_ref) AND (cc.created_at = c.created_at))))
  WHERE ((c.status = 'success'::text) AND c.provider_attempted AND (NOT c.was_cached) AND (cc.response IS NOT NULL));
ALTER VIEW tollhouse.distillation_samples OWNER TO tollhouse_owner;
COMMENT ON VIEW tollhouse.distillation_samples IS 'Provider answers that may be kept, with their requests. messages is one line of a fine-tuning file (OpenAI''s chat format).';
CREATE TABLE tollhouse_private.hourly_shutoffs (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    user_id text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    threshold_micro_usd bigint,
    cooldown interval,
    disabled_until timestamp with time zone,
    mode text COLLATE pg_catalog."C",
    reason text COLLATE pg_catalog."C",
    CONSTRAINT hourly_shutoffs_cooldown_check CHECK (((cooldown > '00:00:00'::interval) AND (cooldown <= '366 days'::interval))),
    CONSTRAINT hourly_shutoffs_mode_check CHECK (((mode = ANY (ARRAY['manual'::text, 'automatic'::text])) AND ((mode IS NULL) = (disabled_until IS NULL)))),
    CONSTRAINT hourly_shutoffs_threshold_check CHECK ((threshold_micro_usd > 0))
);
ALTER TABLE ONLY tollhouse_private.hourly_shutoffs FORCE ROW LEVEL SECURITY;
ALTER TABLE tollhouse_private.hourly_shutoffs OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.hourly_shutoffs IS 'Hourly spend threshold of a tenant (user_id empty) or user, and its current shutoff.';
COMMENT ON COLUMN tollhouse_private.hourly_shutoffs.threshold_micro_usd IS 'Spend in one hour that triggers a shutoff, in micro-USD; null: never automatic.';
COMMENT ON COLUMN tollhouse_private.hourly_shutoffs.cooldown IS 'How long an automatic shutoff lasts; null: until the hour is over.';
CREATE VIEW tollhouse.guard_state WITH (security_invoker='true') AS
 SELECT 'kill_switch'::text AS guard,
    ks.scope,
    ks.tenant_id,
        CASE
            WHEN (ks.scope = 'user'::text) THEN ks.target
            ELSE ''::text
        END AS user_id,
    ks.target,
    true AS stops_calls,
    'on'::text AS state,
    ks.set_at AS since,
    NULL::timestamp with time zone AS until,
    ks.reason
   FROM tollhouse_private.kill_switches ks
UNION ALL
 SELECT 'hourly_shutoff'::text AS guard,
        CASE
            WHEN (so.user_id = ''::text) THEN 'tenant'::text
            ELSE 'user'::text
        END AS scope,
    so.tenant_id,
    so.user_id,
    ''::text AS target,
    act.ive AS stops_calls,
        CASE
            WHEN act.ive THEN ('shut off, '::text || so.mode)
            ELSE 'armed'::text
        END AS state,
    NULL::timestamp with time zone AS since,
        CASE
            WHEN act.ive THEN so.disabled_until
            ELSE NULL::timestamp with time zone
        END AS until,
        CASE
            WHEN act.ive THEN so.reason
            ELSE format('spent %s of %s USD in this hour'::text, round(((COALESCE(hs.spent_micro_usd, (0)::bigint))::numeric / 1000000.0), 2), COALESCE((round(((so.threshold_micro_usd)::numeric / 1000000.0), 2))::text, 'unlimited'::text))
        END AS reason
   FROM ((tollhouse_private.hourly_shutoffs so
     CROSS JOIN LATERAL ( SELECT COALESCE((so.disabled_until > now()), false) AS ive) act)
     LEFT JOIN tollhouse_private.hourly_spend hs ON (((hs.tenant_id = so.tenant_id) AND (hs.user_id = so.user_id) AND (hs.hour = date_trunc('hour'::text, now(), 'UTC'::text)))))
UNION ALL
 SELECT 'breaker'::text AS guard,
    'user'::text AS scope,
    b.tenant_id,
    b.user_id,
    b.provider AS target,
    ((b.state = 'half_open'::text) OR ((b.state = 'open'::text) AND (b.open_until > now()))) AS stops_calls,
    b.state,
    b.opened_at AS since,
    b.open_until AS until,
    COALESCE(b.reason, format('%s consecutive failures'::text, b.consecutive_failures)) AS reason
   FROM tollhouse_private.breakers b;
ALTER VIEW tollhouse.guard_state OWNER TO tollhouse_owner;
COMMENT ON VIEW tollhouse.guard_state IS 'Current kill switches, hourly shutoffs and breakers. stops_calls: no matching call passes now (except the one probe of a half-open breaker).';
CREATE VIEW tollhouse.hourly_shutoffs WITH (security_invoker='true') AS
 SELECT tenant_id,
    user_id,
    threshold_micro_usd,
    cooldown,
    disabled_until,
    mode,
    reason
   FROM tollhouse_private.hourly_shutoffs;
ALTER VIEW tollhouse.hourly_shutoffs OWNER TO tollhouse_owner;
COMMENT ON VIEW tollhouse.hourly_shutoffs IS 'Hourly thresholds, and when a shutoff ends.';
CREATE VIEW tollhouse.hourly_spend WITH (security_invoker='true') AS
 SELECT tenant_id,
    user_id,
    hour,
    calls,
    spent_micro_usd
   FROM tollhouse_private.hourly_spend;
ALTER VIEW tollhouse.hourly_spend OWNER TO tollhouse_owner;
COMMENT ON VIEW tollhouse.hourly_spend IS 'Attempts and spend per hour; an empty user_id is the tenant as a whole, visible to its administrator.';
CREATE TABLE tollhouse_private.investigations (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    call_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    user_id text NOT NULL COLLATE pg_catalog."C",
    question text COLLATE pg_catalog."C",
    findings text COLLATE pg_catalog."C",
    CONSTRAINT investigations_findings_check CHECK (((question IS NULL) = (findings IS NULL)))
);
ALTER TABLE ONLY tollhouse_private.investigations FORCE ROW LEVEL SECURITY;
ALTER TABLE tollhouse_private.investigations OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.investigations IS 'One row per successful call of the endpoint investigation; question and findings are null where nothing of them may be kept.';
CREATE VIEW tollhouse.investigations WITH (security_invoker='true') AS
 SELECT tenant_id,
    call_id,
    created_at,
    user_id,
    question,
    findings
   FROM tollhouse_private.investigations;
ALTER VIEW tollhouse.investigations OWNER TO tollhouse_owner;
COMMENT ON VIEW tollhouse.investigations IS 'Findings of the endpoint investigation.';
CREATE TABLE tollhouse_private.cancel_requests (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    call_id uuid NOT NULL,
    user_id text NOT NULL COLLATE pg_catalog."C",
    id uuid DEFAULT gen_random_uuid() NOT NULL
);
ALTER TABLE ONLY tollhouse_private.cancel_requests FORCE ROW LEVEL SECURITY;
ALTER TABLE tollhouse_private.cancel_requests OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.cancel_requests IS 'Calls that were in a worker''s hands, or without a month in the ledger, when their client cancelled them: aborted in flight, and not tried again. There may be several of a call: its user and an administrator who both ask must not wait for each other''s transactions.';
CREATE VIEW tollhouse.jobs WITH (security_invoker='true') AS
 SELECT tenant_id,
    user_id,
    call_id,
    created_at,
    endpoint,
    request_id,
    state,
    run_at,
    waits_for,
    (attempts - unsent) AS attempts,
    provider,
    model,
    started_at,
    reserved_micro_usd,
    spent_micro_usd,
    (EXISTS ( SELECT
           FROM tollhouse_private.cancel_requests cr
          WHERE ((cr.tenant_id = j.tenant_id) AND (cr.call_id = j.call_id)))) AS cancel_requested,
    error_code,
    error_message,
        CASE
            WHEN tollhouse_private.keeps_content(tenant_id, endpoint) THEN request
            ELSE NULL::jsonb
        END AS request
   FROM tollhouse_private.jobs j;
ALTER VIEW tollhouse.jobs OWNER TO tollhouse_owner;
COMMENT ON VIEW tollhouse.jobs IS 'Unfinished calls. request is null unless tenant and endpoint allow it to be kept.';
CREATE VIEW tollhouse.kill_switches WITH (security_invoker='true') AS
 SELECT scope,
    tenant_id,
    target,
    reason,
    set_at
   FROM tollhouse_private.kill_switches;
ALTER VIEW tollhouse.kill_switches OWNER TO tollhouse_owner;
COMMENT ON VIEW tollhouse.kill_switches IS 'Kill switches in force, and why.';
CREATE VIEW tollhouse.llm_api_calls WITH (security_invoker='true') AS
 SELECT tenant_id,
    call_id,
    created_at,
    finished_at,
    user_id,
    endpoint,
    request_id,
    fingerprint,
    status,
    blocked_reason,
    was_cached,
    was_coalesced,
    provider_attempted,
    attempts,
    provider,
    model,
    input_tokens,
    cached_input_tokens,
    output_tokens,
    reasoning_tokens,
    cost_micro_usd,
    cost_basis,
    saved_micro_usd,
    refused_micro_usd,
    latency_ms,
    error_code,
    error_message,
    content_ref,
    reasoning_ref,
    metadata_ref
   FROM tollhouse_private.llm_api_calls;
ALTER VIEW tollhouse.llm_api_calls OWNER TO tollhouse_owner;
COMMENT ON VIEW tollhouse.llm_api_calls IS 'The ledger: one row per finished call.';
CREATE VIEW tollhouse.monthly_budgets WITH (security_invoker='true') AS
 SELECT tenant_id,
    user_id,
    month,
    cap_micro_usd,
    reserved_micro_usd,
    spent_micro_usd,
    ((cap_micro_usd - reserved_micro_usd) - spent_micro_usd) AS left_micro_usd,
    round(((spent_micro_usd)::numeric / 1000000.0), 2) AS spent_usd
   FROM tollhouse_private.monthly_budgets;
ALTER VIEW tollhouse.monthly_budgets OWNER TO tollhouse_owner;
COMMENT ON VIEW tollhouse.monthly_budgets IS 'Caps, reservations and spend per month; an empty user_id is the tenant as a whole, visible to its administrator.';
CREATE VIEW tollhouse.monthly_spend WITH (security_invoker='true') AS
 SELECT mb.month,
    mb.tenant_id,
    mb.user_id,
    round(((mb.spent_micro_usd)::numeric / 1000000.0), 6) AS spent_usd,
    round(((mb.reserved_micro_usd)::numeric / 1000000.0), 6) AS reserved_usd,
    round(((before.spent_micro_usd)::numeric / 1000000.0), 6) AS month_before_usd,
    round(((100.0 * ((mb.spent_micro_usd - before.spent_micro_usd))::numeric) / (NULLIF(before.spent_micro_usd, 0))::numeric), 1) AS change_percent
   FROM (tollhouse_private.monthly_budgets mb
     LEFT JOIN tollhouse_private.monthly_budgets before ON (((before.tenant_id = mb.tenant_id) AND (before.user_id = mb.user_id) AND (before.month = ((mb.month - '1 mon'::interval))::date))))
  WHERE (mb.month >= ((date_trunc('month'::text, (now() AT TIME ZONE 'UTC'::text)) - '11 mons'::interval))::date);
ALTER VIEW tollhouse.monthly_spend OWNER TO tollhouse_owner;
COMMENT ON VIEW tollhouse.monthly_spend IS 'Spend of each tenant (user_id empty) and user in each of the last twelve months (UTC), including corrections from late results.';
CREATE TABLE tollhouse_private.provider_attempts (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    call_id uuid NOT NULL,
    attempt integer NOT NULL,
    late boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone NOT NULL,
    user_id text NOT NULL COLLATE pg_catalog."C",
    endpoint text NOT NULL COLLATE pg_catalog."C",
    provider text NOT NULL COLLATE pg_catalog."C",
    model text NOT NULL COLLATE pg_catalog."C",
    worker_id uuid NOT NULL,
    outcome text NOT NULL COLLATE pg_catalog."C",
    sent boolean NOT NULL,
    http_status integer,
    error_code text COLLATE pg_catalog."C",
    error_message text COLLATE pg_catalog."C",
    provider_request_id text COLLATE pg_catalog."C",
    input_tokens integer,
    cached_input_tokens integer,
    output_tokens integer,
    reasoning_tokens integer,
    cost_micro_usd bigint NOT NULL,
    cost_basis text NOT NULL COLLATE pg_catalog."C",
    budget_month date NOT NULL,
    latency_ms integer,
    CONSTRAINT provider_attempts_cost_basis_check CHECK ((cost_basis = ANY (ARRAY['none'::text, 'usage'::text, 'reservation'::text]))),
    CONSTRAINT provider_attempts_cost_check CHECK ((late OR (cost_micro_usd >= 0)))
)
PARTITION BY RANGE (created_at);
ALTER TABLE ONLY tollhouse_private.provider_attempts FORCE ROW LEVEL SECURITY;
ALTER TABLE tollhouse_private.provider_attempts OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.provider_attempts IS 'One append-only row per billable HTTP attempt. The sum of cost_micro_usd is the bill.';
COMMENT ON COLUMN tollhouse_private.provider_attempts.late IS 'The result arrived after the attempt had been given up (outcome abandoned, charged its reservation): this row holds the difference from the true cost, which may be negative.';
COMMENT ON COLUMN tollhouse_private.provider_attempts.created_at IS 'created_at of the call.';
COMMENT ON COLUMN tollhouse_private.provider_attempts.sent IS 'Whether the request may have reached the provider.';
COMMENT ON COLUMN tollhouse_private.provider_attempts.budget_month IS 'The month of the budget that paid.';
CREATE VIEW tollhouse.provider_attempts WITH (security_invoker='true') AS
 SELECT tenant_id,
    call_id,
    attempt,
    late,
    created_at,
    started_at,
    finished_at,
    user_id,
    endpoint,
    provider,
    model,
    worker_id,
    outcome,
    sent,
    http_status,
    error_code,
    error_message,
    provider_request_id,
    input_tokens,
    cached_input_tokens,
    output_tokens,
    reasoning_tokens,
    cost_micro_usd,
    cost_basis,
    budget_month,
    latency_ms
   FROM tollhouse_private.provider_attempts;
ALTER VIEW tollhouse.provider_attempts OWNER TO tollhouse_owner;
COMMENT ON VIEW tollhouse.provider_attempts IS 'One row per billable HTTP attempt.';
CREATE VIEW tollhouse.provider_performance WITH (security_invoker='true') AS
 SELECT provider,
    model,
    endpoint,
    count(*) FILTER (WHERE (NOT late)) AS attempts,
    round(((100.0 * (count(*) FILTER (WHERE ((outcome = 'success'::text) AND (NOT late))))::numeric) / (NULLIF(count(*) FILTER (WHERE (NOT late)), 0))::numeric), 1) AS success_percent,
    round((sum(cost_micro_usd) / 1000000.0), 6) AS cost_usd,
    round(((sum(cost_micro_usd) / 1000000.0) / (NULLIF(count(*) FILTER (WHERE (outcome = 'success'::text)), 0))::numeric), 6) AS cost_per_answer_usd,
    sum(input_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens,
    round(percentile_cont((0.5)::double precision) WITHIN GROUP (ORDER BY ((latency_ms)::double precision)) FILTER (WHERE (outcome = 'success'::text))) AS p50_ms,
    round(percentile_cont((0.95)::double precision) WITHIN GROUP (ORDER BY ((latency_ms)::double precision)) FILTER (WHERE (outcome = 'success'::text))) AS p95_ms,
    round(percentile_cont((0.99)::double precision) WITHIN GROUP (ORDER BY ((latency_ms)::double precision)) FILTER (WHERE (outcome = 'success'::text))) AS p99_ms,
    max(latency_ms) FILTER (WHERE (outcome = 'success'::text)) AS max_ms
   FROM tollhouse_private.provider_attempts pa
  WHERE (created_at >= (now() - '24:00:00'::interval))
  GROUP BY provider, model, endpoint;
ALTER VIEW tollhouse.provider_performance OWNER TO tollhouse_owner;
COMMENT ON VIEW tollhouse.provider_performance IS 'Attempts of the last 24 hours'' calls: their cost and latency. Tenants see their own, operators all.';
CREATE VIEW tollhouse.queue_depth WITH (security_invoker='true') AS
 SELECT tenant_id,
    count(*) FILTER (WHERE (state = 'queued'::text)) AS queued,
    count(*) FILTER (WHERE (state = 'scheduled'::text)) AS scheduled,
    count(*) FILTER (WHERE ((state = 'scheduled'::text) AND (waits_for = 'budget'::text))) AS waiting_for_budget,
    count(*) FILTER (WHERE (state = 'coalesced'::text)) AS coalesced,
    count(*) FILTER (WHERE (state = 'running'::text)) AS running,
    round(EXTRACT(epoch FROM (now() - min(run_at) FILTER (WHERE ((state = 'queued'::text) OR ((state = 'scheduled'::text) AND (run_at <= now())))))), 1) AS oldest_waiting_seconds,
    round(EXTRACT(epoch FROM (now() - min(created_at) FILTER (WHERE (waits_for IS DISTINCT FROM 'run_at'::text)))), 1) AS oldest_call_seconds,
    round((sum(reserved_micro_usd) / 1000000.0), 6) AS reserved_usd
   FROM tollhouse_private.jobs j
  GROUP BY tenant_id;
ALTER VIEW tollhouse.queue_depth OWNER TO tollhouse_owner;
COMMENT ON VIEW tollhouse.queue_depth IS 'Unfinished calls per tenant. waiting_for_budget: scheduled calls waiting for reservations of calls in flight to settle. oldest_waiting_seconds: how long the oldest claimable call has been waiting. oldest_call_seconds: age of the oldest call, including retried calls but not those scheduled for later by their caller.';
CREATE VIEW tollhouse.refusals WITH (security_invoker='true') AS
 SELECT tollhouse_private.refusing_guard(blocked_reason) AS guard,
    blocked_reason,
    tenant_id,
    endpoint,
    count(*) AS calls,
    count(*) FILTER (WHERE (finished_at >= (now() - '01:00:00'::interval))) AS last_hour,
    count(*) FILTER (WHERE provider_attempted) AS after_attempts,
    round((sum(cost_micro_usd) / 1000000.0), 6) AS cost_usd,
    count(DISTINCT user_id) AS users,
    max(finished_at) AS last_at
   FROM tollhouse_private.llm_api_calls c
  WHERE ((created_at >= (now() - '24:00:00'::interval)) AND (status = 'blocked'::text))
  GROUP BY blocked_reason, tenant_id, endpoint;
ALTER VIEW tollhouse.refusals OWNER TO tollhouse_owner;
COMMENT ON VIEW tollhouse.refusals IS 'Calls of the last 24 hours (by creation) that a guard refused. after_attempts: of these, aborted in flight by a kill switch, or refused a further attempt. cost_usd: cost of those attempts.';
CREATE VIEW tollhouse.retries WITH (security_invoker='true') AS
 SELECT tenant_id,
    provider,
    model,
    count(*) FILTER (WHERE (NOT late)) AS attempts,
    count(*) FILTER (WHERE again) AS retries,
    count(*) FILTER (WHERE ((outcome <> 'success'::text) AND (NOT late))) AS without_answer,
    count(*) FILTER (WHERE (outcome = 'abandoned'::text)) AS abandoned,
    count(*) FILTER (WHERE late) AS late,
    round((COALESCE(sum(cost_micro_usd) FILTER (WHERE ((outcome <> 'success'::text) AND (NOT late))), (0)::numeric) / 1000000.0), 6) AS charged_without_answer_usd,
    round((COALESCE(sum(cost_micro_usd) FILTER (WHERE late), (0)::numeric) / 1000000.0), 6) AS corrected_by_late_usd
   FROM ( SELECT pa.tenant_id,
            pa.provider,
            pa.model,
            pa.late,
            pa.outcome,
            pa.cost_micro_usd,
            ((NOT pa.late) AND (pa.attempt > 1) AND (EXISTS ( SELECT
                   FROM tollhouse_private.provider_attempts before
                  WHERE ((before.tenant_id = pa.tenant_id) AND (before.call_id = pa.call_id) AND (before.created_at = pa.created_at) AND (before.attempt < pa.attempt))))) AS again
           FROM tollhouse_private.provider_attempts pa
          WHERE (pa.created_at >= (now() - '24:00:00'::interval))) a
  GROUP BY tenant_id, provider, model;
ALTER VIEW tollhouse.retries OWNER TO tollhouse_owner;
COMMENT ON VIEW tollhouse.retries IS 'Attempts of the last 24 hours'' calls that were retries, got no answer, were abandoned because their worker died, or whose result arrived after that (late).';
CREATE VIEW tollhouse.savings WITH (security_invoker='true') AS
 SELECT tenant_id,
    endpoint,
    model,
    count(*) FILTER (WHERE (NOT was_coalesced)) AS cached,
    round((COALESCE(sum(saved_micro_usd) FILTER (WHERE (NOT was_coalesced)), (0)::numeric) / 1000000.0), 6) AS cache_saved_usd,
    count(*) FILTER (WHERE was_coalesced) AS coalesced,
    round((COALESCE(sum(saved_micro_usd) FILTER (WHERE was_coalesced), (0)::numeric) / 1000000.0), 6) AS coalescing_saved_usd,
    round((COALESCE(sum(saved_micro_usd), (0)::numeric) / 1000000.0), 6) AS saved_usd
   FROM tollhouse_private.llm_api_calls c
  WHERE ((created_at >= date_trunc('month'::text, now(), 'UTC'::text)) AND was_cached)
  GROUP BY tenant_id, endpoint, model;
ALTER VIEW tollhouse.savings OWNER TO tollhouse_owner;
COMMENT ON VIEW tollhouse.savings IS 'Savings in the current month (UTC): each call answered from the cache, or with the answer of an identical call in flight, saved what that answer originally cost.';
CREATE VIEW tollhouse_ops.attempts WITH (security_invoker='true') AS
 SELECT tenant_id,
    call_id,
    attempt,
    late,
    created_at,
    started_at,
    finished_at,
    user_id,
    endpoint,
    provider,
    model,
    worker_id,
    outcome,
    sent,
    http_status,
    error_code,
    input_tokens,
    cached_input_tokens,
    output_tokens,
    reasoning_tokens,
    cost_micro_usd,
    cost_basis,
    budget_month,
    latency_ms
   FROM tollhouse_private.provider_attempts;
ALTER VIEW tollhouse_ops.attempts OWNER TO tollhouse_engine;
COMMENT ON VIEW tollhouse_ops.attempts IS 'Attempts as far as monitoring may read them: numbers and names.';
CREATE VIEW tollhouse_ops.snapshot_holders WITH (security_invoker='true') AS
 SELECT kind,
    holder,
    user_name,
    application,
    state,
    since,
    round(EXTRACT(epoch FROM (clock_timestamp() - since)), 1) AS seconds,
    transactions
   FROM ( SELECT
                CASE
                    WHEN (sr.pid IS NULL) THEN 'session'::text
                    ELSE 'standby'::text
                END AS kind,
            (sa.pid)::text AS holder,
            (sa.usename)::text AS user_name,
            sa.application_name AS application,
            sa.state,
            COALESCE(sa.xact_start,
                CASE
                    WHEN (sr.pid IS NOT NULL) THEN sa.backend_start
                    ELSE NULL::timestamp with time zone
                END) AS since,
            GREATEST(age(sa.backend_xmin), age(sa.backend_xid)) AS transactions
           FROM (pg_stat_activity sa
             LEFT JOIN pg_stat_replication sr ON ((sr.pid = sa.pid)))
          WHERE ((sa.pid <> pg_backend_pid()) AND ((sa.datname = current_database()) OR (sr.pid IS NOT NULL)) AND (NOT (EXISTS ( SELECT
                   FROM pg_stat_progress_vacuum pv
                  WHERE (pv.pid = sa.pid)))))
        UNION ALL
         SELECT 'prepared'::text,
            px.gid,
            (px.owner)::text AS owner,
            ''::text,
            'prepared'::text,
            px.prepared,
            age(px.transaction) AS age
           FROM pg_prepared_xacts px
          WHERE (px.database = current_database())
        UNION ALL
         SELECT 'slot'::text,
            (rs.slot_name)::text AS slot_name,
            COALESCE((sr.usename)::text, ''::text) AS "coalesce",
            COALESCE(sr.application_name, ''::text) AS "coalesce",
                CASE
                    WHEN rs.active THEN 'active'::text
                    ELSE 'inactive'::text
                END AS "case",
            NULL::timestamp with time zone,
            age(rs.xmin) AS age
           FROM (pg_replication_slots rs
             LEFT JOIN pg_stat_replication sr ON ((sr.pid = rs.active_pid)))) h
  WHERE (transactions IS NOT NULL);
ALTER VIEW tollhouse_ops.snapshot_holders OWNER TO tollhouse_engine;
COMMENT ON VIEW tollhouse_ops.snapshot_holders IS 'What keeps vacuum from removing dead tuples in this database. kind: session, prepared (transaction), slot (replication) or standby (hot_standby_feedback). holder: pid, or name of the transaction or slot. transactions: number started since. Without pg_read_all_stats, state and since of other roles'' sessions are null.';
CREATE VIEW tollhouse_ops.database_health WITH (security_invoker='true') AS
 SELECT c.relname AS relation,
    (GREATEST(c.reltuples, (0)::real))::bigint AS estimated_rows,
    COALESCE(s.n_dead_tup, (0)::bigint) AS dead_rows,
    (due.at_dead_rows)::bigint AS vacuum_at_dead_rows,
    round((((COALESCE(s.n_dead_tup, (0)::bigint))::double precision / NULLIF(due.at_dead_rows, (0)::double precision)))::numeric, 2) AS vacuum_lag,
    GREATEST(s.last_vacuum, s.last_autovacuum) AS last_vacuum_at,
    GREATEST(s.last_analyze, s.last_autoanalyze) AS last_analyze_at,
    round(((pg_total_relation_size((c.oid)::regclass))::numeric / 1048576.0), 1) AS size_mib,
    ahead.months AS months_ahead,
    oldest.transactions AS oldest_xmin_age,
    oldest.kind AS holder_kind,
    oldest.holder,
    oldest.user_name AS holder_user,
    oldest.application AS holder_application,
    oldest.state AS holder_state,
    oldest.since AS holder_since,
    ( SELECT max(sh.seconds) AS max
           FROM tollhouse_ops.snapshot_holders sh) AS longest_transaction_seconds,
    round((((100)::double precision * pg_notification_queue_usage()))::numeric, 1) AS notify_queue_percent
   FROM ((((((pg_class c
     LEFT JOIN pg_inherits i ON ((i.inhrelid = c.oid)))
     LEFT JOIN pg_class parent ON ((parent.oid = i.inhparent)))
     LEFT JOIN pg_stat_all_tables s ON ((s.relid = c.oid)))
     CROSS JOIN LATERAL ( SELECT ((COALESCE(max(o.option_value) FILTER (WHERE (o.option_name = 'autovacuum_vacuum_threshold'::text)), current_setting('autovacuum_vacuum_threshold'::text)))::double precision + ((COALESCE(max(o.option_value) FILTER (WHERE (o.option_name = 'autovacuum_vacuum_scale_factor'::text)), current_setting('autovacuum_vacuum_scale_factor'::text)))::double precision * GREATEST(c.reltuples, (0)::real))) AS at_dead_rows
           FROM pg_options_to_table(c.reloptions) o(option_name, option_value)) due)
     LEFT JOIN LATERAL ( SELECT (count(*) - 1) AS months
           FROM (pg_inherits sibling
             JOIN pg_class later ON ((later.oid = sibling.inhrelid)))
          WHERE ((sibling.inhparent = i.inhparent) AND ("right"((later.relname)::text, 7) >= to_char((now() AT TIME ZONE 'UTC'::text), 'YYYY_MM'::text)))) ahead ON ((i.inhparent IS NOT NULL)))
     LEFT JOIN LATERAL ( SELECT sh.kind,
            sh.holder,
            sh.user_name,
            sh.application,
            sh.state,
            sh.since,
            sh.seconds,
            sh.transactions
           FROM tollhouse_ops.snapshot_holders sh
          ORDER BY sh.transactions DESC, sh.since
         LIMIT 1) oldest ON (true))
  WHERE ((c.relnamespace = ('tollhouse_private'::regnamespace)::oid) AND (c.relkind = 'r'::"char") AND ((i.inhparent IS NULL) OR ("right"((c.relname)::text, 7) = to_char((now() AT TIME ZONE 'UTC'::text), 'YYYY_MM'::text))));
ALTER VIEW tollhouse_ops.database_health OWNER TO tollhouse_engine;
COMMENT ON VIEW tollhouse_ops.database_health IS 'Each table, and the current month of each partitioned one. vacuum_lag: dead tuples divided by autovacuum''s threshold; far above 1, vacuum is not keeping up or is held back, by oldest_xmin_age transactions, by the holder named beside it, the oldest of snapshot_holders. Without pg_read_all_stats, longest_transaction_seconds, holder_state and holder_since do not cover other roles'' sessions. notify_queue_percent: for the whole server; from 50 on notifications are skipped, and workers and callers poll instead.';
CREATE VIEW tollhouse_ops.explained_calls WITH (security_invoker='true') AS
 SELECT c.tenant_id,
    c.call_id,
    c.created_at,
    c.finished_at,
    c.user_id,
    c.endpoint,
    c.request_id,
    c.status,
    c.blocked_reason,
    c.was_cached,
    c.model,
    c.cost_micro_usd,
    c.latency_ms,
    e.why,
    e.what_to_do
   FROM (tollhouse_private.llm_api_calls c
     CROSS JOIN LATERAL tollhouse_ops.explain_ended(c.tenant_id, c.call_id, c.created_at) e(why, what_to_do));
ALTER VIEW tollhouse_ops.explained_calls OWNER TO tollhouse_engine;
COMMENT ON VIEW tollhouse_ops.explained_calls IS 'Finished calls, each with a reason and a remedy. The sentences are built for every row read, so always use a limit.';
CREATE VIEW tollhouse_ops.finished_calls WITH (security_invoker='true') AS
 SELECT tenant_id,
    call_id,
    created_at,
    finished_at,
    user_id,
    endpoint,
    request_id,
    status,
    blocked_reason,
    was_cached,
    was_coalesced,
    provider_attempted,
    attempts,
    provider,
    model,
    input_tokens,
    cached_input_tokens,
    output_tokens,
    reasoning_tokens,
    cost_micro_usd,
    cost_basis,
    saved_micro_usd,
    refused_micro_usd,
    latency_ms,
    error_code
   FROM tollhouse_private.llm_api_calls;
ALTER VIEW tollhouse_ops.finished_calls OWNER TO tollhouse_engine;
COMMENT ON VIEW tollhouse_ops.finished_calls IS 'The ledger as far as monitoring may read it: numbers and names.';
CREATE VIEW tollhouse_ops.guard_state WITH (security_invoker='true') AS
 SELECT gs.guard,
    gs.scope,
    gs.tenant_id,
    gs.user_id,
    gs.target,
    gs.stops_calls,
    gs.state,
    gs.since,
    gs.until,
    gs.reason
   FROM tollhouse.guard_state gs
UNION ALL
 SELECT 'breaker'::text AS guard,
    'provider'::text AS scope,
    ''::text AS tenant_id,
    ''::text AS user_id,
    pb.provider AS target,
    ((pb.state = 'half_open'::text) OR ((pb.state = 'open'::text) AND (pb.open_until > now()))) AS stops_calls,
    pb.state,
    pb.opened_at AS since,
    pb.open_until AS until,
    pb.reason
   FROM tollhouse_private.provider_breakers pb;
ALTER VIEW tollhouse_ops.guard_state OWNER TO tollhouse_engine;
COMMENT ON VIEW tollhouse_ops.guard_state IS 'tollhouse.guard_state plus the breakers of whole providers.';
CREATE TABLE tollhouse_private.model_overruns (
    model text NOT NULL COLLATE pg_catalog."C",
    day date NOT NULL,
    factor numeric,
    highest numeric NOT NULL,
    call_id uuid NOT NULL,
    learned_at timestamp with time zone NOT NULL,
    CONSTRAINT model_overruns_factor_check CHECK (((factor > (1)::numeric) AND (factor <= highest) AND (highest > (1)::numeric) AND (highest <= (1000000)::numeric)))
);
ALTER TABLE tollhouse_private.model_overruns OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.model_overruns IS 'Models billed, on a day (UTC), for more than a call could cost given its request and limits. Calls on that day and the next 31 reserve factor times as much.';
COMMENT ON COLUMN tollhouse_private.model_overruns.factor IS 'Multiple of the highest possible cost that at least two calls of that day were billed at. Null: only one call was, which may be a mistake of the provider.';
COMMENT ON COLUMN tollhouse_private.model_overruns.highest IS 'Largest multiple that a single call was billed at.';
COMMENT ON COLUMN tollhouse_private.model_overruns.call_id IS 'That call.';
COMMENT ON COLUMN tollhouse_private.model_overruns.learned_at IS 'When the factor took effect; without a factor, when the first such call ended.';
CREATE VIEW tollhouse_ops.model_overruns WITH (security_invoker='true') AS
 SELECT model,
    max(factor) AS factor,
    max(highest) AS highest,
    (array_agg(call_id ORDER BY mo.highest DESC))[1] AS call_id,
    max(learned_at) AS learned_at,
    (((max(day) + 32))::timestamp without time zone AT TIME ZONE 'UTC'::text) AS until
   FROM tollhouse_private.model_overruns mo
  WHERE ((day >= (((now() AT TIME ZONE 'UTC'::text))::date - 31)) AND (day <= ((now() AT TIME ZONE 'UTC'::text))::date))
  GROUP BY model;
ALTER VIEW tollhouse_ops.model_overruns OWNER TO tollhouse_engine;
COMMENT ON VIEW tollhouse_ops.model_overruns IS 'Models billed for more than their calls could cost, within 31 days. Each further call reserves factor times its highest possible cost, a multiple that at least two calls of one day were billed at; null: only one call was. highest: largest multiple billed, by call_id. until: when it is forgotten, unless it happens again.';
CREATE TABLE tollhouse_private.operator_audit (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    operator name DEFAULT SESSION_USER NOT NULL,
    action text NOT NULL COLLATE pg_catalog."C",
    target jsonb NOT NULL,
    reason text NOT NULL COLLATE pg_catalog."C",
    before jsonb,
    after jsonb
);
ALTER TABLE tollhouse_private.operator_audit OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.operator_audit IS 'Every operator action: who, what, why, before and after. Append-only.';
CREATE VIEW tollhouse_ops.operator_audit WITH (security_invoker='true') AS
 SELECT id,
    at,
    operator,
    action,
    target,
    reason,
    before,
    after
   FROM tollhouse_private.operator_audit;
ALTER VIEW tollhouse_ops.operator_audit OWNER TO tollhouse_engine;
COMMENT ON VIEW tollhouse_ops.operator_audit IS 'Every operator action: who, what, why, before and after.';
CREATE TABLE tollhouse_private.queue_limits (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    max_calls bigint,
    max_bytes bigint,
    CONSTRAINT queue_limits_bytes_check CHECK ((max_bytes >= 0)),
    CONSTRAINT queue_limits_calls_check CHECK ((max_calls >= 0))
);
ALTER TABLE ONLY tollhouse_private.queue_limits FORCE ROW LEVEL SECURITY;
ALTER TABLE tollhouse_private.queue_limits OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.queue_limits IS 'How many unfinished calls a tenant may have, and how many bytes of requests. The empty tenant: those without a row. Null: no limit.';
CREATE VIEW tollhouse_ops.queue_limits WITH (security_invoker='true') AS
 SELECT COALESCE(q.tenant_id, own.tenant_id) AS tenant_id,
    COALESCE(q.calls, (0)::bigint) AS calls,
    l.max_calls,
    COALESCE(q.bytes, (0)::bigint) AS bytes,
    l.max_bytes,
    round(((100)::numeric * GREATEST(((COALESCE(q.calls, (0)::bigint))::numeric / (NULLIF(l.max_calls, 0))::numeric), ((COALESCE(q.bytes, (0)::bigint))::numeric / (NULLIF(l.max_bytes, 0))::numeric))), 1) AS percent,
    (own.tenant_id IS NOT NULL) AS own_limit
   FROM ((( SELECT j.tenant_id,
            count(*) AS calls,
            sum(j.request_bytes) AS bytes
           FROM tollhouse_private.jobs j
          GROUP BY j.tenant_id) q
     FULL JOIN tollhouse_private.queue_limits own ON ((own.tenant_id = q.tenant_id)))
     LEFT JOIN tollhouse_private.queue_limits l ON ((l.tenant_id =
        CASE
            WHEN (own.tenant_id IS NOT NULL) THEN own.tenant_id
            ELSE ''::text
        END)));
ALTER VIEW tollhouse_ops.queue_limits OWNER TO tollhouse_engine;
COMMENT ON VIEW tollhouse_ops.queue_limits IS 'Queue size and limits (null: none) per tenant, and how full the queue is, in percent of the closer limit; at 100, enqueue raises TH112. The empty tenant is the default for tenants without a limit of their own.';
CREATE VIEW tollhouse_ops.unfinished_calls WITH (security_invoker='true') AS
 SELECT tenant_id,
    call_id,
    created_at,
    user_id,
    endpoint,
    request_id,
    request_bytes,
    state,
    run_at,
    waits_for,
    (attempts - unsent) AS attempts,
    worker_id,
    provider,
    model,
    started_at,
    reserved_micro_usd,
    spent_micro_usd,
    error_code
   FROM tollhouse_private.jobs;
ALTER VIEW tollhouse_ops.unfinished_calls OWNER TO tollhouse_engine;
COMMENT ON VIEW tollhouse_ops.unfinished_calls IS 'The queue as far as monitoring may read it: numbers and names.';
CREATE TABLE tollhouse_private.workers (
    worker_id uuid NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    version text NOT NULL COLLATE pg_catalog."C",
    capacity integer NOT NULL,
    in_flight integer DEFAULT 0 NOT NULL,
    idle boolean DEFAULT false NOT NULL,
    started_at timestamp with time zone NOT NULL,
    alive_until timestamp with time zone NOT NULL,
    last_tenant_id text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    last_due_tenant_id text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT workers_capacity_check CHECK (((capacity >= 1) AND (capacity <= 100000)))
)
WITH (fillfactor='50', autovacuum_vacuum_threshold='100', autovacuum_vacuum_scale_factor='0');
ALTER TABLE tollhouse_private.workers OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.workers IS 'One row per live worker: its lease covers every call it holds.';
COMMENT ON COLUMN tollhouse_private.workers.idle IS 'Asleep and waiting for a notification; enqueue checks this before sending one.';
COMMENT ON COLUMN tollhouse_private.workers.last_tenant_id IS 'The tenant after which its round over the tenants continues.';
COMMENT ON COLUMN tollhouse_private.workers.last_due_tenant_id IS 'Where its round over the tenants goes on that have more calls due than it queues at once.';
CREATE VIEW tollhouse_ops.workers WITH (security_invoker='true') AS
 SELECT w.name,
    w.worker_id,
    w.version,
        CASE
            WHEN (w.alive_until > now()) THEN 'alive'::text
            ELSE 'lease expired'::text
        END AS state,
    round(EXTRACT(epoch FROM (w.alive_until - now())), 1) AS lease_left_seconds,
    w.capacity,
    w.in_flight,
    held.calls AS holds,
    w.idle,
    round(held.oldest_seconds, 1) AS oldest_held_seconds,
    w.started_at
   FROM (tollhouse_private.workers w
     CROSS JOIN LATERAL ( SELECT count(*) AS calls,
            EXTRACT(epoch FROM (now() - min(j.started_at))) AS oldest_seconds
           FROM tollhouse_private.jobs j
          WHERE ((j.state = 'running'::text) AND (j.worker_id = w.worker_id))) held);
ALTER VIEW tollhouse_ops.workers OWNER TO tollhouse_engine;
COMMENT ON VIEW tollhouse_ops.workers IS 'Registered workers. in_flight: calls in flight, according to the last heartbeat; holds: calls held, according to the queue. Other workers reap an expired lease together with its calls.';
CREATE TABLE tollhouse_private.attempt_outcomes (
    outcome text NOT NULL COLLATE pg_catalog."C",
    sent boolean NOT NULL,
    billing text NOT NULL COLLATE pg_catalog."C",
    retries boolean NOT NULL,
    breaker text NOT NULL COLLATE pg_catalog."C",
    status text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT attempt_outcomes_billing_check CHECK ((billing = ANY (ARRAY['usage_or_reservation'::text, 'usage'::text, 'nothing'::text]))),
    CONSTRAINT attempt_outcomes_breaker_check CHECK ((breaker = ANY (ARRAY['success'::text, 'failure'::text, 'ignored'::text]))),
    CONSTRAINT attempt_outcomes_status_check CHECK ((status = ANY (ARRAY['success'::text, 'failed'::text, 'blocked'::text, 'cancelled'::text])))
);
ALTER TABLE tollhouse_private.attempt_outcomes OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.attempt_outcomes IS 'Consequences of each attempt outcome.';
COMMENT ON COLUMN tollhouse_private.attempt_outcomes.sent IS 'The request may have reached the provider.';
COMMENT ON COLUMN tollhouse_private.attempt_outcomes.billing IS 'What is charged: the reported usage; where nothing was reported, the reservation if the provider may have billed.';
COMMENT ON COLUMN tollhouse_private.attempt_outcomes.retries IS 'Whether the call is retried while attempts are left.';
COMMENT ON COLUMN tollhouse_private.attempt_outcomes.breaker IS 'Its effect on the breakers.';
COMMENT ON COLUMN tollhouse_private.attempt_outcomes.status IS 'Final status of the call if it is not retried.';
CREATE TABLE tollhouse_private.budget_caps (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    user_id text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    cap_micro_usd bigint NOT NULL,
    CONSTRAINT budget_caps_cap_check CHECK ((cap_micro_usd >= 0))
);
ALTER TABLE ONLY tollhouse_private.budget_caps FORCE ROW LEVEL SECURITY;
ALTER TABLE tollhouse_private.budget_caps OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.budget_caps IS 'The monthly cap of a tenant (user_id empty) or a user, copied into each new month.';
CREATE TABLE tollhouse_private.channel_secret (
    only_row boolean DEFAULT true NOT NULL,
    secret text DEFAULT ((gen_random_uuid())::text || (gen_random_uuid())::text) NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT channel_secret_only_row_check CHECK (only_row)
);
ALTER TABLE tollhouse_private.channel_secret OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.channel_secret IS 'A single row: the secret from which done-channel names are derived.';
CREATE TABLE tollhouse_private.deliveries (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    call_id uuid NOT NULL,
    user_id text NOT NULL COLLATE pg_catalog."C",
    response jsonb NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY tollhouse_private.deliveries FORCE ROW LEVEL SECURITY;
ALTER TABLE tollhouse_private.deliveries OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.deliveries IS 'Answers that may not be kept, held for their caller until expires_at.';
CREATE TABLE tollhouse_private.ended_flights (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    call_id uuid NOT NULL,
    cache_key bytea NOT NULL
);
ALTER TABLE ONLY tollhouse_private.ended_flights FORCE ROW LEVEL SECURITY;
ALTER TABLE tollhouse_private.ended_flights OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.ended_flights IS 'Leaders that ended while calls may still be waiting for their answer; processed by wake_followers.';
CREATE TABLE tollhouse_private.login_bindings (
    login name NOT NULL,
    login_oid oid DEFAULT 0 NOT NULL,
    tenant_id tollhouse_private.identifier NOT NULL,
    user_id tollhouse_private.identifier,
    reads_all_users boolean DEFAULT false NOT NULL
);
ALTER TABLE ONLY tollhouse_private.login_bindings FORCE ROW LEVEL SECURITY;
ALTER TABLE tollhouse_private.login_bindings OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.login_bindings IS 'Logins that may not choose their identity: each is bound to one tenant, and to one user if user_id is given.';
COMMENT ON COLUMN tollhouse_private.login_bindings.login_oid IS 'oid of the role, which may have been renamed; 0: whoever has the name. After a restore on another server it must be updated: see the runbook.';
COMMENT ON COLUMN tollhouse_private.login_bindings.reads_all_users IS 'The login is its tenant''s administrator: it reads and cancels the calls of every user of the tenant.';
CREATE TABLE tollhouse_private.model_prices (
    model text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    effective_from timestamp with time zone NOT NULL,
    micro_usd_per_million bigint NOT NULL,
    CONSTRAINT model_prices_amount_check CHECK (((micro_usd_per_million >= 0) AND (micro_usd_per_million <= '1000000000000'::bigint))),
    CONSTRAINT model_prices_kind_check CHECK ((kind = ANY (ARRAY['input'::text, 'cached_input'::text, 'output'::text, 'reasoning'::text])))
);
ALTER TABLE tollhouse_private.model_prices OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.model_prices IS 'Price of a million tokens of a kind from a given time on, in micro-USD. cached_input falls back to input, reasoning to output.';
CREATE TABLE tollhouse_private.models (
    model tollhouse_private.identifier NOT NULL,
    provider text NOT NULL COLLATE pg_catalog."C",
    provider_model text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT models_provider_model_check CHECK (((length(provider_model) >= 1) AND (length(provider_model) <= 256)))
);
ALTER TABLE tollhouse_private.models OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.models IS 'A model, by the name used in calls and prices, and its provider.';
COMMENT ON COLUMN tollhouse_private.models.provider_model IS 'The provider''s name for it.';
ALTER TABLE tollhouse_private.operator_audit ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tollhouse_private.operator_audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE tollhouse_private.provider_windows (
    provider text NOT NULL COLLATE pg_catalog."C",
    worker_id uuid NOT NULL,
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    window_start timestamp with time zone NOT NULL,
    calls bigint NOT NULL,
    failures bigint NOT NULL,
    failing_users text[] NOT NULL COLLATE pg_catalog."C"
)
WITH (fillfactor='50');
ALTER TABLE ONLY tollhouse_private.provider_windows FORCE ROW LEVEL SECURITY;
ALTER TABLE tollhouse_private.provider_windows OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.provider_windows IS 'Outcomes of the running window, per provider, worker and tenant.';
COMMENT ON COLUMN tollhouse_private.provider_windows.failing_users IS 'Up to two distinct users whose calls failed.';
CREATE TABLE tollhouse_private.queue_counts (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    count_id bigint NOT NULL,
    calls bigint NOT NULL,
    bytes bigint NOT NULL
);
ALTER TABLE ONLY tollhouse_private.queue_counts FORCE ROW LEVEL SECURITY;
ALTER TABLE tollhouse_private.queue_counts OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.queue_counts IS 'What enqueues counted of a tenant''s queue; the last one says how far from its limit it is.';
ALTER TABLE tollhouse_private.queue_counts ALTER COLUMN count_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tollhouse_private.queue_counts_count_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE SEQUENCE tollhouse_private.queue_look_0
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE tollhouse_private.queue_look_0 OWNER TO tollhouse_engine;
CREATE SEQUENCE tollhouse_private.queue_look_1
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE tollhouse_private.queue_look_1 OWNER TO tollhouse_engine;
CREATE SEQUENCE tollhouse_private.queue_look_2
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE tollhouse_private.queue_look_2 OWNER TO tollhouse_engine;
CREATE SEQUENCE tollhouse_private.queue_look_3
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE tollhouse_private.queue_look_3 OWNER TO tollhouse_engine;
CREATE SEQUENCE tollhouse_private.queue_look_4
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE tollhouse_private.queue_look_4 OWNER TO tollhouse_engine;
CREATE SEQUENCE tollhouse_private.queue_look_5
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE tollhouse_private.queue_look_5 OWNER TO tollhouse_engine;
CREATE SEQUENCE tollhouse_private.queue_look_6
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE tollhouse_private.queue_look_6 OWNER TO tollhouse_engine;
CREATE SEQUENCE tollhouse_private.queue_look_7
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE tollhouse_private.queue_look_7 OWNER TO tollhouse_engine;
CREATE TABLE tollhouse_private.rate_limits (
    scope text NOT NULL COLLATE pg_catalog."C",
    target text NOT NULL COLLATE pg_catalog."C",
    requests_per_minute integer,
    tokens_per_minute integer,
    max_in_flight integer,
    requests_available numeric DEFAULT 0 NOT NULL,
    tokens_available numeric DEFAULT 0 NOT NULL,
    refilled_at timestamp with time zone NOT NULL,
    last_tenant_id text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    line text GENERATED ALWAYS AS (((scope || ' '::text) || target)) STORED NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT rate_limits_in_flight_check CHECK ((max_in_flight > 0)),
    CONSTRAINT rate_limits_requests_check CHECK ((requests_per_minute > 0)),
    CONSTRAINT rate_limits_scope_check CHECK ((scope = ANY (ARRAY['tenant'::text, 'provider'::text, 'model'::text]))),
    CONSTRAINT rate_limits_tokens_check CHECK ((tokens_per_minute > 0))
)
WITH (fillfactor='50');
ALTER TABLE tollhouse_private.rate_limits OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.rate_limits IS 'A limit and its token bucket: it holds a minute''s worth at most and refills steadily. A null limit does not limit.';
COMMENT ON COLUMN tollhouse_private.rate_limits.tokens_per_minute IS 'A call counts as a quarter of its request bytes plus its maximum output tokens.';
COMMENT ON COLUMN tollhouse_private.rate_limits.last_tenant_id IS 'Where the round over the tenants in its line goes on.';
COMMENT ON COLUMN tollhouse_private.rate_limits.line IS 'What jobs.line says of those that wait for it.';
CREATE TABLE tollhouse_private.refusal_reasons (
    reason text NOT NULL COLLATE pg_catalog."C",
    guard text NOT NULL COLLATE pg_catalog."C",
    "position" integer NOT NULL,
    sentence text NOT NULL COLLATE pg_catalog."C",
    remedy text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT refusal_reasons_position_check CHECK ((("position" >= 2) AND ("position" <= 8)))
);
ALTER TABLE tollhouse_private.refusal_reasons OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.refusal_reasons IS 'Each blocked_reason of the ledger: the guard that sets it, and what it means to the caller.';
COMMENT ON COLUMN tollhouse_private.refusal_reasons.guard IS 'The guard, by the name of its deploy folder.';
COMMENT ON COLUMN tollhouse_private.refusal_reasons."position" IS 'Its place in the order of the guards; idempotency is 1.';
COMMENT ON COLUMN tollhouse_private.refusal_reasons.sentence IS 'Why the call was refused; used when nothing more specific is known.';
COMMENT ON COLUMN tollhouse_private.refusal_reasons.remedy IS 'What the caller can do.';
CREATE TABLE tollhouse_private.settings (
    only_row boolean DEFAULT true NOT NULL,
    lease interval DEFAULT '00:00:15'::interval NOT NULL,
    delivery_ttl interval DEFAULT '00:15:00'::interval NOT NULL,
    content_retention interval DEFAULT '90 days'::interval NOT NULL,
    ledger_retention interval DEFAULT '2 years 1 mon'::interval NOT NULL,
    months_ahead integer DEFAULT 3 NOT NULL,
    CONSTRAINT settings_content_retention_check CHECK ((content_retention >= '1 day'::interval)),
    CONSTRAINT settings_delivery_ttl_check CHECK (((delivery_ttl >= '00:00:01'::interval) AND (delivery_ttl <= '1 day'::interval))),
    CONSTRAINT settings_lease_check CHECK (((lease >= '00:00:01'::interval) AND (lease <= '00:10:00'::interval))),
    CONSTRAINT settings_ledger_retention_check CHECK (((ledger_retention >= content_retention) AND (ledger_retention <= '100 years'::interval))),
    CONSTRAINT settings_months_ahead_check CHECK (((months_ahead >= 1) AND (months_ahead <= 24))),
    CONSTRAINT settings_only_row_check CHECK (only_row)
);
ALTER TABLE tollhouse_private.settings OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.settings IS 'A single row: installation-wide settings.';
COMMENT ON COLUMN tollhouse_private.settings.lease IS 'How long a worker counts as alive after its last heartbeat.';
COMMENT ON COLUMN tollhouse_private.settings.delivery_ttl IS 'How long an answer that may not be kept (capture policy metadata or none) is held for its caller.';
COMMENT ON COLUMN tollhouse_private.settings.content_retention IS 'Age at which a month of prompts and answers is dropped.';
COMMENT ON COLUMN tollhouse_private.settings.ledger_retention IS 'Age at which a month of the ledger and its request keys is dropped.';
COMMENT ON COLUMN tollhouse_private.settings.months_ahead IS 'How many months of partitions to create beyond the current one.';
CREATE TABLE tollhouse_private.tenant_settings (
    tenant_id tollhouse_private.identifier NOT NULL,
    capture_policy text DEFAULT 'full'::text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT tenant_settings_capture_policy_check CHECK ((capture_policy = ANY (ARRAY['full'::text, 'metadata'::text, 'none'::text])))
);
ALTER TABLE ONLY tollhouse_private.tenant_settings FORCE ROW LEVEL SECURITY;
ALTER TABLE tollhouse_private.tenant_settings OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.tenant_settings IS 'Settings of a tenant; one without a row has the defaults.';
COMMENT ON COLUMN tollhouse_private.tenant_settings.capture_policy IS 'full: request, response, reasoning and metadata are kept. metadata: only metadata is kept. none: nothing is kept or cached.';
CREATE TABLE tollhouse_private.turns (
    tenant_id text NOT NULL COLLATE pg_catalog."C",
    line text NOT NULL COLLATE pg_catalog."C",
    last_user_id text NOT NULL COLLATE pg_catalog."C"
)
WITH (fillfactor='50');
ALTER TABLE ONLY tollhouse_private.turns FORCE ROW LEVEL SECURITY;
ALTER TABLE tollhouse_private.turns OWNER TO tollhouse_owner;
COMMENT ON TABLE tollhouse_private.turns IS 'Which of a tenant''s users had the last turn, in each line: that of the claim (empty), of calls that are due (due), or of a rate limit.';
ALTER TABLE ONLY tollhouse_private.attempt_outcomes
    ADD CONSTRAINT attempt_outcomes_pkey PRIMARY KEY (outcome);
ALTER TABLE ONLY tollhouse_private.breakers
    ADD CONSTRAINT breakers_pkey PRIMARY KEY (tenant_id, user_id, provider);
ALTER TABLE ONLY tollhouse_private.budget_caps
    ADD CONSTRAINT budget_caps_pkey PRIMARY KEY (tenant_id, user_id);
ALTER TABLE ONLY tollhouse_private.budget_optimization_jobs
    ADD CONSTRAINT budget_optimization_jobs_pkey PRIMARY KEY (tenant_id, call_id);
ALTER TABLE ONLY tollhouse_private.call_content
    ADD CONSTRAINT call_content_pkey PRIMARY KEY (tenant_id, call_id, created_at);
ALTER TABLE ONLY tollhouse_private.cancel_requests
    ADD CONSTRAINT cancel_requests_pkey PRIMARY KEY (tenant_id, call_id, id);
ALTER TABLE ONLY tollhouse_private.channel_secret
    ADD CONSTRAINT channel_secret_pkey PRIMARY KEY (only_row);
ALTER TABLE ONLY tollhouse_private.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (tenant_id, call_id);
ALTER TABLE ONLY tollhouse_private.ended_flights
    ADD CONSTRAINT ended_flights_pkey PRIMARY KEY (tenant_id, call_id);
ALTER TABLE ONLY tollhouse_private.hourly_shutoffs
    ADD CONSTRAINT hourly_shutoffs_pkey PRIMARY KEY (tenant_id, user_id);
ALTER TABLE ONLY tollhouse_private.hourly_spend
    ADD CONSTRAINT hourly_spend_pkey PRIMARY KEY (tenant_id, user_id, hour);
ALTER TABLE ONLY tollhouse_private.investigations
    ADD CONSTRAINT investigations_pkey PRIMARY KEY (tenant_id, call_id);
ALTER TABLE ONLY tollhouse_private.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (tenant_id, call_id);
ALTER TABLE ONLY tollhouse_private.kill_switches
    ADD CONSTRAINT kill_switches_pkey PRIMARY KEY (scope, tenant_id, target);
ALTER TABLE ONLY tollhouse_private.llm_api_calls
    ADD CONSTRAINT llm_api_calls_pkey PRIMARY KEY (tenant_id, call_id, created_at);
ALTER TABLE ONLY tollhouse_private.login_bindings
    ADD CONSTRAINT login_bindings_pkey PRIMARY KEY (login, login_oid);
ALTER TABLE ONLY tollhouse_private.model_overruns
    ADD CONSTRAINT model_overruns_pkey PRIMARY KEY (model, day);
ALTER TABLE ONLY tollhouse_private.model_prices
    ADD CONSTRAINT model_prices_pkey PRIMARY KEY (model, kind, effective_from);
ALTER TABLE ONLY tollhouse_private.models
    ADD CONSTRAINT models_pkey PRIMARY KEY (model);
ALTER TABLE ONLY tollhouse_private.monthly_budgets
    ADD CONSTRAINT monthly_budgets_pkey PRIMARY KEY (tenant_id, user_id, month);
ALTER TABLE ONLY tollhouse_private.operator_audit
    ADD CONSTRAINT operator_audit_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tollhouse_private.provider_attempts
    ADD CONSTRAINT provider_attempts_pkey PRIMARY KEY (tenant_id, call_id, attempt, late, created_at);
ALTER TABLE ONLY tollhouse_private.provider_breakers
    ADD CONSTRAINT provider_breakers_pkey PRIMARY KEY (provider);
ALTER TABLE ONLY tollhouse_private.provider_windows
    ADD CONSTRAINT provider_windows_pkey PRIMARY KEY (provider, worker_id, tenant_id);
ALTER TABLE ONLY tollhouse_private.providers
    ADD CONSTRAINT providers_pkey PRIMARY KEY (provider);
ALTER TABLE ONLY tollhouse_private.queue_counts
    ADD CONSTRAINT queue_counts_pkey PRIMARY KEY (tenant_id, count_id);
ALTER TABLE ONLY tollhouse_private.queue_limits
    ADD CONSTRAINT queue_limits_pkey PRIMARY KEY (tenant_id);
ALTER TABLE ONLY tollhouse_private.rate_limits
    ADD CONSTRAINT rate_limits_line_key UNIQUE (line);
ALTER TABLE ONLY tollhouse_private.rate_limits
    ADD CONSTRAINT rate_limits_pkey PRIMARY KEY (scope, target);
ALTER TABLE ONLY tollhouse_private.refusal_reasons
    ADD CONSTRAINT refusal_reasons_pkey PRIMARY KEY (reason);
ALTER TABLE ONLY tollhouse_private.request_keys
    ADD CONSTRAINT request_keys_pkey PRIMARY KEY (tenant_id, endpoint, request_id, user_id);
ALTER TABLE ONLY tollhouse_private.response_cache
    ADD CONSTRAINT response_cache_pkey PRIMARY KEY (tenant_id, cache_key);
ALTER TABLE ONLY tollhouse_private.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (only_row);
ALTER TABLE ONLY tollhouse_private.task_types
    ADD CONSTRAINT task_types_pkey PRIMARY KEY (endpoint);
ALTER TABLE ONLY tollhouse_private.tenant_settings
    ADD CONSTRAINT tenant_settings_pkey PRIMARY KEY (tenant_id);
ALTER TABLE ONLY tollhouse_private.turns
    ADD CONSTRAINT turns_pkey PRIMARY KEY (tenant_id, line);
ALTER TABLE ONLY tollhouse_private.workers
    ADD CONSTRAINT workers_pkey PRIMARY KEY (worker_id);
CREATE INDEX breakers_open_idx ON tollhouse_private.breakers USING btree (open_until) WHERE (state = 'open'::text);
CREATE INDEX deliveries_expires_at_idx ON tollhouse_private.deliveries USING btree (expires_at);
CREATE INDEX jobs_budget_line_idx ON tollhouse_private.jobs USING btree (tenant_id, user_id, call_id) WHERE ((waits_for = 'budget'::text) AND (state = ANY (ARRAY['scheduled'::text, 'queued'::text])));
CREATE INDEX jobs_coalesced_idx ON tollhouse_private.jobs USING btree (cache_key, tenant_id) WHERE (state = 'coalesced'::text);
CREATE INDEX jobs_line_idx ON tollhouse_private.jobs USING btree (line, tenant_id, user_id, call_id) WHERE (line IS NOT NULL);
CREATE INDEX jobs_put_off_idx ON tollhouse_private.jobs USING btree (waits_for, run_at) WHERE ((state = 'scheduled'::text) AND (waits_for <> 'run_at'::text));
CREATE INDEX jobs_queued_idx ON tollhouse_private.jobs USING btree (tenant_id, user_id, call_id) WHERE (state = 'queued'::text);
CREATE INDEX jobs_running_idx ON tollhouse_private.jobs USING btree (worker_id, call_id) WHERE (state = 'running'::text);
CREATE INDEX jobs_scheduled_idx ON tollhouse_private.jobs USING btree (run_at) WHERE (state = 'scheduled'::text);
CREATE INDEX jobs_scheduled_user_idx ON tollhouse_private.jobs USING btree (tenant_id, user_id, run_at) WHERE (state = 'scheduled'::text);
CREATE INDEX llm_api_calls_blocked_idx ON ONLY tollhouse_private.llm_api_calls USING btree (created_at) WHERE (status = 'blocked'::text);
CREATE INDEX llm_api_calls_cached_idx ON ONLY tollhouse_private.llm_api_calls USING btree (tenant_id, created_at) INCLUDE (user_id, endpoint, model, was_coalesced, saved_micro_usd) WHERE was_cached;
CREATE INDEX llm_api_calls_created_at_idx ON ONLY tollhouse_private.llm_api_calls USING brin (created_at) WITH (autosummarize='on');
CREATE INDEX login_bindings_login_oid_idx ON tollhouse_private.login_bindings USING btree (login_oid);
CREATE INDEX monthly_budgets_line_at_idx ON tollhouse_private.monthly_budgets USING btree (line_at) WHERE (line_at IS NOT NULL);
CREATE INDEX provider_attempts_created_at_idx ON ONLY tollhouse_private.provider_attempts USING brin (created_at) WITH (autosummarize='on');
CREATE INDEX request_keys_created_at_idx ON tollhouse_private.request_keys USING btree (created_at);
CREATE INDEX response_cache_upkeep_at_idx ON tollhouse_private.response_cache USING btree (upkeep_at);
ALTER TABLE ONLY tollhouse_private.model_overruns
    ADD CONSTRAINT model_overruns_model_fkey FOREIGN KEY (model) REFERENCES tollhouse_private.models(model) ON DELETE CASCADE;
ALTER TABLE ONLY tollhouse_private.model_prices
    ADD CONSTRAINT model_prices_model_fkey FOREIGN KEY (model) REFERENCES tollhouse_private.models(model);
ALTER TABLE ONLY tollhouse_private.models
    ADD CONSTRAINT models_provider_fkey FOREIGN KEY (provider) REFERENCES tollhouse_private.providers(provider);
ALTER TABLE tollhouse_private.breakers ENABLE ROW LEVEL SECURITY;
CREATE POLICY breakers_all_engine ON tollhouse_private.breakers TO tollhouse_engine USING (true) WITH CHECK (true);
CREATE POLICY breakers_select_identity ON tollhouse_private.breakers FOR SELECT TO tollhouse_owner, tollhouse_client USING (((tenant_id = ( SELECT tollhouse_private.current_tenant_id() AS current_tenant_id)) AND ((user_id = ( SELECT tollhouse_private.current_user_id() AS current_user_id)) OR ( SELECT tollhouse_private.reads_all_users() AS reads_all_users))));
CREATE POLICY breakers_select_operator ON tollhouse_private.breakers FOR SELECT TO tollhouse_operator, tollhouse_auditor, tollhouse_monitor USING (true);
ALTER TABLE tollhouse_private.budget_caps ENABLE ROW LEVEL SECURITY;
CREATE POLICY budget_caps_all_engine ON tollhouse_private.budget_caps TO tollhouse_engine USING (true) WITH CHECK (true);
CREATE POLICY budget_caps_select_operator ON tollhouse_private.budget_caps FOR SELECT TO tollhouse_operator, tollhouse_auditor USING (true);
ALTER TABLE tollhouse_private.budget_optimization_jobs ENABLE ROW LEVEL SECURITY;
CREATE POLICY budget_optimization_jobs_all_engine ON tollhouse_private.budget_optimization_jobs TO tollhouse_engine USING (true) WITH CHECK (true);
CREATE POLICY budget_optimization_jobs_insert_owner ON tollhouse_private.budget_optimization_jobs FOR INSERT TO tollhouse_owner WITH CHECK (((tenant_id = ( SELECT tollhouse_private.current_tenant_id() AS current_tenant_id)) AND (user_id = ( SELECT tollhouse_private.current_user_id() AS current_user_id))));
CREATE POLICY budget_optimization_jobs_select_client ON tollhouse_private.budget_optimization_jobs FOR SELECT TO tollhouse_client USING (((tenant_id = ( SELECT tollhouse_private.current_tenant_id() AS current_tenant_id)) AND ((user_id = ( SELECT tollhouse_private.current_user_id() AS current_user_id)) OR ( SELECT tollhouse_private.reads_all_users() AS reads_all_users))));
CREATE POLICY budget_optimization_jobs_select_operator ON tollhouse_private.budget_optimization_jobs FOR SELECT TO tollhouse_operator, tollhouse_auditor USING (true);
ALTER TABLE tollhouse_private.call_content ENABLE ROW LEVEL SECURITY;
CREATE POLICY call_content_all_engine ON tollhouse_private.call_content TO tollhouse_engine USING (true) WITH CHECK (true);
CREATE POLICY call_content_insert_owner ON tollhouse_private.call_content FOR INSERT TO tollhouse_owner WITH CHECK (((tenant_id = ( SELECT tollhouse_private.current_tenant_id() AS current_tenant_id)) AND ((user_id = ( SELECT tollhouse_private.current_user_id() AS current_user_id)) OR ( SELECT tollhouse_private.reads_all_users() AS reads_all_users))));
CREATE POLICY call_content_select_identity ON tollhouse_private.call_content FOR SELECT TO tollhouse_owner, tollhouse_client USING (((tenant_id = ( SELECT tollhouse_private.current_tenant_id() AS current_tenant_id)) AND ((user_id = ( SELECT tollhouse_private.current_user_id() AS current_user_id)) OR ( SELECT tollhouse_private.reads_all_users() AS reads_all_users))));
CREATE POLICY call_content_select_operator ON tollhouse_private.call_content FOR SELECT TO tollhouse_operator, tollhouse_auditor USING (true);
ALTER TABLE tollhouse_private.cancel_requests ENABLE ROW LEVEL SECURITY;
CREATE POLICY cancel_requests_all_engine ON tollhouse_private.cancel_requests TO tollhouse_engine USING (true) WITH CHECK (true);
CREATE POLICY cancel_requests_insert_owner ON tollhouse_private.cancel_requests FOR INSERT TO tollhouse_owner WITH CHECK (((tenant_id = ( SELECT tollhouse_private.current_tenant_id() AS current_tenant_id)) AND ((user_id = ( SELECT tollhouse_private.current_user_id() AS current_user_id)) OR ( SELECT tollhouse_private.reads_all_users() AS reads_all_users))));
CREATE POLICY cancel_requests_select_identity ON tollhouse_private.cancel_requests FOR SELECT TO tollhouse_owner, tollhouse_client USING (((tenant_id = ( SELECT tollhouse_private.current_tenant_id() AS current_tenant_id)) AND ((user_id = ( SELECT tollhouse_private.current_user_id() AS current_user_id)) OR ( SELECT tollhouse_private.reads_all_users() AS reads_all_users))));
CREATE POLICY cancel_requests_select_operator ON tollhouse_private.cancel_requests FOR SELECT TO tollhouse_operator, tollhouse_auditor USING (true);
ALTER TABLE tollhouse_private.deliveries ENABLE ROW LEVEL SECURITY;
CREATE POLICY deliveries_all_engine ON tollhouse_private.deliveries TO tollhouse_engine USING (true) WITH CHECK (true);
CREATE POLICY deliveries_insert_owner ON tollhouse_private.deliveries FOR INSERT TO tollhouse_owner WITH CHECK (((tenant_id = ( SELECT tollhouse_private.current_tenant_id() AS current_tenant_id)) AND (user_id = ( SELECT tollhouse_private.current_user_id() AS current_user_id))));
CREATE POLICY deliveries_select_owner ON tollhouse_private.deliveries FOR SELECT TO tollhouse_owner USING (((tenant_id = ( SELECT tollhouse_private.current_tenant_id() AS current_tenant_id)) AND ((user_id = ( SELECT tollhouse_private.current_user_id() AS current_user_id)) OR ( SELECT tollhouse_private.reads_all_users() AS reads_all_users))));
ALTER TABLE tollhouse_private.ended_flights ENABLE ROW LEVEL SECURITY;
CREATE POLICY ended_flights_all_engine ON tollhouse_private.ended_flights TO tollhouse_engine USING (true) WITH CHECK (true);
CREATE POLICY ended_flights_insert_owner ON tollhouse_private.ended_flights FOR INSERT TO tollhouse_owner WITH CHECK ((tenant_id = ( SELECT tollhouse_private.current_tenant_id() AS current_tenant_id)));
ALTER TABLE tollhouse_private.hourly_shutoffs ENABLE ROW LEVEL SECURITY;
CREATE POLICY hourly_shutoffs_all_engine ON tollhouse_private.hourly_shutoffs TO tollhouse_engine USING (true) WITH CHECK (true);
CREATE POLICY hourly_shutoffs_select_client ON tollhouse_private.hourly_shutoffs FOR SELECT TO tollhouse_client USING (((tenant_id = ( SELECT tollhouse_private.current_tenant_id() AS current_tenant_id)) AND ((user_id = ( SELECT tollhouse_private.current_user_id() AS current_user_id)) OR ( SELECT tollhouse_private.reads_all_users() AS reads_all_users))));
CREATE POLICY hourly_shutoffs_select_operator ON tollhouse_private.hourly_shutoffs FOR SELECT TO tollhouse_operator, tollhouse_auditor, tollhouse_monitor USING (true);
CREATE POLICY hourly_shutoffs_select_owner ON tollhouse_private.hourly_shutoffs FOR SELECT TO tollhouse_owner USING ((tenant_id = ( SELECT tollhouse_private.current_tenant_id() AS current_tenant_id)));
ALTER TABLE tollhouse_private.hourly_spend ENABLE ROW LEVEL SECURITY;
CREATE POLICY hourly_spend_all_engine ON tollhouse_private.hourly_spend TO tollhouse_engine USING (true) WITH CHECK (true);
CREATE POLICY hourly_spend_select_client ON tollhouse_private.hourly_spend FOR SELECT TO tollhouse_client USING (((tenant_id = ( SELECT tollhouse_private.current_tenant_id() AS current_tenant_id)) AND ((user_id = ( SELECT tollhouse_private.current_user_id() AS current_user_id)) OR ( SELECT tollhouse_private.reads_all_users() AS reads_all_users))));
CREATE POLICY hourly_spend_select_operator ON tollhouse_private.hourly_spend FOR SELECT TO tollhouse_operator, tollhouse_auditor, tollhouse_monitor USING (true);
ALTER TABLE tollhouse_private.investigations ENABLE ROW LEVEL SECURITY;
CREATE POLICY investigations_all_engine ON tollhouse_private.investigations TO tollhouse_engine USING (true) WITH CHECK (true);
CREATE POLICY investigations_insert_owner ON tollhouse_private.investigations FOR INSERT TO tollhouse_owner WITH CHECK (((tenant_id = ( SELECT tollhouse_private.current_tenant_id() AS current_tenant_id)) AND (user_id = ( SELECT tollhouse_private.current_user_id() AS current_user_id))));
CREATE POLICY investigations_select_client ON tollhouse_private.investigations FOR SELECT TO tollhouse_client USING (((tenant_id = ( SELECT tollhouse_private.current_tenant_id() AS current_tenant_id)) AND ((user_id = ( SELECT tollhouse_private.current_user_id() AS current_user_id)) OR ( SELECT tollhouse_private.reads_all_users() AS reads_all_users))));
CREATE POLICY investigations_select_operator ON tollhouse_private.investigations FOR SELECT TO tollhouse_operator, tollhouse_auditor USING (true);
ALTER TABLE tollhouse_private.jobs ENABLE ROW LEVEL SECURITY;
CREATE POLICY jobs_all_engine ON tollhouse_private.jobs TO tollhouse_engine USING (true) WITH CHECK (true);
CREATE POLICY jobs_delete_owner ON tollhouse_private.jobs FOR DELETE TO tollhouse_owner USING (((tenant_id = ( SELECT tollhouse_private.current_tenant_id() AS current_tenant_id)) AND ((user_id = ( SELECT tollhouse_private.current_user_id() AS current_user_id)) OR ( SELECT tollhouse_private.reads_all_users() AS reads_all_users))));
CREATE POLICY jobs_select_client ON tollhouse_private.jobs FOR SELECT TO tollhouse_client USING (((tenant_id = ( SELECT tollhouse_private.current_tenant_id() AS current_tenant_id)) AND ((user_id = ( SELECT tollhouse_private.current_user_id() AS current_user_id)) OR ( SELECT tollhouse_private.reads_all_users() AS reads_all_users))));
CREATE POLICY jobs_select_operator ON tollhouse_private.jobs FOR SELECT TO tollhouse_operator, tollhouse_auditor, tollhouse_monitor USING (true);
CREATE POLICY jobs_select_owner ON tollhouse_private.jobs FOR SELECT TO tollhouse_owner USING (((tenant_id = ( SELECT tollhouse_private.current_tenant_id() AS current_tenant_id)) AND ((user_id = ( SELECT tollhouse_private.current_user_id() AS current_user_id)) OR ( SELECT tollhouse_private.reads_all_users() AS reads_all_users))));
CREATE POLICY jobs_update_owner ON tollhouse_private.jobs FOR UPDATE TO tollhouse_owner USING (((tenant_id = ( SELECT tollhouse_private.current_tenant_id() AS current_tenant_id)) AND ((user_id = ( SELECT tollhouse_private.current_user_id() AS current_user_id)) OR ( SELECT tollhouse_private.reads_all_users() AS reads_all_users)))) WITH CHECK (false);
ALTER TABLE tollhouse_private.kill_switches ENABLE ROW LEVEL SECURITY;
CREATE POLICY kill_switches_all_engine ON tollhouse_private.kill_switches TO tollhouse_engine USING (true) WITH CHECK (true);
CREATE POLICY kill_switches_select_client ON tollhouse_private.kill_switches FOR SELECT TO tollhouse_client USING ((((tenant_id = ''::text) AND (( SELECT tollhouse_private.current_tenant_id() AS current_tenant_id) IS NOT NULL)) OR ((tenant_id = ( SELECT tollhouse_private.current_tenant_id() AS current_tenant_id)) AND ((scope = 'tenant'::text) OR (target = ( SELECT tollhouse_private.current_user_id() AS current_user_id)) OR ( SELECT tollhouse_private.reads_all_users() AS reads_all_users)))));
CREATE POLICY kill_switches_select_operator ON tollhouse_private.kill_switches FOR SELECT TO tollhouse_operator, tollhouse_auditor, tollhouse_monitor USING (true);
CREATE POLICY kill_switches_select_owner ON tollhouse_private.kill_switches FOR SELECT TO tollhouse_owner USING (((tenant_id = ''::text) OR (tenant_id = ( SELECT tollhouse_private.current_tenant_id() AS current_tenant_id))));
ALTER TABLE tollhouse_private.llm_api_calls ENABLE ROW LEVEL SECURITY;
CREATE POLICY llm_api_calls_all_engine ON tollhouse_private.llm_api_calls TO tollhouse_engine USING (true) WITH CHECK (true);
CREATE POLICY llm_api_calls_insert_owner ON tollhouse_private.llm_api_calls FOR INSERT TO tollhouse_owner WITH CHECK (((tenant_id = ( SELECT tollhouse_private.current_tenant_id() AS current_tenant_id)) AND ((user_id = ( SELECT tollhouse_private.current_user_id() AS current_user_id)) OR ( SELECT tollhouse_private.reads_all_users() AS reads_all_users))));
CREATE POLICY llm_api_calls_select_identity ON tollhouse_private.llm_api_calls FOR SELECT TO tollhouse_owner, tollhouse_client USING (((tenant_id = ( SELECT tollhouse_private.current_tenant_id() AS current_tenant_id)) AND ((user_id = ( SELECT tollhouse_private.current_user_id() AS current_user_id)) OR ( SELECT tollhouse_private.reads_all_users() AS reads_all_users))));
CREATE POLICY llm_api_calls_select_operator ON tollhouse_private.llm_api_calls FOR SELECT TO tollhouse_operator, tollhouse_auditor, tollhouse_monitor USING (true);
ALTER TABLE tollhouse_private.login_bindings ENABLE ROW LEVEL SECURITY;
CREATE POLICY login_bindings_all_engine ON tollhouse_private.login_bindings TO tollhouse_engine USING (true) WITH CHECK (true);
CREATE POLICY login_bindings_select_operator ON tollhouse_private.login_bindings FOR SELECT TO tollhouse_operator, tollhouse_auditor USING (true);
ALTER TABLE tollhouse_private.monthly_budgets ENABLE ROW LEVEL SECURITY;
CREATE POLICY monthly_budgets_all_engine ON tollhouse_private.monthly_budgets TO tollhouse_engine USING (true) WITH CHECK (true);
CREATE POLICY monthly_budgets_select_client ON tollhouse_private.monthly_budgets FOR SELECT TO tollhouse_client USING (((tenant_id = ( SELECT tollhouse_private.current_tenant_id() AS current_tenant_id)) AND ((user_id = ( SELECT tollhouse_private.current_user_id() AS current_user_id)) OR ( SELECT tollhouse_private.reads_all_users() AS reads_all_users))));
CREATE POLICY monthly_budgets_select_operator ON tollhouse_private.monthly_budgets FOR SELECT TO tollhouse_operator, tollhouse_auditor, tollhouse_monitor USING (true);
CREATE POLICY monthly_budgets_select_owner ON tollhouse_private.monthly_budgets FOR SELECT TO tollhouse_owner USING (((tenant_id = ( SELECT tollhouse_private.current_tenant_id() AS current_tenant_id)) AND ((user_id = ANY (ARRAY[''::text, ( SELECT tollhouse_private.current_user_id() AS current_user_id)])) OR ( SELECT tollhouse_private.reads_all_users() AS reads_all_users))));
ALTER TABLE tollhouse_private.provider_attempts ENABLE ROW LEVEL SECURITY;
CREATE POLICY provider_attempts_all_engine ON tollhouse_private.provider_attempts TO tollhouse_engine USING (true) WITH CHECK (true);
CREATE POLICY provider_attempts_select_identity ON tollhouse_private.provider_attempts FOR SELECT TO tollhouse_owner, tollhouse_client USING (((tenant_id = ( SELECT tollhouse_private.current_tenant_id() AS current_tenant_id)) AND ((user_id = ( SELECT tollhouse_private.current_user_id() AS current_user_id)) OR ( SELECT tollhouse_private.reads_all_users() AS reads_all_users))));
CREATE POLICY provider_attempts_select_operator ON tollhouse_private.provider_attempts FOR SELECT TO tollhouse_operator, tollhouse_auditor, tollhouse_monitor USING (true);
ALTER TABLE tollhouse_private.provider_windows ENABLE ROW LEVEL SECURITY;
CREATE POLICY provider_windows_all_engine ON tollhouse_private.provider_windows TO tollhouse_engine USING (true) WITH CHECK (true);
CREATE POLICY provider_windows_select_operator ON tollhouse_private.provider_windows FOR SELECT TO tollhouse_operator, tollhouse_auditor USING (true);
ALTER TABLE tollhouse_private.queue_counts ENABLE ROW LEVEL SECURITY;
CREATE POLICY queue_counts_all_engine ON tollhouse_private.queue_counts TO tollhouse_engine USING (true) WITH CHECK (true);
ALTER TABLE tollhouse_private.queue_limits ENABLE ROW LEVEL SECURITY;
CREATE POLICY queue_limits_all_engine ON tollhouse_private.queue_limits TO tollhouse_engine USING (true) WITH CHECK (true);
CREATE POLICY queue_limits_select_operator ON tollhouse_private.queue_limits FOR SELECT TO tollhouse_operator, tollhouse_auditor, tollhouse_monitor USING (true);
ALTER TABLE tollhouse_private.request_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY request_keys_all_engine ON tollhouse_private.request_keys TO tollhouse_engine USING (true) WITH CHECK (true);
CREATE POLICY request_keys_select_owner ON tollhouse_private.request_keys FOR SELECT TO tollhouse_owner USING (((tenant_id = ( SELECT tollhouse_private.current_tenant_id() AS current_tenant_id)) AND ((user_id = ( SELECT tollhouse_private.current_user_id() AS current_user_id)) OR ( SELECT tollhouse_private.reads_all_users() AS reads_all_users))));
ALTER TABLE tollhouse_private.response_cache ENABLE ROW LEVEL SECURITY;
CREATE POLICY response_cache_all_engine ON tollhouse_private.response_cache TO tollhouse_engine USING (true) WITH CHECK (true);
ALTER TABLE tollhouse_private.tenant_settings ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_settings_all_engine ON tollhouse_private.tenant_settings TO tollhouse_engine USING (true) WITH CHECK (true);
CREATE POLICY tenant_settings_select_operator ON tollhouse_private.tenant_settings FOR SELECT TO tollhouse_operator, tollhouse_auditor USING (true);
CREATE POLICY tenant_settings_select_owner ON tollhouse_private.tenant_settings FOR SELECT TO tollhouse_owner USING (((tenant_id)::text = ( SELECT tollhouse_private.current_tenant_id() AS current_tenant_id)));
ALTER TABLE tollhouse_private.turns ENABLE ROW LEVEL SECURITY;
CREATE POLICY turns_all_engine ON tollhouse_private.turns TO tollhouse_engine USING (true) WITH CHECK (true);
CREATE POLICY turns_select_operator ON tollhouse_private.turns FOR SELECT TO tollhouse_operator, tollhouse_auditor USING (true);
GRANT USAGE ON SCHEMA tollhouse TO tollhouse_client;
GRANT USAGE ON SCHEMA tollhouse TO tollhouse_operator;
GRANT USAGE ON SCHEMA tollhouse TO tollhouse_auditor;
GRANT USAGE ON SCHEMA tollhouse TO tollhouse_monitor;
GRANT USAGE ON SCHEMA tollhouse TO tollhouse_engine;
GRANT USAGE ON SCHEMA tollhouse_ops TO tollhouse_operator;
GRANT USAGE ON SCHEMA tollhouse_ops TO tollhouse_auditor;
GRANT USAGE ON SCHEMA tollhouse_ops TO tollhouse_monitor;
GRANT ALL ON SCHEMA tollhouse_private TO tollhouse_engine;
GRANT USAGE ON SCHEMA tollhouse_worker TO tollhouse_worker;
REVOKE ALL ON FUNCTION tollhouse_private.is_identifier(p_value text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.is_identifier(p_value text) TO tollhouse_engine;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tollhouse_private.jobs TO tollhouse_engine;
GRANT SELECT ON TABLE tollhouse_private.jobs TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse_private.jobs TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_private.jobs TO tollhouse_auditor;
GRANT SELECT(tenant_id) ON TABLE tollhouse_private.jobs TO tollhouse_monitor;
GRANT SELECT(call_id) ON TABLE tollhouse_private.jobs TO tollhouse_monitor;
GRANT SELECT(user_id) ON TABLE tollhouse_private.jobs TO tollhouse_monitor;
GRANT SELECT(endpoint) ON TABLE tollhouse_private.jobs TO tollhouse_monitor;
GRANT SELECT(request_id) ON TABLE tollhouse_private.jobs TO tollhouse_monitor;
GRANT SELECT(created_at) ON TABLE tollhouse_private.jobs TO tollhouse_monitor;
GRANT SELECT(request_bytes) ON TABLE tollhouse_private.jobs TO tollhouse_monitor;
GRANT SELECT(max_output_tokens) ON TABLE tollhouse_private.jobs TO tollhouse_monitor;
GRANT SELECT(requested_model) ON TABLE tollhouse_private.jobs TO tollhouse_monitor;
GRANT SELECT(max_cost_micro_usd) ON TABLE tollhouse_private.jobs TO tollhouse_monitor;
GRANT SELECT(state) ON TABLE tollhouse_private.jobs TO tollhouse_monitor;
GRANT SELECT(run_at) ON TABLE tollhouse_private.jobs TO tollhouse_monitor;
GRANT SELECT(waits_for) ON TABLE tollhouse_private.jobs TO tollhouse_monitor;
GRANT SELECT(attempts) ON TABLE tollhouse_private.jobs TO tollhouse_monitor;
GRANT SELECT(unsent) ON TABLE tollhouse_private.jobs TO tollhouse_monitor;
GRANT SELECT(worker_id) ON TABLE tollhouse_private.jobs TO tollhouse_monitor;
GRANT SELECT(started_at) ON TABLE tollhouse_private.jobs TO tollhouse_monitor;
GRANT SELECT(provider) ON TABLE tollhouse_private.jobs TO tollhouse_monitor;
GRANT SELECT(model) ON TABLE tollhouse_private.jobs TO tollhouse_monitor;
GRANT SELECT(reserved_micro_usd) ON TABLE tollhouse_private.jobs TO tollhouse_monitor;
GRANT SELECT(budget_month) ON TABLE tollhouse_private.jobs TO tollhouse_monitor;
GRANT SELECT(spent_micro_usd) ON TABLE tollhouse_private.jobs TO tollhouse_monitor;
GRANT SELECT(need_micro_usd) ON TABLE tollhouse_private.jobs TO tollhouse_monitor;
GRANT SELECT(cost_basis) ON TABLE tollhouse_private.jobs TO tollhouse_monitor;
GRANT SELECT(provider_attempted) ON TABLE tollhouse_private.jobs TO tollhouse_monitor;
GRANT SELECT(error_code) ON TABLE tollhouse_private.jobs TO tollhouse_monitor;
GRANT SELECT(line) ON TABLE tollhouse_private.jobs TO tollhouse_monitor;
REVOKE ALL ON FUNCTION tollhouse.cancel(p_call_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse.cancel(p_call_id uuid) TO tollhouse_client;
REVOKE ALL ON FUNCTION tollhouse.done_channel() FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse.done_channel() TO tollhouse_client;
REVOKE ALL ON FUNCTION tollhouse.enqueue(p_endpoint text, p_request jsonb, p_request_id text, p_model text, p_watermark text, p_use_cache boolean, p_max_cost_micro_usd bigint, p_run_at timestamp with time zone, p_metadata jsonb, OUT call_id uuid, OUT request_id text, OUT status text, OUT blocked_reason text, OUT was_cached boolean, OUT deduplicated boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse.enqueue(p_endpoint text, p_request jsonb, p_request_id text, p_model text, p_watermark text, p_use_cache boolean, p_max_cost_micro_usd bigint, p_run_at timestamp with time zone, p_metadata jsonb, OUT call_id uuid, OUT request_id text, OUT status text, OUT blocked_reason text, OUT was_cached boolean, OUT deduplicated boolean) TO tollhouse_client;
REVOKE ALL ON FUNCTION tollhouse.enqueue_as(p_tenant_id text, p_user_id text, p_endpoint text, p_request jsonb, p_request_id text, p_model text, p_watermark text, p_use_cache boolean, p_max_cost_micro_usd bigint, p_run_at timestamp with time zone, p_metadata jsonb, OUT call_id uuid, OUT request_id text, OUT status text, OUT blocked_reason text, OUT was_cached boolean, OUT deduplicated boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse.enqueue_as(p_tenant_id text, p_user_id text, p_endpoint text, p_request jsonb, p_request_id text, p_model text, p_watermark text, p_use_cache boolean, p_max_cost_micro_usd bigint, p_run_at timestamp with time zone, p_metadata jsonb, OUT call_id uuid, OUT request_id text, OUT status text, OUT blocked_reason text, OUT was_cached boolean, OUT deduplicated boolean) TO tollhouse_client;
REVOKE ALL ON FUNCTION tollhouse.enqueue_many(p_calls jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse.enqueue_many(p_calls jsonb) TO tollhouse_client;
REVOKE ALL ON FUNCTION tollhouse.enqueue_query(p_query text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse.enqueue_query(p_query text) TO tollhouse_client;
REVOKE ALL ON FUNCTION tollhouse.explain(p_endpoint text, p_request_id text, p_user_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse.explain(p_endpoint text, p_request_id text, p_user_id text) TO tollhouse_client;
REVOKE ALL ON FUNCTION tollhouse.result(p_call_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse.result(p_call_id uuid) TO tollhouse_client;
REVOKE ALL ON FUNCTION tollhouse.set_identity(p_tenant_id text, p_user_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse.set_identity(p_tenant_id text, p_user_id text) TO tollhouse_client;
REVOKE ALL ON FUNCTION tollhouse.wait_for(p_call_id uuid, p_timeout interval) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse.wait_for(p_call_id uuid, p_timeout interval) TO tollhouse_client;
REVOKE ALL ON FUNCTION tollhouse_ops.bind_login(p_login name, p_tenant_id text, p_reason text, p_user_id text, p_reads_all_users boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_ops.bind_login(p_login name, p_tenant_id text, p_reason text, p_user_id text, p_reads_all_users boolean) TO tollhouse_operator;
REVOKE ALL ON FUNCTION tollhouse_ops.close_breaker(p_provider text, p_reason text, p_tenant_id text, p_user_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_ops.close_breaker(p_provider text, p_reason text, p_tenant_id text, p_user_id text) TO tollhouse_operator;
REVOKE ALL ON FUNCTION tollhouse_ops.drop_queue_limit(p_tenant_id text, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_ops.drop_queue_limit(p_tenant_id text, p_reason text) TO tollhouse_operator;
REVOKE ALL ON FUNCTION tollhouse_ops.drop_rate_limit(p_scope text, p_target text, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_ops.drop_rate_limit(p_scope text, p_target text, p_reason text) TO tollhouse_operator;
REVOKE ALL ON FUNCTION tollhouse_ops.explain(p_tenant_id text, p_endpoint text, p_request_id text, p_user_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_ops.explain(p_tenant_id text, p_endpoint text, p_request_id text, p_user_id text) TO tollhouse_operator;
GRANT ALL ON FUNCTION tollhouse_ops.explain(p_tenant_id text, p_endpoint text, p_request_id text, p_user_id text) TO tollhouse_auditor;
REVOKE ALL ON FUNCTION tollhouse_ops.explain_ended(p_tenant_id text, p_call_id uuid, p_created_at timestamp with time zone, OUT why text, OUT what_to_do text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_ops.explain_ended(p_tenant_id text, p_call_id uuid, p_created_at timestamp with time zone, OUT why text, OUT what_to_do text) TO tollhouse_operator;
GRANT ALL ON FUNCTION tollhouse_ops.explain_ended(p_tenant_id text, p_call_id uuid, p_created_at timestamp with time zone, OUT why text, OUT what_to_do text) TO tollhouse_auditor;
GRANT ALL ON FUNCTION tollhouse_ops.explain_ended(p_tenant_id text, p_call_id uuid, p_created_at timestamp with time zone, OUT why text, OUT what_to_do text) TO tollhouse_monitor;
REVOKE ALL ON FUNCTION tollhouse_ops.forget_overrun(p_model text, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_ops.forget_overrun(p_model text, p_reason text) TO tollhouse_operator;
REVOKE ALL ON FUNCTION tollhouse_ops.lift_kill_switch(p_scope text, p_target text, p_reason text, p_tenant_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_ops.lift_kill_switch(p_scope text, p_target text, p_reason text, p_tenant_id text) TO tollhouse_operator;
REVOKE ALL ON FUNCTION tollhouse_ops.lift_shutoff(p_tenant_id text, p_user_id text, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_ops.lift_shutoff(p_tenant_id text, p_user_id text, p_reason text) TO tollhouse_operator;
REVOKE ALL ON FUNCTION tollhouse_ops.open_breaker(p_provider text, p_reason text, p_tenant_id text, p_user_id text, p_cooldown interval) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_ops.open_breaker(p_provider text, p_reason text, p_tenant_id text, p_user_id text, p_cooldown interval) TO tollhouse_operator;
REVOKE ALL ON FUNCTION tollhouse_ops.pull_kill_switch(p_scope text, p_target text, p_reason text, p_tenant_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_ops.pull_kill_switch(p_scope text, p_target text, p_reason text, p_tenant_id text) TO tollhouse_operator;
REVOKE ALL ON FUNCTION tollhouse_ops.resume_everything(p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_ops.resume_everything(p_reason text) TO tollhouse_operator;
REVOKE ALL ON FUNCTION tollhouse_ops.set_capture_policy(p_tenant_id text, p_policy text, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_ops.set_capture_policy(p_tenant_id text, p_policy text, p_reason text) TO tollhouse_operator;
REVOKE ALL ON FUNCTION tollhouse_ops.set_hourly_threshold(p_tenant_id text, p_user_id text, p_threshold_micro_usd bigint, p_reason text, p_cooldown interval) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_ops.set_hourly_threshold(p_tenant_id text, p_user_id text, p_threshold_micro_usd bigint, p_reason text, p_cooldown interval) TO tollhouse_operator;
REVOKE ALL ON FUNCTION tollhouse_ops.set_model(p_model text, p_provider text, p_provider_model text, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_ops.set_model(p_model text, p_provider text, p_provider_model text, p_reason text) TO tollhouse_operator;
REVOKE ALL ON FUNCTION tollhouse_ops.set_monthly_cap(p_tenant_id text, p_user_id text, p_cap_micro_usd bigint, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_ops.set_monthly_cap(p_tenant_id text, p_user_id text, p_cap_micro_usd bigint, p_reason text) TO tollhouse_operator;
REVOKE ALL ON FUNCTION tollhouse_ops.set_price(p_model text, p_kind text, p_micro_usd_per_million bigint, p_reason text, p_effective_from timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_ops.set_price(p_model text, p_kind text, p_micro_usd_per_million bigint, p_reason text, p_effective_from timestamp with time zone) TO tollhouse_operator;
REVOKE ALL ON FUNCTION tollhouse_ops.set_provider(p_provider text, p_reason text, p_failure_threshold integer, p_cooldown interval, p_window interval, p_window_min_calls integer, p_window_failure_share numeric) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_ops.set_provider(p_provider text, p_reason text, p_failure_threshold integer, p_cooldown interval, p_window interval, p_window_min_calls integer, p_window_failure_share numeric) TO tollhouse_operator;
REVOKE ALL ON FUNCTION tollhouse_ops.set_queue_limit(p_tenant_id text, p_max_calls bigint, p_max_bytes bigint, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_ops.set_queue_limit(p_tenant_id text, p_max_calls bigint, p_max_bytes bigint, p_reason text) TO tollhouse_operator;
REVOKE ALL ON FUNCTION tollhouse_ops.set_rate_limit(p_scope text, p_target text, p_requests_per_minute integer, p_tokens_per_minute integer, p_max_in_flight integer, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_ops.set_rate_limit(p_scope text, p_target text, p_requests_per_minute integer, p_tokens_per_minute integer, p_max_in_flight integer, p_reason text) TO tollhouse_operator;
REVOKE ALL ON FUNCTION tollhouse_ops.set_settings(p_reason text, p_lease interval, p_delivery_ttl interval, p_content_retention interval, p_ledger_retention interval, p_months_ahead integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_ops.set_settings(p_reason text, p_lease interval, p_delivery_ttl interval, p_content_retention interval, p_ledger_retention interval, p_months_ahead integer) TO tollhouse_operator;
REVOKE ALL ON FUNCTION tollhouse_ops.set_shutoff(p_tenant_id text, p_user_id text, p_until timestamp with time zone, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_ops.set_shutoff(p_tenant_id text, p_user_id text, p_until timestamp with time zone, p_reason text) TO tollhouse_operator;
REVOKE ALL ON FUNCTION tollhouse_ops.set_task_type(p_endpoint text, p_reason text, p_models text[], p_timeout_ms integer, p_max_attempts integer, p_backoff_ms integer, p_max_output_tokens integer, p_max_request_bytes integer, p_cache_ttl interval, p_cache_scope text, p_capture text, p_retries_abandoned boolean, p_materializer text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_ops.set_task_type(p_endpoint text, p_reason text, p_models text[], p_timeout_ms integer, p_max_attempts integer, p_backoff_ms integer, p_max_output_tokens integer, p_max_request_bytes integer, p_cache_ttl interval, p_cache_scope text, p_capture text, p_retries_abandoned boolean, p_materializer text) TO tollhouse_operator;
REVOKE ALL ON FUNCTION tollhouse_ops.stop_everything(p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_ops.stop_everything(p_reason text) TO tollhouse_operator;
REVOKE ALL ON FUNCTION tollhouse_ops.unbind_login(p_login name, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_ops.unbind_login(p_login name, p_reason text) TO tollhouse_operator;
REVOKE ALL ON FUNCTION tollhouse_private.announce(p_settlements tollhouse_private.settlement[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.announce(p_settlements tollhouse_private.settlement[]) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.append_attempts(p_settlements tollhouse_private.settlement[], p_now timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.append_late(p_worker_id uuid, p_results tollhouse_private.attempt_result[], p_now timestamp with time zone, OUT booked integer, OUT dues tollhouse_private.due[], OUT overruns tollhouse_private.overrun[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.assess(p_ended tollhouse_private.settlement[], p_now timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.audit(p_action text, p_target jsonb, p_reason text, p_before jsonb, p_after jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.begin_attempts(p_worker_id uuid, p_routes tollhouse_private.route[], p_now timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.begin_probes(p_routes tollhouse_private.route[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.book_hour(p_dues tollhouse_private.due[], p_now timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.bound_times(p_now timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.budget_month(p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.budget_month(p_now timestamp with time zone) TO tollhouse_owner;
REVOKE ALL ON FUNCTION tollhouse_private.budget_users_in_line(p_tenant_id text, p_after text, p_limit integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.cached_result(p_job tollhouse_private.work) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.call_created_at(p_call_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.call_created_at(p_call_id uuid) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.call_up(p_now timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.call_up_budget(p_tenant_id text, p_users text[], p_now timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.candidate_models(p_endpoint text, p_requested_model text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.candidate_models(p_endpoint text, p_requested_model text) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.capture_of(p_tenant_id text, p_endpoint text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.capture_of(p_tenant_id text, p_endpoint text) TO tollhouse_owner;
REVOKE ALL ON FUNCTION tollhouse_private.change_shutoff(p_action text, p_tenant_id text, p_user_id text, p_change jsonb, p_reason text) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.charge_basis(p_sent boolean, p_billing text, p_usage_cost bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.charge_basis(p_sent boolean, p_billing text, p_usage_cost bigint) TO tollhouse_engine;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tollhouse_private.task_types TO tollhouse_engine;
GRANT SELECT ON TABLE tollhouse_private.task_types TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_private.task_types TO tollhouse_auditor;
REVOKE ALL ON FUNCTION tollhouse_private.check_call(p_task tollhouse_private.task_types, p_request jsonb, p_request_id text, p_model text, p_watermark text, p_max_cost_micro_usd bigint, p_run_at timestamp with time zone, p_metadata jsonb, p_now timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.check_materializer(p_name text) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.check_room(p_tenant_id text, p_calls integer, p_bytes bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.check_target(p_kind text, p_target text) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.check_value(p_ok boolean, p_detail text, p_hint text) FROM PUBLIC;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tollhouse_private.breakers TO tollhouse_engine;
GRANT SELECT ON TABLE tollhouse_private.breakers TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse_private.breakers TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_private.breakers TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse_private.breakers TO tollhouse_monitor;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tollhouse_private.provider_breakers TO tollhouse_engine;
GRANT SELECT ON TABLE tollhouse_private.provider_breakers TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_private.provider_breakers TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse_private.provider_breakers TO tollhouse_monitor;
REVOKE ALL ON FUNCTION tollhouse_private.choose_models(p_jobs tollhouse_private.work[], p_now timestamp with time zone, p_breakers tollhouse_private.breakers[], p_provider_breakers tollhouse_private.provider_breakers[], p_may_probe boolean, OUT routes tollhouse_private.route[], OUT verdicts tollhouse_private.verdict[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.close_calls(p_settlements tollhouse_private.settlement[], p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.close_calls(p_settlements tollhouse_private.settlement[], p_now timestamp with time zone) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.cost_of_usage(p_input_price bigint, p_cached_input_price bigint, p_output_price bigint, p_reasoning_price bigint, p_input_tokens integer, p_cached_input_tokens integer, p_output_tokens integer, p_reasoning_tokens integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.cost_of_usage(p_input_price bigint, p_cached_input_price bigint, p_output_price bigint, p_reasoning_price bigint, p_input_tokens integer, p_cached_input_tokens integer, p_output_tokens integer, p_reasoning_tokens integer) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.identity(OUT tenant_id text, OUT user_id text, OUT reads_all_users boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.identity(OUT tenant_id text, OUT user_id text, OUT reads_all_users boolean) TO tollhouse_owner;
GRANT ALL ON FUNCTION tollhouse_private.identity(OUT tenant_id text, OUT user_id text, OUT reads_all_users boolean) TO tollhouse_client;
REVOKE ALL ON FUNCTION tollhouse_private.current_tenant_id() FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.current_tenant_id() TO tollhouse_owner;
GRANT ALL ON FUNCTION tollhouse_private.current_tenant_id() TO tollhouse_client;
REVOKE ALL ON FUNCTION tollhouse_private.current_user_id() FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.current_user_id() TO tollhouse_owner;
GRANT ALL ON FUNCTION tollhouse_private.current_user_id() TO tollhouse_client;
REVOKE ALL ON FUNCTION tollhouse_private.decide(p_jobs tollhouse_private.work[], p_now timestamp with time zone, OUT admitted tollhouse_private.route[], OUT verdicts tollhouse_private.verdict[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.done_channel_name(p_secret text, p_tenant_id text, p_user_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.done_channel_name(p_secret text, p_tenant_id text, p_user_id text) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.done_channel_of(p_tenant_id text, p_user_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.done_channel_of(p_tenant_id text, p_user_id text) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.drop_bindings(p_login name) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.drop_old_partitions(p_now timestamp with time zone, p_months_in_use timestamp with time zone[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.drop_old_partitions(p_now timestamp with time zone, p_months_in_use timestamp with time zone[]) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.dues(p_settlements tollhouse_private.settlement[], p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.dues(p_settlements tollhouse_private.settlement[], p_now timestamp with time zone) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.early_verdicts(p_jobs tollhouse_private.jobs[], p_now timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.ending(p_job tollhouse_private.work, p_status text, p_reason text, p_answer tollhouse_private.attempt_result, p_unqueued tollhouse_private.jobs, p_need_micro_usd bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.ending(p_job tollhouse_private.work, p_status text, p_reason text, p_answer tollhouse_private.attempt_result, p_unqueued tollhouse_private.jobs, p_need_micro_usd bigint) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.enqueue_calls(p_tenant_id text, p_user_id text, p_calls tollhouse_private.asked_call[], p_many boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.enqueue_calls(p_tenant_id text, p_user_id text, p_calls tollhouse_private.asked_call[], p_many boolean) TO tollhouse_owner;
REVOKE ALL ON FUNCTION tollhouse_private.ensure_partitions(p_from timestamp with time zone, p_until timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.ensure_partitions(p_from timestamp with time zone, p_until timestamp with time zone) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.existing_calls(p_jobs tollhouse_private.jobs[]) FROM PUBLIC;
REVOKE ALL ON TABLE tollhouse_private.llm_api_calls FROM tollhouse_owner;
GRANT SELECT,INSERT,REFERENCES,TRIGGER,MAINTAIN ON TABLE tollhouse_private.llm_api_calls TO tollhouse_owner;
GRANT SELECT,INSERT ON TABLE tollhouse_private.llm_api_calls TO tollhouse_engine;
GRANT SELECT ON TABLE tollhouse_private.llm_api_calls TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse_private.llm_api_calls TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_private.llm_api_calls TO tollhouse_auditor;
GRANT SELECT(tenant_id) ON TABLE tollhouse_private.llm_api_calls TO tollhouse_monitor;
GRANT SELECT(call_id) ON TABLE tollhouse_private.llm_api_calls TO tollhouse_monitor;
GRANT SELECT(created_at) ON TABLE tollhouse_private.llm_api_calls TO tollhouse_monitor;
GRANT SELECT(finished_at) ON TABLE tollhouse_private.llm_api_calls TO tollhouse_monitor;
GRANT SELECT(user_id) ON TABLE tollhouse_private.llm_api_calls TO tollhouse_monitor;
GRANT SELECT(endpoint) ON TABLE tollhouse_private.llm_api_calls TO tollhouse_monitor;
GRANT SELECT(request_id) ON TABLE tollhouse_private.llm_api_calls TO tollhouse_monitor;
GRANT SELECT(status) ON TABLE tollhouse_private.llm_api_calls TO tollhouse_monitor;
GRANT SELECT(blocked_reason) ON TABLE tollhouse_private.llm_api_calls TO tollhouse_monitor;
GRANT SELECT(was_cached) ON TABLE tollhouse_private.llm_api_calls TO tollhouse_monitor;
GRANT SELECT(was_coalesced) ON TABLE tollhouse_private.llm_api_calls TO tollhouse_monitor;
GRANT SELECT(provider_attempted) ON TABLE tollhouse_private.llm_api_calls TO tollhouse_monitor;
GRANT SELECT(attempts) ON TABLE tollhouse_private.llm_api_calls TO tollhouse_monitor;
GRANT SELECT(provider) ON TABLE tollhouse_private.llm_api_calls TO tollhouse_monitor;
GRANT SELECT(model) ON TABLE tollhouse_private.llm_api_calls TO tollhouse_monitor;
GRANT SELECT(input_tokens) ON TABLE tollhouse_private.llm_api_calls TO tollhouse_monitor;
GRANT SELECT(cached_input_tokens) ON TABLE tollhouse_private.llm_api_calls TO tollhouse_monitor;
GRANT SELECT(output_tokens) ON TABLE tollhouse_private.llm_api_calls TO tollhouse_monitor;
GRANT SELECT(reasoning_tokens) ON TABLE tollhouse_private.llm_api_calls TO tollhouse_monitor;
GRANT SELECT(cost_micro_usd) ON TABLE tollhouse_private.llm_api_calls TO tollhouse_monitor;
GRANT SELECT(cost_basis) ON TABLE tollhouse_private.llm_api_calls TO tollhouse_monitor;
GRANT SELECT(saved_micro_usd) ON TABLE tollhouse_private.llm_api_calls TO tollhouse_monitor;
GRANT SELECT(refused_micro_usd) ON TABLE tollhouse_private.llm_api_calls TO tollhouse_monitor;
GRANT SELECT(latency_ms) ON TABLE tollhouse_private.llm_api_calls TO tollhouse_monitor;
GRANT SELECT(error_code) ON TABLE tollhouse_private.llm_api_calls TO tollhouse_monitor;
REVOKE ALL ON FUNCTION tollhouse_private.explain_blocked(p_call tollhouse_private.llm_api_calls, p_now timestamp with time zone, OUT why text, OUT what_to_do text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.explain_blocked(p_call tollhouse_private.llm_api_calls, p_now timestamp with time zone, OUT why text, OUT what_to_do text) TO tollhouse_engine;
GRANT SELECT,INSERT,DELETE ON TABLE tollhouse_private.request_keys TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.explain_call(p_key tollhouse_private.request_keys, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.explain_call(p_key tollhouse_private.request_keys, p_now timestamp with time zone) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.explain_cap(p_call tollhouse_private.llm_api_calls, p_now timestamp with time zone, OUT why text, OUT what_to_do text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.explain_cap(p_call tollhouse_private.llm_api_calls, p_now timestamp with time zone, OUT why text, OUT what_to_do text) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.explain_ended(p_call tollhouse_private.llm_api_calls, p_now timestamp with time zone, OUT why text, OUT what_to_do text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.explain_ended(p_call tollhouse_private.llm_api_calls, p_now timestamp with time zone, OUT why text, OUT what_to_do text) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.explain_line(p_job tollhouse_private.jobs, p_need bigint, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.explain_line(p_job tollhouse_private.jobs, p_need bigint, p_now timestamp with time zone) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.explain_obstacle(p_job tollhouse_private.jobs, p_now timestamp with time zone, OUT why text, OUT what_to_do text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.explain_obstacle(p_job tollhouse_private.jobs, p_now timestamp with time zone, OUT why text, OUT what_to_do text) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.explain_waiting(p_job tollhouse_private.jobs, p_now timestamp with time zone, OUT why text, OUT what_to_do text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.explain_waiting(p_job tollhouse_private.jobs, p_now timestamp with time zone, OUT why text, OUT what_to_do text) TO tollhouse_engine;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tollhouse_private.providers TO tollhouse_engine;
GRANT SELECT ON TABLE tollhouse_private.providers TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_private.providers TO tollhouse_auditor;
REVOKE ALL ON FUNCTION tollhouse_private.fails_everybody(p_provider tollhouse_private.providers, p_now timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.guard_breaker(p_state text, p_open_until timestamp with time zone, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.guard_breaker(p_state text, p_open_until timestamp with time zone, p_now timestamp with time zone) TO tollhouse_owner;
REVOKE ALL ON FUNCTION tollhouse_private.guard_budget(p_routes tollhouse_private.route[], p_now timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.guard_cache(p_jobs tollhouse_private.work[], p_now timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.guard_cancelled(p_jobs tollhouse_private.work[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.guard_coalescing(p_jobs tollhouse_private.work[], p_now timestamp with time zone, p_batch tollhouse_private.work[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.guard_hourly_shutoff(p_jobs tollhouse_private.work[], p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.guard_hourly_shutoff(p_jobs tollhouse_private.work[], p_now timestamp with time zone) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.guard_idempotency(p_jobs tollhouse_private.jobs[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.guard_kill_switch(p_jobs tollhouse_private.work[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.guard_kill_switch(p_jobs tollhouse_private.work[]) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.guard_rate_limit(p_routes tollhouse_private.route[], p_now timestamp with time zone, p_admitted tollhouse_private.route[]) FROM PUBLIC;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tollhouse_private.response_cache TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.has_answer(p_entry tollhouse_private.response_cache, p_now timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.has_month(p_created_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.has_month(p_created_at timestamp with time zone) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.has_visible(p_text text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.has_visible(p_text text) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.highest_cost(p_input_price bigint, p_cached_input_price bigint, p_output_price bigint, p_reasoning_price bigint, p_request_bytes integer, p_max_output_tokens integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.highest_cost(p_input_price bigint, p_cached_input_price bigint, p_output_price bigint, p_reasoning_price bigint, p_request_bytes integer, p_max_output_tokens integer) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.json_problem(p_value jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.keeps_content(p_tenant_id text, p_endpoint text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.keeps_content(p_tenant_id text, p_endpoint text) TO tollhouse_owner;
GRANT ALL ON FUNCTION tollhouse_private.keeps_content(p_tenant_id text, p_endpoint text) TO tollhouse_client;
GRANT ALL ON FUNCTION tollhouse_private.keeps_content(p_tenant_id text, p_endpoint text) TO tollhouse_operator;
GRANT ALL ON FUNCTION tollhouse_private.keeps_content(p_tenant_id text, p_endpoint text) TO tollhouse_auditor;
REVOKE ALL ON FUNCTION tollhouse_private.kept_answer(p_tenant_id text, p_call_id uuid) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.killed(p_tenant_id text, p_user_id text, p_endpoint text, p_provider text, p_model text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.killed(p_tenant_id text, p_user_id text, p_endpoint text, p_provider text, p_model text) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.land(p_calls uuid[], p_tenants text[], p_keys bytea[], p_places tid[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.leader_is_lost(p_tenant_id text, p_call_id uuid) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.learn_overrun(p_model text, p_call_id uuid, p_factor numeric, p_now timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.lock_ahead(p_jobs tollhouse_private.work[], p_now timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.look_after_budget_lines(p_now timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.materialize(p_settlements tollhouse_private.settlement[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.materialize(p_settlements tollhouse_private.settlement[]) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.materialize_budget_optimization(p_tenant_id text, p_user_id text, p_call_id uuid, p_created_at timestamp with time zone, p_request jsonb, p_response jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.materialize_budget_optimization(p_tenant_id text, p_user_id text, p_call_id uuid, p_created_at timestamp with time zone, p_request jsonb, p_response jsonb) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.materialize_investigation(p_tenant_id text, p_user_id text, p_call_id uuid, p_created_at timestamp with time zone, p_request jsonb, p_response jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.materialize_investigation(p_tenant_id text, p_user_id text, p_call_id uuid, p_created_at timestamp with time zone, p_request jsonb, p_response jsonb) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.move_breaker(p_action text, p_provider text, p_tenant_id text, p_user_id text, p_state text, p_open_until timestamp with time zone, p_reason text) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.needless_probes(p_routes tollhouse_private.route[], p_admitted tollhouse_private.route[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.new_call_id(p_created_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.new_call_id(p_created_at timestamp with time zone) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.new_jobs(p_tenant_id text, p_user_id text, p_calls tollhouse_private.asked_call[], p_now timestamp with time zone, OUT jobs tollhouse_private.jobs[], OUT places bigint[], OUT sound boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.next_in_line(p_line text, p_last_tenant_id text, p_limit integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.note_turns(p_line text, p_tenants text[], p_users text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.observe_providers(p_settlements tollhouse_private.settlement[], p_now timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.observe_users(p_settlements tollhouse_private.settlement[], p_now timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.oldest_jobs(p_turns tollhouse_private.turn[], p_limit integer, p_bytes bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.open_breakers(p_jobs tollhouse_private.work[], OUT of_users tollhouse_private.breakers[], OUT of_providers tollhouse_private.provider_breakers[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.our_roles() FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.overrun_of(p_model text, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.overrun_of(p_model text, p_now timestamp with time zone) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.part_problem(p_value jsonb, p_kind text, p_place text) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.pick(p_last_tenant_id text, p_limit integer, OUT jobs tollhouse_private.work[], OUT last_tenant_id text) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.price_at(p_model text, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.price_at(p_model text, p_now timestamp with time zone) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.probe_again(p_jobs tollhouse_private.work[], p_stopped tollhouse_private.verdict[], p_now timestamp with time zone, p_admitted tollhouse_private.route[], OUT admitted tollhouse_private.route[], OUT verdicts tollhouse_private.verdict[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.probe_refused(p_routes tollhouse_private.route[], p_verdicts tollhouse_private.verdict[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.promote_due(p_now timestamp with time zone, p_last_tenant_id text) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.prospects(p_job tollhouse_private.work, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.prospects(p_job tollhouse_private.work, p_now timestamp with time zone) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.question_of(p_request jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.question_of(p_request jsonb) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.rate_limit_waits(p_scope text, p_routes tollhouse_private.route[], p_admitted uuid[], p_now timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.rate_limits_of(p_routes tollhouse_private.route[], p_now timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.reads_all_users() FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.reads_all_users() TO tollhouse_owner;
GRANT ALL ON FUNCTION tollhouse_private.reads_all_users() TO tollhouse_client;
REVOKE ALL ON FUNCTION tollhouse_private.refuse_call(p_call tollhouse_private.asked_call, p_place bigint, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.refuse_call(p_call tollhouse_private.asked_call, p_place bigint, p_now timestamp with time zone) TO tollhouse_owner;
REVOKE ALL ON FUNCTION tollhouse_private.refusing_guard(p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.refusing_guard(p_reason text) TO tollhouse_client;
GRANT ALL ON FUNCTION tollhouse_private.refusing_guard(p_reason text) TO tollhouse_operator;
GRANT ALL ON FUNCTION tollhouse_private.refusing_guard(p_reason text) TO tollhouse_auditor;
GRANT ALL ON FUNCTION tollhouse_private.refusing_guard(p_reason text) TO tollhouse_monitor;
REVOKE ALL ON FUNCTION tollhouse_private.release_flights(p_settlements tollhouse_private.settlement[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.request_problem(p_request jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.requeue(p_settlements tollhouse_private.settlement[], p_now timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.route_jobs(p_jobs tollhouse_private.work[], p_now timestamp with time zone, p_admitted tollhouse_private.route[], OUT routes tollhouse_private.route[], OUT verdicts tollhouse_private.verdict[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.settle(p_ended tollhouse_private.settlement[], p_now timestamp with time zone, p_late_dues tollhouse_private.due[], p_late_overruns tollhouse_private.overrun[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.settle_budget(p_dues tollhouse_private.due[], p_now timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.sound_request(p_request jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.stands_in_line(p_tenant_id text, p_user_id text, p_besides uuid[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.store_answers(p_settlements tollhouse_private.settlement[], p_now timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.stretch(p_table regclass) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.stretch(p_table regclass) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.stricter_capture(p_task_capture text, p_tenant_capture text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.stricter_capture(p_task_capture text, p_tenant_capture text) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.switch_in_words(p_job tollhouse_private.jobs) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.switch_in_words(p_job tollhouse_private.jobs) TO tollhouse_engine;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tollhouse_private.kill_switches TO tollhouse_engine;
GRANT SELECT ON TABLE tollhouse_private.kill_switches TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse_private.kill_switches TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_private.kill_switches TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse_private.kill_switches TO tollhouse_monitor;
REVOKE ALL ON FUNCTION tollhouse_private.switch_stops(p_switch tollhouse_private.kill_switches, p_tenant_id text, p_user_id text, p_endpoint text, p_provider text, p_model text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.switch_stops(p_switch tollhouse_private.kill_switches, p_tenant_id text, p_user_id text, p_endpoint text, p_provider text, p_model text) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.take_rate_limit(p_routes tollhouse_private.route[], p_now timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.tell(p_channel text, p_payloads text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.tell(p_channel text, p_payloads text[]) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.tell_each(p_channels text[], p_payloads text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.tell_each(p_channels text[], p_payloads text[]) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.tenants_in_line(p_after text, p_limit integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.turn_away(p_jobs tollhouse_private.work[], p_verdicts tollhouse_private.verdict[], p_now timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.undecided(p_routes tollhouse_private.route[], p_verdicts tollhouse_private.verdict[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.undecided(p_routes tollhouse_private.route[], p_verdicts tollhouse_private.verdict[]) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.undecided(p_jobs tollhouse_private.work[], p_verdicts tollhouse_private.verdict[]) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.undecided(p_jobs tollhouse_private.work[], p_verdicts tollhouse_private.verdict[]) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.unreadable_result(p_results jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.users_in_line(p_tenant_id text, p_after text, p_limit integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.users_scheduled(p_tenant_id text, p_after text, p_limit integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.value_fits(p_value jsonb, p_kind text) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.verify_function(p_function regprocedure, p_owner regrole, p_security text, p_executors text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.verify_policies(p_table regclass, p_policies text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.verify_table(p_table regclass, p_owner regrole, p_columns text[], p_grants text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.verify_that(p_holds boolean, p_otherwise text) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.verify_type(p_type regtype, p_owner regrole) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.verify_view(p_view regclass, p_owner regrole, p_readers text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.verify_withheld(p_table regclass, p_role regrole, p_columns text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.wake_followers() FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.wake_idle_worker() FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.wake_idle_worker() TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.wake_stranded() FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.with_overrun(p_highest_cost bigint, p_factor numeric) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.with_overrun(p_highest_cost bigint, p_factor numeric) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.without_answers(p_settlements tollhouse_private.settlement[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.without_text(p_result tollhouse_private.attempt_result) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_private.work_of(p_job tollhouse_private.jobs, p_place tid) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_private.work_of(p_job tollhouse_private.jobs, p_place tid) TO tollhouse_engine;
REVOKE ALL ON FUNCTION tollhouse_private.wrong_grants(p_relation regclass, p_owner regrole, p_grants text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION tollhouse_worker.calls_to_abort(p_worker_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_worker.calls_to_abort(p_worker_id uuid) TO tollhouse_worker;
REVOKE ALL ON FUNCTION tollhouse_worker.claim(p_worker_id uuid, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_worker.claim(p_worker_id uuid, p_limit integer) TO tollhouse_worker;
REVOKE ALL ON FUNCTION tollhouse_worker.deregister(p_worker_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_worker.deregister(p_worker_id uuid) TO tollhouse_worker;
REVOKE ALL ON FUNCTION tollhouse_worker.heartbeat(p_worker_id uuid, p_in_flight integer) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_worker.heartbeat(p_worker_id uuid, p_in_flight integer) TO tollhouse_worker;
REVOKE ALL ON FUNCTION tollhouse_worker.maintain() FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_worker.maintain() TO tollhouse_worker;
REVOKE ALL ON FUNCTION tollhouse_worker.prune() FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_worker.prune() TO tollhouse_worker;
REVOKE ALL ON FUNCTION tollhouse_worker.reap() FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_worker.reap() TO tollhouse_worker;
REVOKE ALL ON FUNCTION tollhouse_worker.record(p_worker_id uuid, p_results jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_worker.record(p_worker_id uuid, p_results jsonb) TO tollhouse_worker;
REVOKE ALL ON PROCEDURE tollhouse_worker.record_and_claim(IN p_worker_id uuid, IN p_results jsonb, IN p_limit integer, INOUT p_claimed jsonb) FROM PUBLIC;
GRANT ALL ON PROCEDURE tollhouse_worker.record_and_claim(IN p_worker_id uuid, IN p_results jsonb, IN p_limit integer, INOUT p_claimed jsonb) TO tollhouse_worker;
REVOKE ALL ON FUNCTION tollhouse_worker.register(p_worker_id uuid, p_name text, p_capacity integer, p_version text) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_worker.register(p_worker_id uuid, p_name text, p_capacity integer, p_version text) TO tollhouse_worker;
REVOKE ALL ON FUNCTION tollhouse_worker.set_idle(p_worker_id uuid, p_idle boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION tollhouse_worker.set_idle(p_worker_id uuid, p_idle boolean) TO tollhouse_worker;
GRANT SELECT ON TABLE tollhouse.breakers TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse.breakers TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse.breakers TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse.breakers TO tollhouse_monitor;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tollhouse_private.hourly_spend TO tollhouse_engine;
GRANT SELECT ON TABLE tollhouse_private.hourly_spend TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse_private.hourly_spend TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_private.hourly_spend TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse_private.hourly_spend TO tollhouse_monitor;
GRANT SELECT,INSERT,UPDATE ON TABLE tollhouse_private.monthly_budgets TO tollhouse_engine;
GRANT SELECT ON TABLE tollhouse_private.monthly_budgets TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse_private.monthly_budgets TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_private.monthly_budgets TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse_private.monthly_budgets TO tollhouse_monitor;
GRANT SELECT ON TABLE tollhouse.budget_burn TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse.budget_burn TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse.budget_burn TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse.budget_burn TO tollhouse_monitor;
GRANT SELECT,INSERT ON TABLE tollhouse_private.budget_optimization_jobs TO tollhouse_engine;
GRANT SELECT ON TABLE tollhouse_private.budget_optimization_jobs TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse_private.budget_optimization_jobs TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_private.budget_optimization_jobs TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse.budget_optimization_jobs TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse.budget_optimization_jobs TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse.budget_optimization_jobs TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse.cache_hit_rate TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse.cache_hit_rate TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse.cache_hit_rate TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse.cache_hit_rate TO tollhouse_monitor;
REVOKE ALL ON TABLE tollhouse_private.call_content FROM tollhouse_owner;
GRANT SELECT,INSERT,REFERENCES,TRIGGER,MAINTAIN ON TABLE tollhouse_private.call_content TO tollhouse_owner;
GRANT SELECT,INSERT ON TABLE tollhouse_private.call_content TO tollhouse_engine;
GRANT SELECT ON TABLE tollhouse_private.call_content TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse_private.call_content TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_private.call_content TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse.call_content TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse.call_content TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse.call_content TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse.distillation_samples TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse.distillation_samples TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse.distillation_samples TO tollhouse_auditor;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tollhouse_private.hourly_shutoffs TO tollhouse_engine;
GRANT SELECT ON TABLE tollhouse_private.hourly_shutoffs TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse_private.hourly_shutoffs TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_private.hourly_shutoffs TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse_private.hourly_shutoffs TO tollhouse_monitor;
GRANT SELECT ON TABLE tollhouse.guard_state TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse.guard_state TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse.guard_state TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse.guard_state TO tollhouse_monitor;
GRANT SELECT ON TABLE tollhouse.hourly_shutoffs TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse.hourly_shutoffs TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse.hourly_shutoffs TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse.hourly_shutoffs TO tollhouse_monitor;
GRANT SELECT ON TABLE tollhouse.hourly_spend TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse.hourly_spend TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse.hourly_spend TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse.hourly_spend TO tollhouse_monitor;
GRANT SELECT,INSERT ON TABLE tollhouse_private.investigations TO tollhouse_engine;
GRANT SELECT ON TABLE tollhouse_private.investigations TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse_private.investigations TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_private.investigations TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse.investigations TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse.investigations TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse.investigations TO tollhouse_auditor;
REVOKE ALL ON TABLE tollhouse_private.cancel_requests FROM tollhouse_owner;
GRANT SELECT,INSERT,REFERENCES,TRIGGER,MAINTAIN ON TABLE tollhouse_private.cancel_requests TO tollhouse_owner;
GRANT SELECT,DELETE,UPDATE ON TABLE tollhouse_private.cancel_requests TO tollhouse_engine;
GRANT SELECT ON TABLE tollhouse_private.cancel_requests TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse_private.cancel_requests TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_private.cancel_requests TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse.jobs TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse.jobs TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse.jobs TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse.kill_switches TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse.kill_switches TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse.kill_switches TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse.kill_switches TO tollhouse_monitor;
GRANT SELECT ON TABLE tollhouse.llm_api_calls TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse.llm_api_calls TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse.llm_api_calls TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse.monthly_budgets TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse.monthly_budgets TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse.monthly_budgets TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse.monthly_budgets TO tollhouse_monitor;
GRANT SELECT ON TABLE tollhouse.monthly_spend TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse.monthly_spend TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse.monthly_spend TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse.monthly_spend TO tollhouse_monitor;
REVOKE ALL ON TABLE tollhouse_private.provider_attempts FROM tollhouse_owner;
GRANT SELECT,REFERENCES,TRIGGER,MAINTAIN ON TABLE tollhouse_private.provider_attempts TO tollhouse_owner;
GRANT SELECT,INSERT ON TABLE tollhouse_private.provider_attempts TO tollhouse_engine;
GRANT SELECT ON TABLE tollhouse_private.provider_attempts TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse_private.provider_attempts TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_private.provider_attempts TO tollhouse_auditor;
GRANT SELECT(tenant_id) ON TABLE tollhouse_private.provider_attempts TO tollhouse_monitor;
GRANT SELECT(call_id) ON TABLE tollhouse_private.provider_attempts TO tollhouse_monitor;
GRANT SELECT(attempt) ON TABLE tollhouse_private.provider_attempts TO tollhouse_monitor;
GRANT SELECT(late) ON TABLE tollhouse_private.provider_attempts TO tollhouse_monitor;
GRANT SELECT(created_at) ON TABLE tollhouse_private.provider_attempts TO tollhouse_monitor;
GRANT SELECT(started_at) ON TABLE tollhouse_private.provider_attempts TO tollhouse_monitor;
GRANT SELECT(finished_at) ON TABLE tollhouse_private.provider_attempts TO tollhouse_monitor;
GRANT SELECT(user_id) ON TABLE tollhouse_private.provider_attempts TO tollhouse_monitor;
GRANT SELECT(endpoint) ON TABLE tollhouse_private.provider_attempts TO tollhouse_monitor;
GRANT SELECT(provider) ON TABLE tollhouse_private.provider_attempts TO tollhouse_monitor;
GRANT SELECT(model) ON TABLE tollhouse_private.provider_attempts TO tollhouse_monitor;
GRANT SELECT(worker_id) ON TABLE tollhouse_private.provider_attempts TO tollhouse_monitor;
GRANT SELECT(outcome) ON TABLE tollhouse_private.provider_attempts TO tollhouse_monitor;
GRANT SELECT(sent) ON TABLE tollhouse_private.provider_attempts TO tollhouse_monitor;
GRANT SELECT(http_status) ON TABLE tollhouse_private.provider_attempts TO tollhouse_monitor;
GRANT SELECT(error_code) ON TABLE tollhouse_private.provider_attempts TO tollhouse_monitor;
GRANT SELECT(input_tokens) ON TABLE tollhouse_private.provider_attempts TO tollhouse_monitor;
GRANT SELECT(cached_input_tokens) ON TABLE tollhouse_private.provider_attempts TO tollhouse_monitor;
GRANT SELECT(output_tokens) ON TABLE tollhouse_private.provider_attempts TO tollhouse_monitor;
GRANT SELECT(reasoning_tokens) ON TABLE tollhouse_private.provider_attempts TO tollhouse_monitor;
GRANT SELECT(cost_micro_usd) ON TABLE tollhouse_private.provider_attempts TO tollhouse_monitor;
GRANT SELECT(cost_basis) ON TABLE tollhouse_private.provider_attempts TO tollhouse_monitor;
GRANT SELECT(budget_month) ON TABLE tollhouse_private.provider_attempts TO tollhouse_monitor;
GRANT SELECT(latency_ms) ON TABLE tollhouse_private.provider_attempts TO tollhouse_monitor;
GRANT SELECT ON TABLE tollhouse.provider_attempts TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse.provider_attempts TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse.provider_attempts TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse.provider_performance TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse.provider_performance TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse.provider_performance TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse.provider_performance TO tollhouse_monitor;
GRANT SELECT ON TABLE tollhouse.queue_depth TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse.queue_depth TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse.queue_depth TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse.queue_depth TO tollhouse_monitor;
GRANT SELECT ON TABLE tollhouse.refusals TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse.refusals TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse.refusals TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse.refusals TO tollhouse_monitor;
GRANT SELECT ON TABLE tollhouse.retries TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse.retries TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse.retries TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse.retries TO tollhouse_monitor;
GRANT SELECT ON TABLE tollhouse.savings TO tollhouse_client;
GRANT SELECT ON TABLE tollhouse.savings TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse.savings TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse.savings TO tollhouse_monitor;
GRANT SELECT ON TABLE tollhouse_ops.attempts TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_ops.attempts TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse_ops.attempts TO tollhouse_monitor;
GRANT SELECT ON TABLE tollhouse_ops.snapshot_holders TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_ops.snapshot_holders TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse_ops.snapshot_holders TO tollhouse_monitor;
GRANT SELECT ON TABLE tollhouse_ops.database_health TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_ops.database_health TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse_ops.database_health TO tollhouse_monitor;
GRANT SELECT ON TABLE tollhouse_ops.explained_calls TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_ops.explained_calls TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse_ops.explained_calls TO tollhouse_monitor;
GRANT SELECT ON TABLE tollhouse_ops.finished_calls TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_ops.finished_calls TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse_ops.finished_calls TO tollhouse_monitor;
GRANT SELECT ON TABLE tollhouse_ops.guard_state TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_ops.guard_state TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse_ops.guard_state TO tollhouse_monitor;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tollhouse_private.model_overruns TO tollhouse_engine;
GRANT SELECT ON TABLE tollhouse_private.model_overruns TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_private.model_overruns TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse_private.model_overruns TO tollhouse_monitor;
GRANT SELECT ON TABLE tollhouse_ops.model_overruns TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_ops.model_overruns TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse_ops.model_overruns TO tollhouse_monitor;
REVOKE ALL ON TABLE tollhouse_private.operator_audit FROM tollhouse_owner;
GRANT SELECT,INSERT,REFERENCES,TRIGGER,MAINTAIN ON TABLE tollhouse_private.operator_audit TO tollhouse_owner;
GRANT INSERT ON TABLE tollhouse_private.operator_audit TO tollhouse_engine;
GRANT SELECT ON TABLE tollhouse_private.operator_audit TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_private.operator_audit TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse_private.operator_audit TO tollhouse_monitor;
GRANT SELECT ON TABLE tollhouse_ops.operator_audit TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_ops.operator_audit TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse_ops.operator_audit TO tollhouse_monitor;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tollhouse_private.queue_limits TO tollhouse_engine;
GRANT SELECT ON TABLE tollhouse_private.queue_limits TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_private.queue_limits TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse_private.queue_limits TO tollhouse_monitor;
GRANT SELECT ON TABLE tollhouse_ops.queue_limits TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_ops.queue_limits TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse_ops.queue_limits TO tollhouse_monitor;
GRANT SELECT ON TABLE tollhouse_ops.unfinished_calls TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_ops.unfinished_calls TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse_ops.unfinished_calls TO tollhouse_monitor;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tollhouse_private.workers TO tollhouse_engine;
GRANT SELECT ON TABLE tollhouse_private.workers TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_private.workers TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse_private.workers TO tollhouse_monitor;
GRANT SELECT ON TABLE tollhouse_ops.workers TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_ops.workers TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse_ops.workers TO tollhouse_monitor;
GRANT SELECT ON TABLE tollhouse_private.attempt_outcomes TO tollhouse_engine;
GRANT SELECT ON TABLE tollhouse_private.attempt_outcomes TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_private.attempt_outcomes TO tollhouse_auditor;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tollhouse_private.budget_caps TO tollhouse_engine;
GRANT SELECT ON TABLE tollhouse_private.budget_caps TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_private.budget_caps TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse_private.channel_secret TO tollhouse_engine;
GRANT SELECT,INSERT,DELETE ON TABLE tollhouse_private.deliveries TO tollhouse_engine;
REVOKE ALL ON TABLE tollhouse_private.ended_flights FROM tollhouse_owner;
GRANT INSERT,REFERENCES,TRIGGER,MAINTAIN ON TABLE tollhouse_private.ended_flights TO tollhouse_owner;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tollhouse_private.ended_flights TO tollhouse_engine;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tollhouse_private.login_bindings TO tollhouse_engine;
GRANT SELECT ON TABLE tollhouse_private.login_bindings TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_private.login_bindings TO tollhouse_auditor;
GRANT SELECT,INSERT ON TABLE tollhouse_private.model_prices TO tollhouse_engine;
GRANT SELECT ON TABLE tollhouse_private.model_prices TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_private.model_prices TO tollhouse_auditor;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tollhouse_private.models TO tollhouse_engine;
GRANT SELECT ON TABLE tollhouse_private.models TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_private.models TO tollhouse_auditor;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tollhouse_private.provider_windows TO tollhouse_engine;
GRANT SELECT ON TABLE tollhouse_private.provider_windows TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_private.provider_windows TO tollhouse_auditor;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tollhouse_private.queue_counts TO tollhouse_engine;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tollhouse_private.rate_limits TO tollhouse_engine;
GRANT SELECT ON TABLE tollhouse_private.rate_limits TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_private.rate_limits TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse_private.refusal_reasons TO tollhouse_engine;
GRANT SELECT ON TABLE tollhouse_private.refusal_reasons TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_private.refusal_reasons TO tollhouse_auditor;
GRANT SELECT ON TABLE tollhouse_private.refusal_reasons TO tollhouse_monitor;
GRANT SELECT,UPDATE ON TABLE tollhouse_private.settings TO tollhouse_engine;
GRANT SELECT ON TABLE tollhouse_private.settings TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_private.settings TO tollhouse_auditor;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tollhouse_private.tenant_settings TO tollhouse_engine;
GRANT SELECT ON TABLE tollhouse_private.tenant_settings TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_private.tenant_settings TO tollhouse_auditor;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tollhouse_private.turns TO tollhouse_engine;
GRANT SELECT ON TABLE tollhouse_private.turns TO tollhouse_operator;
GRANT SELECT ON TABLE tollhouse_private.turns TO tollhouse_auditor;
ALTER DEFAULT PRIVILEGES FOR ROLE tollhouse_engine REVOKE ALL ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE tollhouse_owner REVOKE ALL ON FUNCTIONS FROM PUBLIC;
