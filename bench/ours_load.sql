-- The load of Tollhouse, called from SQL as a client and a worker call it: only functions that they may call, as they.
create schema bench;
grant usage on schema bench to tollhouse_client, tollhouse_worker;

create procedure bench.fill(
  p_calls integer,
  p_payers integer,
  p_use_cache boolean,
  inout p_seconds double precision
)
  language plpgsql
as $$
declare
  c_most constant integer := 1000;
  v_batch text;
  v_calls jsonb;
  v_begun timestamptz;
  v_left integer;
begin
  p_seconds := 0;
  for v_payer in 0..p_payers - 1 loop
    v_left := p_calls / p_payers + (v_payer < p_calls % p_payers)::integer;
    while v_left > 0 loop
      v_batch := pg_current_xact_id() || '-';
      select jsonb_agg(jsonb_build_object(
        'endpoint', 'explanation',
        'use_cache', p_use_cache,
        'request', jsonb_build_object(
          'prompt', 'Week 14: search 41,200 EUR, 1,310 orders; video 28,900 EUR, 402 orders. Explain the gap. ' || v_batch || n,
          'max_completion_tokens', 200)))
      into v_calls
      from generate_series(1, least(v_left, c_most)) as n;
      v_left := v_left - c_most;
      v_begun := clock_timestamp();
      perform tollhouse.set_identity('tenant-' || v_payer % 10, 'user-' || v_payer / 10);
      perform count(*) from tollhouse.enqueue_many(v_calls);
      commit;
      p_seconds := p_seconds + extract(epoch from clock_timestamp() - v_begun);
    end loop;
  end loop;
end
$$;
comment on procedure bench.fill(integer, integer, boolean, double precision) is
  'Enqueues distinct calls of so many payers of ten tenants, a thousand a statement at most; the seconds that come back are those of enqueue_many and its commits.';

create procedure bench.drain(
  p_batch integer,
  p_warm integer,
  p_batches integer,
  inout p_calls integer,
  inout p_begun double precision,
  inout p_ended double precision,
  inout p_claiming double precision,
  inout p_recording double precision
)
  language plpgsql
as $$
declare
  c_worker_id constant uuid := gen_random_uuid();
  v_results jsonb;
  v_count integer;
  v_batches integer := 0;
  v_at timestamptz;
  v_claimed timestamptz;
  v_recorded timestamptz;
begin
  perform from tollhouse_worker.register(c_worker_id, 'bench', p_batch, '0');
  commit;
  while v_batches < p_batches loop
    if v_batches in (0, p_warm) then
      p_calls := 0;
      p_claiming := 0;
      p_recording := 0;
      p_begun := extract(epoch from clock_timestamp());
      p_ended := p_begun;
    end if;
    v_at := clock_timestamp();
    select count(*), jsonb_agg(jsonb_build_object(
      'tenant_id', c.tenant_id, 'call_id', c.call_id, 'attempt', c.attempt, 'outcome', 'success', 'http_status', 200,
      'latency_ms', 3, 'provider_request_id', 'req-' || c.call_id,
      'input_tokens', 40, 'cached_input_tokens', 0, 'output_tokens', 60, 'reasoning_tokens', 12,
      'response', jsonb_build_object('content', repeat('Search brought more orders a euro. ', 6), 'finish_reason', 'stop'),
      'reasoning', 'Orders divided by spend, channel by channel.',
      'metadata', '{"model": "mock-small", "usage": {"prompt_tokens": 40}}'::jsonb))
    into v_count, v_results
    from tollhouse_worker.claim(c_worker_id, p_batch) as c;
    commit;
    exit when v_count = 0;
    v_claimed := clock_timestamp();
    perform from tollhouse_worker.record(c_worker_id, v_results);
    commit;
    v_recorded := clock_timestamp();
    p_ended := extract(epoch from v_recorded);
    p_calls := p_calls + v_count;
    p_claiming := p_claiming + extract(epoch from v_claimed - v_at);
    p_recording := p_recording + extract(epoch from v_recorded - v_claimed);
    v_batches := v_batches + 1;
    if v_batches % 20 = 0 then
      perform tollhouse_worker.heartbeat(c_worker_id, 0);
      commit;
    end if;
  end loop;
  perform tollhouse_worker.deregister(c_worker_id);
  commit;
end
$$;
comment on procedure bench.drain(integer, integer, integer, integer, double precision, double precision, double precision, double precision) is
  'Claims and records so many batches, or until the queue is empty, with a commit after each, as a worker has it. What comes back leaves the first p_warm batches out: how many calls, when they began and ended (seconds of the epoch), and how long claims and records took.';
