-- The load of the baseline: the same calls of the same payers as in ours_load.sql, and the same answers.
set search_path = baseline;

create procedure fill(
  p_calls integer,
  p_use_cache boolean,
  inout p_seconds double precision
)
  language plpgsql
as $$
declare
  v_batch text := pg_current_xact_id() || '-';
  v_begun timestamptz := clock_timestamp();
begin
  perform count(baseline.enqueue(
    ('00000000-0000-0000-0000-' || lpad((n % 10)::text, 12, '0'))::uuid,
    ('00000000-0000-0000-0001-' || lpad((n % 30)::text, 12, '0'))::uuid,
    'explanation', v_batch || n,
    jsonb_build_object(
      'prompt', 'Week 14: search 41,200 EUR, 1,310 orders; video 28,900 EUR, 402 orders. Explain the gap. ' || v_batch || n,
      'max_completion_tokens', 200),
    p_use_cache))
  from generate_series(1, p_calls) as n;
  commit;
  p_seconds := extract(epoch from clock_timestamp() - v_begun);
end
$$;
comment on procedure fill(integer, boolean, double precision) is
  'Enqueues distinct calls of 30 payers in one transaction; p_seconds comes back.';

create procedure drain(
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
  c_worker_id constant integer := pg_backend_pid();
  v_results jsonb;
  v_count integer;
  v_batches integer := 0;
  v_at timestamptz;
  v_claimed timestamptz;
  v_recorded timestamptz;
begin
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
      'call_id', c.call_id, 'status', 'success', 'provider', 'mock-a', 'model', 'mock-small',
      'input_tokens', 40, 'output_tokens', 60, 'cost', 37, 'latency_ms', 3,
      'response', jsonb_build_object('content', repeat('Search brought more orders a euro. ', 6), 'finish_reason', 'stop'),
      'reasoning', '"Orders divided by spend, channel by channel."'::jsonb))
    into v_count, v_results
    from baseline.claim(c_worker_id, p_batch) as c;
    exit when v_count = 0;
    v_claimed := clock_timestamp();
    perform baseline.record(c_worker_id, v_results);
    commit;
    v_recorded := clock_timestamp();
    p_ended := extract(epoch from v_recorded);
    p_calls := p_calls + v_count;
    p_claiming := p_claiming + extract(epoch from v_claimed - v_at);
    p_recording := p_recording + extract(epoch from v_recorded - v_claimed);
    v_batches := v_batches + 1;
  end loop;
end
$$;
comment on procedure drain(integer, integer, integer, integer, double precision, double precision, double precision, double precision) is
  'Claims and records so many batches, or until the queue is empty, with one commit a batch. What comes back leaves the first p_warm batches out: how many calls, when they began and ended (seconds of the epoch), and how long claims and records took.';
